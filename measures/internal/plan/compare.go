package plan

import (
	"farr/measures/internal/elm"
)

// spanOf are the first and last moment of a date at a precision.
func spanOf(d dateV, prec string) (lo, hi expr) {
	if prec == "" {
		return d.lo, d.last()
	}
	part := precisions[prec].part
	return truncated(part, d.lo), truncated(part, d.last())
}

// exactly is whether two dates can be compared by their first moments alone.
func exactly(a, b dateV, prec string) bool {
	ok := func(d dateV) bool {
		return d.exact() || prec != "" && isConst(d.prec) && precisions[prec].level <= level(d.prec)
	}
	return ok(a) && ok(b) || prec == "" && isConst(a.prec) && a.prec == b.prec
}

// compareDates is one comparison of dates, of their moments at a precision.
func compareDates(x, y dateV, prec string, of op) expr {
	alo, ahi := spanOf(x, prec)
	blo, bhi := spanOf(y, prec)
	if exactly(x, y, prec) {
		return apply(of, alo, blo)
	}
	// Dates of one precision, or that are both precise enough, compare field by field; others
	// up to where one has no more fields, and when they are equal so far it is null.
	known := yes
	for _, span := range [][2]expr{{alo, ahi}, {blo, bhi}} {
		if span[0] != span[1] {
			known = and(known, equal(span[0], span[1]))
		}
	}
	if prec == "" {
		known = or(equal(x.prec, y.prec), known)
	}
	return caseOf([]expr{known, apply(opLess, ahi, blo), apply(opGreater, alo, bhi)}, []expr{apply(of, alo, blo), boolean(of != opEqual), no})
}

// compareNumbers is one comparison of numbers.
func compareNumbers(x, y numV, of op) expr {
	if x.hi.none() && y.hi.none() {
		return apply(of, x.num, y.num)
	}
	return caseOf(uncertainly(of, x.num, x.last(), y.num, y.last()))
}

// uncertainly says when a comparison of what lies between two bounds each is true and
// when it is false; between the two it is null (CQL 1.5, "Uncertainty").
func uncertainly(of op, alo, ahi, blo, bhi expr) (conds, vals []expr) {
	vals = []expr{yes, no}
	switch of {
	case opLess:
		return []expr{apply(opLess, ahi, blo), apply(opGreaterOrEqual, alo, bhi)}, vals
	case opLessOrEqual:
		return []expr{apply(opLessOrEqual, ahi, blo), apply(opGreater, alo, bhi)}, vals
	}
	return []expr{and(equal(alo, ahi), equal(blo, bhi), equal(alo, blo)), or(apply(opLess, ahi, blo), apply(opGreater, alo, bhi))}, vals
}

// less is a < b, or a <= b, of two points; none when the types do not compare.
func (g *gen) less(a, b value, prec string, orEqual bool) expr {
	of := opLess
	if orEqual {
		of = opLessOrEqual
	}
	switch x := a.(type) {
	case dateV:
		if y, ok := b.(dateV); ok {
			return compareDates(x, y, prec, of)
		}
	case numV:
		switch y := b.(type) {
		case numV:
			return compareNumbers(x, y, of)
		case qtyV:
			return apply(of, certain(x).(numV).num, y.num)
		}
	case strV:
		if y, ok := b.(strV); ok {
			return apply(of, x.text, y.text)
		}
	case qtyV:
		switch y := b.(type) {
		case qtyV:
			l, r := commonUnit(x, y)
			return apply(of, l, r)
		case numV:
			return apply(of, x.num, certain(y).(numV).num)
		}
	}
	return expr{}
}

func (f *frame) compare(n *elm.Node, e *env) value {
	g := f.g
	a, b := f.bind(f.value(n.Operand[0], e)), f.bind(f.value(n.Operand[1], e))
	if n.Type == "Equivalent" || n.Type == "Equal" || n.Type == "NotEqual" {
		return f.equality(n, e, a, b)
	}
	a, b = pointOf(a, b), pointOf(b, a)
	for _, v := range []value{a, b} {
		if _, ok := v.(nullV); ok {
			return boolV{null(typeBoolean)}
		}
	}
	if kindOf(a) == "interval" || kindOf(b) == "interval" { // an interval of nulls, of which nothing is known
		return boolV{null(typeBoolean)}
	}
	ia, aIs := a.(intervalV)
	ib, bIs := b.(intervalV)
	aStart, aEnd, bStart, bEnd := a, a, b, b
	if aIs {
		aStart, aEnd = ia.s, ia.e
	}
	if bIs {
		bStart, bEnd = ib.s, ib.e
	}
	var is expr
	p := n.Precision
	cmp := func(x, y value, orEqual bool) expr {
		s := g.less(x, y, p, orEqual)
		if s.none() {
			g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
			return null(typeBoolean)
		}
		return s
	}
	same := func(x, y value) expr {
		s := g.equal(x, y, p)
		if s.none() {
			g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
			return null(typeBoolean)
		}
		return s
	}
	switch n.Type {
	case "Less", "Before":
		is = cmp(aEnd, bStart, false)
	case "LessOrEqual":
		is = cmp(a, b, true)
	case "SameOrBefore":
		is = cmp(aEnd, bStart, true)
	case "Greater", "After":
		is = cmp(bEnd, aStart, false)
	case "GreaterOrEqual":
		is = cmp(b, a, true)
	case "SameOrAfter":
		is = cmp(bEnd, aStart, true)
	case "SameAs":
		is = same(a, b)
	case "Overlaps":
		is = and(cmp(aStart, bEnd, true), cmp(bStart, aEnd, true))
	case "OverlapsBefore":
		is = and(cmp(aStart, bStart, false), cmp(bStart, aEnd, true))
	case "OverlapsAfter":
		is = and(cmp(bEnd, aEnd, false), cmp(aStart, bEnd, true))
	case "Meets", "MeetsBefore", "MeetsAfter":
		before, after := no, no
		if p := next(aEnd, p); p != nil && n.Type != "MeetsAfter" {
			before = same(p, bStart)
		}
		if p := next(bEnd, p); p != nil && n.Type != "MeetsBefore" {
			after = same(p, aStart)
		}
		if is = or(before, after); is == no {
			return g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
		}
	case "Starts":
		is = and(same(aStart, bStart), cmp(aEnd, bEnd, true))
	case "Ends":
		is = and(same(aEnd, bEnd), cmp(bStart, aStart, true))
	default:
		return g.fail(e, n, "ELM node %s is not supported", n.Type)
	}
	return boolV{is}
}
