package plan

import (
	"farr/measures/internal/elm"
)

// exists is whether a list has an element that is not null.
func (f *frame) exists(l listV) string {
	r := l.make(f)
	switch r.elem.(type) {
	case resV, childV, listV:
	default:
		r.f.where(notNull(r.elem))
	}
	return "(" + f.back(r, "true")[0] + " IS NOT NULL)"
}

func (f *frame) aggregate(n *elm.Node, e *env) value {
	g := f.g
	operand := n
	switch {
	case len(n.Source) > 0:
		operand = n.Source[0]
	case len(n.Operand) > 0:
		operand = n.Operand[0]
	}
	v := f.value(operand, e)
	switch n.Type {
	case "First", "Last", "SingletonFrom":
		switch v.(type) {
		case refV, strV, partV, nullV:
			return v // the last part of a split reference, a folded element
		}
	case "Exists":
		switch x := v.(type) {
		case nullV:
			return boolV{"false"}
		case conceptsV:
			return boolV{truth(x.list + " IN (SELECT list FROM concept_list)")}
		case partV:
			return boolV{"true"}
		}
	}
	l := f.asList(v, n, e)
	switch n.Type {
	case "Exists":
		return boolV{f.exists(l)}
	case "First", "Last", "SingletonFrom":
		if l.lit && len(l.items) == 1 {
			return l.items[0]
		}
		if l.end != nil && n.Type != "SingletonFrom" {
			return f.bind(l.end(n.Type == "Last"))
		}
		r := l.make(f)
		if r.elem = r.f.pack(r.elem); hasList(r.elem) {
			return g.fail(e, n, "%s of a list of lists is not supported", n.Type)
		}
		return f.backOne(r, n.Type == "Last", n.Type == "SingletonFrom")
	case "AnyTrue":
		r := l.make(f)
		if b, ok := r.elem.(boolV); ok {
			r.f.where(truth(b.sql))
		}
		return boolV{"(" + f.back(r, "true")[0] + " IS NOT NULL)"}
	case "AllTrue":
		r := l.make(f)
		if b, ok := r.elem.(boolV); ok {
			r.f.where("NOT coalesce(" + b.sql + ", true)")
		}
		return boolV{"(" + f.back(r, "true")[0] + " IS NULL)"}
	case "Count":
		r := l.make(f)
		nn := r.f.bindSQL(notNull(r.elem), "there")
		return numV{"coalesce(" + f.back(r, "count(*) FILTER (WHERE "+nn+")")[0] + ", 0)", true}
	case "Sum", "Min", "Max", "Avg":
		if v := f.extreme(l, n.Type); v != nil {
			return v
		}
		r := l.make(f)
		fold := map[string]string{"Sum": "sum", "Min": "min", "Max": "max", "Avg": "avg"}[n.Type]
		r.elem = r.f.bind(dateOf(r.elem))
		switch x := r.elem.(type) {
		case numV:
			return numV{f.back(r, fold+"("+x.sql+")")[0], x.integer && n.Type != "Avg"}
		case qtyV:
			names := f.back(r, fold+"("+x.num+")", "min("+x.unit+")")
			return qtyV{names[0], names[1]}
		case dateV:
			if n.Type == "Min" {
				return f.backOne(&rel{f: r.f, elem: x, order: []string{x.lo + " ASC NULLS LAST"}}, false, false)
			}
			return f.backOne(&rel{f: r.f, elem: x, order: []string{x.lo + " DESC NULLS LAST"}}, false, false)
		case nullV:
			return nullV{}
		default:
			return g.fail(e, n, "%s of %s is not supported", n.Type, typeName(x))
		}
	case "Indexer":
		r := l.make(f)
		i, ok := f.value(n.Operand[1], e).(numV)
		if !ok || hasList(r.elem) {
			break
		}
		elem := r.f.bind(r.elem)
		order := orderOf(&rel{elem: elem, order: r.order})
		at := r.f.bindSQL("row_number() OVER (PARTITION BY "+join(f.key)+" ORDER BY "+join(order)+")", "index")
		r.f.where(at + " = " + i.sql + " + 1")
		return f.backOne(&rel{f: r.f, elem: elem}, false, false)
	}
	return g.fail(e, n, "ELM node %s is not supported here", n.Type)
}

// extreme is the greatest or least of a list that is written out, as a scalar; nil
// where it has no such list. Nulls are passed over, as in every aggregate.
func (f *frame) extreme(l listV, which string) value {
	if !l.lit || len(l.items) == 0 || which != "Max" && which != "Min" {
		return nil
	}
	items := make([]value, len(l.items))
	for i, v := range l.items {
		items[i] = dateOf(v)
	}
	items = f.g.unify(items)
	best := f.bind(items[0])
	for _, next := range items[1:] {
		next = f.bind(next)
		a, b := best, next
		if which == "Min" {
			a, b = b, a
		}
		above := f.g.less(a, b, "", false)
		if d, ok := a.(dateV); ok {
			above = "(" + d.lo + " < " + b.(dateV).lo + ")"
		}
		if above == "" {
			return nil
		}
		best = f.bind(f.g.choose([]string{and(notNull(next), or(not(notNull(best)), truth(above))), "true"}, []value{next, best}))
	}
	return best
}

func (f *frame) intersect(n *elm.Node, e *env) value {
	a, b := f.value(n.Operand[0], e), f.value(n.Operand[1], e)
	if x, ok := a.(intervalV); ok {
		if y, ok := b.(intervalV); ok {
			x, y = f.bind(x).(intervalV), f.bind(y).(intervalV)
			overlap := truth(and(f.g.less(x.s, y.e, "", true), f.g.less(y.s, x.e, "", true)))
			s := f.g.choose([]string{truth(f.g.less(x.s, y.s, "", true)), "true"}, []value{y.s, x.s})
			en := f.g.choose([]string{truth(f.g.less(x.e, y.e, "", true)), "true"}, []value{x.e, y.e})
			return f.g.choose([]string{overlap}, []value{intervalV{s, en, or(x.sUnk, y.sUnk), or(x.eUnk, y.eUnk), overlap}})
		}
	}
	l, m := f.asList(a, n, e), f.asList(b, n, e)
	return listV{make: func(at *frame) *rel { return at.distinct(at.match(l.make(at), m.make(at), true)) }}
}

// collapse merges intervals that overlap or meet: gaps and islands.
func (f *frame) collapse(r *rel, n *elm.Node, e *env) *rel {
	i, ok := r.f.bind(r.elem).(intervalV)
	s, isDate := i.s.(dateV)
	en, isDate2 := i.e.(dateV)
	if !ok || !isDate || !isDate2 {
		f.g.fail(e, n, "Collapse of %s is not supported", typeName(r.elem))
		return r
	}
	gap := "INTERVAL 1 MILLISECOND"
	if s.date || s.prec == "3" {
		gap = "INTERVAL 1 DAY"
	}
	if len(n.Operand) > 1 {
		if q, ok := f.value(n.Operand[1], e).(qtyV); ok && isConst(q.num) && isConst(q.unit) && q.unit != "'1'" {
			gap = shiftInterval(q)
		}
	}
	key := join(f.key)
	r.f.where(i.nn)
	before := r.f.bindSQL("max("+en.hi+") OVER (PARTITION BY "+key+" ORDER BY "+s.lo+", "+en.hi+" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)", "before")
	fresh := r.f.bindSQL("CASE WHEN "+before+" IS NULL OR "+s.lo+" > "+before+" + "+gap+" THEN 1 ELSE 0 END", "fresh")
	island := r.f.bindSQL("sum("+fresh+") OVER (PARTITION BY "+key+" ORDER BY "+s.lo+", "+en.hi+" ROWS UNBOUNDED PRECEDING)", "island")
	c := r.f.close()
	keep := f.close()
	names := []string{f.g.column("low"), f.g.column("high"), f.g.column("last")}
	body := func() string {
		cols := ""
		for _, k := range keep.columns() {
			cols += "any_value(" + k + ") AS " + k + ", "
		}
		return "SELECT " + cols + "min(" + s.lo + ") AS " + names[0] + ", max(" + en.lo + ") AS " + names[1] + ", max(" + en.hi + ") AS " + names[2] + " FROM " + c.name + " GROUP BY " + key + ", " + island
	}
	u := f.g.frameOver(f, &cte{body: body})
	u.open.steps = append(u.open.steps, &namesOf{func() []string { return append(append([]string{}, keep.columns()...), names...) }})
	low := partial(names[0], constPrec(s.prec), s.date)
	high := dateV{names[1], names[2], constPrec(en.prec), en.date}
	if en.lo == en.hi {
		high.hi = high.lo
	}
	return &rel{f: u, elem: intervalV{low, high, "false", "false", "true"}, order: []string{names[0] + " ASC"}}
}

func constPrec(p string) string {
	if isConst(p) {
		return p
	}
	return "6"
}

func shiftInterval(q qtyV) string {
	return "INTERVAL " + trimNumber(q.num) + " " + unquoted(q.unit)
}

// expand gives the unit intervals of intervals of integers.
func (f *frame) expand(r *rel, n *elm.Node, e *env) *rel {
	i, ok := r.f.bind(r.elem).(intervalV)
	s, isNum := i.s.(numV)
	en, isNum2 := i.e.(numV)
	if !ok || !isNum || !isNum2 {
		f.g.fail(e, n, "Expand of %s is not supported", typeName(r.elem))
		return r
	}
	x := r.f.unnest("range(CAST("+s.sql+" AS BIGINT), CAST("+en.sql+" AS BIGINT) + 1)", "n")
	p := numV{x, true}
	return &rel{f: r.f, elem: intervalV{p, p, "false", "false", "true"}, order: []string{x + " ASC"}}
}
