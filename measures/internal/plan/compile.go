package plan

import (
	"farr/measures/internal/elm"
)

// Want is one thing that a measure needs: a define, or a function of one argument
// over the elements of a define (a measure observation).
type Want struct {
	Define string
	Over   string // the define whose elements the function is applied to

	Library string // of the define, where it is not the main one
}

// Key is the name under which Compiled.Defines has what was wanted.
func (w Want) Key() string {
	switch {
	case w.Library != "":
		return w.Library + "\x00" + w.Define
	case w.Over == "":
		return w.Define
	}
	return w.Define + "(" + w.Over + ")"
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
		key := w.Key()
		if out.Defines[key] != nil {
			continue
		}
		if w.Over == "" || lib.Functions[w.Define] == nil {
			in := lib
			if w.Library != "" {
				in = p.Libraries[w.Library]
			}
			if in == nil || in.Defines[w.Define] == nil {
				g.problem = append(g.problem, Diagnostic{main, 0, 0, "no define named " + w.Define})
				continue
			}
			out.Defines[key] = g.define(in, w.Define)
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
		return g.table(e, w.Define, fn, func(f *frame) value { return f.value(fn.Expression, e) }, true)
	}
	alias := fn.Operand[0].Name
	q := &elm.Node{Type: "Query", Locator: fn.Locator,
		Source: []*elm.Node{{Alias: alias, Expression: over}},
		Return: &elm.Node{Distinct: new(bool), Expression: &elm.Node{Type: "Tuple", Element: []*elm.Node{
			{Name: "episode", Value: &elm.Node{Type: "AliasRef", Name: alias}},
			{Name: "value", Value: &elm.Node{Type: "FunctionRef", Name: w.Define, Operand: []*elm.Node{{Type: "AliasRef", Name: alias}}}},
		}}}}
	return g.table(e, w.Key(), fn, func(f *frame) value { return f.value(q, e) }, true)
}
