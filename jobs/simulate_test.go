package jobs

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// script says how each attempt goes, for the scheduler and for the reference.
type script struct{ seed uint64 }

type act struct {
	ends  string // well; well, then dies; fails; interrupted; damaged; dies; dies at once
	takes time.Duration
}

func (s *script) act(job string, planned time.Time, number int) act {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %d %d", s.seed, job, planned.Unix(), number)
	random := rand.New(rand.NewPCG(s.seed, h.Sum64()))
	takes := time.Duration(random.IntN(600)) * time.Second
	if random.IntN(20) == 0 {
		takes = time.Duration(random.IntN(40)) * time.Hour // longer than the time to the next, often
	}
	ends := "well"
	switch n := random.IntN(100); {
	case n < 5:
		ends = "fails"
	case n < 7:
		ends = "dies"
	case n < 8:
		ends = "dies at once"
	case n < 9:
		ends = "well, then dies"
	case n < 10:
		ends = "interrupted"
	case n < 11:
		ends = "damaged"
	}
	return act{ends, takes}
}

// lines are cron lines with what they mean, said without the package cron.
var lines = []struct {
	cron    string
	matches func(w time.Time) bool
}{
	{"0 5 * * *", func(w time.Time) bool { return w.Hour() == 5 && w.Minute() == 0 }},
	{"30 2 * * *", func(w time.Time) bool { return w.Hour() == 2 && w.Minute() == 30 }},
	{"30 1 * * *", func(w time.Time) bool { return w.Hour() == 1 && w.Minute() == 30 }},
	{"0 0 * * *", func(w time.Time) bool { return w.Hour() == 0 && w.Minute() == 0 }},
	{"45 */8 * * *", func(w time.Time) bool { return w.Hour()%8 == 0 && w.Minute() == 45 }},
	{"15 8 * * mon", func(w time.Time) bool { return w.Weekday() == time.Monday && w.Hour() == 8 && w.Minute() == 15 }},
	{"0 12 29 2 *", func(w time.Time) bool {
		return w.Month() == time.February && w.Day() == 29 && w.Hour() == 12 && w.Minute() == 0
	}},
	{"0 3 1,31 * *", func(w time.Time) bool { return (w.Day() == 1 || w.Day() == 31) && w.Hour() == 3 && w.Minute() == 0 }},
	{"10 2 13 * 5", func(w time.Time) bool {
		return (w.Day() == 13 || w.Weekday() == time.Friday) && w.Hour() == 2 && w.Minute() == 10
	}},
}

var simulatedZones = []string{
	"America/New_York", "Europe/Berlin", "UTC", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Kathmandu",
	"America/St_Johns", "Pacific/Apia", "Europe/Dublin", "America/Los_Angeles",
}

// walked lists the planned times of every line in a zone by a walk over the minutes of its wall clock: a wall time occurs at
// the first moment that shows it or, where none does, a later one.
func walked(zone *time.Location, begin, end time.Time) [][]time.Time {
	wall := func(m time.Time) time.Time {
		_, offset := m.In(zone).Zone()
		return m.Add(time.Duration(offset) * time.Second)
	}
	out := make([][]time.Time, len(lines))
	m := begin.UTC().Truncate(time.Minute).Add(-48 * time.Hour)
	for shown := wall(m); !m.After(end); m = m.Add(time.Minute) {
		var due [16]bool
		for now := wall(m); shown.Before(now); {
			shown = shown.Add(time.Minute)
			for i, line := range lines {
				due[i] = due[i] || line.matches(shown)
			}
		}
		for i := range lines {
			if due[i] && m.After(begin) {
				out[i] = append(out[i], m)
			}
		}
	}
	return out
}

// figures are what a simulation did.
type figures struct {
	jobDays, planned, succeeded, failed, missedByRule, waiting, attempts, deaths, restarts, ticks, back, ahead, refused, busy int
	missed, doubled                                                                                                           int
}

func (f *figures) add(g figures) {
	for _, p := range []struct {
		to   *int
		more int
	}{{&f.jobDays, g.jobDays}, {&f.planned, g.planned}, {&f.succeeded, g.succeeded}, {&f.failed, g.failed}, {&f.missedByRule, g.missedByRule},
		{&f.waiting, g.waiting}, {&f.attempts, g.attempts}, {&f.deaths, g.deaths}, {&f.restarts, g.restarts}, {&f.ticks, g.ticks}, {&f.back, g.back},
		{&f.ahead, g.ahead}, {&f.refused, g.refused}, {&f.busy, g.busy}, {&f.missed, g.missed}, {&f.doubled, g.doubled}} {
		*p.to += p.more
	}
}

// TestSimulate holds the scheduler against the reference over simulated days: FARR_SIMULATE is how many job-days, FARR_SEED the
// first seed. Each seed is a folder of four jobs with its own clock.
func TestSimulate(t *testing.T) {
	t.Parallel()
	asked, seed := 0, uint64(1)
	if text := os.Getenv("FARR_SIMULATE"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("FARR_SIMULATE is %q: write a number of job-days", text)
		}
		asked = n
	}
	if text := os.Getenv("FARR_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("FARR_SEED is %q: write a number", text)
		}
		seed = n
	}
	began := time.Now()
	var total figures
	if asked == 0 { // a quick one: a leap day, both changes of the clock, a day that never was
		for i, span := range []struct{ begin, end string }{
			{"2024-02-10T00:00:30Z", "2024-04-20T00:00:00Z"}, {"2026-10-01T00:00:30Z", "2026-12-01T00:00:00Z"}, {"2011-12-01T00:00:30Z", "2012-01-20T00:00:00Z"},
		} {
			total.add(simulate(t, seed+uint64(i), at(t, span.begin), at(t, span.end)))
		}
	} else {
		var mu sync.Mutex
		var group sync.WaitGroup
		for range max(1, runtime.GOMAXPROCS(0)) {
			group.Go(func() {
				for {
					mu.Lock()
					next := seed
					seed++
					enough := total.jobDays >= asked || t.Failed()
					mu.Unlock()
					if enough {
						return
					}
					begin := time.Date(2008+int(next%5)*4, 1, 1, 0, 0, 30, 0, time.UTC)
					f := simulate(t, next, begin, begin.AddDate(4, 0, 0)) // each with one leap day
					mu.Lock()
					total.add(f)
					fmt.Printf("simulate: seed %d done, %d job-days in all, %.0f s\n", next, total.jobDays, time.Since(began).Seconds())
					mu.Unlock()
				}
			})
		}
		group.Wait()
	}
	if total.missed+total.doubled > 0 || total.planned < 100 || total.deaths == 0 || total.refused == 0 {
		t.Errorf("%+v", total)
	}
	fmt.Printf("simulate: %d job-days, %d planned times: %d missed, %d doubled; %d succeeded, %d failed and said so, %d passed over by rule, %d still waiting; "+
		"%d attempts, %d deaths of the process, %d restarts, %d ticks, %d on a clock set back, %d on one set ahead, %d refused, %d beside a run by hand, %.0f s\n",
		total.jobDays, total.planned, total.missed, total.doubled, total.succeeded, total.failed, total.missedByRule, total.waiting,
		total.attempts, total.deaths, total.restarts, total.ticks, total.back, total.ahead, total.refused, total.busy, time.Since(began).Seconds())
}

// simulation is one folder.
type simulation struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand
	dir    string
	l      *ledger
	jobs   []*Job
	ref    *reference
	now    time.Time
	ran    []string
	f      figures
}

var (
	walkedMu sync.Mutex
	walkedOf = map[string][][]time.Time{}
)

func simulate(t *testing.T, seed uint64, begin, end time.Time) figures {
	s := &simulation{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 99)), now: begin}
	s.ref = &reference{byName: map[string]*refJob{}, script: &script{seed}}
	dir, err := os.MkdirTemp(memory(), "farr-simulate-")
	if err != nil {
		t.Error(err)
		return s.f
	}
	defer os.RemoveAll(dir)
	s.dir = dir
	for i := range 4 {
		s.add(i, begin, end)
	}
	s.jobs, _, _ = inOrder(s.jobs, s.jobs, nil)
	s.ref.jobs = nil
	for _, job := range s.jobs {
		s.ref.jobs = append(s.ref.jobs, s.ref.byName[job.Name])
	}
	if s.l, err = openLedger(context.Background(), dir); err != nil {
		t.Error(err)
		return s.f
	}
	defer func() { s.l.close() }()
	for s.now.Before(end) && !t.Failed() {
		s.round()
	}
	s.compare(end)
	s.f.jobDays = len(s.jobs) * int(end.Sub(begin)/(24*time.Hour))
	return s.f
}

// memory is a folder without a disk under it, where there is one: what is simulated is the order of writes, not their wait.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// add makes a job, and the same for the reference.
func (s *simulation) add(i int, begin, end time.Time) {
	n := int(s.seed)*4 + i
	line := (n*5 + i) % len(lines)
	zone := simulatedZones[(n/3+i)%len(simulatedZones)]
	if s.seed%7 == 3 && i == 0 {
		zone = "Pacific/Apia" // with a day that never was
	}
	schedule, err := newSchedule(lines[line].cron, zone)
	if err != nil {
		s.t.Error(err)
		return
	}
	name := fmt.Sprintf("job%d", i)
	job := &Job{File: filepath.Join(s.dir, name+".yaml"), Name: name, Schedule: schedule,
		Retries: Retries{ClassFailed: {Attempts: 3, Wait: Duration(20 * time.Minute), Longest: Duration(10 * time.Hour)}}}
	switch n % 4 {
	case 1:
		job.Misfire = Misfire{Rule: misfireAll, Cap: 3 + n%5}
	case 2:
		job.Misfire = Misfire{Rule: misfireSkip, Grace: Duration(time.Hour)}
	case 3:
		job.Misfire = Misfire{Rule: misfireOnce, Grace: Duration(30 * time.Hour)}
	}
	job.Misfire = job.Misfire.settled()
	if i == 1 && s.seed%2 == 0 {
		job.After = Words{"job2"}
	}
	key := zone + stamp(begin) + stamp(end)
	walkedMu.Lock()
	if walkedOf[key] == nil {
		walkedOf[key] = walked(schedule.zone, begin, end.AddDate(0, 3, 0))
	}
	planned := walkedOf[key][line]
	walkedMu.Unlock()
	s.jobs = append(s.jobs, job)
	s.ref.byName[name] = &refJob{name: name, planned: planned, rule: job.Misfire.Rule, grace: time.Duration(job.Misfire.Grace), cap: job.Misfire.Cap, after: job.After,
		tries: map[string]int{"fails": 3, "dies": 3, "interrupted": 3}, wait: 20 * time.Minute, rows: map[time.Time]*refRow{}, open: map[time.Time]*refRow{}}
}

// round is a tick, and what happens until the next.
func (s *simulation) round() {
	busy := map[string]bool{}
	var held []*os.File
	if s.random.IntN(30) == 0 { // a run by hand has a job
		name := s.jobs[s.random.IntN(len(s.jobs))].Name
		f, err := s.l.lockJob(name)
		if err != nil {
			s.t.Errorf("seed %d: %v", s.seed, err)
			return
		}
		busy[name], held = true, append(held, f)
		s.f.busy++
	}
	next := s.tick(busy)
	for _, f := range held {
		f.Close()
	}
	if s.t.Failed() {
		return
	}
	switch n := s.random.IntN(1000); {
	case n < 15: // the clock is set back by some minutes
		s.now = s.ref.shown.Add(-time.Duration(s.random.IntN(10*60)) * time.Second)
		s.f.back++
		return
	case n < 20: // it was ahead by mistake, is found out, and is set right
		right := s.now
		s.now = s.now.Add(time.Duration(1+s.random.IntN(20*24)) * time.Hour)
		s.f.ahead++
		s.tick(nil)
		s.now = right
		if s.ref.certain.After(s.now.Add(clockSlack)) { // else nothing was written
			s.refuse()
		}
		s.accept()
		return
	case n < 23: // off for up to two months
		s.now = s.now.Add(time.Duration(s.random.IntN(60*24)) * time.Hour)
	case n < 700: // a scheduler sleeps until something is due
		if next != nil && next.After(s.now) {
			s.now = next.UTC().Add(time.Duration(s.random.IntN(5)) * time.Second).Truncate(time.Second)
			return
		}
		fallthrough
	default: // a timer ticks
		s.now = s.now.Add(time.Duration(1+s.random.IntN(12*60)) * time.Minute)
	}
	if s.random.IntN(20) == 0 {
		s.restart()
	}
}

func (s *simulation) restart() {
	s.l.close()
	l, err := openLedger(context.Background(), s.dir)
	if err != nil {
		s.t.Errorf("seed %d: %v", s.seed, err)
		return
	}
	s.l = l
	s.f.restarts++
}

func (s *simulation) options() Options {
	o := Options{Clock: func() time.Time { return s.now }, beat: time.Hour}
	var doing act
	o.build = func(_ context.Context, job *Job, result *RunResult, _ Options) error {
		var number int
		if err := s.l.db.QueryRow("SELECT max(number) FROM attempt a JOIN occurrence o ON o.id = a.occurrence WHERE o.job = ? AND o.planned = ?",
			job.Name, planned(*result.Planned)).Scan(&number); err != nil {
			return err
		}
		doing = s.ref.script.act(job.Name, *result.Planned, number)
		s.ran = append(s.ran, fmt.Sprintf("%s %s #%d at %s", job.Name, stamp(*result.Planned), number, stamp(s.now)))
		s.f.attempts++
		result.Steps = append(result.Steps, StepResult{Name: "extract"})
		if doing.ends == "dies at once" {
			runtime.Goexit()
		}
		s.now = s.now.Add(doing.takes)
		switch doing.ends {
		case "dies":
			runtime.Goexit()
		case "fails":
			return errors.New("the share is away")
		case "interrupted":
			return context.Canceled
		case "damaged":
			return source404
		}
		return nil
	}
	o.Logger = slog.New(dying{slog.DiscardHandler, func() bool { return doing.ends == "well, then dies" }})
	return o.withDefaults()
}

// source404 is of a class that is not tried again.
var source404 = &TimeLimitError{What: "the run", Limit: time.Hour}

// dying is a handler of log lines that ends its process when a run has ended.
type dying struct {
	slog.Handler
	dies func() bool
}

func (d dying) Enabled(context.Context, slog.Level) bool { return true }
func (d dying) WithAttrs([]slog.Attr) slog.Handler       { return d }
func (d dying) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "run ends" && d.dies() {
		runtime.Goexit()
	}
	return nil
}

// tick ticks both and compares what they ran; a process that dies takes its goroutine with it, with all that a kernel would
// close.
func (s *simulation) tick(busy map[string]bool) (next *time.Time) {
	s.f.ticks++
	s.ref.now = s.now
	s.ran, s.ref.ran = nil, nil
	died := true
	done := make(chan struct{})
	go func() {
		defer close(done)
		report, err := s.l.tickAll(context.Background(), s.jobs, nil, s.options())
		died = false
		if report == nil {
			s.t.Errorf("seed %d: the tick at %s is refused: %v", s.seed, stamp(s.now), err)
			return
		}
		for _, j := range report.Jobs {
			if j.Error != "" && j.Planned == nil {
				s.t.Errorf("seed %d: job %s: %s", s.seed, j.Job, j.Error)
			}
		}
		next = report.Next
	}()
	<-done
	if died {
		s.f.deaths++
		s.restart()
	}
	problem := s.ref.tick(busy, func(job string, at time.Time) time.Time {
		var due string
		if err := s.l.db.QueryRow("SELECT coalesce(due, '') FROM occurrence WHERE job = ? AND planned = ?", job, planned(at)).Scan(&due); err != nil {
			s.t.Errorf("seed %d: %v", s.seed, err)
			return time.Time{}
		}
		t, err := time.Parse(time.RFC3339, due)
		if err != nil { // it began again within this tick, or something is wrong
			return time.Time{}
		}
		return t
	})
	if problem != "" {
		s.t.Errorf("seed %d: %s", s.seed, problem)
	}
	if !slices.Equal(s.ran, s.ref.ran) {
		s.t.Errorf("seed %d: the tick ran\n%q\nwant\n%q", s.seed, s.ran, s.ref.ran)
	}
	s.now = s.ref.now
	return next
}

// refuse ticks on a clock that is well before what is in the ledger.
func (s *simulation) refuse() {
	report, err := s.l.tickAll(context.Background(), s.jobs, nil, s.options())
	s.f.refused++
	if report != nil || ClassOf(err) != ClassClock {
		s.t.Errorf("seed %d: a clock at %s is not refused: %v", s.seed, stamp(s.now), err)
	}
}

// accept is the person who says that the clock is right now.
func (s *simulation) accept() {
	if err := AcceptClock(context.Background(), s.dir, s.options()); err != nil {
		s.t.Errorf("seed %d: %v", s.seed, err)
	}
	s.ref.shown, s.ref.certain = s.now, s.now
	for _, job := range s.ref.jobs {
		for _, row := range job.rows {
			if row.due.After(s.now) {
				row.due = s.now
			}
		}
	}
}

// compare holds the ledger against the reference, and both against the planned times.
func (s *simulation) compare(end time.Time) {
	if s.t.Failed() {
		return
	}
	s.now = later(end, s.ref.shown)
	s.tick(nil)
	for _, job := range s.ref.jobs {
		got, err := s.rows(job.name)
		if err != nil {
			s.t.Errorf("seed %d: %v", s.seed, err)
			return
		}
		for _, at := range job.planned {
			row := job.rows[at]
			if row == nil {
				if at.After(job.seen) {
					continue
				}
				s.f.missed++
				s.t.Errorf("seed %d: the reference lacks %s %s", s.seed, job.name, stamp(at))
				continue
			}
			s.f.planned++
			states := got[stamp(at)]
			delete(got, stamp(at))
			if len(states) == 0 {
				s.f.missed++
				s.t.Errorf("seed %d: %s %s is not in the ledger", s.seed, job.name, stamp(at))
				continue
			}
			if len(states) > 1 || row.good > 1 {
				s.f.doubled++
				s.t.Errorf("seed %d: %s %s is there %v, %d successes", s.seed, job.name, stamp(at), states, row.good)
			}
			want := row.state
			switch states[0] {
			case "succeeded":
				s.f.succeeded++
			case "failed":
				s.f.failed++
			case "missed":
				s.f.missedByRule++
			default:
				s.f.waiting++
			}
			if state := states[0]; state != want && !(want == "again" && (state == "lost" || state == "retry")) {
				s.t.Errorf("seed %d: %s %s is %s, want %s", s.seed, job.name, stamp(at), state, want)
			}
		}
		for at, states := range got {
			s.f.doubled++
			s.t.Errorf("seed %d: %s is %v for %s, which is no planned time", s.seed, job.name, states, at)
		}
	}
}

// rows are the states of a job's planned times in the ledger, those of its gaps among them.
func (s *simulation) rows(job string) (map[string][]string, error) {
	out := map[string][]string{}
	rows, err := s.l.db.Query("SELECT o.planned, o.state, (SELECT count(*) FROM attempt a WHERE a.occurrence = o.id AND a.state IN ('succeeded', 'skipped')) FROM occurrence o WHERE o.job = ?", job)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var at, state string
		var good int
		if err := rows.Scan(&at, &state, &good); err != nil {
			return nil, err
		}
		out[at] = append(out[at], state)
		for range good - 1 {
			out[at] = append(out[at], "succeeded again")
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	gaps, err := s.l.db.Query("SELECT first, last FROM gap WHERE job = ?", job)
	if err != nil {
		return nil, err
	}
	defer gaps.Close()
	for gaps.Next() {
		var first, last string
		if err := gaps.Scan(&first, &last); err != nil {
			return nil, err
		}
		for _, at := range s.ref.byName[job].planned {
			if text := stamp(at); text >= first && text <= last && out[text] == nil {
				out[text] = []string{"missed"}
			}
		}
	}
	return out, gaps.Err()
}
