package reports

import (
	"fmt"
	"math"
	"testing"
	"time"

	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// stays are so many months of a measure of stays, each with so many of so many.
func stays(months int, num, den int64) disclose.ExactMeasure {
	x := disclose.ExactMeasure{Name: "stays", Additive: true, Headline: "2024"}
	for i := range months {
		low := time.Date(2023, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC)
		x.Rows = append(x.Rows, disclose.Exact{Period: disclose.Period{ID: low.Format("2006-01"), Family: "disjoint", Low: low, High: low.AddDate(0, 1, 0)},
			Stratum: "all", Value: "all", Initial: den, Denominator: den, Numerator: num + int64(i%3), Rate: 0.1, Low: 0.05, High: 0.2, Method: "wilson", Complete: true})
	}
	return x
}

// TestMonthsAreMergedBeforeTheyAreHidden: small months become quarters, smaller ones years, and large ones stay.
func TestMonthsAreMergedBeforeTheyAreHidden(t *testing.T) {
	for _, c := range []struct {
		num, den int64
		periods  int
		length   int
	}{{20, 100, 24, 1}, {5, 60, 8, 3}, {2, 60, 2, 12}} {
		t.Run(fmt.Sprint(c.num, " of ", c.den), func(t *testing.T) {
			b, err := disclose.NewBorder("external", "")
			if err != nil {
				t.Fatal(err)
			}
			m, err := releaseOverPeriods(t.Context(), b, stays(24, c.num, c.den))
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Rows) != c.periods || len(b.Released()) != 1 {
				t.Fatalf("%d periods, %d releases", len(m.Rows), len(b.Released()))
			}
			for i, r := range m.Rows {
				num, ok := r.Rate.Numerator().Value()
				den, _ := r.Rate.Denominator().Value()
				want := int64(0)
				for j := range c.length {
					want += c.num + int64((i*c.length+j)%3)
				}
				rate, low, high := r.Rate.Plot()
				if !ok || num != want || den != c.den*int64(c.length) || c.length > 1 && (math.Abs(rate-100*float64(num)/float64(den)) > 1e-9 || !(low < rate && rate < high)) {
					t.Errorf("period %d is %s, %s", i, r.Rate.NOfN(text.English()), r.Rate.Text(text.English()))
				}
			}
		})
	}
}
