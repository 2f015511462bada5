package plan

import (
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
	if s, ok := v.(strV); ok && n.Type == "Indexer" {
		at := f.number(n.Operand[1], e)
		if at.none() {
			return f.g.fail(e, n, "Indexer at a place that is no Integer is not supported")
		}
		return f.character(f.bind(s).(strV), numV{num: at, integer: true})
	}
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
	case "Mode":
		return f.mode(n, e, l)
	case "Median", "StdDev", "PopulationStdDev", "Variance", "PopulationVariance", "GeometricMean", "Product":
		return f.statistic(n, e, l)
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
			return numV{num: f.inEnds(f.back(r, apply(fold, x.num))[0], x), integer: true, long: x.long}
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
		place := f.placed(&rel{f: r.f, elem: elem, order: r.order})
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
	if x, y, ok := f.twoIntervals(a, b); ok {
		return f.combined(n, e, x, y)
	}
	l, m := f.asList(a, n, e), f.asList(b, n, e)
	return listV{make: func(at *frame) *rel { return at.distinct(at.match(l.make(at), m.make(at), true)) }}
}
