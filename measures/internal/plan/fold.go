package plan

import (
	"fmt"
	"slices"
	"strings"

	"farr/measures/internal/elm"
)

// fold compiles a query's aggregate clause (CQL 1.5, "Aggregate Queries"): the list's
// elements are taken in their order, and each makes a new accumulator of the one
// before. It is a recursive table with a row for each outer row and step, which does
// the same step for all outer rows at once.
func (f *frame) fold(n *elm.Node, e *env, first listV) value {
	x := &folding{f: f, n: n.Aggregate, start: f.value(n.Aggregate.Starting, e)}
	if l, ok := x.start.(listV); ok {
		if !l.lit {
			return f.g.fail(e, n, "an aggregate clause that starts with a list that is not written out is not supported")
		}
		x.start = listV{lit: true, items: f.g.unify(slices.Clone(l.items))}
	} else {
		x.start = f.bind(x.start)
	}
	r, in := f.rows(n, e, first)
	if x.n.Distinct != nil && *x.n.Distinct {
		r = f.distinctOver(r)
	}
	x.in, x.from = in, f.close()
	x.number = r.f.bindSQL("row_number() OVER (PARTITION BY "+join(f.key)+" ORDER BY "+join(orderOf(r))+")", "number")
	x.over, x.rows = r.f, r.f.close()
	return x.compile(e)
}

// folding is an aggregate clause while it is compiled.
type folding struct {
	f      *frame // of the outer rows
	over   *frame // of the list's elements
	from   *cte   // the outer rows
	rows   *cte   // the elements
	number string // an element's place in its list, from 1
	n      *elm.Node
	in     *env  // the names of the element
	start  value // of f
}

// state is what an accumulator holds: a value, whose expressions are columns, or a
// list of such values, which is one column.
type state struct {
	elem value
	list bool
}

func (s state) String() string {
	return fmt.Sprintf("%v %#v", s.list, mapLeaves(s.elem, func(string) string { return "x" }))
}

// compile tries until the accumulator's shape is stable: a step may widen a null to a
// date, an integer to a decimal, an exact date to an uncertain one.
func (x *folding) compile(e *env) value {
	g := x.f.g
	s := state{x.start, false}
	if l, ok := x.start.(listV); ok {
		s = state{nullV{}, true}
		if len(l.items) > 0 {
			s.elem = l.items[0]
		}
	}
	ctes, names, problems := g.ctes, g.names, g.problem
	for range 5 {
		g.ctes, g.names, g.problem = slices.Clip(ctes), names, slices.Clip(problems)
		result, wider := x.attempt(s)
		if wider.String() == s.String() {
			return result
		}
		s = wider
	}
	g.ctes = ctes
	return g.fail(e, x.n, "the accumulator of the aggregate clause has no one type")
}

// attempt compiles the clause for an accumulator of the shape s. It gives the shape
// that the step makes of it, too.
func (x *folding) attempt(s state) (value, state) {
	f, g := x.f, x.f.g
	var keys, cols []string
	for range f.key {
		keys = append(keys, g.column("of"))
	}
	step := g.column("step")
	width := len(leaves(s.elem))
	if s.list {
		width = 1
	}
	for range width {
		cols = append(cols, g.column(x.n.Identifier))
	}
	table := &cte{name: g.cteName(), cols: slices.Concat(keys, []string{step}, cols), recursive: true}

	// One step: the element whose turn it is beside the accumulator.
	outside := g.ctes
	g.ctes = nil
	at := g.frameOver(x.over, &cte{body: func() string {
		return "SELECT * FROM " + x.rows.name + " JOIN " + table.name + " ON " + equalAll(f.key, keys) + " AND " + x.number + " = " + step + " + 1"
	}})
	at.key = f.key
	at.open.steps = append(at.open.steps, &namesOf{func() []string { return append(slices.Clone(x.rows.columns()), table.cols...) }})
	next := at.value(x.n.Expression, x.in.with(x.n.Identifier, s.value(cols)))
	starts, nexts, wider := x.columns(at, s, next)
	inside := g.ctes
	g.ctes = append(outside, table)

	table.body = func() string {
		base := append(named(f.key, keys), "0 AS "+step)
		again := append(slices.Clone(f.key), x.number)
		return "SELECT " + join(append(base, named(starts, cols)...)) + " FROM " + x.from.name +
			"\n    UNION ALL\n  (" + withText(inside) + "SELECT " + join(append(again, nexts...)) + " FROM (" + at.open.text() + "))"
	}
	back := &joinStep{kind: "LEFT", names: append(slices.Clone(keys), cols...), on: equalAll(f.key, keys)}
	back.sub = func() string {
		return "SELECT " + join(back.names) + " FROM " + table.name + " QUALIFY row_number() OVER (PARTITION BY " + join(keys) + " ORDER BY " + step + " DESC) = 1"
	}
	if wider.String() == s.String() {
		f.add(back)
	}
	return s.value(cols), wider
}

// columns are the expressions of the accumulator before the first step and after each.
func (x *folding) columns(at *frame, s state, next value) (starts, nexts []string, wider state) {
	g := x.f.g
	l, isList := next.(listV)
	if !s.list && !isList {
		both := g.unify([]value{x.start, next})
		types := leafTypes(both[0])
		for i, start := range leaves(both[0]) {
			starts = append(starts, "CAST("+start+" AS "+types[i]+")")
		}
		return starts, leaves(both[1]), state{both[0], false}
	}
	if !isList {
		l = literalList(nil, true)
	}
	r := l.make(at)
	var items []value
	if of, ok := x.start.(listV); ok {
		items = slices.Clone(of.items)
	}
	items = g.unify(append(items, r.elem))
	elem := r.f.bind(items[len(items)-1])
	var texts []string
	for _, item := range items[:len(items)-1] {
		texts = append(texts, structOf(leaves(item)))
	}
	if len(leaves(elem)) == 0 { // nothing but nulls so far
		return []string{"[]"}, []string{"[]"}, state{elem, true}
	}
	cast := " AS " + listType(elem) + ")"
	list := at.back(r, "list("+structOf(leaves(elem))+" ORDER BY "+join(orderOf(&rel{elem: elem, order: r.order}))+")")[0]
	return []string{"CAST([" + join(texts) + "]" + cast}, []string{"CAST(coalesce(" + list + ", [])" + cast}, state{elem, true}
}

// value is an accumulator in its columns.
func (s state) value(cols []string) value {
	if !s.list {
		return relabel(s.elem, cols)
	}
	return unpack(cols[0], s.elem)
}

// structOf is a struct of expressions.
func structOf(list []string) string {
	var fields []string
	for i, s := range list {
		fields = append(fields, fmt.Sprintf("'f%d': %s", i+1, s))
	}
	return "{" + join(fields) + "}"
}

// leafTypes are the SQL types of a value's expressions.
func leafTypes(v value) []string {
	list := leaves(nullLike(v))
	for i, s := range list {
		if list[i] = "BOOLEAN"; s != "false" {
			_, list[i], _ = strings.Cut(strings.Trim(s, "()"), "::")
		}
	}
	return list
}

// named gives expressions their columns' names.
func named(exprs, names []string) []string {
	var list []string
	for i, s := range exprs {
		list = append(list, s+" AS "+names[i])
	}
	return list
}

func equalAll(a, b []string) string {
	var terms []string
	for i := range a {
		terms = append(terms, a[i]+" = "+b[i])
	}
	return strings.Join(terms, " AND ")
}
