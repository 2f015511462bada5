package jobs

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be a farr that is killed in the middle of a run.
func TestMain(m *testing.M) {
	if dir := os.Getenv("FARR_TEST_TICK"); dir != "" {
		now, err := time.Parse(time.RFC3339, os.Getenv("FARR_TEST_NOW"))
		if err != nil {
			panic(err)
		}
		_, err = Tick(context.Background(), dir, Options{
			Clock: func() time.Time { return now },
			build: func(context.Context, *Job, *RunResult, Options) error {
				fmt.Println("building")
				select {} // until killed
			},
		})
		panic(err)
	}
	os.Exit(m.Run())
}

// killedTick ticks in a child process and kills it once it is building.
func (w *world) killedTick() {
	w.t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "FARR_TEST_TICK="+w.dir, "FARR_TEST_NOW="+w.now.Format(time.RFC3339))
	out, err := child.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		w.t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "building\n" {
		w.t.Fatalf("the child said %q, %v", line, err)
	}
	if err := child.Process.Kill(); err != nil {
		w.t.Fatal(err)
	}
	if err := child.Wait(); err == nil || child.ProcessState.Exited() {
		w.t.Fatalf("the child ended by itself: %v", err)
	}
}

func TestKilledRunIsLostAndRunAgain(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	w.killedTick()
	w.wantStates("j", "2026-01-10T05:00:00Z running")
	s, err := Status(context.Background(), w.dir, w.options())
	if err != nil || s.Jobs[0].Health != HealthCrashed {
		t.Errorf("status %+v, %v", s.Jobs, err)
	}
	w.now = w.now.Add(5 * time.Minute)
	r := w.tick()
	if r.Jobs[0].Lost != 1 || r.Jobs[0].Did != "succeeded" {
		t.Errorf("%+v", r.Jobs[0])
	}
	w.wantStates("j", "2026-01-10T05:00:00Z succeeded")
	s, err = Status(context.Background(), w.dir, w.options())
	if err != nil || s.Jobs[0].Health != HealthOK || s.Jobs[0].Last.Number != 2 {
		t.Errorf("status %+v, %v", s.Jobs, err)
	}
}

// A run that kills its process every time stops being tried, and says so.
func TestKilledTooOften(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	for range maxAttempts {
		w.killedTick()
	}
	if r := w.tick(); r.Jobs[0].Lost != 1 || r.Jobs[0].Did != "nothing" {
		t.Errorf("%+v", r.Jobs[0])
	}
	w.wantStates("j", "2026-01-10T05:00:00Z failed")
	s, err := Status(context.Background(), w.dir, w.options())
	if err != nil || s.Jobs[0].Health != HealthFailing || s.Jobs[0].Last.Class != ClassCrashed {
		t.Errorf("status %+v, %v", s.Jobs, err)
	}
	w.now = at(t, "2026-01-11T05:00:00Z")
	w.tick()
	w.wantStates("j", "2026-01-10T05:00:00Z failed", "2026-01-11T05:00:00Z succeeded")
}

// A lost run that the next planned time overtakes is a failure, not run late.
func TestLostRunIsOvertaken(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	w.killedTick()
	w.now = at(t, "2026-01-11T05:00:00Z")
	w.tick()
	w.wantStates("j", "2026-01-10T05:00:00Z failed", "2026-01-11T05:00:00Z succeeded")
	if len(w.built) != 1 {
		t.Errorf("built %v", w.built)
	}
}

func TestLedgerSettings(t *testing.T) {
	dir := t.TempDir()
	l, err := openLedger(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := l.db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", pragma, got, err, want)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, ledgerDir, ledgerFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := l.db.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	l.close()
	if _, err := openLedger(context.Background(), dir); err == nil || !strings.Contains(err.Error(), "version is 99") {
		t.Errorf("a ledger of the future: %v", err)
	}
}
