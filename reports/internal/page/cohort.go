package page

import (
	"farr/reports/internal/text"
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
	Described  string  // their caption
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
	ElseGroups string   // why there are no rates by group
	Flow       string   // data path
	Study      string   // the study window, with its dates
	Entries    string   // which events the first number of the attrition counts
	Lacks      []string // records that numbers of the page rest on and that are not there
	// Definition of the cohort.
	Definition definitionView
	Results    string
}

// entered is a caption with the time of the entry events, for what is told of all members; without, where it is not known.
func (a *artist) entered(c Cohort, caption string) string {
	if c.StudyLow == "" || c.StudyHigh == "" {
		return caption
	}
	return a.Say("{caption}, entries from {low} to {high}", caption, c.StudyLow, c.StudyHigh)
}

// during is a caption with the period of its rates.
func (a *artist) during(caption string, p disclose.Period) string {
	return a.Say("{caption}, {when}", caption, a.inPeriod(p))
}

func (a *artist) cohort(r *Report, c Cohort) (cohortView, error) {
	v := cohortView{Cohort: c, Definition: a.definitionOf(c.Definition), Results: r.Results, Flow: "../data/" + c.Definition.ID + "-attrition",
		Data: "../data/" + c.Definition.ID, Lacks: a.lacksOf(r.Quality, c.Definition.ID), Entries: a.say(entryWords[c.Definition.Occurrence])}
	if v.Entries == "" {
		v.Entries = a.say(entryWords["first"])
	}
	t := Table{Caption: a.entered(c, a.Say("{title}: who is left after each rule", c.Definition.Title)), Labels: []string{a.Say("Rule")}, Counts: []string{a.Say("Remaining"), a.Say("Removed")}}
	for _, s := range c.Released.Steps {
		t.Rows = append(t.Rows, TableRow{Labels: []string{s.Title}, Counts: []disclose.Count{s.Remaining, s.Removed}})
	}
	a.keep(c.Definition.ID+"-attrition", t)
	if n := len(c.Released.Steps); n > 0 {
		v.Finding = a.cohortFinding(c.Released.Steps, a.members(c), repeated(c))
		if last := c.Released.Steps[n-1].Remaining; last.Lacks() != disclose.NothingLacks && last.State() != disclose.NotKnown {
			v.Finding += " " + a.Say("Records lack: the numbers are incomplete.")
		}
	}
	if c.StudyHigh != "" {
		v.Study = a.Say("Study window: {studyLow} to {studyHigh}. ", c.StudyLow, c.StudyHigh)
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
var entryWords = map[string]text.Message{
	"first": "every first event in the study window", "first-in-window": "each person's first event in the study window",
	"last": "each person's last event in the study window", "every": "every day with an event in the study window",
}

// repeated tells whether a person may be in the cohort several times.
func repeated(c Cohort) bool { return c.Definition.Occurrence == "every" }

// members are what a cohort counts: persons, or entries where a person may have several.
func (w words) members(c Cohort) string {
	if repeated(c) {
		return w.Say("entries")
	}
	return w.Say("persons")
}

func (a *artist) outcomes(v *cohortView, c Cohort) {
	if len(c.Released.Outcomes) == 0 {
		return
	}
	t := Table{Caption: a.entered(c, a.Say("{title}: outcomes", c.Definition.Title)), Labels: []string{a.Say("Outcome")}, Counts: []string{a.Say("At risk")}, Rated: true, Scale: c.Released.Outcomes[0].Rate.Scale()}
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
func (w words) cohortFinding(steps []disclose.Step, what string, entries bool) string {
	if steps[0].Remaining.State() == disclose.NotKnown || steps[len(steps)-1].Remaining.State() == disclose.NotKnown {
		return w.Say("How many {what} met the entry event, or are left after {rules, plural, one {# rule} other {# rules}}, is not known: records lack.", what, len(steps)-1)
	}
	first, last, rules := w.countText(steps[0].Remaining), w.countText(steps[len(steps)-1].Remaining), len(steps)-1
	switch a, b := steps[0].Remaining.State() == disclose.Suppressed, steps[len(steps)-1].Remaining.State() == disclose.Suppressed; {
	case a && b:
		return w.Say("How many {what} met the entry event, and how many are left after {rules, plural, one {# rule} other {# rules}}, is hidden: the counts are small, or would give a small one away.", what, rules)
	case b:
		return w.Say("{first} {what} met the entry event; how many are left after {rules, plural, one {# rule} other {# rules}} is hidden.", first, what, rules)
	case a:
		return w.Say("{last} {what} are left after {rules, plural, one {# rule} other {# rules}}; how many met the entry event is hidden.", last, what, rules)
	}
	if entries {
		return capital(w.Say("{last} of {first} entries are left after {rules, plural, one {# rule} other {# rules}}.", last, first, rules))
	}
	return capital(w.Say("{last} of {first} persons who met the entry event are left after {rules, plural, one {# rule} other {# rules}}.", last, first, rules))
}
