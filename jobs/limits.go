package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"farr/internal/source"
)

// Limits bound a run of a job.
type Limits struct {
	Time   Duration            `yaml:"time"`   // of a run; 0: none
	Steps  map[string]Duration `yaml:"steps"`  // of a step, by its name
	Memory Bytes               `yaml:"memory"` // of the steps, which run in a process of their own then; 0: none
	Disk   Bytes               `yaml:"disk"`   // that a run may take beside what is published, and that must be free for each step; 0: none
}

// TimeLimitError is a run that was ended because it took too long.
type TimeLimitError struct {
	What  string // the run, or a step of it
	Limit time.Duration
}

func (e *TimeLimitError) Error() string {
	return fmt.Sprintf("%s took longer than its limit of %s and was ended", e.What, Duration(e.Limit))
}

// limits checks that each can be kept.
func (c checker) limits(job *Job) {
	if c.doc.Has("limits", "time") && job.Limits.Time == 0 {
		c.doc.Report("zero-limit", "with a limit of zero every run would fail", "4h, or remove it", "limits", "time")
	}
	for _, step := range slices.Sorted(maps.Keys(job.Limits.Steps)) {
		switch {
		case !slices.Contains(stepNames, step):
			c.doc.Report("unknown-value", fmt.Sprintf("no step %q", step), cmp.Or(source.DidYouMean(step, stepNames), "one of "+strings.Join(stepNames, ", ")), "limits", "steps", step)
		case c.doc.Has("limits", "steps", step) && job.Limits.Steps[step] == 0:
			c.doc.Report("zero-limit", "with a limit of zero every run would fail", "4h, or remove it", "limits", "steps", step)
		}
	}
	if c.doc.Has("limits", "disk") && job.Limits.Disk == 0 {
		c.doc.Report("zero-limit", "with a limit of zero every run would fail", "20GB, or remove it", "limits", "disk")
	}
	c.memory(job)
}

// stepNames are the steps that a run may have.
var stepNames = []string{"extract", "risk", "measure", "report"}

// timed does a step within its limit.
func (job *Job) timed(ctx context.Context, step string, do func(ctx context.Context) error) error {
	within, done := limited(ctx, "step "+step, job.Limits.Steps[step])
	defer done()
	return outcome(within, do(within))
}

// limited is ctx with a limit on what; 0 is none. What does not end in time ends with a TimeLimitError by outcome.
func limited(ctx context.Context, what string, limit Duration) (context.Context, context.CancelFunc) {
	if limit == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, time.Duration(limit), &TimeLimitError{what, time.Duration(limit)})
}

// outcome is err, or why ctx was cancelled where err comes of that.
func outcome(ctx context.Context, err error) error {
	if err == nil || !(errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return err
	}
	var late *TimeLimitError
	var full *DiskLimitError
	if cause := context.Cause(ctx); errors.As(cause, &late) || errors.As(cause, &full) || errors.Is(cause, errTakenOver) || errors.Is(cause, errCancelled) {
		return cause
	}
	return err
}
