package measures

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

var update = flag.Bool("update", false, "write what the tests found into their files")

// Each file in testdata/rules is a definition, periods, people made for its rules, and
// below a line of dashes what comes out: one line for each subject in the initial
// population. go test -update rewrites the second half; the diff is the review.
func TestRules(t *testing.T) {
	files, err := filepath.Glob("testdata/rules/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no rules", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, want, _ := strings.Cut(string(data), "\n----\n")
			got := runRules(t, input)
			if *update {
				if err := os.WriteFile(file, []byte(input+"\n----\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func runRules(t *testing.T, input string) string {
	head, rest, _ := strings.Cut(input, "\n")
	words := strings.Fields(head)
	if len(words) != 3 && len(words) != 5 {
		t.Fatalf("the first line is %q, not a kind, an id, periods and perhaps a window", head)
	}
	d := shippedDefinition(t, words[1])
	f := newFixture(t, "\n"+rest)
	e := f.engine(words[2], d)
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	if d.Kind == KindMeasure {
		f.measure(e, d, w)
	} else {
		f.cohort(e, d, words[3:], w)
	}
	w.Flush()
	return out.String()
}

func (f *fixture) measure(e *engine, d Definition, w *tabwriter.Writer) {
	f.t.Helper()
	if err := e.evaluate(f.t.Context(), d); err != nil {
		f.t.Fatal(err)
	}
	rows, err := f.db.Query(f.t.Context(), "subjects", `SELECT period::VARCHAR, pid, episode, denominator, denominator_exclusion, numerator,
		numerator_value::BIGINT, denominator_value::BIGINT, concat_ws(' ', site, sex, age, race, ethnicity, payer) FROM run.subject`)
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var period, strata string
		var pid, episode []byte
		var in, excluded, counted bool
		var up, down *int64
		if err := rows.Scan(&period, &pid, &episode, &in, &excluded, &counted, &up, &down, &strata); err != nil {
			f.t.Fatal(err)
		}
		who := f.people[uuid.UUID(pid)]
		if episode != nil {
			who = f.rids[uuid.UUID(episode)]
		}
		role := "not counted"
		switch {
		case counted && down == nil:
			role = "numerator"
		case in && down != nil:
			role = fmt.Sprintf("%d in %d days", value(up), *down)
		case in:
			role = "denominator"
		case excluded:
			role = "excluded"
		}
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s\n", who, period, role, strata))
	}
	if err := rows.Err(); err != nil {
		f.t.Fatal(err)
	}
	f.print(w, lines)
}

func value(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

func (f *fixture) cohort(e *engine, d Definition, bounds []string, w *tabwriter.Writer) *cohortResult {
	f.t.Helper()
	var study window
	for i, at := range []*time.Time{&study.low, &study.high} {
		parsed, err := time.Parse(time.DateOnly, bounds[i])
		if err != nil {
			f.t.Fatal(err)
		}
		*at = parsed
	}
	result, err := e.cohort(f.t.Context(), d, study)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, a := range result.attrition {
		fmt.Fprintf(w, "%d\t%s\t%d\n", a.Ordinal, a.Rule, a.Remaining)
	}
	for _, n := range result.incidence {
		fmt.Fprintf(w, "%d\t%d cases\t%d days\t%.4f (%.4f, %.4f) %s\n", n.Year, n.Cases, n.PersonDays, n.Rate, n.CILow, n.CIHigh, n.Method)
	}
	rows, err := f.db.Query(f.t.Context(), "members", "SELECT pid, index_date::VARCHAR, rules_passed FROM run.member")
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var pid []byte
		var index string
		var mask int64
		if err := rows.Scan(&pid, &index, &mask); err != nil {
			f.t.Fatal(err)
		}
		failed := ""
		for i, r := range d.Rules {
			if mask>>i&1 == 0 {
				failed += " not " + r.ID
			}
		}
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s\n", f.people[uuid.UUID(pid)], index, strings.TrimSpace(failed)))
	}
	f.print(w, lines)
	return result
}

func (f *fixture) print(w *tabwriter.Writer, lines []string) {
	slices.Sort(lines)
	for _, l := range lines {
		fmt.Fprint(w, l)
	}
}
