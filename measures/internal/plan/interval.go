package plan

import (
	"farr/measures/internal/elm"
)

// interval normalises an interval's ends: closed, at the type's ends where a
// closed boundary is null, uncertain where an open one is.
func (f *frame) interval(n *elm.Node, e *env) value {
	flag := func(b *bool, x *elm.Node) expr {
		if x != nil {
			return truth(f.bool(x, e))
		}
		if b != nil && !*b {
			return no
		}
		return yes
	}
	low, high := f.bind(certain(onlyOf(f.value(n.Low, e)))), f.bind(certain(onlyOf(f.value(n.High, e))))
	v := f.g.makeInterval(low, high, flag(n.LowClosed, n.LowClosedExpression), flag(n.HighClosed, n.HighClosedExpression))
	if v == nil {
		return f.g.fail(e, n, "intervals of %s are not supported", typeName(low))
	}
	return v
}

// makeInterval is an interval of its ends as they are written; nil where there is none of
// their type.
func (g *gen) makeInterval(low, high value, lowClosed, highClosed expr) value {
	both := g.unify([]value{low, high})
	low, high = both[0], both[1]
	nn := or(notNull(low), notNull(high))
	switch l := low.(type) {
	case nullV:
		return intervalV{s: nullV{}, e: nullV{}, sUnk: null(typeBoolean), eUnk: null(typeBoolean), nn: no}
	case dateV:
		h := high.(dateV)
		if l == h && lowClosed == yes && highClosed == yes {
			return intervalV{s: l, e: h, sUnk: no, eUnk: no, nn: nn}
		}
		s, sUnk := endDate(l, lowClosed, minDate, opPlus, h.last(), nn)
		en, eUnk := endDate(h, highClosed, maxDate, opMinus, l.lo, nn)
		i := intervalV{s: s, e: en, sUnk: sUnk, eUnk: eUnk, nn: nn}
		if lowClosed != yes && lowClosed != notNull(l) {
			i.sOpen = and(notNull(l), not(lowClosed))
		}
		if highClosed != yes && highClosed != notNull(h) {
			i.eOpen = and(notNull(h), not(highClosed))
		}
		return i
	case numV:
		h := high.(numV)
		stepBy := whole(1)
		if !l.integer {
			stepBy = smallest
		}
		least, greatest := minInteger, maxInteger
		s, sUnk := endNumber(l.num, lowClosed, least, opAdd, stepBy, nn)
		en, eUnk := endNumber(h.num, highClosed, greatest, opSubtract, stepBy, nn)
		low, high := numV{num: s, integer: l.integer}, numV{num: en, integer: h.integer}
		if sUnk != no { // an open end that is null is any number up to the other
			low.hi = caseOf([]expr{and(sUnk, nn), yes}, []expr{h.num, s})
		}
		if eUnk != no {
			high.num, high.hi = caseOf([]expr{and(eUnk, nn), yes}, []expr{l.num, en}), en
		}
		return intervalV{s: low, e: high, sUnk: sUnk, eUnk: eUnk, nn: nn}
	case qtyV:
		h := high.(qtyV)
		s, sUnk := endNumber(l.num, lowClosed, number("-1e20"), opAdd, smallest, nn)
		en, eUnk := endNumber(h.num, highClosed, number("1e20"), opSubtract, smallest, nn)
		s, en = when(not(sUnk), s), when(not(eUnk), en) // an open end that is null is unknown
		lu, hu := l.unit, h.unit
		if isNull(lu) {
			lu = hu
		}
		if isNull(hu) {
			hu = lu
		}
		return intervalV{s: qtyV{s, lu}, e: qtyV{en, hu}, sUnk: sUnk, eUnk: eUnk, nn: nn}
	}
	return nil
}

// smallest is the step of Decimal (CQL 1.5, "Successor").
var smallest = number("0.00000001")

// endDate is an end of an interval that is written with a date, closed or not; edge is the
// type's end, away leads into the interval and other is the other end. An open end that is
// null is any moment up to the other.
func endDate(d dateV, closed, edge expr, into op, other, nn expr) (dateV, expr) {
	there := notNull(d)
	unk := and(not(there), not(closed))
	beside := beside(d, into)
	at := func(x, y expr, low bool) expr {
		rest := edge
		if d.date { // of a day the first moment and the last
			if rest = truncated("day", edge); !low {
				rest = endOfDay(edge)
			}
		}
		return caseOf([]expr{and(there, closed), there, and(nn, or(closed, boolean(low == (into == opPlus)))), nn}, []expr{x, y, rest, other})
	}
	out := dateV{lo: at(d.lo, beside.lo, true), prec: d.prec, date: d.date}
	if !d.exact() || unk != no || d.date {
		if hi := at(d.last(), beside.last(), false); hi != out.lo {
			out.hi = hi
		}
	}
	finest := whole(6)
	if d.date {
		finest = whole(3)
	}
	// What is any moment up to another is of no precision.
	out.prec = caseOf([]expr{there, not(unk)}, []expr{out.prec, finest})
	return out, unk
}

// beside is the date one step later or earlier, by its own precision (CQL 1.5, "Successor",
// "Predecessor").
func beside(d dateV, into op) dateV {
	out := dateV{lo: d.lo, prec: d.prec, date: d.date}
	step := func(unit string, x expr) expr { return node(into, unit, x, whole(1)) }
	by := func(x expr, last bool) expr {
		at := func(unit string) expr {
			if last { // the moment before the first of the next
				return node(opMinus, "millisecond", step(unit, node(opPlus, "millisecond", x, whole(1))), whole(1))
			}
			return step(unit, x)
		}
		switch {
		case isNull(x):
			return x
		case d.exact():
			return step("millisecond", x)
		case isConst(d.prec) && level(d.prec) <= 4:
			return at([]string{"year", "month", "day", "minute"}[level(d.prec)-1])
		}
		var conds, vals []expr
		for i, unit := range []string{"year", "month", "day", "minute"} {
			conds, vals = append(conds, equal(d.prec, whole(i+1))), append(vals, at(unit))
		}
		return caseOf(append(conds, yes), append(vals, step("millisecond", x)))
	}
	out.lo = by(d.lo, false)
	if !d.exact() {
		out.hi = by(d.hi, true)
	}
	return out
}

// next is the point after a point; of dates by the precision that is asked for, else by
// their own. Nil where the type has none.
func next(v value, precision string) value {
	switch v := v.(type) {
	case dateV:
		if precision == "" {
			return beside(v, opPlus)
		}
		step := func(x expr) expr { return node(opPlus, precisions[precision].part, x, whole(1)) }
		out := dateV{lo: step(v.lo), prec: v.prec, date: v.date}
		if !v.exact() {
			out.hi = step(v.hi)
		}
		return out
	case numV:
		by := smallest
		if v.integer {
			by = whole(1)
		}
		out := numV{num: apply(opAdd, v.num, by), integer: v.integer}
		if !v.hi.none() {
			out.hi = apply(opAdd, v.hi, by)
		}
		return out
	}
	return nil
}

// endNumber is the same of a number.
func endNumber(x, closed, edge expr, into op, step, nn expr) (end, unk expr) {
	there := present(x)
	return caseOf([]expr{and(there, closed), there, nn}, []expr{x, apply(into, x, step), edge}), and(not(there), not(closed))
}
