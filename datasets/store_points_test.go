//go:build faults

package datasets

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"farr/internal/disk"
)

// pointsOf lists the fault points that work passes.
func pointsOf(t *testing.T, work func() error) []string {
	t.Helper()
	record := filepath.Join(t.TempDir(), "points")
	t.Setenv("FARR_FAULT_RECORD", record)
	disk.Again()
	if err := work(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FARR_FAULT_RECORD", "")
	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// failing does work that fails at a point.
func failing(t *testing.T, point, kind string, work func() error) error {
	t.Helper()
	t.Setenv("FARR_FAULT_AT", point)
	t.Setenv("FARR_FAULT_KIND", kind)
	disk.Again()
	err := work()
	t.Setenv("FARR_FAULT_AT", "")
	return err
}

// A disk that fails or is full at any call of making a store, publishing and pointing is told, or does not matter; the earlier snapshot
// is current, and the same again succeeds with the same ID.
func TestEveryPointOfPublishing(t *testing.T) {
	work := func(dir string, got **Snapshot) func() error {
		return func() error {
			s, err := CreateStore(t.Context(), dir)
			if err != nil {
				return err
			}
			defer s.Close()
			sn, err := publishTiny(t, s, "new")
			if err != nil {
				return err
			}
			*got = sn
			return s.SetCurrent(t.Context(), "results", sn.ID())
		}
	}
	var undisturbed *Snapshot
	prepare := func(old bool) (dir string) {
		dir = filepath.Join(t.TempDir(), "store")
		if old {
			s := openTestStore(t, dir)
			if err := s.SetCurrent(t.Context(), "extract", mustPublish(t, s, "old").ID()); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	cases, told := 0, 0
	for _, old := range []bool{false, true} {
		for _, point := range pointsOf(t, work(prepare(old), &undisturbed)) {
			for _, kind := range []string{"enospc", "eio"} {
				cases++
				dir := prepare(old)
				var got *Snapshot
				err := failing(t, point, kind, work(dir, &got))
				if err != nil {
					told++
					if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EIO) {
						t.Errorf("%s at %s: %v", kind, point, err)
					}
				}
				if err := work(dir, &got)(); err != nil {
					t.Errorf("%s at %s, again: %v", kind, point, err)
					continue
				}
				s := openTestStore(t, dir)
				if report, err := s.Verify(t.Context()); err != nil || report.Err() != nil || report.Unreferenced != 0 || got.ID() != undisturbed.ID() {
					t.Errorf("%s at %s: %v, %v, %s", kind, point, report, err, got.ID())
				}
				if left := staged(t, dir); len(left) > 0 {
					t.Errorf("%s at %s: staging holds %v", kind, point, left)
				}
			}
		}
	}
	if cases < 100 || told < cases/2 {
		t.Errorf("%d cases, %d told", cases, told)
	}
	t.Logf("%d cases, of which %d were told and the others did not matter", cases, told)
}

// A store of which anything cannot be read is not taken for a whole one.
func TestEveryPointOfVerifying(t *testing.T) {
	s, dir, _, _ := signedStore(t)
	if err := s.LogReport(t.Context(), map[string]any{"bundle": "x"}, []byte("{}"), 0); err != nil {
		t.Fatal(err)
	}
	var report VerifyReport
	// Verify itself looks at the log's head before and behind, to know whether somebody was at work; what fails there alone does not matter.
	verify := func() (err error) {
		report, err = s.verify(t.Context())
		return errors.Join(err, report.Err())
	}
	points := pointsOf(t, verify)
	for _, point := range points {
		if err := failing(t, point, "eio", verify); err == nil {
			t.Errorf("at %s nothing was told", point)
		}
		if err := failing(t, point, "eio", func() error { _, err := CreateStore(t.Context(), dir); return err }); err != nil && !errors.Is(err, syscall.EIO) {
			t.Errorf("opening at %s: %v", point, err)
		}
	}
	if len(points) < 15 {
		t.Errorf("%d points", len(points))
	}
}
