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
		Members   []string
		Incidence []struct {
			Year       int
			Cases      int64
			PersonDays int64 `json:"person_days"`
		}
	} `json:"cohorts"`
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

// TestTruth: for three seeds every numerator, denominator, attrition step, cohort member
// and person-day equals what the generator counted before any FHIR was written, and the
// limited profile gives each patient the same result as the shifted one.
func TestTruth(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			t.Parallel()
			p := synthetic(t, 1200, seed)
			want := readTruth(t, p.export)
			periods := "--periods=" + strings.Join(want.Periods, ",")

			p.extract()
			p.measure(periods)
			compareMeasures(t, want, p.table("aggregate"))
			compareCohorts(t, want, p)
			shifted := p.table("subject")

			p.extract("--profile", "limited")
			p.measure(periods)
			if limited := p.table("subject"); !cmp.Equal(shifted, limited) {
				t.Errorf("the results of %d and %d subjects differ between the profiles shifted and limited", len(shifted), len(limited))
			}
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

func compareCohorts(t *testing.T, want truth, p project) {
	t.Helper()
	key, err := datasets.ReadKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	wanted, got := map[string]string{}, map[string]string{}
	for _, c := range want.Cohorts {
		for _, step := range c.Attrition {
			wanted[c.ID+" remaining "+step.Rule] = fmt.Sprint(step.Remaining)
		}
		for _, year := range c.Incidence {
			wanted[fmt.Sprint(c.ID, " year ", year.Year)] = fmt.Sprintf("%d cases in %d days", year.Cases, year.PersonDays)
		}
		for _, id := range c.Members {
			wanted[c.ID+" member "+datasets.PseudonymOf(key, "main", "Patient", id).String()] = "in"
		}
	}
	steps := map[string]int{}
	for _, r := range p.table("cohort_attrition") {
		got[r["cohort"]+" remaining "+r["rule"]] = r["remaining"]
		steps[r["cohort"]]++
	}
	for _, r := range p.table("cohort_incidence") {
		got[r["cohort"]+" year "+r["year"]] = r["cases"] + " cases in " + r["person_days"] + " days"
	}
	for _, r := range p.table("cohort_member") {
		passed, err := strconv.ParseInt(r["rules_passed"], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if passed == 1<<steps[r["cohort"]]-1 {
			got[r["cohort"]+" member "+r["pid"]] = "in"
		}
	}
	t.Logf("%d cohort figures and members compared", len(wanted))
	reportDiff(t, wanted, got)
}
