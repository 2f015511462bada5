package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// heldBack is for what a planned time of the job waits: a job that comes first and has not run for its own newest planned
// time up to it. Later success of that job serves too, of whatever planned time or by hand: a build takes all that there
// is. It is empty where nothing is in the way.
func (l *ledger) heldBack(ctx context.Context, job *Job, at time.Time) (string, error) {
	for _, first := range job.After {
		why, err := l.behind(ctx, first, at)
		if err != nil {
			return "", fmt.Errorf("read the runs of job %q: %w", first, err)
		}
		if why != "" {
			return why, nil
		}
	}
	return "", nil
}

// inWords says what became of a planned time that has not ended well.
var inWords = map[string]string{
	"planned": "has not run", "running": "is at work", "failed": "failed", "missed": "was missed", "cancelled": "was cancelled",
	"lost": "broke off and is to be run again", "retry": "is to be run again",
}

// behind is why a job has not run well for its newest planned time up to at.
func (l *ledger) behind(ctx context.Context, job string, at time.Time) (string, error) {
	var newest, state string
	err := l.db.QueryRowContext(ctx, "SELECT planned, state FROM occurrence WHERE job = ? AND planned <= ? ORDER BY planned DESC LIMIT 1",
		job, planned(at)).Scan(&newest, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil // it owes nothing for that time
	}
	if err != nil {
		return "", err
	}
	var well bool
	err = l.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM occurrence WHERE job = ?1 AND planned >= ?2 AND state IN ('succeeded', 'skipped'))
		OR EXISTS (SELECT 1 FROM occurrence o JOIN attempt a ON a.occurrence = o.id WHERE o.job = ?1 AND o.planned IS NULL
			AND o.state IN ('succeeded', 'skipped') AND substr(a.started, 1, 19) || 'Z' >= ?2)`, job, newest).Scan(&well)
	if err != nil || well {
		return "", err
	}
	return fmt.Sprintf("job %q, which %s for %s", job, inWords[state], newest), nil
}
