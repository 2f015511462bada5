package page

import (
	"errors"
	"fmt"
	"strconv"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
)

// unequal is how far apart the known groups of a stratum are, by released numbers.
type unequal struct {
	Stratum   string
	Groups    int
	Left      int // hidden
	Lowest    string
	Highest   string
	Low, High disclose.Rate
	D         stats.Disparity
	NoRatio   bool // the lowest rate is zero
}

// unequalOf measures the disparity among the groups of a stratum that say who they are and have somebody; nil below two.
func unequalOf(m Measure, stratum string) *unequal {
	u := unequal{Stratum: stratum}
	var groups []stats.GroupRate
	total := 0.0
	type one struct {
		label string
		rate  disclose.Rate
		v     float64
	}
	var all []one
	for _, r := range rowsOf(m, stratum) {
		if residual(r.Value) == 2 {
			continue
		}
		c, ok := countsOf(r.Rate)
		if !ok {
			if r.Rate.State() == disclose.Suppressed {
				u.Left++
			}
			continue
		}
		v, _, _ := r.Rate.Plot()
		groups = append(groups, stats.GroupRate{Rate: v, Share: float64(c.Denominator)})
		total += float64(c.Denominator)
		all = append(all, one{valueLabel(stratum, r.Value), r.Rate, v})
	}
	if len(groups) < 2 {
		return nil
	}
	for i := range groups {
		groups[i].Share /= total
	}
	u.Groups = len(groups)
	low, high := all[0], all[0]
	for _, g := range all {
		if g.v < low.v {
			low = g
		}
		if g.v > high.v {
			high = g
		}
	}
	u.Lowest, u.Low, u.Highest, u.High = low.label, low.rate, high.label, high.rate
	var err error
	u.D, err = stats.Disparities(groups, !lowerIsBetter(m))
	u.NoRatio = errors.Is(err, stats.NoReference)
	return &u
}

// disparities is a table of one absolute and one relative measure for each stratum, side by side.
func (a *artist) disparities(m Measure, strata []string) Figure {
	id := m.Definition.ID + "-disparity"
	f := Figure{ID: id, DataPath: "../data/" + id, Open: true}
	t := Table{Caption: "between the groups of each kind, " + periodWords(m.Headline), Labels: []string{"Kind of group", "Lowest rate", "Highest rate"},
		Derived: []string{"Groups", "Difference", "Ratio", "Between-group variance", "Index of disparity %"}}
	var widest *unequal
	for _, s := range strata {
		u := unequalOf(m, s)
		if u == nil {
			continue
		}
		f.Hidden = f.Hidden || u.Left > 0
		row := TableRow{Labels: []string{stratumName(s), u.Lowest + ": " + rateWords(u.Low), u.Highest + ": " + rateWords(u.High)},
			Derived: []Derived{{Text: strconv.Itoa(u.Groups), Field: strconv.Itoa(u.Groups), IsNumber: true}, statisticOf(u.D.RangeDifference, 1)}}
		if u.NoRatio {
			row.Derived = append(row.Derived, Derived{}, statisticOf(u.D.BetweenGroup, 1), Derived{})
		} else {
			row.Derived = append(row.Derived, statisticOf(u.D.RangeRatio, 2), statisticOf(u.D.BetweenGroup, 1), statisticOf(u.D.Index, 1))
		}
		t.Rows = append(t.Rows, row)
		if widest == nil || u.D.RangeDifference > widest.D.RangeDifference {
			widest = u
		}
	}
	if widest == nil {
		return Figure{}
	}
	f.Table = t
	a.keep(id, t)
	unit := "percentage points"
	if m.Released.Scale.Timed() {
		unit = m.Released.Scale.Unit()
	}
	f.Heading = fmt.Sprintf("Furthest apart by %s: %s, %s, and %s, %s", lowerFirst(stratumName(widest.Stratum)), widest.Lowest, rateWords(widest.Low), widest.Highest, rateWords(widest.High))
	f.About = m.Definition.Title + " " + inPeriod(m.Headline) + ": highest less lowest rate in " + unit + " (absolute), highest over lowest (relative), the variance between groups by their size, and the mean distance from the best group in percent of its rate."
	f.Note = "Groups that are not known are left out, and so are hidden ones. The lowest and the highest of several groups are apart by chance, too: the more so, the smaller and the more they are. These figures have no interval; the figure of gaps tells who differs."
	return f
}

// statisticOf is a number with so many decimals on the page.
func statisticOf(v float64, decimals int) Derived {
	return Derived{Text: strconv.FormatFloat(v, 'f', decimals, 64), Field: strconv.FormatFloat(v, 'f', 4, 64), IsNumber: true}
}
