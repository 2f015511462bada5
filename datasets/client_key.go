package datasets

import (
	"fmt"
	"io/fs"

	"farr/datasets/bulk"
)

// ReadClientKey reads the private key of a client of SMART Backend Services from its source: a file, fd:N or env:NAME,
// as ReadKey does. It refuses a file that others than its owner can read, and a key that such a client cannot sign with.
func ReadClientKey(source string) (*bulk.Key, error) {
	text, err := readSecret(source)
	defer clear(text)
	if err != nil {
		return nil, fmt.Errorf("client's key: %w", err)
	}
	key, err := bulk.ParseKey(text)
	if err != nil {
		return nil, &fs.PathError{Op: "read client key", Path: source, Err: err}
	}
	return key, nil
}
