package plan

import (
	"farr/measures/internal/elm"
)

// Setup are the statements that come before a program's own: who is asked for,
// and when. They read subject_period(pid, period) and period(period, low, high).
var Setup = []Statement{
	{Name: "person", Table: "person", SQL: "CREATE TEMP TABLE person AS SELECT DISTINCT pid FROM subject_period"},
	{Name: "subject", Table: "subject", SQL: "CREATE TEMP TABLE subject AS SELECT s.pid, s.period, p.low AS mp_low, p.high AS mp_high FROM subject_period s JOIN period p ON p.period = s.period"},
}

// Want is one thing that a measure needs: a define, or a function of one argument
// over the elements of a define (a measure observation).
type Want struct {
	Define string
	Over   string // the define whose elements the function is applied to
}

// CompileMeasure compiles what a measure needs of the library main.
func CompileMeasure(p *elm.Program, model *Model, main string, wants []Want) *Compiled {
	g := newGen(p, model)
	out := &Compiled{Defines: map[string]*Define{}}
	lib := p.Libraries[main]
	if lib == nil {
		g.problem = append(g.problem, Diagnostic{main, 0, 0, "the library is missing"})
		return g.finish(out)
	}
	for _, w := range wants {
		key := w.Define
		if w.Over != "" {
			key += "(" + w.Over + ")"
		}
		if out.Defines[key] != nil {
			continue
		}
		if w.Over == "" || lib.Functions[w.Define] == nil {
			if lib.Defines[w.Define] == nil {
				g.problem = append(g.problem, Diagnostic{main, 0, 0, "no define named " + w.Define})
				continue
			}
			out.Defines[key] = g.define(lib, w.Define)
			continue
		}
		out.Defines[key] = g.observation(lib, lib.Functions[w.Define][0], w)
	}
	return g.finish(out)
}

// observation applies a function to each element of a define's list: a table of
// the element and the function's value.
func (g *gen) observation(lib *elm.Library, fn *elm.Node, w Want) *Define {
	e := &env{lib: lib}
	over := &elm.Node{Type: "ExpressionRef", Name: w.Over}
	if len(fn.Operand) == 0 {
		d := g.table(e, lib.Name+"."+w.Define, fn, func(f *frame) value { return f.value(fn.Expression, e) }, true)
		return d
	}
	alias := fn.Operand[0].Name
	q := &elm.Node{Type: "Query", Locator: fn.Locator,
		Source: []*elm.Node{{Alias: alias, Expression: over}},
		Return: &elm.Node{Distinct: new(bool), Expression: &elm.Node{Type: "Tuple", Element: []*elm.Node{
			{Name: "episode", Value: &elm.Node{Type: "AliasRef", Name: alias}},
			{Name: "value", Value: &elm.Node{Type: "FunctionRef", Name: w.Define, Operand: []*elm.Node{{Type: "AliasRef", Name: alias}}}},
		}}}}
	return g.table(e, lib.Name+"."+w.Define+"("+w.Over+")", fn, func(f *frame) value { return f.value(q, e) }, true)
}

// Rows is SQL for a define's rows: of a boolean one the pid and period where it is
// true; of a list of resources pid, period and episode; of an observation pid,
// period, episode and value.
func (d *Define) Rows() string {
	from := " FROM subject s JOIN " + d.Table + " d ON d.pid = s.pid"
	if d.Periodic {
		from += " AND d.period = s.period"
	}
	head := "SELECT s.pid, s.period, "
	switch v := d.elem.(type) {
	case boolV:
		return head + "true AS value" + from + " WHERE d." + v.sql
	case resV:
		return head + "d." + v.rid + " AS episode" + from + " WHERE d." + v.rid + " IS NOT NULL"
	case numV:
		return head + "NULL::UUID AS episode, d." + v.sql + " AS value" + from
	case qtyV:
		return head + "NULL::UUID AS episode, d." + v.num + " AS value" + from
	case tupleV:
		if len(v.fields) == 2 && v.names[0] == "episode" {
			episode := "NULL::UUID"
			if r, ok := v.fields[0].(resV); ok {
				episode = "d." + r.rid
			}
			value := "NULL"
			switch x := v.fields[1].(type) {
			case numV:
				value = "d." + x.sql
			case qtyV:
				value = "d." + x.num
			}
			return head + episode + " AS episode, " + value + " AS value" + from
		}
	}
	return ""
}
