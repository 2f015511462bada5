package duck

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

// spilling needs more than its memory.
const spilling = "CREATE TABLE big AS SELECT hash(i) AS a, hash(i + 1) AS b, hash(i + 2) AS c FROM range(6000000) r(i) ORDER BY a"

// What would be spilled beyond the limit, or onto a full disk, is told as want of room and not of memory.
func TestNoRoomForSpill(t *testing.T) {
	check := func(t *testing.T, c Config, class string) {
		t.Helper()
		c.MemoryLimit, c.Threads = 64<<20, 1
		err := openSession(t, c).Exec(t.Context(), "spill", spilling)
		var e *Error
		if !errors.As(err, &e) || !e.NoRoom || e.Class != class || !strings.Contains(err.Error(), "no room on the disk") {
			t.Errorf("%v (%+v)", err, e)
		}
	}
	t.Run("limit", func(t *testing.T) { check(t, Config{TempDir: t.TempDir(), TempLimit: 8 << 20}, "Out of Memory") })
	t.Run("full", func(t *testing.T) {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
			t.Skipf("a small file system cannot be mounted here: %v", err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
		check(t, Config{TempDir: dir, TempLimit: 1 << 30}, "IO")
	})
	t.Run("enough", func(t *testing.T) {
		c := Config{TempDir: t.TempDir(), TempLimit: 4 << 30, MemoryLimit: 64 << 20, Threads: 1}
		if err := openSession(t, c).Exec(t.Context(), "spill", spilling); err != nil {
			t.Error(err)
		}
	})
	t.Run("nothing may be spilled", func(t *testing.T) {
		s := openSession(t, Config{TempDir: t.TempDir(), TempLimit: 4 << 30, MemoryLimit: 64 << 20, Threads: 1})
		if err := s.KeepInMemory(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := s.Exec(t.Context(), "spill", spilling)
		var e *Error
		if !errors.As(err, &e) || e.Class != "Out of Memory" || !strings.Contains(err.Error(), "kept off the disk") {
			t.Errorf("%v (%+v)", err, e)
		}
	})
}
