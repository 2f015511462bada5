package datasets

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// corruption is a store of every kind of file, and counts of what was done to it.
type corruption struct {
	t     *testing.T
	s     *Store
	dir   string
	files []string // in the store, but for the lock
	done  map[string]int
}

func corruptible(t *testing.T) *corruption {
	t.Helper()
	s, dir, key, _ := signedStore(t)
	if err := s.SetCurrent(t.Context(), "results", mustPublish(t, s, "y").ID()); err != nil {
		t.Fatal(err)
	}
	if err := s.takeKey(key); err != nil {
		t.Fatal(err)
	}
	officer, err := CreateOfficer(filepath.Join(t.TempDir(), "officer"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetOfficer(t.Context(), officer, nil); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if err := s.LogReport(t.Context(), map[string]any{"bundle": "x"}, fmt.Appendf(nil, `{"report":%d}`, i), i); err != nil {
			t.Fatal(err)
		}
	}
	c := &corruption{t: t, s: s, dir: dir, done: map[string]int{}}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != lockFile {
			c.files = append(c.files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.files) != 2*4+2+1+1+4 { // objects, manifests, pointers and keys; releases, mark, custody, log
		t.Fatalf("the store has the files %v", c.files)
	}
	c.whole()
	return c
}

// whole wants nothing found.
func (c *corruption) whole() {
	c.t.Helper()
	if report, err := c.s.Verify(c.t.Context()); err != nil || report.Err() != nil {
		c.t.Fatalf("of a whole store: %v, %v", report.Problems, err)
	}
}

// found wants an integrity problem, or a store that farr refuses, and counts it.
func (c *corruption) found(kind, format string, args ...any) {
	c.t.Helper()
	c.done[kind]++
	report, err := c.s.Verify(c.t.Context())
	if err != nil {
		c.t.Errorf("%s %s: verify ends with %v", kind, fmt.Sprintf(format, args...), err)
	} else if !IsIntegrity(report.Err()) {
		c.t.Errorf("%s %s: found %v", kind, fmt.Sprintf(format, args...), report.Problems)
	}
	if c.t.Failed() && c.done[kind] > 1000 {
		c.t.FailNow()
	}
}

func (c *corruption) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// bytes changes each step-th byte of a file in several ways, alone.
func (c *corruption) bytes(file string, first, step int) {
	c.t.Helper()
	c.must(os.Chmod(file, 0o600))
	good, err := os.ReadFile(file)
	c.must(err)
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	c.must(err)
	defer f.Close()
	for i := first; i < len(good); i += step {
		masks := []byte{1, 2, 4, 8, 16, 32, 64, 128, 255}
		if step > 1 {
			masks = []byte{1 << (i % 8)}
		}
		for _, mask := range masks {
			_, err := f.WriteAt([]byte{good[i] ^ mask}, int64(i))
			c.must(err)
			c.found("byte", "%s: byte %d, %02x", c.name(file), i, mask)
		}
		_, err := f.WriteAt(good[i:i+1], int64(i))
		c.must(err)
	}
}

// cuts ends a file after each step-th byte.
func (c *corruption) cuts(file string, step int) {
	c.t.Helper()
	good, err := os.ReadFile(file)
	c.must(err)
	for n := 0; n < len(good); n += step {
		overwrite(c.t, file, good[:n])
		c.found("cut", "%s after %d bytes", c.name(file), n)
	}
	overwrite(c.t, file, good)
}

func (c *corruption) same(a, b string) bool {
	x, err := os.ReadFile(a)
	c.must(err)
	y, err := os.ReadFile(b)
	c.must(err)
	return bytes.Equal(x, y)
}

func (c *corruption) name(file string) string {
	rel, err := filepath.Rel(c.dir, file)
	c.must(err)
	return rel
}

// Whatever is changed, cut, deleted, swapped, linked or added in a store is found. A sample here; FARR_CORRUPT=all takes every
// byte, each of its bits, and every length.
func TestVerifyFindsEveryCorruption(t *testing.T) {
	c := corruptible(t)
	all := os.Getenv("FARR_CORRUPT") == "all"
	outside := t.TempDir()
	aside := filepath.Join(outside, "aside")
	for i, file := range c.files {
		step := 23
		if all {
			step = 1
		}
		c.bytes(file, i%step, step)
		c.cuts(file, step)

		c.must(os.Rename(file, aside))
		c.found("deletion", "%s", c.name(file))
		c.must(os.Symlink(aside, file))
		c.found("link", "%s leads out", c.name(file))
		c.must(os.Remove(file))
		within := filepath.Join(c.dir, stagingDir, "copy")
		c.must(os.Rename(aside, within))
		rel, err := filepath.Rel(filepath.Dir(file), within)
		c.must(err)
		c.must(os.Symlink(rel, file))
		c.found("link", "%s leads to the same bytes within", c.name(file))
		c.must(os.Remove(file))
		c.must(os.Mkdir(file, 0o700))
		c.found("folder", "%s", c.name(file))
		c.must(os.Remove(file))
		c.must(os.Rename(within, file))

		for _, other := range c.files[i+1:] {
			if c.same(file, other) { // an index entry and a pointer
				continue
			}
			swap := func() {
				c.must(os.Rename(file, aside))
				c.must(os.Rename(other, file))
				c.must(os.Rename(aside, other))
			}
			swap()
			c.found("swap", "%s and %s", c.name(file), c.name(other))
			swap()
		}
	}
	c.folders(outside)
	c.whole()
	t.Logf("%d files, found: %v", len(c.files), c.done)
}

// folders puts strangers into each folder, and links in place of each.
func (c *corruption) folders(outside string) {
	c.t.Helper()
	var folders []string
	c.must(filepath.WalkDir(c.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			folders = append(folders, path)
		}
		return err
	}))
	for _, folder := range folders {
		for _, name := range []string{"stranger", "0123", hexSHA256(nil), hexSHA256(nil) + ".json"} {
			stranger := filepath.Join(folder, name)
			c.must(os.Symlink(outside, stranger))
			c.found("link", "%s is added", c.name(stranger))
			c.must(os.Remove(stranger))
		}
		if folder == c.dir {
			continue
		}
		away := filepath.Join(outside, "folder")
		c.must(os.Rename(folder, away))
		c.must(os.Symlink(away, folder))
		c.found("link", "%s leads out", c.name(folder))
		c.must(os.Remove(folder))
		c.found("deletion", "%s", c.name(folder))
		c.must(os.Rename(away, folder))
		if filepath.Base(folder) == stagingDir { // what is in it is its writer's
			continue
		}
		stranger := filepath.Join(folder, "Stranger")
		c.must(os.WriteFile(stranger, []byte("x"), 0o600))
		c.found("stranger", "%s", c.name(stranger))
		c.must(os.Remove(stranger))
	}
}
