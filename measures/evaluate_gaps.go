package measures

import (
	"slices"

	"farr/internal/stats"
)

// measured tells whether a group counts where groups are compared: somebody is in it, and it is
// not made of those of whom nobody knows where they belong.
func (r Rate) measured() bool {
	return r.Denominator > 0 && r.Value != "unknown" && !(r.Stratum == "site" && r.Value == "unattributed")
}

// gaps measure for each period and stratum how far groups are apart.
func gaps(d Definition, rates []Rate) []Gap {
	var out []Gap
	for i := 0; i < len(rates); {
		j := i
		for j < len(rates) && rates[j].Kind == rates[i].Kind && rates[j].Period == rates[i].Period && rates[j].Stratum == rates[i].Stratum {
			j++
		}
		if r := rates[i]; r.Stratum != stratumAll {
			g := Gap{Cohort: r.Cohort, Kind: r.Kind, Period: r.Period, Stratum: r.Stratum, order: r.order,
				Difference: notANumber, Ratio: notANumber, Theil: notANumber, Index: notANumber, Slope: notANumber, SlopeLow: notANumber, SlopeHigh: notANumber, RelativeSlope: notANumber}
			var groups []stats.GroupRate
			var total int64
			for _, r := range rates[i:j] {
				if r.measured() {
					total += r.Denominator
				}
			}
			for _, r := range rates[i:j] {
				if r.measured() {
					groups = append(groups, stats.GroupRate{Rate: r.Rate, Share: float64(r.Denominator) / float64(total), Error: (r.CIHigh - r.CILow) / (2 * 1.959963985)})
				}
			}
			g.Groups = len(groups)
			apart, err := stats.Disparities(groups, false)
			if err != nil {
				g.Reason = err.Error()
			}
			if err != stats.OneGroup {
				g.Difference, g.Ratio, g.Theil, g.Index = apart.RangeDifference, apart.RangeRatio, apart.Theil, apart.Index
			}
			if ordered(d, r.Stratum) {
				if slope, err := stats.SlopeIndex(groups); err == nil {
					g.Slope, g.SlopeLow, g.SlopeHigh, g.RelativeSlope = slope.Slope.Value, slope.Slope.Low, slope.Slope.High, slope.Relative
				} else {
					g.Reason = err.Error()
				}
			}
			out = append(out, g)
		}
		i = j
	}
	return out
}

// places are the values of the ordered areas, each with its place in its area's order: that in
// which the area's file first names them. What the file does not name comes after.
func places(d Definition) func(stratum, value string) int {
	type of struct{ stratum, value string }
	at := map[of]int{}
	for _, a := range d.Areas {
		for _, m := range a.Members {
			if k := (of{a.ID, m.Value}); a.Ordered && at[k] == 0 {
				at[k] = len(at) + 1
			}
		}
	}
	return func(stratum, value string) int {
		if n := at[of{stratum, value}]; n > 0 || !ordered(d, stratum) {
			return n
		}
		return len(at) + 1
	}
}

// ordered tells whether a stratum is an area whose values have an order.
func ordered(d Definition, stratum string) bool {
	return slices.ContainsFunc(d.Areas, func(a Area) bool { return a.ID == stratum && a.Ordered })
}
