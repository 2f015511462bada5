package measures

import (
	"bytes"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

	"farr/datasets"
	"farr/internal/synth"
)

// study is a small synthetic export, extracted.
type study struct {
	store   *datasets.Store
	key     *datasets.Key
	extract *datasets.Snapshot
}

func newStudy(t *testing.T, export string, key *datasets.Key, profile string) study {
	t.Helper()
	store, err := datasets.CreateStore(t.Context(), filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	report, err := datasets.Extract(t.Context(), store, datasets.ExtractRequest{
		Source: export, Zone: "America/New_York", SitesFile: filepath.Join(export, "sites.csv"), Key: key, Profile: profile,
	})
	if err != nil {
		t.Fatal(err)
	}
	extract, err := store.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return study{store, key, extract}
}

func newExport(t *testing.T) (dir string, key *datasets.Key) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "export")
	_, err := synth.Generate(t.Context(), synth.Options{
		Patients: 250, Seed: 7, Sites: 3, Out: dir,
		Start: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err = datasets.CreateKey(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, key
}

func (s study) request(t *testing.T) Request {
	t.Helper()
	library, err := LoadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	periods, err := ParsePeriods("2023,2024,2024-10..2024-12,P12M/2024-12")
	if err != nil {
		t.Fatal(err)
	}
	return Request{Extract: s.extract, Key: s.key, Library: library, Periods: periods}
}

func (s study) run(t *testing.T, change func(*Request)) (*RunReport, *Results) {
	t.Helper()
	r := s.request(t)
	if change != nil {
		change(&r)
	}
	report, err := Run(t.Context(), s.store, r)
	if err != nil {
		t.Fatal(err)
	}
	sn, err := s.store.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	results, err := OpenResults(t.Context(), s.store, sn)
	if err != nil {
		t.Fatal(err)
	}
	return report, results
}

func TestRun(t *testing.T) {
	export, key := newExport(t)
	s := newStudy(t, export, key, "shifted")
	report, results := s.run(t, nil)

	t.Run("skip", func(t *testing.T) {
		again, _ := s.run(t, nil)
		want := *report
		want.Skipped = true
		if diff := cmp.Diff(&want, again); diff != "" {
			t.Error(diff)
		}
		other, _ := s.run(t, func(r *Request) { r.Periods = r.Periods[:1] })
		if other.Skipped || other.Snapshot == report.Snapshot {
			t.Error("other periods were skipped")
		}
	})
	t.Run("same bytes", func(t *testing.T) {
		again, _ := newStudy(t, export, key, "shifted").run(t, func(r *Request) { r.Threads = 1 })
		if again.Snapshot != report.Snapshot {
			t.Error("the same question on the same export has another ID in another store")
		}
	})
	t.Run("limited", func(t *testing.T) {
		_, limited := newStudy(t, export, key, "limited").run(t, nil)
		if diff := cmp.Diff(results.Aggregates(), limited.Aggregates(), cmpopts.EquateNaNs()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(results.Incidence(), limited.Incidence(), cmpopts.EquateNaNs()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("aggregates", func(t *testing.T) { checkAggregates(t, results) })
	t.Run("care gaps", func(t *testing.T) { checkCareGaps(t, results) })
	t.Run("alone", func(t *testing.T) {
		// A measure's numbers do not depend on what runs beside it.
		_, alone := s.run(t, func(r *Request) { r.Measures = []string{"hba1c-poor-control"} })
		together := slices.DeleteFunc(results.Aggregates(), func(a Aggregate) bool { return a.Measure != "hba1c-poor-control" })
		if diff := cmp.Diff(together, alone.Aggregates(), cmpopts.EquateNaNs()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("definitions", func(t *testing.T) {
		library, _ := LoadLibrary()
		inSQL := slices.DeleteFunc(library.Definitions(), func(d Definition) bool { return d.Published != nil })
		if diff := cmp.Diff(inSQL, results.Definitions()); diff != "" {
			t.Error(diff)
		}
		lineage := results.Lineage()
		if lineage.Extract != s.extract.ID() || lineage.ExtractRecipe == nil || day(lineage.AsOf) != "2024-12-31" || len(lineage.Periods) != 6 {
			t.Errorf("lineage %+v", lineage)
		}
	})
	t.Run("formats", func(t *testing.T) { checkFormats(t, results, report) })
	t.Run("unknown", func(t *testing.T) {
		library, _ := LoadLibrary()
		_, err := Run(t.Context(), s.store, Request{Extract: s.extract, Key: key, Library: library, Measures: []string{"hba1c-poor-controll"}})
		want := "measure run: unknown measure \"hba1c-poor-controll\" (did you mean \"hba1c-poor-control\"?)\nno periods"
		if err == nil || err.Error() != want {
			t.Errorf("%v", err)
		}
		if _, err := Run(t.Context(), s.store, Request{Extract: s.extract, Library: library, Periods: []Period{{ID: "2024", Family: FamilyDisjoint,
			Low: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), High: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}}}); err == nil {
			t.Error("shifted dates were read without the key")
		}
	})
}

// checkAggregates holds what is true of every set of results: each stratum splits the
// whole, parts are within wholes, limits hold their rate.
func checkAggregates(t *testing.T, results *Results) {
	type margin struct{ measure, period, stratum string }
	sums := map[margin][4]int64{}
	counts := func(a Aggregate) [4]int64 {
		return [4]int64{a.InitialPopulation, a.Denominator, a.DenominatorExclusion, a.Numerator}
	}
	scoring := map[string]string{}
	for _, d := range results.Definitions() {
		scoring[d.ID] = d.Scoring
	}
	some := map[string]int64{}
	for _, a := range results.Aggregates() {
		k := margin{a.Measure, a.Period, a.Stratum}
		sum := sums[k]
		for i, n := range counts(a) {
			sum[i] += n
		}
		sums[k] = sum
		some[a.Measure] += a.Numerator
		if a.Stratum != stratumAll && a.InitialPopulation == 0 {
			t.Errorf("%v: a value nobody has", a)
		}
		if scoring[a.Measure] == ScoringProportion && (a.Numerator > a.Denominator || a.Denominator+a.DenominatorExclusion > a.InitialPopulation) {
			t.Errorf("%v: a part is more than its whole", a)
		}
		if a.Denominator == 0 != math.IsNaN(a.Rate) || a.Denominator > 0 && !(a.CILow <= a.Rate && a.Rate <= a.CIHigh) {
			t.Errorf("%v: limits", a)
		}
		// The data end with 2024, and readmissions need thirty days more.
		if complete := a.Measure != "readmission-30-day" || a.High.Before(time.Date(2024, 12, 3, 0, 0, 0, 0, time.UTC)); a.Complete != complete {
			t.Errorf("%v: complete is %t", a, a.Complete)
		}
	}
	wholes := 0
	for k, sum := range sums {
		if k.stratum == stratumAll {
			wholes++
		} else if whole := sums[margin{k.measure, k.period, stratumAll}]; sum != whole {
			t.Errorf("%v adds up to %v, the whole is %v", k, sum, whole)
		}
	}
	if wholes != 7*6 {
		t.Errorf("%d wholes, want 7 measures in 6 periods", wholes)
	}
	for measure := range scoring {
		if scoring[measure] != "" && some[measure] == 0 {
			t.Errorf("%s counts nobody: the test shows nothing", measure)
		}
	}
	remaining := int64(math.MaxInt64)
	for _, a := range results.Attrition() {
		if a.Ordinal > 0 && a.Remaining > remaining {
			t.Errorf("%v: more than before", a)
		}
		remaining = a.Remaining
	}
	for _, n := range results.Incidence() {
		if n.PersonDays == 0 || !n.Complete {
			t.Errorf("%+v", n)
		}
	}
	if n := len(results.Incidence()); n != 3*2 {
		t.Errorf("incidence of %d years, want 2023 and 2024 for the three cohorts with time at risk", n)
	}
}

// checkFormats reads each table back in each format and compares the rows.
func checkFormats(t *testing.T, results *Results, report *RunReport) {
	want := map[string]int{
		tableSubject: int(report.Subjects), tableAggregate: int(report.Aggregates), tableMember: int(report.Members),
		tableAttrition: len(results.Attrition()), tableIncidence: len(results.Incidence()), tableDefinition: len(results.Definitions()),
	}
	for _, name := range []string{tableRate, tableCareGap, tableGap, tableOutcome, tableSurvival, tableComparison, tableAdjusted, tableFactor, tableCalibration, tableOne,
		tableQualityCheck, tableQualityCount, tableQualityVolume, tableQualityUse, tableFeed, tableIncomplete} {
		t, _ := results.snapshot.Table(name)
		want[name] = int(t.Rows())
	}
	if want[tableRate] == 0 || want[tableOne] == 0 || want[tableQualityVolume] == 0 {
		t.Error("a cohort has no rates and no Table 1, or the data have no volume")
	}
	for _, table := range resultTables {
		var columns []string
		for _, c := range table.columns {
			columns = append(columns, c.Name)
		}
		write := func(format string) *bytes.Buffer {
			var b bytes.Buffer
			if err := results.Write(t.Context(), &b, table.name, format); err != nil {
				t.Fatal(err)
			}
			return &b
		}
		lines, err := csv.NewReader(write(FormatCSV)).ReadAll()
		if err != nil || len(lines)-1 != want[table.name] || !slices.Equal(lines[0], columns) {
			t.Errorf("%s as CSV: %d rows of %v, %v", table.name, len(lines)-1, lines[0], err)
		}
		stream, err := ipc.NewReader(write(FormatArrow))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for stream.Next() {
			n += int(stream.RecordBatch().NumRows())
		}
		if stream.Err() != nil || n != want[table.name] {
			t.Errorf("%s as Arrow: %d rows, %v", table.name, n, stream.Err())
		}
		data := write(FormatParquet).Bytes()
		file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
		if err != nil || int(file.NumRows()) != want[table.name] {
			t.Errorf("%s as Parquet: %v", table.name, err)
		}
	}
	if err := results.Write(t.Context(), &bytes.Buffer{}, "subjects", FormatCSV); err == nil || !strings.Contains(err.Error(), `no table "subjects"`) {
		t.Errorf("%v", err)
	}
	if err := results.Write(t.Context(), &bytes.Buffer{}, tableSubject, "xlsx"); err == nil || !strings.Contains(err.Error(), `unknown format "xlsx"`) {
		t.Errorf("%v", err)
	}
}

func TestFormulaSafe(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "north": "north", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "0-17": "0-17",
	} {
		if got := formulaSafe(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// A user's folder is run like a shipped one, and what is wrong with its SQL on the
// real columns is told with its place.
func TestUserLibrary(t *testing.T) {
	const yaml = `id: mine
title: Mine
scoring: proportion
basis: patient
direction: higher
populations: {initial-population: ip.sql, numerator: numerator.sql}
rationale: r
source: s
`
	for name, c := range map[string]struct{ ip, numerator, want string }{
		"works": {"SELECT pid, period FROM seen", "SELECT pid, period FROM initial_population -- the end has no line break", ""},
		"unknown column": {"SELECT pid, period\nFROM seen\nWHERE agee > 3", "SELECT pid, period FROM initial_population",
			`mine/ip.sql:3:7: sql-binding: Referenced column "agee" not found in FROM clause! Candidate bindings: "age", "gender", "high"`},
		"no period": {"SELECT pid, 1 AS extra FROM seen", "SELECT pid, period FROM initial_population",
			"mine/ip.sql:1:1: sql-columns: column extra is not wanted (the SELECT returns pid, period)\n" +
				"mine/ip.sql:1:1: sql-columns: no column period (the SELECT returns pid, period)"},
		"wrong type": {"SELECT 'x' AS pid, period FROM seen", "SELECT pid, period FROM initial_population",
			"mine/ip.sql:1:1: sql-columns: column pid is varchar, expected uuid (the SELECT returns pid, period)"},
		"own tables": {"SELECT pid, period FROM seen", "SELECT pid, period FROM population_0",
			`mine/numerator.sql:1:25: sql-binding: Table with name population_0 does not exist! Did you mean "run.population_0"?`},
		"own view": {"SELECT pid, period FROM seen", "SELECT pid, period FROM selection",
			`mine/numerator.sql:1:25: sql-binding: Table with name selection does not exist! Did you mean "observation"?`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "mine")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string]string{measureFile: yaml, "ip.sql": c.ip, "numerator.sql": c.numerator} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			l, err := LoadLibrary(dir)
			if err != nil {
				t.Fatal(err)
			}
			f := newFixture(t, "patient ann birth=1960-05-01\nencounter ann start=2019-03-01")
			own, err := l.pick(KindMeasure, []string{"mine"})
			if err != nil {
				t.Fatal(err)
			}
			e := f.engine("2019", own...)
			got := ""
			if err := e.evaluate(t.Context(), own[0]); err != nil {
				got = err.Error()
			} else if counted, err := e.counts(t.Context(), own[0]); err != nil || len(counted) != 1 || counted[0].Numerator != 1 {
				t.Errorf("%+v, %v", counted, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// checkCareGaps holds the gaps of a period to those who are in one: each is in one gap, and the reasons that
// farr ships leave nobody over.
func checkCareGaps(t *testing.T, results *Results) {
	type place struct{ measure, period string }
	sum, other := map[place]int64{}, map[place]int64{}
	for _, g := range results.CareGaps() {
		k := place{g.Measure, g.Period}
		sum[k] += g.Subjects
		if g.Gap == otherGap {
			other[k] = g.Subjects
		}
	}
	direction := map[string]string{}
	for _, d := range results.Definitions() {
		if len(d.CareGaps) > 0 {
			direction[d.ID] = d.Direction
		}
	}
	if len(direction) != 6 {
		t.Errorf("%d measures have care gaps, want 6", len(direction))
	}
	seen := int64(0)
	for _, a := range results.Aggregates() {
		if a.Stratum != "all" || direction[a.Measure] == "" {
			continue
		}
		k, want := place{a.Measure, a.Period}, a.Denominator-a.Numerator
		if direction[a.Measure] == DirectionLower {
			want = a.Numerator
		}
		if sum[k] != want || other[k] != 0 {
			t.Errorf("%s %s: %d in gaps, %d for no reason; %d are in one", a.Measure, a.Period, sum[k], other[k], want)
		}
		seen += want
	}
	if seen == 0 {
		t.Error("nobody is in a gap")
	}
}
