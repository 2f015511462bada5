package reports

import (
	"testing"
	"time"

	"farr/measures"
)

// TestTheHeadlineIsTheNewestCompletePeriod, of whatever family and length.
func TestTheHeadlineIsTheNewestCompletePeriod(t *testing.T) {
	of := func(id, family string, low, high time.Time, complete bool) measures.Aggregate {
		return measures.Aggregate{Measure: "m", Stratum: "all", Value: "all", Period: id, Family: family, Low: low, High: high, Complete: complete}
	}
	year := func(y int, complete bool) measures.Aggregate {
		return of(day(y, 1, 1).Format("2006"), "disjoint", day(y, 1, 1), day(y+1, 1, 1), complete)
	}
	window := of("P12M/2019-12", "rolling", day(2019, 1, 1), day(2020, 1, 1), true)
	december := of("2019-12", "disjoint", day(2019, 12, 1), day(2020, 1, 1), true)
	for _, x := range []struct {
		rows []measures.Aggregate
		want string
	}{
		{[]measures.Aggregate{year(2019, true), year(2020, true), year(2024, false), december, window}, "2020"},
		{[]measures.Aggregate{year(2019, true), december, window}, "P12M/2019-12"},
		{[]measures.Aggregate{december, year(2019, true)}, "2019"},
	} {
		if got, _ := headlinePeriod(x.rows, "m"); got.ID != x.want {
			t.Errorf("got %s, want %s", got.ID, x.want)
		}
	}
}
