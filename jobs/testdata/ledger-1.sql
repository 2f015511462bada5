CREATE TABLE job (
	name TEXT PRIMARY KEY,
	file TEXT NOT NULL,
	cron TEXT NOT NULL,
	zone TEXT NOT NULL,
	seen TEXT NOT NULL
) STRICT;
CREATE TABLE occurrence (
	id INTEGER PRIMARY KEY,
	job TEXT NOT NULL,
	planned TEXT,
	noted TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('planned','running','succeeded','skipped','failed','missed','lost')),
	UNIQUE (job, planned)
) STRICT;
CREATE INDEX occurrence_state ON occurrence (job, state);
CREATE TABLE attempt (
	id INTEGER PRIMARY KEY,
	occurrence INTEGER NOT NULL REFERENCES occurrence (id),
	number INTEGER NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('running','succeeded','skipped','failed','lost')),
	pid INTEGER NOT NULL,
	started TEXT NOT NULL,
	ended TEXT,
	class TEXT NOT NULL DEFAULT '',
	error TEXT NOT NULL DEFAULT '',
	result TEXT NOT NULL DEFAULT '',
	UNIQUE (occurrence, number)
) STRICT;
INSERT INTO job VALUES ('j', 'jobs/j.yaml', '0 5 * * *', 'UTC', '2026-01-11T05:00:01.000Z');
INSERT INTO occurrence VALUES (1, 'j', '2026-01-10T05:00:00Z', '2026-01-10T05:00:01.000Z', 'succeeded');
INSERT INTO occurrence VALUES (2, 'j', '2026-01-11T05:00:00Z', '2026-01-11T05:00:01.000Z', 'running');
INSERT INTO attempt VALUES (1, 1, 1, 'succeeded', 7, '2026-01-10T05:00:01.000Z', '2026-01-10T05:00:04.000Z', '', '', '{"job":"j"}');
INSERT INTO attempt VALUES (2, 2, 1, 'failed', 8, '2026-01-11T05:00:01.000Z', '2026-01-11T05:00:04.000Z', 'failed', 'no export', '');
UPDATE occurrence SET state = 'failed' WHERE id = 2;
PRAGMA user_version = 1;
