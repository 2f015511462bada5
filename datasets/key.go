package datasets

import (
	"bytes"
	"fmt"
	"io"

	"farr/datasets/internal/deid"
	"farr/internal/disk"
)

// Key is a project's key: pseudonyms, date shifts and sealed values come from it.
// It prints as its ID in every form and never as itself.
type Key = deid.Key

// KeyHead is what a key file begins with.
const KeyHead = deid.KeyHead

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
	defer func() { clear(text.Bytes()) }()
	if err := disk.WriteNew(path, text.Bytes(), 0o600); err != nil {
		return nil, fmt.Errorf("create key: %w", err)
	}
	return ReadKey(path)
}
