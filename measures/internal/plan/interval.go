package plan

import (
	"cmp"
	"math/big"

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
	if a, ok := low.(numV); ok && isConst(a.num) {
		if b, ok := high.(numV); ok && isConst(b.num) {
			x, _ := new(big.Rat).SetString(a.num.text())
			y, _ := new(big.Rat).SetString(b.num.text())
			open := n.LowClosed != nil && !*n.LowClosed || n.HighClosed != nil && !*n.HighClosed
			if x.Cmp(y) > 0 || x.Cmp(y) == 0 && open { // CQL 1.5, "Interval": a run-time error
				return f.g.fail(e, n, "the interval ends before it begins")
			}
		}
	}
	if isTypedNull(low) && isTypedNull(high) && n.LowClosed != nil && *n.LowClosed && n.HighClosed != nil && *n.HighClosed {
		return maximum(low)
	}
	v := f.g.makeInterval(low, high, flag(n.LowClosed, n.LowClosedExpression), flag(n.HighClosed, n.HighClosedExpression))
	if v == nil {
		return f.g.fail(e, n, "intervals of %s are not supported", typeName(low))
	}
	return v
}

// isTypedNull is whether a value is known to be null, and its type known.
func isTypedNull(v value) bool {
	switch v := v.(type) {
	case numV:
		return isNull(v.num)
	case dateV:
		return isNull(v.lo)
	}
	return false
}

// maximum is the interval of all values of a type, which two closed ends that are null mean.
func maximum(v value) value {
	switch v := v.(type) {
	case numV:
		low, high := v, v
		low.num, high.num = v.ends()
		return intervalV{s: low, e: high, sUnk: no, eUnk: no, nn: yes}
	case dateV:
		low, high := v, v
		low.lo, high.lo = v.ends()
		return intervalV{s: low, e: high, sUnk: no, eUnk: no, nn: yes}
	}
	return nil
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
		least, greatest := l.ends()
		s, sUnk := endDate(l, lowClosed, least, opPlus, h.last(), nn)
		en, eUnk := endDate(h, highClosed, greatest, opMinus, l.lo, nn)
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
		least, greatest := l.ends()
		s, sUnk := endNumber(l.num, lowClosed, least, opAdd, stepBy, nn)
		en, eUnk := endNumber(h.num, highClosed, greatest, opSubtract, stepBy, nn)
		low, high := numV{num: s, integer: l.integer, long: l.long}, numV{num: en, integer: h.integer, long: h.long}
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
	beside := d.beside(into)
	at := func(x, y expr, low bool) expr {
		rest := edge
		if d.date { // of a day the first moment and the last
			if rest = truncated("day", edge); !low {
				rest = endOfDay(edge)
			}
		}
		return caseOf([]expr{and(there, closed), there, and(nn, or(closed, boolean(low == (into == opPlus)))), nn}, []expr{x, y, rest, other})
	}
	out := dateV{lo: at(d.lo, beside.lo, true), prec: d.prec, date: d.date, time: d.time}
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

// beside is a date one step later or earlier, by its own precision (CQL 1.5, "Successor", "Predecessor").
func (d dateV) beside(into op) dateV {
	step := func(x expr) expr {
		switch {
		case isNull(x):
			return x
		case d.exact():
			return node(into, "millisecond", x, whole(1))
		case isConst(d.prec):
			unit := map[float64]string{1: "year", 2: "month", 3: "day", toHour: "hour", 4: "minute"}[level(d.prec)]
			return node(into, cmp.Or(unit, "millisecond"), x, whole(1))
		}
		return apply(map[op]op{opPlus: opLater, opMinus: opEarlier}[into], x, d.prec)
	}
	out := dateV{lo: step(d.lo), prec: d.prec, date: d.date, time: d.time}
	switch {
	case d.exact():
	case isNull(d.hi):
		out.hi = d.hi
	default: // the moment before the first of the next
		out.hi = node(opMinus, "millisecond", step(node(opPlus, "millisecond", d.hi, whole(1))), whole(1))
	}
	return out
}

// next is the point after a point; of dates by the precision that is asked for, else by
// their own. Beyond the ends of the type it is no value of it, and equals none. Nil where the type has none.
func next(v value, precision string) value { return neighborOf(v, opPlus, precision) }

// previous is the point before a point.
func previous(v value) value { return neighborOf(v, opMinus, "") }

func neighborOf(v value, into op, precision string) value {
	add := map[op]op{opPlus: opAdd, opMinus: opSubtract}[into]
	switch v := v.(type) {
	case dateV:
		if precision == "" {
			return v.beside(into)
		}
		by := func(x expr) expr { return node(into, precisions[precision].part, x, whole(1)) }
		out := dateV{lo: by(v.lo), prec: v.prec, date: v.date, time: v.time}
		if !v.exact() {
			out.hi = by(v.hi)
		}
		return out
	case numV:
		by := smallest
		if v.integer {
			by = whole(1)
			v = mapLeaves(v, func(x expr) expr { return cast(x, v.wide()) }).(numV)
		}
		out := numV{num: apply(add, v.num, by), integer: v.integer, long: v.long}
		if !v.hi.none() {
			out.hi = apply(add, v.hi, by)
		}
		return out
	case qtyV:
		return qtyV{rounded(apply(add, v.num, smallest)), v.unit}
	}
	return nil
}

// endNumber is the same of a number.
func endNumber(x, closed, edge expr, into op, step, nn expr) (end, unk expr) {
	there := present(x)
	return caseOf([]expr{and(there, closed), there, nn}, []expr{x, apply(into, x, step), edge}), and(not(there), not(closed))
}
