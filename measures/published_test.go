package measures

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/datasets"
)

// publishedPackage is a package of measures on stays in hospital, one of each scoring.
const publishedPackage = "../testdata/published"

// staysExport is eight persons and what happened to them, for the measures of the
// package; who counts for what, and why, stands in TestPublished.
func staysExport(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]*strings.Builder{}
	add := func(kind, format string, args ...any) {
		if files[kind] == nil {
			files[kind] = &strings.Builder{}
		}
		fmt.Fprintf(files[kind], `{"resourceType":"`+kind+`",`+format+"}\n", args...)
	}
	number := 0
	encounter := func(who, class, start, end string) {
		number++
		add("Encounter", `"id":"e%d","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"%s"},"subject":{"reference":"Patient/%s"},"period":{"start":"%s","end":"%s"}`, number, class, who, start, end)
	}
	procedure := func(who, code, day string) {
		number++
		add("Procedure", `"id":"p%d","status":"completed","code":{"coding":[{"system":"http://snomed.info/sct","code":"%s"}]},"subject":{"reference":"Patient/%s"},"performedDateTime":"%s"`, number, code, who, day)
	}
	const surgery, comfort = "80146002", "133918004"
	for who, gender := range map[string]string{"ann": "female", "bob": "male", "cat": "female", "dan": "male", "eve": "female", "fay": "female", "gus": "male", "hal": "male"} {
		add("Patient", `"id":"%s","gender":"%s","birthDate":"1960-05-01"`, who, gender)
	}
	encounter("ann", "AMB", "2024-03-01T10:00:00-05:00", "2024-03-01T11:00:00-05:00")
	encounter("ann", "IMP", "2024-05-01T10:00:00-04:00", "2024-05-04T11:00:00-04:00")
	procedure("ann", surgery, "2024-05-02T09:00:00-04:00")
	procedure("ann", surgery, "2024-05-03T09:00:00-04:00")
	encounter("bob", "IMP", "2024-06-01T10:00:00-04:00", "2024-06-02T11:00:00-04:00")
	encounter("cat", "IMP", "2024-07-01T10:00:00-04:00", "2024-07-06T11:00:00-04:00")
	procedure("cat", surgery, "2024-07-02T09:00:00-04:00")
	procedure("cat", comfort, "2024-07-03T09:00:00-04:00")
	encounter("dan", "EMER", "2024-08-01T08:00:00-04:00", "2024-08-01T09:00:00-04:00")
	encounter("dan", "IMP", "2024-08-01T10:00:00-04:00", "2024-08-03T11:00:00-04:00")
	encounter("eve", "HH", "2024-09-01T10:00:00-04:00", "2024-09-01T11:00:00-04:00")
	encounter("fay", "AMB", "2023-01-05T10:00:00-05:00", "2023-01-05T11:00:00-05:00")
	// In UTC this is in 2025; where it happened it is the last evening of 2024.
	encounter("gus", "IMP", "2024-12-31T22:00:00-05:00", "2024-12-31T23:30:00-05:00")
	// Nobody knows the data of 2025 unless something happened in it.
	encounter("hal", "AMB", "2026-01-05T10:00:00-05:00", "2026-01-05T11:00:00-05:00")
	for kind, text := range files {
		if err := os.WriteFile(filepath.Join(dir, kind+".ndjson"), []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "sites.csv"), []byte("id,label\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func testKey(t *testing.T) *datasets.Key {
	t.Helper()
	key, err := datasets.CreateKey(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// published imports the package and runs measures of it.
func (s study) published(t *testing.T, periods string, names ...string) (*RunReport, *Results) {
	t.Helper()
	imported, err := Import(t.Context(), s.store, publishedPackage, false)
	if err != nil {
		t.Fatal(err)
	}
	return s.run(t, func(r *Request) {
		if r.Package, err = s.store.Open(imported.Snapshot); err != nil {
			t.Fatal(err)
		}
		if r.Periods, err = ParsePeriods(periods); err != nil {
			t.Fatal(err)
		}
		r.Measures, r.Cohorts = names, nil
	})
}

var everyPublished = []string{"PatientsWhoStay", "OperatedStays", "LengthOfStay", "OperationsPerDay", "http://example.org/Measure/PatientsSeen"}

// line is an aggregate: initial population, denominator, its exclusions and exceptions,
// numerator, its exclusions, score.
func line(a Aggregate) string {
	score := "-"
	if !math.IsNaN(a.Rate) {
		score = fmt.Sprintf("%.4g", a.Rate)
	}
	return fmt.Sprintf("%s %s %s=%s: %d %d %d %d %d %d %s", a.Measure, a.Period, a.Stratum, a.Value, a.InitialPopulation, a.Denominator,
		a.DenominatorExclusion, a.DenominatorException, a.Numerator, a.NumeratorExclusion, score)
}

// Worked out by hand from staysExport. Everyone but fay and hal has a visit in 2024.
var publishedWant = []string{
	// Of six, dan came as an emergency and eve was seen at home without a stay; the others stayed.
	"PatientsWhoStay 2024 all=all: 6 4 1 1 4 0 1",
	"PatientsWhoStay 2024 Women=true: 3 2 0 1 2 0 1",  // ann, cat, eve
	"PatientsWhoStay 2024 Women=false: 3 2 1 0 2 0 1", // bob, dan, gus
	"PatientsWhoStay 2024 sex=female: 3 2 0 1 2 0 1",  // the same by farr's own stratum
	"PatientsWhoStay 2023 all=all: 1 1 0 0 0 0 0",     // fay
	"PatientsWhoStay 2024-Q4 all=all: 1 1 0 0 1 0 1",  // gus, by local time
	"PatientsWhoStay 2025-01 all=all: 0 0 0 0 0 0 -",  // not gus
	"PatientsWhoStay P12M/2024-05 all=all: 1 1 0 0 1 0 1",
	// Five stays; cat's is excluded for comfort care, and ann was operated on.
	"OperatedStays-1 2024 all=all: 5 4 1 0 1 0 0.25",
	"OperatedStays-1 2024 Weekend Stays=true: 3 3 0 0 0 0 0", // bob 1 day, dan 2, gus 0
	"OperatedStays-1 2024 Weekend Stays=false: 2 1 1 0 1 0 1",
	"OperatedStays-1 2024 Women=true: 2 1 1 0 1 0 1",
	// The same stays, of which three are short.
	"OperatedStays-2 2024 all=all: 5 3 0 0 0 0 0",
	// Days 3, 1, 2 and 0; cat's 5 are excluded.
	"LengthOfStay 2024 all=all: 5 4 1 0 4 0 1.5",
	"LengthOfStay 2024 sex=male: 3 3 0 0 3 0 1",
	// Ann's two operations and cat's one on the six days of the four: in a ratio cat's stay
	// is out of the denominator alone.
	"OperationsPerDay 2024 all=all: 5 4 1 0 2 0 0.5",
	"OperationsPerDay 2024-Q4 all=all: 1 1 0 0 0 0 -", // no day to divide by
	"PatientsSeen 2024 all=all: 6 0 0 0 0 0 -",
}

func TestPublished(t *testing.T) {
	export, key := staysExport(t), testKey(t)
	const periods = "2023,2024,2024-Q4,2025-01,P12M/2024-05"
	var first string
	for _, profile := range []string{"shifted", "limited"} {
		s := newStudy(t, export, key, profile)
		report, results := s.published(t, periods, everyPublished...)
		if len(report.Measures) != 6 || len(report.Lacking) != 0 {
			t.Errorf("%s: %+v", profile, report)
		}
		var got []string
		for _, a := range results.Aggregates() {
			got = append(got, line(a))
		}
		for _, want := range publishedWant {
			if !slices.Contains(got, want) {
				t.Errorf("%s: no %s", profile, want)
			}
		}
		if t.Failed() {
			t.Log(strings.Join(got, "\n"))
		}
		var subjects bytes.Buffer
		for _, table := range []string{"subject", "subject_stratum"} {
			if err := results.Write(t.Context(), &subjects, table, FormatCSV); err != nil {
				t.Fatal(err)
			}
		}
		if first == "" {
			first = subjects.String()
		} else if first != subjects.String() {
			t.Errorf("the subjects differ between profiles:\n%s\n%s", first, subjects.String())
		}
	}
}

// Many periods at once are what each would be by itself.
func TestPublishedPeriods(t *testing.T) {
	s := newStudy(t, staysExport(t), testKey(t), "shifted")
	periods := []string{"2024", "2024-12", "P6M/2024-08"}
	_, together := s.published(t, strings.Join(periods, ","), everyPublished...)
	var apart []string
	for _, p := range periods {
		_, one := s.published(t, p, everyPublished...)
		for _, a := range one.Aggregates() {
			apart = append(apart, line(a))
		}
	}
	var got []string
	for _, a := range together.Aggregates() {
		got = append(got, line(a))
	}
	slices.Sort(apart)
	slices.Sort(got)
	if !slices.Equal(got, apart) {
		t.Errorf("together\n%s\napart\n%s", strings.Join(got, "\n"), strings.Join(apart, "\n"))
	}
}

// The results say what they are of: the package, its libraries, each group.
func TestPublishedLineage(t *testing.T) {
	s := newStudy(t, staysExport(t), testKey(t), "shifted")
	first, results := s.published(t, "2024", "OperatedStays", "blood-pressure-control")
	if again, _ := s.published(t, "2024", "OperatedStays", "blood-pressure-control"); !again.Skipped || again.Snapshot != first.Snapshot {
		t.Errorf("asked again: %+v", again)
	}
	pkg, err := s.store.Current(KindPackage)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range results.Definitions() {
		if d.Kind != KindMeasure {
			continue
		}
		ids = append(ids, d.ID)
		if d.Published == nil {
			continue
		}
		if d.Published.Package != pkg.ID() || d.Published.URL != "http://example.org/Measure/OperatedStays" || !slices.Equal(d.Published.Libraries, []string{"Stays|1.0.0"}) ||
			d.Direction != DirectionHigher || d.Basis != "Encounter" || d.Attribution != AttributionProvider || len(d.Populations) < 3 {
			t.Errorf("definition %+v", d)
		}
	}
	if want := []string{"OperatedStays-1", "OperatedStays-2", "blood-pressure-control"}; !slices.Equal(ids, want) {
		t.Errorf("definitions %v, want %v", ids, want)
	}
	if results.Lineage().Extract != s.extract.ID() {
		t.Errorf("lineage %+v", results.Lineage())
	}
	// Each row of an episode carries its pseudonym, never the id in the export.
	var b bytes.Buffer
	if err := results.Write(t.Context(), &b, "subject", FormatCSV); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(rows[0], "episode")
	seen := map[string]bool{}
	for _, r := range rows[1:] {
		if r[0] == "OperatedStays-1" {
			seen[r[at]] = len(r[at]) == 36
		}
	}
	if len(seen) != 5 {
		t.Errorf("episodes %v, want five pseudonyms", seen)
	}
}

// What a resource says, or what it declares, makes it of a profile: an export that names none
// has visits in the one way and none in the other, and the results say which it was.
func TestPublishedProfiles(t *testing.T) {
	elm := `{"library":{"identifier":{"id":"Seen","version":"1"},"statements":{"def":[{"name":"Initial Population","context":"Patient","locator":"1:1-1:9",
		"expression":{"type":"Exists","operand":{"dataType":"{http://hl7.org/fhir}Encounter","templateId":"http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-encounter","type":"Retrieve"}}}]}}}`
	bundle := filepath.Join(t.TempDir(), "bundle.json")
	err := os.WriteFile(bundle, []byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Measure","url":"http://example.org/Measure/Seen","name":"Seen","title":"Seen",
		"library":["http://example.org/Library/Seen"],"scoring":{"coding":[{"code":"cohort"}]},"group":[{"population":[
		{"code":{"coding":[{"code":"initial-population"}]},"criteria":{"expression":"Initial Population"}}]}]}},
		{"resource":{"resourceType":"Library","url":"http://example.org/Library/Seen","content":[{"contentType":"application/elm+json","data":"`+
		base64.StdEncoding.EncodeToString([]byte(elm))+`"}]}}]}`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s := newStudy(t, staysExport(t), testKey(t), "shifted")
	imported, err := Import(t.Context(), s.store, bundle, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		profiles, said Profiles
		seen           int64
		skipped        bool
	}{
		{"", ProfilesInferred, 8, false},
		{ProfilesInferred, ProfilesInferred, 8, true},
		{ProfilesDeclared, ProfilesDeclared, 0, false},
	} {
		report, results := s.run(t, func(r *Request) {
			if r.Package, err = s.store.Open(imported.Snapshot); err != nil {
				t.Fatal(err)
			}
			if r.Periods, err = ParsePeriods("2024"); err != nil {
				t.Fatal(err)
			}
			r.Measures, r.Cohorts, r.Profiles = []string{"Seen"}, nil, c.profiles
		})
		if report.Skipped != c.skipped {
			t.Errorf("profiles %q: skipped %v", c.profiles, report.Skipped)
		}
		for _, d := range results.Definitions() {
			if d.Published != nil && d.Published.Profiles != c.said {
				t.Errorf("profiles %q: the definition says %q", c.profiles, d.Published.Profiles)
			}
		}
		for _, a := range results.Aggregates() {
			if a.Stratum == "all" && a.InitialPopulation != c.seen {
				t.Errorf("profiles %q: %d persons, want %d", c.profiles, a.InitialPopulation, c.seen)
			}
		}
	}
}
