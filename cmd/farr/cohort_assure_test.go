package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

// visitors is a library with one cohort and one case, which expects an entry or none.
func visitors(t *testing.T, expect string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"visitors/cohort.yaml": "id: visitors\ntitle: Visitors\nentry: {title: First visit, event: {encounter: {class: [AMB]}}}\n" +
			"rules: [{id: adult, require: {age: {at_least: 18}}}]\nrationale: r\nsource: s\n",
		"visitors/cases/one.yaml": "title: A visit\nperiods: 2023\npatients:\n  ann:\n    birth: 1960-05-01\n" +
			"    events: [{encounter: AMB, on: 2023-02-01}]\n    expect: " + expect + "\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestAssuranceVerb: cases that pass are told by name; one that fails by its place, with what was
// expected and what came out, and exit code 1.
func TestAssuranceVerb(t *testing.T) {
	right := visitors(t, "[{index: 2023-02-01}]")
	if out := must(t, "cohort", "test", "--library", right, "visitors"); !strings.Contains(out, "passed  "+right+"/visitors/cases/one.yaml  A visit (1 person)\n1 passed, 0 failed\n") {
		t.Errorf("told\n%s", out)
	}
	wrong := visitors(t, "[{index: 2023-02-01, out_by: adult}]")
	e := farr(t, "cohort", "test", "--library", wrong)
	if e.code != jobs.ExitFailed || !strings.Contains(e.stderr, "1 of ") {
		t.Errorf("exit %d, %s", e.code, e.stderr)
	}
	for _, want := range []string{"FAILED  " + wrong + "/visitors/cases/one.yaml", "one.yaml:7:14  ann\n", "expected out on 2023-02-01 by adult\n", "got      in on 2023-02-01\n", ", 1 failed\n", "library/incident-type-2-diabetes/cases"} {
		if !strings.Contains(e.stdout, want) {
			t.Errorf("no %q in\n%s", want, e.stdout)
		}
	}
	if e := farr(t, "cohort", "test", "visitor", "--library", right); e.code != jobs.ExitUsage || !strings.Contains(e.stderr, `did you mean "visitors"?`) {
		t.Errorf("exit %d, %s", e.code, e.stderr)
	}
}
