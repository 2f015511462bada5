package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"farr/datasets/internal/deid"
)

// Key is a project's key: pseudonyms, date shifts and sealed values come from it.
// It prints as its ID in every form and never as itself.
type Key = deid.Key

// keyFileBytes is more than any key file holds.
const keyFileBytes = 4096

// NewKey writes a fresh project key as one line of text. Whoever loses a key
// loses the exact measures of every store made with it.
func NewKey(w io.Writer) error { return deid.NewKey(w) }

// CreateKey makes a fresh project key in a new file that its owner alone can
// read. An existing file is never overwritten.
func CreateKey(path string) (*Key, error) {
	var text bytes.Buffer
	if err := deid.NewKey(&text); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create key: %w", err)
	}
	_, err = f.Write(text.Bytes())
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		os.Remove(path)
		return nil, fmt.Errorf("create key: %w", err)
	}
	return ReadKey(path)
}

// ReadKey reads a key file. It refuses a file that others than its owner can
// read, and a key that is malformed or weak.
func ReadKey(path string) (*Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read key", Path: path, Err: errors.New("not a regular file")}
	case info.Mode().Perm()&0o077 != 0:
		return nil, &fs.PathError{Op: "read key", Path: path, Err: fmt.Errorf("others can read it (mode %04o); chmod 600 it, and make a new key if someone did", info.Mode().Perm())}
	case info.Size() > keyFileBytes:
		return nil, &fs.PathError{Op: "read key", Path: path, Err: errors.New("not a key: too long")}
	}
	text, err := io.ReadAll(io.LimitReader(f, keyFileBytes))
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := deid.ParseKey(text)
	if err != nil {
		return nil, &fs.PathError{Op: "read key", Path: path, Err: err}
	}
	return key, nil
}
