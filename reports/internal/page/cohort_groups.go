package page

import (
	"fmt"
	"slices"
	"sort"
	"strconv"

	"farr/internal/stats"
	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

// plainNumber is a number as data files have it.
func plainNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// area is the place of a stratum among the cohort's own areas; -1 where it is none of them.
func (c Cohort) area(stratum string) int {
	for i, a := range c.Definition.Areas {
		if a.ID == stratum {
			return i
		}
	}
	return -1
}

// stratum is a stratum's name on the page.
func (c Cohort) stratum(id string) string {
	if i := c.area(id); i >= 0 {
		return c.Definition.Areas[i].Title
	}
	if w, ok := map[string]string{"age": "Age", "zip3": "ZIP code, three digits", "state": "State", "language": "Language", "telehealth": "Virtual encounter in the year before"}[id]; ok {
		return w
	}
	return stratumName(id)
}

// strata are those of the groups, in their order.
func strata(g disclose.Groups) []string {
	var out []string
	for _, r := range g.Rows {
		if !slices.Contains(out, r.Stratum) {
			out = append(out, r.Stratum)
		}
	}
	return out
}

// groupsIn are a stratum's groups by name, those that are no real group behind the others.
func groupsIn(g disclose.Groups, stratum string) []disclose.Group {
	var rows []disclose.Group
	for _, r := range g.Rows {
		if r.Stratum == stratum {
			rows = append(rows, r)
		}
	}
	sort.SliceStable(rows, func(i, j int) bool {
		if a, b := residual(rows[i].Value), residual(rows[j].Value); a != b {
			return a < b
		}
		return natural(valueLabel(stratum, rows[i].Value), valueLabel(stratum, rows[j].Value))
	})
	return rows
}

// groups draws new cases by group of people, crude, with the gaps between them.
func (a *artist) groups(v *cohortView, c Cohort) error {
	g := c.Released.Groups
	if len(g.Rows) == 0 {
		if len(c.Released.Years) > 0 {
			v.ElseGroups = "The results have no new cases by group: the cohort's file names no strata, or no period was computed."
		}
		return nil
	}
	id := c.Definition.ID + "-groups"
	scale := g.All.Crude.Scale()
	t := Table{Caption: c.Definition.Title + ": new cases by group", Labels: []string{"Group", "Value", "Rate is"}, Rated: true, Scale: scale}
	gaps := Table{Caption: c.Definition.Title + ": how far groups are apart", Labels: []string{"Group", "Least", "Greatest"}, Derived: []string{"Groups compared", "Difference", "Ratio"}}
	f := Figure{ID: id, DataPath: "../data/" + id, Tall: true, Hidden: g.All.Crude.State() == disclose.Suppressed,
		About: "New cases " + scale.Unit() + " at risk, " + inPeriod(g.Period) + ", with 95\u00a0% intervals. Crude rates: groups may differ in age."}
	t.Rows = append(t.Rows, TableRow{Labels: []string{"All", "everyone at risk", "crude"}, Rate: g.All.Crude})
	var list []chart.Group
	shown := 0
	for _, stratum := range strata(g) {
		if c.ByPlace(stratum) {
			continue
		}
		group := chart.Group{Name: c.stratum(stratum)}
		for _, r := range groupsIn(g, stratum) {
			label := valueLabel(stratum, r.Value)
			group.Points = append(group.Points, chart.Point{Label: label, Rate: r.Crude})
			t.Rows = append(t.Rows, TableRow{Labels: []string{group.Name, label, "crude"}, Rate: r.Crude})
			if c.Definition.Standard != "" && stratum != "age" {
				t.Rows = append(t.Rows, TableRow{Labels: []string{group.Name, label, "standardised"}, Rate: r.Adjusted})
			}
			f.Hidden = f.Hidden || r.Crude.State() == disclose.Suppressed
			if r.Crude.Shown() {
				shown++
			}
		}
		list = append(list, group)
		if row, ok := gapRow(c, g, stratum); ok {
			gaps.Rows = append(gaps.Rows, row)
		}
	}
	if len(list) == 0 {
		return nil
	}
	f.Table = t
	a.keep(id, t)
	v.Groups = &f
	if shown == 0 {
		f.Heading = "Every rate by group is hidden: the counts are small, or would give a small one away"
		return nil
	}
	f.Heading = capital("everyone at risk, " + inPeriod(g.Period) + ": " + rateWords(g.All.Crude))
	f.Note = "Groups differ only where the interval of their difference says so; intervals that do not overlap are no such test. Groups that are hidden, not known or of fewer than 10 cases are left out of the gaps."
	f.Keys = []Key{{"square", "rate; the area follows the time observed"}, {"across", intervalWords}, {"dashed", "rate of everyone at risk"}}
	if f.Hidden {
		f.Keys = append(f.Keys, Key{"hatch", "hidden"})
	}
	if len(gaps.Rows) > 0 {
		a.keep(c.Definition.ID+"-gaps", gaps)
		v.Gaps = &gaps
	}
	var err error
	f.Wide, f.Narrow, err = both(id, t.Caption, "Rates with 95 % intervals, against that of everyone at risk. The table below the drawing has every number.", func(l chart.Label, s chart.Size) (chart.SVG, error) {
		return a.charts.Forest(l, s, chart.Squares, chart.Point{Label: "Everyone at risk", Rate: g.All.Crude}, list)
	})
	return err
}

// comparable is how many cases a group has whose rate is compared with others: of fewer, the least and the greatest
// are chance.
const comparable = 10

// gapRow compares the least and the greatest rate of the groups of a stratum that are shown, known and no less than
// comparable.
func gapRow(c Cohort, g disclose.Groups, stratum string) (TableRow, bool) {
	var rates []stats.GroupRate
	var least, greatest disclose.Group
	total := 0.0
	for _, r := range groupsIn(g, stratum) {
		days, ok := r.Crude.Denominator().Value()
		if cases, known := r.Crude.Numerator().Value(); !ok || !known || !r.Crude.Shown() || residual(r.Value) == 2 || cases < comparable {
			continue
		}
		rate, _, _ := r.Crude.Plot()
		if low, _, _ := least.Crude.Plot(); len(rates) == 0 || rate < low {
			least = r
		}
		if high, _, _ := greatest.Crude.Plot(); len(rates) == 0 || rate > high {
			greatest = r
		}
		rates = append(rates, stats.GroupRate{Rate: rate, Share: float64(days)})
		total += float64(days)
	}
	for i := range rates {
		rates[i].Share /= total
	}
	d, err := stats.Disparities(rates, false)
	if err == stats.OneGroup {
		return TableRow{}, false
	}
	row := TableRow{Labels: []string{c.stratum(stratum), valueLabel(stratum, least.Value), valueLabel(stratum, greatest.Value)},
		Derived: []Derived{{fmt.Sprint(len(rates)), fmt.Sprint(len(rates)), true}, statistic(g.All.Crude.Scale(), d.RangeDifference), {}}}
	if err == nil {
		row.Derived[2] = ratioField(d.RangeRatio)
	} else {
		row.Derived[2] = Derived{Text: "–", IsNumber: true}
	}
	return row, true
}
