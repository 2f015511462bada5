package control

import (
	"time"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
)

// observation is a period as the statistics see it: a proportion, or a value.
type observation struct {
	used       bool // complete and shown
	proportion stats.Proportion
	value      float64 // in the scale's unit
	base       int
	apart      bool // it does not begin where the one before it ends
}

// observe takes what may be used of the rows. Timed rates, ratios, values and head counts are values.
func observe(rows []disclose.Row, rebases []Rebase) []observation {
	out := make([]observation, len(rows))
	for i, r := range rows {
		o := observation{base: baseAt(rebases, r.Period.Low)}
		o.apart = i > 0 && !r.Period.Low.Equal(rows[i-1].Period.High)
		o.value, _, _ = r.Rate.Plot()
		n, nShown := r.Rate.Numerator().Value()
		d, dShown := r.Rate.Denominator().Value()
		o.proportion = stats.Proportion{Numerator: n, Denominator: d}
		o.used = r.Complete && r.Rate.Shown() && r.Rate.State() != disclose.Incomplete
		if r.Rate.Scale() == disclose.Percent {
			o.used = o.used && nShown && dShown && d > 0
		}
		out[i] = o
	}
	return out
}

// baseAt is how many rebases are in force in a period that begins on that day: one that was
// decided for a day within a period is in force from the next period on.
func baseAt(rebases []Rebase, low time.Time) int {
	n := 0
	for _, r := range rebases {
		if !r.Date.After(low) {
			n++
		}
	}
	return n
}

// usable counts the points that a chart of the rows could use, and those that are hidden from it.
func usable(rows []disclose.Row) (used, hidden int) {
	for i, o := range observe(rows, nil) {
		if o.used {
			used++
		}
		if rows[i].Rate.State() == disclose.Suppressed {
			hidden++
		}
	}
	return used, hidden
}

// ManyHidden is why a series has no limits although it has points.
const ManyHidden = stats.NotCalculable("more than one in five periods is hidden")

// Choose is the series whose points the rules are asked of: the shortest periods that give 12
// points, else those that give most; -1 where none gives what limits need, with the reason. The rules are asked
// of one series alone, since several lengths of the same data would signal together. A series of
// which more than one in five periods is hidden is passed over: numbers are hidden because they are
// small, so that the mean of the others would lie too high, and a fall would never be seen.
func Choose(series [][]disclose.Row) (int, error) {
	best, most, why := -1, leastPoints-1, error(stats.FewPoints)
	for i, rows := range series {
		n, hidden := usable(rows)
		if 5*hidden > len(rows) {
			why = ManyHidden
			continue
		}
		if n >= lockedAt {
			return i, nil
		}
		if n > most {
			best, most = i, n
		}
	}
	if best >= 0 {
		why = nil
	}
	return best, why
}
