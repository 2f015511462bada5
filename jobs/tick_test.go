package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is a folder of jobs with a clock that the test turns and a build that only
// takes notes.
type world struct {
	t     testing.TB
	dir   string
	mu    sync.Mutex
	now   time.Time
	built []string // "job planned", in order
	fail  error    // what the next builds return
}

func newWorld(t testing.TB, now string) *world {
	return &world{t: t, dir: t.TempDir(), now: at(t, now)}
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (w *world) job(name, schedule string) {
	writeFile(w.t, filepath.Join(w.dir, name+".yaml"), minimal(name, schedule))
}

func (w *world) options() Options {
	return Options{
		Clock: func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
		build: func(_ context.Context, job *Job, result *RunResult, _ Options) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			when := "by hand"
			if result.Planned != nil {
				when = result.Planned.Format(time.RFC3339)
			}
			w.built = append(w.built, job.Name+" "+when)
			result.Steps = append(result.Steps, StepResult{Name: "extract"})
			return w.fail
		},
	}
}

func (w *world) tick() *TickReport {
	w.t.Helper()
	report, err := Tick(context.Background(), w.dir, w.options())
	if err != nil {
		w.t.Fatal(err)
	}
	return report
}

// A job whose name another file has is not run by hand either, and both places are told. Mistakes of other kinds in other files are
// no matter.
func TestRunOfASharedName(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("a", daily)
	writeFile(t, filepath.Join(w.dir, "bad.yaml"), "name: 7\nstore: 8\n")
	job, err := LoadJob(filepath.Join(w.dir, "a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), job, w.options()); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(w.dir, "b.yaml"), minimal("a", daily))
	_, err = Run(context.Background(), job, w.options())
	if ClassOf(err) != ClassUsage || len(w.built) != 1 {
		t.Fatalf("%v; built %v", err, w.built)
	}
	for _, place := range []string{"a.yaml:1:7: duplicate-name", "b.yaml:1:7: duplicate-name"} {
		if !strings.Contains(err.Error(), place) || strings.Contains(err.Error(), "bad.yaml") {
			t.Errorf("%v does not name %s", err, place)
		}
	}
}

// open is the ledger, closed with the test.
func (w *world) open() *ledger {
	w.t.Helper()
	l, err := openLedger(context.Background(), w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { l.close() })
	return l
}

// openRaw is the ledger's file without a schema.
func (w *world) openRaw() *ledger {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Join(w.dir, ledgerDir), 0o700); err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(w.dir, ledgerDir, ledgerFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // as openLedger does
	if err != nil {
		w.t.Fatal(err)
	}
	f.Close()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		w.t.Fatal(err)
	}
	return &ledger{db, filepath.Join(w.dir, ledgerDir)}
}

// states are the occurrences in the ledger, as "planned state".
func (w *world) states(job string) []string {
	w.t.Helper()
	l, err := openLedger(context.Background(), w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	defer l.close()
	rows, err := l.db.Query("SELECT coalesce(planned, 'by hand') || ' ' || state FROM occurrence WHERE job = ? ORDER BY planned", job)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			w.t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

func (w *world) wantStates(job string, want ...string) {
	w.t.Helper()
	if got := w.states(job); !slices.Equal(got, want) {
		w.t.Errorf("%s: the ledger has\n%s\nwant\n%s", job, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Six weeks around both changes of the clock in New York, ticked every few minutes by
// processes that come and go: each wall time that the schedules name is run once.
func TestSimulatedWeeksOverDaylightSaving(t *testing.T) {
	t.Parallel()
	for _, season := range []struct{ begin, end string }{
		{"2026-02-28T00:00:30Z", "2026-03-30T00:00:00Z"},
		{"2026-10-24T00:00:30Z", "2026-11-05T00:00:00Z"},
	} {
		w := newWorld(t, season.begin)
		w.job("daily", "schedule: {cron: 30 2 * * *, zone: America/New_York}\n")  // skipped once in spring
		w.job("repeat", "schedule: {cron: 30 1 * * *, zone: America/New_York}\n") // repeated once in autumn
		w.job("hourly", "schedule: {cron: 0 * * * *, zone: America/New_York}\n")
		w.job("weekly", "schedule: {cron: 0 6 * * mon, zone: Europe/Berlin}\n")
		w.job("never-due", "")
		begin, end := w.now, at(t, season.end)
		random := rand.New(rand.NewPCG(1, 2))
		ticks := 0
		for w.now.Before(end) {
			w.tick()
			ticks++
			// At most 58 minutes apart, so that no tick finds two hours due at once.
			w.now = w.now.Add(time.Duration(20*60+random.IntN(38*60)) * time.Second)
		}
		w.now = end
		w.tick()
		want := map[string]int{}
		for _, job := range []string{"daily", "repeat", "hourly", "weekly"} {
			for _, wall := range wallTimes(t, job, begin, end) {
				want[job+" "+wall]++
			}
		}
		got := map[string]int{}
		for _, b := range w.built {
			got[b]++
		}
		missed, doubled := 0, 0
		for b := range want {
			if got[b] == 0 {
				missed++
				t.Errorf("missed %s", b)
			}
		}
		for b, n := range got {
			if n > 1 || want[b] == 0 {
				doubled++
				t.Errorf("%s ran %d times, want %d", b, n, want[b])
			}
		}
		for _, job := range []string{"daily", "repeat", "hourly", "weekly"} {
			for _, s := range w.states(job) {
				if !strings.HasSuffix(s, " succeeded") {
					t.Errorf("%s: %s", job, s)
				}
			}
		}
		t.Logf("%s to %s: %d ticks, %d occurrences, %d missed, %d doubled", season.begin[:10], season.end[:10], ticks, len(want), missed, doubled)
	}
}

// wallTimes lists the planned times by a walk over the minutes of the wall clock,
// written without the package that the scheduler uses.
func wallTimes(t testing.TB, job string, begin, end time.Time) []string {
	t.Helper()
	name, matches := "America/New_York", func(w time.Time) bool { return false }
	switch job {
	case "daily":
		matches = func(w time.Time) bool { return w.Hour() == 2 && w.Minute() == 30 }
	case "repeat":
		matches = func(w time.Time) bool { return w.Hour() == 1 && w.Minute() == 30 }
	case "hourly":
		matches = func(w time.Time) bool { return w.Minute() == 0 }
	case "weekly":
		name = "Europe/Berlin"
		matches = func(w time.Time) bool { return w.Weekday() == time.Monday && w.Hour() == 6 && w.Minute() == 0 }
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	wall := func(m time.Time) time.Time {
		_, offset := m.In(zone).Zone()
		return m.UTC().Add(time.Duration(offset) * time.Second)
	}
	var out []string
	m := begin.UTC().Truncate(time.Minute)
	shown := wall(m)
	for ; !m.After(end); m = m.Add(time.Minute) {
		due := false
		for ; !shown.After(wall(m)); shown = shown.Add(time.Minute) {
			due = due || matches(shown)
		}
		if due && m.After(begin) {
			out = append(out, m.Format(time.RFC3339))
		}
	}
	return out
}

func TestFirstSeenRunsNothing(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:59:00Z")
	w.job("daily", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	if r := w.tick(); r.Jobs[0].Did != "first-seen" || !r.Next.Equal(at(t, "2026-01-10T05:00:00Z")) {
		t.Errorf("%+v", r.Jobs[0])
	}
	w.wantStates("daily")
	w.now = at(t, "2026-01-10T05:00:00Z")
	w.tick()
	w.tick()
	w.wantStates("daily", "2026-01-10T05:00:00Z succeeded")
}

func TestAfterAPauseTheNewestIsRun(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("daily", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-14T12:00:00Z")
	if r := w.tick(); r.Jobs[0].Missed != 4 || r.Jobs[0].Did != "succeeded" {
		t.Errorf("%+v", r.Jobs[0])
	}
	w.wantStates("daily", "2026-01-10T05:00:00Z missed", "2026-01-11T05:00:00Z missed", "2026-01-12T05:00:00Z missed",
		"2026-01-13T05:00:00Z missed", "2026-01-14T05:00:00Z succeeded")
}

func TestScheduleChangeKeepsThePast(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-10T08:00:00Z")
	w.job("j", "schedule: {cron: '*/15 * * * *', zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-10T08:16:00Z")
	w.tick()
	w.wantStates("j", "2026-01-10T05:00:00Z succeeded", "2026-01-10T08:15:00Z succeeded")
}

func TestClockBackAndForward(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-02-10T06:00:00Z") // a month ahead by mistake
	w.tick()
	w.now = at(t, "2026-01-10T04:10:00Z")
	if _, err := Tick(context.Background(), w.dir, w.options()); ClassOf(err) != ClassClock {
		t.Errorf("a clock of a month ago: %v", err)
	}
	if err := AcceptClock(context.Background(), w.dir, w.options()); err != nil {
		t.Fatal(err)
	}
	if r := w.tick(); r.Jobs[0].Forgotten != 31 {
		t.Errorf("%+v", r.Jobs[0])
	}
	for day := 10; day <= 12; day++ {
		w.now = time.Date(2026, 1, day, 5, 1, 0, 0, time.UTC)
		w.tick()
		w.now = w.now.Add(-10 * time.Minute) // an hour that is set back a little, again and again
		w.tick()
		w.now = w.now.Add(20 * time.Minute)
		w.tick()
	}
	w.wantStates("j", "2026-01-10T05:00:00Z succeeded", "2026-01-11T05:00:00Z succeeded", "2026-01-12T05:00:00Z succeeded",
		"2026-02-10T05:00:00Z succeeded")
	if len(w.built) != 4 {
		t.Errorf("built %v", w.built)
	}
}

func TestFailureIsRecordedAndOthersRun(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("a", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	w.job("b", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	writeFile(t, filepath.Join(w.dir, "c.yaml"), "name: c\n")
	o := w.options()
	inner := o.build
	o.build = func(ctx context.Context, job *Job, r *RunResult, o Options) error {
		if err := inner(ctx, job, r, o); err != nil || job.Name == "b" {
			return err
		}
		return errors.New("no space left on device")
	}
	if _, err := Tick(context.Background(), w.dir, o); ExitCode(err) != ExitUsage {
		t.Errorf("a broken job file: %v", err)
	}
	w.now = at(t, "2026-01-10T05:00:00Z")
	r, err := Tick(context.Background(), w.dir, o)
	if err == nil || !strings.Contains(err.Error(), `job "a": no space left on device`) {
		t.Errorf("the error is %v", err)
	}
	if len(r.Jobs) != 2 || r.Jobs[0].Did != "failed" || r.Jobs[1].Did != "succeeded" || len(r.Wrong) == 0 {
		t.Errorf("%+v", r)
	}
	w.now = at(t, "2026-01-10T05:30:00Z")
	s, err := Status(context.Background(), w.dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if s.Jobs[0].Health != HealthFailing || s.Jobs[1].Health != HealthOK || s.Healthy() {
		t.Errorf("%+v", s.Jobs)
	}
	// A failure is not run again until the next planned time.
	if _, err := Tick(context.Background(), w.dir, o); err == nil || strings.Contains(err.Error(), "no space") {
		t.Errorf("%v", err)
	}
	w.wantStates("a", "2026-01-10T05:00:00Z failed")
}

// A panic is a failure like others, and what it says stays out of error and ledger.
func TestPanicSaysNoValue(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("a", "")
	job, err := LoadJob(filepath.Join(w.dir, "a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	o := w.options()
	o.build = func(context.Context, *Job, *RunResult, Options) error { panic("Jane Doe") }
	_, err = Run(context.Background(), job, o)
	if err == nil || strings.Contains(err.Error(), "Jane") || !strings.Contains(err.Error(), "TestPanicSaysNoValue") {
		t.Errorf("the error is %v", err)
	}
	w.wantStates("a", "by hand failed")
}

func TestInterruptedIsRunAgain(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	ctx, cancel := context.WithCancel(context.Background())
	o := w.options()
	o.build = func(ctx context.Context, _ *Job, _ *RunResult, _ Options) error {
		cancel()
		return fmt.Errorf("extract: %w", ctx.Err())
	}
	if _, err := Tick(ctx, w.dir, o); ClassOf(err) != ClassInterrupted {
		t.Errorf("%v", err)
	}
	w.wantStates("j", "2026-01-10T05:00:00Z lost")
	w.tick()
	w.wantStates("j", "2026-01-10T05:00:00Z succeeded")
}

func TestTwoTicksAtOnce(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	began, finish := make(chan struct{}), make(chan struct{})
	slow := w.options()
	inner := slow.build
	slow.build = func(ctx context.Context, job *Job, r *RunResult, o Options) error {
		close(began)
		<-finish
		return inner(ctx, job, r, o)
	}
	done := make(chan error)
	go func() { _, err := Tick(context.Background(), w.dir, slow); done <- err }()
	<-began
	if _, err := Tick(context.Background(), w.dir, w.options()); ExitCode(err) != ExitLocked {
		t.Errorf("a second tick: %v", err)
	}
	job, err := LoadJob(filepath.Join(w.dir, "j.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), job, w.options()); ExitCode(err) != ExitLocked {
		t.Errorf("a run by hand: %v", err)
	}
	s, err := Status(context.Background(), w.dir, w.options())
	if err != nil || s.Jobs[0].Health != HealthRunning || s.Jobs[0].Last.Process != os.Getpid() {
		t.Errorf("status %+v, %v", s.Jobs[0], err)
	}
	close(finish)
	if err := <-done; err != nil {
		t.Error(err)
	}
	w.wantStates("j", "2026-01-10T05:00:00Z succeeded")
	if len(w.built) != 1 {
		t.Errorf("built %v", w.built)
	}
}

// While a run by hand has the job, a tick notes what is due and leaves it for later.
func TestBusyJobWaits(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	w.tick()
	l, err := openLedger(context.Background(), w.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	held, err := l.lockJob("j")
	if err != nil {
		t.Fatal(err)
	}
	w.now = at(t, "2026-01-10T05:00:00Z")
	if r := w.tick(); r.Jobs[0].Did != "busy" {
		t.Errorf("%+v", r.Jobs[0])
	}
	held.Close()
	w.wantStates("j", "2026-01-10T05:00:00Z planned")
	w.tick()
	w.wantStates("j", "2026-01-10T05:00:00Z succeeded")
}
