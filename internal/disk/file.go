package disk

import (
	"io"
	"io/fs"
	"os"
)

// File is an open file whose changes are fault points.
type File struct{ *os.File }

// Open opens a file or folder for reading.
func Open(name string) (*File, error) { return OpenFile(name, os.O_RDONLY, 0) }

// OpenFile is os.OpenFile.
func OpenFile(name string, flag int, mode fs.FileMode) (*File, error) {
	if x := at("open", name); x != nil {
		return nil, x.strike()
	}
	return opened(os.OpenFile(name, flag, mode))
}

func opened(f *os.File, err error) (*File, error) {
	if err != nil {
		return nil, err
	}
	return &File{f}, nil
}

// Write writes p. At a fault half of it is there.
func (f *File) Write(p []byte) (int, error) {
	if x := at("write", f.Name()); x != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, x.strike()
	}
	return f.File.Write(p)
}

// WriteString writes s as Write does.
func (f *File) WriteString(s string) (int, error) { return f.Write([]byte(s)) }

// WriteAt writes p at a place. At a fault half of it is there.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	if x := at("write", f.Name()); x != nil {
		n, _ := f.File.WriteAt(p[:len(p)/2], off)
		return n, x.strike()
	}
	return f.File.WriteAt(p, off)
}

// ReadFrom copies r by Write, so that no write goes past the points.
func (f *File) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{f}, r) }

// Truncate cuts the file.
func (f *File) Truncate(size int64) error {
	if x := at("truncate", f.Name()); x != nil {
		return x.strike()
	}
	return f.File.Truncate(size)
}

// Chmod sets the file's mode.
func (f *File) Chmod(mode fs.FileMode) error {
	if x := at("chmod", f.Name()); x != nil {
		return x.strike()
	}
	return f.File.Chmod(mode)
}

// Sync puts the file on the disk.
func (f *File) Sync() error {
	if x := at("fsync", f.Name()); x != nil {
		return x.strike()
	}
	return f.File.Sync()
}
