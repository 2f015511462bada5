package reports

import (
	"slices"
	"strings"
	"testing"

	"farr/measures"
)

// TestCareGapsSayTheirSide: rules that fail are not called rules that hold, and a published measure without any says why.
func TestCareGapsSayTheirSide(t *testing.T) {
	in := constructed(6000, siteNames())
	none := ""
	for i, d := range in.definitions {
		proportion := d.Kind == measures.KindMeasure && d.Scoring == measures.ScoringProportion
		if proportion && d.Direction == measures.DirectionLower {
			for _, a := range in.aggregates {
				if a.Measure == d.ID && a.Stratum == "all" {
					in.careGaps = append(in.careGaps, measures.CareGap{Measure: d.ID, Period: a.Period, Gap: "poor", Title: "Newest value too high", Subjects: a.Numerator})
				}
			}
		}
		if !proportion || none != "" || d.Direction != measures.DirectionHigher || slices.ContainsFunc(in.careGaps, func(g measures.CareGap) bool { return g.Measure == d.ID }) {
			continue
		}
		none = d.ID
		in.definitions[i].Published = &measures.Published{URL: "http://example.org/Measure/" + d.ID, Version: "1", Name: d.ID, Groups: 1}
	}
	sides := map[string]int{}
	files := built(t, in, requestIn(t, Internal))
	for _, d := range in.definitions {
		if d.Kind != measures.KindMeasure {
			continue
		}
		page := words(files["measures/"+d.ID+".html"])
		fails, holds := strings.Contains(page, "Care gaps by the rule that fails"), strings.Contains(page, "Care gaps by the rule that holds")
		says := strings.Contains(page, "There are no care gaps by rule: the numerator is one rule")
		switch {
		case says != (d.ID == none), says && (fails || holds), fails && holds:
			t.Errorf("%s: fails %v, holds %v, none %v", d.ID, fails, holds, says)
		case holds && d.Direction != measures.DirectionLower, fails && d.Direction == measures.DirectionLower:
			t.Errorf("%s (%s is better): fails %v, holds %v", d.ID, d.Direction, fails, holds)
		}
		if holds {
			sides["holds"]++
		}
		if fails {
			sides["fails"]++
		}
	}
	if none == "" || sides["holds"] == 0 || sides["fails"] == 0 {
		t.Errorf("none %q, %v: the test shows nothing", none, sides)
	}
}
