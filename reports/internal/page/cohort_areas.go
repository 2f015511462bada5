package page

import (
	"fmt"
	"slices"
	"sort"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
)

// areaView is a stratum by place: a table of crude rates beside standardised ones, areas ranked and sites by name, and
// a map where there are boundaries.
type areaView struct {
	ID, Title string
	About     string
	Caption   string // with the period of the rates
	Rows      []areaRow
	Scale     disclose.Scale
	Ranked    bool // the rows are in order of rate
	Standard  bool // there are standardised rates
	Compared  bool // places are compared with the others
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
	Against         against
}

// ByPlace tells whether a stratum is of places: it has a table of its own, and a map where there are boundaries.
func (c Cohort) ByPlace(stratum string) bool {
	if stratum == "site" || stratum == "zip3" || stratum == "state" {
		return true
	}
	return c.area(stratum) >= 0
}

// NoPlace tells whether a value of a stratum by place is no place that could have a boundary: unknown, unattributed, other.
func NoPlace(value string) bool { return residual(value) > 0 }

// areas make a table of each stratum by place: crude rates beside standardised ones.
func (a *artist) areas(v *cohortView, c Cohort) error {
	g := c.Released.Groups
	for _, stratum := range strata(g) {
		if !c.ByPlace(stratum) {
			continue
		}
		view := areaView{ID: "area-" + stratum, Title: a.stratumOf(c, stratum), Scale: g.All.Crude.Scale(), Data: c.Definition.ID + "-area-" + stratum,
			Ranked: stratum != "site", Standard: c.Definition.Standard != "", Caption: a.Say("{title}: crude rates", a.stratumOf(c, stratum))}
		if view.Standard {
			view.Caption = a.Say("{title}: crude rates beside standardised ones", view.Title)
		}
		view.Caption = a.during(view.Caption, g.Period)
		groups := a.groupsIn(g, stratum)
		standard := view.Standard && slices.ContainsFunc(groups, func(g disclose.Group) bool { return g.Adjusted.Shown() })
		view.Rows = a.areaRows(groups, stratum)
		if view.Ranked {
			rank(view.Rows, standard)
		}
		n := compareAreas(view.Rows, standard)
		view.Compared = n > 0
		view.About = a.Say("New cases {unit} at risk, {when}, with 95\u00a0% intervals. {order}", a.unitText(view.Scale), a.inPeriod(g.Period), a.orderWords(view, standard))
		t := Table{Caption: a.during(a.Say("{title}: new cases by {place}", c.Definition.Title, a.lowerFirst(view.Title)), g.Period), Labels: []string{a.Say("Rank"), view.Title, a.Say("Rate is")}, Rated: true, Scale: view.Scale,
			Derived: []string{a.Say("Ratio to the others"), a.Say("Ratio low"), a.Say("Ratio high"), a.Say("Differs as one of all")}}
		if !view.Ranked {
			t.Labels = t.Labels[1:]
		}
		anyFew := false
		for _, r := range view.Rows {
			anyFew = anyFew || r.Few
			add := func(kind string, rate disclose.Rate, compared bool) {
				row := TableRow{Labels: []string{r.Label, kind}, Rate: rate, Derived: make([]Derived, len(t.Derived))}
				if view.Ranked {
					row.Labels = append([]string{r.Place}, row.Labels...)
				}
				if compared {
					row.Derived = a.againstFields(r.Against)
				}
				t.Rows = append(t.Rows, row)
			}
			add(a.Say("crude"), r.Crude, !standard)
			if view.Standard {
				add(a.Say("standardised"), r.Adjusted, standard)
			}
		}
		a.keep(view.Data, t)
		view.Note = a.intervalMethod(t) + " " + a.againstNote(n, standard)
		if view.Standard {
			view.Note = a.Say("Standardised directly by age to {name}, so that areas can be compared whose people differ in age. A dash: fewer than 10 cases, or an age with nobody at risk. {note}", stats.Standards[c.Definition.Standard].Name, view.Note)
		}
		if anyFew {
			view.Note += a.Say(" ‡ Fewer than 20 cases: not reliable by the rule of the National Center for Health Statistics.")
		}
		if err := a.chartMap(&view, c, stratum); err != nil {
			return err
		}
		v.Areas = append(v.Areas, view)
	}
	return nil
}

// orderWords say which order the rows of a table are in.
func (w words) orderWords(v areaView, standard bool) string {
	switch {
	case !v.Ranked:
		return w.Say("Sites are in order of name, not of rate: this is not a ranking.")
	case standard:
		return w.Say("In order of the standardised rate, the greatest first; neighbours in this order may differ by chance alone.")
	case v.Standard:
		return w.Say("In order of the crude rate, the greatest first, since no standardised rate can be shown; neighbours in this order may differ by chance alone, or by the age of their people.")
	}
	return w.Say("In order of the crude rate, the greatest first; neighbours in this order may differ by chance alone, or by the age of their people.")
}

// areaRows are the groups of a stratum in order of name.
func (w words) areaRows(groups []disclose.Group, stratum string) []areaRow {
	var rows []areaRow
	for _, g := range groups {
		rows = append(rows, areaRow{Label: w.valueLabel(stratum, g.Value), Value: g.Value, Crude: g.Crude, Adjusted: g.Adjusted, Few: few(g.Crude)})
	}
	return rows
}

// ordered is the rate that places are ordered and compared by: the standardised one where any is shown.
func (r areaRow) ordered(standard bool) disclose.Rate {
	if standard {
		return r.Adjusted
	}
	return r.Crude
}

// rank puts places by their shown rates; those without are behind, by name, with no place.
func rank(rows []areaRow, standard bool) {
	by := func(r areaRow) (float64, bool) {
		rate := r.ordered(standard)
		v, _, _ := rate.Plot()
		return v, rate.Comparable() && residual(r.Value) != 2
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
}
