package page

import (
	"farr/reports/internal/text"
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

// cohortStrata are the names of strata that cohorts alone have, or have under another name.
var cohortStrata = map[string]text.Message{"age": "Age", "zip3": "ZIP code, three digits", "state": "State", "language": "Language", "telehealth": "Virtual encounter in the year before"}

// stratumOf is a stratum's name on the page.
func (w words) stratumOf(c Cohort, id string) string {
	if i := c.area(id); i >= 0 {
		return c.Definition.Areas[i].Title
	}
	if m, ok := cohortStrata[id]; ok {
		return w.say(m)
	}
	return w.stratumName(id)
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
func (w words) groupsIn(g disclose.Groups, stratum string) []disclose.Group {
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
		return natural(w.valueLabel(stratum, rows[i].Value), w.valueLabel(stratum, rows[j].Value))
	})
	return rows
}

// groups draws new cases by group of people, crude, with the gaps between them.
func (a *artist) groups(v *cohortView, c Cohort) error {
	g := c.Released.Groups
	if len(g.Rows) == 0 {
		if len(c.Released.Years) > 0 {
			v.ElseGroups = a.Say("The results have no new cases by group: the cohort's file names no strata, or no period was computed.")
		}
		return nil
	}
	id := c.Definition.ID + "-groups"
	scale := g.All.Crude.Scale()
	t := Table{Caption: a.during(a.Say("{title}: new cases by group", c.Definition.Title), g.Period), Labels: []string{a.Say("Group"), a.Say("Value"), a.Say("Rate is")}, Rated: true, Scale: scale}
	gaps := Table{Caption: a.during(a.Say("{title}: how far groups are apart", c.Definition.Title), g.Period), Labels: []string{a.Say("Group"), a.Say("Least"), a.Say("Greatest")}, Derived: []string{a.Say("Groups compared"), a.Say("Difference"), a.Say("Ratio")}}
	f := Figure{ID: id, DataPath: "../data/" + id, Tall: true, Hidden: g.All.Crude.State() == disclose.Suppressed,
		About: a.Say("New cases {unit} at risk, {when}, with 95\u00a0% intervals. Crude rates: groups may differ in age.", a.unitText(scale), a.inPeriod(g.Period))}
	t.Rows = append(t.Rows, TableRow{Labels: []string{a.Say("All"), a.Say("everyone at risk"), a.Say("crude")}, Rate: g.All.Crude})
	var list []chart.Group
	shown := 0
	for _, stratum := range strata(g) {
		if c.ByPlace(stratum) {
			continue
		}
		group := chart.Group{Name: a.stratumOf(c, stratum)}
		for _, r := range a.groupsIn(g, stratum) {
			label := a.valueLabel(stratum, r.Value)
			group.Points = append(group.Points, chart.Point{Label: label, Rate: r.Crude})
			t.Rows = append(t.Rows, TableRow{Labels: []string{group.Name, label, a.Say("crude")}, Rate: r.Crude})
			if c.Definition.Standard != "" && stratum != "age" {
				t.Rows = append(t.Rows, TableRow{Labels: []string{group.Name, label, a.Say("standardised")}, Rate: r.Adjusted})
			}
			f.Hidden = f.Hidden || r.Crude.State() == disclose.Suppressed
			if r.Crude.Shown() {
				shown++
			}
		}
		list = append(list, group)
		if row, ok := a.gapRow(c, g, stratum); ok {
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
		f.Heading = a.Say("Every rate by group is hidden: the counts are small, or would give a small one away")
		return nil
	}
	f.Heading = capital(a.Say("everyone at risk, {when}: {rate}", a.inPeriod(g.Period), a.rateWords(g.All.Crude)))
	f.Note = a.Say("Groups differ only where the interval of their difference says so; intervals that do not overlap are no such test. Groups that are hidden, not known or of fewer than 10 cases are left out of the gaps.")
	f.Keys = []Key{{"square", a.Say("rate; the area follows the time observed")}, {"across", a.say(intervalWords)}, {"dashed", a.Say("rate of everyone at risk")}}
	if f.Hidden {
		f.Keys = append(f.Keys, Key{"hatch", a.Say("hidden")})
	}
	if len(gaps.Rows) > 0 {
		a.keep(c.Definition.ID+"-gaps", gaps)
		v.Gaps = &gaps
	}
	var err error
	f.Wide, f.Narrow, err = a.both(id, t.Caption, a.Say("Rates with 95 % intervals, against that of everyone at risk. The table below the drawing has every number."), func(l chart.Label, s chart.Size) (chart.SVG, error) {
		return a.charts.Forest(l, s, chart.Squares, chart.Point{Label: a.Say("Everyone at risk"), Rate: g.All.Crude}, list)
	})
	return err
}

// comparable is how many cases a group has whose rate is compared with others: of fewer, the least and the greatest
// are chance.
const comparable = 10

// gapRow compares the least and the greatest rate of the groups of a stratum that are shown, known and no less than
// comparable.
func (w words) gapRow(c Cohort, g disclose.Groups, stratum string) (TableRow, bool) {
	var rates []stats.GroupRate
	var least, greatest disclose.Group
	total := 0.0
	for _, r := range w.groupsIn(g, stratum) {
		days, ok := r.Crude.Denominator().Value()
		if cases, known := r.Crude.Numerator().Value(); !ok || !known || !r.Crude.Comparable() || residual(r.Value) == 2 || cases < comparable {
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
	row := TableRow{Labels: []string{w.stratumOf(c, stratum), w.valueLabel(stratum, least.Value), w.valueLabel(stratum, greatest.Value)},
		Derived: []Derived{{fmt.Sprint(len(rates)), fmt.Sprint(len(rates)), true}, w.statistic(g.All.Crude.Scale(), d.RangeDifference), {}}}
	if err == nil {
		row.Derived[2] = w.ratioField(d.RangeRatio)
	} else {
		row.Derived[2] = Derived{Text: "–", IsNumber: true}
	}
	return row, true
}
