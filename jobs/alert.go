package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"
)

// Alert is what a sink is told. It names no input, no place in one, and quotes no error: it goes to other machines.
type Alert struct {
	ID      int64      `json:"id"` // of the ledger: the same alert again, when a sink did not say that it has it, has the same
	Kind    string     `json:"kind"`
	Job     string     `json:"job"`
	At      time.Time  `json:"at"`
	Run     int64      `json:"run,omitempty"`
	Planned *time.Time `json:"planned,omitempty"`
	Class   Class      `json:"class,omitempty"`
	Since   *time.Time `json:"since,omitempty"` // of kind silent: the last success, or when the job was first seen
	Advice  string     `json:"advice"`

	sink  string
	tries int
}

// The kinds of alert.
const (
	alertFailed = "failed" // a run failed, and is not tried again by itself
	alertSilent = "silent" // no success in the time that alert_after says
	// a run ended well, and targets cannot be judged, since records lack that their measures rest on
	alertUnjudged = "unjudged"
)

// sinks are the names of the sinks of a job.
func (job *Job) sinks() []string {
	var names []string
	if job.Notify.Webhook != nil {
		names = append(names, "webhook")
	}
	if job.Notify.SMTP != nil {
		names = append(names, "smtp")
	}
	return names
}

// failedRun puts an alert about an attempt into the ledger, in the transaction in which it becomes a failure: so there is one
// for each sink, whatever happens next.
func failedRun(ctx context.Context, tx *sql.Tx, job *Job, attempt int64, now time.Time) error {
	return job.alert(ctx, tx, alertFailed, fmt.Sprint(attempt), now)
}

// alert puts an alert into the ledger for each sink, once for a kind and what it is about.
func (job *Job) alert(ctx context.Context, tx *sql.Tx, kind, ref string, now time.Time) error {
	for _, sink := range job.sinks() {
		if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO alert (job, kind, ref, sink, at) VALUES (?, ?, ?, ?, ?)",
			job.Name, kind, ref, sink, moment(now)); err != nil {
			return err
		}
	}
	return nil
}

// unjudgedRun puts an alert into the ledger where targets cannot be judged: once for the same measures with the same reasons, for as long
// as it is so.
func unjudgedRun(ctx context.Context, tx *sql.Tx, job *Job, result *RunResult, now time.Time) error {
	if result == nil {
		return nil
	}
	ref := ""
	for _, u := range result.Unjudged {
		ref += u.Measure + ": " + u.Why + "\n"
	}
	// What was so before and is not any more is told again when it comes back.
	if _, err := tx.ExecContext(ctx, "DELETE FROM alert WHERE job = ? AND kind = ? AND ref <> ?", job.Name, alertUnjudged, ref); err != nil || ref == "" {
		return err
	}
	return job.alert(ctx, tx, alertUnjudged, ref, now)
}

// silent puts an alert into the ledger where the job has had no success for too long: one for each silence.
func (l *ledger) silent(ctx context.Context, job *Job, now time.Time) error {
	if job.AlertAfter == 0 || len(job.sinks()) == 0 {
		return nil
	}
	var since sql.NullString
	err := l.db.QueryRowContext(ctx, `SELECT coalesce((SELECT max(a.ended) FROM attempt a JOIN occurrence o ON o.id = a.occurrence
		WHERE o.job = ?1 AND a.state IN ('succeeded', 'skipped') AND a.ended <= ?2), (SELECT since FROM job WHERE name = ?1))`, job.Name, moment(now)).Scan(&since)
	if err != nil {
		return err
	}
	last, err := parseTime(since)
	if err != nil || last.IsZero() || now.Sub(last) <= time.Duration(job.AlertAfter) {
		return err
	}
	var known int
	if err := l.db.QueryRowContext(ctx, "SELECT count(*) FROM alert WHERE job = ? AND kind = ? AND ref = ?", job.Name, alertSilent, since.String).Scan(&known); err != nil || known >= len(job.sinks()) {
		return err
	}
	return l.tx(ctx, func(tx *sql.Tx) error { return job.alert(ctx, tx, alertSilent, since.String, now) })
}

// maxTries is how often an alert is sent to a sink that does not take it. Between two tries is a minute, and twice as long each
// time, up to six hours: four days in all.
const maxTries = 24

// tell sends the alerts of a job that wait, to each sink within its limit and to all at once, and returns what went wrong. A sink
// that does not take an alert is no failure of the job.
func (l *ledger) tell(ctx context.Context, job *Job, o Options) []string {
	ctx = context.WithoutCancel(ctx) // a run that was stopped is told of, too
	waiting, err := l.untold(ctx, job.Name, o.Clock())
	if err != nil {
		return []string{"alerts: " + err.Error()}
	}
	var group sync.WaitGroup
	wrong := make([]string, len(job.sinks()))
	for i, sink := range job.sinks() {
		var mine []Alert
		for _, a := range waiting {
			if a.sink == sink {
				mine = append(mine, a)
			}
		}
		if len(mine) == 0 {
			continue
		}
		group.Go(func() {
			if err := l.send(ctx, job, sink, mine, o); err != nil {
				wrong[i] = sink + ": " + err.Error()
			}
		})
	}
	group.Wait()
	var said []string
	for _, text := range wrong {
		if text != "" {
			said = append(said, text)
			o.Logger.Warn("alert is not taken", "job", job.Name)
		}
	}
	return said
}

// send sends alerts to one sink until it fails or its limit is over.
func (l *ledger) send(ctx context.Context, job *Job, sink string, alerts []Alert, o Options) error {
	var limit Duration
	if sink == "webhook" {
		limit = job.Notify.Webhook.Limit
	} else {
		limit = job.Notify.SMTP.Limit
	}
	within, done := context.WithTimeout(ctx, time.Duration(limit))
	defer done()
	for _, a := range alerts {
		var err error
		if sink == "webhook" {
			err = job.Notify.Webhook.send(within, a, o.Clock())
		} else {
			err = job.Notify.SMTP.send(within, a)
		}
		now := o.Clock()
		if err != nil {
			wait := min(time.Minute<<min(a.tries, 9), 6*time.Hour)
			_, kept := l.db.ExecContext(ctx, "UPDATE alert SET tries = tries + 1, due = ? WHERE id = ?", moment(now.Add(wait)), a.ID)
			if kept != nil {
				return kept
			}
			return err
		}
		if _, err := l.db.ExecContext(ctx, "UPDATE alert SET sent = ? WHERE id = ?", moment(now), a.ID); err != nil {
			return err
		}
	}
	return nil
}

// untold are the alerts of a job that are to be sent now.
func (l *ledger) untold(ctx context.Context, job string, now time.Time) ([]Alert, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT x.id, x.kind, x.job, x.at, x.ref, x.sink, x.tries, coalesce(a.id, 0), o.planned, coalesce(a.class, '')
		FROM alert x LEFT JOIN attempt a ON x.kind = 'failed' AND a.id = CAST(x.ref AS INTEGER) LEFT JOIN occurrence o ON o.id = a.occurrence
		WHERE x.job = ? AND x.sent IS NULL AND x.tries < ? AND (x.due IS NULL OR x.due <= ?) ORDER BY x.id LIMIT 20`, job, maxTries, moment(now))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Alert
	for rows.Next() {
		var a Alert
		var ref string
		var at, planned sql.NullString
		if err := rows.Scan(&a.ID, &a.Kind, &a.Job, &at, &ref, &a.sink, &a.tries, &a.Run, &planned, &a.Class); err != nil {
			return nil, err
		}
		if a.At, err = parseTime(at); err != nil {
			return nil, err
		}
		if a.Planned, err = optionalTime(planned); err != nil {
			return nil, err
		}
		a.Advice = adviceOn(a.Class, false) // else it is not told yet
		if a.Kind == alertSilent {
			if a.Since, err = optionalTime(sql.NullString{String: ref, Valid: true}); err != nil {
				return nil, err
			}
			a.Advice = "no run has ended well for too long: `farr status` says why"
		}
		if a.Kind == alertUnjudged {
			a.Advice = "records lack that measures with targets rest on: `farr status` and the report's page on data quality say which"
		}
		list = append(list, a)
	}
	return list, rows.Err()
}
