package reports

import (
	"context"
	"errors"
	"slices"

	"farr/internal/stats"
	"farr/measures"
	"farr/reports/internal/disclose"
)

// releaseOverPeriods releases a measure with its separate periods as they are or, where most of the months would be
// hidden and its counts add up over time, by quarters, else by years. (Patients of a quarter are not those of
// its months added up: a measure that counts them keeps its periods.)
func releaseOverPeriods(ctx context.Context, b *disclose.Border, x disclose.ExactMeasure) (disclose.Measure, error) {
	tries := [][]disclose.Exact{x.Rows}
	if x.Additive && (x.Scale == disclose.Percent || x.Scale.Timed()) && !b.Internal() {
		for _, months := range []int{3, 12} {
			if rows := merged(x, months); rows != nil {
				tries = append(tries, rows)
			}
		}
	}
	best, least := 0, 2.0
	var kept disclose.Measure
	for i, rows := range tries {
		x.Rows = rows
		m, err := b.Measure(ctx, x)
		var unsafe *disclose.UnsafeError
		if errors.As(err, &unsafe) && i+1 < len(tries) {
			continue // what is out already leaves no room for periods so short
		}
		if err != nil {
			return m, err
		}
		if share := hiddenPeriods(m); share < least {
			best, least, kept = i, share, m
		}
		if least <= mostPeriodsHidden {
			return kept, nil
		}
	}
	if best == len(tries)-1 {
		return kept, nil
	}
	x.Rows = tries[best]
	return b.Measure(ctx, x) // the border keeps the last
}

// hiddenPeriods is the share of a measure's separate periods that are hidden.
func hiddenPeriods(m disclose.Measure) float64 {
	all, hidden := 0, 0
	for _, r := range m.Rows {
		if r.Stratum == "all" && r.Period.Family == measures.FamilyDisjoint {
			if all++; r.Rate.State() == disclose.Suppressed {
				hidden++
			}
		}
	}
	return float64(hidden) / float64(max(1, all))
}

// merged adds up the months of everybody to periods of so many, where all months of one are there, and leaves the other
// rows; nil where that gives fewer than two, or such periods are there already.
func merged(x disclose.ExactMeasure, length int) []disclose.Exact {
	var months, out []disclose.Exact
	for _, r := range x.Rows {
		span := monthsOf(r.Period.Low, r.Period.High)
		switch {
		case r.Stratum != "all" || r.Period.Family != measures.FamilyDisjoint:
			out = append(out, r)
		case span == 1:
			months = append(months, r)
		case span >= length:
			return nil
		}
	}
	slices.SortFunc(months, func(a, b disclose.Exact) int { return a.Period.Low.Compare(b.Period.Low) })
	made := 0
	for i := 0; i+length <= len(months); i++ {
		low, high := months[i].Period.Low, months[i+length-1].Period.High
		if (int(low.Month())-1)%length != 0 || !high.Equal(low.AddDate(0, length, 0)) {
			continue
		}
		out = append(out, added(x.Scale, months[i:i+length]))
		made++
		i += length - 1
	}
	if made < 2 {
		return nil
	}
	return out
}

// added is a period of several months. The persons of its initial population are at least those of its greatest month.
func added(scale disclose.Scale, months []disclose.Exact) disclose.Exact {
	first, last := months[0], months[len(months)-1]
	out := disclose.Exact{Stratum: "all", Value: "all", Complete: true,
		Period: disclose.Period{ID: first.Period.ID + ".." + last.Period.ID, Family: first.Period.Family, Low: first.Period.Low, High: last.Period.High}}
	for _, m := range months {
		out.Numerator, out.Denominator, out.Complete = out.Numerator+m.Numerator, out.Denominator+m.Denominator, out.Complete && m.Complete
		if scale.Timed() {
			out.Initial = max(out.Initial, m.Initial)
		} else {
			out.Initial, out.Excluded, out.Excepted = out.Initial+m.Initial, out.Excluded+m.Excluded, out.Excepted+m.Excepted
		}
	}
	e := stats.Wilson(out.Numerator, out.Denominator)
	out.Method = stats.MethodWilson
	if scale.Timed() {
		e, out.Method = stats.Rate(out.Numerator, float64(out.Denominator)/disclose.DaysPerYear)
		e = e.Scale(float64(scale))
	}
	if !e.Defined() {
		out.Method = ""
	}
	out.Rate, out.Low, out.High = e.Value, e.Low, e.High
	return out
}
