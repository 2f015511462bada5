package jobs

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be a farr that is killed in the middle of its work.
func TestMain(m *testing.M) {
	if file := os.Getenv("FARR_TEST_STEPS"); file != "" {
		os.Exit(stepsOf(file))
	}
	dir := os.Getenv("FARR_TEST_FOLDER")
	if dir == "" {
		os.Exit(m.Run())
	}
	now, err := time.Parse(time.RFC3339, os.Getenv("FARR_TEST_NOW"))
	if err != nil {
		panic(err)
	}
	o := Options{Clock: func() time.Time { return now }}
	if os.Getenv("FARR_TEST_SCHEDULE") != "" {
		os.Exit(scheduleUntilAsked(dir, o))
	}
	if os.Getenv("FARR_TEST_MANY") == "" {
		o.build = func(context.Context, *Job, *RunResult, Options) error {
			fmt.Println("building")
			select {} // until killed
		}
		_, err = Tick(context.Background(), dir, o)
		panic(err)
	}
	// A tick each simulated minute, told once it has returned.
	o.build = func(context.Context, *Job, *RunResult, Options) error { return nil }
	for ; ; now = now.Add(time.Minute) {
		if _, err := Tick(context.Background(), dir, o); err != nil {
			panic(err)
		}
		fmt.Println(now.Format(time.RFC3339))
	}
}

// scheduleUntilAsked is a scheduler that says when it works, and its exit code.
func scheduleUntilAsked(dir string, o Options) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	o.build = func(context.Context, *Job, *RunResult, Options) error { return nil }
	first := true
	err := Loop(ctx, dir, o, func(r *TickReport, err error) {
		if first {
			fmt.Println("working", len(r.Jobs), err)
		}
		first = false
	})
	if err != nil {
		fmt.Println(err)
	}
	return ExitCode(err)
}

// child is the test binary as a farr that ticks.
func (w *world) child(env ...string) (*exec.Cmd, *bufio.Reader) {
	w.t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), append(env, "FARR_TEST_FOLDER="+w.dir, "FARR_TEST_NOW="+w.now.Format(time.RFC3339))...)
	out, err := child.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		w.t.Fatal(err)
	}
	return child, bufio.NewReader(out)
}

// killedTick ticks in a child process and kills it once it is building.
func (w *world) killedTick() {
	w.t.Helper()
	child, out := w.child()
	if line, err := out.ReadString('\n'); err != nil || line != "building\n" {
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
	t.Parallel()
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
	t.Parallel()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	for range defaultRetries[ClassCrashed].Attempts {
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
	t.Parallel()
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

// Killed at any moment, again and again: each minute has its row, and what a tick
// had told is as it told.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", "schedule: {cron: '* * * * *', zone: UTC}\n")
	w.tick()
	first := w.now.Add(time.Minute)
	random := rand.New(rand.NewPCG(3, 4))
	told := map[string]bool{}
	const kills = 12
	for range kills {
		w.now = w.now.Add(time.Minute)
		child, out := w.child("FARR_TEST_MANY=yes")
		var timer *time.Timer
		for {
			line, err := out.ReadString('\n')
			if err != nil {
				break
			}
			w.now = at(t, strings.TrimSpace(line))
			told[planned(w.now)] = true
			if timer == nil { // once it works
				timer = time.AfterFunc(time.Duration(random.IntN(400))*time.Millisecond, func() { _ = child.Process.Kill() })
			}
		}
		if err := child.Wait(); err == nil || child.ProcessState.Exited() {
			t.Fatalf("the child ended by itself: %v", err)
		}
	}
	w.now = w.now.Add(time.Minute) // whatever the last child was at, this is past it
	w.tick()
	rows := w.states("j")
	for i, row := range rows {
		minute, state, _ := strings.Cut(row, " ")
		if want := planned(first.Add(time.Duration(i) * time.Minute)); minute != want {
			t.Fatalf("row %d is %s, want %s", i, minute, want)
		}
		if told[minute] && state != "succeeded" {
			t.Errorf("%s was told as done and is %s", minute, state)
		}
		if state == "running" || state == "planned" {
			t.Errorf("%s is %s for ever", minute, state)
		}
	}
	if want := int(w.now.Sub(first)/time.Minute) + 1; len(rows) != want {
		t.Errorf("%d rows for %d minutes", len(rows), want)
	}
	t.Logf("%d kills, %d minutes, %d told as done", kills, len(rows), len(told))
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
	if _, err := openLedger(context.Background(), dir); err == nil || !strings.Contains(err.Error(), "version is 99 and this farr knows 3: use the newer farr") {
		t.Errorf("a ledger of the future: %v", err)
	}
}
