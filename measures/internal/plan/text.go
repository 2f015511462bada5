package plan

import (
	"fmt"
	"strings"
)

// PlanText tells what each statement makes, in their order: its define, its table with the
// columns that name a row, and the columns that hold the value.
func (c *Compiled) PlanText() string {
	var b strings.Builder
	for i, s := range c.Statements {
		if i > 0 {
			b.WriteString("\n")
		}
		d := s.Define
		typ, key := d.Type, []string{"pid"}
		if d.List {
			typ = "List<" + typ + ">"
		}
		if d.Periodic {
			key = append(key, "period")
		}
		if d.Ordered() {
			key = append(key, "ord")
		}
		fmt.Fprintf(&b, "%s.%s, line %d: %s\n  table   %s\n  key     %s\n", s.Library, s.Name, s.Line, typ, s.Table, strings.Join(key, ", "))
		if d.List {
			b.WriteString("  rows    one an element\n")
		}
		d.Shape().write(&b, "value", "  ")
	}
	return b.String()
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
