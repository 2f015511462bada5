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
// the old one still there. Of two renames it is the second that fails here: the old one is put back.
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
