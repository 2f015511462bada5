package plan

import (
	"farr/measures/internal/elm"
)

// twoIntervals are the operands of Union, Intersect or Except where they are intervals.
func (f *frame) twoIntervals(a, b value) (x, y intervalV, ok bool) {
	i, one := a.(intervalV)
	j, two := b.(intervalV)
	if !one || !two {
		return intervalV{}, intervalV{}, false
	}
	return f.bind(i).(intervalV), f.bind(j).(intervalV), true
}

// combined is the union, the intersection or the difference of two intervals (CQL 1.5, "Interval
// Operators"): null where it is no interval. With an interval of nulls it is null.
func (f *frame) combined(n *elm.Node, e *env, x, y intervalV) value {
	if kindOf(x) == "interval" || kindOf(y) == "interval" {
		return nullV{}
	}
	g := f.g
	failed := false
	less := func(a, b value, orEqual bool) expr {
		is := expr{}
		if a != nil && b != nil {
			is = g.less(a, b, "", orEqual)
		}
		if is.none() {
			failed = true
			return no
		}
		return is
	}
	pick := func(a, b value, first bool) value { // the lesser or the greater
		is := truth(less(a, b, true))
		if !first {
			is = truth(less(b, a, true))
		}
		return g.choose([]expr{is, yes}, []value{a, b})
	}
	var out value
	overlap := and(less(x.s, y.e, true), less(y.s, x.e, true))
	switch n.Type {
	case "Intersect":
		out = intervalV{s: pick(x.s, y.s, false), e: pick(x.e, y.e, true), sUnk: or(x.sUnk, y.sUnk), eUnk: or(x.eUnk, y.eUnk), nn: truth(overlap)}
		out = g.choose([]expr{truth(overlap)}, []value{out})
	case "Union":
		one := truth(or(overlap, g.equalOr(next(x.e, ""), y.s), g.equalOr(next(y.e, ""), x.s)))
		one = and(one, truth(x.nn), truth(y.nn))
		out = g.choose([]expr{one}, []value{intervalV{s: pick(x.s, y.s, true), e: pick(x.e, y.e, false), sUnk: or(x.sUnk, y.sUnk), eUnk: or(x.eUnk, y.eUnk), nn: one}})
	case "Except":
		before, after := previous(y.s), next(y.e, "")
		if before == nil || after == nil {
			failed = true
			break
		}
		there := and(truth(x.nn), truth(y.nn))
		apart := and(there, truth(not(overlap)))
		head := and(there, truth(less(x.s, y.s, false)), truth(less(x.e, y.e, true)))
		tail := and(there, truth(less(y.e, x.e, false)), truth(less(y.s, x.s, true)))
		out = g.choose([]expr{apart, head, tail}, []value{x, intervalV{s: x.s, e: before, sUnk: x.sUnk, eUnk: y.sUnk, nn: x.nn, sOpen: x.sOpen}, intervalV{s: after, e: x.e, sUnk: y.eUnk, eUnk: x.eUnk, nn: x.nn, eOpen: x.eOpen}})
	}
	if failed {
		return g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(x), typeName(y))
	}
	return out
}

// equalOr is equality, and false where the types do not compare.
func (g *gen) equalOr(a, b value) expr {
	if a == nil {
		return no
	}
	if is := g.equal(a, b, ""); !is.none() {
		return is
	}
	return no
}

// pointFrom is the only point of an interval (CQL 1.5, "Point From"); null where it has more.
func (f *frame) pointFrom(n *elm.Node, e *env) value {
	switch v := f.bind(onlyOf(f.value(n.Operand[0], e))).(type) {
	case intervalV:
		if kindOf(v) == "interval" {
			return nullV{}
		}
		one := f.g.equal(v.s, v.e, "")
		if one.none() {
			return f.g.fail(e, n, "PointFrom of %s is not supported", typeName(v))
		}
		return guarded(truth(and(v.nn, one)), v.s)
	default:
		return f.ofNull(n, e, []value{v})
	}
}
