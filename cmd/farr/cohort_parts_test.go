package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

const twinsLibrary = "../../measures/testdata/twins"

// A cohort whose value list is a value set of an imported package, and one in CQL, through their
// verbs.
func TestCohortPartsVerbs(t *testing.T) {
	p := synthetic(t, 400, 3)
	p.extract("--risk=false")
	dir := t.TempDir()
	write := func(file, text string) {
		t.Helper()
		file = filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("library/pressure/cohort.yaml", "id: pressure\ntitle: High blood pressure\nentry: {title: First, event: {condition: high_pressure}, occurrence: first-in-window}\nrules: []\nrationale: r\nsource: s\n")
	write("library/lists/high_pressure.yaml", "value_set: http://example.org/farr/ValueSet/hypertension\n")
	library := filepath.Join(dir, "library")
	if text := must(t, "cohort", "lint", "--library", library); !strings.Contains(text, "high_pressure.yaml:1:12: unresolved-list: ") || !strings.Contains(text, "no mistakes, 1 notes") {
		t.Errorf("lint says %s", text)
	}
	for _, args := range [][]string{
		{"cohort", "lint", "--library", library, "--store", p.store},
		{"cohort", "run", "--library", library, "--store", p.store, "--key", p.key, "--periods", "2023", "--cohort", "pressure"},
	} {
		if e := farr(t, args...); e.code == 0 || !strings.Contains(e.stderr, "high_pressure.yaml:1:12: no-package: ") {
			t.Errorf("%v without a package: exit %d, %s", args[:2], e.code, e.stderr)
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "package"), os.DirFS("../../testdata/published")); err != nil {
		t.Fatal(err)
	}
	set, err := os.ReadFile(filepath.Join(twinsLibrary, "fhir/vocabulary/valueset/hypertension.json"))
	if err != nil {
		t.Fatal(err)
	}
	write("package/vocabulary/valueset/hypertension.json", string(set))
	must(t, "measure", "import", filepath.Join(dir, "package"), "--store", p.store)
	if text := must(t, "cohort", "lint", "--library", library, "--store", p.store); !strings.Contains(text, "no mistakes, 0 notes") {
		t.Errorf("lint says %s", text)
	}
	if text := must(t, "cohort", "describe", "pressure", "--library", library, "--store", p.store); !strings.Contains(text, "List high_pressure: value set http://example.org/farr/ValueSet/hypertension, version 1.0.0, of the imported package") {
		t.Errorf("describe says %s", text)
	}
	if text := must(t, "cohort", "codes", "pressure", "--library", library, "--store", p.store); !strings.Contains(text, "I10") {
		t.Errorf("codes say %s", text)
	}
	if text := must(t, "cohort", "codes", "emergency-cql", "--library", twinsLibrary, "--store", p.store); !strings.Contains(text, "http://example.org/farr/ValueSet/office_visit") {
		t.Errorf("codes of CQL say %s", text)
	}
	must(t, "cohort", "run", "--library", library, "--library", twinsLibrary, "--store", p.store, "--key", p.key, "--periods", "2023,2024", "--cohort", "pressure,emergency-cql")
	in := map[string]string{}
	for _, m := range p.table("cohort_member") {
		in[m["cohort"]] = m["pid"]
	}
	if in["pressure"] == "" || in["emergency-cql"] == "" {
		t.Fatalf("members of %v", in)
	}
	explain := []string{"cohort", "explain", "--store", p.store, "--key", p.key, "--cohort", "emergency-cql", "--patient", in["emergency-cql"], "--phi"}
	if text := must(t, explain...); !strings.Contains(text, `"Not After A Stay" of the CQL library Emergency is true`) {
		t.Errorf("explain says %s", text)
	}
	if e := farr(t, "cohort", "lint", "--library", library, "--store", filepath.Join(dir, "gone")); e.code == 0 || e.code == jobs.ExitPrivacy {
		t.Errorf("a store that is not there: exit %d", e.code)
	}
}
