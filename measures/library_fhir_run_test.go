package measures

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A package in the folder fhir of a library is computed without being imported, and gives
// what it gives when it is.
func TestLibraryInCQL(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, fhirFolder), os.DirFS(publishedPackage)); err != nil {
		t.Fatal(err)
	}
	library, err := LoadLibrary(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := newStudy(t, staysExport(t), testKey(t), "shifted")
	ask := func(names ...string) (*RunReport, *Results) {
		return s.run(t, func(r *Request) {
			if r.Periods, err = ParsePeriods("2023,2024,2024-Q4,2025-01,P12M/2024-05"); err != nil {
				t.Fatal(err)
			}
			r.Library, r.Measures, r.Cohorts = library, names, nil
		})
	}
	// A group brings the other groups of its measure, once.
	report, results := ask("PatientsWhoStay", "OperatedStays-2", "OperatedStays-1", "LengthOfStay", "OperationsPerDay", "PatientsSeen", "hba1c-poor-control")
	if len(report.Measures) != 7 {
		t.Errorf("measures %v", report.Measures)
	}
	var got []string
	for _, a := range results.Aggregates() {
		got = append(got, line(a))
	}
	for _, want := range publishedWant {
		if !slices.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
	if again, _ := ask("PatientsWhoStay", "OperatedStays-2", "OperatedStays-1", "LengthOfStay", "OperationsPerDay", "PatientsSeen", "hba1c-poor-control"); !again.Skipped {
		t.Error("the same was computed twice")
	}
}

// Two measures of one run must mean the same by a value set, and have names of their own.
func TestLibraryInCQLClashes(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, fhirFolder), os.DirFS("library/fhir")); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadLibrary(dir); err == nil || !strings.Contains(err.Error(), "duplicate-id") {
		t.Errorf("the shipped measure once more: %v", err)
	}

	// The same measure under another name, with a code more.
	edit := func(file, old, new string) {
		t.Helper()
		file = filepath.Join(dir, fhirFolder, file)
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), old) {
			t.Fatal(file, err)
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), old, new)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit("resources/measure/BloodPressureControlCQL.json", `"name": "BloodPressureControlCQL"`, `"name": "Mine"`)
	edit("vocabulary/valueset/hypertension.json", `"code": "38341003"`, `"code": "38341004"`)
	library, err := LoadLibrary(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := newStudy(t, staysExport(t), testKey(t), "shifted")
	periods, err := ParsePeriods("2024")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Run(t.Context(), s.store, Request{Extract: s.extract, Key: s.key, Library: library, Periods: periods, Measures: []string{"Mine", "BloodPressureControlCQL"}})
	if err == nil || !strings.Contains(err.Error(), "two-value-sets") {
		t.Errorf("two value sets of one URL: %v", err)
	}
	if _, err = Run(t.Context(), s.store, Request{Extract: s.extract, Key: s.key, Library: library, Periods: periods, Measures: []string{"Mine"}}); err != nil {
		t.Errorf("alone: %v", err)
	}
}
