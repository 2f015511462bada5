package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// TickReport is what a tick found and did.
type TickReport struct {
	Folder string     `json:"folder"`
	At     time.Time  `json:"at"`
	Jobs   []TickJob  `json:"jobs"`
	Wrong  []string   `json:"wrong"`          // mistakes in job files, one a line; those jobs were not looked at
	Next   *time.Time `json:"next,omitempty"` // when something is due again
}

// TickJob is what a tick did about one job.
type TickJob struct {
	Job       string     `json:"job"`
	Did       string     `json:"did"` // nothing, first-seen, busy, or the state of what was run
	Planned   *time.Time `json:"planned,omitempty"`
	Missed    int        `json:"missed"`    // planned times that nobody will run now
	Lost      int        `json:"lost"`      // runs found dead
	Forgotten int        `json:"forgotten"` // planned times noted ahead of a clock that went back
	Class     Class      `json:"class,omitempty"`
	Error     string     `json:"error,omitempty"`
	Result    *RunResult `json:"result,omitempty"`
	Next      *time.Time `json:"next,omitempty"`
}

// Tick notes what is due of the jobs in folder, runs it, one job after the other, and
// ends. Another tick at work is a LockedError. The error joins what went wrong with
// each job; the report is complete all the same, except when there is no report.
func Tick(ctx context.Context, folder string, o Options) (*TickReport, error) {
	o = o.withDefaults()
	jobs, wrong, err := LoadFolder(folder)
	if err != nil {
		return nil, err
	}
	l, err := openLedger(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer l.close()
	held, err := lock(filepath.Join(l.dir, tickLock), "the folder "+folder)
	if err != nil {
		return nil, err
	}
	defer held.Close()

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
		t, err := l.tick(ctx, job, o)
		if err != nil {
			t.Class, t.Error = ClassOf(err), err.Error()
			failures = append(failures, fmt.Errorf("job %q: %w", job.Name, err))
		}
		if t.Next != nil && (report.Next == nil || t.Next.Before(*report.Next)) {
			report.Next = t.Next
		}
		report.Jobs = append(report.Jobs, t)
	}
	return report, errors.Join(failures...)
}

// tick does one job's part of a tick.
func (l *ledger) tick(ctx context.Context, job *Job, o Options) (TickJob, error) {
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
		return t, err
	default:
		defer held.Close()
		if t.Lost, err = l.recover(ctx, job.Name, now); err != nil {
			return t, err
		}
	}
	n, err := l.note(ctx, job, now)
	if err != nil {
		return t, err
	}
	t.Missed, t.Forgotten = n.Missed, n.Forgotten
	if n.First {
		t.Did = "first-seen"
	}
	if held == nil || job.Schedule == nil {
		return t, nil
	}
	id, at, found, err := l.due(ctx, job.Name)
	if err != nil || !found {
		return t, err
	}
	planned := at.UTC()
	t.Planned = &planned
	t.Result, t.Did, err = l.run(ctx, job, id, at, o)
	return t, err
}

// WriteText writes the report for a person: a line for each job something was done
// about, and what comes next.
func (r *TickReport) WriteText(w io.Writer) error {
	p := &printer{w: w}
	for _, d := range r.Wrong {
		p.linef("%s", d)
	}
	for _, t := range r.Jobs {
		if t.Lost > 0 {
			p.linef("%s: %d earlier run(s) ended without a word", t.Job, t.Lost)
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
		case t.Planned != nil:
			p.linef("%s: %s, planned for %s", t.Job, t.Did, t.Planned.Format(time.RFC3339))
		}
		if t.Error != "" {
			p.linef("  %s: %s\n  to do: %s", t.Class, t.Error, advice[t.Class])
		}
	}
	switch {
	case r.Next != nil:
		p.linef("next: %s", r.Next.Format(time.RFC3339))
	case len(r.Jobs) == 0:
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
