package disclose

import (
	"fmt"
	"testing"
	"time"

	"farr/reports/internal/text"
)

func month(m int, length int, num, den int64) Exact {
	low := time.Date(2024, time.Month(m), 1, 0, 0, 0, 0, time.UTC)
	x := row(low.Format("2006-01")+fmt.Sprint("/", length), "all", "all", num, den)
	x.Period.Family, x.Period.Low, x.Period.High = "disjoint", low, low.AddDate(0, length, 0)
	return x
}

// TestOneWindowIsOneNumber: a year and a rolling window of the same days are hidden together.
func TestOneWindowIsOneNumber(t *testing.T) {
	x := ExactMeasure{Name: "m", Headline: "P12M/2024-12"}
	low := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, p := range []struct{ id, family string }{{"P12M/2024-12", "rolling"}, {"2024", "disjoint"}} {
		r := row(p.id, "all", "all", 11, 60)
		r.Period.Family, r.Period.Low, r.Period.High = p.family, low, low.AddDate(1, 0, 0)
		x.Rows = append(x.Rows, r)
	}
	for value, n := range map[string]int64{"female": 6, "male": 5} {
		r := row("P12M/2024-12", "sex", value, n, 30)
		r.Period = x.Rows[0].Period
		x.Rows = append(x.Rows, r)
	}
	m := ReleaseMeasure(policyOf(External), x)
	if a, b := m.Rows[0].Rate, m.Rows[1].Rate; a.State() != Suppressed || b.State() != Suppressed {
		t.Errorf("the window is %s, the year %s", a.NOfN(text.English()), b.NOfN(text.English()))
	}
}

// TestHeadcountIsItsInitialPopulation: groups of six and five are not told by the eleven considered.
func TestHeadcountIsItsInitialPopulation(t *testing.T) {
	x := ExactMeasure{Name: "m", Scale: Headcount, Headline: "2024", Rows: []Exact{row("2024", "all", "all", 11, 11), row("2024", "sex", "female", 6, 6), row("2024", "sex", "male", 5, 5)}}
	if m := ReleaseMeasure(policyOf(External), x); m.Populations.Initial.State() != Suppressed {
		t.Errorf("the initial population is %s", m.Populations.Initial)
	}
}

// TestReleasesOfOtherPeriods: one report shows months of which one is hidden, the next the quarter that holds them. The
// quarter is hidden, also where the reports come the other way round.
func TestReleasesOfOtherPeriods(t *testing.T) {
	months := ExactMeasure{Name: "m", Additive: true, Rows: []Exact{month(1, 1, 20, 100), month(2, 1, 20, 100), month(3, 1, 7, 100)}}
	quarter := ExactMeasure{Name: "m", Additive: true, Rows: []Exact{month(1, 3, 47, 300)}}
	release := func(x ExactMeasure, earlier ...Earlier) (*Border, Measure) {
		b := border(t)
		b.Against(earlier)
		m, err := b.Measure(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		return b, m
	}
	first, _ := release(months)
	if _, m := release(quarter, Earlier{ID: "1", Same: true, Systems: first.Released()}); m.Rows[0].Rate.State() != Suppressed {
		t.Errorf("beside its months the quarter is %s", m.Rows[0].Rate.NOfN(text.English()))
	}
	first, m := release(quarter)
	if m.Rows[0].Rate.State() == Suppressed {
		t.Fatal("alone the quarter is hidden")
	}
	_, m = release(months, Earlier{ID: "1", Same: true, Systems: first.Released()})
	shown := 0
	for _, r := range m.Rows {
		if r.Rate.Numerator().State() != Suppressed {
			shown++
		}
	}
	if shown == 2 {
		t.Error("beside the quarter two months are shown, and the third is what they leave")
	}
}

// TestPlacesInPlacesOfTable1: ZIP codes of a state are not told by the state and the others.
func TestPlacesInPlacesOfTable1(t *testing.T) {
	x := ExactCohort{Name: "c", Scale: 1000, Steps: []ExactStep{{Remaining: 1500}, {Remaining: 1000}}}
	level := func(characteristic, value string, n int64) {
		x.Levels = append(x.Levels, ExactLevel{Characteristic: characteristic, Level: value, Members: n, Kin: Place})
	}
	for _, z := range []struct {
		value string
		n     int64
	}{{"010", 7}, {"011", 243}, {"012", 250}, {"050", 90}, {"051", 410}} {
		level("zip3", z.value, z.n)
	}
	level("state", "MA", 500)
	level("state", "VT", 500)
	shown := map[string]int{}
	for _, l := range ReleaseCohort(policyOf(External), x).Levels {
		if l.Rate.Numerator().State() != Suppressed {
			shown[l.Characteristic]++
		}
	}
	if shown["state"] != 2 || shown["zip3"] != 0 {
		t.Errorf("shown %v, want the states alone", shown)
	}
}
