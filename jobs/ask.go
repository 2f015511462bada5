package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
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
	at, err := l.stillRunning(ctx, job)
	if err != nil {
		return nil, err
	}
	if len(at) > 0 {
		if at, err = l.settled(ctx, folder, job, at, o); err != nil {
			return nil, err
		}
	}
	if len(at) > 0 {
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

// settled leaves of the attempts of a job that seem to run those that do: where the job's lock is free their processes have
// died, and what becomes of them is what a tick would have found.
func (l *ledger) settled(ctx context.Context, folder, name string, at []running, o Options) ([]running, error) {
	held, err := l.lockJob(name)
	var busy *LockedError
	if errors.As(err, &busy) {
		return at, nil
	}
	if err != nil {
		return nil, err
	}
	defer held.Close()
	all, _, err := LoadFolder(folder)
	if err != nil {
		return nil, err
	}
	job := &Job{Name: name} // whose file is gone
	if i := slices.IndexFunc(all, func(j *Job) bool { return j.Name == name }); i >= 0 {
		job = all[i]
	}
	_, err = l.recover(ctx, job, o.Clock())
	return nil, err
}

// Backup copies the ledger to a new file, whole and consistent while others write.
func Backup(ctx context.Context, folder, to string) error {
	l, err := openKnown(ctx, folder)
	if err != nil {
		return err
	}
	defer l.close()
	f, err := disk.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
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
