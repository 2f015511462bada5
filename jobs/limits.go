package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Limits bound a run of a job.
type Limits struct {
	Time   Duration `yaml:"time"`   // of a run; 0: none
	Memory Bytes    `yaml:"memory"` // of the steps, which run in a process of their own then; 0: none
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
	c.memory(job)
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
	if cause := context.Cause(ctx); errors.As(cause, &late) || errors.Is(cause, errTakenOver) || errors.Is(cause, errCancelled) {
		return cause
	}
	return err
}
