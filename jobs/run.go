package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"farr/datasets"
	"farr/internal/progress"
	"farr/measures"
	"farr/reports"
)

// Options are what a run needs besides its job file. The zero value will do.
type Options struct {
	Clock    func() time.Time  // nil: time.Now
	Logger   *slog.Logger      // nil: silent; see NewLogger
	Progress progress.Func     // nil: silent
	Keys     *datasets.KeyRing // nil: a new one; keys that were read from fd:N and env:NAME
	Browser  string            // Chromium for jobs that print; empty: the first on the path

	Child Child // of runs with a memory limit; nil: they run in this process, and their limit is not kept

	build builder       // nil: build; tests put theirs
	beat  time.Duration // between signs of life; 0: beatEvery

	compactAt int // increments of which one is made; 0: compactFrom
}

// builder does the work of a job and fills in the result as it goes.
type builder func(ctx context.Context, job *Job, result *RunResult, o Options) error

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Keys == nil {
		o.Keys = &datasets.KeyRing{}
	}
	if o.build == nil {
		o.build = build
	}
	if o.compactAt == 0 {
		o.compactAt = compactFrom
	}
	if o.beat == 0 {
		o.beat = beatEvery
	}
	return o
}

// RunResult is what one run of a job made.
type RunResult struct {
	Job     string     `json:"job"`
	Planned *time.Time `json:"planned,omitempty"` // absent for a run by hand
	Started time.Time  `json:"started"`
	Ended   time.Time  `json:"ended"`
	Seconds float64    `json:"seconds"`
	AsOf    string     `json:"as_of"` // last calendar day that the data know
	// CasesPassed are the assurance cases of the job's cohorts; with one that fails nothing runs.
	CasesPassed int          `json:"cases_passed,omitempty"`
	Steps       []StepResult `json:"steps"`
	// Extract accounts for every line that was read; where the rejected ones are is in
	// .farr/<job>.rejects.csv beside the job file.
	Extract *datasets.ExtractReport `json:"extract,omitempty"`
	Risk    *RiskResult             `json:"risk,omitempty"` // of the extract
	Bundle  string                  `json:"bundle"`         // folder of this bundle; "" where the job extracts alone
	Latest  string                  `json:"latest"`         // folder of the newest bundle, which this now is
	// Pruned is what went by the job's retention; nil without one.
	Pruned *Pruned `json:"pruned,omitempty"`
	// Unjudged are the measures whose targets cannot be judged, since records that they rest on lack.
	Unjudged []reports.Unjudged `json:"unjudged,omitempty"`
}

// StepResult is one step of a run.
type StepResult struct {
	Name     string  `json:"name"`               // extract, risk, measure or report
	Snapshot string  `json:"snapshot,omitempty"` // ID of what it made or found
	Skipped  bool    `json:"skipped"`            // it was made already
	Rows     int64   `json:"rows"`               // of what it made: resources, classes, aggregates, files
	Seconds  float64 `json:"seconds"`

	// Of an extract whose job loads what changed alone: full or changes, and why it was full.
	Load string   `json:"load,omitempty"`
	Why  []string `json:"why,omitempty"`
	// NotCompacted is why the extract's many increments could not be made one. The next run tries again.
	NotCompacted string `json:"not_compacted,omitempty"`
	// Doubts are, of the measures, the sites and sources that the job says are closed and that are not taken so.
	Doubts []measures.ClosedDoubt `json:"closed_doubts,omitempty"`
}

// notes says of a step which load it was, where there are several kinds, what was not taken, and what could not be done.
func (r *RunResult) notes(s StepResult) (lines []string) {
	switch s.Load {
	case loadChanges:
		lines = append(lines, "of what changed alone")
	case loadFull:
		lines = append(lines, "of everything: "+strings.Join(s.Why, "; "))
	}
	if s.Name == "extract" && r.Extract != nil {
		if r.Extract.Rejected > 0 {
			lines = append(lines, fmt.Sprintf("%d of %d lines were rejected: .farr/%s.rejects.csv says where and why", r.Extract.Rejected, r.Extract.Read, r.Job))
		}
		absent := func(of string, types []string) {
			if len(types) > 0 {
				lines = append(lines, of+"expected or asked for, and none is stored: "+strings.Join(types, ", "))
			}
		}
		lacks := func(of string, b *datasets.BulkReport) {
			if b != nil && len(datasets.Lacking(b.Issues)) > 0 {
				lines = append(lines, of+"the server says that records are missing from its export: "+strings.Join(datasets.Lacking(b.Issues), ", "))
			}
		}
		absent("", r.Extract.Absent)
		lacks("", r.Extract.Bulk)
		for _, one := range r.Extract.Sources {
			absent(one.Name+": ", one.Absent)
			lacks(one.Name+": ", one.Bulk)
		}
	}
	for _, doubt := range s.Doubts {
		lines = append(lines, doubt.String())
	}
	if s.NotCompacted != "" {
		lines = append(lines, "its increments could not be made one extract, which the next run tries again: "+s.NotCompacted)
	}
	return lines
}

// Unchanged tells whether every step was made already.
func (r *RunResult) Unchanged() bool {
	for _, s := range r.Steps {
		if !s.Skipped {
			return false
		}
	}
	return len(r.Steps) > 0
}

// WriteText writes the result for a person.
func (r *RunResult) WriteText(w io.Writer) error {
	p := &printer{w: w}
	if r.CasesPassed > 0 {
		p.linef("cases    %d of cohorts passed", r.CasesPassed)
	}
	for _, s := range r.Steps {
		done := fmt.Sprintf("%.1f s", s.Seconds)
		if s.Skipped {
			done = "made already"
		}
		p.linef("%-8s %-12s %12d rows  %s", s.Name, s.Snapshot[:min(12, len(s.Snapshot))], s.Rows, done)
		for _, text := range r.notes(s) {
			p.linef("         %s", text)
		}
	}
	if r.Risk != nil {
		p.linef("risk     %s", r.Risk.Summary)
		for _, b := range r.Risk.Breaches {
			p.linef("         beyond its threshold: %s is %.4g, %.4g allowed (gate: %s)", b.Figure, float64(b.Value), float64(b.Limit), r.Risk.Gate)
		}
	}
	if text := r.Pruned.summary(); text != "" {
		p.linef("pruned   %s", text)
	}
	p.linef("as of    %s", r.AsOf)
	if r.Latest != "" {
		p.linef("report   %s", filepath.Join(r.Latest, "index.html"))
	}
	return p.err
}

// Run runs the job now, whatever its schedule says, and records it in the ledger of
// the job file's folder as a run by hand. A job that is being run already is a
// LockedError, and one whose name another file of the folder has is a mistake in both. Steps that were made before
// are skipped, so Run again is how to resume.
func Run(ctx context.Context, job *Job, o Options) (*RunResult, error) {
	o = o.withDefaults()
	if err := job.nameIsItsOwn(); err != nil {
		return nil, err
	}
	l, err := openLedger(ctx, filepath.Dir(job.File))
	if err != nil {
		return nil, err
	}
	defer l.close()
	if err := l.checkClock(ctx, o.Clock()); err != nil {
		return nil, err
	}
	held, err := l.lockJob(job.Name)
	if err != nil {
		return nil, err
	}
	defer held.Close()
	if _, err := l.recover(ctx, job, o.Clock()); err != nil {
		return nil, err
	}
	result, _, err := l.run(ctx, job, 0, time.Time{}, o)
	return result, errors.Join(err, notTold(l.tell(ctx, job, o), err))
}

// notTold adds to a failure that somebody was not told of it. Where the run ended well nothing more is said: it is told later.
func notTold(wrong []string, failure error) error {
	if failure == nil || len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("nor was everybody told: %s", strings.Join(wrong, "; "))
}

// run does an occurrence between two rows of the ledger. The caller holds the job's lock.
func (l *ledger) run(ctx context.Context, job *Job, occurrence int64, at time.Time, o Options) (*RunResult, string, error) {
	started := o.Clock()
	a, err := l.begin(ctx, job.Name, occurrence, at, started)
	if err != nil {
		return nil, "", err
	}
	log := o.Logger.With("job", job.Name, "run", a.id)
	o.Logger = log
	result := &RunResult{Job: job.Name, Started: started.UTC(), Steps: []StepResult{}}
	if !at.IsZero() {
		planned := at.UTC()
		result.Planned = &planned
		log = log.With("planned", planned.Format(time.RFC3339))
	}
	log.Info("run begins", "attempt", a.number)
	failure := l.within(ctx, job, a, result, o)
	if failure == nil {
		result.Pruned = l.pruneAfter(ctx, job, a, result, o)
	}
	ended := o.Clock()
	result.Ended, result.Seconds = ended.UTC(), ended.Sub(started).Seconds()
	state, err := l.end(ctx, job, a, result, failure, ended)
	if err != nil {
		return nil, "", errors.Join(err, failure)
	}
	if failure != nil {
		// The error's text is the caller's to show: returned, not logged as well.
		log.Error("run ends", "state", state, "class", string(ClassOf(failure)), "dur", ended.Sub(started))
		return nil, state, failure
	}
	log.Info("run ends", "state", state, "dur", ended.Sub(started))
	return result, state, nil
}

// beatEvery is how often a run writes a sign of life, and looks whether it is to end.
const beatEvery = 5 * time.Second

// within builds within the job's limits, with signs of life, until somebody asks for the end.
func (l *ledger) within(ctx context.Context, job *Job, a attempt, result *RunResult, o Options) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	within, done := limited(ctx, "the run", job.Limits.Time)
	defer done()
	defer every(o.beat, func() {
		// A beat that the disk refuses is not the end of a run: its end says so, or succeeds.
		if err := l.beat(context.WithoutCancel(ctx), a, o.Clock()); errors.Is(err, errTakenOver) || errors.Is(err, errCancelled) {
			stop(err)
		}
	})()
	return outcome(within, safely(within, job, result, o))
}

// every calls do again and again, until ended is called; there is no call behind that.
func every(pause time.Duration, do func()) (ended func()) {
	end, quiet := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(quiet)
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				return
			case <-ticker.C:
				do()
			}
		}
	}()
	return func() { close(end); <-quiet }
}

// safely builds, and turns a panic into an error that names no value: what a panic
// says may come from a row.
func safely(ctx context.Context, job *Job, result *RunResult, o Options) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("job %q: a defect in farr, please report it: panic of type %T after step %s, in %s",
				job.Name, p, lastStep(result), panicPlace())
		}
	}()
	if job.Limits.Memory > 0 && o.Child != nil {
		return inChild(ctx, job, result, o)
	}
	return o.build(ctx, job, result, o)
}

func lastStep(r *RunResult) string {
	if len(r.Steps) == 0 {
		return "none"
	}
	return r.Steps[len(r.Steps)-1].Name
}

// panicPlace is the function and line that panicked, seen from a deferred function.
func panicPlace() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") || !more {
			return fmt.Sprintf("%s:%d", f.Function, f.Line)
		}
	}
}

// parseResult reads a result from the ledger; nil when there is none.
func parseResult(text string) (*RunResult, error) {
	if text == "" {
		return nil, nil
	}
	var r RunResult
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return nil, fmt.Errorf("result in the ledger: %w", err)
	}
	return &r, nil
}
