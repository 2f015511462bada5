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
	"slices"
	"strings"
	"time"

	"farr/internal/disk"
)

// Asked is what a person's wish about a job came to.
type Asked struct {
	Job     string     `json:"job"`
	Did     string     `json:"did"`
	Planned *time.Time `json:"planned,omitempty"`
}

// WriteText writes it for a person.
func (a *Asked) WriteText(w io.Writer) error {
	when := ""
	if a.Planned != nil {
		when = ", planned for " + a.Planned.Format(time.RFC3339)
	}
	_, err := fmt.Fprintf(w, "%s: %s%s\n", a.Job, a.Did, when)
	return err
}

// Again has the next tick run a planned time again that failed, was missed or was cancelled: the newest such one, or the one at
// planned. What the failed run had done is not done again.
func Again(ctx context.Context, folder, job string, at *time.Time) (*Asked, error) {
	l, err := openKnown(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer l.close()
	if _, err := l.jobNamed(ctx, folder, job); err != nil {
		return nil, err
	}
	asked := &Asked{Job: job, Did: "the next tick runs it again, or by the job's misfire rule what was planned later and is due by then"}
	return asked, l.tx(ctx, func(tx *sql.Tx) error {
		where, args := "", []any{job}
		if at != nil {
			where, args = " AND planned = ?", append(args, planned(*at))
		}
		var id int64
		var when sql.NullString
		err := tx.QueryRowContext(ctx, "SELECT id, planned FROM occurrence WHERE job = ? AND planned IS NOT NULL"+where+
			" AND state IN ('failed', 'missed', 'cancelled') ORDER BY planned DESC LIMIT 1", args...).Scan(&id, &when)
		if errors.Is(err, sql.ErrNoRows) {
			var waits bool
			if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM occurrence WHERE job = ? AND planned IS NOT NULL"+where+" AND state IN "+toRun+")", args...).Scan(&waits); err != nil {
				return err
			}
			if waits {
				return fmt.Errorf("job %q waits to be run again already: the next tick does it", job)
			}
			return fmt.Errorf("no planned time of job %q failed, was missed or was cancelled as asked (see: farr runs %s; a run by hand is repeated with farr run)", job, folder)
		}
		if err != nil {
			return err
		}
		if asked.Planned, err = optionalTime(when); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE occurrence SET state = 'retry', due = NULL WHERE id = ?", id)
		return err
	})
}

// Cancel ends the run of a job, which its process does within seconds, or, where it does not run, keeps what waits from being
// run.
func Cancel(ctx context.Context, folder, job string, o Options) (*Asked, error) {
	o = o.withDefaults()
	l, err := openKnown(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer l.close()
	of, err := l.jobNamed(ctx, folder, job)
	if err != nil {
		return nil, err
	}
	held, err := l.lockJob(job)
	var busy *LockedError
	if errors.As(err, &busy) {
		return l.askToEnd(ctx, job, o)
	}
	if err != nil {
		return nil, err
	}
	defer held.Close()
	// What a tick would have found: runs whose processes have died, and what is due and not noted yet.
	if _, err := l.recover(ctx, of, o.Clock()); err != nil {
		return nil, err
	}
	if of.File != "" {
		if _, err := l.note(ctx, of, o.Clock()); err != nil {
			return nil, err
		}
	}
	asked := &Asked{Job: job}
	return asked, l.tx(ctx, func(tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, "UPDATE occurrence SET state = 'cancelled', due = NULL WHERE job = ? AND planned IS NOT NULL AND state IN "+toRun, job))
		asked.Did = fmt.Sprintf("%d waiting planned time(s) will not be run", n)
		if err == nil && n == 0 {
			err = fmt.Errorf("job %q neither runs nor waits", job)
		}
		return err
	})
}

// askToEnd has the process that runs a job end it.
func (l *ledger) askToEnd(ctx context.Context, job string, o Options) (*Asked, error) {
	at, err := l.stillRunning(ctx, job)
	if err != nil {
		return nil, err
	}
	if len(at) == 0 {
		return nil, fmt.Errorf("job %q is looked at by another process: ask again", job)
	}
	r := at[len(at)-1]
	asked := &Asked{Job: job, Did: fmt.Sprintf("process %d on %s is asked to end", r.PID, r.Host)}
	if !r.at.IsZero() {
		when := r.at.UTC()
		asked.Planned = &when
	}
	return asked, l.tx(ctx, func(tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, "UPDATE attempt SET cancel = ? WHERE id = ? AND state = 'running'", moment(o.Clock()), r.id))
		if err == nil && n == 0 {
			err = fmt.Errorf("the run of job %q has just ended", job)
		}
		return err
	})
}

// jobNamed is a job of the folder; of one whose file is gone its name alone. One that nobody knows is an error that says which there
// are.
func (l *ledger) jobNamed(ctx context.Context, folder, name string) (*Job, error) {
	all, _, err := LoadFolder(folder)
	if err != nil {
		return nil, err
	}
	names, err := l.jobs(ctx)
	if err != nil {
		return nil, err
	}
	for _, job := range all {
		if job.Name == name {
			return job, nil
		}
		names = append(names, job.Name)
	}
	if slices.Contains(names, name) {
		return &Job{Name: name}, nil
	}
	slices.Sort(names)
	return nil, fmt.Errorf("there is no job %q in %s; there are: %s", name, folder, strings.Join(slices.Compact(names), ", "))
}

// Backup copies the ledger to a new file, whole and consistent while others write.
func Backup(ctx context.Context, folder, to string) error {
	l, err := openKnown(ctx, folder)
	if err != nil {
		return err
	}
	defer l.close()
	f, err := disk.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("back up the ledger: %w: a copy goes into a file of its own, so that no older one is lost", err)
	}
	if err != nil {
		return fmt.Errorf("back up the ledger: %w", err)
	}
	defer f.Close()
	_, err = l.db.ExecContext(ctx, "VACUUM INTO ?", to)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = disk.SyncDir(filepath.Dir(to))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("back up the ledger: %w", err), disk.Remove(to))
	}
	return nil
}
