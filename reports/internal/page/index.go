package page

import (
	"farr/reports/internal/text"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

type indexView struct {
	Score    string
	Changed  changedView
	Groups   []indexGroup
	Searched bool // there is a field to search the measures
	Cohorts  []cohortRow
	Hidden   int
	DataPath string
	Method   string         // of the intervals
	Example  *disclose.Rate // the first that is shown, for the guide
}

// indexGroup is a heading of the index with its measures; a single one has no name.
type indexGroup struct {
	Name string
	Rows []indexRow
}

type indexRow struct {
	Measure   Measure
	Find      string // what a search looks in
	Row       disclose.Row
	Period    string
	Target    string
	Direction string
	Verdict   Verdict
	Variation sign
	Assurance sign
	Benchmark string
	Spark     template.HTML
	Span      string
	Pending   bool // a newer period waits for follow-up
}

type cohortRow struct {
	Cohort  Cohort
	Members disclose.Count
	Counted string // persons or entries
	Year    string
	Rate    disclose.Rate
}

func (a *artist) index(r *Report) (indexView, error) {
	v := indexView{DataPath: "data/index", Changed: a.changed(r), Searched: len(r.Measures) >= searchFrom}
	grouped := a.groupNames(r.Measures)
	byGroup := map[string][]indexRow{}
	t := Table{Caption: a.Say("Measures against their targets"), Labels: []string{a.Say("Measure"), a.Say("Period"), a.Say("Target"), a.Say("Result")}, Rated: true, Mixed: true, Derived: []string{a.Say("Variation"), a.Say("Assurance"), a.Say("Group"), a.Say("Owner"), a.Say("Benchmark")}}
	var verdicts []Verdict
	for _, m := range r.Measures {
		row := headlineRow(m)
		verdict := a.verdict(m, row.Rate)
		verdicts = append(verdicts, verdict)
		if v.Example == nil && row.Rate.Shown() && row.Rate.Method() != "" {
			v.Example = &row.Rate
		}
		var months []disclose.Row
		if groups, _ := seriesOf(m, "disjoint"); len(groups) > 0 {
			months = groups[0]
		}
		var rates []disclose.Rate
		span := ""
		shown, hidden := 0, false
		for _, p := range months {
			rates = append(rates, p.Rate)
			hidden = hidden || p.Rate.State() == disclose.Suppressed
			if p.Rate.Shown() {
				shown++
			}
		}
		var spark template.HTML
		switch {
		case shown < 2 && hidden: // one dot in a field of gaps says nothing
			span = a.Say("separate periods are hidden")
		case len(months) > 1:
			span = a.spanWords(months[0].Period, months[len(months)-1].Period)
			described := a.Say("No period can be shown")
			if i := newest(months); i >= 0 {
				described = a.Say("Newest complete: {rate} in {period}", a.rateText(months[i].Rate), a.periodWords(months[i].Period))
			}
			spark = chart.Spark(chart.Label{ID: "spark-" + m.Definition.ID, Title: m.Definition.Title + ", " + span, Description: described}, rates).HTML()
		}
		k := a.askedOf(m)
		variation, assurance := a.variationSign(m, k), a.assuranceSign(m, k)
		group := a.groupOf(m, grouped)
		owner, benchmark := "", Derived{}
		if m.KPI != nil {
			owner = m.KPI.Owner
			if b := m.KPI.Benchmark; b != nil {
				benchmark = a.statistic(m.Released.Scale, b.Value)
			}
		}
		byGroup[group] = append(byGroup[group], indexRow{Measure: m, Find: strings.ToLower(strings.Join([]string{m.Definition.Title, m.Definition.ID, group, owner, variation.Word, verdict.Word}, " ")), Variation: variation, Assurance: assurance, Benchmark: a.benchmarkWords(m), Row: row, Period: a.periodWords(m.Headline), Target: a.targetWords(m),
			Direction: a.directionWords(m), Verdict: verdict, Spark: spark, Span: span, Pending: m.Definition.FollowUpDays > 0 && a.pending(m) != ""})
		t.Rows = append(t.Rows, TableRow{Labels: []string{m.Definition.Title, a.periodWords(m.Headline), a.targetWords(m), verdict.Word}, Rate: row.Rate,
			Derived: []Derived{word(variation.Code), word(assurance.Code), word(group), word(owner), benchmark}})
		v.Hidden += m.Released.Hidden
	}
	for _, name := range grouped {
		v.Groups = append(v.Groups, indexGroup{name, byGroup[name]})
	}
	v.Method = a.intervalMethod(t)
	v.Score = a.scoreboard(verdicts)
	for _, c := range r.Cohorts {
		row := cohortRow{Cohort: c, Counted: a.members(c)}
		if n := len(c.Released.Steps); n > 0 {
			row.Members = c.Released.Steps[n-1].Remaining
		}
		for _, y := range c.Released.Years {
			if y.Complete {
				row.Year, row.Rate = fmt.Sprint(y.Year), y.Rate
			}
		}
		v.Cohorts = append(v.Cohorts, row)
		v.Hidden += c.Released.Hidden
	}
	a.keep("index", t)
	return v, nil
}

const (
	searchFrom = 12 // measures from which the index has a field to search
	groupsFrom = 12 // measures from which they are grouped by kind, where the file of targets has no groups
)

// otherMeasures is the heading of those without a group.
const otherMeasures text.Message = "Other measures"

// groupNames are the headings of the index in order: as the file of targets first names them in the order of the
// measures, those without one last; of many measures without any group, their kinds. One nameless group otherwise.
func (w words) groupNames(all []Measure) []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	rest := false
	for _, m := range all {
		if m.KPI != nil && m.KPI.Group != "" {
			add(m.KPI.Group)
		} else {
			rest = true
		}
	}
	switch {
	case len(names) > 0 && rest:
		return append(names, w.say(otherMeasures))
	case len(names) > 0:
		return names
	case len(all) < groupsFrom:
		return []string{""}
	}
	for _, m := range all {
		add(w.kindWords(m))
	}
	if len(names) == 1 {
		return []string{""}
	}
	return names
}

// groupOf is the heading of a measure.
func (w words) groupOf(m Measure, names []string) string {
	switch {
	case m.KPI != nil && m.KPI.Group != "":
		return m.KPI.Group
	case names[len(names)-1] == "" || names[len(names)-1] == w.say(otherMeasures):
		return names[len(names)-1]
	}
	return w.kindWords(m)
}

// kindWords are the heading of a measure by what its score is.
func (w words) kindWords(m Measure) string {
	switch m.Released.Scale {
	case disclose.Percent:
		return w.Say("Proportions")
	case disclose.Ratio:
		return w.Say("Ratios")
	case disclose.Observed:
		return w.Say("Values")
	case disclose.Headcount:
		return w.Say("Counts")
	}
	return w.Say("Rates over time")
}
