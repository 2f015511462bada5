package disk

import (
	"io/fs"
	"os"
)

// Root is an os.Root whose changes are fault points: no name in it leads out of it. It has the calls that farr makes and no
// others, so that none goes past the points.
type Root struct{ root *os.Root }

// OpenRoot is os.OpenRoot.
func OpenRoot(dir string) (*Root, error) {
	if x := at("open", dir); x != nil {
		return nil, x.strike()
	}
	r, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Root{r}, nil
}

// Close releases the folder.
func (r *Root) Close() error { return r.root.Close() }

// FS reads what is in the folder.
func (r *Root) FS() fs.FS { return r.root.FS() }

// Lstat describes a file, a link as itself.
func (r *Root) Lstat(name string) (fs.FileInfo, error) { return r.root.Lstat(name) }

// Open opens a file or folder for reading.
func (r *Root) Open(name string) (*File, error) { return r.OpenFile(name, os.O_RDONLY, 0) }

// OpenFile opens a file.
func (r *Root) OpenFile(name string, flag int, mode fs.FileMode) (*File, error) {
	if x := at("open", name); x != nil {
		return nil, x.strike()
	}
	return opened(r.root.OpenFile(name, flag, mode))
}

// ReadFile reads a file whole.
func (r *Root) ReadFile(name string) ([]byte, error) {
	if x := at("open", name); x != nil {
		return nil, x.strike()
	}
	return r.root.ReadFile(name)
}

// Mkdir makes a folder.
func (r *Root) Mkdir(name string, mode fs.FileMode) error {
	if x := at("mkdir", name); x != nil {
		return x.strike()
	}
	return r.root.Mkdir(name, mode)
}

// Rename gives a file another name.
func (r *Root) Rename(from, to string) error {
	if x := at("rename", to); x != nil {
		return x.strike()
	}
	return r.root.Rename(from, to)
}

// Remove removes a name.
func (r *Root) Remove(name string) error {
	if x := at("unlink", name); x != nil {
		return x.strike()
	}
	return r.root.Remove(name)
}

// RemoveAll removes a name and what is below it.
func (r *Root) RemoveAll(name string) error {
	if x := at("unlink", name); x != nil {
		return x.strike()
	}
	return r.root.RemoveAll(name)
}

// Chmod sets a file's mode.
func (r *Root) Chmod(name string, mode fs.FileMode) error {
	if x := at("chmod", name); x != nil {
		return x.strike()
	}
	return r.root.Chmod(name, mode)
}
