package faults

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/datasets"
	"farr/reports"
)

// TestCorruptJob changes bytes of what a job left, each alone: the store's files, and those that the manifest of its newest report
// names. A sample; FARR_CORRUPT=all takes every byte. The store is small and has every kind of file; datasets tries more on a made-up one.
func TestCorruptJob(t *testing.T) {
	dir := copied(t, sharedWorld(t))
	store, bundle := filepath.Join(dir, "store"), filepath.Join(dir, "reports", "latest")
	s, err := datasets.OpenStore(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	verify := func(ctx context.Context) error {
		report, err := s.Verify(ctx)
		if err != nil {
			return err
		}
		return report.Err()
	}
	verifyReport := func(ctx context.Context) error {
		v, err := reports.Verify(ctx, s, bundle)
		if err != nil {
			return err
		}
		return v.Err()
	}
	for _, part := range []struct {
		name, dir string
		verify    func(context.Context) error
	}{{"store", store, verify}, {"report", bundle, verifyReport}} {
		if err := part.verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		files := list(t, part.dir)
		changed, removed, size := 0, 0, 0
		for i, file := range files {
			if os.Getenv("FARR_CORRUPT") != "all" && i%11 != 3 {
				continue
			}
			n := corrupt(t, file, i, part.verify)
			changed += n
			size += len(read(t, file))
			remove(t, file, part.verify)
			removed++
		}
		if err := part.verify(t.Context()); err != nil {
			t.Fatalf("put back: %v", err)
		}
		t.Logf("%s: %d files of %d, %d bytes: %d single-byte changes, %d deletions, links, additions and cuts: all found", part.name, removed, len(files), size, changed, removed)
	}
}

func list(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && e.Name() != "writer.lock" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// corrupt changes bytes of a file, each alone, and puts it back.
func corrupt(t *testing.T, file string, seed int, verify func(context.Context) error) (changed int) {
	t.Helper()
	good := read(t, file)
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	step := 1
	if os.Getenv("FARR_CORRUPT") != "all" {
		step = max(1, len(good)/2)
	}
	for i := seed % step; i < len(good); i += step {
		if _, err := f.WriteAt([]byte{good[i] ^ 1<<(i%8)}, int64(i)); err != nil {
			t.Fatal(err)
		}
		if err := verify(t.Context()); !datasets.IsIntegrity(err) {
			t.Fatalf("%s: byte %d changed: %v", file, i, err)
		}
		if _, err := f.WriteAt(good[i:i+1], int64(i)); err != nil {
			t.Fatal(err)
		}
		changed++
	}
	return changed
}

// remove takes a file away, puts a link to its bytes there, and a longer and a shorter one; then puts it back. Beside it a stranger is added.
func remove(t *testing.T, file string, verify func(context.Context) error) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	found := func(what string) {
		t.Helper()
		if err := verify(t.Context()); !datasets.IsIntegrity(err) {
			t.Fatalf("%s: %s: %v", file, what, err)
		}
	}
	good, aside := read(t, file), filepath.Join(t.TempDir(), "aside")
	must(os.Rename(file, aside))
	found("removed")
	must(os.Symlink(aside, file))
	found("a link")
	must(os.Remove(file))
	must(os.WriteFile(file, good[:len(good)/2], 0o600))
	found("cut")
	if !strings.HasSuffix(file, "entries.jsonl") { // there it is an append that was cut off, which the next command heals
		must(os.WriteFile(file, slices.Concat(good, []byte(" ")), 0o600))
		found("longer")
	}
	must(os.Remove(file))
	must(os.Rename(aside, file))
	must(os.WriteFile(file+".copy", good, 0o600))
	found("a stranger beside it")
	must(os.Remove(file + ".copy"))
	if !bytes.Equal(read(t, file), good) {
		t.Fatalf("%s was not put back", file)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
