package jobs

import (
	"context"
	"time"
)

// lookEvery is how long a scheduler sleeps at most: files change, a person asks for a retry, and the clock may be set.
const lookEvery = time.Minute

// Loop ticks the folder whenever something is due, until ctx ends. Each is given what every tick found, as Tick returns
// it; a failed job does not end the loop. A folder in which another scheduler or tick is at work is a LockedError at once.
func Loop(ctx context.Context, folder string, o Options, each func(*TickReport, error)) error {
	o = o.withDefaults()
	l, closed, err := openAlone(ctx, folder, nil)
	if err != nil {
		return err
	}
	defer closed()
	for {
		report, err := l.load(ctx, folder, o)
		if ctx.Err() != nil {
			each(report, err)
			return nil
		}
		each(report, err)
		wait := lookEvery
		if report != nil && report.Next != nil {
			wait = min(wait, max(report.Next.Sub(o.Clock()), 0))
		}
		timer := time.NewTimer(max(wait, time.Second))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// load is a tick of the folder's files as they are now.
func (l *ledger) load(ctx context.Context, folder string, o Options) (*TickReport, error) {
	jobs, wrong, err := LoadFolder(folder)
	if err != nil {
		return nil, err
	}
	return l.tickAll(ctx, jobs, wrong, o)
}
