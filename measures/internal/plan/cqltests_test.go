package plan_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"farr/internal/duck"
	"farr/measures/internal/elm"
	"farr/measures/internal/plan"
)

// HL7's tests of CQL, cqframework/cql-tests, which stay outside this repository. What is kept of them
// is how many pass, and the names of those that do not, each with its reason.
const (
	cqlPassedFile  = "../../../testdata/cql-tests/passed.txt"
	cqlSkippedFile = "../../../testdata/cql-tests/skipped.txt"
)

// cqlTest is one test as testdata/cql/cql-tests.mjs writes it.
type cqlTest struct {
	Suite, Group, Name string
	Invalid            string // how the expression is no CQL, or fails when it is evaluated
	Outputs            int    // how many values are expected
	Refused            string // what the translator says against the expression
	RefusedOutput      string // and against the output
	ELM                json.RawMessage
}

func (c cqlTest) id() string { return c.Suite + " " + c.Group + " " + c.Name }

// cqlVerdict is what became of a test: it passes, or why it does not.
type cqlVerdict struct {
	passed bool
	how    string // value, refused, null; or wrong, unsupported, untranslated
	why    string
}

// cqlTestsELM is the file of the translated tests: below FARR_CQL_TESTS, else in the user's cache
// directory; "" when it is in neither.
func cqlTestsELM(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("FARR_CQL_TESTS")
	named := dir != ""
	if !named {
		cache, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(cache, "farr", "cql-tests")
	}
	file := filepath.Join(dir, "farr-elm.json")
	if _, err := os.Stat(file); err != nil {
		if named {
			t.Fatalf("%s is not there: make cql-tests translates the tests", file)
		}
		return ""
	}
	return file
}

// Every test passes but for those that testdata/cql-tests/skipped.txt names, and none of those does.
func TestCQLTests(t *testing.T) {
	file := cqlTestsELM(t)
	if file == "" {
		t.Skip("SKIPPED: HL7's tests of CQL are not here; testdata/cql-tests/README.md says how to get them")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Translator string
		Tests      []cqlTest
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	skipped, want := readCQLSkipped(t), readCQLPassed(t)
	reasons, ways := map[string]int{}, map[string]int{}
	passed, unexplained, supported := 0, 0, 0
	db := openWorld(t)
	var report []string
	for _, c := range all.Tests {
		v := runCQLTest(t, db, c)
		reason, known := skipped[c.id()]
		delete(skipped, c.id())
		report = append(report, fmt.Sprintf("%t %s\t%s\t%s", v.passed, v.how, c.id(), v.why))
		if v.how != "unsupported" && v.how != "untranslated" {
			supported++
		}
		switch {
		case v.passed && known:
			t.Errorf("%s passes now: take it off %s (%s)", c.id(), cqlSkippedFile, reason)
		case v.passed:
			passed++
			ways[v.how]++
		case known:
			reasons[reason]++
		default:
			t.Errorf("%s is %s: %s", c.id(), v.how, v.why)
			unexplained++
		}
	}
	if file := os.Getenv("FARR_CQL_REPORT"); file != "" {
		if err := os.WriteFile(file, []byte(strings.Join(report, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(skipped)) {
		t.Errorf("%s names %s, and there is no such test", cqlSkippedFile, id)
	}
	if passed < want {
		t.Errorf("%d tests pass, and %d did", passed, want)
	} else if passed > want {
		t.Errorf("%d tests pass, and %s says %d: raise it", passed, cqlPassedFile, want)
	}
	n := 0
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		t.Logf("skipped %4d: %s", reasons[reason], reason)
		n += reasons[reason]
	}
	t.Logf("%d tests, translated by %s: %d supported, %d passed (%d by value, %d refused as they must be, %d null where CQL ends with an error), %d skipped, %d failed",
		len(all.Tests), all.Translator, supported, passed, ways["value"], ways["refused"], ways["null"], n, unexplained)
}

// runCQLTest compiles a test and compares what it gives.
func runCQLTest(t *testing.T, db *duck.Session, c cqlTest) cqlVerdict {
	t.Helper()
	switch {
	case c.Invalid != "" && c.Refused != "":
		return cqlVerdict{true, "refused", ""}
	case c.Refused != "":
		return cqlVerdict{false, "untranslated", c.Refused}
	case c.RefusedOutput != "":
		return cqlVerdict{false, "untranslated", "the output: " + c.RefusedOutput}
	case c.Invalid == "" && c.Outputs != 1:
		return cqlVerdict{false, "untranslated", fmt.Sprintf("%d outputs", c.Outputs)}
	}
	lib, err := elm.Read(c.ELM)
	if err != nil {
		t.Fatalf("%s: %v", c.id(), err)
	}
	p, mistakes := elm.Link(map[string]*elm.Library{lib.Name: lib}, lib.Name)
	if len(mistakes) > 0 {
		t.Fatalf("%s: %v", c.id(), mistakes)
	}
	compiled := plan.CompileMeasure(p, worldModel(), lib.Name, []plan.Want{{Define: "value"}})
	if len(compiled.Problems) > 0 {
		why := compiled.Problems[0].Message
		if c.Invalid != "" && !strings.Contains(why, "not supported") {
			return cqlVerdict{true, "refused", ""}
		}
		return cqlVerdict{false, "unsupported", why}
	}
	got, err := evaluateCQL(db, compiled)
	if err != nil {
		return cqlVerdict{false, "wrong", err.Error()}
	}
	if c.Invalid != "" { // an error at run time makes the person's value null, and the run goes on
		return cqlVerdict{got == "null", "null", "is " + got + ", and CQL ends with an error"}
	}
	want, err := writtenCQL(lib.Defines["expected"].Expression)
	if err != nil {
		return cqlVerdict{false, "untranslated", "the output: " + err.Error()}
	}
	how := "value"
	if got != want && sameElements(got, want) && setOperators.Match(c.ELM) {
		got = want
	}
	if got != want {
		how = "wrong"
	}
	return cqlVerdict{got == want, how, "is " + got + ", want " + want}
}

// setOperators make a list whose order CQL leaves open (CQL 1.5, "Union", "Intersect", "Except"). Of
// all others the order counts.
var setOperators = regexp.MustCompile(`"type":"(Union|Intersect|Except)"`)

// sameElements is whether two lists have equal elements, in whatever order.
func sameElements(a, b string) bool {
	sorted := func(s string) []string {
		list := strings.Split(s, cqlBetween)
		slices.Sort(list)
		return list
	}
	inside := func(s string) (string, bool) {
		s, head := strings.CutPrefix(s, "{"+cqlBetween)
		s, tail := strings.CutSuffix(s, cqlBetween+"}")
		return s, head && tail
	}
	x, isList := inside(a)
	y, both := inside(b)
	return isList && both && slices.Equal(sorted(x), sorted(y))
}

// openWorld is a session with the world's tables.
func openWorld(t *testing.T) *duck.Session {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, sql := range strings.Split(world, ";\n") {
		if err := db.Exec(t.Context(), "world", sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range plan.Setup(false) {
		if err := db.Exec(t.Context(), s.Name, s.SQL); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// evaluateCQL is the value of the define that was compiled, written as writtenCQL writes it.
func evaluateCQL(db *duck.Session, compiled *plan.Compiled) (value string, err error) {
	ctx := context.Background()
	defer func() {
		for _, s := range compiled.Statements {
			if dropping := db.Exec(ctx, "drop", "DROP TABLE IF EXISTS "+s.Table); err == nil {
				err = dropping
			}
		}
	}()
	for _, s := range compiled.Statements {
		if err := db.Exec(ctx, s.Name, s.SQL); err == nil {
			continue
		}
		if err := db.Exec(ctx, s.Name, s.Tolerant()); err != nil {
			return "", fmt.Errorf("%w\n%s", err, s.SQL)
		}
		if len(s.Issues) == 0 {
			return "", fmt.Errorf("fails without an issue: %s", s.SQL)
		}
	}
	d := compiled.Defines["value"]
	shape := d.Shape()
	columns := cqlCells(shape)
	if len(columns) == 0 {
		columns = []string{"NULL::VARCHAR"}
	}
	order := "ALL"
	if d.Ordered() {
		order = "ord"
	}
	rows, err := db.Query(ctx, "value", "SELECT "+strings.Join(columns, ", ")+" FROM "+d.Table+" ORDER BY "+order)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		row, into := make([]*string, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		list = append(list, readCQL(shape, &row))
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	if d.List {
		return cqlList(list), nil
	}
	if d.Sparse && len(list) == 0 {
		return "Boolean false", nil
	}
	if len(list) != 1 {
		return "", fmt.Errorf("%d rows, and no list", len(list))
	}
	return list[0], nil
}

// readCQLPassed is how many tests passed.
func readCQLPassed(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(cqlPassedFile)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatalf("%s: %v", cqlPassedFile, err)
	}
	return n
}

// readCQLSkipped are the tests that are skipped, with the reason that stands above them.
func readCQLSkipped(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(cqlSkippedFile)
	if err != nil {
		t.Fatal(err)
	}
	skipped, reason := map[string]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "  "):
			id := strings.TrimSpace(line)
			if reason == "" || skipped[id] != "" {
				t.Fatalf("%s: %s has no reason, or two", cqlSkippedFile, id)
			}
			skipped[id] = reason
		default:
			reason = line
		}
	}
	return skipped
}
