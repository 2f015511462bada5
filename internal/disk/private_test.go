package disk

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// What a dead process left goes when the next private folder is made; what a living one writes stays.
func TestPrivateSweepsTheDead(t *testing.T) {
	parent := t.TempDir()
	dead := filepath.Join(parent, ".report.new-123")
	other := filepath.Join(parent, ".other.new-123")
	for _, dir := range []string{filepath.Join(dead, "measures"), other} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	first, removeFirst, err := Private(parent, ".report.new-")
	if err != nil {
		t.Fatal(err)
	}
	second, removeSecond, err := Private(parent, ".report.new-")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{dead: false, other: true, first: true, second: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := errors.Join(removeFirst(), removeSecond()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(first); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that was removed: %v", err)
	}
}

// A file is replaced whole, for its owner alone, also where a killed process left its half; nothing stays beside it, and what
// does for a moment is no metrics to who reads all *.prom.
func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "farr.prom")
	if err := os.WriteFile(filepath.Join(dir, ".farr.prom.new"), []byte("half of a longer text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "second"} {
		if err := ReplaceFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// WriteNew never takes the place of a file.
func TestWriteNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := WriteNew(path, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteNew(path, []byte("second"), 0o600); !errors.Is(err, os.ErrExist) {
		t.Errorf("error %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "first" {
		t.Errorf("%q, %v", got, err)
	}
}
