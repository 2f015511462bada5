package evaluate

import (
	"fmt"
	"io"
	"strings"

	"farr/measures/internal/content"
	"farr/measures/internal/elm"
	"farr/measures/internal/plan"
)

// WriteELM writes the definitions that a measure reaches as trees, with the types that were
// found for defines where program, which may be nil, has them.
func (c *Compiler) WriteELM(w io.Writer, m *content.Measure, program *Program) error {
	linked, _, main, err := c.linked(m)
	if err != nil {
		return err
	}
	if mistakes := checkGroups(m); len(mistakes) > 0 {
		return mistakes.Err()
	}
	types := map[string]string{}
	if program != nil {
		for _, s := range program.compiled.Statements {
			types[s.Library+"."+s.Name] = typeOf(s.Define)
		}
	}
	var names []string
	for _, w := range c.wants(m) {
		names = append(names, w.Define)
	}
	return elm.Print(w, linked.Reachable(main, names), func(d elm.Definition) string {
		return types[d.Library.Name+"."+d.Node.Name]
	})
}

// PlanText tells what the program makes, statement by statement.
func (p *Program) PlanText() string {
	var b strings.Builder
	b.WriteString(p.compiled.PlanText())
	for i, g := range p.groups {
		fmt.Fprintf(&b, "\ngroup %d, %s, basis %s\n", i+1, g.Scoring, g.Basis)
		for k, one := range g.Populations {
			fmt.Fprintf(&b, "  %-24s %s\n", one.Code, g.populations[k].Table)
		}
		for _, s := range g.strata {
			if s.Problem == "" {
				fmt.Fprintf(&b, "  %-24s %s\n", "stratifier", s.define.Table)
			}
		}
	}
	return b.String()
}

// SQLText is every statement in order. Each begins with a comment that names its define and
// the line of its source.
func (p *Program) SQLText() string {
	var b strings.Builder
	reads := plan.ReadsOf(p.compiled.Derived, p.compiled.Statements, nil)
	for _, t := range reads.Tables() {
		for _, m := range reads[t].Memberships {
			fmt.Fprintf(&b, "-- %s.%s: %s IN (%s)\n", t, m.Name, m.Column, comment(m.IDs))
		}
		if reads.Computed(t) {
			b.WriteString("-- " + t + ": what is computed of its rows\n" + reads.Compute(t).SQL + ";\n")
		}
		b.WriteString("\n")
	}
	for _, x := range p.compiled.Statements {
		b.WriteString(x.SQL + ";\n\n")
	}
	for i := range p.groups {
		fmt.Fprintf(&b, "-- %s, group %d: its populations, each within those before it\n%s;\n\n", comment(p.Measure.Name), i+1, p.groupSQL(i))
		fmt.Fprintf(&b, "-- %s, group %d: its stratifiers\n%s;\n\n", comment(p.Measure.Name), i+1, p.strataSQL(i))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// comment keeps a name from a file within one line.
func comment(name string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(name) }
