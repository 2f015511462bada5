package measures

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"farr/internal/source"
)

// assured loads a library of one root and runs its cases.
func assured(t *testing.T, dir string, cohorts ...string) *AssuranceReport {
	t.Helper()
	l, err := LoadLibrary(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Assure(t.Context(), AssuranceRequest{Cohorts: cohorts})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestAssuranceShipped: every shipped cohort has cases, and they pass.
func TestAssuranceShipped(t *testing.T) {
	l, err := LoadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Assure(t.Context(), AssuranceRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Err(); err != nil || r.Passed == 0 || r.Failed != 0 {
		t.Errorf("%d passed, %d failed:\n%v", r.Passed, r.Failed, err)
	}
	if len(r.Uncovered) > 0 {
		t.Errorf("no cases: %v", r.Uncovered)
	}
}

// TestAssuranceCatches: each change of the shipped cohort makes a case fail, at the place of the
// expectation that it breaks.
func TestAssuranceCatches(t *testing.T) {
	const id = "incident-type-2-diabetes"
	changes := []struct{ from, to, told string }{
		{"at_least: 18}}\n  - id: observable", "at_least: 17}}\n  - id: observable", "almost-adult: expected out on 2023-02-01 by adult, got in on 2023-02-01"},
		{"at_least: 18}}\n  - id: observable", "at_least: 19}}\n  - id: observable", "just-adult: expected in on 2023-02-01, got out on 2023-02-01 by adult"},
		{"observable: -365..0", "observable: -364..0", "too-short: expected out on 2023-02-01 by observable-365, got in"},
		{"observable: -365..0", "observable: -366..0", "just-observed: expected in on 2023-02-01, got out on 2023-02-01 by observable-365"},
		{"exclude: {condition: type_1_diabetes}", "exclude: {condition: type_1_diabetes, days: ..0}", "type-1: expected out on 2023-02-01 by no-type-1, got in"},
		{"days: ..-1", "days: ..0", "treated-that-day: expected in on 2023-02-01, got out on 2023-02-01 by no-earlier-medication"},
		{"days: ..-1", "days: ..-2", "treated-before: expected out on 2023-02-01 by no-earlier-medication, got in on"},
		{"event: {condition: type_2_diabetes}", "event: {condition: type_2_diabetes}\n  occurrence: first-in-window", "known-before: expected no entry, got in on 2023-02-01"},
		{"event: {condition: type_2_diabetes}", "event: {condition: type_2_diabetes}\n  occurrence: last", "twice: expected in on 2023-02-01, got in on 2023-03-01"},
		{"history: 365", "history: 364", "a-year-of-history-first: expected 184 days at risk, got 185"},
		{"until: [{medication: diabetes_medication}]", "until: []", "until-medication: expected 10 days at risk, got 365"},
		{"never: [{condition: type_1_diabetes}]", "never: []", "never: expected 0 days at risk, got 365"},
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "lists"), os.DirFS("library/lists")); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i, c := range changes {
		own := fmt.Sprintf("changed-%d", i)
		if err := os.CopyFS(filepath.Join(dir, own), os.DirFS("library/"+id)); err != nil {
			t.Fatal(err)
		}
		replaceIn(t, filepath.Join(dir, own, "cohort.yaml"), "id: "+id, "id: "+own)
		replaceIn(t, filepath.Join(dir, own, "cohort.yaml"), c.from, c.to)
		ids = append(ids, own)
	}
	var told source.Diagnostics
	if r := assured(t, dir, ids...); !errors.As(r.Err(), &told) || r.Failed < len(changes) {
		t.Fatalf("%d failed", r.Failed)
	}
	for i, c := range changes {
		if !slices.ContainsFunc(told, func(d source.Diagnostic) bool {
			return strings.HasPrefix(d.Message, c.told) && strings.Contains(d.File, ids[i]+"/cases/") && d.Line > 2 && d.Column > 1
		}) {
			t.Errorf("%s: told\n%v", c.to, told)
		}
	}
}

func replaceIn(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), from) {
		t.Fatalf("%s has no %q", file, from)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), from, to, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestAssurance: everything that the language of cases has. The archive's expectations hold; each
// line with a wrong one says what came out.
func TestAssurance(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/assurance/statins.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeFiles(t, dir, archive.Files)
	if r := assured(t, dir, "statin-takers", "statin-visits"); r.Err() != nil || r.Passed != 2 || r.Failed != 0 || len(r.Uncovered) != 0 {
		t.Fatalf("%+v\n%v", r, r.Err())
	}
	// The same cohort with a case that expects something else in each copy.
	wrong := []struct{ from, to, told string }{
		{"{event: 10}", "{event: 11}", "expected stroke on day 11, got on day 10"},
		{"{until: 183}", "{event: 183}", "expected stroke on day 183, got not until day 183"},
		{"stroke: washed out", "stroke: no time", "expected stroke no time, got washed out"},
		{"stops: {event: 60}", "stops: {until: 60}", "expected stops not until day 60, got on day 60"},
		{"out_by: [high-ldl, liver]", "out_by: [high-ldl]", "expected out on 2023-02-01 by high-ldl, got out on 2023-02-01 by high-ldl and liver"},
		{"[{index: 2023-05-05, out_by: hi", "[{index: 2023-05-06, out_by: hi", "expected out on 2023-05-06 by high-ldl, got out on 2023-05-05 by high-ldl"},
		{"nothing: {expect: none}", "nothing: {expect: [{index: 2023-05-06}]}", "expected in on 2023-05-06, got no entry"},
	}
	original := filepath.Join(dir, "statin-takers")
	var ids []string
	for i, c := range wrong {
		own := fmt.Sprintf("copy-%d", i)
		if err := os.CopyFS(filepath.Join(dir, own), os.DirFS(original)); err != nil {
			t.Fatal(err)
		}
		replaceIn(t, filepath.Join(dir, own, "cohort.yaml"), "id: statin-takers", "id: "+own)
		replaceIn(t, filepath.Join(dir, own, "cases", "all.yaml"), c.from, c.to)
		ids = append(ids, own)
	}
	r := assured(t, dir, ids...)
	if r.Failed != len(wrong) {
		t.Errorf("%d of %d failed", r.Failed, len(wrong))
	}
	for i, c := range wrong {
		if d := r.Cases[i].Differences; r.Cases[i].Cohort != ids[i] || len(d) == 0 || "expected "+d[0].Expected+", got "+d[0].Got != c.told {
			t.Errorf("%s: %+v", c.to, r.Cases[i])
		}
	}
	if out, err := json.Marshal(r); err != nil || !strings.Contains(string(out), `"place":"`+r.Cases[0].File+":") {
		t.Errorf("json has no place: %s (%v)", out, err)
	}
}

// TestAssuranceHash: a case is no part of the definition, whose results stay what they are.
func TestAssuranceHash(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/assurance/statins.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var hashes []string
	for _, with := range []bool{true, false} {
		dir := t.TempDir()
		for _, f := range archive.Files {
			if with || !strings.Contains(f.Name, "/cases/") {
				writeFiles(t, dir, []txtar.File{f})
			}
		}
		l, err := LoadLibrary(dir)
		if err != nil {
			t.Fatal(err)
		}
		chosen, err := l.Cohorts("statin-takers")
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, chosen[0].Hash)
	}
	if hashes[0] != hashes[1] {
		t.Error("a case changes the cohort's hash")
	}
}
