package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// noted is what note found for one job.
type noted struct {
	First     bool // the job was not known before
	Missed    int  // planned times that became rows without being run
	Forgotten int  // rows ahead of a clock that went back
}

// note makes every planned time of the job up to now a row, once: the rows and the
// moment up to which there are rows change together. The line and zone in force are
// those of the tick before, so that a change of the file does not rewrite the past.
// It leaves at most one row to run, the newest; what it passes over is missed.
//
// Where no planned time has come since the tick before, nothing is written: most
// ticks of most jobs, and each write costs the disk a wait.
func (l *ledger) note(ctx context.Context, job *Job, now time.Time) (noted, error) {
	k, err := readKnown(ctx, l.db, job.Name)
	if err == nil && k.same(job) && !now.Before(k.seen) && (k.schedule == nil || k.schedule.Next(k.seen).After(now)) {
		return noted{}, nil
	}
	var n noted
	if err == nil {
		err = l.tx(ctx, func(tx *sql.Tx) (err error) {
			n, err = noteDue(ctx, tx, job, now)
			return err
		})
	}
	if err != nil {
		return n, fmt.Errorf("note what is due of job %q: %w", job.Name, err)
	}
	return n, nil
}

func noteDue(ctx context.Context, tx *sql.Tx, job *Job, now time.Time) (n noted, err error) {
	k, err := readKnown(ctx, tx, job.Name)
	switch {
	case err != nil:
		return n, err
	case k == nil:
		n.First = true
	case now.Before(k.seen):
		n.Forgotten, err = forget(ctx, tx, job.Name, now)
	case k.schedule != nil:
		n.Missed, err = insert(ctx, tx, job.Name, k.schedule.within(k.seen, now), now)
	}
	if err != nil {
		return n, err
	}
	var line, zone string
	if job.Schedule != nil {
		line, zone = job.Schedule.Cron, job.Schedule.Zone
	}
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO job (name, file, cron, zone, seen) VALUES (?, ?, ?, ?, ?)",
		job.Name, job.File, line, zone, moment(now))
	return n, err
}

// known is a job as the ledger remembers it.
type known struct {
	file     string
	schedule *Schedule // nil: it had none
	seen     time.Time // planned times up to here are rows
}

func (k *known) same(job *Job) bool {
	if k == nil || k.file != job.File || (k.schedule == nil) != (job.Schedule == nil) {
		return false
	}
	return k.schedule == nil || (k.schedule.Cron == job.Schedule.Cron && k.schedule.Zone == job.Schedule.Zone)
}

// readKnown reads the memory of a job; nil when there is none.
func readKnown(ctx context.Context, db interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, job string) (*known, error) {
	var k known
	var line, zone, seen string
	err := db.QueryRowContext(ctx, "SELECT file, cron, zone, seen FROM job WHERE name = ?", job).Scan(&k.file, &line, &zone, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if k.seen, err = time.Parse(time.RFC3339, seen); err != nil {
		return nil, err
	}
	if line != "" {
		k.schedule, err = newSchedule(line, zone)
	}
	return &k, err
}

// insert adds rows for times and passes over all that was waiting but the newest.
func insert(ctx context.Context, tx *sql.Tx, job string, times []time.Time, now time.Time) (missed int, err error) {
	if len(times) == 0 {
		return 0, nil
	}
	add, err := tx.PrepareContext(ctx, "INSERT OR IGNORE INTO occurrence (job, planned, noted, state) VALUES (?, ?, ?, ?)")
	if err != nil {
		return 0, err
	}
	defer add.Close()
	for i, t := range times {
		state := "missed"
		if i == len(times)-1 {
			state = "planned"
		}
		done, err := add.ExecContext(ctx, job, planned(t), moment(now), state)
		if err != nil {
			return 0, err
		}
		if n, err := done.RowsAffected(); err != nil {
			return 0, err
		} else if state == "missed" {
			missed += int(n)
		}
	}
	// What waited for a lock, or for a rerun, is overtaken by the newest.
	newest := planned(times[len(times)-1])
	done, err := tx.ExecContext(ctx, "UPDATE occurrence SET state = 'missed' WHERE job = ? AND state = 'planned' AND planned < ?", job, newest)
	if err != nil {
		return 0, err
	}
	passed, err := done.RowsAffected()
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, "UPDATE occurrence SET state = 'failed' WHERE job = ? AND state = 'lost' AND planned < ?", job, newest)
	return missed + int(passed), err
}

// forget removes rows of planned times after now that nobody ran.
func forget(ctx context.Context, tx *sql.Tx, job string, now time.Time) (int, error) {
	done, err := tx.ExecContext(ctx, "DELETE FROM occurrence WHERE job = ? AND planned > ? AND state IN ('planned', 'missed')"+
		" AND NOT EXISTS (SELECT 1 FROM attempt WHERE occurrence = occurrence.id)", job, planned(now))
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}

// due is the newest occurrence of the job that is to be run: planned, or lost.
func (l *ledger) due(ctx context.Context, job string) (id int64, at time.Time, found bool, err error) {
	var text sql.NullString
	err = l.db.QueryRowContext(ctx, "SELECT id, planned FROM occurrence WHERE job = ? AND planned IS NOT NULL"+
		" AND state IN ('planned', 'lost') ORDER BY planned DESC LIMIT 1", job).Scan(&id, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, time.Time{}, false, nil
	}
	if err != nil {
		return 0, time.Time{}, false, err
	}
	at, err = parseTime(text)
	return id, at, err == nil, err
}
