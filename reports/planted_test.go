package reports

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/internal/synth"
)

// checkPlanted finds what a synthetic population's truth says was planted in the data files of its report: the
// improvement's first month as the first signal of its chart, and each outlier site, alone of the sites of its
// measure, beyond the outer limits of the funnel on the side that was planted.
func checkPlanted(t *testing.T, export, bundle string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(export, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth synth.Truth
	if err := json.Unmarshal(data, &truth); err != nil {
		t.Fatal(err)
	}
	files := read(t, bundle)
	found := map[string]int{}
	for _, e := range truth.Effects {
		switch e.Kind {
		case "improvement":
			s := sheetOf(t, files, "data/"+e.Measure+"-periods.csv")
			first := ""
			for _, r := range s.rows {
				if first == "" && strings.Contains(s.get(r, "cause"), "improving") {
					first = s.get(r, "from")
				}
			}
			if !strings.HasPrefix(first, e.From) {
				t.Errorf("%s: the first improving signal is in %q, and %s was planted", e.Measure, first, e.From)
			}
			found[e.Kind]++
		case "outlier-site":
			s := sheetOf(t, files, "data/"+e.Measure+"-funnel.csv")
			want := map[string]string{"higher": "above 99.8 %", "lower": "below 99.8 %"}[e.Direction]
			for _, r := range s.rows {
				if outer := strings.HasSuffix(s.get(r, "place"), "99.8 %"); outer != (s.get(r, "site") == e.Site) || outer && s.get(r, "place") != want {
					t.Errorf("%s: %s is %s, and %s was planted %s", e.Measure, s.get(r, "site"), s.get(r, "place"), e.Site, e.Direction)
				}
			}
			// Of the 12 sites one has a feed that stopped: where the measure rests on it, the site is left out.
			if page := files["measures/"+e.Measure+".html"]; !strings.Contains(page, "limits, 1 of 12 sites: "+e.Site) && !strings.Contains(page, "limits, 1 of 11 sites: "+e.Site) {
				t.Errorf("%s: the heading of the funnel does not name %s", e.Measure, e.Site)
			}
			found[e.Kind]++
		}
	}
	if found["improvement"] != 1 || found["outlier-site"] != 2 {
		t.Errorf("of what was planted %v was looked for", found)
	}
}
