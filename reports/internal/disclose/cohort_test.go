package disclose

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"farr/reports/internal/text"
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
			x.Levels = append(x.Levels, ExactLevel{Characteristic: fmt.Sprint(i), Level: fmt.Sprint(j), Members: n, Kin: kinOf[i]})
		}
	}
	atRisk, happened := size, int64(0)
	for i := range 3 { // those of the next are among those of the one before; and a trait among those with the event
		atRisk = max(0, atRisk-int64([]int{r.IntN(20), 0, r.IntN(80)}[r.IntN(3)]))
		if happened = min(atRisk, happened+int64(r.IntN(15))); r.IntN(3) == 0 {
			happened = int64(r.IntN(int(atRisk) + 1))
		}
		x.Outcomes = append(x.Outcomes, ExactOutcome{ID: fmt.Sprint(len(x.Outcomes)), AtRisk: atRisk, Events: happened, PersonDays: atRisk*30 - happened*15, Rate: 1, Low: 1, High: 1})
		with := max(0, happened-int64(r.IntN(15)))
		trait := fmt.Sprint("trait ", i)
		x.Levels = append(x.Levels, ExactLevel{Characteristic: trait, Level: "no", Members: size - with}, ExactLevel{Characteristic: trait, Level: "yes", Members: with})
	}
	return x
}

// TestCohortReleaseHoldsNoSmallNumber: of random cohorts an external reader sees no number of 1 to 10,
// and gets none by taking what is shown from what it adds up to.
func TestCohortReleaseHoldsNoSmallNumber(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	shown, hiddenSome, nested := 0, 0, 0
	for n := range 3000 {
		x := randomCohort(r)
		got := ReleaseCohort(policyOf(External), x)
		size, sizeShown := got.Steps[1].Remaining.Value()
		fail := func(format string, args ...any) {
			t.Helper()
			t.Errorf("cohort %d: "+format, append([]any{n}, args...)...)
		}
		see := func(c Count, what string) {
			if v, ok := c.Value(); ok {
				shown++
				if policyOf(External).small(v) {
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
			if totalShown && (policyOf(External).small(total) || hidden == 1 && total == 0) {
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
		for i := range 6 {
			var parts []Count
			from, to := 4*i, 4*i+4
			if i >= 3 {
				from, to = 12+2*(i-3), 12+2*(i-2)
			}
			for _, l := range got.Levels[from:to] {
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
			if ok && sizeShown && policyOf(External).small(size-atRisk) {
				fail("%d are not at risk", size-atRisk)
			}
			if events, known := o.Rate.Numerator().Value(); ok && known && policyOf(External).small(atRisk-events) {
				fail("%d have no event", atRisk-events)
			}
			if _, known := o.Rate.Numerator().Value(); !known && o.Rate.Denominator().State() != Suppressed {
				fail("events are hidden, and their days are shown")
			}
		}
		nested += differences(got, x.Levels, func(what string, d int64) { fail("%s: the difference is %d", what, d) })
	}
	if nested < 10_000 {
		t.Errorf("%d differences were looked at", nested)
	}
	if shown < 10_000 || hiddenSome < 10_000 {
		t.Errorf("%d shown, %d hidden", shown, hiddenSome)
	}
	for range 50 { // and an internal one sees all
		if got := ReleaseCohort(policyOf(Internal), randomCohort(r)); got.Hidden != 0 {
			t.Fatalf("%d hidden", got.Hidden)
		}
	}
}

// kinOf are the kinds of the characteristics of randomCohort that are not traits.
var kinOf = []Kin{Unrelated, Sex, Place}

// differences gives every difference of 1 to 10 between a number of one outcome or characteristic, or what it
// leaves of its total, and one of another or of the steps; and how many differences it looked at.
func differences(got Cohort, levels []ExactLevel, small110 func(what string, d int64)) (looked int) {
	type number struct {
		what, whole string
		n           int64
		kin         Kin
	}
	var numbers []number
	size, sized := int64(0), false
	for i, s := range got.Steps {
		if n, ok := s.Remaining.Value(); ok {
			numbers = append(numbers, number{fmt.Sprint("step ", i), "steps", n, Declared})
			size, sized = n, i == len(got.Steps)-1
		}
	}
	add := func(what, whole string, c Count, total int64, known bool, kin Kin) {
		if n, ok := c.Value(); ok {
			numbers = append(numbers, number{what, whole, n, kin})
			if known {
				numbers = append(numbers, number{"all but " + what, whole, total - n, kin})
			}
		}
	}
	for i, o := range got.Outcomes {
		whole := fmt.Sprint("outcome ", i)
		add("at risk of "+whole, whole, o.AtRisk, size, sized, Declared)
		n, ok := o.AtRisk.Value()
		add("events of "+whole, whole, o.Rate.Numerator(), n, ok, Declared)
	}
	for i, l := range got.Levels {
		add(l.Characteristic+"="+l.Level, l.Characteristic, l.Rate.Numerator(), size, sized, levels[i].Kin)
	}
	for i, a := range numbers {
		for _, b := range numbers[:i] {
			if a.whole == b.whole || a.kin == Unrelated || b.kin == Unrelated || a.kin == Sex && b.kin == Sex || (a.kin == Place) != (b.kin == Place) || a.n == 0 || b.n == 0 {
				continue
			}
			looked++
			if d := max(a.n-b.n, b.n-a.n); policyOf(External).small(d) {
				small110(b.what+" and "+a.what, d)
			}
		}
	}
	return looked
}

// TestNestedNumbers: of two counts that are 1 to 10 apart one is hidden, and no more than that.
func TestNestedNumbers(t *testing.T) {
	trait := func(id string, yes int64) []ExactLevel {
		return []ExactLevel{{Characteristic: id, Level: "no", Members: 600 - yes}, {Characteristic: id, Level: "yes", Members: yes}}
	}
	kin := func(k Kin, levels []ExactLevel) []ExactLevel {
		for i := range levels {
			levels[i].Kin = k
		}
		return levels
	}
	outcome := func(id string, atRisk, events int64) ExactOutcome {
		return ExactOutcome{ID: id, AtRisk: atRisk, Events: events, PersonDays: atRisk*30 - events*11, Rate: 1, Low: 1, High: 1}
	}
	for _, c := range []struct {
		name     string
		outcomes []ExactOutcome
		levels   []ExactLevel
		want     string
	}{
		{"nothing is near", []ExactOutcome{outcome("death", 560, 60)}, trait("early", 300), "death 560 60 early=no 300 early=yes 300"},
		{"the same people", []ExactOutcome{outcome("death", 560, 60), outcome("readmission", 560, 80)}, nil, "death 560 60 readmission 560 80"},
		{"washed out of one", []ExactOutcome{outcome("death", 560, 60), outcome("emergency", 555, 120)}, nil, "death 560 60 emergency hidden hidden"},
		{"a part of a composite", []ExactOutcome{outcome("any", 560, 120), outcome("death", 560, 115)}, nil, "any 560 120 death 560 hidden"},
		{"with it, and without the other", []ExactOutcome{outcome("alive", 560, 500), outcome("frail", 560, 55)}, nil, "alive 560 500 frail 560 hidden"},
		{"of two traits one, whole", nil, append(trait("any", 200), trait("early", 195)...), "any=no 400 any=yes 200 early=no hidden early=yes hidden"},
		{"sex and race are not nested", nil, append(kin(Sex, trait("sex", 305)), kin(Unrelated, trait("race", 310))...), "sex=no 295 sex=yes 305 race=no 290 race=yes 310"},
		{"sex may hold a trait", nil, append(kin(Sex, trait("sex", 305)), trait("pregnant", 300)...), "sex=no 295 sex=yes 305 pregnant=no hidden pregnant=yes hidden"},
		{"a state holds its ZIP codes", nil, append(kin(Place, trait("state", 305)), kin(Place, trait("zip3", 299))...), "state=no hidden state=yes hidden zip3=no 301 zip3=yes 299"},
		{"a trait before an outcome", []ExactOutcome{outcome("death", 560, 60)}, trait("frail", 65), "death 560 60 frail=no hidden frail=yes hidden"},
		{"what is near two goes, and these stay", []ExactOutcome{outcome("death", 560, 60)}, append(trait("frail", 53), trait("old", 67)...), "death 560 hidden frail=no 547 frail=yes 53 old=no 533 old=yes 67"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := ReleaseCohort(policyOf(External), ExactCohort{Scale: 1000, Steps: []ExactStep{{Remaining: 900}, {Remaining: 600}}, Outcomes: c.outcomes, Levels: c.levels})
			var got []string
			for _, o := range out.Outcomes {
				got = append(got, o.ID, o.AtRisk.Text(text.English()), o.Rate.Numerator().Text(text.English()))
				if o.Rate.Numerator().State() != o.Rate.Denominator().State() {
					t.Errorf("events of %s are %s, and their days are %s", o.ID, o.Rate.Numerator(), o.Rate.Denominator())
				}
			}
			for _, l := range out.Levels {
				got = append(got, l.Characteristic+"="+l.Level, l.Rate.Numerator().Text(text.English()))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
		})
	}
}
