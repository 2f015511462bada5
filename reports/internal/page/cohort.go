package page

import (
	"fmt"
	"slices"

	"farr/measures"
	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

type cohortView struct {
	Cohort   Cohort
	Finding  string
	Figure   *Figure
	Spans    *Figure // new cases by periods shorter than a year
	Outcomes *Table
	Levels   *Table // of Table 1
	Data     string // path of the data files, without what they hold
	Flow     string // data path
	Study    string // the study window, with its dates
	Entries  string // which events the first number of the attrition counts
	// Definition of the cohort.
	Definition definitionView
	Results    string
}

func (a *artist) cohort(r *Report, c Cohort) (cohortView, error) {
	v := cohortView{Cohort: c, Definition: definitionOf(c.Definition), Results: r.Results, Flow: "../data/" + c.Definition.ID + "-attrition",
		Data: "../data/" + c.Definition.ID, Entries: entryWords[c.Definition.Occurrence]}
	if v.Entries == "" {
		v.Entries = entryWords["first"]
	}
	t := Table{Caption: c.Definition.Title + ": who is left after each rule", Labels: []string{"Rule"}, Counts: []string{"Remaining", "Removed"}}
	for _, s := range c.Released.Steps {
		t.Rows = append(t.Rows, TableRow{Labels: []string{s.Title}, Counts: []disclose.Count{s.Remaining, s.Removed}})
	}
	a.keep(c.Definition.ID+"-attrition", t)
	if n := len(c.Released.Steps); n > 0 {
		v.Finding = cohortFinding(c.Released.Steps, members(c))
	}
	if c.StudyHigh != "" {
		v.Study = "Study window: " + c.StudyLow + " to " + c.StudyHigh + ". "
	}
	a.outcomes(&v, c)
	a.levels(&v, c)
	if err := a.spans(&v, c); err != nil {
		return v, err
	}
	if len(c.Released.Years) == 0 {
		return v, nil
	}
	id := c.Definition.ID + "-incidence"
	t = Table{Caption: c.Definition.Title + ": new cases by calendar year", Labels: []string{"Year"}, Rated: true}
	f := Figure{ID: id, DataPath: "../data/" + id, Keys: []Key{{"dot", "rate"}, {"whisker", "95\u00a0% interval"}}}
	var points []chart.Point
	shown := false
	for _, y := range c.Released.Years {
		t.Scale = y.Rate.Scale()
		points = append(points, chart.Point{Label: fmt.Sprint(y.Year), Rate: y.Rate})
		t.Rows = append(t.Rows, TableRow{Labels: []string{fmt.Sprint(y.Year)}, Rate: y.Rate})
		f.Hidden = f.Hidden || y.Rate.State() == disclose.Suppressed
		shown = shown || y.Rate.Shown()
		if y.Complete || f.Heading == "" {
			f.Heading = capital(fmt.Sprintf("%d: %s", y.Year, rateWords(y.Rate)))
		}
	}
	if f.Hidden {
		f.Keys = append(f.Keys, Key{"hatch", "hidden"})
	}
	if !shown {
		f.Heading = "No year has a rate that can be shown"
		if f.Hidden {
			f.Heading = "Every rate of these years is hidden: the counts are small, or would give a small one away"
		}
	}
	f.Table = t
	f.About = "New cases " + t.Scale.Unit() + " at risk, by calendar year, with 95\u00a0% intervals."
	f.Note = "Person-years count only the time in which a person could have become a new case. Years may differ by chance; no test for change is made here."
	a.keep(id, t)
	v.Figure = &f
	if !shown { // an empty drawing would look like a fault
		return v, nil
	}
	var err error
	f.Wide, f.Narrow, err = both(id, t.Caption, f.Heading+". The table below the drawing has every number.", func(l chart.Label, s chart.Size) (chart.SVG, error) {
		return a.charts.Series(l, s, chart.Apart, points, nil)
	})
	return v, err
}

// entryWords say which events are entries, by occurrence.
var entryWords = map[string]string{
	"first": "every first event in the study window", "first-in-window": "each person's first event in the study window",
	"last": "each person's last event in the study window", "every": "every day with an event in the study window",
}

// members are what a cohort counts: persons, or entries where a person may have several.
func members(c Cohort) string {
	if c.Definition.Occurrence == "every" {
		return "entries"
	}
	return "persons"
}

func (a *artist) outcomes(v *cohortView, c Cohort) {
	if len(c.Released.Outcomes) == 0 {
		return
	}
	t := Table{Caption: c.Definition.Title + ": outcomes", Labels: []string{"Outcome"}, Counts: []string{"At risk"}, Rated: true, Scale: c.Released.Outcomes[0].Rate.Scale()}
	for _, o := range c.Released.Outcomes {
		t.Rows = append(t.Rows, TableRow{Labels: []string{o.Title}, Counts: []disclose.Count{o.AtRisk}, Rate: o.Rate})
	}
	a.keep(c.Definition.ID+"-outcomes", t)
	v.Outcomes = &t
}

func (a *artist) levels(v *cohortView, c Cohort) {
	if len(c.Released.Levels) == 0 {
		return
	}
	t := Table{Caption: c.Definition.Title + ": who they are on the index date", Labels: []string{"Characteristic", "Level"}, Rated: true, Scale: disclose.Percent}
	for _, l := range c.Released.Levels {
		if l.Level == "no" && declared(c, l.Characteristic) {
			continue // the rest of those with it
		}
		t.Rows = append(t.Rows, TableRow{Labels: []string{l.Title, valueLabel(l.Characteristic, l.Level)}, Rate: l.Rate})
	}
	a.keep(c.Definition.ID+"-table1", t)
	v.Levels = &t
}

// declared says whether the cohort's file names a characteristic that one has or has not.
func declared(c Cohort, id string) bool {
	return slices.ContainsFunc(c.Definition.Characteristics, func(x measures.Characteristic) bool { return x.ID == id })
}

// spans draw new cases by month or quarter, where a season shows.
func (a *artist) spans(v *cohortView, c Cohort) error {
	if len(c.Released.Spans) == 0 {
		return nil
	}
	m := Measure{Definition: c.Definition, Released: disclose.Measure{Scale: c.Released.Spans[0].Rate.Scale()}}
	f, err := a.overTime(m, c.Released.Spans, chart.Apart, c.Definition.ID+"-periods", "New cases by separate periods")
	if err != nil {
		return err
	}
	f.About = "New cases " + f.Table.Scale.Unit() + " at risk, by period, with 95\u00a0% intervals."
	f.Note = "Each period stands for itself. Periods may differ by chance and by season; no test for change is made here."
	v.Spans = &f
	return nil
}

// cohortFinding says who is left, or that this may not be said.
func cohortFinding(steps []disclose.Step, what string) string {
	first, last, rules := steps[0].Remaining, steps[len(steps)-1].Remaining, counted(len(steps)-1, "rule")
	switch a, b := first.State() == disclose.Suppressed, last.State() == disclose.Suppressed; {
	case a && b:
		return "How many " + what + " met the entry event, and how many are left after " + rules + ", is hidden: the counts are small, or would give a small one away."
	case b:
		return fmt.Sprintf("%s %s met the entry event; how many are left after %s is hidden.", first, what, rules)
	case a:
		return fmt.Sprintf("%s %s are left after %s; how many met the entry event is hidden.", last, what, rules)
	}
	return fmt.Sprintf("%s of %s %s are left after %s.", capital(last.String()), first, map[string]string{"persons": "persons who met the entry event", "entries": "entries"}[what], rules)
}
