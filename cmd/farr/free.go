package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"farr/datasets"
)

// freeFile refuses a place that is in the store, that is no file, or whose file is there already
// when nobody says that it may go; a project key may never go.
func freeFile(s *datasets.Store, out, what string, force bool) error {
	if err := outsideStore(s, out, what); err != nil {
		return err
	}
	info, err := os.Lstat(out)
	switch {
	case err != nil:
		return nil // to write it will tell
	case !info.Mode().IsRegular():
		return usageError{fmt.Errorf("%s is no file", out)}
	case isKeyFile(out):
		return usageError{fmt.Errorf("%s is a project key, which nothing replaces: name another file", out)}
	case !force:
		return usageError{fmt.Errorf("%s is there already: name another file, or say --force", out)}
	}
	return nil
}

// isKeyFile says whether a file begins as project keys do.
func isKeyFile(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(datasets.KeyHead))
	_, err = io.ReadFull(f, head)
	return err == nil && bytes.Equal(head, []byte(datasets.KeyHead))
}
