package jobs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// ranOnce is a folder whose job was seen and ran on 1 March, with options that run it whole.
func ranOnce(t *testing.T) (*world, Options) {
	t.Helper()
	w := newWorld(t, "2026-03-01T09:00:00Z")
	w.dir = hospital(t, 0)
	o := w.options()
	o.build = nil
	for _, now := range []string{"2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z"} {
		w.now = at(t, now)
		if _, err := Tick(context.Background(), w.dir, o); err != nil {
			t.Fatal(err)
		}
	}
	return w, o
}

// A ledger that is lost is made again of the store's log: what was run is not run again, and what came since is noted.
func TestRebuild(t *testing.T) {
	t.Parallel()
	w, o := ranOnce(t)
	if err := os.Rename(filepath.Join(w.dir, "export"), filepath.Join(w.dir, "gone")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(w.dir, "export", "sites.csv"), "id,label\n")
	w.now = at(t, "2026-03-02T10:00:00Z")
	if _, err := Tick(context.Background(), w.dir, o); err == nil {
		t.Fatal("an export that is away is no failure")
	}
	w.wantStates("nightly", "2026-03-01T10:00:00Z succeeded", "2026-03-02T10:00:00Z failed")
	if _, err := Rebuild(context.Background(), w.dir, o); err == nil || !strings.Contains(err.Error(), "move it") {
		t.Errorf("over a ledger that is there: %v", err)
	}
	if err := os.RemoveAll(filepath.Join(w.dir, ledgerDir)); err != nil {
		t.Fatal(err)
	}
	w.now = at(t, "2026-03-03T11:00:00Z")
	made, err := Rebuild(context.Background(), w.dir, o)
	if err != nil || made.Jobs != 1 || made.Runs != 2 {
		t.Fatalf("%+v, %v", made, err)
	}
	w.wantStates("nightly", "2026-03-01T10:00:00Z succeeded", "2026-03-02T10:00:00Z failed")
	w.tick()
	w.wantStates("nightly", "2026-03-01T10:00:00Z succeeded", "2026-03-02T10:00:00Z failed", "2026-03-03T10:00:00Z succeeded")
	if len(w.built) != 1 {
		t.Errorf("built %v", w.built)
	}
}

// A run that a person ended is cancelled in the ledger that is made again, and none is made beside a run that is at work.
func TestRebuildOfACancelledRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-01T09:00:00Z")
	w.dir = hospital(t, 0)
	o := w.options()
	o.build, o.beat = nil, time.Millisecond
	if _, err := Tick(context.Background(), w.dir, o); err != nil {
		t.Fatal(err)
	}
	w.now = at(t, "2026-03-01T10:00:00Z")
	var once sync.Once
	o.Progress = func(string, int64, int64) {
		once.Do(func() {
			if _, err := Cancel(context.Background(), w.dir, "nightly", o); err != nil {
				t.Error(err)
			}
			time.Sleep(200 * time.Millisecond) // a sign of life is due
		})
	}
	if _, err := Tick(context.Background(), w.dir, o); !errors.Is(err, errCancelled) {
		t.Fatalf("it is not cancelled: %v", err)
	}
	w.wantStates("nightly", "2026-03-01T10:00:00Z cancelled")
	if err := os.RemoveAll(filepath.Join(w.dir, ledgerDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(w.dir, ledgerDir), 0o700); err != nil {
		t.Fatal(err)
	}
	running := &ledger{dir: filepath.Join(w.dir, ledgerDir)}
	held, err := running.lockJob("nightly")
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, err := Rebuild(context.Background(), w.dir, o); !errors.As(err, &locked) {
		t.Errorf("beside a run: %v", err)
	}
	held.Close()
	if made, err := Rebuild(context.Background(), w.dir, o); err != nil || made.Runs != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	w.wantStates("nightly", "2026-03-01T10:00:00Z cancelled")
	list, err := Runs(context.Background(), w.dir, "nightly", 1)
	if err != nil || list.Runs[0].State != "cancelled" || list.Runs[0].Class != ClassCancelled {
		t.Errorf("%+v, %v", list, err)
	}
}

// A ledger that is made again is there whole or not at all: a tick would take a half one for that of new jobs.
func TestRebuildIsWholeOrNot(t *testing.T) {
	t.Parallel()
	w, o := ranOnce(t)
	dir := filepath.Join(w.dir, ledgerDir)
	for _, of := range sqliteFiles {
		if err := os.RemoveAll(filepath.Join(dir, ledgerFile+of)); err != nil {
			t.Fatal(err)
		}
	}
	rebuild := func() error {
		_, err := Rebuild(context.Background(), w.dir, o)
		return err
	}
	writeFile(t, filepath.Join(dir, rebuiltFile, "in", "the way"), "")
	if err := rebuild(); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(filepath.Join(dir, ledgerFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a ledger that is not whole: %v", err)
	}
	if err := os.RemoveAll(filepath.Join(dir, rebuiltFile)); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, rebuiltFile), "what a killed one left")
	if err := rebuild(); err != nil {
		t.Fatal(err)
	}
	w.wantStates("nightly", "2026-03-01T10:00:00Z succeeded")
	if left, _ := filepath.Glob(filepath.Join(dir, rebuiltFile+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
