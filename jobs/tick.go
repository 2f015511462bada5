package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"farr/internal/source"
)

// TickReport is what a tick found and did.
type TickReport struct {
	Folder string     `json:"folder"`
	At     time.Time  `json:"at"`
	Jobs   []TickJob  `json:"jobs"`
	Wrong  []string   `json:"wrong"`            // mistakes in job files, one a line; those jobs were not looked at
	Untold []string   `json:"untold,omitempty"` // sinks that did not take an alert: they get it later
	Next   *time.Time `json:"next,omitempty"`   // when something is due again
}

// TickJob is what a tick did about one job.
type TickJob struct {
	Job       string     `json:"job"`
	Did       string     `json:"did"` // nothing, first-seen, busy, waits, not recorded, or the state of what was run
	Planned   *time.Time `json:"planned,omitempty"`
	Missed    int        `json:"missed"`    // planned times that nobody will run now
	Lost      int        `json:"lost"`      // runs found dead
	Forgotten int        `json:"forgotten"` // planned times noted ahead of a clock that went back
	Class     Class      `json:"class,omitempty"`
	Error     string     `json:"error,omitempty"`
	Result    *RunResult `json:"result,omitempty"`
	Waits     string     `json:"waits,omitempty"` // for what, when it does
	Next      *time.Time `json:"next,omitempty"`  // when something is due again, or may be tried again

	err error
}

// Tick notes what is due of the jobs in folder, runs it, one job after the other, and
// ends. Another tick at work is a LockedError. The error joins what went wrong with
// each job; the report is complete all the same, except when there is no report.
func Tick(ctx context.Context, folder string, o Options) (*TickReport, error) {
	o = o.withDefaults()
	l, closed, err := openAlone(ctx, folder, nil)
	if err != nil {
		return nil, err
	}
	defer closed()
	return l.load(ctx, folder, o)
}

// tickAll is a tick of jobs that were loaded, those that others come after first. The caller holds the folder's lock.
func (l *ledger) tickAll(ctx context.Context, jobs []*Job, wrong source.Diagnostics, o Options) (*TickReport, error) {
	if err := l.checkClock(ctx, o.Clock()); err != nil {
		return nil, err
	}
	folder := l.folder()
	report := &TickReport{Folder: folder, At: o.Clock().UTC(), Jobs: []TickJob{}, Wrong: []string{}}
	failures := []error{wrong.Err()}
	for _, d := range wrong {
		report.Wrong = append(report.Wrong, d.Error())
	}
	for _, job := range jobs {
		if ctx.Err() != nil {
			failures = append(failures, ctx.Err())
			break
		}
		ran, err := l.tick(ctx, job, o)
		for _, t := range ran {
			if t.Next != nil && (report.Next == nil || t.Next.Before(*report.Next)) {
				report.Next = t.Next
			}
			if t.Error != "" {
				failures = append(failures, fmt.Errorf("job %q: %w", job.Name, t.err))
			}
		}
		if len(job.sinks()) > 0 {
			silence := l.silent(ctx, job, o.Clock())
			report.Untold = append(report.Untold, l.tell(ctx, job, o)...)
			err = errors.Join(err, silence)
		}
		if err != nil {
			ran = append(ran, TickJob{Job: job.Name, Did: "nothing", Class: ClassOf(err), Error: err.Error()})
			failures = append(failures, fmt.Errorf("job %q: %w", job.Name, err))
		}
		report.Jobs = append(report.Jobs, ran...)
	}
	return report, errors.Join(failures...)
}

// tick does one job's part of a tick: an entry for each planned time that was run, or one that says why none was.
func (l *ledger) tick(ctx context.Context, job *Job, o Options) ([]TickJob, error) {
	t := TickJob{Job: job.Name, Did: "nothing"}
	now := o.Clock()
	if job.Schedule != nil {
		next := job.Schedule.Next(now).UTC()
		t.Next = &next
	}
	held, err := l.lockJob(job.Name)
	var busy *LockedError
	switch {
	case errors.As(err, &busy):
		t.Did = "busy" // what is due waits in the ledger for the next tick
	case err != nil:
		return nil, err
	default:
		defer held.Close()
		if t.Lost, err = l.recover(ctx, job, now); err != nil {
			return nil, err
		}
	}
	n, err := l.note(ctx, job, now)
	if err != nil {
		return nil, err
	}
	t.Missed, t.Forgotten = n.Missed, n.Forgotten
	if n.First {
		t.Did = "first-seen"
	}
	if held == nil || job.Schedule == nil {
		return []TickJob{t}, nil
	}
	list, again, err := l.due(ctx, job.Name, now)
	if err != nil {
		return []TickJob{t}, err
	}
	ran, err := l.runDue(ctx, job, list, t, o)
	if err != nil {
		return ran, err
	}
	if len(list) > 0 {
		_, again, err = l.due(context.WithoutCancel(ctx), job.Name, o.Clock())
	}
	if again != nil && again.Before(*t.Next) {
		ran[len(ran)-1].Next = again
	}
	return ran, err
}

// runDue runs the occurrences of a list one after the other. The first entry is t, with what the tick found.
func (l *ledger) runDue(ctx context.Context, job *Job, list []waiting, t TickJob, o Options) ([]TickJob, error) {
	var ran []TickJob
	for _, w := range list {
		if len(ran) > 0 && ctx.Err() != nil {
			break
		}
		held, err := l.heldBack(ctx, job, w.at)
		if err != nil {
			return append(ran, t), err
		}
		at := w.at.UTC()
		t.Planned = &at
		if held != "" {
			t.Did, t.Waits = "waits", held
			return append(ran, t), nil
		}
		t.Result, t.Did, t.err = l.run(ctx, job, w.id, w.at, o)
		if errors.Is(t.err, errNotWaiting) { // a person has cancelled it since the list was made
			t.Did, t.Planned, t.err = "nothing", nil, nil
			continue
		}
		if t.err != nil {
			t.Class, t.Error = ClassOf(t.err), t.err.Error()
			if t.Did == "" { // the ledger could not be written
				t.Did = "not recorded"
				return append(ran, t), nil
			}
		}
		ran = append(ran, t)
		t = TickJob{Job: job.Name, Next: t.Next}
	}
	if len(ran) == 0 {
		ran = append(ran, t)
	}
	return ran, nil
}

// Quiet tells whether a tick found nothing to tell: most do.
func (r *TickReport) Quiet() bool {
	for _, t := range r.Jobs {
		if t.Did != "nothing" || t.Missed+t.Lost+t.Forgotten > 0 || t.Error != "" {
			return false
		}
	}
	return len(r.Untold) == 0
}

// WriteText writes the report for a person: a line for each job something was done
// about, and what comes next. Mistakes in job files are in the error of Tick.
func (r *TickReport) WriteText(w io.Writer) error {
	p := &printer{w: w}
	for _, t := range r.Jobs {
		if t.Lost > 0 {
			p.linef("%s: %d earlier run(s) ended without a word (see farr runs)", t.Job, t.Lost)
		}
		if t.Missed > 0 {
			p.linef("%s: %d planned time(s) missed and not made up for", t.Job, t.Missed)
		}
		if t.Forgotten > 0 {
			p.linef("%s: the clock went back; %d planned time(s) will be noted again", t.Job, t.Forgotten)
		}
		switch {
		case t.Did == "nothing":
		case t.Did == "first-seen":
			p.linef("%s: seen for the first time; nothing is owed for the past", t.Job)
		case t.Did == "busy":
			p.linef("%s: being run by another process", t.Job)
		case t.Did == "waits":
			p.linef("%s: waits for %s, planned for %s", t.Job, t.Waits, t.Planned.Format(time.RFC3339))
		case t.Did == "skipped":
			p.linef("%s: found all made already, planned for %s", t.Job, t.Planned.Format(time.RFC3339))
		case t.Planned != nil:
			p.linef("%s: %s, planned for %s", t.Job, t.Did, t.Planned.Format(time.RFC3339))
		}
		if t.Result != nil {
			if text := t.Result.Pruned.summary(); text != "" {
				p.linef("  %s", text)
			}
		}
		if t.Error != "" {
			p.linef("  %s: %s\n  to do: %s", t.Class, t.Error, adviceOn(t.Class, t.Did == "lost" || t.Did == "retry"))
		}
	}
	for _, u := range r.Untold {
		p.linef("an alert is not taken, and is sent again later: %s", u)
	}
	switch {
	case r.Next != nil:
		p.linef("next: %s", r.Next.Format(time.RFC3339))
	case len(r.Jobs)+len(r.Wrong) == 0:
		p.linef("no job in %s", r.Folder)
	}
	return p.err
}

// printer writes lines until one fails.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) linef(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}
