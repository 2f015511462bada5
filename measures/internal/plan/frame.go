package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// frame is a relation under construction.
type frame struct {
	g      *gen
	parent *frame
	open   *cte     // steps since the last cut
	key    []string // columns that name a row; nil until something asks
	joined map[string]*joinStep
	bound  map[string]string // SQL -> column
	refs   map[string]value  // scalar defines joined
}

// rel is a list: a frame forked from another, with what its rows are.
type rel struct {
	f     *frame
	elem  value
	order []string // ORDER BY terms, when the list has an order
	one   bool     // whether the list has one element, always
}

// cte is a finished part of a frame.
type cte struct {
	name   string
	base   string
	above  *cte          // what base names, when that is a cte
	cols   []string      // of the base, when above is nil
	body   func() string // base text made late
	steps  []step
	rowNum string
	// recursive is a table that its body reads: the body is printed as it is.
	recursive bool
}

type step interface {
	columns() []string
}

type joinStep struct {
	kind  string // LEFT, INNER
	table string
	pairs []string // "column AS name", grown on demand
	names []string
	sub   func() string // in place of table
	on    string
}

type bindStep struct{ exprs, names []string }

type whereStep struct{ sql string }

func (s *joinStep) columns() []string { return s.names }
func (s *bindStep) columns() []string { return s.names }
func (whereStep) columns() []string   { return nil }

// demand gives the name of a column of the joined table.
func (s *joinStep) demand(g *gen, column string) string {
	for i, p := range s.pairs {
		if p == column {
			return s.names[i]
		}
	}
	name := g.column(column)
	s.pairs, s.names = append(s.pairs, column), append(s.names, name)
	return name
}

func (c *cte) columns() []string {
	var list []string
	if c.above != nil {
		list = append(list, c.above.columns()...)
	}
	list = append(list, c.cols...)
	for _, s := range c.steps {
		list = append(list, s.columns()...)
	}
	if c.rowNum != "" {
		list = append(list, c.rowNum)
	}
	return list
}

// text prints the cte's SELECT.
func (c *cte) text() string {
	base := c.base
	if c.recursive {
		return c.body()
	}
	if c.body != nil {
		base = "(" + c.body() + ")"
	}
	from, where := base, ""
	wrap := func(extra string) {
		from = "(SELECT *" + extra + " FROM " + from + where + ")"
		where = ""
	}
	for i, s := range c.steps {
		switch s := s.(type) {
		case *joinStep:
			if where != "" || (i > 0 && isBind(c.steps[i-1])) {
				wrap("")
			}
			sub := ""
			if s.sub != nil {
				sub = s.sub()
			} else {
				var list []string
				for k, p := range s.pairs {
					list = append(list, p+" AS "+s.names[k])
				}
				sub = "SELECT " + strings.Join(list, ", ") + " FROM " + s.table
			}
			from += "\n    " + s.kind + " JOIN (" + sub + ") ON " + s.on
		case *bindStep:
			var list strings.Builder
			for k, e := range s.exprs {
				fmt.Fprintf(&list, ",\n    %s AS %s", e, s.names[k])
			}
			wrap(list.String())
		case whereStep:
			if where == "" {
				where = "\n    WHERE " + s.sql
			} else {
				where += " AND " + s.sql
			}
		}
	}
	extra := ""
	if c.rowNum != "" {
		extra = ", row_number() OVER () AS " + c.rowNum
	}
	return "SELECT *" + extra + " FROM " + from + where
}

func isBind(s step) bool { _, ok := s.(*bindStep); return ok }

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
		f.key = []string{c.rowNum}
	}
	f.g.ctes = append(f.g.ctes, c)
	f.open = &cte{base: c.name, above: c}
	return c
}

// fork begins a list in f: its rows carry f's columns.
func (f *frame) fork() *frame {
	c := f.close()
	return f.g.frameOver(f, &cte{base: c.name, above: c})
}

func (g *gen) frameOver(parent *frame, open *cte) *frame {
	return &frame{g: g, parent: parent, open: open, joined: map[string]*joinStep{}, bound: map[string]string{}, refs: map[string]value{}}
}

// join joins a table on a column's value, once in a frame and those forked from it.
func (f *frame) join(table, on, key string) *joinStep {
	id := table + "|" + on
	for p := f; p != nil; p = p.parent {
		if s := p.joined[id]; s != nil {
			return s
		}
	}
	s := &joinStep{kind: "LEFT", table: table}
	s.on = on + " = " + s.demand(f.g, key)
	f.joined[id] = s
	f.add(s)
	return s
}

func (f *frame) where(sql string) {
	if sql != "true" {
		f.add(whereStep{sql})
	}
}

var plain = regexp.MustCompile(`^(c\d+_\w*|pid|period|mp_low|mp_high|[\d.]+|'[^']*'|true|false|NULL(::\w+)?|TIMESTAMP '[^']*')$`)

// bind gives the SQL expressions of v columns of their own.
func (f *frame) bind(v value) value {
	return mapLeaves(v, func(sql string) string { return f.bindSQL(sql, "v") })
}

func (f *frame) bindSQL(sql, hint string) string {
	if plain.MatchString(sql) {
		return sql
	}
	for p := f; p != nil; p = p.parent {
		if c, ok := p.bound[sql]; ok {
			return c
		}
	}
	name := f.g.column(hint)
	f.bound[sql] = name
	if n := len(f.open.steps); n > 0 {
		if b, ok := f.open.steps[n-1].(*bindStep); ok && !slices.ContainsFunc(b.names, func(c string) bool { return strings.Contains(sql, c) }) {
			b.exprs, b.names = append(b.exprs, sql), append(b.names, name)
			return name
		}
	}
	f.add(&bindStep{[]string{sql}, []string{name}})
	return name
}

// unnest gives each row of f one row for each element of an SQL list. The column is
// never shared: the same list twice is a product.
func (f *frame) unnest(list, hint string) string {
	name := f.g.column(hint)
	f.add(&bindStep{[]string{"unnest(" + list + ")"}, []string{name}})
	return name
}

// back joins an aggregate of a list to the frame that it was forked from. Each
// pair is an aggregate; the result is the columns' names.
func (f *frame) back(r *rel, aggregates ...string) []string {
	c := r.f.close()
	names := make([]string, len(aggregates))
	s := &joinStep{kind: "LEFT"}
	list, on := f.keyPairs(s)
	for i, a := range aggregates {
		names[i] = f.g.column("agg")
		list = append(list, a+" AS "+names[i])
		s.names = append(s.names, names[i])
	}
	key := strings.Join(f.key, ", ")
	s.sub = func() string {
		return "SELECT " + strings.Join(list, ", ") + " FROM " + c.name + " GROUP BY " + key
	}
	s.on = on
	f.add(s)
	return names
}

// keyPairs renames f's key for a join back to it.
func (f *frame) keyPairs(s *joinStep) (list []string, on string) {
	var terms []string
	for _, k := range f.key {
		name := f.g.column("key")
		s.names = append(s.names, name)
		list = append(list, k+" AS "+name)
		terms = append(terms, k+" = "+name)
	}
	return list, strings.Join(terms, " AND ")
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
	s := &joinStep{kind: "LEFT"}
	list, on := f.keyPairs(s)
	nn := f.g.column("found")
	list, s.names = append(list, "true AS "+nn), append(s.names, nn)
	var copies []string
	for _, l := range leaves(elem) {
		name := f.g.column("one")
		copies = append(copies, name)
		list, s.names = append(list, l+" AS "+name), append(s.names, name)
	}
	key := strings.Join(f.key, ", ")
	s.sub = func() string {
		sql := "SELECT " + strings.Join(list, ", ") + " FROM " + c.name + " QUALIFY "
		if single {
			return sql + "count(*) OVER (PARTITION BY " + key + ") = 1"
		}
		return sql + "row_number() OVER (PARTITION BY " + key + " ORDER BY " + strings.Join(order, ", ") + ") = 1"
	}
	s.on = on
	f.add(s)
	// Constants in the element hold only where a row was found.
	return relabel(elem, copies)
}

// orderOf are the terms that put a list in its order; one without an order is taken
// by its elements' first column, so that equal data give equal answers.
func orderOf(r *rel) []string {
	if len(r.order) > 0 {
		return r.order
	}
	return []string{firstLeaf(r.elem) + " ASC"}
}

// ties are the terms that put elements in order which a list's own order leaves equal, or
// which have none. CQL leaves open which comes first, but the answer must not hang on
// pseudonyms, which are others under another key: resources come by their type's date, unknown
// ones first. Where those are equal too, the pseudonym only makes one run like the next.
func (f *frame) ties(elem value) (terms []string) {
	switch v := elem.(type) {
	case resV:
		if len(v.types) == 1 && !isNullLit(v.rid) && len(f.g.model.orders[v.types[0]]) > 0 {
			s := f.join(f.g.model.tables[v.types[0]], v.rid, "rid")
			var dates []string
			for _, column := range f.g.model.orders[v.types[0]] {
				dates = append(dates, s.demand(f.g, column))
			}
			date := dates[0]
			if len(dates) > 1 {
				date = f.bindSQL("coalesce("+join(dates)+")", "date")
			}
			terms = append(terms, date+" ASC NULLS FIRST")
		}
		return append(terms, leavesDir(v, " ASC")...)
	case tupleV:
		for _, x := range v.fields {
			terms = append(terms, f.ties(x)...)
		}
		return terms
	case listV:
		return nil
	}
	return leavesDir(elem, " ASC")
}

func firstLeaf(v value) string {
	if l := leaves(v); len(l) > 0 {
		return l[0]
	}
	return "1"
}

func flip(order []string) []string {
	var out []string
	for _, o := range order {
		switch {
		case strings.HasSuffix(o, " ASC NULLS FIRST"):
			out = append(out, strings.TrimSuffix(o, " ASC NULLS FIRST")+" DESC NULLS LAST")
		case strings.HasSuffix(o, " DESC NULLS LAST"):
			out = append(out, strings.TrimSuffix(o, " DESC NULLS LAST")+" ASC NULLS FIRST")
		case strings.HasSuffix(o, " ASC"):
			out = append(out, strings.TrimSuffix(o, " ASC")+" DESC")
		default:
			out = append(out, strings.TrimSuffix(o, " DESC")+" ASC")
		}
	}
	return out
}

// only keeps the rows of f for which the list has an element, or has none.
func (f *frame) only(r *rel, some bool) {
	found := f.back(r, "true")[0]
	if some {
		f.where(found + " IS NOT NULL")
	} else {
		f.where(found + " IS NULL")
	}
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
	// The order is that of the sides, one after the other, if each has one.
	var places []string
	one := func(r *rel) bool { return r.one && r.f.parent == f }
	if !slices.ContainsFunc(sides, func(r *rel) bool { return len(r.order) == 0 && !one(r) }) {
		places = []string{f.g.column("side"), f.g.column("place")}
	}
	keep := f.close()
	var closed []*cte
	var lists [][]string
	for i, r := range sides {
		v := mapLeaves(elems[i], func(s string) string {
			if isNullLit(s) || isConst(s) {
				return s
			}
			return r.f.bindSQL(s, "v")
		})
		lists = append(lists, leaves(v))
		if len(lists[i]) != len(names) {
			f.g.problem = append(f.g.problem, Diagnostic{"", 0, 0, fmt.Sprintf("a union of %s and %s is not supported", typeName(elems[0]), typeName(v))})
		}
		closed = append(closed, r.f.close())
	}
	body := func() string {
		cols := strings.Join(keep.columns(), ", ")
		var parts []string
		for i, c := range closed {
			var list []string
			for k, l := range lists[i] {
				if k == len(names) {
					break // reported when it was compiled
				}
				list = append(list, l+" AS "+names[k])
			}
			if places != nil {
				place := "1"
				if !one(sides[i]) {
					place = "row_number() OVER (PARTITION BY " + join(f.key) + " ORDER BY " + join(sides[i].order) + ")"
				}
				list = append(list, named([]string{fmt.Sprint(i + 1), place}, places)...)
			}
			parts = append(parts, "SELECT "+strings.Join(append([]string{cols}, list...), ", ")+" FROM "+c.name)
		}
		return strings.Join(parts, "\n    UNION ALL ")
	}
	u := f.g.frameOver(f, &cte{above: nil, cols: nil, body: body})
	u.open.steps = append(u.open.steps, &namesOf{func() []string { return slices.Concat(keep.columns(), names, places) }})
	all := &rel{f: u, elem: relabel(elems[0], names)}
	for _, p := range places {
		all.order = append(all.order, p+" ASC")
	}
	return all
}

// namesOf only says which columns a base has.
type namesOf struct{ list func() []string }

func (n *namesOf) columns() []string { return n.list() }

// distinct drops equal elements.
func (f *frame) distinct(r *rel) *rel {
	elem := r.f.bind(r.elem)
	terms := append(slices.Clone(f.key), leaves(elem)...)
	terms = slices.DeleteFunc(terms, func(s string) bool { return isNullLit(s) || isConst(s) })
	c := r.f.close()
	d := f.g.frameOver(r.f, &cte{body: func() string {
		sql := "SELECT DISTINCT ON (" + join(terms) + ") * FROM " + c.name
		if len(r.order) > 0 { // the first of equal elements stays
			sql += " ORDER BY " + join(r.order)
		}
		return sql
	}})
	d.open.steps = append(d.open.steps, &namesOf{c.columns})
	return &rel{f: d, elem: elem, order: r.order}
}

// match keeps the elements of a that are in b (or are not): set operations on the
// elements' columns, nulls equal.
func (f *frame) match(a, b *rel, in bool) *rel {
	elems := f.g.unify([]value{a.elem, b.elem})
	left, right := leaves(a.f.bind(elems[0])), leaves(b.f.bind(elems[1]))
	c := b.f.close()
	var list, on []string
	for _, k := range f.key {
		name := f.g.column("key")
		list, on = append(list, k+" AS "+name), append(on, name+" = "+k)
	}
	for i, l := range right {
		name := f.g.column("m")
		list = append(list, l+" AS "+name)
		on = append(on, name+" IS NOT DISTINCT FROM "+left[i])
	}
	sql := "EXISTS (SELECT 1 FROM (SELECT " + strings.Join(list, ", ") + " FROM " + c.name + ") WHERE " + strings.Join(on, " AND ") + ")"
	if !in {
		sql = "NOT " + sql
	}
	a.f.where(sql)
	return &rel{f: a.f, elem: relabel(elems[0], left), order: a.order}
}
