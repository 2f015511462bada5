package disclose

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// randomCohort is a cohort whose months add up to years, years to its size, and levels to its
// size, with many small numbers. Some have cases outside the years and the months.
func randomCohort(r *rand.Rand) ExactCohort {
	var x ExactCohort
	x.Scale = 1000
	most := []int{3, 12, 40}[r.IntN(3)]
	size := int64(0)
	for year := 2023; year < 2025; year++ {
		y := ExactYear{Year: year, Complete: true}
		for month := 1; month <= 12; month++ {
			n, days := int64(r.IntN(most)), int64(r.IntN(4000))
			if r.IntN(4) == 0 {
				n = 0
			}
			y.Cases, y.PersonDays = y.Cases+n, y.PersonDays+days
			if month == 12 && r.IntN(3) == 0 {
				continue // a month that was not asked for
			}
			low := time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC)
			x.Spans = append(x.Spans, ExactSpan{Period: Period{ID: low.Format("2006-01"), Family: "disjoint", Low: low, High: low.AddDate(0, 1, 0)}, Cases: n, PersonDays: days, Rate: 1, Low: 1, High: 1, Complete: true})
		}
		size += y.Cases
		y.Rate, y.Low, y.High = 1, 1, 1
		x.Years = append(x.Years, y)
	}
	if r.IntN(3) == 0 {
		size += int64(r.IntN(30)) // outside the years
	}
	if r.IntN(8) == 0 {
		x.Spans = nil
	}
	x.Steps = []ExactStep{{Remaining: size + int64(r.IntN(60))}, {Remaining: size}}
	for i := range 3 {
		left := size
		for j := range 4 {
			n := left
			if j < 3 {
				n = min(left, int64(r.IntN(25)))
			}
			left -= n
			x.Levels = append(x.Levels, ExactLevel{Characteristic: fmt.Sprint(i), Level: fmt.Sprint(j), Members: n})
		}
	}
	for range 3 {
		atRisk := max(0, size-int64(r.IntN(20)))
		x.Outcomes = append(x.Outcomes, ExactOutcome{AtRisk: atRisk, Events: int64(r.IntN(int(atRisk) + 1)), PersonDays: atRisk * 20, Rate: 1, Low: 1, High: 1})
	}
	return x
}

// TestCohortReleaseHoldsNoSmallNumber: of random cohorts an external reader sees no number of 1 to 10,
// and gets none by taking what is shown from what it adds up to.
func TestCohortReleaseHoldsNoSmallNumber(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	shown, hiddenSome := 0, 0
	for n := range 3000 {
		x := randomCohort(r)
		got := ReleaseCohort(External, x)
		size, sizeShown := got.Steps[1].Remaining.Value()
		fail := func(format string, args ...any) {
			t.Helper()
			t.Errorf("cohort %d: "+format, append([]any{n}, args...)...)
		}
		see := func(c Count, what string) {
			if v, ok := c.Value(); ok {
				shown++
				if small(v) {
					fail("%s of %d is shown", what, v)
				}
			} else {
				hiddenSome++
			}
		}
		// taken subtracts the shown parts from a shown total. What is left is of the hidden parts, and of what
		// has no part at all.
		taken := func(what string, total int64, totalShown bool, parts []Count) {
			hidden := 0
			for _, c := range parts {
				if v, ok := c.Value(); ok {
					total -= v
				} else {
					hidden++
				}
			}
			if totalShown && (small(total) || hidden == 1 && total == 0) {
				fail("%s: %d is left of the total, in %d hidden parts", what, total, hidden)
			}
			if totalShown && hidden == 1 && total > 0 {
				fail("%s: one hidden part is %d by subtraction", what, total)
			}
		}
		var top []Count
		inYear := map[int][]Count{}
		for i, s := range got.Spans {
			see(s.Rate.Numerator(), "month")
			inYear[x.Spans[i].Period.Low.Year()] = append(inYear[x.Spans[i].Period.Low.Year()], s.Rate.Numerator())
		}
		for _, y := range got.Years {
			see(y.Rate.Numerator(), "year")
			top = append(top, y.Rate.Numerator())
			total, ok := y.Rate.Numerator().Value()
			if len(inYear[y.Year]) == 12 {
				taken(fmt.Sprint(y.Year), total, ok, inYear[y.Year])
			} else if len(inYear[y.Year]) > 0 { // the month that was not asked for is one part more
				taken(fmt.Sprint(y.Year), total, ok, append(inYear[y.Year], Count{}, Count{}))
			}
		}
		if whole := x.Years[0].Cases+x.Years[1].Cases == x.size(); whole {
			taken("years", size, sizeShown, top)
			if all := 0; !sizeShown && x.size() > 0 {
				for _, c := range top {
					if _, ok := c.Value(); ok {
						all++
					}
				}
				if all == len(top) {
					fail("the size is hidden, and the years add up to it")
				}
			}
		} else {
			taken("years", size, sizeShown, append(top, Count{}, Count{}))
		}
		for i := range 3 {
			var parts []Count
			for _, l := range got.Levels[4*i : 4*i+4] {
				see(l.Rate.Numerator(), "level")
				parts = append(parts, l.Rate.Numerator())
			}
			taken("levels", size, sizeShown, parts)
			if !sizeShown {
				for _, c := range parts {
					if c.State() != Suppressed {
						fail("a level is shown, and the size is not")
					}
				}
			}
		}
		for _, o := range got.Outcomes {
			see(o.AtRisk, "at risk")
			see(o.Rate.Numerator(), "events")
			atRisk, ok := o.AtRisk.Value()
			if !ok && (o.Rate.Shown() || o.Rate.Denominator().State() != Suppressed) {
				fail("those at risk are hidden, and their time is shown")
			}
			if ok && sizeShown && small(size-atRisk) {
				fail("%d are not at risk", size-atRisk)
			}
			if events, known := o.Rate.Numerator().Value(); ok && known && small(atRisk-events) {
				fail("%d have no event", atRisk-events)
			}
		}
	}
	if shown < 10_000 || hiddenSome < 10_000 {
		t.Errorf("%d shown, %d hidden", shown, hiddenSome)
	}
	for range 50 { // and an internal one sees all
		if got := ReleaseCohort(Internal, randomCohort(r)); got.Hidden != 0 {
			t.Fatalf("%d hidden", got.Hidden)
		}
	}
}
