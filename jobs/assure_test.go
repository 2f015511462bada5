package jobs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"farr/datasets"
	"farr/internal/source"
)

const (
	visitorsYAML = "id: visitors\ntitle: Visitors\nentry: {title: First visit, event: {encounter: {class: [AMB]}}}\n" +
		"rules: [{id: adult, require: {age: {at_least: 18}}}]\nrationale: r\nsource: s\n"
	visitorCase = "title: A visit\nperiods: 2023\npatients:\n  ann:\n    birth: 1960-05-01\n" +
		"    events: [{encounter: AMB, on: 2023-02-01}]\n    expect: "
)

// TestAssuranceJob: a job whose cohort has a case that fails does not extract, says where the case
// is, and is the same for a scheduled run; a case of a cohort that it does not compute is not its matter.
func TestAssuranceJob(t *testing.T) {
	t.Parallel()
	dir := hospital(t, 0)
	cohort := filepath.Join(dir, "library", "visitors")
	if err := os.MkdirAll(filepath.Join(cohort, "cases"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(cohort, "cohort.yaml"), visitorsYAML)
	file := filepath.Join(cohort, "cases", "one.yaml")
	writeFile(t, file, visitorCase+"none\n")
	jobFile := filepath.Join(dir, "nightly.yaml")
	text, err := os.ReadFile(jobFile)
	if err != nil {
		t.Fatal(err)
	}
	with := func(cohorts string) {
		writeFile(t, jobFile, string(text)+"library: [library]\ncohorts: "+cohorts+"\n")
	}
	with("[visitors]")

	_, err = runJob(t, dir)
	var failed source.Diagnostics
	if !errors.As(err, &failed) || ExitCode(err) != ExitUsage || len(failed) != 1 {
		t.Fatalf("exit %d: %v", ExitCode(err), err)
	}
	if d := failed[0]; d.Code != "case-failed" || d.Line != 7 || d.Column != 13 || !strings.HasSuffix(d.File, "library/visitors/cases/one.yaml") ||
		d.Message != "ann: expected no entry, got in on 2023-02-01" {
		t.Errorf("told %+v", d)
	}
	nothingExtracted := func() {
		t.Helper()
		s, err := datasets.OpenStore(t.Context(), filepath.Join(dir, "store"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.Current("extract"); datasets.CodeOf(err) != datasets.CodeNotFound {
			t.Errorf("something was extracted (%v)", err)
		}
	}
	nothingExtracted()

	// A scheduled run refuses, too.
	now := at(t, "2026-03-05T09:00:00Z")
	o := Options{Clock: func() time.Time { return now }}
	present := func(o Options) {
		t.Helper()
		if err := AcceptClock(t.Context(), dir, o); err != nil {
			t.Fatal(err)
		}
	}
	present(o)
	if _, err := Tick(t.Context(), dir, o); err != nil {
		t.Fatal(err)
	}
	now = now.Add(25 * time.Hour)
	report, err := Tick(t.Context(), dir, o)
	if ExitCode(err) != ExitUsage || len(report.Jobs) != 1 || report.Jobs[0].Class != ClassUsage || !strings.Contains(report.Jobs[0].Error, "cases/one.yaml:7:13: case-failed: ann") {
		t.Errorf("exit %d: %+v", ExitCode(err), report.Jobs)
	}
	nothingExtracted()
	present(Options{})

	writeFile(t, file, visitorCase+"[{index: 2023-02-01}]\n")
	if result, err := runJob(t, dir); err != nil || result.CasesPassed != 1 {
		t.Errorf("%+v %v", result, err)
	}

	writeFile(t, file, visitorCase+"none\n")
	with("[incident-type-2-diabetes]")
	if result, err := runJob(t, dir); err != nil || result.CasesPassed < 2 {
		t.Errorf("%+v %v", result, err)
	}
}
