package disk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Private makes a folder in parent that only its owner may enter, for what is on its way to its
// place, after removing those of the prefix that dead processes left: nobody holds their lock.
// remove takes it away with all that is in it.
func Private(parent, prefix string) (dir string, remove func() error, err error) {
	if err := Sweep(parent, prefix); err != nil {
		return "", nil, err
	}
	if dir, err = MkdirTemp(parent, prefix); err != nil { // 0700
		return "", nil, err
	}
	lock, err := Open(dir)
	if err != nil {
		return "", nil, errors.Join(err, RemoveAll(dir))
	}
	remove = func() error { return errors.Join(RemoveAll(dir), lock.Close()) }
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = &os.PathError{Op: "lock", Path: dir, Err: err}
		return "", nil, errors.Join(err, remove())
	}
	return dir, remove, nil
}

// Sweep removes the folders of Private that dead processes left. Where there is no parent there are none.
func Sweep(parent, prefix string) error {
	entries, err := os.ReadDir(parent)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		path := filepath.Join(parent, e.Name())
		f, err := OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
			continue // gone meanwhile, or somebody else's
		}
		if err != nil {
			return err
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			err = RemoveAll(path)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
