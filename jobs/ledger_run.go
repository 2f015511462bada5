package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"farr/datasets/bulk"
	"farr/datasets/fhir"
)

// maxErrorBytes bounds the error text in a row.
const maxErrorBytes = 4096

// kept is the text of an error for the ledger. The name of a source file may be a
// person's, so an input is named by its number there.
func kept(failure error) string {
	text := failure.Error()
	var elsewhere *childError
	if errors.As(failure, &elsewhere) && elsewhere.kept != "" {
		return elsewhere.kept
	}
	var e *fhir.Error
	if errors.As(failure, &e) {
		text = strings.ReplaceAll(text, e.Error(), e.Unnamed())
	}
	var server *bulk.Error
	if errors.As(failure, &server) {
		text = strings.ReplaceAll(text, server.Error(), server.Unnamed())
	}
	return strings.ToValidUTF8(text[:min(len(text), maxErrorBytes)], "")
}

// kept is the result for the ledger: without the names of source files, and without what was left as it was.
func (r *RunResult) kept() *RunResult {
	out := *r
	if r.Extract != nil {
		extract := *r.Extract
		extract.Rejects, extract.Ignored = nil, nil
		out.Extract = &extract
	}
	if r.Pruned != nil && r.Pruned.Store != nil {
		pruned, store := *r.Pruned, *r.Pruned.Store
		store.Stays = nil
		pruned.Store, out.Pruned = &store, &pruned
	}
	return &out
}

// running is an attempt whose process has not said how it ended.
type running struct {
	attempt
	process
}

// stillRunning lists the attempts of a job in state running.
func (l *ledger) stillRunning(ctx context.Context, job string) ([]running, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT a.id, a.occurrence, a.number, o.planned, a.pid, a.host, a.boot, a.born
		FROM occurrence o JOIN attempt a ON a.occurrence = o.id WHERE o.job = ? AND o.state = 'running' AND a.state = 'running' ORDER BY a.id`, job)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []running
	for rows.Next() {
		var r running
		var at sql.NullString
		if err := rows.Scan(&r.id, &r.occurrence, &r.number, &at, &r.PID, &r.Host, &r.Boot, &r.Born); err != nil {
			return nil, err
		}
		if r.at, err = parseTime(at); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// recover settles what a process that died left of the job. The caller holds the
// job's lock, so whatever is in state running is not; a process that is there all the same has lost
// its lock, and nothing is run beside it.
func (l *ledger) recover(ctx context.Context, job *Job, now time.Time) (lost int, err error) {
	dead, err := l.stillRunning(ctx, job.Name)
	if err == nil && len(dead) == 0 {
		return 0, nil
	}
	for _, r := range dead {
		if r.gone() == "" {
			return 0, &LockedError{What: fmt.Sprintf("job %q, whose lock file was removed or replaced,", job.Name), Holder: &holder{r.process, now}}
		}
	}
	if err == nil {
		err = l.tx(ctx, func(tx *sql.Tx) error {
			for _, r := range dead {
				n, err := affected(tx.ExecContext(ctx, "UPDATE attempt SET state = 'lost', ended = ?, class = ?, error = ? WHERE id = ? AND state = 'running'",
					moment(now), ClassCrashed, r.gone(), r.id))
				if err != nil {
					return err
				}
				if n == 0 {
					continue // it has ended meanwhile
				}
				lost++
				state, due := job.followed(r.attempt, ClassCrashed, now)
				if _, err := tx.ExecContext(ctx, "UPDATE occurrence SET state = ?, due = ? WHERE id = ?", state, due, r.occurrence); err != nil {
					return err
				}
				if state == "failed" {
					if err := failedRun(ctx, tx, job, r.id, now); err != nil {
						return err
					}
				}
			}
			return touch(ctx, tx, now)
		})
	}
	if err != nil {
		return 0, fmt.Errorf("settle lost runs of job %q: %w", job.Name, err)
	}
	return lost, nil
}

// followed is what becomes of an occurrence whose attempt has failed: failed, or lost or retry with the moment before which
// it is not run again. A run by hand is a person's to repeat.
func (job *Job) followed(a attempt, class Class, now time.Time) (state string, due sql.NullString) {
	wait, again := job.Retries.again(class, job.Name, a.at, a.number)
	switch {
	case class == ClassCancelled:
		return "cancelled", due
	case a.at.IsZero() || !again:
		return "failed", due
	case wait > 0:
		due = sql.NullString{String: moment(now.Add(wait)), Valid: true}
	}
	if class == ClassCrashed || class == ClassInterrupted {
		return "lost", due
	}
	return "retry", due
}

// attempt is a row being run.
type attempt struct {
	id, occurrence int64
	number         int
	token          int64
	at             time.Time // the planned time; zero for a run by hand
}

// errNotWaiting means that an occurrence that was to be run is to be run no more.
var errNotWaiting = errors.New("it is not waiting any more")

// begin records that this process sets out to run an occurrence; occurrence 0 is a
// run by hand, which gets a row of its own. One that was cancelled meanwhile is errNotWaiting.
func (l *ledger) begin(ctx context.Context, job string, occurrence int64, at, now time.Time) (attempt, error) {
	a := attempt{at: at}
	me := self()
	err := l.tx(ctx, func(tx *sql.Tx) error {
		var err error
		a.occurrence = occurrence
		if occurrence == 0 {
			err = tx.QueryRowContext(ctx, "INSERT INTO occurrence (job, noted, state) VALUES (?, ?, 'running') RETURNING id",
				job, moment(now)).Scan(&a.occurrence)
		} else {
			var n int
			if n, err = affected(tx.ExecContext(ctx, "UPDATE occurrence SET state = 'running', due = NULL WHERE id = ? AND state IN "+toRun, occurrence)); err == nil && n == 0 {
				err = errNotWaiting
			}
		}
		if err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, "UPDATE ledger SET token = token + 1, last = max(last, ?) RETURNING token", moment(now)).Scan(&a.token); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `INSERT INTO attempt (occurrence, number, state, token, pid, host, boot, born, started, beat)
			SELECT ?1, 1 + count(*), 'running', ?2, ?3, ?4, ?5, ?6, ?7, ?7 FROM attempt WHERE occurrence = ?1 RETURNING id, number`,
			a.occurrence, a.token, me.PID, me.Host, me.Boot, me.Born, moment(now)).Scan(&a.id, &a.number)
	})
	if err != nil {
		return a, fmt.Errorf("record the start of job %q: %w", job, err)
	}
	return a, nil
}

// beat records a sign of life of an attempt. It is errTakenOver where the row is not this process's any more, and errCancelled
// where a person has asked for the end.
func (l *ledger) beat(ctx context.Context, a attempt, now time.Time) error {
	return l.tx(ctx, func(tx *sql.Tx) error {
		var cancel sql.NullString
		err := tx.QueryRowContext(ctx, "UPDATE attempt SET beat = ? WHERE id = ? AND token = ? AND state = 'running' RETURNING cancel",
			moment(now), a.id, a.token).Scan(&cancel)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return errTakenOver
		case err != nil:
			return err
		case cancel.Valid:
			return errCancelled
		}
		return touch(ctx, tx, now)
	})
}

// end records how an attempt ended and returns the state of its occurrence. It is
// written also when ctx is cancelled: that is when it matters.
func (l *ledger) end(ctx context.Context, job *Job, a attempt, result *RunResult, failure error, now time.Time) (state string, err error) {
	ctx = context.WithoutCancel(ctx)
	class, text, document := ClassOf(failure), "", ""
	var due sql.NullString
	attempted := ""
	switch {
	case failure != nil:
		state, due = job.followed(a, class, now)
		attempted = state
		if state == "retry" {
			attempted = "failed"
		}
		text = kept(failure)
	case result.Unchanged():
		state, attempted = "skipped", "skipped"
	default:
		state, attempted = "succeeded", "succeeded"
	}
	if failure == nil {
		data, err := json.Marshal(result.kept())
		if err != nil {
			return "", err
		}
		document = string(data)
	}
	err = l.tx(ctx, func(tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, "UPDATE attempt SET state = ?, ended = ?, class = ?, error = ?, result = ? WHERE id = ? AND token = ? AND state = 'running'",
			attempted, moment(now), class, text, document, a.id, a.token))
		if err != nil {
			return err
		}
		if n == 0 {
			return errTakenOver
		}
		if _, err := tx.ExecContext(ctx, "UPDATE occurrence SET state = ?, due = ? WHERE id = ?", state, due, a.occurrence); err != nil {
			return err
		}
		if state == "failed" {
			if err := failedRun(ctx, tx, job, a.id, now); err != nil {
				return err
			}
		}
		if failure == nil {
			if err := unjudgedRun(ctx, tx, job, result, now); err != nil {
				return err
			}
		}
		return touch(ctx, tx, now)
	})
	if err != nil {
		return "", fmt.Errorf("record the end of a run: %w", err)
	}
	return state, nil
}
