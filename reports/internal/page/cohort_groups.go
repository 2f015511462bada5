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

// areaView is a stratum by place, or the sites: a ranked table of crude rates beside standardised ones, and a
// map where there are boundaries.
type areaView struct {
	ID, Title string
	About     string
	Rows      []areaRow
	Scale     disclose.Scale
	Map       *Figure
	NoMap     string // why there is none
	Data      string
	Note      string
}

// areaRow is one area with its place in the order of the standardised rates, or of the crude ones.
type areaRow struct {
	Place           string
	Label, Value    string
	Crude, Adjusted disclose.Rate
	Few             bool // fewer events than a reliable rate has
}

// byPlace tells whether a stratum is of places, whose table is ranked.
func (c Cohort) byPlace(stratum string) bool {
	if stratum == "site" || stratum == "zip3" || stratum == "state" {
		return true
	}
	return c.area(stratum) >= 0
}

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
		if c.byPlace(stratum) {
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

// areas make a ranked table of each stratum by place: crude rates beside standardised ones.
func (a *artist) areas(v *cohortView, c Cohort) error {
	g := c.Released.Groups
	for _, stratum := range strata(g) {
		if !c.byPlace(stratum) {
			continue
		}
		view := areaView{ID: "area-" + stratum, Title: c.stratum(stratum), Scale: g.All.Crude.Scale(), Data: c.Definition.ID + "-area-" + stratum}
		view.About = "New cases " + view.Scale.Unit() + " at risk, " + inPeriod(g.Period) + ", with 95\u00a0% intervals, the greatest rate first."
		view.Rows = ranked(groupsIn(g, stratum), stratum, c.Definition.Standard != "")
		t := Table{Caption: c.Definition.Title + ": new cases by " + lowerFirst(view.Title), Labels: []string{"Rank", view.Title, "Rate is"}, Rated: true, Scale: view.Scale}
		anyFew := false
		for _, r := range view.Rows {
			anyFew = anyFew || r.Few
			t.Rows = append(t.Rows, TableRow{Labels: []string{r.Place, r.Label, "crude"}, Rate: r.Crude})
			if c.Definition.Standard != "" {
				t.Rows = append(t.Rows, TableRow{Labels: []string{r.Place, r.Label, "standardised"}, Rate: r.Adjusted})
			}
		}
		a.keep(view.Data, t)
		view.Note = t.IntervalMethod()
		if c.Definition.Standard != "" {
			view.Note = "Standardised directly by age to " + stats.Standards[c.Definition.Standard].Name + ", so that areas can be compared whose people differ in age; a dash: fewer than 10 cases, or an age with nobody at risk. " + view.Note
		}
		if anyFew {
			view.Note += " ‡ Fewer than 20 cases: not reliable by the rule of the National Center for Health Statistics."
		}
		if err := a.chartMap(&view, c, stratum); err != nil {
			return err
		}
		v.Areas = append(v.Areas, view)
	}
	return nil
}

// ranked puts groups by their shown standardised rates where there are any, else by the crude ones; those without are
// behind, by name, with no place.
func ranked(groups []disclose.Group, stratum string, standard bool) []areaRow {
	standard = standard && slices.ContainsFunc(groups, func(g disclose.Group) bool { return g.Adjusted.Shown() })
	by := func(r areaRow) (float64, bool) {
		rate := r.Crude
		if standard {
			rate = r.Adjusted
		}
		v, _, _ := rate.Plot()
		return v, rate.Shown() && residual(r.Value) != 2
	}
	var rows []areaRow
	for _, g := range groups {
		rows = append(rows, areaRow{Label: valueLabel(stratum, g.Value), Value: g.Value, Crude: g.Crude, Adjusted: g.Adjusted, Few: few(g.Crude)})
	}
	sort.SliceStable(rows, func(i, j int) bool {
		a, okA := by(rows[i])
		b, okB := by(rows[j])
		if okA != okB {
			return okA
		}
		return okA && a > b
	})
	for i := range rows {
		if v, ok := by(rows[i]); ok {
			rows[i].Place = fmt.Sprint(i + 1)
			if i > 0 {
				if before, _ := by(rows[i-1]); before == v {
					rows[i].Place = rows[i-1].Place
				}
			}
		}
	}
	return rows
}
