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
	Missed    int  // planned times that nobody will run now
	Forgotten int  // rows ahead of a clock that went back
}

// note makes every planned time of the job up to now a row, once: the rows and the
// moment up to which there are rows change together. The line and zone in force are
// those of the tick before, so that a change of the file does not rewrite the past.
// It leaves as many rows to run as the job's misfire rule says; what it passes over is missed.
//
// Where no planned time has come since the tick before and none has waited too long, nothing is written: most
// ticks of most jobs, and each write costs the disk a wait.
func (l *ledger) note(ctx context.Context, job *Job, now time.Time) (noted, error) {
	var n noted
	idle, err := l.nothingToNote(ctx, job, now)
	if err == nil && idle {
		return n, nil
	}
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

func (l *ledger) nothingToNote(ctx context.Context, job *Job, now time.Time) (bool, error) {
	k, err := readKnown(ctx, l.db, job.Name)
	if err != nil || !k.same(job) || now.Before(k.seen) || (k.schedule != nil && !k.schedule.Next(k.seen).After(now)) {
		return false, err
	}
	waiting, oldest := 0, sql.NullString{}
	err = l.db.QueryRowContext(ctx, "SELECT count(*), min(CASE state WHEN 'planned' THEN planned END) FROM occurrence WHERE job = ? AND planned IS NOT NULL"+
		" AND state IN "+toRun, job.Name).Scan(&waiting, &oldest)
	late := oldest.Valid && job.Misfire.Grace > 0 && oldest.String < tooLate(job, now)
	return waiting <= job.Misfire.keep() && !late, err
}

// toRun are the states of occurrences that wait to be run. An index has their rows alone, so that a ledger of years is as quick
// as one of days.
const toRun = "('planned', 'retry', 'lost')"

// tooLate is the planned time before which none may begin any more.
func tooLate(job *Job, now time.Time) string {
	return planned(now.Add(-time.Duration(job.Misfire.Grace)))
}

func noteDue(ctx context.Context, tx *sql.Tx, job *Job, now time.Time) (n noted, err error) {
	k, err := readKnown(ctx, tx, job.Name)
	if err != nil {
		return n, err
	}
	since := now
	if k == nil {
		if err := sound(ctx, tx); err != nil { // of a job that is not found in a damaged ledger the past would be forgotten
			return n, err
		}
		n.First = true
	} else {
		since = k.since
		if now.Before(k.seen) {
			n.Forgotten, k.seen, err = forget(ctx, tx, job.Name, now)
		}
		if err == nil && k.schedule != nil && k.seen.Before(now) {
			times, before := k.schedule.within(k.seen, now)
			if n.Missed, err = insertGap(ctx, tx, job.Name, before, now); err == nil {
				err = insert(ctx, tx, job.Name, times, now)
			}
		}
	}
	if err != nil {
		return n, err
	}
	passed, err := passOver(ctx, tx, job, now)
	if err != nil {
		return n, err
	}
	n.Missed += passed
	var line, zone string
	if job.Schedule != nil {
		line, zone = job.Schedule.Cron, job.Schedule.Zone
	}
	if _, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO job (name, file, cron, zone, seen, since) VALUES (?, ?, ?, ?, ?, ?)",
		job.Name, job.File, line, zone, moment(now), moment(since)); err != nil {
		return n, err
	}
	return n, touch(ctx, tx, now)
}

// known is a job as the ledger remembers it.
type known struct {
	file     string
	schedule *Schedule // nil: it had none
	seen     time.Time // planned times up to here are rows
	since    time.Time // when it was first seen
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
	var line, zone, seen, since string
	err := db.QueryRowContext(ctx, "SELECT file, cron, zone, seen, since FROM job WHERE name = ?", job).Scan(&k.file, &line, &zone, &seen, &since)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if k.seen, err = time.Parse(time.RFC3339, seen); err != nil {
		return nil, err
	}
	if k.since, err = time.Parse(time.RFC3339, since); err != nil {
		return nil, err
	}
	if line != "" {
		k.schedule, err = newSchedule(line, zone)
	}
	return &k, err
}

// insert adds a row for each time, to be run unless it is passed over.
func insert(ctx context.Context, tx *sql.Tx, job string, times []time.Time, now time.Time) error {
	if len(times) == 0 {
		return nil
	}
	add, err := tx.PrepareContext(ctx, "INSERT OR IGNORE INTO occurrence (job, planned, noted, state) VALUES (?, ?, ?, 'planned')")
	if err != nil {
		return err
	}
	defer add.Close()
	for _, t := range times {
		if _, err := add.ExecContext(ctx, job, planned(t), moment(now)); err != nil {
			return err
		}
	}
	return nil
}

// insertGap records planned times that are missed together.
func insertGap(ctx context.Context, tx *sql.Tx, job string, g gap, now time.Time) (missed int, err error) {
	if g.times == 0 {
		return 0, nil
	}
	// Those of them that have rows from before a clock was set back are in the ledger already.
	var rows int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM occurrence WHERE job = ? AND planned BETWEEN ? AND ?",
		job, planned(g.first), planned(g.last)).Scan(&rows); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO gap (job, first, last, times, noted) VALUES (?, ?, ?, ?, ?)",
		job, planned(g.first), planned(g.last), g.times-rows, moment(now))
	return g.times - rows, err
}

// passOver settles which of the waiting rows are run: by the job's rule the newest, or the newest so many, and of those that
// never began none that is later than its grace. The others are missed; one that began and was to be run again has failed. That a
// person asked for one (farr retry) keeps it from neither.
func passOver(ctx context.Context, tx *sql.Tx, job *Job, now time.Time) (missed int, err error) {
	var oldest sql.NullString
	err = tx.QueryRowContext(ctx, "SELECT planned FROM occurrence WHERE job = ? AND planned IS NOT NULL AND state IN "+toRun+
		" ORDER BY planned DESC LIMIT 1 OFFSET ?", job.Name, job.Misfire.keep()-1).Scan(&oldest)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	before := oldest.String
	if job.Misfire.Grace > 0 {
		before = max(before, tooLate(job, now))
	}
	if before == "" {
		return 0, nil
	}
	// What is in toRun is said as well where a state is named, since the index is by it.
	missed, err = affected(tx.ExecContext(ctx, "UPDATE occurrence SET state = 'missed' WHERE job = ? AND planned < ? AND state = 'planned' AND state IN "+toRun, job.Name, before))
	if err != nil || !oldest.Valid {
		return missed, err
	}
	if err := failedRuns(ctx, tx, job, oldest.String, now); err != nil {
		return 0, err
	}
	const begun = "EXISTS (SELECT 1 FROM attempt a WHERE a.occurrence = occurrence.id)"
	const overtaken = " WHERE job = ? AND planned < ? AND state <> 'planned' AND state IN " + toRun + " AND "
	if _, err := tx.ExecContext(ctx, "UPDATE occurrence SET state = 'failed', due = NULL"+overtaken+begun, job.Name, oldest.String); err != nil {
		return 0, err
	}
	again, err := affected(tx.ExecContext(ctx, "UPDATE occurrence SET state = 'missed', due = NULL"+overtaken+"NOT "+begun, job.Name, oldest.String))
	return missed + again, err
}

// failedRuns puts alerts into the ledger about occurrences that began, and before the next attempt were overtaken.
func failedRuns(ctx context.Context, tx *sql.Tx, job *Job, before string, now time.Time) error {
	for _, sink := range job.sinks() {
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO alert (job, kind, ref, sink, at)
			SELECT ?1, 'failed', (SELECT CAST(max(a.id) AS TEXT) FROM attempt a WHERE a.occurrence = o.id), ?3, ?4 FROM occurrence o
			WHERE job = ?1 AND planned < ?2 AND state <> 'planned' AND state IN `+toRun+` AND EXISTS (SELECT 1 FROM attempt a WHERE a.occurrence = o.id)`,
			job.Name, before, sink, moment(now)); err != nil {
			return err
		}
	}
	return nil
}

// forget removes rows of planned times after now that nobody ran, and gaps that reach beyond it. It returns from where on
// planned times are to be noted again.
func forget(ctx context.Context, tx *sql.Tx, job string, now time.Time) (n int, seen time.Time, err error) {
	rows, err := affected(tx.ExecContext(ctx, "DELETE FROM occurrence WHERE job = ? AND planned > ? AND state IN ('planned', 'missed')"+
		" AND NOT EXISTS (SELECT 1 FROM attempt WHERE occurrence = occurrence.id)", job, planned(now)))
	if err != nil {
		return 0, now, err
	}
	seen = now
	var first sql.NullString
	var times int
	if err := tx.QueryRowContext(ctx, "SELECT min(first), coalesce(sum(times), 0) FROM gap WHERE job = ? AND last > ?", job, planned(now)).Scan(&first, &times); err != nil {
		return 0, now, err
	}
	if !first.Valid {
		return rows, seen, nil
	}
	begin, err := parseTime(first)
	if err != nil {
		return 0, now, err
	}
	if begin = begin.Add(-time.Second); begin.Before(seen) {
		seen = begin
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM gap WHERE job = ? AND last > ?", job, planned(now))
	return rows + times, seen, err
}

// waiting is a row that is to be run.
type waiting struct {
	id int64
	at time.Time // its planned time
}

// due are the occurrences of the job that are to be run now, the oldest first; next is when one that waits for its next
// attempt may begin.
func (l *ledger) due(ctx context.Context, job string, now time.Time) (list []waiting, next *time.Time, err error) {
	rows, err := l.db.QueryContext(ctx, "SELECT id, planned, due FROM occurrence WHERE job = ? AND planned IS NOT NULL"+
		" AND state IN "+toRun+" ORDER BY planned", job)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var w waiting
		var at, due sql.NullString
		if err := rows.Scan(&w.id, &at, &due); err != nil {
			return nil, nil, err
		}
		begin, err := optionalTime(due)
		if err != nil {
			return nil, nil, err
		}
		if w.at, err = parseTime(at); err != nil {
			return nil, nil, err
		}
		switch {
		case begin == nil || !begin.After(now):
			list = append(list, w)
		case next == nil || begin.Before(*next):
			next = begin
		}
	}
	return list, next, rows.Err()
}
