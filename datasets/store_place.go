//go:build unix

package datasets

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// checkPlace refuses to add to a store that its place does not keep: what CheckPlace refuses, and locks that exclude nobody. The
// caller holds the writer lock.
func (s *Store) checkPlace() error {
	if err := s.CheckPlace(); err != nil {
		return err
	}
	return s.checkLock()
}

// CheckPlace refuses a store of which others can enter a folder, or of whose folders a rename into another is no single step.
func (s *Store) CheckPlace() error {
	if err := s.CheckPrivate(); err != nil {
		return err
	}
	staging, err := s.root.Lstat(stagingDir)
	if err != nil {
		return err
	}
	for _, name := range layout {
		info, err := s.root.Lstat(name)
		if err != nil {
			return err
		}
		if device(info) != device(staging) {
			return &Error{Code: CodeBadPlace, Subject: path.Join(s.dir, name), Detail: "it is on another file system than " + stagingDir + ", so nothing can be published in one step: mount one for the whole store"}
		}
	}
	return nil
}

// CheckPrivate refuses a store that others can enter: its own folder, and those in it.
func (s *Store) CheckPrivate() error {
	for _, name := range append([]string{"."}, layout...) {
		info, err := s.root.Lstat(name)
		if err != nil {
			return err
		}
		if err := Private(path.Join(s.dir, name), info); err != nil {
			return err
		}
	}
	return nil
}

// Private refuses a file or folder of farr's that others can read, write or enter, and says what to do.
func Private(path string, info fs.FileInfo) error {
	mode, want := info.Mode().Perm(), "600"
	if info.IsDir() {
		want = "700"
	}
	if mode&0o077 == 0 {
		return nil
	}
	return &Error{Code: CodeOpenToOthers, Subject: path, Detail: fmt.Sprintf("others may read or change it (mode %04o): look who did, then chmod %s %s", mode, want, path)}
}

// checkLock asks for the lock that this process holds, as another would. Some network and overlay file systems give it to all.
func (s *Store) checkLock() error {
	f, err := s.root.OpenFile(lockFile, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if free, err := tryLock(f); err != nil {
		return err
	} else if free {
		return &Error{Code: CodeBadPlace, Subject: s.dir, Detail: "its file system has no working locks, so two processes could write at once: put the store on a local disk"}
	}
	return nil
}

// device is the file system of a file.
func device(info os.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Dev) //nolint:unconvert // its type differs by system
	}
	return 0
}
