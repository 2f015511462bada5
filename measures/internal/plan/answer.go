package plan

import (
	"farr/measures/internal/elm"
)

// A function of one resource that looks at other data, too, is no column of the resource's table.
// But where the resource is an element of a define's list, as the encounters of a measure
// are, it is computed once for each of them, as a table of its own, and whoever calls it joins that. Put
// where they are called, functions that call functions grow to half a megabyte for three lines of CQL.

// answerAt is a function over the elements of a define's list.
type answerAt struct {
	function *elm.Node
	list     *Define
}

// answer is a function's table: its columns are the element's rid and what the value's leaves say.
type answer struct {
	table   *Define
	element expr  // the table's column with the rid
	value   value // over the table's columns
	found   bool  // it is a resource that a retrieve has found, or nothing
}

// answered is a call of a function as columns of its table, nil where it must be computed in place.
func (f *frame) answered(lib *elm.Library, fn *elm.Node, args []value) value {
	g := f.g
	if g.deriving || len(args) != 1 {
		return nil
	}
	of, ok := args[0].(resV)
	if !ok || len(of.types) != 1 {
		return nil
	}
	list := g.elementOf[of.rid.text()]
	if list == nil || !g.found[of.rid.text()] || !g.retrieves(lib, fn.Expression) {
		return nil
	}
	at := answerAt{fn, list}
	a, done := g.answers[at]
	if !done {
		g.answers[at] = nil // of what uses itself
		a = g.answer(lib, fn, list)
		g.answers[at] = a
	}
	if a == nil {
		return nil
	}
	key := a.table.Key()
	k := joinKey{a.table.Table, [2]expr{column(key), of.rid}}
	s := f.joinedAt(k)
	if s == nil {
		s = &joinStep{table: a.table.Table}
		s.on = and(equal(column(key), s.demand(g, key)), equal(of.rid, s.demand(g, a.element.text())))
		f.joined[k] = s
		f.add(s)
	}
	v := mapLeaves(a.value, func(x expr) expr {
		if plain(x) && x.op() != opColumn {
			return x
		}
		return s.demand(g, x.text())
	})
	if r, ok := v.(resV); ok && a.found {
		g.found[r.rid.text()] = false
	}
	return v
}

// answer compiles a function over the elements of a define's list, nil where its value is not columns of one row or
// data may make it fail: then it fails where it is called, and for those for whom it is.
func (g *gen) answer(lib *elm.Library, fn *elm.Node, list *Define) *answer {
	problems, e := len(g.problem), &env{lib: lib}
	a := &answer{}
	name := fn.Name + " of " + list.name
	a.table = g.table(e, name, fn, func(f *frame) value {
		return listV{make: func(at *frame) *rel {
			r := at.elements(list)
			at.close()
			r = at.distinct(r)
			a.value = r.f.value(fn.Expression, e.with(fn.Operand[0].Name, r.elem))
			if hasList(a.value) || !flat(a.value) {
				a.value = nil
				return r
			}
			a.value = r.f.bind(a.value)
			if v, ok := a.value.(resV); ok {
				_, a.found = g.found[v.rid.text()]
			}
			r.elem = tupleV{names: []string{"element", "value"}, fields: []value{r.elem, a.value}, nn: yes}
			return r
		}}
	}, list.Periodic || g.usesPeriod(lib, fn.Expression))
	last := len(g.order) - 1
	if a.value == nil || len(g.problem) > problems || len(g.order[last].Issues) > 0 {
		g.order, g.problem = g.order[:last], g.problem[:problems]
		return nil
	}
	row := a.table.elem.(tupleV)
	a.element = row.fields[0].(resV).rid
	held := leaves(row.fields[1])
	n := 0
	a.value = mapLeaves(a.value, func(x expr) expr {
		n++
		if plain(x) && x.op() != opColumn {
			return x
		}
		return held[n-1]
	})
	return a
}
