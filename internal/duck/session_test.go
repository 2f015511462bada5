package duck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"farr/internal/leak"
)

func openSession(t testing.TB, c Config) *Session {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustExec(t testing.TB, s *Session, sql string) {
	t.Helper()
	if err := s.Exec(t.Context(), "test", sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func count(t testing.TB, s *Session, sql string) (n int64) {
	t.Helper()
	if err := s.QueryRow(t.Context(), "count", sql, &n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func TestOnlyAllowedFolders(t *testing.T) {
	base := t.TempDir()
	allowed, sibling, outside := filepath.Join(base, "in"), filepath.Join(base, "inside"), t.TempDir()
	for _, dir := range []string{allowed, sibling} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s := openSession(t, Config{AllowedDirs: []string{allowed}})
	copyTo := func(dir string) error {
		return s.Exec(t.Context(), "copy", "COPY (SELECT 1) TO "+Quote(filepath.Join(dir, "x.csv")))
	}
	if err := copyTo(allowed); err != nil {
		t.Error(err)
	}
	for _, dir := range []string{outside, sibling, allowed + "/../inside"} {
		if err := copyTo(dir); err == nil {
			t.Errorf("wrote to %s", dir)
		}
	}
	if err := os.Symlink(outside, filepath.Join(base, "in", "link")); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"ATTACH " + Quote(filepath.Join(outside, "x.db")),
		"INSTALL httpfs", "LOAD httpfs",
		"SELECT * FROM read_text('/etc/hostname')",
		"SET enable_external_access = true",
	} {
		if err := s.Exec(t.Context(), "escape", sql); err == nil {
			t.Errorf("ran %s", sql)
		}
	}
}

func TestLock(t *testing.T) {
	s := openSession(t, Config{})
	mustExec(t, s, "SET threads = 1")
	if err := s.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"SET threads = 2", "SET lock_configuration = false", "RESET memory_limit", "PRAGMA threads=2",
		"SET allowed_directories = ['/']", "SET temp_directory = '/tmp'"} {
		if err := s.Exec(t.Context(), "unlock", sql); err == nil {
			t.Errorf("ran %s", sql)
		}
	}
	mustExec(t, s, "CREATE TABLE t AS SELECT 1 AS x")
	if n := count(t, s, "SELECT count(*) FROM t"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// An engine's error quotes the value that it could not convert, the duplicate
// key, the string it could not parse. None of it may pass.
func TestErrorsHoldNoData(t *testing.T) {
	const secret = "Jane-Doe-1970"
	s := openSession(t, Config{})
	mustExec(t, s, "CREATE TABLE p (name VARCHAR PRIMARY KEY)")
	mustExec(t, s, "INSERT INTO p VALUES ('"+secret+"')")
	for class, sql := range map[string]string{
		"Conversion":    "SELECT CAST(name AS INTEGER) FROM p",
		"Constraint":    "INSERT INTO p VALUES ('" + secret + "')",
		"Invalid Input": "SELECT strptime(name, '%Y') FROM p",
		"Parser":        "SELEC '" + secret + "'",
		"Catalog":       `SELECT * FROM "` + secret + `"`,
		"Binder":        `SELECT "` + secret + `" FROM p`,
	} {
		rows, err := s.Query(t.Context(), "probe", sql)
		if err == nil {
			rows.Next()
			err = rows.Err()
			rows.Close()
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: error %v", class, err)
			continue
		}
		if e.Class != class || e.Statement != "probe" || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: error %v of class %q", class, err, e.Class)
		}
		reader, err := s.QueryArrow(t.Context(), "probe", sql)
		if err == nil {
			reader.Next()
			err = reader.Err()
			reader.Release()
		}
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s as Arrow: error %v", class, err)
		}
	}
	rows, err := s.Query(t.Context(), "scan", "SELECT name FROM p")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var n int
	if rows.Next(); true {
		if err := rows.Scan(&n); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("scan: error %v", err)
		}
	}
}

func TestCancel(t *testing.T) {
	s := openSession(t, Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	rows, err := s.Query(ctx, "long", "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range, b.range) = 1")
	if err == nil {
		rows.Close()
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("stopped after %v", d)
	}
	if n := count(t, s, "SELECT 7"); n != 7 {
		t.Errorf("after the interrupt: %d", n)
	}
}

func TestMemoryLimitAndSpill(t *testing.T) {
	const work = "CREATE OR REPLACE TABLE w AS SELECT i, hash(i) AS h, repeat('x', 40) || i AS s FROM range(1500000) r(i) ORDER BY h"
	none := openSession(t, Config{MemoryLimit: 48 << 20, Threads: 1})
	var e *Error
	if err := none.Exec(t.Context(), "sort", work); !errors.As(err, &e) || e.Class != "Out of Memory" {
		t.Errorf("without a folder: %v", err)
	}
	dir := t.TempDir()
	spill := openSession(t, Config{MemoryLimit: 48 << 20, Threads: 1, TempDir: dir})
	if err := spill.Exec(t.Context(), "sort", work); err != nil {
		t.Errorf("with a folder: %v", err)
	}
}

func TestAppender(t *testing.T) {
	s := openSession(t, Config{})
	mustExec(t, s, "CREATE SCHEMA keyed")
	mustExec(t, s, "CREATE TABLE keyed.t (pid UUID, days INTEGER, since TIMESTAMP)")
	a, err := s.Appender(t.Context(), "keyed", "t")
	if err != nil {
		t.Fatal(err)
	}
	for i := range int32(5000) {
		if err := a.AppendRow(UUID{15: byte(i)}, i, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.AppendRow("no uuid"); err == nil {
		t.Error("appended a row of another shape")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "SELECT sum(days)::BIGINT FROM keyed.t WHERE since IS NULL AND pid >= '00000000-0000-0000-0000-000000000000'"); n != 4999*5000/2 {
		t.Errorf("sum %d", n)
	}
	if _, err := s.Appender(t.Context(), "keyed", "missing"); err == nil {
		t.Error("opened a table that is not there")
	}
}

// Both builds give this schema and these values.
func TestArrow(t *testing.T) {
	s := openSession(t, Config{})
	reader, err := s.QueryArrow(t.Context(), "types", `SELECT
		i % 2 = 0 AS flag, (i % 100)::TINYINT AS tiny, i::SMALLINT AS small, i::INTEGER AS int, i AS big, i::HUGEINT AS huge, i / 4 AS dbl,
		'v' || i AS txt, 'b'::BLOB AS blb, DATE '1960-02-29' AS day, TIMESTAMP '1960-02-29 01:02:03.004' AS since,
		CAST(? AS DECIMAL(28,8)) AS amount, '00000000-0000-0000-0000-0000000000ff'::UUID AS id, NULL::INTEGER AS none
		FROM range(20000) r(i) ORDER BY i`, "-12.5")
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Release()
	want := []string{"flag bool", "tiny int8", "small int16", "int int32", "big int64", "huge decimal(38, 0)", "dbl float64",
		"txt utf8", "blb binary", "day date32", "since timestamp[us]", "amount decimal(28, 8)", "id utf8", "none int32"}
	for i, f := range reader.Schema().Fields() {
		if got := fmt.Sprintf("%s %v", f.Name, f.Type); got != want[i] {
			t.Errorf("field %s, want %s", got, want[i])
		}
	}
	total := int64(0)
	var first arrow.RecordBatch
	for reader.Next() {
		r := reader.RecordBatch()
		total += r.NumRows()
		if first == nil {
			first = r
			first.Retain()
			defer first.Release()
		}
	}
	if err := reader.Err(); err != nil {
		t.Fatal(err)
	}
	row := func(r arrow.RecordBatch, i int) string {
		var values []string
		for _, c := range r.Columns() {
			values = append(values, c.ValueStr(i))
		}
		return strings.Join(values, " ")
	}
	const constant = " Yg== 1960-02-29 1960-02-29T01:02:03.004 -12.5 00000000-0000-0000-0000-0000000000ff (null)"
	if total != 20000 {
		t.Errorf("%d rows", total)
	}
	if got, want := row(first, 3), "false 3 3 3 3 3 0.75 v3"+constant; got != want {
		t.Errorf("row 3 is %s, want %s", got, want)
	}
}

// TestNullsHoldNothing: of the engine's memory, in which other values stood before, nothing comes out under a null.
func TestNullsHoldNothing(t *testing.T) {
	s := openSession(t, Config{Threads: 1})
	under := func(query func(ctx context.Context, name, sql string) (array.RecordReader, error)) (n, rows int) {
		for _, sql := range []string{
			"SELECT CASE WHEN i % 2 = 0 THEN i + 77 END, CASE WHEN i % 3 = 0 THEN (i % 100)::TINYINT END, i // (i % 2) FROM range(3000) t(i)",
			"SELECT b.i, b.d, b.h, b.u, b.s FROM range(10) a(i) LEFT JOIN (SELECT i, DATE '2024-01-01' + i::INTEGER AS d, i::HUGEINT AS h, i % 2 = 1 AS u, 'v' || i AS s FROM range(5, 8) t(i)) b USING (i)",
			"SELECT i % 3 = 1 OR NULL, lag(i) OVER (ORDER BY i), TRY_CAST(i * 100 AS TINYINT), NULL::TIMESTAMP FROM range(999) t(i)",
		} {
			r, err := query(t.Context(), "nulls", sql)
			if err != nil {
				t.Fatal(err)
			}
			for r.Next() {
				n += leak.Slots(r.RecordBatch())
				rows += int(r.RecordBatch().NumRows())
			}
			if err := r.Err(); err != nil {
				t.Fatal(err)
			}
			r.Release()
		}
		return n, rows
	}
	engine, _ := under(func(ctx context.Context, name, sql string) (array.RecordReader, error) {
		return s.queryArrow(ctx, name, sql, nil)
	})
	n, rows := under(func(ctx context.Context, name, sql string) (array.RecordReader, error) {
		return s.QueryArrow(ctx, name, sql)
	})
	if n > 0 || rows != 3000+10+999 {
		t.Errorf("%d nulls of %d rows hold something", n, rows)
	}
	t.Logf("of the engine itself %d nulls held something", engine)
}
