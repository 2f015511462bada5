//go:build unix

package datasets

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"farr/internal/source"
)

// A pipe where a file belongs is refused before anybody waits for its other end.
func TestPipesAreRefused(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, read := range map[string]func() error{
		"key":      func() error { _, err := ReadKey(pipe); return err },
		"patients": func() error { _, err := ReadPatientIDs(pipe); return err },
		"permit":   func() error { _, err := ReadPermit(pipe); return err },
		"officer":  func() error { _, err := ReadOfficer(pipe); return err },
	} {
		if err := read(); !errors.Is(err, source.ErrNotRegular) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
