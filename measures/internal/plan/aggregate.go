package plan

import (
	"slices"
	"strconv"

	"farr/measures/internal/elm"
)

// exists is whether a list has an element that is not null.
func (f *frame) exists(l listV) expr {
	r := l.make(f)
	switch r.elem.(type) {
	case resV, childV, listV:
	default:
		r.f.where(notNull(r.elem))
	}
	return present(f.back(r, yes)[0])
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
	if n.Type == "Exists" {
		if some := f.someConcept(operand, e); !some.none() {
			return boolV{some}
		}
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
			return boolV{no}
		case conceptsV:
			return boolV{apply(opHasConcepts, x.list)}
		case partV:
			return boolV{yes}
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
		if n.Type == "SingletonFrom" {
			f.severalIssue(r, n, e)
		}
		return f.backOne(r, n.Type == "Last", n.Type == "SingletonFrom")
	case "AnyTrue":
		r := l.make(f)
		r.f.where(truth(r.f.truthOf(r.elem, n, e)))
		return boolV{present(f.back(r, yes)[0])}
	case "AllTrue":
		r := l.make(f)
		r.f.where(truth(not(r.f.truthOf(r.elem, n, e))))
		return boolV{not(present(f.back(r, yes)[0]))}
	case "Count":
		r := l.make(f)
		nn := r.f.bindExpr(notNull(r.elem), "there")
		return numV{num: first(f.back(r, apply(opCountIf, nn))[0], whole(0)), integer: true}
	case "Sum", "Min", "Max", "Avg":
		if v := f.extreme(l, n.Type); v != nil {
			return v
		}
		r := l.make(f)
		fold := map[string]op{"Sum": opSum, "Min": opMin, "Max": opMax, "Avg": opAvg}[n.Type]
		r.elem = r.f.bind(certain(dateOf(r.elem)))
		switch x := r.elem.(type) {
		case numV:
			if whole := x.integer && n.Type != "Avg"; !whole {
				return numV{num: rounded(decimal(f.back(r, apply(fold, x.num))[0]))}
			}
			return numV{num: f.back(r, apply(fold, x.num))[0], integer: true}
		case qtyV:
			return f.foldUnits(n.Type, fold, r, x, func() *rel {
				again := l.make(f)
				again.elem = again.f.bind(certain(dateOf(again.elem)))
				return again
			})
		case dateV:
			order := opDescending
			if n.Type == "Min" {
				order = opAscending
			}
			return f.backOne(&rel{f: r.f, elem: x, order: []expr{apply(order, x.lo)}}, false, false)
		case nullV:
			return nullV{}
		default:
			return g.fail(e, n, "%s of %s is not supported", n.Type, typeName(x))
		}
	case "Indexer":
		at, ok := f.bind(certain(f.value(n.Operand[1], e))).(numV)
		r := l.make(f)
		if !ok || hasList(r.elem) {
			break
		}
		elem := r.f.bind(r.elem)
		order := r.order
		if len(order) == 0 {
			order = r.f.ties(elem)
		}
		order = orderOf(&rel{elem: elem, order: order})
		place := r.f.bindExpr(rowNumber(f.key, order), "index")
		r.f.where(equal(place, apply(opAdd, at.num, whole(1))))
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
		items[i] = certain(dateOf(v))
	}
	items = f.g.unify(items)
	if _, ok := items[0].(qtyV); ok { // several units are brought together as rows
		return nil
	}
	best := f.bind(items[0])
	for _, next := range items[1:] {
		next = f.bind(next)
		a, b := best, next
		if which == "Min" {
			a, b = b, a
		}
		above := f.g.less(a, b, "", false)
		if d, ok := a.(dateV); ok {
			above = apply(opLess, d.lo, b.(dateV).lo)
		}
		if above.none() {
			return nil
		}
		best = f.bind(f.g.choose([]expr{and(notNull(next), or(not(notNull(best)), truth(above))), yes}, []value{next, best}))
	}
	return best
}

func (f *frame) intersect(n *elm.Node, e *env) value {
	a, b := f.value(n.Operand[0], e), f.value(n.Operand[1], e)
	if x, ok := a.(intervalV); ok {
		if y, ok := b.(intervalV); ok {
			x, y = f.bind(x).(intervalV), f.bind(y).(intervalV)
			starts, ends := f.g.less(x.s, y.e, "", true), f.g.less(y.s, x.e, "", true)
			if starts.none() || ends.none() {
				return f.g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
			}
			overlap := truth(and(starts, ends))
			s := f.g.choose([]expr{truth(f.g.less(x.s, y.s, "", true)), yes}, []value{y.s, x.s})
			en := f.g.choose([]expr{truth(f.g.less(x.e, y.e, "", true)), yes}, []value{x.e, y.e})
			return f.g.choose([]expr{overlap}, []value{intervalV{s: s, e: en, sUnk: or(x.sUnk, y.sUnk), eUnk: or(x.eUnk, y.eUnk), nn: overlap}})
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
	gap := func(x expr) expr { return node(opPlus, "millisecond", x, whole(1)) }
	if s.date || s.toDay() {
		gap = func(x expr) expr { return node(opPlus, "day", x, whole(1)) }
	}
	if len(n.Operand) > 1 {
		if q, ok := f.value(n.Operand[1], e).(qtyV); ok && isConst(q.num) && isConst(q.unit) && q.unit != text("1") {
			gap = func(x expr) expr { return shift(x, q, opPlus) }
		}
	}
	r.f.where(i.nn)
	window := func(of op, x expr) expr {
		return node(of, strconv.Itoa(len(f.key)), slices.Concat([]expr{x}, f.key, []expr{apply(opAscending, s.lo), apply(opAscending, en.last())})...)
	}
	before := r.f.bindExpr(window(opMaxBefore, en.last()), "before")
	fresh := r.f.bindExpr(caseOf([]expr{or(not(present(before)), apply(opGreater, s.lo, gap(before))), yes}, []expr{whole(1), whole(0)}), "fresh")
	island := r.f.bindExpr(window(opRunningSum, fresh), "island")
	c := r.f.close()
	names := []string{f.g.column("low"), f.g.column("low_last"), f.g.column("low_prec"), f.g.column("high"), f.g.column("high_last"), f.g.column("high_prec")}
	list := asNamed([]expr{apply(opMin, s.lo), apply(opMin, s.last()), apply(opMin, s.prec), apply(opMax, en.lo), apply(opMax, en.last()), apply(opMin, en.prec)}, names)
	b := &groupBody{from: c, by: append(slices.Clone(f.key), island), any: f.close(), list: list}
	at := columns(names)
	// An end that is one moment is precise, whatever the others of its island are.
	precise := func(lo, hi, prec expr) expr { return caseOf([]expr{truth(equal(lo, hi)), yes}, []expr{whole(6), prec}) }
	low, high := dateV{at[0], at[1], precise(at[0], at[1], at[2]), s.date}, dateV{at[3], at[4], precise(at[3], at[4], at[5]), en.date}
	if s.exact() {
		low.hi = expr{}
	}
	if en.exact() {
		high.hi = expr{}
	}
	return &rel{f: f.g.frameOver(f, &cte{body: b}), elem: intervalV{s: low, e: high, sUnk: no, eUnk: no, nn: yes}, order: []expr{apply(opAscending, at[0])}}
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
	if len(n.Operand) > 1 {
		switch per := f.value(n.Operand[1], e).(type) {
		case nullV:
		case qtyV:
			if per.num != whole(1) && !isNull(per.num) {
				f.g.fail(e, n, "Expand per another quantity than 1 is not supported")
			}
		default:
			f.g.fail(e, n, "Expand per %s is not supported", typeName(per))
		}
	}
	integer := func(x expr) expr { return cast(x, null(typeInteger)) }
	x := r.f.unnest(apply(opRange, integer(s.num), apply(opAdd, integer(en.num), whole(1))), "n")
	p := numV{num: x, integer: true}
	return &rel{f: r.f, elem: intervalV{s: p, e: p, sUnk: no, eUnk: no, nn: yes}, order: []expr{apply(opAscending, x)}}
}
