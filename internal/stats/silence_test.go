package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSilenceOf: the reference of its comment, gaps by hand, and the cases that one of the two conditions alone would tell wrongly.
func TestSilenceOf(t *testing.T) {
	days := func(from, to, step int) (list []int) {
		for d := from; d <= to; d += step {
			list = append(list, d)
		}
		return list
	}
	for name, c := range map[string]struct {
		days []int
		last int
		want Silence
	}{
		"nothing for 10 days":       {days(0, 99, 1), 109, Silence{1, 1, 10, false}},
		"nothing for 11 days":       {days(0, 99, 1), 110, Silence{1, 1, 11, true}},
		"once a week":               {days(0, 700, 7), 760, Silence{7, 7, 60. / 7, false}},
		"once a week, and no more":  {days(0, 700, 7), 777, Silence{7, 7, 11, true}},
		"an outage before":          {append(days(0, 99, 1), days(200, 299, 1)...), 313, Silence{1, 1, 7, false}},
		"an outage before, and now": {append(days(0, 99, 1), days(200, 299, 1)...), 325, Silence{1, 1, 13, true}},
		"a season":                  {slices.Concat(days(0, 99, 1), days(365, 464, 1), days(730, 829, 1)), 1000, Silence{1, 266, 171 * 299. / 829, false}},
		"observed to the last day":  {days(0, 99, 1), 99, Silence{1, 1, 0, false}},
	} {
		got, err := SilenceOf(c.days, c.last)
		if err != nil || math.Abs(got.Expected-c.want.Expected) > 1e-9 {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
		got.Expected = c.want.Expected
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if _, err := SilenceOf(days(0, 10, 1), 1000); err != FewPoints {
		t.Errorf("11 days with events: %v", err)
	}
}

// TestSilenceIsSeldomChance: of feeds that go on, at any rate, fewer than 1 in 1,000 is told to have ended; of those that ended
// and should have had twice as many days as are asked for, nearly all are.
func TestSilenceIsSeldomChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const each, all = 1500, 1096
	wrong, found := 0, 0
	for _, rate := range []float64{0.05, 0.2, 0.7} {
		for range each {
			var days []int
			for d := range all {
				if rng.Float64() < rate {
					days = append(days, d)
				}
			}
			if s, err := SilenceOf(days, all-1); err == nil && s.Ended {
				wrong++
			}
			ended := all - 1 - int(2*mostSilent/rate)
			n, _ := slices.BinarySearch(days, ended)
			if s, err := SilenceOf(days[:n], all-1); err == nil && s.Ended {
				found++
			}
		}
	}
	if wrong > 3*each/1000 || found < 3*each*95/100 {
		t.Errorf("of %d feeds that go on %d are told to have ended, of as many that ended %d", 3*each, wrong, found)
	}
}
