//go:build faults

package disk_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"farr/internal/disk"
)

// everyCall makes each call of the package in a folder, and ends at the first that fails.
func everyCall(dir string) error {
	in := func(name string) string { return filepath.Join(dir, name) }
	private := func() error {
		// What a dead process left goes first.
		if err := os.MkdirAll(in("parent/.new-left"), 0o700); err != nil {
			return err
		}
		made, remove, err := disk.Private(in("parent"), ".new-")
		if err != nil {
			return err
		}
		if err := disk.WriteNew(filepath.Join(made, "a"), []byte("a"), 0o600); err != nil {
			return err
		}
		return remove()
	}
	file := func() error {
		f, err := disk.OpenFile(in("file"), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		_, wrote := f.WriteString("12345")
		_, placed := f.WriteAt([]byte("6"), 1)
		_, copied := f.ReadFrom(strings.NewReader("7"))
		return errors.Join(wrote, placed, copied, f.Truncate(3), f.Chmod(0o600), f.Sync())
	}
	root := func() error {
		r, err := disk.OpenRoot(dir)
		if err != nil {
			return err
		}
		defer r.Close()
		if f, err := r.Open("file"); err != nil {
			return err
		} else if err := f.Close(); err != nil {
			return err
		}
		_, err = r.ReadFile("file")
		return errors.Join(err, r.Mkdir("m", 0o700), r.Chmod("m", 0o700), r.Rename("m", "n"), r.Remove("n"), r.RemoveAll("none"))
	}
	replace := func() error {
		for range 2 { // into nothing, and in the place of another
			if err := disk.MkdirAll(in("fresh/sub"), 0o700); err != nil {
				return err
			}
			if err := disk.Replace(in("fresh"), in("place")); err != nil {
				return err
			}
		}
		return disk.SyncDirs(in("place"))
	}
	names := func() error {
		made, err := disk.MkdirTemp(dir, "t-")
		if err != nil {
			return err
		}
		if err := disk.Chmod(made, 0o700); err != nil {
			return err
		}
		return errors.Join(disk.Rename(made, in("t")), disk.Mkdir(in("t/u"), 0o700), disk.Remove(in("t/u")), disk.RemoveAll(in("t")))
	}
	for _, do := range []func() error{
		private, file, root, replace, names,
		func() error { return disk.ReplaceFile(in("whole"), []byte("x")) },
		func() error { return disk.ReplaceFileMode(in("whole"), []byte("y"), 0o644) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// recorded gives the points that work passes.
func recorded(t *testing.T, work func() error) []string {
	t.Helper()
	record := filepath.Join(t.TempDir(), "points")
	t.Setenv("FARR_FAULT_RECORD", record)
	disk.Again()
	if err := work(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FARR_FAULT_RECORD", "")
	text, err := os.ReadFile(record)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// The name of each folder that is made is put on the disk, the outer first, and of none that was there. Where the disk refuses
// that, it is told, and asked again by the next call.
func TestMkdirAllIsDurable(t *testing.T) {
	synced := func(points []string) (folders []string) {
		for _, point := range points {
			if fields := strings.Fields(point); fields[0] == "fsync" {
				folders = append(folders, filepath.Base(fields[2]))
			}
		}
		return folders
	}
	there := filepath.Join(t.TempDir(), "there")
	if err := os.Mkdir(there, 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(there, "outer", "middle", "inner")
	made := func() error { return disk.MkdirAll(name, 0o700) }
	want := []string{"there", "outer", "middle"}
	points := recorded(t, made)
	if got := synced(points); !slices.Equal(got, want) {
		t.Errorf("synced %v of %v", got, points)
	}
	if got := synced(recorded(t, made)); len(got) > 0 {
		t.Errorf("what was there: synced %v", got)
	}
	for _, point := range points {
		if err := os.RemoveAll(filepath.Join(there, "outer")); err != nil {
			t.Fatal(err)
		}
		t.Setenv("FARR_FAULT_AT", point)
		t.Setenv("FARR_FAULT_KIND", "eio")
		disk.Again()
		err := made()
		t.Setenv("FARR_FAULT_AT", "")
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("at %s: %v", point, err)
		}
		if got := synced(recorded(t, made)); !slices.Equal(got, want) {
			t.Errorf("after %s: synced %v", point, got)
		}
	}
}

// Whichever call of the package fails says so, and a file that is made or replaced whole is there whole or as it was.
func TestEveryCallFails(t *testing.T) {
	points := recorded(t, func() error { return everyCall(t.TempDir()) })
	var ops []string
	for _, point := range points {
		op, _, _ := strings.Cut(point, " ")
		ops = append(ops, op)
	}
	slices.Sort(ops)
	for _, op := range []string{"chmod", "exchange", "fsync", "mkdir", "open", "rename", "truncate", "unlink", "write"} {
		if !slices.Contains(ops, op) {
			t.Errorf("no %s among %d points", op, len(points))
		}
	}
	for kind, want := range map[string]error{"eio": syscall.EIO, "enospc": syscall.ENOSPC} {
		for _, point := range points {
			dir := t.TempDir()
			t.Setenv("FARR_FAULT_AT", point)
			t.Setenv("FARR_FAULT_KIND", kind)
			disk.Again()
			err := everyCall(dir)
			t.Setenv("FARR_FAULT_AT", "")
			if !errors.Is(err, want) {
				t.Errorf("%s at %s: %v", kind, point, err)
			}
			if whole, err := os.ReadFile(filepath.Join(dir, "whole")); err == nil && string(whole) != "x" && string(whole) != "y" {
				t.Errorf("%s at %s: a part of a file, %q", kind, point, whole)
			}
		}
	}
}
