package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// WriteNew makes a file that was not there, on the disk with its name, or leaves none.
func WriteNew(path string, data []byte, mode fs.FileMode) error {
	f, err := OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = SyncDir(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(err, Remove(path))
	}
	return nil
}

// ReplaceFile puts data at path, whole or not at all, for its owner alone. One caller at a time writes a path; what a killed
// one left beside it is taken by the next.
func ReplaceFile(path string, data []byte) error { return ReplaceFileMode(path, data, 0o600) }

// ReplaceFileMode is ReplaceFile of a file with a mode, whatever the umask: for what others have to read.
func ReplaceFileMode(path string, data []byte, mode fs.FileMode) error {
	// Without the suffix: who takes every name with it, such as a collector of metrics, takes hidden ones too.
	fresh := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	f, err := OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil && mode != 0o600 {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = Rename(fresh, path)
	}
	if err != nil {
		return errors.Join(err, Remove(fresh))
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir puts the names in a folder on the disk.
func SyncDir(path string) error {
	d, err := Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// SyncDirs is SyncDir of a folder and all folders below it, the deepest first.
func SyncDirs(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := SyncDirs(filepath.Join(path, e.Name())); err != nil {
				return err
			}
		}
	}
	return SyncDir(path)
}
