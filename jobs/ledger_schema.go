package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// ledgerVersion is the schema below, as SQLite's user_version.
const ledgerVersion = 3

// Times are text in UTC so that they can be read with any SQLite shell, and of one
// width so that they sort.
const (
	plannedForm = "2006-01-02T15:04:05Z"
	momentForm  = "2006-01-02T15:04:05.000Z"
)

const schema = `
-- A job as the last tick saw it. Its planned times up to seen are occurrences.
CREATE TABLE job (
	name TEXT PRIMARY KEY,
	file TEXT NOT NULL,
	cron TEXT NOT NULL,
	zone TEXT NOT NULL,
	seen TEXT NOT NULL,
	since TEXT NOT NULL -- when it was first seen
) STRICT;
` + schemaOfRuns + schemaOfVersion2 + schemaOfAlerts

const schemaOfRuns = `
-- One row for each (job, planned time), and one for each run by hand (planned NULL).
CREATE TABLE occurrence (
	id INTEGER PRIMARY KEY,
	job TEXT NOT NULL,
	planned TEXT,
	noted TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('planned','running','succeeded','skipped','failed','missed','lost','retry','cancelled')),
	due TEXT, -- of lost and retry: not before
	UNIQUE (job, planned)
) STRICT;
CREATE INDEX occurrence_state ON occurrence (job, state);
CREATE INDEX occurrence_waiting ON occurrence (job, planned) WHERE state IN ` + toRun + `;
-- Each time a process set out to run an occurrence.
CREATE TABLE attempt (
	id INTEGER PRIMARY KEY,
	occurrence INTEGER NOT NULL REFERENCES occurrence (id),
	number INTEGER NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('running','succeeded','skipped','failed','lost','cancelled')),
	token INTEGER NOT NULL DEFAULT 0, -- of the writer; it rises with each attempt, and who has an old one writes no more
	pid INTEGER NOT NULL,
	host TEXT NOT NULL DEFAULT '',
	boot TEXT NOT NULL DEFAULT '', -- of the machine: the boot's ID
	born TEXT NOT NULL DEFAULT '', -- of the process: its start, as the kernel counts it
	started TEXT NOT NULL,
	beat TEXT, -- the last sign of life
	cancel TEXT, -- when somebody asked that it end
	ended TEXT,
	class TEXT NOT NULL DEFAULT '',
	error TEXT NOT NULL DEFAULT '',
	result TEXT NOT NULL DEFAULT '', -- RunResult as JSON, for attempts that ended well
	UNIQUE (occurrence, number)
) STRICT;
`

const schemaOfVersion2 = `
-- Planned times that were missed in one long pause, too many for a row each: all from first to last.
CREATE TABLE gap (
	job TEXT NOT NULL,
	first TEXT NOT NULL,
	last TEXT NOT NULL,
	times INTEGER NOT NULL,
	noted TEXT NOT NULL,
	PRIMARY KEY (job, first)
) STRICT;
-- The one row of what is known about the ledger as a whole.
CREATE TABLE ledger (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	last TEXT NOT NULL, -- no instant in the ledger is later
	token INTEGER NOT NULL -- the newest writer's
) STRICT;
`

const schemaOfAlerts = `
-- What a sink is to be told, once for each of what ref names: an attempt, the instant since which there is silence, or the
-- measures whose targets cannot be judged.
CREATE TABLE alert (
	id INTEGER PRIMARY KEY,
	job TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('failed', 'silent', 'unjudged')),
	ref TEXT NOT NULL,
	sink TEXT NOT NULL,
	at TEXT NOT NULL,
	sent TEXT, -- when the sink took it
	tries INTEGER NOT NULL DEFAULT 0, -- that it did not take
	due TEXT, -- not before
	UNIQUE (job, kind, ref, sink)
) STRICT;
CREATE INDEX alert_waiting ON alert (job) WHERE sent IS NULL;
`

// toVersion3 makes the table of alerts again, since a CHECK cannot be changed in place.
const toVersion3 = `
ALTER TABLE alert RENAME TO alert_2;
DROP INDEX alert_waiting;
` + schemaOfAlerts + `
INSERT INTO alert (id, job, kind, ref, sink, at, sent, tries, due) SELECT id, job, kind, ref, sink, at, sent, tries, due FROM alert_2;
DROP TABLE alert_2;
`

// toVersion2 takes what a ledger of version 1 knows. A CHECK cannot be changed in place, so the tables are made again.
const toVersion2 = `
ALTER TABLE job ADD COLUMN since TEXT NOT NULL DEFAULT '';
UPDATE job SET since = min(seen, coalesce((SELECT min(noted) FROM occurrence o WHERE o.job = job.name), seen));
ALTER TABLE occurrence RENAME TO occurrence_1;
ALTER TABLE attempt RENAME TO attempt_1;
DROP INDEX occurrence_state;
` + schemaOfRuns + `
INSERT INTO occurrence (id, job, planned, noted, state) SELECT id, job, planned, noted, state FROM occurrence_1;
INSERT INTO attempt (id, occurrence, number, state, pid, started, ended, class, error, result)
	SELECT id, occurrence, number, state, pid, started, ended, class, error, result FROM attempt_1;
DROP TABLE attempt_1;
DROP TABLE occurrence_1;
` + schemaOfVersion2 + schemaOfAlerts + `
INSERT INTO ledger (one, last, token) SELECT 1, max(t), 0 FROM (
	SELECT '' AS t UNION ALL SELECT seen FROM job UNION ALL SELECT noted FROM occurrence
	UNION ALL SELECT started FROM attempt UNION ALL SELECT coalesce(ended, '') FROM attempt);
`

// migrate makes the schema, or brings that of an earlier farr up to this one.
func (l *ledger) migrate(ctx context.Context) error {
	var version int
	if err := l.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil || version == ledgerVersion {
		return err
	}
	return l.tx(ctx, func(tx *sql.Tx) error { // asked again: another process may be making it too
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		var steps string
		switch version {
		case ledgerVersion:
			return nil
		case 0:
			steps = schema + "INSERT INTO ledger (one, last, token) VALUES (1, '', 0);"
		case 1:
			steps = toVersion2
		case 2:
			steps = toVersion3
		default:
			return fmt.Errorf("its version is %d and this farr knows %d: use the newer farr that wrote it, or restore the copy that was made before that one ran", version, ledgerVersion)
		}
		_, err := tx.ExecContext(ctx, steps+fmt.Sprintf("PRAGMA user_version = %d;", ledgerVersion))
		return err
	})
}

// clockSlack is how far the clock may have gone back: what daylight saving never does and time services rarely do.
const clockSlack = 10 * time.Minute

// ClockError is a clock that shows a time well before what the ledger has recorded.
type ClockError struct {
	Now, Last time.Time
	Folder    string
}

func (e *ClockError) Error() string {
	return fmt.Sprintf("the clock shows %s, and the ledger has %s already: nothing was noted or run (where the clock was wrong before and is right now: farr ledger clock %s)",
		e.Now.UTC().Format(time.RFC3339), e.Last.UTC().Format(time.RFC3339), e.Folder)
}

// checkClock refuses a clock that has gone back by more than clockSlack, before anything is noted by it: planned times would
// be forgotten that were run, and what is running would seem to be in the future.
func (l *ledger) checkClock(ctx context.Context, now time.Time) error {
	last, err := l.lastInstant(ctx)
	if err != nil || last.IsZero() || !now.Add(clockSlack).Before(last) {
		return err
	}
	return &ClockError{now, last, l.folder()}
}

// lastInstant is the latest that the ledger knows; zero when it knows none.
func (l *ledger) lastInstant(ctx context.Context) (time.Time, error) {
	var text string
	if err := l.db.QueryRowContext(ctx, "SELECT last FROM ledger").Scan(&text); err != nil {
		return time.Time{}, fmt.Errorf("read the ledger's last instant: %w", err)
	}
	return parseTime(sql.NullString{String: text, Valid: text != ""})
}

// touch records that something was written at now.
func touch(ctx context.Context, tx *sql.Tx, now time.Time) error {
	_, err := tx.ExecContext(ctx, "UPDATE ledger SET last = ?1 WHERE last < ?1", moment(now))
	return err
}

// AcceptClock makes the present time the ledger's, after a clock that was ahead by mistake has been set right. Planned times
// ahead of it that nobody ran are forgotten by the next tick, and noted again when they come.
func AcceptClock(ctx context.Context, folder string, o Options) error {
	o = o.withDefaults()
	l, err := openKnown(ctx, folder) // of a wrong folder no ledger is made
	if err != nil {
		return err
	}
	defer l.close()
	held, err := l.lockFolder()
	if err != nil {
		return err
	}
	defer held.Close()
	return l.tx(ctx, func(tx *sql.Tx) error {
		now := moment(o.Clock())
		if _, err := tx.ExecContext(ctx, "UPDATE ledger SET last = ?", now); err != nil {
			return err
		}
		for _, table := range []string{"occurrence", "alert"} {
			if _, err := tx.ExecContext(ctx, "UPDATE "+table+" SET due = ?1 WHERE due > ?1", now); err != nil {
				return err
			}
		}
		return nil
	})
}
