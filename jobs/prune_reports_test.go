package jobs

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A report whose manifest is damaged stays with what it rests on, which the log knows; while one cannot be read, nothing goes,
// and it is told.
func TestPruneBesideDamagedReports(t *testing.T) {
	t.Parallel()
	dir := clinic(t)
	first, err := runJob(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b"} {
		renew(t, dir, id)
		if _, err := runJob(t, dir); err != nil {
			t.Fatal(err)
		}
	}
	keeps(t, dir, "retention:\n  extracts: {newest: 1}\n")
	manifest := filepath.Join(first.Bundle, "manifest.json")
	whole, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	job := filepath.Join(dir, "nightly.yaml")

	// A folder in its place fails to be read whoever asks.
	if err := os.Remove(manifest); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(manifest, 0o700); err != nil {
		t.Fatal(err)
	}
	if done, err := Prune(t.Context(), job, false, Options{}); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("%+v, %v", done, err)
	}
	wantHeld(t, dir, 3, 3, 3)
	if err := os.Remove(manifest); err != nil {
		t.Fatal(err)
	}

	for range 2 {
		writeFile(t, manifest, string(whole[:len(whole)/2]))
		if _, err := Prune(t.Context(), job, false, Options{}); err != nil {
			t.Fatal(err)
		}
		wantHeld(t, dir, 2, 2, 2) // its own and the newest
	}
	if err := os.WriteFile(manifest, whole, 0o600); err != nil { // put right, it goes as any other
		t.Fatal(err)
	}
	if _, err := Prune(t.Context(), job, false, Options{}); err != nil {
		t.Fatal(err)
	}
	wantHeld(t, dir, 1, 1, 1)
}

// What a prune took out of sight, and could not take away, goes with the next one, though nothing else goes with it.
func TestPruneTakesAwayWhatWasLeft(t *testing.T) {
	t.Parallel()
	dir := clinic(t)
	result, err := runJob(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	keeps(t, dir, "retention:\n  reports: {newest: 1}\n")
	left := filepath.Join(filepath.Dir(result.Bundle), stagePrefix+"left")
	if err := os.MkdirAll(filepath.Join(left, "bundle"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Prune(t.Context(), filepath.Join(dir, "nightly.yaml"), true, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); err != nil {
		t.Errorf("a dry run: %v", err)
	}
	if _, err := Prune(t.Context(), filepath.Join(dir, "nightly.yaml"), false, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
