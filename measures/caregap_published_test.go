package measures

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// gapsPackage is a package of measures whose numerators are put together of parts.
const gapsPackage = "../testdata/gaps"

// Worked out by hand from staysExport: of the six who were seen in 2024 ann, bob, cat, dan and gus stayed 3, 1,
// 5, 2 and 0 days, ann and cat were operated on, cat had comfort care, dan came as an emergency, and eve was
// seen at home. Fay was seen in 2023, without a stay.
var gapsWant = []string{
	// Cat is excluded and ann is in the numerator. Of eve, who did not stay, it is null whether it was two days.
	"WellOperated-1 2024 stayed-two-days: 3",
	"WellOperated-1 2024 stayed: 0",
	"WellOperated-1 2024 no-visits-as-asked-on-line-26: 1",
	"WellOperated-1 2024 operated-stays: 0",
	"WellOperated-1 2024 other: 0",
	"WellOperated-1 2023 stayed-two-days: 1",
	// Its notation contradicts itself. All parts hold of cat, who is excluded from the numerator.
	"WellOperated-2 2024 stayed-two-days: 3",
	"WellOperated-2 2024 no-visits-as-asked-on-line-26: 1",
	"WellOperated-2 2024 other: 1",
	// Dan is an exception.
	"WellOperated-3 2024 stayed-two-days: 3",
	"WellOperated-3 2024 no-visits-as-asked-on-line-26: 0",
	"WellOperated-3 2024 other: 0",
	// Four were never operated on, and cat was, but not before June.
	"WellOperated-5 2024 surgery-on-record: 4",
	"WellOperated-5 2024 surgery-as-asked-on-line-66: 1",
	"WellOperated-5 2024 other: 0",
	// A gap is to be in the numerator: dan, eve and cat are.
	"Harmed-1 2024 came-as-emergency: 1",
	"Harmed-1 2024 visits-as-asked-on-line-48: 1",
	"Harmed-1 2024 comforted: 1",
	"Harmed-1 2024 other: 0",
	"Harmed-2 2024 came-as-emergency: 0", // who is excluded
	"Harmed-2 2024 comforted: 1",
	// Stays: those of bob and gus were short, and dan was not operated on.
	"StayGaps-1 2024 long-stays: 2",
	"StayGaps-1 2024 operated-stays: 1",
	"StayGaps-1 2024 other: 0",
	"StayGaps-2 2024 comfort-stays: 1",
	"StayGaps-2 2024 short-stays: 3",
}

func TestPublishedCareGaps(t *testing.T) {
	s := newStudy(t, staysExport(t), testKey(t), "shifted")
	imported, err := Import(t.Context(), s.store, gapsPackage, false)
	if err != nil {
		t.Fatal(err)
	}
	_, results := s.run(t, func(r *Request) {
		if r.Package, err = s.store.Open(imported.Snapshot); err != nil {
			t.Fatal(err)
		}
		if r.Periods, err = ParsePeriods("2023,2024,P12M/2024-05"); err != nil {
			t.Fatal(err)
		}
		r.Measures, r.Cohorts = []string{"WellOperated", "Harmed", "StayGaps"}, nil
	})
	var got []string
	for _, g := range results.CareGaps() {
		got = append(got, fmt.Sprintf("%s %s %s: %d", g.Measure, g.Period, g.Gap, g.Subjects))
		if g.Measure == "Harmed-3" || g.Measure == "WellOperated-4" { // one of several is not met: by all
			t.Errorf("%s has reasons: %+v", g.Measure, g)
		}
	}
	for _, want := range gapsWant {
		if !slices.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(got, "\n"))
	}
	holdGaps(t, results, 8)
	for _, d := range results.Definitions() {
		if d.ID == "WellOperated-2" && (d.Direction != "" || d.Published.Improvement != Contradictory) {
			t.Errorf("%s is better when it is %q: %q", d.ID, d.Direction, d.Published.Improvement)
		}
	}
}

// holdGaps holds the care gaps of every definition to its aggregates: the reasons of a period add up to those in
// the gap. It wants so many definitions with reasons.
func holdGaps(t *testing.T, results *Results, want int) {
	t.Helper()
	found := 0
	for _, d := range results.Definitions() {
		if len(d.CareGaps) == 0 {
			continue
		}
		found++
		sum := map[string]int64{}
		for _, g := range results.CareGaps() {
			if g.Measure == d.ID {
				sum[g.Period] += g.Subjects
			}
		}
		for _, a := range results.Aggregates() {
			if a.Measure != d.ID || a.Stratum != "all" {
				continue
			}
			in := a.Denominator - a.Numerator
			if d.GapsIn() {
				in = a.Numerator
			}
			if sum[a.Period] != in {
				t.Errorf("%s %s: %d are in a gap, and reasons are of %d", d.ID, a.Period, in, sum[a.Period])
			}
		}
	}
	if found != want {
		t.Errorf("%d definitions have care gaps, want %d", found, want)
	}
}
