package duck

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCheckSelectAccepts(t *testing.T) {
	s := openSession(t, Config{})
	for _, sql := range []string{
		"SELECT pid FROM encounter",
		"select 1;",
		"/* COPY x TO 'y'; */ SELECT ';' AS semicolon -- ; DROP TABLE x",
		"FROM fhir.encounter SELECT pid",
		"WITH v AS (SELECT pid, max(x) OVER (PARTITION BY pid) AS m FROM visit) SELECT * FROM v ORDER BY ALL LIMIT 5",
		"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t",
		"SELECT a FROM x UNION ALL SELECT b FROM y EXCEPT SELECT c FROM z",
		"SELECT count(*) FILTER (WHERE a > 1), list(a ORDER BY b), list_transform([1], lambda v: v + 1) FROM x GROUP BY ALL HAVING count(*) > 1",
		"SELECT * FROM x WHERE EXISTS (SELECT 1 FROM y WHERE y.a = x.a) AND a IN (SELECT concept FROM in_list)",
		"SELECT u.i FROM x, unnest([1, 2]) AS u(i), range(5), (VALUES (1, 2)) AS t(a, b)",
		"SELECT CASE WHEN a THEN DATE '2020-01-01' - INTERVAL 3 YEAR END, age(DATE '2020-01-01', birth_date), t.user FROM t",
		"SELECT date_diff('day', a, b), a::DATE, a BETWEEN b AND c, $1 FROM x ASOF JOIN y USING (a)",
		"SELECT a FROM x QUALIFY row_number() OVER (PARTITION BY b ORDER BY c) = 1",
	} {
		if err := s.CheckSelect(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestCheckSelectRefuses(t *testing.T) {
	s := openSession(t, Config{})
	for sql, want := range map[string]string{
		"COPY (SELECT 1) TO 'x.csv'": "not-one-select",
		"COPY t FROM 'x.csv'":        "not-one-select",
		"ATTACH 'x.db'":              "not-one-select",
		"DETACH x":                   "not-one-select",
		"EXPORT DATABASE 'x'":        "not-one-select",
		"IMPORT DATABASE 'x'":        "not-one-select",
		"PRAGMA database_list":       "not-one-select",
		"PRAGMA memory_limit='1GB'":  "not-one-select",
		"SET threads = 1":            "not-one-select",
		"RESET threads":              "not-one-select",
		"SET VARIABLE a = 1":         "not-one-select",
		"INSTALL httpfs":             "not-one-select",
		"LOAD httpfs":                "not-one-select",
		"CALL duckdb_settings()":     "not-one-select",
		"CREATE TABLE t AS SELECT 1": "not-one-select",
		"CREATE SECRET (TYPE s3)":    "not-one-select",
		"INSERT INTO t SELECT 1":     "not-one-select",
		"UPDATE t SET a = 1":         "not-one-select",
		"DELETE FROM t":              "not-one-select",
		"DROP VIEW encounter":        "not-one-select",
		"MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE": "not-one-select",
		"EXPLAIN ANALYZE SELECT 1":                              "not-one-select",
		"PREPARE p AS SELECT 1":                                 "not-one-select",
		"EXECUTE p":                                             "not-one-select",
		"BEGIN":                                                 "not-one-select",
		"CHECKPOINT":                                            "not-one-select",
		"VACUUM":                                                "not-one-select",
		"USE main":                                              "not-one-select",
		"PIVOT x ON y USING sum(z)":                             "not-one-select",
		"SELECT 1; SELECT 2":                                    "not-one-select",
		"SELECT 1; COPY t TO 'x'":                               "not-one-select",
		"COPY t TO 'x'; SELECT 1":                               "not-one-select",
		"SELECT 1 /* ; */; /* SELECT */ DROP TABLE x": "not-one-select",
		"SELECT 1 --\n; DROP TABLE x":                 "not-one-select",
		"":                                            "not-one-select",
		"-- SELECT 1":                                 "not-one-select",
		"WITH x AS (INSERT INTO t VALUES (1) RETURNING *) FROM x": "syntax",
		"WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x":   "syntax",
		"SELECT 1 INTO t":                                                  "syntax",
		"SELEC 1":                                                          "syntax",
		"SELECT '\x00'":                                                    "syntax",
		"SELECT '\xff'":                                                    "syntax",
		"SHOW TABLES":                                                      "forbidden",
		"SHOW ALL TABLES":                                                  "forbidden",
		"DESCRIBE encounter":                                               "forbidden",
		"SUMMARIZE encounter":                                              "forbidden",
		"SELECT * FROM (DESCRIBE encounter)":                               "forbidden",
		"SELECT * FROM (SUMMARIZE encounter)":                              "forbidden",
		"FROM 'x.parquet'":                                                 "forbidden",
		`FROM "x.parquet"`:                                                 "forbidden",
		"FROM '/store/objects/aa/bb'":                                      "forbidden",
		"SELECT * FROM read_parquet('x')":                                  "forbidden",
		"SELECT * FROM parquet_scan('x')":                                  "forbidden",
		"SELECT * FROM read_csv('x')":                                      "forbidden",
		"SELECT * FROM read_csv_auto('x')":                                 "forbidden",
		"SELECT * FROM read_json('x')":                                     "forbidden",
		"SELECT * FROM READ_TEXT('x')":                                     "forbidden",
		"SELECT * FROM read_blob('x')":                                     "forbidden",
		`SELECT * FROM "Glob"('*')`:                                        "forbidden",
		"SELECT * FROM main.glob('*')":                                     "forbidden",
		"SELECT * FROM sniff_csv('x')":                                     "forbidden",
		"SELECT * FROM parquet_metadata('x')":                              "forbidden",
		"SELECT * FROM duckdb_settings()":                                  "forbidden",
		"SELECT * FROM duckdb_views":                                       "forbidden",
		"SELECT * FROM pragma_database_list":                               "forbidden",
		"SELECT * FROM sqlite_master":                                      "forbidden",
		"SELECT * FROM pg_catalog.pg_class":                                "forbidden",
		"SELECT * FROM information_schema.tables":                          "forbidden",
		"SELECT * FROM keyed.shift":                                        "forbidden",
		"SELECT * FROM memory.fhir.encounter":                              "forbidden",
		"SELECT * FROM query('SELECT 1')":                                  "forbidden",
		"SELECT * FROM query_table('keyed.shift')":                         "forbidden",
		"SELECT * FROM json_execute_serialized_sql('{}')":                  "forbidden",
		"SELECT * FROM histogram('keyed.shift', 'days')":                   "forbidden",
		"SELECT * FROM checkpoint()":                                       "forbidden",
		"SELECT * FROM enable_logging()":                                   "forbidden",
		"SELECT getenv('HOME')":                                            "forbidden",
		"SELECT current_setting('temp_directory')":                         "forbidden",
		"SELECT main.current_setting('temp_directory')":                    "forbidden",
		"SELECT ('temp_directory').current_setting()":                      "forbidden",
		"SELECT nextval('s')":                                              "forbidden",
		"SELECT write_log('x')":                                            "forbidden",
		"SELECT random()":                                                  "forbidden",
		"SELECT uuid()":                                                    "forbidden",
		"SELECT now()":                                                     "forbidden",
		"SELECT current_date":                                              "forbidden",
		"SELECT CURRENT_TIMESTAMP":                                         "forbidden",
		"SELECT LocalTime":                                                 "forbidden",
		"SELECT current_user":                                              "forbidden",
		"SELECT age(birth_date) FROM patient":                              "forbidden",
		"SELECT age(TIMESTAMP '2020-01-01')":                               "forbidden",
		"SELECT * FROM encounter USING SAMPLE 10%":                         "forbidden",
		"SELECT * FROM encounter TABLESAMPLE 10 ROWS":                      "forbidden",
		"SELECT list_transform([1], lambda x: x + random())":               "forbidden",
		"SELECT 1 WHERE 1 IN (SELECT length(content) FROM read_text('x'))": "forbidden",
		"SELECT (SELECT count(*) FROM glob('*'))":                          "forbidden",
		"WITH x AS (SELECT * FROM read_text('x')) SELECT 1":                "forbidden",
		"SELECT a FROM x ORDER BY (SELECT max(file) FROM glob('*'))":       "forbidden",
		"SELECT sum(a) OVER (ORDER BY random()) FROM x":                    "forbidden",
		"SELECT count(*) FILTER (WHERE now() > a) FROM x":                  "forbidden",
		"SELECT 1 LIMIT (SELECT count(*) FROM glob('*'))":                  "forbidden",
		"SELECT * FROM x LEFT JOIN glob('*') g ON true":                    "forbidden",
		"SELECT 1 UNION SELECT count(*) FROM glob('*')":                    "forbidden",
		"FROM (VALUES ((SELECT count(*) FROM glob('*')))) t(a)":            "forbidden",
		"SELECT * REPLACE (now() AS a) FROM x":                             "forbidden",
	} {
		err := s.CheckSelect(t.Context(), sql)
		var e *SQLError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v, want an SQLError", sql, err)
		} else if e.Code != want {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
}

// The engine says which of its functions depend on more than their arguments. A
// newer engine that brings one more fails here.
func TestImpureFunctionsAreComplete(t *testing.T) {
	s := openSession(t, Config{})
	rows, err := s.Query(t.Context(), "functions", `SELECT DISTINCT function_name FROM duckdb_functions()
		WHERE function_type IN ('scalar', 'aggregate') AND (stability <> 'CONSISTENT' OR has_side_effects)`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		n++
		if !slices.Contains(impureFunctions, name) {
			t.Errorf("%s is not in the list", name)
		}
	}
	if err := rows.Err(); err != nil || n == 0 {
		t.Errorf("%d functions, error %v", n, err)
	}
}

func TestSQLErrorPlaces(t *testing.T) {
	s := openSession(t, Config{})
	mustExec(t, s, "CREATE SCHEMA fhir")
	mustExec(t, s, "CREATE SCHEMA measure")
	mustExec(t, s, "CREATE TABLE fhir.encounter (pid INTEGER)")
	for sql, want := range map[string]string{
		"SELECT pid\nFORM fhir.encounter x":             "2:6: syntax: syntax error at or near \"fhir\"",
		"SELECT 'é', nothere\nFROM fhir.encounter":      "1:13: binding: Referenced column \"nothere\" not found in FROM clause! Candidate bindings: \"pid\"",
		"SELECT *\n  FROM fhir.encounters":              "2:8: binding: Table with name encounters does not exist! Did you mean \"encounter\"?",
		"SELECT pid,\n\tnow() FROM fhir.encounter":      "2:2: forbidden: function now depends on more than its arguments",
		"SELECT pid FROM\n\n fhir.encounter, glob('*')": "3:18: forbidden: table function glob is not allowed",
		"SELECT nofunction(pid) FROM fhir.encounter":    "1:8: binding: Scalar Function with name nofunction does not exist! Did you mean \"mul\"?",
	} {
		_, err := s.CreateView(t.Context(), "measure", "v", sql)
		if err == nil {
			t.Errorf("%s: accepted", sql)
			continue
		}
		got, _, _ := strings.Cut(err.Error(), " Did you mean \"mul")
		want, _, _ = strings.Cut(want, " Did you mean \"mul")
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", sql, got, want)
		}
	}
	columns, err := s.CreateView(t.Context(), "measure", "v", "SELECT pid, pid::BIGINT + 1 AS next FROM fhir.encounter; -- the end")
	if err != nil || !slices.Equal(columns, []Column{{"pid", "INTEGER"}, {"next", "BIGINT"}}) {
		t.Errorf("columns %v, error %v", columns, err)
	}
	if n := count(t, s, "SELECT count(*) FROM measure.v"); n != 0 {
		t.Errorf("%d rows", n)
	}
}

// The engine lets COPY overwrite files in an allowed folder, locked or not. The
// door for SQL from outside does not lead there.
func TestOutsideSQLCannotWriteWhereTheSessionCan(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "object.parquet")
	s := openSession(t, Config{AllowedDirs: []string{dir}})
	mustExec(t, s, "CREATE SCHEMA measure")
	mustExec(t, s, "COPY (SELECT 1 AS a) TO "+Quote(file))
	if err := s.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustExec(t, s, "COPY (SELECT 2 AS a) TO "+Quote(file)) // the trap itself
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"COPY (SELECT 3 AS a) TO " + Quote(file),
		"SELECT 1; COPY (SELECT 3 AS a) TO " + Quote(file),
		"SELECT 1) TO " + Quote(file) + "; COPY (SELECT 3",
		"FROM " + Quote(file),
	} {
		if _, err := s.CreateView(t.Context(), "measure", "v", sql); err == nil {
			t.Errorf("accepted %s", sql)
		}
	}
	after, err := os.ReadFile(file)
	if err != nil || string(after) != string(before) {
		t.Error("the object changed")
	}
}
