package jobs

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"farr/datasets"
	"farr/internal/duck"
)

// A run that takes more of the disk than its limit, or finds less free, fails as that, at its step; nothing is left of it, and
// with a limit that is enough it goes on.
func TestDiskLimit(t *testing.T) {
	t.Parallel()
	dir := clinic(t)
	limited := func(limit string) error {
		t.Helper()
		keeps(t, dir, "limits: {disk: "+limit+"}\n")
		_, err := runJob(t, dir)
		return err
	}
	for _, c := range []struct{ limit, says string }{
		{"20KB", "extract"},
		{"900000TB", "step extract was not begun: "},
	} {
		err := limited(c.limit)
		if ClassOf(err) != ClassDisk || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %s: %v", c.limit, ClassOf(err), err)
		}
		for _, pattern := range []string{"store/staging/*", "reports/.latest-*", "reports/runs/.new-*"} {
			if left, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(left) > 0 {
				t.Errorf("%s: left behind: %v, %v", c.limit, left, err)
			}
		}
	}
	if err := limited("1GB"); err != nil {
		t.Error(err)
	}
	d, err := Doctor(t.Context(), dir, Options{})
	if err != nil || !d.Well() {
		t.Errorf("%+v, %v", d, err)
	}
	keeps(t, dir, "limits: {disk: 900000TB}\n")
	if d, err = Doctor(t.Context(), dir, Options{}); err != nil || d.Well() {
		t.Errorf("%+v, %v", d, err)
	}
	s, err := datasets.OpenStore(t.Context(), filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if report, err := s.Verify(t.Context()); err != nil || report.Err() != nil {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestClassOfDisk(t *testing.T) {
	for _, err := range []error{
		fmt.Errorf("write: %w", syscall.ENOSPC), fmt.Errorf("write: %w", syscall.EDQUOT), &DiskLimitError{Step: "extract", Limit: 1},
		&datasets.Error{Code: datasets.CodeNoRoom}, &duck.Error{Class: "IO", NoRoom: true}, &duck.Error{Class: "Out of Memory", NoRoom: true},
		errors.Join(errors.New("other"), syscall.ENOSPC),
	} {
		if ClassOf(err) != ClassDisk || advice[ClassOf(err)] == "" {
			t.Errorf("%v is %q", err, ClassOf(err))
		}
	}
	for _, err := range []error{&duck.Error{Class: "Out of Memory", NoRoom: true, InMemory: true}, &duck.Error{Class: "Out of Memory"}} {
		if ClassOf(err) != ClassMemory {
			t.Errorf("%v is %q", err, ClassOf(err))
		}
	}
}
