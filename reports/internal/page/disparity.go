package page

import (
	"errors"
	"strconv"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
)

// unequal is how far apart the known groups of a stratum are, by released numbers.
type unequal struct {
	Stratum   string
	Groups    int
	Left      int // hidden
	Small     int // too small for a rate that says something
	Lowest    string
	Highest   string
	Low, High disclose.Rate
	D         stats.Disparity
	NoRatio   bool // the lowest rate is zero
}

// What a group needs to be one of the extremes: of fewer, chance alone makes a rate very low or very high.
const (
	leastOfGroup  = 20 // in the denominator of a proportion
	leastOfEvents = 10 // events of a rate over time
)

// large tells whether a group is large enough to compare its rate with others as it stands.
func large(scale disclose.Scale, c counts) bool {
	if scale.Timed() {
		return c.Numerator >= leastOfEvents
	}
	return c.Denominator >= leastOfGroup
}

// smallWords say which groups are left out.
func (w words) smallWords(scale disclose.Scale) string {
	if scale.Timed() {
		return w.Say("fewer than 10 events")
	}
	return w.Say("fewer than 20 in the denominator")
}

// unequalOf measures the disparity among the groups of a stratum that say who they are and are large enough; nil where
// fewer than two have somebody. With fewer than two that are large enough Groups says how many there are, and no more.
func (w words) unequalOf(m Measure, stratum string) *unequal {
	u := unequal{Stratum: stratum}
	var groups []stats.GroupRate
	total := 0.0
	type one struct {
		label string
		rate  disclose.Rate
		v     float64
	}
	var all []one
	for _, r := range w.rowsOf(m, stratum) {
		if residual(r.Value) == 2 {
			continue
		}
		if r.Rate.Lacks() != disclose.NothingLacks {
			continue
		}
		c, ok := countsOf(r.Rate)
		if !ok {
			if r.Rate.State() == disclose.Suppressed {
				u.Left++
			}
			continue
		}
		if !large(m.Released.Scale, c) {
			u.Small++
			continue
		}
		v, _, _ := r.Rate.Plot()
		groups = append(groups, stats.GroupRate{Rate: v, Share: float64(c.Denominator)})
		total += float64(c.Denominator)
		all = append(all, one{w.valueLabel(stratum, r.Value), r.Rate, v})
	}
	if len(groups)+u.Small < 2 {
		return nil
	}
	if u.Groups = len(groups); u.Groups < 2 {
		return &u
	}
	for i := range groups {
		groups[i].Share /= total
	}
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
	t := Table{Caption: a.Say("between the groups of each kind, {period}", a.periodWords(m.Headline)), Labels: []string{a.Say("Kind of group"), a.Say("Lowest rate"), a.Say("Highest rate")},
		Derived: []string{a.Say("Groups"), a.Say("Difference"), a.Say("Ratio"), a.Say("Between-group variance"), a.Say("Index of disparity %")}}
	var widest *unequal
	some := false
	for _, s := range strata {
		u := a.unequalOf(m, s)
		if u == nil {
			continue
		}
		f.Hidden = f.Hidden || u.Left > 0
		some = true
		if u.Groups < 2 {
			t.Rows = append(t.Rows, TableRow{Labels: []string{a.stratumName(s), a.Say("fewer than two groups are large enough"), ""},
				Derived: append([]Derived{{Text: strconv.Itoa(u.Groups), Field: strconv.Itoa(u.Groups), IsNumber: true}}, make([]Derived, len(t.Derived)-1)...)})
			continue
		}
		row := TableRow{Labels: []string{a.stratumName(s), u.Lowest + ": " + a.rateWords(u.Low), u.Highest + ": " + a.rateWords(u.High)},
			Derived: []Derived{{Text: strconv.Itoa(u.Groups), Field: strconv.Itoa(u.Groups), IsNumber: true}, a.statisticOf(u.D.RangeDifference, 1)}}
		if u.NoRatio {
			row.Derived = append(row.Derived, Derived{}, a.statisticOf(u.D.BetweenGroup, 1), Derived{})
		} else {
			row.Derived = append(row.Derived, a.statisticOf(u.D.RangeRatio, 2), a.statisticOf(u.D.BetweenGroup, 1), a.statisticOf(u.D.Index, 1))
		}
		t.Rows = append(t.Rows, row)
		if widest == nil || u.D.RangeDifference > widest.D.RangeDifference {
			widest = u
		}
	}
	if !some {
		return Figure{}
	}
	f.Table = t
	a.keep(id, t)
	unit := a.Say("percentage points")
	if m.Released.Scale.Timed() {
		unit = a.unitText(m.Released.Scale)
	}
	if widest == nil {
		f.Heading = a.Say("No two groups of a kind are large enough to say how far apart they are")
	} else {
		f.Heading = a.Say("Furthest apart by {group}: {lowest}, {rate}, and {highest}, {rate2}", a.lowerFirst(a.stratumName(widest.Stratum)), widest.Lowest, a.rateWords(widest.Low), widest.Highest, a.rateWords(widest.High))
	}
	f.About = a.Say("{title} {when}: highest less lowest rate in {unit} (absolute), highest over lowest (relative), the variance between groups by their size, and the mean distance from the best group in percent of its rate.", m.Definition.Title, a.inPeriod(m.Headline), unit)
	f.Note = a.Say("Groups that are not known are left out, and so are hidden ones and those with {scale}, whose rates are the furthest apart by chance. The lowest and the highest of several groups are apart by chance, too: the more so, the smaller and the more they are. These figures have no interval; the figure of gaps tells who differs.", a.smallWords(m.Released.Scale))
	return f
}

// statisticOf is a number with so many decimals on the page.
func (w words) statisticOf(v float64, places int) Derived {
	return Derived{Text: w.decimals(v, places), Field: strconv.FormatFloat(v, 'f', 4, 64), IsNumber: true}
}
