package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// The calls of package os that change names, each a fault point.

// Mkdir is os.Mkdir.
func Mkdir(name string, mode fs.FileMode) error {
	if x := at("mkdir", name); x != nil {
		return x.strike()
	}
	return os.Mkdir(name, mode)
}

// MkdirAll is os.MkdirAll, and puts the names of the folders that it made on the disk: what is in a folder is lost with its
// name. Where that fails none of them stays, so that the next call makes them again and does not take them for durable. Where all
// are there, no fault point is passed.
func MkdirAll(name string, mode fs.FileMode) error {
	var missing []string // the deepest first
	for dir := filepath.Clean(name); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		missing = append(missing, dir)
	}
	if len(missing) > 0 {
		if x := at("mkdir", name); x != nil {
			return x.strike()
		}
	}
	if err := os.MkdirAll(name, mode); err != nil {
		return err
	}
	for _, dir := range slices.Backward(missing) {
		if err := SyncDir(filepath.Dir(dir)); err != nil {
			for _, made := range missing {
				_ = os.Remove(made) // who has put something into it meanwhile keeps it
			}
			return err
		}
	}
	return nil
}

// MkdirTemp is os.MkdirTemp: its owner's alone.
func MkdirTemp(dir, pattern string) (string, error) {
	if x := at("mkdir", pattern); x != nil {
		return "", x.strike()
	}
	return os.MkdirTemp(dir, pattern)
}

// Rename is os.Rename.
func Rename(from, to string) error {
	if x := at("rename", to); x != nil {
		return x.strike()
	}
	return os.Rename(from, to)
}

// Remove is os.Remove.
func Remove(name string) error {
	if x := at("unlink", name); x != nil {
		return x.strike()
	}
	return os.Remove(name)
}

// RemoveAll is os.RemoveAll.
func RemoveAll(name string) error {
	if x := at("unlink", name); x != nil {
		return x.strike()
	}
	return os.RemoveAll(name)
}

// Chmod is os.Chmod.
func Chmod(name string, mode fs.FileMode) error {
	if x := at("chmod", name); x != nil {
		return x.strike()
	}
	return os.Chmod(name, mode)
}
