package plan

import (
	"strings"

	"farr/measures/internal/elm"
)

// query compiles a Query. One over scalars gives a scalar; any list among its
// sources makes it a list.
func (f *frame) query(n *elm.Node, e *env) value {
	if len(n.Source) == 0 || n.Source[0].Expression == nil {
		return f.g.fail(e, n, "a query of nothing")
	}
	was := f.g.onlyURL
	f.g.onlyURL = askedURL(n)
	first := f.value(n.Source[0].Expression, e)
	f.g.onlyURL = was
	if c, ok := first.(conceptsV); ok {
		if returnsItself(n) {
			return c
		}
		first = conceptList(c)
	}
	l, ok := first.(listV)
	if !ok && len(n.Source) == 1 && n.Aggregate == nil {
		return f.scalarQuery(n, e, first)
	}
	if !ok {
		l = literalList([]value{first}, true)
	}
	if n.Aggregate != nil {
		return f.fold(n, e, l)
	}
	return listV{make: func(at *frame) *rel { return at.listQuery(n, e, l) }}
}

// returnsItself is whether a query only converts each element to a Concept, which the
// translator writes around every list of codes. Such a list stays the id of its concepts.
func returnsItself(n *elm.Node) bool {
	if len(n.Source) != 1 || len(n.Let)+len(n.Relationship)+len(n.By) > 0 || n.Where != nil || n.Aggregate != nil || n.Return == nil {
		return false
	}
	x := n.Return.Expression
	if x.Type == "FunctionRef" && x.Name == "ToConcept" && len(x.Operand) == 1 {
		x = x.Operand[0]
	}
	return x.Type == "AliasRef" && x.Name == n.Source[0].Alias
}

// askedURL is the URL that a query over extensions compares with.
func askedURL(n *elm.Node) string {
	src := n.Source[0].Expression
	if src.Type != "Property" || src.Path != "extension" && src.Path != "modifierExtension" || n.Where == nil || n.Where.Type != "Equal" {
		return ""
	}
	if l := n.Where.Operand[1]; l.Type == "Literal" {
		return l.Text
	}
	return ""
}

func (f *frame) scalarQuery(n *elm.Node, e *env, source value) value {
	source = f.bind(source)
	in := e.with(n.Source[0].Alias, source)
	cond := notNull(source)
	for _, l := range n.Let {
		in = in.with(l.Identifier, f.bind(f.value(l.Expression, in)))
	}
	for _, r := range n.Relationship {
		cond = and(cond, f.related(r, in))
	}
	if n.Where != nil {
		cond = and(cond, truth(f.bool(n.Where, in)))
	}
	out := source
	if n.Return != nil {
		out = f.value(n.Return.Expression, in)
	}
	if l, ok := out.(listV); ok {
		return listV{make: func(at *frame) *rel {
			r := l.make(at)
			r.f.where(cond)
			return r
		}}
	}
	return f.g.choose([]expr{cond}, []value{out})
}

// related is whether a with or without clause holds, for a scalar source.
func (f *frame) related(r *elm.Node, e *env) expr {
	l := f.asList(f.oneAsList(f.value(r.Expression, e)), r, e)
	found := f.exists(listV{make: func(at *frame) *rel {
		x := l.make(at)
		x.f.where(truth(x.f.bool(r.SuchThat, e.with(r.Alias, x.f.bind(x.elem)))))
		return x
	}})
	if r.Type == "Without" {
		return not(found)
	}
	return found
}

func (f *frame) oneAsList(v value) value {
	switch v.(type) {
	case listV, conceptsV, nullV:
		return v
	}
	return listV{make: func(at *frame) *rel {
		r := at.fork()
		r.where(notNull(v))
		return &rel{f: r, elem: v}
	}}
}

// rows are the rows of a query's sources that its clauses keep, and its names for them.
func (f *frame) rows(n *elm.Node, e *env, first listV) (r *rel, in *env) {
	in = e
	at := f
	for i, s := range n.Source {
		l := first
		if i > 0 {
			l = at.asList(at.oneAsList(at.value(s.Expression, in)), n, e)
		}
		r = l.make(at)
		at = r.f
		if _, ok := r.elem.(listV); !ok {
			r.elem = at.bind(r.elem)
		}
		in = in.with(s.Alias, r.elem)
	}
	elem := r.elem
	if len(n.Source) > 1 && n.Return == nil {
		t := tupleV{nn: yes}
		for _, s := range n.Source {
			v, _ := in.find(s.Alias)
			t.names, t.fields = append(t.names, s.Alias), append(t.fields, v)
		}
		elem = t
	}
	for _, l := range n.Let {
		in = in.with(l.Identifier, at.bind(at.value(l.Expression, in)))
	}
	for _, w := range n.Relationship {
		at.with(w, in)
	}
	if n.Where != nil {
		at.where(truth(at.bool(n.Where, in)))
	}
	out := &rel{f: at, elem: elem, order: r.order}
	if len(n.Source) > 1 {
		out.order = nil
	}
	return out, in
}

func (f *frame) listQuery(n *elm.Node, e *env, first listV) *rel {
	out, in := f.rows(n, e, first)
	at := out.f
	if n.Return != nil {
		out.elem = at.value(n.Return.Expression, in)
		if _, ok := out.elem.(listV); !ok {
			out.elem = at.bind(out.elem)
			if n.Return.Distinct == nil || *n.Return.Distinct {
				out = f.distinctOver(out)
			}
		}
	} // without a return clause a query keeps duplicates (HL7's cql-tests, simpleSortAsc)
	if len(n.By) > 0 {
		out.order = nil
		for _, by := range n.By {
			out.order = append(out.order, out.f.orderBy(by, n, e, out.elem)...)
		}
		out.order = append(out.order, out.f.ties(out.elem)...)
	}
	return out
}

// distinctOver drops equal elements of a list forked from f, however deep.
func (f *frame) distinctOver(r *rel) *rel {
	if r.elem = r.f.pack(r.elem); hasList(r.elem) {
		return r
	}
	f.close()
	return f.distinct(r)
}

func hasList(v value) bool {
	switch v := v.(type) {
	case listV:
		return v.packed == nil
	case tupleV:
		for _, x := range v.fields {
			if hasList(x) {
				return true
			}
		}
	}
	return false
}

func (f *frame) with(w *elm.Node, e *env) {
	l := f.asList(f.oneAsList(f.value(w.Expression, e)), w, e)
	r := l.make(f)
	elem := r.f.bind(r.elem)
	r.f.where(truth(r.f.bool(w.SuchThat, e.with(w.Alias, elem).with("$with", elem))))
	f.only(r, w.Type != "Without")
}

// orderBy gives the ORDER BY terms of one item of a sort clause. Nulls come first
// where the direction is ascending.
func (f *frame) orderBy(by *elm.Node, n *elm.Node, e *env, elem value) []expr {
	v := elem
	switch by.Type {
	case "ByColumn":
		v = f.property(n, e, elem, by.Path)
	case "ByExpression":
		v = f.value(by.Expression, e.with("$row", elem).with("$this", elem))
	}
	v = f.bind(dateOf(v))
	desc := strings.HasPrefix(by.Direction, "desc")
	dir := opNullsFirst
	if desc {
		dir = opNullsLast
	}
	switch v := v.(type) {
	case qtyV:
		return []expr{apply(dir, v.num)}
	case intervalV:
		return append(sortItems(v.s, dir), sortItems(v.e, dir)...)
	}
	return sortItems(v, dir)
}

func sortItems(v value, dir op) []expr {
	if d, ok := v.(dateV); ok {
		return []expr{apply(dir, d.lo)}
	}
	var list []expr
	for _, l := range leaves(v) {
		if !isConst(l) && !isNull(l) {
			list = append(list, apply(dir, l))
		}
	}
	return list
}
