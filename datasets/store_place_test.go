//go:build linux

package datasets

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Nothing is added to a store that others can enter, or whose folders are on several file systems.
func TestStorePlace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil { // an empty folder becomes its owner's alone
		t.Fatal(err)
	}
	s := openTestStore(t, dir)
	mustPublish(t, s, "x")
	for _, name := range append([]string{"."}, layout...) {
		folder := filepath.Join(dir, name)
		for _, mode := range []os.FileMode{0o777, 0o750, 0o701, 0o704} {
			if err := os.Chmod(folder, mode); err != nil {
				t.Fatal(err)
			}
			_, err := s.Begin(t.Context(), "extract")
			wantCode(t, err, CodeOpenToOthers)
			_, skipped := Extract(t.Context(), s, ExtractRequest{})
			wantCode(t, skipped, CodeOpenToOthers)
			if err == nil || !strings.Contains(err.Error(), "chmod 700 "+folder) {
				t.Errorf("%s with mode %o: %v", name, mode, err)
			}
		}
		if err := os.Chmod(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	mustPublish(t, s, "y")
	objects := filepath.Join(dir, objectsDir)
	if err := syscall.Mount("tmpfs", objects, "tmpfs", 0, "size=64k,mode=700"); err != nil {
		t.Skipf("a file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(objects, syscall.MNT_DETACH) })
	_, err := s.Begin(t.Context(), "extract")
	wantCode(t, err, CodeBadPlace)
}

// A lock that this process does not hold is no lock: that is how one looks that a file system gives to all.
func TestStoreWithoutLocks(t *testing.T) {
	s := openTestStore(t, t.TempDir())
	wantNoLock := s.checkLock()
	if wantNoLock == nil { // the file is made by the first lock
		t.Error("a lock that nobody holds was taken for one that works")
	}
	unlock, err := s.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.checkLock(); err != nil {
		t.Error(err)
	}
	unlock()
	wantCode(t, s.checkLock(), CodeBadPlace)
}
