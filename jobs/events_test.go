package jobs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/internal/source"
)

// TestJobEvents: what a job says happened is on the chart, in its data, in the lineage and in the store's log; a day after the
// last period is refused at its place when the periods are known.
func TestJobEvents(t *testing.T) {
	t.Parallel()
	dir := hospital(t, 0)
	path := filepath.Join(dir, "nightly.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	events := `annotations:
  - {measure: emergency-visits, date: 2025-03-15, text: a walk-in clinic opened}
  - {measure: emergency-visits, date: 2019-01-01, text: long before}
rebase:
  - {measure: emergency-visits, date: 2025-07-01, reason: the committee took the new level}
`
	writeFile(t, path, string(text)+events)
	result, err := runJob(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	files := tree(t, result.Latest)
	page := files["measures/emergency-visits.html"]
	for _, want := range []string{"15 March 2025: a walk-in clinic opened", "1 January 2019: long before", "1 July 2025: Limits are made again from here on: the committee took the new level"} {
		if !strings.Contains(page, want) {
			t.Errorf("the measure's page does not say %q", want)
		}
	}
	if csv := files["data/emergency-visits-periods.csv"]; !strings.Contains(csv, "2025-03-15: a walk-in clinic opened") || !strings.Contains(csv, "the committee took the new level") {
		t.Errorf("the chart's data do not have the events:\n%s", csv)
	}
	if !strings.Contains(files["run.html"], "emergency-visits from 2025-07-01: the committee took the new level") {
		t.Error("the lineage does not name the decision")
	}

	writeFile(t, path, string(text)+"annotations:\n  - {measure: emergency-visits, date: 2026-01-01, text: too late}\n")
	_, err = runJob(t, dir)
	var found source.Diagnostics
	if !errors.As(err, &found) || ExitCode(err) != ExitUsage || !strings.HasSuffix(found.Error(), "nightly.yaml:11:39: date-outside-periods: 2026-01-01 is after the last period of emergency-visits (a day up to 2025-12-31)") {
		t.Errorf("a day after the last period: %v", err)
	}
}
