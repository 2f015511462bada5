package disk

import (
	"io/fs"
	"os"
)

// Root is an os.Root whose changes are fault points: no name in it leads out of it.
type Root struct{ *os.Root }

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

// Open opens a file or folder for reading.
func (r *Root) Open(name string) (*File, error) { return r.OpenFile(name, os.O_RDONLY, 0) }

// OpenFile opens a file.
func (r *Root) OpenFile(name string, flag int, mode fs.FileMode) (*File, error) {
	if x := at("open", name); x != nil {
		return nil, x.strike()
	}
	return opened(r.Root.OpenFile(name, flag, mode))
}

// ReadFile reads a file whole.
func (r *Root) ReadFile(name string) ([]byte, error) {
	if x := at("open", name); x != nil {
		return nil, x.strike()
	}
	return r.Root.ReadFile(name)
}

// Mkdir makes a folder.
func (r *Root) Mkdir(name string, mode fs.FileMode) error {
	if x := at("mkdir", name); x != nil {
		return x.strike()
	}
	return r.Root.Mkdir(name, mode)
}

// Rename gives a file another name.
func (r *Root) Rename(from, to string) error {
	if x := at("rename", to); x != nil {
		return x.strike()
	}
	return r.Root.Rename(from, to)
}

// Remove removes a name.
func (r *Root) Remove(name string) error {
	if x := at("unlink", name); x != nil {
		return x.strike()
	}
	return r.Root.Remove(name)
}

// RemoveAll removes a name and what is below it.
func (r *Root) RemoveAll(name string) error {
	if x := at("unlink", name); x != nil {
		return x.strike()
	}
	return r.Root.RemoveAll(name)
}

// Chmod sets a file's mode.
func (r *Root) Chmod(name string, mode fs.FileMode) error {
	if x := at("chmod", name); x != nil {
		return x.strike()
	}
	return r.Root.Chmod(name, mode)
}
