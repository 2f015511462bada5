package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"farr/datasets/fhir"
)

// maxAttempts bounds how often an occurrence is tried when its process keeps dying,
// so that a run that takes the machine down does not do it for ever.
const maxAttempts = 3

// maxErrorBytes bounds the error text in a row.
const maxErrorBytes = 4096

// kept is the text of an error for the ledger. The name of a source file may be a
// person's, so an input is named by its number there.
func kept(failure error) string {
	text := failure.Error()
	var e *fhir.Error
	if errors.As(failure, &e) {
		text = strings.ReplaceAll(text, e.Error(), e.Unnamed())
	}
	return strings.ToValidUTF8(text[:min(len(text), maxErrorBytes)], "")
}

// kept is the result for the ledger: without the names of source files.
func (r *RunResult) kept() *RunResult {
	if r.Extract == nil {
		return r
	}
	out, extract := *r, *r.Extract
	extract.Rejects, extract.Ignored = nil, nil
	out.Extract = &extract
	return &out
}

// recover settles what a process that died left of the job. The caller holds the
// job's lock, so whatever is in state running is not.
func (l *ledger) recover(ctx context.Context, job string, now time.Time) (lost int, err error) {
	err = l.tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE attempt SET state = 'lost', ended = ?, class = ?, error = 'the process ended without a word'
			WHERE state = 'running' AND occurrence IN (SELECT id FROM occurrence WHERE job = ?)`, moment(now), ClassCrashed, job)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		if err != nil {
			return err
		}
		lost = int(n)
		_, err = tx.ExecContext(ctx, `UPDATE occurrence SET state = CASE WHEN planned IS NULL OR
			(SELECT count(*) FROM attempt WHERE occurrence = occurrence.id) >= ? THEN 'failed' ELSE 'lost' END
			WHERE job = ? AND state = 'running'`, maxAttempts, job)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("settle lost runs of job %q: %w", job, err)
	}
	return lost, nil
}

// attempt is a row being run.
type attempt struct {
	id, occurrence int64
	number         int
	at             time.Time // the planned time; zero for a run by hand
}

// begin records that this process sets out to run an occurrence; occurrence 0 is a
// run by hand, which gets a row of its own.
func (l *ledger) begin(ctx context.Context, job string, occurrence int64, at, now time.Time) (attempt, error) {
	a := attempt{occurrence: occurrence, at: at}
	err := l.tx(ctx, func(tx *sql.Tx) error {
		var err error
		a.occurrence = occurrence
		if occurrence == 0 {
			err = tx.QueryRowContext(ctx, "INSERT INTO occurrence (job, noted, state) VALUES (?, ?, 'running') RETURNING id",
				job, moment(now)).Scan(&a.occurrence)
		} else {
			_, err = tx.ExecContext(ctx, "UPDATE occurrence SET state = 'running' WHERE id = ?", occurrence)
		}
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `INSERT INTO attempt (occurrence, number, state, pid, started)
			SELECT ?1, 1 + count(*), 'running', ?2, ?3 FROM attempt WHERE occurrence = ?1 RETURNING id, number`,
			a.occurrence, os.Getpid(), moment(now)).Scan(&a.id, &a.number)
	})
	if err != nil {
		return a, fmt.Errorf("record the start of job %q: %w", job, err)
	}
	return a, nil
}

// end records how an attempt ended and returns the state of its occurrence. It is
// written also when ctx is cancelled: that is when it matters.
func (l *ledger) end(ctx context.Context, a attempt, result *RunResult, failure error, now time.Time) (state string, err error) {
	ctx = context.WithoutCancel(ctx)
	class, text, document := ClassOf(failure), "", ""
	occurrence := "succeeded"
	switch {
	case class == ClassInterrupted && !a.at.IsZero() && a.number < maxAttempts:
		state, occurrence = "lost", "lost"
	case failure != nil:
		state, occurrence = "failed", "failed"
	case result.Unchanged():
		state, occurrence = "skipped", "skipped"
	default:
		state = "succeeded"
	}
	if failure != nil {
		text = kept(failure)
	} else {
		data, err := json.Marshal(result.kept())
		if err != nil {
			return "", err
		}
		document = string(data)
	}
	err = l.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE attempt SET state = ?, ended = ?, class = ?, error = ?, result = ? WHERE id = ?",
			state, moment(now), class, text, document, a.id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE occurrence SET state = ? WHERE id = ?", occurrence, a.occurrence)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("record the end of a run: %w", err)
	}
	return state, nil
}
