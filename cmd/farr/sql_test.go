package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/parquet-go/parquet-go"

	"farr/datasets"
	"farr/internal/disk"
	"farr/jobs"
	"farr/measures"
)

func (p project) sqlArgs(statements string, more ...string) []string {
	return append([]string{"sql", "--store", p.store, "--key", p.key, "-c", statements}, more...)
}

// onlyPatient is the pseudonym of a project's one patient.
func (p project) onlyPatient() string {
	p.t.Helper()
	lines := strings.Split(must(p.t, p.sqlArgs("SELECT pid FROM patient", "--phi")...), "\n")
	if len(lines) != 5 || len(lines[2]) != 36 {
		p.t.Fatalf("no one patient: %v", lines)
	}
	return lines[2]
}

// TestSQL: an analyst's statements see true dates, whatever is at rest, the prepared views, value
// lists and results; each statement in turn.
func TestSQL(t *testing.T) {
	for _, profile := range []string{"shifted", "limited"} {
		p, pid := stays(t, profile)
		text := must(t, p.sqlArgs(`
			SELECT pid, birth_date, NULL AS nothing, 'a;b' AS text FROM patient;
			FROM visit SELECT day; -- a comment; with a semicolon
			SELECT count(*) AS n FROM performed WHERE code IN (FROM list_colonoscopy) OR true;
			SELECT period::VARCHAR AS period, age FROM seen;
			SELECT numerator AS stays_counted FROM aggregate WHERE measure LIKE '%OperatedStays%' AND stratum = 'all' LIMIT 1;
			describe visit; SUMMARIZE SELECT birth_date FROM patient; SHOW TABLES`,
			"--phi", "--results", "current", "--periods", "2024")...)
		for _, want := range []string{
			"pid                                   birth_date  nothing  text\n" + strings.Repeat("-", 36) + "  ----------  -------  ----\n" + pid + "  1960-05-01     NULL  a;b\n(1 row)\n\n",
			"day\n----------\n2024-03-01\n(1 row)\n", "n\n-\n1\n(1 row)\n", "period  age\n------  ---\n2024     64\n(1 row)\n", "stays_counted\n-------------\n            1\n",
			"service_provider_rid  UUID\n(5 rows)\n", "birth_date   DATE         1960-05-01", "list_colonoscopy", "cohort_member",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", profile, want, text)
			}
		}
		if text := must(t, p.sqlArgs("SELECT range AS i FROM range(5)", "--phi", "--limit", "3")...); text != "i\n-\n0\n1\n2\n(the first 3 rows: there are more, see --limit and --out)\n" {
			t.Errorf("a long result is\n%s", text)
		}
		if text := must(t, p.sqlArgs("SELECT 'a\n' || chr(27) || '[2J' AS x", "--phi")...); !strings.Contains(text, `a\n\u001b[2J`) {
			t.Errorf("a value tells the terminal what to do: %q", text)
		}
	}
}

// TestSQLYears: an extract with years in place of dates has its tables, without prepared views.
func TestSQLYears(t *testing.T) {
	p := extractedStays(t, "shifted")
	p.store = filepath.Join(p.dir, "years")
	p.extract("--profile", "safe-harbor")
	text := must(t, "sql", "--store", p.store, "--phi", "-c", "SELECT count(*) AS n FROM encounter; SHOW TABLES")
	if !strings.HasPrefix(text, "n\n-\n2\n") || strings.Contains(text, "condition_course") || !strings.Contains(text, "list_colonoscopy") {
		t.Errorf("years say\n%s", text)
	}
}

// TestSQLHeldBack: rows leave the terminal with --phi alone, never into the store, and each
// statement is written down without its text.
func TestSQLHeldBack(t *testing.T) {
	p := extractedStays(t, "shifted")
	out := filepath.Join(p.dir, "rows.csv")
	within := filepath.Join(p.dir, "link")
	if err := os.Symlink(filepath.Join(p.store, "objects"), within); err != nil {
		t.Fatal(err)
	}
	statement := "SELECT birth_date FROM patient WHERE birth_date = '1960-05-01'"
	before := treeOf(t, p.store)
	for _, args := range [][]string{p.sqlArgs(statement), p.sqlArgs(statement, "--out", out), p.sqlArgs(statement, "--phi", "--out", filepath.Join(within, "rows.csv"))} {
		if e := farr(t, args...); e.code != jobs.ExitPrivacy || e.stdout != "" {
			t.Errorf("%v: exit %d, %s", args[5:], e.code, e.stdout)
		}
	}
	if exists(out) || exists(filepath.Join(within, "rows.csv")) {
		t.Error("rows left without --phi, or into the store")
	}
	must(t, p.sqlArgs(statement, "--phi")...)
	must(t, p.sqlArgs("  "+statement+" ;", "--phi", "--out", out)...)
	must(t, p.sqlArgs("SELECT birth_date, gender FROM patient", "--phi", "--format", "csv")...)
	if after := treeOf(t, p.store); !slices.Equal(before, after) {
		t.Errorf("the store had %v and has %v", before, after)
	}
	var all []struct {
		Facts struct {
			Who, What, To, Statement string
			Rows, Columns            *int
		} `json:"facts"`
	}
	log := must(t, "audit", "show", "--store", p.store, "--kind", "disclosure", "--json")
	if err := json.Unmarshal([]byte(log), &all); err != nil || len(all) != 7 {
		t.Fatalf("%d entries (%v)", len(all), err)
	}
	if strings.Contains(log, "1960") || strings.Contains(strings.ToLower(log), "select") {
		t.Errorf("the log holds a statement:\n%s", log)
	}
	if opened := all[0].Facts; opened.What != "sql opens" || opened.Rows != nil || opened.Statement != "" {
		t.Errorf("the log says %+v", opened)
	}
	one, two, begun, ended := all[1].Facts, all[3].Facts, all[5].Facts, all[6].Facts
	if one.What != "sql" || one.To != "output" || two.To != "file" || *one.Rows != 1 || *one.Columns != 1 || one.Who == "" {
		t.Errorf("the log says %+v, %+v", one, two)
	}
	if len(one.Statement) != 64 || one.Statement != two.Statement || one.Statement == ended.Statement || begun.Statement != ended.Statement || begun.Rows != nil || *ended.Rows != 1 || *ended.Columns != 2 {
		t.Errorf("the log says %+v, %+v, %+v", one, begun, ended)
	}
	must(t, "verify", "--store", p.store)
}

// treeOf are the files of a store without its log.
func treeOf(t *testing.T, store string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(store, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if rel, _ := filepath.Rel(store, path); err == nil && !strings.HasPrefix(rel, "log") && rel != "." {
			if d.IsDir() {
				rel += "/" // which takes in what is staged and goes
			} else {
				rel += " " + info.ModTime().String()
			}
			files = append(files, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestSQLRefused: what is not a reading of the views is refused, all of it at once with its place,
// and nothing has run.
func TestSQLRefused(t *testing.T) {
	p := extractedStays(t, "shifted")
	file := filepath.Join(p.dir, "q.sql")
	lines := []string{
		"SELECT 1;", // sound, and not run
		"COPY patient TO 'x.csv';", "ATTACH 'x.db';", "INSTALL httpfs;", "LOAD httpfs;", "SET threads = 1;", "PRAGMA version;", "CREATE TABLE x AS FROM patient;",
		"DELETE FROM patient;", "DROP VIEW patient;", "CALL pragma_version();", "EXPORT DATABASE 'x';", "EXPLAIN SELECT 1;", "CHECKPOINT;", "USE keyed;",
		"SELECT * FROM 'x.csv';", "FROM read_csv('/etc/passwd');", "FROM glob('/*');", "FROM keyed.person;", "FROM keyed.raw_patient;", "FROM run.person;", "FROM duckdb_settings();",
		"FROM information_schema.tables;", "SELECT now();", "SELECT getenv('HOME');", "SHOW ALL TABLES;", "DESCRIBE keyed.person;", "SUMMARIZE 'x.csv';", "FROM (DESCRIBE patient);",
		"SELECT no_such FROM patient;", "SELEC 1;", "DESCRIBE patientt;",
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	e := farr(t, "sql", "--store", p.store, "--key", p.key, "--phi", "--file", file)
	if e.code != jobs.ExitUsage || e.stdout != "" {
		t.Errorf("exit %d, %s", e.code, e.stdout)
	}
	told := strings.Split(strings.TrimSpace(strings.TrimPrefix(e.stderr, "farr: ")), "\n")
	for i, line := range lines {
		at := file + ":" + string(rune('0'+(i+1)/10)) + string(rune('0'+(i+1)%10)) + ":"
		at = strings.Replace(at, ":0", ":", 1)
		if found := slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, at) }); found != (i > 0) {
			t.Errorf("%s: told %v\n%s", line, found, e.stderr)
		}
	}
	for _, want := range []string{`did you mean "patient"?`, file + `:30:8: sql-binding: Referenced column "no_such"`} {
		if !strings.Contains(e.stderr, want) {
			t.Errorf("no %q in\n%s", want, e.stderr)
		}
	}
}

// TestSQLDestroyed: a session that is open when the key is destroyed answers nothing more.
func TestSQLDestroyed(t *testing.T) {
	p := extractedStays(t, "shifted")
	s, k, err := signedStore(t.Context(), p.store, p.key)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	extract, err := s.Current("extract")
	if err != nil {
		t.Fatal(err)
	}
	library, err := measures.LoadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	session, err := measures.OpenSQL(t.Context(), measures.SQLRequest{Extract: extract, Key: k, Library: library})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	statement, _ := measures.SplitSQL("q", "FROM patient;")
	if _, err := session.Bind(t.Context(), statement[0]); err != nil {
		t.Fatal(err)
	}
	must(t, "keys", "destroy", "--store", p.store, "--key", p.key, "--confirm", k.ID())
	if _, err := session.Bind(t.Context(), statement[0]); datasets.CodeOf(err) != datasets.CodeKeyDestroyed {
		t.Errorf("after the key was destroyed: %v", err)
	}
}

// TestSQLFailure: what fails on the data is told by its place, and by no value.
func TestSQLFailure(t *testing.T) {
	p := extractedStays(t, "shifted")
	pid := p.onlyPatient()
	out := filepath.Join(p.dir, "rows.parquet")
	for _, more := range [][]string{{}, {"--format", "csv"}, {"--format", "arrow"}, {"--out", out}} {
		e := farr(t, p.sqlArgs("SELECT gender,\n  pid::VARCHAR::INTEGER FROM patient", append(more, "--phi")...)...)
		if e.code != jobs.ExitFailed || !strings.Contains(e.stderr, "farr: -c:2:15: sql-conversion: ") || strings.Contains(e.stderr+e.stdout, pid) || exists(out) {
			t.Errorf("%v: exit %d, %s%s", more, e.code, e.stdout, e.stderr)
		}
	}
	e := farr(t, p.sqlArgs("SELECT len(list(range)) FROM range(100000000)", "--phi", "--memory", "100MB")...)
	if e.code != jobs.ExitFailed || !strings.Contains(e.stderr, "-c:1:1: sql-out-of-memory") {
		t.Errorf("exit %d, %s", e.code, e.stderr)
	}
}

// TestSQLFiles: the rows of one statement in each format, in a new file of its owner.
func TestSQLFiles(t *testing.T) {
	p := extractedStays(t, "shifted")
	pid := p.onlyPatient()
	folder := filepath.Join(p.dir, "out")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	const statement = "SELECT pid, birth_date, sum(5) AS total, '=1+1' AS formula, -3 AS less, chr(44) AS comma, NULL::VARCHAR AS none FROM patient GROUP BY ALL"
	write := func(name string, more ...string) []byte {
		path := filepath.Join(folder, name)
		must(t, p.sqlArgs(statement, append(more, "--phi", "--out", path)...)...)
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o600 {
			t.Fatalf("%s has mode %v (%v)", name, info.Mode(), err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	if got, want := string(write("a.csv")), "pid,birth_date,total,formula,less,comma,none\n"+pid+",1960-05-01,5,'=1+1,-3,\",\",\n"; got != want {
		t.Errorf("csv is %q", got)
	}
	data := write("a.parquet")
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil || file.NumRows() != 1 || !strings.Contains(file.Schema().String(), "total (DECIMAL(38,0))") {
		t.Errorf("parquet has %v (%v)", file.Schema(), err)
	}
	stream, err := ipc.NewReader(bytes.NewReader(write("a", "--format", "arrow")))
	if err != nil || !stream.Next() || stream.RecordBatch().NumRows() != 1 || stream.RecordBatch().Column(1).ValueStr(0) != "1960-05-01" {
		t.Errorf("arrow: %v", err)
	}
	// Many rows, in the order that was asked for.
	for _, format := range []string{"csv", "arrow"} {
		path := filepath.Join(p.dir, "many."+format)
		must(t, p.sqlArgs("SELECT range AS i, 'x' || range AS t FROM range(300000) ORDER BY i DESC", "--phi", "--out", path)...)
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		streamed := must(t, p.sqlArgs("SELECT range AS i, 'x' || range AS t FROM range(300000) ORDER BY i DESC", "--phi", "--format", format)...)
		if format == "csv" {
			if lines := strings.Split(streamed, "\n"); streamed != string(file) || len(lines) != 300002 || lines[1] != "299999,x299999" || lines[200000] != "100000,x100000" || lines[300000] != "0,x0" {
				t.Errorf("csv of many rows: %d lines", len(lines))
			}
			continue
		}
		for _, text := range []string{streamed, string(file)} {
			r, err := ipc.NewReader(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			next := int64(299999)
			for r.Next() {
				for _, i := range r.RecordBatch().Column(0).(*array.Int64).Int64Values() {
					if i != next {
						t.Fatalf("arrow has %d after %d", i, next+1)
					}
					next--
				}
			}
			if r.Err() != nil || next != -1 {
				t.Errorf("arrow of many rows ends at %d (%v)", next, r.Err())
			}
		}
	}
	path := filepath.Join(folder, "a.csv")
	for _, args := range [][]string{
		p.sqlArgs("SELECT 1", "--phi", "--out", path), p.sqlArgs("SELECT 1; SELECT 2", "--phi", "--out", path, "--force"),
		p.sqlArgs("SELECT 1", "--phi", "--out", filepath.Join(folder, "b.txt")), p.sqlArgs("SELECT 1", "--phi", "--out", "/dev/null", "--force", "--format", "csv"), p.sqlArgs("SELECT 1", "--phi", "--limit", "0"), p.sqlArgs("SELECT 1", "--phi", "--format", "parquet"), p.sqlArgs(" -- nothing", "--phi"),
	} {
		if e := farr(t, args...); e.code != jobs.ExitUsage || e.stdout != "" {
			t.Errorf("%v: exit %d, %s", args[5:], e.code, e.stderr)
		}
	}
	must(t, p.sqlArgs("SELECT 1 AS a", "--phi", "--out", path, "--force")...)
	if data, _ := os.ReadFile(path); string(data) != "a\n1\n" {
		t.Errorf("--force left %q", data)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) != 3 {
		t.Errorf("there are %v", left)
	}
	// What a dead run left goes; what a living one has stays.
	dead := filepath.Join(folder, ".farr-sql-1")
	if err := os.Mkdir(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	living, remove, err := disk.Private(folder, ".farr-sql-")
	if err != nil || exists(dead) {
		t.Errorf("a dead run's folder stays (%v)", err)
	}
	if err := os.Mkdir(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	must(t, p.sqlArgs("SELECT 1 AS a", "--phi", "--out", path, "--force")...)
	if exists(dead) || !exists(living) {
		t.Error("a dead run's folder stays, or a living one's is gone")
	}
	remove()
	if hidden, _ := filepath.Glob(filepath.Join(folder, ".*")); len(hidden) != 0 {
		t.Errorf("there are left over %v", hidden)
	}
}
