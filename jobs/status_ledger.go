package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// jobs are the names in the ledger, sorted.
func (l *ledger) jobs(ctx context.Context) ([]string, error) {
	rows, err := l.db.QueryContext(ctx, "SELECT name FROM job UNION SELECT job FROM occurrence ORDER BY 1")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// attemptColumns are what scanAttempt reads.
const attemptColumns = "a.id, o.planned, a.number, a.state, a.pid, a.host, a.started, a.beat, a.ended, a.class, a.error, a.result"

// scanAttempt reads a row of attemptColumns.
func scanAttempt(a *Attempt, scan func(to ...any) error) error {
	var planned, started, beat, ended sql.NullString
	var result string
	if err := scan(&a.Run, &planned, &a.Number, &a.State, &a.Process, &a.Host, &started, &beat, &ended, &a.Class, &a.Error, &result); err != nil {
		return err
	}
	var errs [5]error
	a.Started, errs[0] = parseTime(started)
	a.Planned, errs[1] = optionalTime(planned)
	a.Beat, errs[2] = optionalTime(beat)
	a.Ended, errs[3] = optionalTime(ended)
	a.Result, errs[4] = parseResult(result)
	return errors.Join(errs[:]...)
}

// last is the newest attempt of a job that a condition of ours holds for, or nil.
func (l *ledger) last(ctx context.Context, job, condition string) (*Attempt, error) {
	var a Attempt
	row := l.db.QueryRowContext(ctx, "SELECT "+attemptColumns+" FROM attempt a JOIN occurrence o ON o.id = a.occurrence"+
		" WHERE o.job = ? AND "+condition+" ORDER BY a.id DESC LIMIT 1", job)
	err := scanAttempt(&a, row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the runs of job %q: %w", job, err)
	}
	return &a, nil
}

// missed counts the planned times that were passed over since the newest that ended well, those of a long pause among them.
func (l *ledger) missed(ctx context.Context, job string) (n int, err error) {
	err = l.db.QueryRowContext(ctx, `WITH well AS (SELECT coalesce(max(planned), '') AS at FROM occurrence WHERE job = ?1 AND state IN ('succeeded', 'skipped'))
		SELECT (SELECT count(*) FROM occurrence WHERE job = ?1 AND state = 'missed' AND planned > well.at) +
			(SELECT coalesce(sum(times), 0) FROM gap WHERE job = ?1 AND last > well.at) FROM well`, job).Scan(&n)
	return n, err
}

// waiting is a planned time up to now that is still to be run, whether or
// not a tick has noted it: the first since the last tick; nil when there is none.
func (l *ledger) waiting(ctx context.Context, job string, now time.Time) (*time.Time, error) {
	k, err := readKnown(ctx, l.db, job)
	if err != nil {
		return nil, err
	}
	if k != nil && k.schedule != nil {
		// The oldest of them tells how long nobody has ticked.
		if first := k.schedule.Next(k.seen).UTC(); !first.After(now) {
			return &first, nil
		}
	}
	list, _, err := l.due(ctx, job, now)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	at := list[0].at.UTC()
	return &at, nil
}

func optionalTime(text sql.NullString) (*time.Time, error) {
	t, err := parseTime(text)
	if err != nil || t.IsZero() {
		return nil, err
	}
	return &t, nil
}
