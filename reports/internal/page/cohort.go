package page

import (
	"fmt"
	"slices"

	"farr/measures"
	"farr/reports/internal/disclose"
)

type cohortView struct {
	Cohort   Cohort
	Finding  string
	Outcomes *Table
	Data     string // path of the data files, without what they hold
	// Table 1, new cases, prevalence, rates by groups and areas, and what became of the members.
	Traits     []traitView
	Numbered   bool    // there are numbers among them
	Compared   *Table  // women and men
	Spans      *Figure // new cases by periods shorter than a year
	Years      *Figure
	Prevalence *Figure
	Groups     *Figure
	Gaps       *Table
	Areas      []areaView
	Pyramid    *Figure
	Curves     []Figure
	Expected   []Figure
	ElseGroups string // why there are no rates by group
	Flow       string // data path
	Study      string // the study window, with its dates
	Entries    string // which events the first number of the attrition counts
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
	a.describe(&v, c)
	a.compare(&v, c)
	a.outcomes(&v, c)
	for _, draw := range []func(*cohortView, Cohort) error{a.spans, a.years, a.prevalence, a.groups, a.areas, a.pyramid, a.curves, a.expected} {
		if err := draw(&v, c); err != nil {
			return v, err
		}
	}
	return v, nil
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

// declared says whether the cohort's file names a characteristic that one has or has not.
func declared(c Cohort, id string) bool {
	return slices.ContainsFunc(c.Definition.Characteristics, func(x measures.Characteristic) bool { return x.ID == id })
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
