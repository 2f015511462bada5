package disk

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func folder(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "page"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Both ways end alike: the new folder in place, the old one gone, and after a failure
// the old one still there.
func TestReplace(t *testing.T) {
	for name, replace := range map[string]func(fresh, path string) error{"one step": Replace, "steps": replaceInSteps} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "latest")
			want := func(text string) {
				t.Helper()
				if got, err := os.ReadFile(filepath.Join(path, "page")); err != nil || string(got) != text {
					t.Errorf("%q, %v; want %q", got, err, text)
				}
				if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
					t.Errorf("the folder holds %v, %v", entries, err)
				}
			}
			for _, text := range []string{"one", "two"} {
				if err := replace(folder(t, filepath.Join(dir, ".new"), text), path); err != nil {
					t.Fatal(err)
				}
				want(text)
			}
			if err := replace(filepath.Join(dir, "nothing"), path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("nothing replaced something: %v", err)
			}
			want("two")
		})
	}
}

// Where folders cannot be exchanged, two renames do it; where the second fails, what was there is put back.
func TestReplaceInSteps(t *testing.T) {
	dir := t.TempDir()
	at, fresh := filepath.Join(dir, "at"), filepath.Join(dir, "fresh")
	page := func() string {
		text, err := os.ReadFile(filepath.Join(at, "page"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, text := range []string{"one", "two"} { // into nothing, and in the place of another
		if err := replaceInSteps(folder(t, fresh, text), at); err != nil {
			t.Fatal(err)
		}
		if page() != text {
			t.Errorf("%s is there, want %s", page(), text)
		}
	}
	if err := replaceInSteps(filepath.Join(dir, "none"), at); !errors.Is(err, os.ErrNotExist) || page() != "two" {
		t.Errorf("%v, and %s is there", err, page())
	}
	if err := replaceInSteps(folder(t, fresh, "three"), filepath.Join(at, "page", "x")); err == nil {
		t.Error("a file is no folder to put one into")
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.old")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
