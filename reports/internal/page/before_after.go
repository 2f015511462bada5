package page

import (
	"fmt"
	"time"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
)

// stretch are the periods of a chart before or after something that happened, by released numbers.
type stretch struct {
	periods int // complete and shown
	left    int // hidden
	counts  counts
	mean    float64 // of the periods' rates, in the scale's unit
}

// stretchOf gathers the periods that lie wholly from a day on and before another; a zero day is no bound.
func stretchOf(rows []disclose.Row, from, to time.Time) stretch {
	var s stretch
	for _, r := range rows {
		switch {
		case r.Period.Low.Before(from) || !to.IsZero() && r.Period.High.After(to):
		case r.Rate.State() == disclose.Suppressed:
			s.left++
		case r.Complete && r.Rate.Shown() && r.Rate.State() != disclose.Incomplete:
			n, _ := r.Rate.Numerator().Value()
			d, _ := r.Rate.Denominator().Value()
			s.counts.Numerator, s.counts.Denominator = s.counts.Numerator+n, s.counts.Denominator+d
			v, _, _ := r.Rate.Plot()
			s.periods, s.mean = s.periods+1, s.mean+v
		}
	}
	if s.periods > 0 {
		s.mean /= float64(s.periods)
	}
	return s
}

// beforeAfter says, of each thing that happened where a period begins, what the rates were before and after it, each as
// far as the next one recorded.
func beforeAfter(m Measure, rows []disclose.Row) []item {
	all := happenings(m)
	_, said := eventsOf(m, rows)
	var items []item
	for i, h := range all {
		if i > 0 && all[i-1].date.Equal(h.date) || !atBorder(h.date, rows) {
			continue
		}
		var from, to time.Time
		for _, o := range all {
			if o.date.Before(h.date) {
				from = o.date
			}
			if o.date.After(h.date) && to.IsZero() {
				to = o.date
			}
		}
		before, after := stretchOf(rows, from, h.date), stretchOf(rows, h.date, to)
		if before.periods == 0 || after.periods == 0 {
			continue
		}
		items = append(items, item{Number: said[i].Number, Words: beforeAfterWords(m, h.date, lengthWords(rows[0].Period), before, after)})
	}
	return items
}

// atBorder tells whether a day is the first of a period that is not the first of all.
func atBorder(date time.Time, rows []disclose.Row) bool {
	for i, r := range rows {
		if i > 0 && r.Period.Low.Equal(date) {
			return true
		}
	}
	return false
}

// beforeAfterWords are the sentence. Counts are put together only where no one is counted in two periods.
func beforeAfterWords(m Measure, date time.Time, periods string, before, after stretch) string {
	scale := m.Released.Scale
	hidden := ""
	if n := before.left + after.left; n > 0 {
		hidden = fmt.Sprintf(" Hidden %s, of which there are %d, are left out.", periods, n)
	}
	if words, ok := pooledWords(m, periods, before, after); ok {
		return fmt.Sprintf("%s: %s.%s", day(date), words, hidden)
	}
	why := "the same patient may be counted in several of them"
	if additive(m) {
		why = "a score like this one cannot be put together from theirs"
	}
	return fmt.Sprintf("%s: mean of %d %s before it %s, mean of %d %s after it %s. There is no interval: %s.%s",
		day(date), before.periods, periods, scale.Format(before.mean), after.periods, periods, scale.Format(after.mean), why, hidden)
}

// pooledWords are the rates of all periods together and their difference; false where counts may not be put together.
func pooledWords(m Measure, periods string, before, after stretch) (string, bool) {
	scale, a, b := m.Released.Scale, before.counts, after.counts
	if !additive(m) || a.Denominator <= 0 || b.Denominator <= 0 {
		return "", false
	}
	const interval = " (95\u00a0%% interval %s to %s)"
	switch {
	case scale.Timed():
		years := func(c counts) float64 { return float64(c.Denominator) / disclose.DaysPerYear }
		rate := func(c counts) string {
			e, _ := stats.Rate(c.Numerator, years(c))
			e = e.Scale(float64(scale))
			return fmt.Sprintf("%s in %s person-years (%s %s"+", 95\u00a0%% interval %s to %s)", disclose.Thousands(c.Numerator), disclose.Thousands(int64(years(c)+0.5)),
				scale.Format(e.Value), scale.Unit(), scale.Format(e.Low), scale.Format(e.High))
		}
		d, err := stats.RateDifference(b.Numerator, years(b), a.Numerator, years(a))
		if err != nil {
			return "", false
		}
		d = d.Scale(float64(scale))
		return fmt.Sprintf("%s in %d %s before it, %s in %d %s after it; the difference is %s %s"+interval, rate(a), before.periods, periods, rate(b), after.periods, periods,
			plusMinus(d.Value), scale.Unit(), plusMinus(d.Low), plusMinus(d.High)), true
	case scale == disclose.Percent && a.Numerator <= a.Denominator && b.Numerator <= b.Denominator:
		rate := func(c counts) string {
			e := stats.Wilson(c.Numerator, c.Denominator).Scale(100)
			return fmt.Sprintf("%s of %s (%s, 95\u00a0%% interval %.1f to %.1f)", disclose.Thousands(c.Numerator), disclose.Thousands(c.Denominator), scale.Format(e.Value), e.Low, e.High)
		}
		d := stats.Difference(b.Numerator, b.Denominator, a.Numerator, a.Denominator).Scale(100)
		return fmt.Sprintf("%s in %d %s before it, %s in %d %s after it; the difference is %s percentage points"+interval, rate(a), before.periods, periods, rate(b), after.periods, periods,
			plusMinus(d.Value), plusMinus(d.Low), plusMinus(d.High)), true
	}
	return "", false
}

// countFrom says from which period on new limits count, where they were decided for a day within one.
func countFrom(date time.Time, rows []disclose.Row) string {
	for i, r := range rows {
		if r.Period.Low.After(date) && i > 0 && within(date, rows[i-1].Period) && !rows[i-1].Period.Low.Equal(date) {
			return " The new limits count from " + periodWords(r.Period) + " on."
		}
	}
	return ""
}
