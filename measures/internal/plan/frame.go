package plan

import "slices"

// frame is a relation under construction.
type frame struct {
	g      *gen
	parent *frame
	open   *cte   // steps since the last cut
	key    []expr // columns that name a row; nil until something asks
	joined map[joinKey]*joinStep
	bound  map[expr]expr    // what was computed -> its column
	refs   map[string]value // scalar defines joined
}

// joinKey is a table joined at a row.
type joinKey struct {
	table string
	at    [2]expr
}

// rel is a list: a frame forked from another, with what its rows are.
type rel struct {
	f     *frame
	elem  value
	order []expr // sort items, when the list has an order
	one   bool   // whether the list has one element, always
}

func (f *frame) add(s step) { f.open.steps = append(f.open.steps, s) }

// close names what the frame is so far, with a key, and goes on above it.
func (f *frame) close() *cte {
	if f.open.above != nil && len(f.open.steps) == 0 && f.key != nil && f.open.body == nil {
		return f.open.above
	}
	c := f.open
	c.name = f.g.cteName()
	if f.key == nil {
		c.rowNum = f.g.column("row")
		f.key = []expr{column(c.rowNum)}
	}
	f.g.ctes = append(f.g.ctes, c)
	f.open = &cte{above: c}
	return c
}

// fork begins a list in f: its rows carry f's columns.
func (f *frame) fork() *frame { return f.g.frameOver(f, &cte{above: f.close()}) }

func (g *gen) frameOver(parent *frame, open *cte) *frame {
	return &frame{g: g, parent: parent, open: open, joined: map[joinKey]*joinStep{}, bound: map[expr]expr{}, refs: map[string]value{}}
}

// joinedAt finds a join that f, or a frame that it was forked from, has made.
func (f *frame) joinedAt(k joinKey) *joinStep {
	for p := f; p != nil; p = p.parent {
		if s := p.joined[k]; s != nil {
			return s
		}
	}
	return nil
}

// join joins a table on a column's value, once in a frame and those forked from it.
func (f *frame) join(table string, on expr, key string) *joinStep {
	k := joinKey{table, [2]expr{on}}
	if s := f.joinedAt(k); s != nil {
		return s
	}
	s := &joinStep{table: table}
	_, s.found = f.g.found[on.text()]
	s.on = equal(on, s.demand(f.g, key))
	f.joined[k] = s
	f.add(s)
	return s
}

func (f *frame) where(cond expr) {
	if cond != yes {
		f.add(whereStep{cond})
	}
}

// bind gives the expressions of v columns of their own.
func (f *frame) bind(v value) value {
	return mapLeaves(v, func(x expr) expr { return f.bindExpr(x, "v") })
}

func (f *frame) bindExpr(x expr, hint string) expr {
	if plain(x) {
		return x
	}
	for p := f; p != nil; p = p.parent {
		if c, ok := p.bound[x]; ok {
			return c
		}
	}
	c := f.addColumn(x, hint)
	f.bound[x] = c
	return c
}

// addColumn computes a column, in one level with those before it that it does not read.
func (f *frame) addColumn(x expr, hint string) expr {
	name := f.g.column(hint)
	if n := len(f.open.steps); n > 0 {
		if b, ok := f.open.steps[n-1].(*bindStep); ok && !uses(x, namesOf(b.list)) {
			b.list = append(b.list, named{x, name})
			return column(name)
		}
	}
	f.add(&bindStep{[]named{{x, name}}})
	return column(name)
}

// unnest gives each row of f one row for each element of a list. The column is never
// shared: the same list twice is a product.
func (f *frame) unnest(list expr, hint string) expr {
	name := f.g.column(hint)
	f.add(&bindStep{[]named{{apply(opElements, list), name}}})
	return column(name)
}

// back joins aggregates of a list to the frame that it was forked from. The result is
// their columns.
func (f *frame) back(r *rel, aggregates ...expr) []expr {
	c := r.f.close()
	s := &joinStep{}
	list, on := f.keyPairs()
	var out []expr
	for _, a := range aggregates {
		name := f.g.column("agg")
		list, out = append(list, named{a, name}), append(out, column(name))
	}
	s.from, s.names, s.on = &groupBody{from: c, by: f.key, list: list}, namesOf(list), on
	f.add(s)
	return out
}

// keyPairs renames f's key for a join back to it.
func (f *frame) keyPairs() (list []named, on expr) {
	var terms []expr
	for _, k := range f.key {
		name := f.g.column("key")
		list = append(list, named{k, name})
		terms = append(terms, equal(k, column(name)))
	}
	return list, and(terms...)
}

// backOne joins one row of a list, the first in its order, to the frame.
func (f *frame) backOne(r *rel, last, single bool) value {
	elem := r.f.bind(r.elem)
	order := r.order
	if len(order) == 0 && !single {
		order = r.f.ties(elem)
	}
	order = orderOf(&rel{elem: elem, order: order})
	if last {
		order = flip(order)
	}
	c := r.f.close()
	list, on := f.keyPairs()
	list = append(list, named{yes, f.g.column("found")})
	var copies []expr
	for _, l := range leaves(elem) {
		name := f.g.column("one")
		copies, list = append(copies, column(name)), append(list, named{l, name})
	}
	if r, ok := elem.(resV); ok {
		if _, known := f.g.found[r.rid.text()]; known {
			f.g.found[copies[0].text()] = false
		}
	}
	f.add(&joinStep{from: &pickBody{from: c, by: f.key, order: order, single: single, guard: f.g.guard, list: list}, names: namesOf(list), on: on})
	// Constants in the element hold only where a row was found.
	return relabel(elem, copies)
}

// orderOf are the sort items that put a list in its order; one without an order is taken
// by its elements' first column, so that equal data give equal answers.
func orderOf(r *rel) []expr {
	if len(r.order) > 0 {
		return r.order
	}
	if l := leaves(r.elem); len(l) > 0 {
		return []expr{apply(opAscending, l[0])}
	}
	return []expr{apply(opAscending, whole(1))}
}

// ties are the sort items that put elements in order which a list's own order leaves equal,
// or which have none. CQL leaves open which comes first, but the answer must not hang on
// pseudonyms, which are others under another key: resources come by their type's date,
// unknown ones first. Where those are equal too, the pseudonym only makes one run like the next.
func (f *frame) ties(elem value) (items []expr) {
	switch v := elem.(type) {
	case resV:
		if len(v.types) == 1 && !isNull(v.rid) && len(f.g.model.orders[v.types[0]]) > 0 {
			orders := f.g.model.orders[v.types[0]]
			s := f.join(f.g.model.tables[v.types[0]], v.rid, "rid")
			var dates []expr
			for _, name := range orders {
				dates = append(dates, s.demand(f.g, name))
			}
			date := dates[0]
			if len(dates) > 1 {
				date = f.bindExpr(first(dates...), "date")
			}
			items = append(items, apply(opNullsFirst, date))
		}
		return append(items, sortItems(v, opAscending)...)
	case tupleV:
		for _, x := range v.fields {
			items = append(items, f.ties(x)...)
		}
		return items
	case listV:
		return nil
	}
	return sortItems(elem, opAscending)
}

func flip(order []expr) (out []expr) {
	turned := map[op]op{opAscending: opDescending, opDescending: opAscending, opNullsFirst: opNullsLast, opNullsLast: opNullsFirst}
	for _, o := range order {
		out = append(out, apply(turned[o.op()], o.args()[0]))
	}
	return out
}

// only keeps the rows of f for which the list has an element, or has none.
func (f *frame) only(r *rel, some bool) {
	found := present(f.back(r, yes)[0])
	if !some {
		found = not(found)
	}
	f.where(found)
}

// unionAll makes one list of several, all forked from f.
func (f *frame) unionAll(sides []*rel) *rel {
	elems := make([]value, len(sides))
	for i, r := range sides {
		elems[i] = r.f.pack(r.elem)
	}
	elems = f.g.unify(elems)
	var names []string
	for range leaves(elems[0]) {
		names = append(names, f.g.column("u"))
	}
	width := len(names)
	// The order is that of the sides, one after the other, if each has one.
	one := func(r *rel) bool { return r.one && r.f.parent == f }
	placed := !slices.ContainsFunc(sides, func(r *rel) bool { return len(r.order) == 0 && !one(r) })
	if placed {
		names = append(names, f.g.column("side"), f.g.column("place"))
	}
	b := &unionBody{keep: f.close(), names: names}
	for i, r := range sides {
		v := mapLeaves(elems[i], func(x expr) expr { return r.f.bindExpr(x, "v") })
		list := leaves(v)
		if len(list) != width {
			f.g.failHere("a union of %s and %s is not supported", typeName(elems[0]), typeName(v))
			list = make([]expr, width)
			for k := range list {
				list[k] = null(typeAny)
			}
		}
		if placed {
			place := whole(1)
			if !one(r) {
				place = rowNumber(f.key, r.order)
			}
			list = append(list, whole(i+1), place)
		}
		b.sides = append(b.sides, unionSide{r.f.close(), list})
	}
	all := &rel{f: f.g.frameOver(f, &cte{body: b}), elem: relabel(elems[0], columns(names[:width]))}
	f.g.foundInAll(all.elem, elems)
	for _, p := range names[width:] {
		all.order = append(all.order, apply(opAscending, column(p)))
	}
	return all
}

// distinct drops equal elements.
func (f *frame) distinct(r *rel) *rel {
	elem := r.f.bind(r.elem)
	by := slices.Concat(f.key, identity(elem))
	by = slices.DeleteFunc(by, func(x expr) bool { return isNull(x) || isConst(x) })
	b := &distinctBody{from: r.f.close(), by: by, order: r.order} // the first of equal elements stays
	return &rel{f: f.g.frameOver(r.f, &cte{body: b}), elem: elem, order: r.order}
}

// match keeps the elements of a that are in b (or are not): set operations on the
// elements' columns, nulls equal.
func (f *frame) match(a, b *rel, in bool) *rel {
	elems := f.g.unify([]value{a.elem, b.elem})
	one := a.f.bind(elems[0])
	left, own, right := leaves(one), identity(one), identity(b.f.bind(elems[1]))
	s := matchStep{in: b.f.close(), not: !in}
	var on []expr
	for _, k := range f.key {
		name := f.g.column("key")
		s.list, on = append(s.list, named{k, name}), append(on, equal(column(name), k))
	}
	for i, x := range right {
		name := f.g.column("m")
		s.list, on = append(s.list, named{x, name}), append(on, apply(opSame, column(name), own[i]))
	}
	s.on = and(on...)
	a.f.add(s)
	return &rel{f: a.f, elem: relabel(elems[0], left), order: a.order}
}
