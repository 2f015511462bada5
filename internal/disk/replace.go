package disk

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// Replace puts the folder fresh at path, removes what was there and makes the new name
// durable. Both are on one file system; that the files in fresh are durable is for the
// caller to see to.
//
// Where the system cannot exchange two folders in one step (not Linux, or some network
// file systems) there is a moment without path between two renames, and a crash in it
// leaves the old folder at fresh with ".old" added.
func Replace(fresh, path string) error {
	err := exchange(fresh, path)
	switch {
	case err == nil:
		err = RemoveAll(fresh) // what was at path
	case errors.Is(err, fs.ErrNotExist): // nothing to replace
		err = Rename(fresh, path)
	case errors.Is(err, errors.ErrUnsupported):
		err = replaceInSteps(fresh, path)
	}
	if err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

func replaceInSteps(fresh, path string) error {
	old := fresh + ".old"
	err := Rename(path, old)
	if errors.Is(err, fs.ErrNotExist) {
		return Rename(fresh, path)
	}
	if err != nil {
		return err
	}
	if err := Rename(fresh, path); err != nil {
		return errors.Join(err, Rename(old, path))
	}
	return RemoveAll(old)
}
