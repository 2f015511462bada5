package conformance

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/datasets"
	"farr/measures/internal/content"
	"farr/measures/internal/population"
)

// Cases in extracts with other keys are compared one by one, and the keys are kept.
func TestRunKeys(t *testing.T) {
	type one = struct {
		visit    bool
		expected string
	}
	dir := visitsPackage(t, map[string]one{"case-with-visit": {true, "1"}, "case-without": {false, "0"}, "case-wrong": {true, "0"}})
	keys := t.TempDir()
	r, err := Run(context.Background(), Request{Dir: dir, Keys: 3, KeyDir: keys})
	if err != nil {
		t.Fatal(err)
	}
	if r.Cases != 3 || r.Passed != 2 || r.Failed != 1 {
		t.Errorf("%d cases, %d passed, %d failed", r.Cases, r.Passed, r.Failed)
	}
	if r.Keys != 3 || r.Compared != 9 || len(r.Differences) != 0 {
		t.Errorf("%d keys, %d counts compared, differences %v", r.Keys, r.Compared, r.Differences)
	}
	seen := map[string]bool{}
	for _, name := range []string{"1.key", "2.key", "3.key"} {
		key, err := datasets.ReadKey(filepath.Join(keys, name))
		if err != nil {
			t.Fatal(err)
		}
		seen[key.ID()] = true
		// A key that was kept gives the same extract again.
		if again, err := Run(context.Background(), Request{Dir: dir, Key: key}); err != nil || again.Passed != 2 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d keys of three are different", len(seen))
	}
	if _, err := Run(context.Background(), Request{Dir: dir, Keys: 1, KeyDir: keys}); err == nil || !strings.Contains(err.Error(), "exist") {
		t.Errorf("keys that are there already: %v", err)
	}
	if left, _ := os.ReadDir(keys); len(left) != 3 {
		t.Errorf("%d files beside the keys", len(left)-3)
	}
}

// Every population of every group is compared, an observation by its values; who is in no
// initial population has a count of none.
func TestCompareDecks(t *testing.T) {
	m := &content.Measure{Groups: []content.Group{{Populations: []content.Population{{Code: population.Initial}, {Code: population.Observation}}}}}
	tr := &trial{report: &Report{}, decks: []deck{{pids: [][]string{{"a"}}}, {pids: [][]string{{"b"}}}, {pids: [][]string{{"c"}}}, {pids: [][]string{{"d"}}}}}
	found := answers{{
		"a": {{count: 2}, {count: 2, observed: []float64{1, 4}}},
		"b": {{count: 2}, {count: 2, observed: []float64{1, 4}}},
		"c": {{count: 2}, {count: 2, observed: []float64{1, 5}}},
	}}
	tr.compareDecks(suite{measure: m}, 0, found, CaseReport{ID: "M/case"})
	var got []string
	for _, d := range tr.report.Differences {
		if d.ID != "M/case" || d.Group != 1 {
			t.Errorf("%+v", d)
		}
		got = append(got, d.Code)
	}
	want := []string{population.Observation, population.Initial, population.Observation}
	if tr.report.Compared != 6 || !slices.Equal(got, want) || tr.report.Differences[0].Key != 2 || tr.report.Differences[1].Key != 3 {
		t.Errorf("%d compared, %+v", tr.report.Compared, tr.report.Differences)
	}
	if d := tr.report.Differences; !slices.Equal(d[0].Found, []float64{1, 5}) || !slices.Equal(d[1].Found, []float64{0}) || d[2].Found != nil {
		t.Errorf("%+v", d)
	}
}
