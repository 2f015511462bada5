//go:build unix

package datasets

import (
	"fmt"
	"os"
	"path"
	"syscall"
)

// checkPlace refuses to add to a store that its place does not keep: folders that others can enter, folders of which a rename
// into another is no single step, and locks that exclude nobody. The caller holds the writer lock.
func (s *Store) checkPlace() error {
	staging, err := s.root.Lstat(stagingDir)
	if err != nil {
		return err
	}
	for _, name := range layout {
		info, err := s.root.Lstat(name)
		if err != nil {
			return err
		}
		subject := path.Join(s.dir, name)
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			return &Error{Code: CodeOpenToOthers, Subject: subject, Detail: fmt.Sprintf("others can enter it (mode %04o): chmod 700 it, and look who did", mode)}
		}
		if device(info) != device(staging) {
			return &Error{Code: CodeBadPlace, Subject: subject, Detail: "it is on another file system than " + stagingDir + ", so nothing can be published in one step: mount one for the whole store"}
		}
	}
	return s.checkLock()
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
