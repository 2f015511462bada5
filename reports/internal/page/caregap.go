package page

import (
	"html/template"

	"farr/measures"
	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

// careGapsView is why subjects are in a care gap, each counted for the first reason that holds.
type careGapsView struct {
	Title   string
	Heading string
	About   string
	Whole   disclose.Count
	Rows    []careGapRow
	Path    string
}

type careGapRow struct {
	Title    string
	Subjects disclose.Count
	Bar      template.HTML
}

// gaps are the care gaps of the headline period by the rule that fails; nil for a measure that names none, and
// where the reader's own direction makes a gap of those who are not counted here.
func (a *artist) gaps(m Measure) *careGapsView {
	if len(m.Released.Gaps) == 0 || m.Released.GapsIn != m.Definition.GapsIn() {
		return nil
	}
	whole, who := m.Released.Populations.Rest, a.Say("not in the numerator")
	if m.Released.GapsIn {
		whole, who = m.Released.Populations.Numerator, a.Say("in the numerator")
	}
	v := &careGapsView{Title: a.Say("Care gaps by the rule that fails"), Whole: whole, Path: "../data/" + m.Definition.ID + "-care-gaps",
		About: a.Say("Each of the {subjects} {who} is counted once, for the first reason in this order that holds.", a.subjects(m.Definition), who)}
	if m.Released.GapsIn { // what is met is the gap
		v.Title = a.Say("Care gaps by the rule that holds")
	}
	switch {
	case m.Definition.Published != nil && m.Released.GapsIn:
		v.About = a.Say("The rules are the parts of the numerator, as its author names them. Each of the {subjects} {who} is counted once, for the first in this order that holds.", a.subjects(m.Definition), who)
	case m.Definition.Published != nil:
		v.About = a.Say("The rules are the parts of the numerator, as its author names them. Each of the {subjects} {who} is counted once, for the first in this order that is not met.", a.subjects(m.Definition), who)
	}
	t := Table{Caption: a.Say("{title}: {gaps}, {period}", m.Definition.Title, a.lowerFirst(v.Title), a.periodWords(m.Headline)), Labels: []string{a.Say("Rule")}, Counts: []string{a.Say("Count")}}
	largest, most := "", int64(-1)
	hidden := false
	for _, g := range m.Released.Gaps {
		n, shown := g.Subjects.Value()
		hidden = hidden || !shown
		if shown && n > most {
			largest, most = a.inWords(g.Title), n
		}
		v.Rows = append(v.Rows, careGapRow{a.inWords(g.Title), g.Subjects, chart.Bar(g.Subjects, whole).HTML()})
		t.Rows = append(t.Rows, TableRow{Labels: []string{a.inWords(g.Title)}, Counts: []disclose.Count{g.Subjects}})
	}
	t.Rows = append(t.Rows, TableRow{Labels: []string{a.Say("All in a gap")}, Counts: []disclose.Count{whole}, Total: true})
	a.keep(m.Definition.ID+"-care-gaps", t)
	switch _, known := whole.Value(); {
	case whole.Lacks() != disclose.NothingLacks:
		v.Heading = a.Say("Records lack, so none of these counts is called the most frequent")
	case most > 0 && known && !hidden:
		v.Heading = a.Say("Most often: {largest}, {most} of {whole} in a gap", largest, a.thousands(most), a.countText(whole))
		if m.Definition.Published != nil && !m.Released.GapsIn {
			v.Heading = a.Say("Most often not met: {largest}, {most} of {whole} in a gap", largest, a.thousands(most), a.countText(whole))
		}
	case most == 0 && known && !hidden:
		v.Heading = a.Say("Nobody is in a gap")
	default:
		v.Heading = a.Say("Some of these counts are hidden, so none is called the most frequent")
	}
	return v
}

// noGaps says why a published proportion has no table of care gaps.
func (a *artist) noGaps(m Measure) string {
	switch p := m.Definition.Published; {
	case p == nil || m.Definition.Scoring != measures.ScoringProportion:
		return ""
	case len(m.Released.Gaps) == 0:
		return a.Say("There are no care gaps by rule: the numerator is one rule, or its parts are alternatives, so that none of them alone is what is missing.")
	case m.Released.GapsIn != m.Definition.GapsIn():
		return a.Say("There are no care gaps by rule: the file of targets turns round which is better, and the reasons are those of the other side.")
	}
	return ""
}
