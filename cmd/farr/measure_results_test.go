package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

// TestMeasureReportFormat: results as FHIR MeasureReports, as lines, a Bundle and a file.
func TestMeasureReportFormat(t *testing.T) {
	p, pid := stays(t, "shifted")
	args := func(more ...string) []string {
		return append([]string{"measure", "results", "--store", p.store, "--format", "measure-report"}, more...)
	}
	type report struct{ ResourceType, Type, Measure string }
	var lines []report
	for line := range strings.Lines(must(t, args()...)) {
		var r report
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, r)
	}
	if len(lines) != 3 || lines[0] != (report{"MeasureReport", "summary", "http://example.org/Measure/LengthOfStay|1.0.0"}) {
		t.Errorf("summaries %+v", lines)
	}
	file := filepath.Join(p.dir, "reports.json")
	if out := must(t, args("--type", "subject-list", "--bundle", "--measure", "OperatedStays", "--period", "2024", "--out", file)...); out != "" {
		t.Errorf("beside the file: %s", out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var bundle struct {
		ResourceType string
		Entry        []struct{ Resource report }
	}
	if err := json.Unmarshal(text, &bundle); err != nil || bundle.ResourceType != "Bundle" || len(bundle.Entry) != 2 || bundle.Entry[1].Resource.Type != "individual" {
		t.Errorf("%+v (%v)", bundle, err)
	}
	if !strings.Contains(string(text), "urn:uuid:"+pid) || !strings.Contains(string(text), "NOORGPOL") || strings.Contains(string(text), "2024-05") {
		t.Errorf("a Bundle without pseudonym or label, or with a date of the patient\n%s", text)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{args("--audience", "external"), jobs.ExitPrivacy, "farr report --audience external"},
		{[]string{"measure", "results", "--store", p.store, "--audience", "external"}, jobs.ExitPrivacy, "farr report --audience external"},
		{args("--audience", "everybody"), jobs.ExitUsage, "everybody"},
		{args("--type", "data-collection"), jobs.ExitUsage, "there are summary, individual and subject-list"},
		{args("--table", "subject"), jobs.ExitUsage, "--type in place of --table"},
		{args("--measure", "Nothing"), jobs.ExitFailed, `no measure "Nothing"`},
		{args("--period", "2023"), jobs.ExitFailed, `no period "2023"`},
		{[]string{"measure", "results", "--store", p.store, "--bundle"}, jobs.ExitUsage, "--bundle is for --format measure-report"},
	} {
		if e := farr(t, c.args...); e.code != c.code || !strings.Contains(e.stderr, c.want) || e.stdout != "" {
			t.Errorf("farr %s: exit %d, want %d and %s\n%s%s", strings.Join(c.args, " "), e.code, c.code, c.want, e.stdout, e.stderr)
		}
	}
}
