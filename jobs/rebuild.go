package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"farr/datasets"
	"farr/internal/disk"
)

// Rebuilt is what a ledger was made of again.
type Rebuilt struct {
	Jobs int `json:"jobs"` // of which there was something
	Runs int `json:"runs"`
}

// Rebuild makes the ledger of a folder again, where it is lost, of what the logs of its jobs' stores say of runs: when each
// began, for which planned time, and how it ended. Planned times after the last one that ran are noted by the next tick, under
// the job's misfire rule. What only the ledger knew is lost: times that were missed, errors, and how long steps took. A run that
// failed is not run again by itself. A run that a person ended is cancelled; one with a memory limit, whose steps are told to end and
// not why, is interrupted. Another tick, scheduler or run at work is a LockedError.
func Rebuild(ctx context.Context, folder string, o Options) (*Rebuilt, error) {
	o = o.withDefaults()
	jobs, wrong, err := LoadFolder(folder)
	if err != nil {
		return nil, err
	}
	if err := wrong.Err(); err != nil { // a job that is left out would be new to the next tick
		return nil, err
	}
	made := &Rebuilt{}
	_, closed, err := openAlone(ctx, folder, func(l *ledger) error {
		for _, of := range sqliteFiles {
			path := filepath.Join(l.dir, ledgerFile+of)
			if info, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) && (err != nil || info.Size() > 0) {
				return fmt.Errorf("%s is there: move it and what begins with its name away first, so that nothing is lost by this", path)
			}
		}
		runs := map[*Job][]loggedRun{}
		for _, job := range jobs {
			held, err := l.lockJob(job.Name) // the end of its run would be in no ledger
			if err != nil {
				return err
			}
			defer held.Close()
			if runs[job], err = loggedRuns(ctx, job); err != nil {
				return fmt.Errorf("job %q: %w", job.Name, err)
			}
		}
		return l.rebuild(ctx, jobs, runs, made, o.Clock())
	})
	if err != nil {
		return nil, err
	}
	closed()
	return made, nil
}

// rebuiltFile is a ledger that is being made again. The next tick would take one that is half made for that of new jobs, so it gets
// its name when it is whole.
const rebuiltFile = "ledger.new"

func (l *ledger) rebuild(ctx context.Context, jobs []*Job, runs map[*Job][]loggedRun, made *Rebuilt, now time.Time) error {
	path := filepath.Join(l.dir, rebuiltFile)
	for _, of := range sqliteFiles { // of one that was killed
		if err := disk.Remove(path + of); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	fresh, err := openLedgerFile(ctx, l.folder(), rebuiltFile)
	if err != nil {
		return err
	}
	err = fresh.tx(ctx, func(tx *sql.Tx) error {
		for _, job := range jobs {
			if len(runs[job]) == 0 {
				continue
			}
			made.Jobs++
			made.Runs += len(runs[job])
			if err := rebuildJob(ctx, tx, job, runs[job], now); err != nil {
				return err
			}
		}
		return touch(ctx, tx, now)
	})
	if err := errors.Join(err, fresh.close()); err != nil { // with which all of it is in the one file
		return err
	}
	if err := disk.Rename(path, filepath.Join(l.dir, ledgerFile)); err != nil {
		return err
	}
	return disk.SyncDir(l.dir)
}

// loggedRun is a run as a store's log knows it.
type loggedRun struct {
	began, ended time.Time
	planned      string // empty for a run by hand
	outcome      string // done, or a class; empty: nothing is said of its end
}

// loggedRuns are the runs of a job in the log of its store, in the order in which they began.
func loggedRuns(ctx context.Context, job *Job) ([]loggedRun, error) {
	s, err := datasets.OpenStore(ctx, job.Store)
	if datasets.CodeOf(err) == datasets.CodeNotAStore {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer s.Close()
	entries, err := s.LogEntries()
	if err != nil {
		return nil, err
	}
	var list []loggedRun
	open := map[string]int{} // by when it began, as logged
	for _, e := range entries {
		started, _ := e.Facts["started"].(string)
		if name, _ := e.Facts["job"].(string); name != job.Name || started == "" {
			continue
		}
		switch e.Kind {
		case "job-begins":
			planned, _ := e.Facts["planned"].(string)
			open[started] = len(list)
			list = append(list, loggedRun{began: e.Time, planned: planned})
		case "job-ends":
			if i, ok := open[started]; ok {
				list[i].outcome, _ = e.Facts["outcome"].(string)
				list[i].ended = e.Time
			}
		}
	}
	return list, nil
}

func rebuildJob(ctx context.Context, tx *sql.Tx, job *Job, runs []loggedRun, now time.Time) error {
	seen := ""
	for _, r := range runs {
		state, class, ended := "failed", Class(r.outcome), r.ended
		switch r.outcome {
		case "done":
			state, class = "succeeded", ""
		case string(ClassCancelled):
			state = "cancelled"
		case "":
			class, ended = ClassCrashed, r.began // the log has no later sign of it
		}
		var id int64
		err := tx.QueryRowContext(ctx, `INSERT INTO occurrence (job, planned, noted, state) VALUES (?1, nullif(?2, ''), ?3, ?4)
			ON CONFLICT (job, planned) DO UPDATE SET state = CASE state WHEN 'succeeded' THEN state ELSE ?4 END RETURNING id`,
			job.Name, r.planned, moment(r.began), state).Scan(&id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO attempt (occurrence, number, state, pid, started, ended, class, error)
			SELECT ?1, 1 + count(*), ?2, 0, ?3, ?4, ?5, ?6 FROM attempt WHERE occurrence = ?1`,
			id, state, moment(r.began), moment(ended), class, rebuiltError(class)); err != nil {
			return err
		}
		seen = max(seen, r.planned)
	}
	if seen == "" || job.Schedule == nil {
		return nil // the next tick sees it for the first time
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO job (name, file, cron, zone, seen, since) VALUES (?, ?, ?, ?, ?, ?)",
		job.Name, job.File, job.Schedule.Cron, job.Schedule.Zone, moment(mustPlanned(seen, now)), moment(runs[0].began))
	return err
}

func rebuiltError(class Class) string {
	if class == "" {
		return ""
	}
	return "the ledger was made again of the store's log, which has the class of a failure and not its words"
}

// mustPlanned reads a planned time of a log; what is none, or ahead of now, counts as now.
func mustPlanned(text string, now time.Time) time.Time {
	t, err := time.Parse(plannedForm, text)
	if err != nil || t.After(now) {
		return now
	}
	return t
}
