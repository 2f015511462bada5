package plan

import (
	"slices"

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
	x.number = r.f.bindExpr(rowNumber(f.key, orderOf(r)), "number")
	x.over, x.rows = r.f, r.f.close()
	return x.compile(e)
}

// folding is an aggregate clause while it is compiled.
type folding struct {
	f      *frame // of the outer rows
	over   *frame // of the list's elements
	from   *cte   // the outer rows
	rows   *cte   // the elements
	number expr   // an element's place in its list, from 1
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

// shape is what an accumulator's columns are.
func (s state) shape() string {
	if s.list {
		return "list of " + shape(s.elem)
	}
	return shape(s.elem)
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
		if wider.shape() == s.shape() {
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
	turn := and(equalAll(f.key, keys), equal(x.number, apply(opAdd, column(step), whole(1))))
	at := g.frameOver(x.over, &cte{body: &turnBody{x.rows, table, turn}})
	at.key = f.key
	var starts, nexts []expr
	var wider state
	g.under(no, func() { // no relation could tell of an issue
		next := at.value(x.n.Expression, x.in.with(x.n.Identifier, s.value(columns(cols))))
		starts, nexts, wider = x.columns(at, s, next)
	})
	b := &foldBody{table: table, from: x.from, step: at, inside: g.ctes}
	g.ctes = append(outside, table)
	if wider.shape() != s.shape() {
		return nullV{}, wider
	}

	names := slices.Concat(keys, []string{step}, cols)
	b.start = asNamed(slices.Concat(f.key, []expr{whole(0)}, starts), names)
	b.again = asNamed(slices.Concat(f.key, []expr{x.number}, nexts), names)
	table.body, table.cols = b, nil
	last := &pickBody{from: table, by: columns(keys), order: []expr{apply(opDescending, column(step))}, list: asNamed(columns(slices.Concat(keys, cols)), slices.Concat(keys, cols))}
	f.add(&joinStep{from: last, names: namesOf(last.list), on: equalAll(f.key, keys)})
	return s.value(columns(cols)), wider
}

// columns are the expressions of the accumulator before the first step and after each.
func (x *folding) columns(at *frame, s state, next value) (starts, nexts []expr, wider state) {
	g := x.f.g
	l, isList := next.(listV)
	if !s.list && !isList {
		both := g.unify([]value{x.start, next})
		types := leaves(nullLike(both[0]))
		for i, start := range leaves(both[0]) {
			starts = append(starts, cast(start, types[i]))
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
	if len(leaves(elem)) == 0 { // nothing but nulls so far
		return []expr{apply(opList)}, []expr{apply(opList)}, state{elem, true}
	}
	var tuples []expr
	for _, item := range items[:len(items)-1] {
		tuples = append(tuples, apply(opTuple, leaves(item)...))
	}
	start := cast(apply(opList, tuples...), listType(elem))
	return []expr{start}, []expr{at.collected(&rel{f: r.f, elem: elem, order: r.order})}, state{elem, true}
}

// value is an accumulator in its columns.
func (s state) value(cols []expr) value {
	if !s.list {
		return relabel(s.elem, cols)
	}
	return unpack(cols[0], s.elem)
}

func equalAll(a []expr, names []string) expr {
	var terms []expr
	for i := range a {
		terms = append(terms, equal(a[i], column(names[i])))
	}
	return and(terms...)
}
