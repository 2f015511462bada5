package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"farr/datasets"
)

// truth is what the generator counted from its own events; see internal/synth.
type truth struct {
	AsOf     string   `json:"as_of"`
	Zone     string   `json:"zone"`
	Periods  []string `json:"periods"`
	Measures []struct {
		Measure, Period, Stratum, Value string
		Denominator, Numerator          int64
	} `json:"measures"`
	Cohorts []struct {
		ID        string
		Attrition []struct {
			Rule      string
			Remaining int64
		}
		Members []struct {
			Patient   string
			IndexDate string `json:"index_date"`
		}
		Characteristics []struct {
			Characteristic string
			Members        int64
		}
		Incidence []struct {
			Year       int
			Cases      int64
			PersonDays int64 `json:"person_days"`
		}
	} `json:"cohorts"`
	Outcomes []struct {
		Cohort, Outcome, Stratum, Value string
		AtRisk                          int64 `json:"at_risk"`
		WashedOut                       int64 `json:"washed_out"`
		NoTime                          int64 `json:"no_time"`
		Events                          int64
		PersonDays                      int64 `json:"person_days"`
	} `json:"outcomes"`
	Rates []struct {
		Cohort, Period, Stratum, Value string
		Cases                          int64
		PersonDays                     int64 `json:"person_days"`
	} `json:"rates"`
	Resources map[string]int64 `json:"resources"`
	Dirty     []struct {
		File   string
		Line   int64
		Offset int64
		Reason string
	} `json:"dirty"`
}

func readTruth(t testing.TB, export string) truth {
	data, err := os.ReadFile(filepath.Join(export, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v truth
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestTruth: for three seeds every numerator and denominator, and of each of the five cohorts
// every attrition step, member with index date, characteristic, event and person-day, equals
// what the generator counted before any FHIR was written. The first seed is also measured on shifted dates, and gives each
// patient the same result; of the others that is left to TestLaw, and to FARR_LAW=all (make law).
func TestTruth(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			t.Parallel()
			p := synthetic(t, 1200, seed)
			want := readTruth(t, p.export)
			periods := "--periods=" + strings.Join(want.Periods, ",")

			p.extract("--profile", "limited", "--risk=false")
			p.measure(periods)
			compareMeasures(t, want, p.table("aggregate"))
			compareCohorts(t, want, p, true)
			if seed > 1 && os.Getenv("FARR_LAW") != "all" {
				return
			}
			limited := p.table("subject")

			p.extract("--risk=false")
			p.measure(periods)
			compareMeasures(t, want, p.table("aggregate"))
			if shifted := p.table("subject"); !cmp.Equal(limited, shifted) {
				t.Errorf("the results of %d and %d subjects differ between the profiles shifted and limited", len(shifted), len(limited))
			}
			compareCohorts(t, want, p, false)
		})
	}
}

// table exports a results table as CSV and returns its rows by column name.
func (p project) table(name string) []map[string]string {
	p.t.Helper()
	out := must(p.t, "measure", "results", "--store", p.store, "--table", name, "--format", "csv")
	lines, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		p.t.Fatal(err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func compareMeasures(t *testing.T, want truth, rows []map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, r := range rows {
		if r["denominator"] == "0" {
			continue // truth lists only what was counted
		}
		got[strings.Join([]string{r["measure"], r["period"], r["stratum"], r["value"]}, " ")] = r["numerator"] + "/" + r["denominator"]
	}
	wanted := map[string]string{}
	for _, m := range want.Measures {
		wanted[strings.Join([]string{m.Measure, m.Period, m.Stratum, m.Value}, " ")] = fmt.Sprintf("%d/%d", m.Numerator, m.Denominator)
	}
	if len(wanted) < 1000 {
		t.Fatalf("truth has only %d rows", len(wanted))
	}
	t.Logf("%d numerators and denominators compared", len(wanted))
	reportDiff(t, wanted, got)
}

func reportDiff(t *testing.T, want, got map[string]string) {
	t.Helper()
	var lines []string
	for key, w := range want {
		if g := got[key]; g != w {
			lines = append(lines, fmt.Sprintf("%s: got %q, want %q", key, g, w))
		}
	}
	for key, g := range got {
		if _, ok := want[key]; !ok {
			lines = append(lines, fmt.Sprintf("%s: got %q, want nothing", key, g))
		}
	}
	sort.Strings(lines)
	if n := len(lines); n > 0 {
		t.Errorf("%d of %d differ, for example:\n%s", n, len(want), strings.Join(lines[:min(n, 25)], "\n"))
	}
}

// compareCohorts compares all that the truth has of cohorts. Index dates can be read only where dates
// are at rest as they are.
func compareCohorts(t *testing.T, want truth, p project, dates bool) {
	t.Helper()
	key, err := datasets.ReadKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	wanted, got := map[string]string{}, map[string]string{}
	member := func(to map[string]string, cohort, pid, date string) {
		if !dates {
			date = ""
		}
		to[cohort+" member "+pid+" "+date] += "in "
	}
	for _, c := range want.Cohorts {
		before := int64(-1)
		for _, step := range c.Attrition {
			wanted[c.ID+" remaining "+step.Rule] = fmt.Sprint(step.Remaining)
			if step.Remaining == before || step.Remaining == 0 {
				t.Errorf("%s: %d remain after %s and %d before it, which proves nothing", c.ID, step.Remaining, step.Rule, before)
			}
			before = step.Remaining
		}
		for _, year := range c.Incidence {
			wanted[fmt.Sprint(c.ID, " year ", year.Year)] = fmt.Sprintf("%d cases in %d days", year.Cases, year.PersonDays)
		}
		for _, h := range c.Characteristics {
			wanted[c.ID+" with "+h.Characteristic] = fmt.Sprint(h.Members)
		}
		for _, m := range c.Members {
			member(wanted, c.ID, datasets.PseudonymOf(key, "main", "Patient", m.Patient).String(), m.IndexDate)
		}
	}
	for _, o := range want.Outcomes {
		wanted[strings.Join([]string{o.Cohort, o.Outcome, o.Stratum, o.Value}, " ")] = fmt.Sprintf("%d at risk, %d washed out, %d no time, %d events in %d days", o.AtRisk, o.WashedOut, o.NoTime, o.Events, o.PersonDays)
		if o.Stratum == "all" && (o.Events == 0 || o.Events == o.AtRisk) {
			t.Errorf("%s: %d of %d have the outcome %s, which proves nothing", o.Cohort, o.Events, o.AtRisk, o.Outcome)
		}
	}
	for _, r := range want.Rates {
		wanted[strings.Join([]string{r.Cohort, r.Period, r.Stratum, r.Value}, " ")] = fmt.Sprintf("%d cases in %d days", r.Cases, r.PersonDays)
	}
	if len(want.Cohorts) != 5 || len(want.Outcomes) < 200 || len(want.Rates) < 2000 {
		t.Fatalf("truth has %d cohorts, %d outcomes by stratum, %d rates", len(want.Cohorts), len(want.Outcomes), len(want.Rates))
	}
	steps := map[string]int{}
	for _, r := range p.table("cohort_attrition") {
		got[r["cohort"]+" remaining "+r["rule"]] = r["remaining"]
		steps[r["cohort"]]++
	}
	for _, r := range p.table("cohort_incidence") {
		got[r["cohort"]+" year "+r["year"]] = r["cases"] + " cases in " + r["person_days"] + " days"
	}
	for _, r := range p.table("cohort_table1") {
		if r["stratum"] == "all" && r["level"] == "yes" {
			got[r["cohort"]+" with "+r["characteristic"]] = r["people"]
		}
	}
	for _, r := range p.table("cohort_outcome") {
		got[strings.Join([]string{r["cohort"], r["outcome"], r["stratum"], r["value"]}, " ")] = fmt.Sprintf("%s at risk, %s washed out, %s no time, %s events in %s days", r["at_risk"], r["washed_out"], r["no_time"], r["events"], r["person_days"])
	}
	for _, r := range p.table("cohort_rate") {
		if r["numerator"] != "0" || r["denominator"] != "0" { // truth lists only what was counted
			got[strings.Join([]string{r["cohort"], r["period"], r["stratum"], r["value"]}, " ")] = r["numerator"] + " cases in " + r["denominator"] + " days"
		}
	}
	for _, r := range p.table("cohort_member") {
		passed, err := strconv.ParseInt(r["rules_passed"], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if passed == 1<<steps[r["cohort"]]-1 {
			member(got, r["cohort"], r["pid"], r["index_date"])
		}
	}
	t.Logf("%d cohort figures and members compared", len(wanted))
	reportDiff(t, wanted, got)
}
