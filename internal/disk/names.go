package disk

import (
	"io/fs"
	"os"
)

// The calls of package os that change names, each a fault point.

// Mkdir is os.Mkdir.
func Mkdir(name string, mode fs.FileMode) error {
	if x := at("mkdir", name); x != nil {
		return x.strike()
	}
	return os.Mkdir(name, mode)
}

// MkdirAll is os.MkdirAll.
func MkdirAll(name string, mode fs.FileMode) error {
	if x := at("mkdir", name); x != nil {
		return x.strike()
	}
	return os.MkdirAll(name, mode)
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
