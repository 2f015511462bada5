package plan

import (
	"fmt"
	"slices"
	"strings"
)

// PlanText is the program as the plan holds it, before an engine's spelling: each define
// with the columns of its value, its relations in the order in which they are made, and
// each relation with its steps.
func (c *Compiled) PlanText() string {
	var b strings.Builder
	for i := range c.Statements {
		s := &c.Statements[i]
		d := s.Define
		typ := d.Type
		if d.List {
			typ = "List<" + typ + ">"
		}
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s.%s, line %d: %s\n  table %s by %s\n", s.Library, s.Name, s.Line, typ, s.Table, strings.Join(namesOf(s.key), ", "))
		d.Shape().write(&b, "value", "  ")
		writeRelations(&b, "  ", s.with)
		writeRelation(&b, "  ", "rows", s.from)
		for _, n := range slices.Concat(s.key, s.list) {
			fmt.Fprintf(&b, "    give %s = %v\n", n.name, n.expr)
		}
	}
	ReadsOf(c.Derived, c.Statements, nil).write(&b)
	return b.String()
}

// write tells the columns of the extract's tables that are computed beforehand.
func (r Reads) write(b *strings.Builder) {
	for _, table := range r.Tables() {
		if len(r[table].Memberships) > 0 || r.Computed(table) {
			fmt.Fprintf(b, "\ncolumns of %s\n", table)
		}
		for _, m := range r[table].Memberships {
			fmt.Fprintf(b, "  %s = %s among %s\n", m.Name, m.Column, m.of)
		}
		if r.Computed(table) {
			s := r.Compute(table)
			writeRelations(b, "  ", s.with)
			writeRelation(b, "  ", "rows", s.from)
		}
	}
}

func writeRelations(b *strings.Builder, indent string, list []*cte) {
	for _, c := range list {
		writeRelation(b, indent, c.name, c)
	}
}

func writeRelation(b *strings.Builder, indent, name string, c *cte) {
	from := c.base
	switch {
	case c.body != nil:
		from = bodyText(c.body)
	case c.above != nil:
		from = c.above.name
	}
	fmt.Fprintf(b, "%s%s: %s\n", indent, name, from)
	if f, ok := c.body.(*foldBody); ok {
		writeRelations(b, indent+"    ", f.inside)
		writeRelation(b, indent+"    ", "step", f.step.open)
	}
	for _, s := range c.steps {
		switch s := s.(type) {
		case *joinStep:
			kind, of := "join", s.table+" ("+strings.Join(s.of, ", ")+")"
			if !s.inner {
				kind = "left join"
			}
			if s.from != nil {
				of = bodyText(s.from)
			}
			fmt.Fprintf(b, "%s  %s %s on %v\n", indent, kind, of, s.on)
		case *bindStep:
			for _, n := range s.list {
				fmt.Fprintf(b, "%s  bind %s = %v\n", indent, n.name, n.expr)
			}
		case whereStep:
			fmt.Fprintf(b, "%s  where %v\n", indent, s.cond)
		case matchStep:
			kind := "semi join"
			if s.not {
				kind = "anti join"
			}
			fmt.Fprintf(b, "%s  %s %s (%s) on %v\n", indent, kind, s.in.name, namedText(s.list), s.on)
		default:
			panic(fmt.Sprintf("step %T", s))
		}
	}
	if c.rowNum != "" {
		fmt.Fprintf(b, "%s  number rows as %s\n", indent, c.rowNum)
	}
}

func namedText(list []named) string {
	var parts []string
	for _, n := range list {
		parts = append(parts, fmt.Sprintf("%s = %v", n.name, n.expr))
	}
	return strings.Join(parts, ", ")
}

func exprsText(list []expr) string {
	var parts []string
	for _, x := range list {
		parts = append(parts, x.String())
	}
	return strings.Join(parts, ", ")
}

func bodyText(b body) string {
	switch b := b.(type) {
	case *unionBody:
		var parts []string
		for _, side := range b.sides {
			parts = append(parts, side.from.name+" ("+exprsText(side.list)+")")
		}
		return "union of " + strings.Join(parts, ", ") + " as " + strings.Join(b.names, ", ")
	case *distinctBody:
		return "distinct " + b.from.name + " by " + exprsText(b.by) + " order " + exprsText(b.order)
	case *groupBody:
		kept := ""
		if b.any != nil {
			kept = " keeping " + strings.Join(b.any.columns(), ", ")
		}
		return "group " + b.from.name + " by " + exprsText(b.by) + kept + " (" + namedText(b.list) + ")"
	case *pickBody:
		which := "first by " + exprsText(b.order)
		if b.single {
			which = "the only one, else fail where " + b.guard.String()
		}
		return "pick of " + b.from.name + " for each " + exprsText(b.by) + " " + which + " (" + namedText(b.list) + ")"
	case *foldBody:
		return "fold of " + b.from.name + " start (" + namedText(b.start) + ") step (" + namedText(b.again) + ")"
	case *turnBody:
		return b.rows.name + " beside " + b.table.name + " on " + b.on.String()
	}
	panic(fmt.Sprintf("relation %T", b))
}

// write tells a shape's columns, a line for each part.
func (s Shape) write(b *strings.Builder, name, indent string) {
	columns := strings.Join(s.Columns, ", ")
	if columns == "" {
		columns = "no column"
	}
	fmt.Fprintf(b, "%s%-7s %s: %s\n", indent, name, s.Type, columns)
	for i, p := range s.Parts {
		switch {
		case s.Kind == KindInterval:
			name = [...]string{"low", "high"}[i]
		case s.Kind == KindChoice:
			name = "or"
		default:
			name = p.Name
		}
		p.write(b, name, indent+"  ")
	}
}
