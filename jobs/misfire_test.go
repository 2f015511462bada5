package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const daily = "schedule: {cron: 0 5 * * *, zone: UTC}\n"

// After four days off: each rule runs what it says and reports the rest as missed.
func TestMisfireRules(t *testing.T) {
	for _, c := range []struct{ misfire, ran, missed string }{
		{"", "14", "10 11 12 13"},
		{"misfire: {rule: once, grace: 8h}\n", "14", "10 11 12 13"},
		{"misfire: {rule: once, grace: 7h}\n", "14", "10 11 12 13"},
		{"misfire: {rule: once, grace: 6h59m}\n", "", "10 11 12 13 14"},
		{"misfire: {rule: all}\n", "10 11 12 13 14", ""},
		{"misfire: {rule: all, cap: 2}\n", "13 14", "10 11 12"},
		{"misfire: {rule: all, grace: 2d}\n", "13 14", "10 11 12"},
		{"misfire: {rule: skip}\n", "", "10 11 12 13 14"},
		{"misfire: {rule: skip, grace: 8h}\n", "14", "10 11 12 13"},
	} {
		w := newWorld(t, "2026-01-10T04:00:00Z")
		w.job("j", daily+c.misfire)
		w.tick()
		w.now = at(t, "2026-01-14T12:00:00Z")
		r := w.tick()
		var ran, missed []string
		for _, s := range w.states("j") {
			switch day, state := s[8:10], strings.Fields(s)[1]; state {
			case "succeeded":
				ran = append(ran, day)
			case "missed":
				missed = append(missed, day)
			default:
				t.Errorf("%q: %s", c.misfire, s)
			}
		}
		if got := strings.Join(ran, " "); got != c.ran || strings.Join(missed, " ") != c.missed || r.Jobs[0].Missed != len(missed) {
			t.Errorf("%q: ran %s, missed %v, said %+v", c.misfire, got, missed, r.Jobs[0])
		}
		if want := strings.Fields(c.ran); len(w.built) != len(want) || !slices.IsSorted(w.built) {
			t.Errorf("%q: built %v", c.misfire, w.built)
		}
	}
}

// A planned time that waits for a busy job is missed once its grace has passed, also when no other time has come.
func TestGracePassesWhileBusy(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily+"misfire: {rule: skip, grace: 1h}\n")
	w.tick()
	l := w.open()
	held, err := l.lockJob("j")
	if err != nil {
		t.Fatal(err)
	}
	w.now = at(t, "2026-01-10T05:30:00Z")
	w.tick()
	held.Close()
	w.wantStates("j", "2026-01-10T05:00:00Z planned")
	w.now = at(t, "2026-01-10T06:01:00Z")
	if r := w.tick(); r.Jobs[0].Missed != 1 || r.Jobs[0].Did != "nothing" {
		t.Errorf("%+v", r.Jobs[0])
	}
	w.wantStates("j", "2026-01-10T05:00:00Z missed")
}

// Three years of minutes off are one gap and a thousand rows, in a moment.
func TestLongPauseIsAGap(t *testing.T) {
	w := newWorld(t, "2023-01-01T00:00:30Z")
	w.job("j", "schedule: {cron: '* * * * *', zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-01T00:00:30Z")
	minutes := 1096 * 24 * 60
	if r := w.tick(); r.Jobs[0].Missed != minutes-1 || r.Jobs[0].Did != "succeeded" {
		t.Errorf("%+v", r.Jobs[0])
	}
	if n := len(w.states("j")); n != maxRows {
		t.Errorf("%d rows", n)
	}
	s, err := Status(context.Background(), w.dir, w.options())
	if err != nil || s.Jobs[0].Missed != 0 {
		t.Errorf("after the success %d are missed since, %v", s.Jobs[0].Missed, err)
	}
	var first, last string
	var times int
	if err := w.open().db.QueryRow("SELECT first, last, times FROM gap").Scan(&first, &last, &times); err != nil {
		t.Fatal(err)
	}
	if first != "2023-01-01T00:01:00Z" || last != planned(at(t, "2026-01-01T00:00:00Z").Add(-maxRows*time.Minute)) || times+maxRows != minutes {
		t.Errorf("gap %s to %s, %d", first, last, times)
	}
	// The clock was wrong: what is accepted as the present has its own planned times, once each.
	w.now = at(t, "2023-01-02T00:00:30Z")
	if err := AcceptClock(context.Background(), w.dir, w.options()); err != nil {
		t.Fatal(err)
	}
	w.tick()
	w.now = at(t, "2023-01-02T00:10:30Z")
	w.tick()
	states := w.states("j")
	if n := 24*60 - maxRows; len(states) != maxRows+10+1 { // the one that ran in 2026 stays
		t.Errorf("%d rows after the clock was set right, beside a gap of %d", len(states), n)
	}
	if err := w.open().db.QueryRow("SELECT first, times FROM gap").Scan(&first, &times); err != nil || times != 24*60-maxRows {
		t.Errorf("gap from %s, %d, %v", first, times, err)
	}
}

// What a long pause passed over is counted whole.
func TestStatusCountsGaps(t *testing.T) {
	w := newWorld(t, "2026-01-01T00:00:30Z")
	w.job("j", "schedule: {cron: '* * * * *', zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-01T00:01:30Z")
	w.tick()
	w.now, w.fail = at(t, "2026-01-03T00:01:30Z"), errors.New("the share is away")
	if _, err := Tick(context.Background(), w.dir, w.options()); err == nil {
		t.Fatal("no failure")
	}
	s, err := Status(context.Background(), w.dir, w.options())
	if want := 2*24*60 - 1; err != nil || s.Jobs[0].Missed != want {
		t.Errorf("%d missed, %v; want %d", s.Jobs[0].Missed, err, want)
	}
}

func TestRetries(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily+"retries: {failed: {attempts: 3, wait: 10m}}\n")
	w.tick()
	w.fail = errors.New("the share is away")
	tick := func(now, did string) *TickReport {
		t.Helper()
		w.now = at(t, now)
		r, _ := Tick(context.Background(), w.dir, w.options())
		if r == nil || r.Jobs[0].Did != did {
			t.Fatalf("at %s: %+v, want %s", now, r, did)
		}
		return r
	}
	r := tick("2026-01-10T05:00:00Z", "retry")
	next := *r.Next
	if tick("2026-01-10T05:01:00Z", "nothing"); next.Before(at(t, "2026-01-10T05:07:30Z")) || next.After(at(t, "2026-01-10T05:10:00Z")) {
		t.Errorf("the second attempt is planned for %s", next)
	}
	s, err := Status(context.Background(), w.dir, w.options())
	if err != nil || s.Jobs[0].Health != HealthRetry || !s.Jobs[0].Again.Equal(next) || !s.Healthy() {
		t.Errorf("%+v, %v", s.Jobs[0], err)
	}
	tick("2026-01-10T05:10:00Z", "retry")
	tick("2026-01-10T05:24:00Z", "nothing") // at least three quarters of twice the wait
	tick("2026-01-10T05:30:00Z", "failed")
	tick("2026-01-10T09:30:00Z", "nothing")
	w.wantStates("j", "2026-01-10T05:00:00Z failed")
	if len(w.built) != 3 {
		t.Errorf("built %v", w.built)
	}
}

// The waits double up to the longest, each is at most a quarter shorter, and equal input gives equal waits.
func TestWaits(t *testing.T) {
	r := Retries{ClassFailed: {Attempts: 8, Wait: Duration(time.Minute), Longest: Duration(10 * time.Minute)}}
	when := at(t, "2026-01-10T05:00:00Z")
	seen := map[time.Duration]bool{}
	for number, most := range []time.Duration{1: 1, 2: 2, 3: 4, 4: 8, 5: 10, 6: 10, 7: 10} {
		if number == 0 {
			continue
		}
		for _, job := range []string{"a", "b", "c"} {
			wait, ok := r.again(ClassFailed, job, when, number)
			if same, _ := r.again(ClassFailed, job, when, number); !ok || wait > most*time.Minute || wait < most*time.Minute*3/4 || same != wait {
				t.Errorf("attempt %d of %s: %s, %t", number, job, wait, ok)
			}
			seen[wait] = true
		}
	}
	if len(seen) != 21 {
		t.Errorf("%d of 21 waits differ", len(seen))
	}
	if _, ok := r.again(ClassFailed, "a", when, 8); ok {
		t.Error("a ninth attempt of eight")
	}
	if _, ok := r.again(ClassIntegrity, "a", when, 1); ok {
		t.Error("a damaged store is tried again")
	}
	if wait, ok := r.again(ClassCrashed, "a", when, 2); !ok || wait != 0 {
		t.Error("a crash is not tried again by default")
	}
}

// A run beyond its limit is a failure of its own class and not run again; other deadlines are no wish of anybody's.
func TestTimeLimit(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily+"limits: {time: 1s}\n")
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	o := w.options()
	o.build = func(ctx context.Context, _ *Job, _ *RunResult, _ Options) error {
		<-ctx.Done()
		return ctx.Err()
	}
	_, err := Tick(context.Background(), w.dir, o)
	if ClassOf(err) != ClassTime || !strings.Contains(err.Error(), "the run took longer than its limit of 1s") {
		t.Errorf("%v", err)
	}
	w.wantStates("j", "2026-01-10T05:00:00Z failed")
	if ClassOf(context.DeadlineExceeded) != ClassFailed {
		t.Error("a deadline is a wish")
	}
}

// A step beyond its own limit ends as that, and a run's limit within a step is the run's.
func TestStepTimeLimit(t *testing.T) {
	job := &Job{Limits: Limits{Steps: map[string]Duration{"measure": Duration(10 * time.Millisecond)}}}
	wait := func(ctx context.Context) error {
		<-ctx.Done()
		return fmt.Errorf("read: %w", ctx.Err())
	}
	var late *TimeLimitError
	if err := job.timed(context.Background(), "measure", wait); !errors.As(err, &late) || late.What != "step measure" {
		t.Errorf("%v", err)
	}
	run, done := limited(context.Background(), "the run", Duration(10*time.Millisecond))
	defer done()
	if err := job.timed(run, "extract", wait); !errors.As(err, &late) || late.What != "the run" {
		t.Errorf("%v", err)
	}
	if err := job.timed(context.Background(), "measure", func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestAfter(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("a-report", "after: [z-extract]\n"+daily)
	w.job("z-extract", "schedule: {cron: 0 4 * * *, zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-11T05:00:00Z")
	w.tick()
	want := []string{"z-extract 2026-01-11T04:00:00Z", "a-report 2026-01-11T05:00:00Z"}
	if !slices.Equal(w.built, want) {
		t.Errorf("built %v", w.built)
	}
	// It fails, and what comes after it waits until somebody has run it by hand.
	w.fail = errors.New("no export")
	w.now = at(t, "2026-01-12T04:00:00Z")
	if _, err := Tick(context.Background(), w.dir, w.options()); err == nil {
		t.Error("no failure")
	}
	w.fail = nil
	w.now = at(t, "2026-01-12T05:30:00Z")
	if r := w.tick(); r.Jobs[1].Did != "waits" || r.Jobs[1].Waits != `job "z-extract", which failed for 2026-01-12T04:00:00Z` {
		t.Errorf("%+v", r.Jobs[1])
	}
	s, err := Status(context.Background(), w.dir, w.options())
	if err != nil || s.Jobs[1].Health != HealthHeld || s.Jobs[0].Health != HealthFailing {
		t.Errorf("%+v, %v", s.Jobs, err)
	}
	job, err := LoadJob(filepath.Join(w.dir, "z-extract.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), job, w.options()); err != nil {
		t.Fatal(err)
	}
	w.tick()
	w.wantStates("a-report", "2026-01-10T05:00:00Z missed", "2026-01-11T05:00:00Z succeeded", "2026-01-12T05:00:00Z succeeded")
}

// Jobs that could never run are told of together, each at its place, and the others run.
func TestAfterMistakes(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	for name, after := range map[string]string{"a": "[b]", "b": "[c]", "c": "[a]", "d": "[a]", "e": "[nowhere]", "f": "[hand]", "g": "[fine]"} {
		w.job(name, "after: "+after+"\n"+daily)
	}
	w.job("fine", daily)
	w.job("hand", "")
	jobs, wrong, err := LoadFolder(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, j := range jobs {
		names = append(names, j.Name)
	}
	if got := strings.Join(names, " "); got != "fine g hand" {
		t.Errorf("loaded %s", got)
	}
	want := `a.yaml:2:9: cycle: the job comes after itself: a after b after c after a
b.yaml:2:9: cycle: the job comes after itself: b after c after a after b
c.yaml:2:9: cycle: the job comes after itself: c after a after b after c
d.yaml:2:9: unknown-job: the job "a" has mistakes of its own (correct that one first)
e.yaml:2:9: unknown-job: no job "nowhere" in this folder
f.yaml:2:9: no-schedule: the job "hand" has no schedule, so nothing comes after it (add schedule to hand.yaml)`
	if got := strings.ReplaceAll(wrong.Err().Error(), w.dir+"/", ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A clock well before what the ledger has is refused before anything is noted.
func TestClockBeforeTheLedgerIsRefused(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily)
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	w.tick()
	before := w.states("j")
	w.now = at(t, "2026-01-10T04:49:59Z")
	report, err := Tick(context.Background(), w.dir, w.options())
	if report != nil || ClassOf(err) != ClassClock || !strings.Contains(err.Error(), "the ledger has 2026-01-10T05:00:00Z already") {
		t.Errorf("%v, %v", report, err)
	}
	job, err := LoadJob(filepath.Join(w.dir, "j.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), job, w.options()); ClassOf(err) != ClassClock {
		t.Errorf("by hand: %v", err)
	}
	if after := w.states("j"); !slices.Equal(before, after) {
		t.Errorf("the ledger changed: %v, %v", before, after)
	}
	w.now = at(t, "2026-01-10T04:50:00Z")
	w.tick()
}

// A ledger of version 2 is taken over with the alerts that wait in it.
func TestLedgerOfVersion2(t *testing.T) {
	l := newWorld(t, "2026-01-12T06:00:00Z").openRaw()
	defer l.close()
	before := strings.Replace(schemaOfAlerts, ", 'unjudged'", "", 1)
	if _, err := l.db.Exec(schema[:len(schema)-len(schemaOfAlerts)] + before + `INSERT INTO ledger (one, last, token) VALUES (1, '', 0);
		INSERT INTO alert (job, kind, ref, sink, at, tries) VALUES ('j', 'failed', '7', 'webhook', '2026-01-11T05:00:00.000Z', 2); PRAGMA user_version = 2`); err != nil {
		t.Fatal(err)
	}
	if err := l.migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	var ref string
	var tries int
	if err := l.db.QueryRow("SELECT ref, tries FROM alert WHERE kind = 'failed'").Scan(&ref, &tries); err != nil || ref != "7" || tries != 2 {
		t.Errorf("%s, %d, %v", ref, tries, err)
	}
	fresh, err := openLedger(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.close()
	if got, want := columns(t, l), columns(t, fresh); got != want {
		t.Errorf("a migrated ledger has\n%s\na fresh one\n%s", got, want)
	}
}

// A ledger of version 1 is taken over with all that it knows.
func TestLedgerOfVersion1(t *testing.T) {
	w := newWorld(t, "2026-01-12T06:00:00Z")
	w.job("j", daily)
	old, err := os.ReadFile("testdata/ledger-1.sql")
	if err != nil {
		t.Fatal(err)
	}
	l := w.openRaw()
	if _, err := l.db.Exec(string(old)); err != nil {
		t.Fatal(err)
	}
	l.close()
	w.wantStates("j", "2026-01-10T05:00:00Z succeeded", "2026-01-11T05:00:00Z failed")
	if last, err := w.open().lastInstant(context.Background()); err != nil || !last.Equal(at(t, "2026-01-11T05:00:04Z")) {
		t.Errorf("the last instant is %v, %v", last, err)
	}
	if r := w.tick(); r.Jobs[0].Did != "succeeded" {
		t.Errorf("%+v", r.Jobs[0])
	}
	w.wantStates("j", "2026-01-10T05:00:00Z succeeded", "2026-01-11T05:00:00Z failed", "2026-01-12T05:00:00Z succeeded")
	var version, wrong int
	if err := w.open().db.QueryRow("PRAGMA user_version").Scan(&version); err != nil || version != ledgerVersion {
		t.Errorf("version %d, %v", version, err)
	}
	if err := w.open().db.QueryRow("SELECT count(*) FROM pragma_foreign_key_check").Scan(&wrong); err != nil || wrong != 0 {
		t.Errorf("%d rows point nowhere, %v", wrong, err)
	}
	fresh, err := openLedger(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.close()
	if got, want := columns(t, w.open()), columns(t, fresh); got != want {
		t.Errorf("a migrated ledger has\n%s\na fresh one\n%s", got, want)
	}
}

func columns(t *testing.T, l *ledger) string {
	t.Helper()
	var text string
	err := l.db.QueryRow(`SELECT group_concat(m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk, char(10) ORDER BY m.name, c.name)
		FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'`).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Who is refused is told who has the lock.
func TestLockedSaysWho(t *testing.T) {
	dir := t.TempDir()
	held, err := lock(filepath.Join(dir, "x.lock"), "the folder x")
	if err != nil {
		t.Fatal(err)
	}
	_, err = lock(filepath.Join(dir, "x.lock"), "the folder x")
	var locked *LockedError
	if !errors.As(err, &locked) || locked.Holder == nil || locked.Holder.PID != os.Getpid() || locked.Holder.Host == "" || locked.Holder.Since.IsZero() {
		t.Errorf("%+v", err)
	}
	held.Close()
	if again, err := lock(filepath.Join(dir, "x.lock"), "the folder x"); err != nil {
		t.Error(err)
	} else {
		again.Close()
	}
}

// A process that is there and holds no lock is not run beside: its lock file was removed.
func TestLiveProcessWithoutLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily)
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	child, out := w.child()
	if line, err := out.ReadString('\n'); err != nil || line != "building\n" {
		t.Fatalf("the child said %q, %v", line, err)
	}
	for _, name := range []string{"j.lock", tickLock} {
		if err := os.Remove(filepath.Join(w.dir, ledgerDir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if bornOf(child.Process.Pid) != "" { // only Linux tells
		r, err := Tick(context.Background(), w.dir, w.options())
		if ClassOf(err) != ClassLocked || !strings.Contains(r.Jobs[0].Error, "whose lock file was removed") {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Error("the child ended well")
	}
	if r := w.tick(); r.Jobs[0].Did != "succeeded" || r.Jobs[0].Lost != 1 {
		t.Errorf("%+v", r.Jobs[0])
	}
}

// A process that was taken for lost writes no more, and its run ends at its next sign of life.
func TestTakenOver(t *testing.T) {
	w := newWorld(t, "2026-01-10T05:00:00Z")
	w.job("j", "")
	job, err := LoadJob(filepath.Join(w.dir, "j.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	o := w.options()
	o.beat = time.Millisecond
	o.build = func(ctx context.Context, _ *Job, _ *RunResult, _ Options) error {
		if _, err := w.open().recover(ctx, job, w.now); err != nil { // as if the lock had been nobody's
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}
	_, err = Run(context.Background(), job, o)
	if !errors.Is(err, errTakenOver) {
		t.Errorf("%v", err)
	}
	w.wantStates("j", "by hand failed")
}
