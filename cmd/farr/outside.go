package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"farr/datasets"
)

// outsideStore refuses a folder to write that is the store or would lie in it, by whatever links; it need not be
// there yet. What is in a store is its own: an export or a report there would be read with keys beside it, and
// the store's clean-up or a copy of it would take it along.
func outsideStore(s *datasets.Store, out, what string) error {
	in, err := inStore(s, out)
	if err != nil {
		return err
	}
	if in {
		return heldBack{errors.New(what + " does not lie in the store: name a folder outside it")}
	}
	return nil
}

// inStore follows the links of the part of a path that is there, then looks at each folder above it as a file
// of the file system, so that a second mount of the store is the store.
func inStore(s *datasets.Store, path string) (bool, error) {
	store, err := os.Stat(s.Dir())
	if err != nil {
		return false, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return false, err
	}
	for {
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			path = real
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
			return false, err
		}
		path = filepath.Dir(path)
	}
	for {
		info, err := os.Stat(path)
		if err != nil {
			return false, err
		}
		if os.SameFile(info, store) {
			return true, nil
		}
		if path == filepath.Dir(path) {
			return false, nil
		}
		path = filepath.Dir(path)
	}
}
