package measures

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Measures in CQL and cohorts in CQL of one run give what each gives alone: neither sees what
// the other made.
func TestCohortCQLBesideMeasures(t *testing.T) {
	library, err := LoadLibrary("testdata/twins")
	if err != nil {
		t.Fatal(err)
	}
	export, key := newExport(t)
	s := newStudy(t, export, key, "shifted")
	ask := func(measures, cohorts []string) *Results {
		_, results := s.run(t, func(r *Request) { r.Library, r.Measures, r.Cohorts = library, measures, cohorts })
		return results
	}
	published, cohorts := []string{"BloodPressureControlCQL", "hba1c-poor-control"}, []string{"emergency-cql", "new-treatment-mixed"}
	together, measured, counted := ask(published, cohorts), ask(published, []string{}), ask([]string{}, cohorts)
	if diff := cmp.Diff(measured.Aggregates(), together.Aggregates(), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("measures (-alone +together):\n%s", diff)
	}
	for _, id := range cohorts {
		alone, beside := entriesOf(t, counted, key, id), entriesOf(t, together, key, id)
		if len(alone) == 0 {
			t.Errorf("%s has no entry", id)
		}
		if diff := cmp.Diff(alone, beside); diff != "" {
			t.Errorf("%s (-alone +together):\n%s", id, diff)
		}
	}
}

// Where a person's data make a define fail, it is null for that person, and the results say whose.
func TestCohortCQLIssues(t *testing.T) {
	library, err := LoadLibrary("testdata/twins")
	if err != nil {
		t.Fatal(err)
	}
	s := newStudy(t, twinExport(t, 5, 20, 8), testKey(t), "shifted")
	report, results := s.run(t, func(r *Request) { r.Library, r.Measures, r.Cohorts = library, []string{}, []string{"only-stay"} })
	entries := entriesOf(t, results, s.key, "only-stay")
	if report.Issues == 0 || len(entries) == 0 {
		t.Fatalf("%d issues and %d entries", report.Issues, len(entries))
	}
	var out strings.Builder
	if err := results.Write(t.Context(), &out, tableIssue, "csv"); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")[1:]
	if int64(len(lines)) != report.Issues {
		t.Errorf("%d lines of %d issues", len(lines), report.Issues)
	}
	for _, line := range lines {
		fields := strings.Split(line, ",")
		if fields[0] != "only-stay" || fields[1] != "Only Stay" || fields[2] != "Emergency" {
			t.Errorf("an issue says %v", fields[:3])
		}
		pid := fields[len(fields)-1]
		if slices.ContainsFunc(slices.Collect(maps.Keys(entries)), func(e string) bool { return strings.HasPrefix(e, pid) }) {
			t.Error("one whose data fail has an entry")
		}
	}
}

// The definition's hash covers the CQL, the ELM that runs, and the codes of its value sets, and
// that of a cohort which does not use them stays.
func TestCohortCQLHash(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/twins")); err != nil {
		t.Fatal(err)
	}
	hashes := func() map[string]string {
		library, err := LoadLibrary(dir)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, d := range library.Definitions() {
			out[d.ID] = d.Hash
		}
		return out
	}
	first := hashes()
	change := func(file, old, now string) {
		t.Helper()
		file = filepath.Join(dir, file)
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), old) {
			t.Fatal(file, err)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), old, now, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	changed := func(before, after map[string]string) (ids []string) {
		for id, h := range before {
			if after[id] != h {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		return ids
	}
	change("fhir/vocabulary/valueset/screening.json", `"code": "77067"`, `"code": "77066"`)
	second := hashes()
	if diff := cmp.Diff([]string{"new-treatment-cql", "new-treatment-mixed"}, changed(first, second)); diff != "" {
		t.Errorf("a code of a value set (-want +got):\n%s", diff)
	}
	// What runs is the ELM.
	file := filepath.Join(dir, "fhir/resources/library/Emergency.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var library struct {
		Content []struct{ ContentType, Data string } `json:"content"`
	}
	if err := json.Unmarshal(text, &library); err != nil {
		t.Fatal(err)
	}
	elm := library.Content[1].Data
	decoded, err := base64.StdEncoding.DecodeString(elm)
	if err != nil || !strings.Contains(string(decoded), `"value":"84"`) {
		t.Fatal("no age of 84", err)
	}
	other := strings.Replace(string(decoded), `"value":"84"`, `"value":"83"`, 1)
	change("fhir/resources/library/Emergency.json", elm, base64.StdEncoding.EncodeToString([]byte(other)))
	if diff := cmp.Diff([]string{"emergency-cql", "only-stay"}, changed(second, hashes())); diff != "" {
		t.Errorf("the ELM (-want +got):\n%s", diff)
	}
}

// What is written in CQL or SQL is spoken of by its name.
func TestCohortCQLDescribe(t *testing.T) {
	library, err := LoadLibrary("testdata/twins")
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := library.Cohorts("new-treatment-mixed", "emergency-cql", "emergency-sql")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, d := range chosen {
		all.WriteString(d.Describe())
	}
	for _, want := range []string{
		"Entry: First emergency visit in the study window\n  the days that \"Emergency Visits\" of the CQL library Emergency gives; the first in the study window.",
		"Rule 3, not-after-a-stay: Not After A Stay\n  \"Not After A Stay\" of the CQL library Emergency is true.",
		"Entry: First emergency visit in the study window\n  what the SQL in visits.sql selects; the first in the study window.",
		"Rule 6, again: What the SQL in two-orders.sql selects or \"Hypertensive\" of the CQL library NewTreatment is true\n",
		"Characteristic screened: Screened\n  \"Screened\" of the CQL library NewTreatment is true.",
	} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no %s\nin\n%s", want, all.String())
		}
	}
}
