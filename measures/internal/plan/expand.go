package plan

import (
	"math/big"
	"strings"

	"farr/measures/internal/elm"
)

// expandNode compiles Expand (CQL 1.5, "Expand"): of a list of intervals the intervals of one width that they
// hold, of one interval the points at which these begin.
func (f *frame) expandNode(n *elm.Node, e *env) value {
	v := onlyOf(f.value(n.Operand[0], e))
	i, points := v.(intervalV)
	if _, none := v.(nullV); none || points && kindOf(i) == "interval" {
		return nullV{}
	}
	l := f.asList(f.oneAsList(v), n, e)
	return listV{make: func(at *frame) *rel {
		r := at.expand(l.make(at), n, e)
		if i, ok := r.elem.(intervalV); ok && points {
			r.elem = i.s
		}
		return r
	}}
}

// expand gives the intervals of one width within those of a list. An end that is unknown, or that of the
// type, leaves nothing: there is no list so long.
func (f *frame) expand(r *rel, n *elm.Node, e *env) *rel {
	i, ok := r.f.bind(r.elem).(intervalV)
	if _, none := r.elem.(nullV); none || ok && kindOf(i) == "interval" {
		return nothing(r)
	}
	per := value(nullV{})
	if len(n.Operand) > 1 {
		per = f.value(n.Operand[1], e)
	}
	q, isQuantity := per.(qtyV)
	if isQuantity && isNull(q.num) {
		per, isQuantity = nullV{}, false
	}
	if _, none := per.(nullV); !none && (!isQuantity || !isConst(q.num) || !isConst(q.unit)) {
		f.g.fail(e, n, "Expand per a quantity that is not known beforehand is not supported")
		return nothing(r)
	}
	switch s := i.s.(type) {
	case numV:
		if !isQuantity || q.unit == text("1") {
			r.f.where(i.nn)
			return f.expandNumbers(r, certain(s).(numV), certain(i.e).(numV), q.num, n, e)
		}
	case dateV:
		r.f.where(and(i.nn, not(truth(i.sUnk)), not(truth(i.eUnk))))
		return f.expandDates(r, s, i.e.(dateV), q, n, e)
	}
	f.g.fail(e, n, "Expand of %s is not supported", typeName(r.elem))
	return nothing(r)
}

// expandNumbers cuts intervals of numbers at the places behind the point that the width has; of integers
// each is as wide as one.
func (f *frame) expandNumbers(r *rel, s, en numV, width expr, n *elm.Node, e *env) *rel {
	least, greatest := s.ends()
	r.f.where(and(truth(apply(opGreater, s.num, least)), truth(apply(opLess, en.num, greatest))))
	places := 0
	switch {
	case width.none() && !s.integer:
		f.g.fail(e, n, "Expand of Decimals without a width is not supported")
		return nothing(r)
	case width.none():
		width = whole(1)
	default:
		_, fraction, _ := strings.Cut(width.text(), ".")
		places = len(strings.TrimRight(fraction, "0"))
	}
	if by, ok := new(big.Rat).SetString(width.text()); !ok || by.Sign() <= 0 || places > 8 {
		f.g.fail(e, n, "Expand needs a width that is more than nothing, of 8 places")
		return nothing(r)
	}
	count := func(span expr) expr {
		return cast(apply(opFloor, rounded(apply(opDivide, span, decimal(width)))), null(typeInteger))
	}
	if s.integer && places == 0 {
		low, high := cast(s.num, s.wide()), cast(en.num, s.wide())
		of := count(decimal(apply(opAdd, apply(opSubtract, high, low), whole(1))))
		k := r.f.unnest(apply(opRange, whole(0), of), "n")
		step := number(strings.TrimSuffix(width.text(), ".0"))
		at := r.f.bindExpr(cast(apply(opAdd, low, apply(opMultiply, k, step)), null(typeInteger)), "low")
		top := apply(opSubtract, apply(opAdd, at, step), whole(1))
		return expanded(r, numV{num: at, integer: true, long: s.long}, r.f.bind(numV{num: top, integer: true, long: s.long}), at)
	}
	step := number(new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)).FloatString(max(places, 1)))
	cut := func(x expr) expr { // to the places of the width, downwards
		return rounded(apply(opMultiply, apply(opFloor, rounded(apply(opDivide, decimal(x), step))), step))
	}
	high := decimal(en.num)
	if s.integer {
		high = rounded(apply(opSubtract, apply(opAdd, high, whole(1)), smallest))
	}
	low := r.f.bindExpr(cut(s.num), "first")
	of := count(apply(opAdd, apply(opSubtract, cut(high), low), step))
	k := r.f.unnest(apply(opRange, whole(0), of), "n")
	at := r.f.bindExpr(rounded(apply(opAdd, low, apply(opMultiply, k, decimal(width)))), "low")
	top := rounded(apply(opSubtract, apply(opAdd, at, decimal(width)), step))
	return expanded(r, numV{num: at}, r.f.bind(numV{num: top}), at)
}

func expanded(r *rel, low, high value, order expr) *rel {
	return &rel{f: r.f, elem: intervalV{s: low, e: high, sUnk: no, eUnk: no, nn: yes}, order: []expr{apply(opAscending, order)}}
}

// expandDates cuts intervals of dates at a calendar unit, to which their ends are truncated; one that
// is not so precise holds none.
func (f *frame) expandDates(r *rel, s, en dateV, per qtyV, n *elm.Node, e *env) *rel {
	unit, count, prec := "", 1, 0.0
	if per.num.none() {
		if s.prec != en.prec || !isConst(s.prec) {
			f.g.fail(e, n, "Expand of dates whose precision is not known beforehand needs a width")
			return nothing(r)
		}
		prec = level(s.prec)
	} else {
		unit = calendarUnits[per.unit.text()]
		by, ok := new(big.Rat).SetString(per.num.text())
		if unit == "" || !ok || !by.IsInt() || by.Sign() <= 0 || !by.Num().IsInt64() || by.Num().Int64() > 1<<20 {
			f.g.fail(e, n, "Expand of dates needs a whole number of calendar units")
			return nothing(r)
		}
		count = int(by.Num().Int64())
		if unit == "week" {
			unit, count = "day", 7*count
		}
	}
	for name, p := range precisions {
		if strings.ToLower(name) == unit {
			prec = p.level
		}
		if p.level == prec && unit == "" {
			unit = p.part
		}
	}
	least, greatest := s.ends()
	enough := func(d dateV) expr {
		if isConst(d.prec) {
			return boolean(level(d.prec) >= prec)
		}
		return truth(apply(opGreaterOrEqual, d.prec, precision(prec)))
	}
	r.f.where(and(enough(s), enough(en), or(boolean(s.time), and(truth(apply(opGreater, s.lo, least)), truth(apply(opLess, en.lo, greatest))))))
	first, last := r.f.bindExpr(truncated(unit, s.lo), "first"), r.f.bindExpr(truncated(unit, en.lo), "last")
	of := apply(opTruncatedDivide, apply(opAdd, node(opDifference, unit, first, last), whole(1)), whole(count))
	k := r.f.unnest(apply(opRange, whole(0), of), "n")
	at := r.f.bindExpr(node(opPlus, unit, first, apply(opMultiply, k, whole(count))), "low")
	low := partial(at, prec, s.date)
	high := partial(node(opPlus, unit, at, whole(count-1)), prec, s.date)
	low.time, high.time = s.time, s.time
	return expanded(r, r.f.bind(low), r.f.bind(high), at)
}
