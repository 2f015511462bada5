package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// RunList is the newest runs of a folder's jobs.
type RunList struct {
	Folder string      `json:"folder"`
	Job    string      `json:"job,omitempty"` // the one that was asked for
	Runs   []ListedRun `json:"runs"`          // the newest first
	// Missed are planned times of the job that was asked for which nobody ran: the newest, at most so many.
	Missed []time.Time `json:"missed,omitempty"`
}

// ListedRun is an attempt, of which job it is, and what to do about it.
type ListedRun struct {
	Job string `json:"job"`
	Attempt
	Outcome string `json:"outcome"` // the state of its planned time now
	Advice  string `json:"advice,omitempty"`
}

// ErrNoLedger means that nothing has run in a folder yet.
var ErrNoLedger = errors.New("no job has run in this folder, so there is no ledger")

// openKnown opens a ledger that is there, for what needs one.
func openKnown(ctx context.Context, folder string) (*ledger, error) {
	if _, err := os.Stat(filepath.Join(folder, ledgerDir, ledgerFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", folder, ErrNoLedger)
	}
	return openLedger(ctx, folder)
}

// Runs lists the newest runs, at most so many, of one job or, where it is "", of all. It changes nothing.
func Runs(ctx context.Context, folder, job string, most int) (*RunList, error) {
	l, err := openKnown(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer l.close()
	if job != "" {
		if _, err := l.jobNamed(ctx, folder, job); err != nil {
			return nil, err
		}
	}
	rows, err := l.db.QueryContext(ctx, "SELECT o.job, o.state, "+attemptColumns+" FROM attempt a JOIN occurrence o ON o.id = a.occurrence"+
		" WHERE ?1 = '' OR o.job = ?1 ORDER BY a.id DESC LIMIT ?2", job, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := &RunList{Folder: folder, Job: job, Runs: []ListedRun{}}
	for rows.Next() {
		var r ListedRun
		if err := scanAttempt(&r.Attempt, func(to ...any) error { return rows.Scan(append([]any{&r.Job, &r.Outcome}, to...)...) }); err != nil {
			return nil, err
		}
		if r.State == "running" && !isLocked(l.jobLock(r.Job)) { // its process has died, and no tick has found that yet
			r.State, r.Class = "lost", ClassCrashed
		}
		if r.Class != "" && r.Outcome != "succeeded" && r.Outcome != "skipped" {
			r.Advice = adviceOn(r.Class, r.Outcome == "lost" || r.Outcome == "retry")
		}
		list.Runs = append(list.Runs, r)
	}
	if err := rows.Err(); err != nil || job == "" {
		return list, err
	}
	rows.Close()
	list.Missed, err = l.neverRun(ctx, job, most)
	return list, err
}

// neverRun are the newest planned times of a job that were missed or cancelled before anything of them ran.
func (l *ledger) neverRun(ctx context.Context, job string, most int) (times []time.Time, err error) {
	rows, err := l.db.QueryContext(ctx, `SELECT planned FROM occurrence o WHERE job = ? AND planned IS NOT NULL AND state IN ('missed', 'cancelled')
		AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.occurrence = o.id) ORDER BY planned DESC LIMIT ?`, job, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text sql.NullString
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		at, err := parseTime(text)
		if err != nil {
			return nil, err
		}
		times = append(times, at.UTC())
	}
	return times, rows.Err()
}

// WriteText writes the runs for a person: when, for which planned time, how it ended and why, and how long each step took.
func (r *RunList) WriteText(w io.Writer) error {
	p := &printer{w: w}
	for _, x := range r.Runs {
		planned := "by hand"
		if x.Planned != nil {
			planned = "for " + x.Planned.Format(time.RFC3339)
		}
		took := "since"
		if x.Ended != nil {
			took = fmt.Sprintf("%.0f s", x.Ended.Sub(x.Started).Seconds())
		}
		p.linef("%-6d %s  %-20s %-10s %8s  %s, attempt %d", x.Run, x.Started.Format(time.RFC3339), x.Job, x.State, took, planned, x.Number)
		if x.State == "running" {
			p.linef("       process %d on %s%s", x.Process, x.Host, lastSign(x.Beat))
		}
		if x.Result != nil {
			var steps []string
			for _, s := range x.Result.Steps {
				done := fmt.Sprintf("%.0f s", s.Seconds)
				if s.Skipped {
					done = "made already"
				}
				steps = append(steps, s.Name+" "+done)
			}
			p.linef("       %s", strings.Join(steps, ", "))
			for _, s := range x.Result.Steps {
				for _, text := range x.Result.notes(s) {
					p.linef("       %s %s", s.Name, text)
				}
			}
			if text := x.Result.Pruned.summary(); text != "" {
				p.linef("       %s", text)
			}
		}
		if x.Error != "" {
			p.linef("       %s: %s", x.Class, strings.ReplaceAll(x.Error, "\n", "\n       "))
		}
		if x.Advice != "" {
			p.linef("       to do: %s", x.Advice)
		}
	}
	for _, at := range r.Missed {
		p.linef("%-6s %s  %-20s never run", "-", at.Format(time.RFC3339), r.Job)
	}
	switch {
	case len(r.Runs)+len(r.Missed) == 0 && r.Job != "":
		p.linef("no run of a job %q in %s", r.Job, r.Folder)
	case len(r.Runs)+len(r.Missed) == 0:
		p.linef("no run in %s", r.Folder)
	}
	return p.err
}

func lastSign(beat *time.Time) string {
	if beat == nil {
		return ""
	}
	return ", last sign of life " + beat.Format(time.RFC3339)
}
