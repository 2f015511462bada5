package page

import (
	"farr/internal/stats"
	"farr/reports/internal/disclose"
)

// against is a place's rate over that of all other places that are shown.
type against struct {
	Compared bool
	Ratio    stats.Estimate // with a 95 % interval
	Sure     bool           // it differs also when all comparisons of the table are taken together
}

// Mark is what the table says of the place: only where it differs as one of all.
func (w words) againstMark(x against) string {
	switch {
	case !x.Sure:
		return ""
	case x.Ratio.Value > 1:
		return w.Say("▲ higher")
	}
	return w.Say("▼ lower")
}

// Words are the ratio with its interval.
func (w words) againstWords(x against) string {
	return w.Say("{value} times ({low} to {high})", w.twoDecimals(x.Ratio.Value), w.twoDecimals(x.Ratio.Low), w.twoDecimals(x.Ratio.High))
}

func (w words) againstFields(x against) []Derived {
	if !x.Compared {
		return make([]Derived, 4)
	}
	return []Derived{w.ratioField(x.Ratio.Value), w.ratioField(x.Ratio.Low), w.ratioField(x.Ratio.High), word(w.yesOrNo(x.Sure))}
}

// compareAreas compares each place that has enough cases with all others, by released numbers alone, and tells how many are:
// standardised rates by their limits, crude ones by their counts. Those whose place is not known are no others.
func compareAreas(rows []areaRow, standard bool) int {
	compare := crudeToOthers
	if standard {
		compare = adjustedToOthers
	}
	n := 0
	for i := range rows {
		x := &rows[i].Against
		if cases, ok := rows[i].Crude.Numerator().Value(); !rows[i].shownPlace(standard) || !standard && (!ok || cases < comparable) {
			continue
		}
		if x.Ratio, x.Compared = compare(rows, i, 1); x.Compared {
			n++
		}
	}
	for i := range rows {
		if x := &rows[i].Against; x.Compared {
			r, ok := compare(rows, i, n)
			x.Sure = ok && (r.Low > 1 || r.High < 1)
		}
	}
	return n
}

// shownPlace tells whether the row is a known place with a rate to compare.
func (r areaRow) shownPlace(standard bool) bool {
	return residual(r.Value) != 2 && r.ordered(standard).Comparable()
}

func crudeToOthers(rows []areaRow, at, comparisons int) (stats.Estimate, bool) {
	var one, rest counts
	for i, r := range rows {
		c, ok := countsOf(r.Crude)
		switch {
		case !ok || !r.shownPlace(false):
		case i == at:
			one = c
		default:
			rest.Numerator, rest.Denominator = rest.Numerator+c.Numerator, rest.Denominator+c.Denominator
		}
	}
	years := func(c counts) float64 { return float64(c.Denominator) / disclose.DaysPerYear }
	e, err := stats.RateRatioOfMany(comparisons, one.Numerator, years(one), rest.Numerator, years(rest))
	return e, err == nil
}

func adjustedToOthers(rows []areaRow, at, comparisons int) (stats.Estimate, bool) {
	var one stats.Estimate
	var others []stats.Weighted
	for i, r := range rows {
		days, known := r.Adjusted.Denominator().Value()
		if !known || !r.shownPlace(true) || r.Adjusted.Method() == "" {
			continue
		}
		value, low, high := r.Adjusted.Plot()
		e := stats.Estimate{Value: value, Low: low, High: high}
		if i == at {
			one = e
		} else {
			others = append(others, stats.Weighted{Estimate: e, Weight: float64(days)})
		}
	}
	e, err := stats.RatioToOthers(comparisons, one, others)
	return e, err == nil
}

// againstNote says how places are compared, or why none is.
func (w words) againstNote(n int, standard bool) string {
	switch {
	case n == 0 && standard:
		return w.Say("No place is compared with the others: that needs two that are shown with intervals.")
	case n == 0:
		return w.Say("No place is compared with the others: that needs one of 10 cases, and another that is shown.")
	case standard:
		return w.Say("Differs from the others: its standardised rate over the mean of those of the other places that are shown, weighted by time, with a 95\u00a0% interval on the log scale made of the intervals in the table; marked only where it differs with all comparisons, {n}, taken together (Bonferroni).", n)
	}
	return w.Say("Differs from the others: its crude rate over that of the other places that are shown, with a 95\u00a0% interval on the log scale, from 10 cases on; marked only where it differs with all comparisons, {n}, taken together (Bonferroni). People may differ in age.", n)
}
