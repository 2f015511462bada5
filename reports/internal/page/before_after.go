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
func (w words) beforeAfter(m Measure, rows []disclose.Row) []item {
	all := w.happenings(m)
	_, said := w.eventsOf(m, rows)
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
		items = append(items, item{Number: said[i].Number, Words: w.beforeAfterWords(m, h.date, w.lengthWords(rows[0].Period), before, after)})
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
func (w words) beforeAfterWords(m Measure, date time.Time, periods string, before, after stretch) string {
	scale := m.Released.Scale
	hidden := ""
	if n := before.left + after.left; n > 0 {
		hidden = w.Say(" Hidden {periods}, of which there are {n}, are left out.", periods, n)
	}
	if words, ok := w.pooledWords(m, periods, before, after); ok {
		return w.Say("{day}: {change}.{hidden}", w.day(date), words, hidden)
	}
	why := w.Say("the same patient may be counted in several of them")
	if additive(m) {
		why = w.Say("a score like this one cannot be put together from theirs")
	}
	return w.Say("{day}: mean of {number} {periods} before it {mean}, mean of {number2} {periods} after it {mean2}. There is no interval: {why}.{hidden}", w.day(date), before.periods, periods, w.scaled(scale, before.mean), after.periods, w.scaled(scale, after.mean), why, hidden)
}

// pooledWords are the rates of all periods together and their difference; false where counts may not be put together.
func (w words) pooledWords(m Measure, periods string, before, after stretch) (string, bool) {
	scale, a, b := m.Released.Scale, before.counts, after.counts
	if !additive(m) || a.Denominator <= 0 || b.Denominator <= 0 {
		return "", false
	}
	switch {
	case scale.Timed():
		years := func(c counts) float64 { return float64(c.Denominator) / disclose.DaysPerYear }
		rate := func(c counts) string {
			e, _ := stats.Rate(c.Numerator, years(c))
			e = e.Scale(float64(scale))
			return w.Say("{events} in {time} person-years ({value} {unit}, 95\u00a0% interval {low} to {high})", w.thousands(c.Numerator), w.thousands(int64(years(c)+0.5)), w.scaled(scale, e.Value), w.unitText(scale), w.scaled(scale, e.Low), w.scaled(scale, e.High))
		}
		d, err := stats.RateDifference(b.Numerator, years(b), a.Numerator, years(a))
		if err != nil {
			return "", false
		}
		d = d.Scale(float64(scale))
		return w.Say("{before} in {number} {periods} before it, {after} in {number2} {periods} after it; the difference is {difference} {unit} (95\u00a0% interval {low} to {high})", rate(a), before.periods, periods, rate(b), after.periods,
			w.plusMinus(d.Value), w.unitText(scale), w.plusMinus(d.Low), w.plusMinus(d.High)), true
	case scale == disclose.Percent && a.Numerator <= a.Denominator && b.Numerator <= b.Denominator:
		rate := func(c counts) string {
			e := stats.Wilson(c.Numerator, c.Denominator).Scale(100)
			return w.Say("{numerator} of {denominator} ({value}, 95\u00a0% interval {low} to {high})", w.thousands(c.Numerator), w.thousands(c.Denominator), w.scaled(scale, e.Value), w.Number(fmt.Sprintf("%.1f", e.Low)), w.Number(fmt.Sprintf("%.1f", e.High)))
		}
		d := stats.Difference(b.Numerator, b.Denominator, a.Numerator, a.Denominator).Scale(100)
		return w.Say("{before} in {number} {periods} before it, {after} in {number2} {periods} after it; the difference is {difference} percentage points (95\u00a0% interval {low} to {high})", rate(a), before.periods, periods, rate(b), after.periods,
			w.plusMinus(d.Value), w.plusMinus(d.Low), w.plusMinus(d.High)), true
	}
	return "", false
}

// countFrom says from which period on new limits count, where they were decided for a day within one.
func (w words) countFrom(date time.Time, rows []disclose.Row) string {
	for i, r := range rows {
		if r.Period.Low.After(date) && i > 0 && within(date, rows[i-1].Period) && !rows[i-1].Period.Low.Equal(date) {
			return w.Say(" The new limits count from {period} on.", w.periodWords(r.Period))
		}
	}
	return ""
}
