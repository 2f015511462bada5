//go:build faults

package jobs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"farr/internal/disk"
)

// A commit that the disk refuses is told, or the run's row says that it failed; the next ticks go on with what is there, and
// the planned time was run.
func TestEveryCommitFails(t *testing.T) {
	ready := func(t *testing.T) *world {
		w := newWorld(t, "2026-01-10T04:00:00Z")
		w.job("nightly", daily)
		w.tick()
		w.now = w.now.Add(2 * time.Hour)
		return w
	}
	record := filepath.Join(t.TempDir(), "points")
	w := ready(t)
	t.Setenv("FARR_FAULT_RECORD", record)
	disk.Again()
	w.tick()
	t.Setenv("FARR_FAULT_RECORD", "")
	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	commits := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(text)), "\n"), func(p string) bool { return !strings.HasPrefix(p, "commit ") })
	if len(commits) < 3 {
		t.Fatalf("%d commits", len(commits))
	}
	for _, point := range commits {
		t.Run(point, func(t *testing.T) {
			w := ready(t)
			t.Setenv("FARR_FAULT_AT", point)
			t.Setenv("FARR_FAULT_KIND", "eio")
			disk.Again()
			_, err := Tick(context.Background(), w.dir, w.options())
			t.Setenv("FARR_FAULT_AT", "")
			if !errors.Is(err, syscall.EIO) {
				t.Errorf("told %v", err)
			}
			for range 3 { // a run without an end is lost first, and run again
				w.now = w.now.Add(time.Hour)
				_, _ = Tick(context.Background(), w.dir, w.options())
			}
			if len(w.built) == 0 || w.built[0] != "nightly 2026-01-10T05:00:00Z" {
				t.Errorf("built %v", w.built)
			}
			w.wantStates("nightly", "2026-01-10T05:00:00Z succeeded")
		})
	}
}
