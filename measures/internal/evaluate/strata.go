package evaluate

import (
	"fmt"
	"slices"
	"strings"

	"farr/internal/duck"
	"farr/internal/source"
	"farr/measures/internal/content"
	"farr/measures/internal/plan"
)

// Stratum is one way in which a group's author divides its subjects.
type Stratum struct {
	content.Stratifier
	Name    string // of the define
	Problem string // why it is not computed; empty when it is

	define *plan.Define
	value  string // SQL of a subject's value, of the group's row g and the define's row d
}

// Unknown is the value of a stratum where its define is null, Withheld where it is a text
// that is no label.
const (
	Unknown  = "unknown"
	Withheld = "withheld"
)

// Strata is the name of the table that Run leaves for a group: pid, period, episode,
// stratum, value, a row for each subject and stratum.
func Strata(i int) string { return fmt.Sprintf("temp.main.strata_%d", i) }

// strataOf are the stratifiers of a group. One that names no expression is kept and says
// why it is not computed: published measures have some that are only described.
func (c *Compiler) strataOf(g content.Group) (list []Stratum) {
	for _, one := range g.Stratifiers {
		s := Stratum{Stratifier: one, Name: one.Define}
		switch {
		case one.Components > 0:
			s.Name, s.Problem = one.ID, "it is made of components, which are not computed"
		case one.Define == "":
			s.Name, s.Problem = one.ID, "it names no expression"
		case slices.ContainsFunc(list, func(o Stratum) bool { return o.Name == one.Define }):
			s.Problem = "another stratifier has the same expression"
		case slices.Contains(c.taken, one.Define):
			s.Name = "stratifier " + one.Define
		}
		list = append(list, s)
	}
	return list
}

// evaluate says how a stratifier's define gives a subject's value: whether it is true, whether
// the episode is in its list, or the text of a code, a string or a whole number.
func (s *Stratum) evaluate(g content.Group, d *plan.Define) (ok bool) {
	s.define = d
	if d.List {
		s.value = "CASE WHEN d.subject_no IS NULL THEN 'false' ELSE 'true' END"
		return g.Basis != content.BasisBoolean && d.Type == g.Basis && d.Rows() != ""
	}
	if len(d.Columns()) == 0 {
		return false
	}
	column := "d." + d.Columns()[0]
	if d.Sparse {
		column = "CASE WHEN d." + d.Key() + " IS NULL THEN false ELSE " + column + " END"
	}
	switch d.Type {
	case "Boolean", "Integer":
		s.value = "CAST(" + column + " AS VARCHAR)"
		if c := d.Columns(); len(c) == 2 { // an uncertain number is the one that it may be, if it is one
			s.value = "CASE WHEN " + column + " = d." + c[1] + " THEN " + s.value + " END"
		}
	case "String":
		// A label may be anything but a date or a number that could name a person.
		s.value = "CASE WHEN regexp_matches(" + column + ", '[0-9]{4}') THEN '" + Withheld + "' ELSE " + column + " END"
	case "Concept":
		s.value = "(SELECT min(code) FROM concept c WHERE c.concept = " + column + ")"
	default:
		return false
	}
	return true
}

// checkStrata finds how each stratum gives its values, or reports that it does not.
func (p *Program) checkStrata(number int, g *group) (mistakes source.Diagnostics) {
	for i := range g.strata {
		s := &g.strata[i]
		if s.Problem != "" {
			continue
		}
		d := p.compiled.Defines[s.Define]
		if !s.evaluate(g.Group, d) {
			mistakes = append(mistakes, source.Diagnostic{Pos: p.place(d), Code: "bad-stratifier",
				Message: fmt.Sprintf("%s is a stratifier of group %d and gives neither true or false, a code, text or whole number, nor a list of what the group counts", s.Define, number+1),
				Hint:    "name another expression in the Measure"})
		}
	}
	return mistakes
}

// sql gives the subjects' values: pid, period, episode, stratum, value.
func (s Stratum) sql(group string) string {
	from := s.define.Table
	on := "d." + s.define.Key() + " = g." + s.define.Key()
	if s.define.List {
		from = "(SELECT DISTINCT subject_no, episode FROM (" + s.define.Rows() + "))"
		on = "d.subject_no = g.subject_no AND d.episode = g.episode"
	}
	return fmt.Sprintf("SELECT g.pid, g.period, g.episode, %s AS stratum, coalesce(%s, '%s') AS value FROM %s g LEFT JOIN %s d ON %s",
		duck.Quote(s.Name), s.value, Unknown, group, from, on)
}

// Strata are the stratifiers of a group that are computed, and those that are not.
func (p *Program) Strata(i int) []Stratum { return p.groups[i].strata }

// strataSQL makes the table of a group's strata.
func (p *Program) strataSQL(i int) string {
	selects := []string{"SELECT NULL::UUID AS pid, NULL::VARCHAR AS period, NULL::UUID AS episode, NULL::VARCHAR AS stratum, NULL::VARCHAR AS value WHERE false"}
	for _, s := range p.groups[i].strata {
		if s.Problem == "" {
			selects = append(selects, s.sql(Group(i)))
		}
	}
	return "CREATE OR REPLACE TEMP TABLE " + Strata(i) + " AS\n" + strings.Join(selects, "\nUNION ALL\n")
}
