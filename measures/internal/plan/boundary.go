package plan

import (
	"math/big"
	"strings"

	"farr/measures/internal/elm"
)

// digits are how many digits a date of a precision has (CQL 1.5, "Precision").
var digits = map[string]map[float64]int{
	"Date":     {1: 4, 2: 6, 3: 8},
	"DateTime": {1: 4, 2: 6, 3: 8, toHour: 10, 4: 12, 5: 14, 6: 17},
	"Time":     {toHour: 2, 4: 4, 5: 6, 6: 9},
}

// boundary compiles LowBoundary, HighBoundary and Precision: the least and the greatest value that one
// may stand for, at a precision that is known, and how precise it is. A Decimal's own precision is how
// it is written, which only a literal tells.
func (f *frame) boundary(n *elm.Node, e *env) value {
	high := n.Type == "HighBoundary"
	v := f.bind(certain(onlyOf(f.value(n.Operand[0], e))))
	if n.Type == "Precision" {
		return f.precisionOf(n, e, v)
	}
	at := f.number(n.Operand[1], e)
	if at.none() || !isConst(at) && !isNull(at) {
		return f.g.fail(e, n, "%s at a precision that is not known beforehand is not supported", n.Type)
	}
	switch x := v.(type) {
	case nullV:
		return x
	case numV:
		places := placeIn(1<<20, at, 8)
		if isNull(x.num) {
			return x
		}
		if !isConst(x.num) {
			return f.g.fail(e, n, "%s of a Decimal that is not written out is not supported", n.Type)
		}
		if places > 8 {
			return numV{num: null(typeDecimal)}
		}
		return numV{num: number(boundaryOf(x.num.text(), places, high))}
	case dateV:
		for prec, count := range digits[typeName(x)] {
			if isNull(at) && prec != map[bool]float64{true: 3, false: 6}[x.date] || !isNull(at) && whole(count) != at {
				continue
			}
			unit := map[float64]string{1: "year", 2: "month", 3: "day", toHour: "hour", 4: "minute", 5: "second", 6: "millisecond"}[prec]
			of := x.lo
			if high {
				of = x.last()
			}
			d := partial(f.bindExpr(truncated(unit, of), "boundary"), prec, x.date)
			d.time = x.time
			return f.bind(d)
		}
		return nullLike(x) // no such precision
	}
	return f.g.fail(e, n, "%s of %s is not supported", n.Type, typeName(v))
}

// boundaryOf is the least or greatest decimal of so many places that begins as one does.
func boundaryOf(decimal string, places int, high bool) string {
	_, fraction, _ := strings.Cut(decimal, ".")
	r, _ := new(big.Rat).SetString(decimal)
	if len(fraction) < places && high == (r.Sign() >= 0) { // away from zero
		more, _ := new(big.Rat).SetString("0." + strings.Repeat("0", len(fraction)) + strings.Repeat("9", places-len(fraction)))
		if r.Sign() < 0 {
			more.Neg(more)
		}
		r.Add(r, more)
	}
	s := r.FloatString(max(places, len(fraction)))
	if cut := len(fraction) - places; cut > 0 {
		s = strings.TrimSuffix(s[:len(s)-cut], ".")
	}
	return s
}

func (f *frame) precisionOf(n *elm.Node, e *env, v value) value {
	switch x := v.(type) {
	case nullV:
		return x
	case numV:
		if !isConst(x.num) {
			return f.g.fail(e, n, "Precision of a Decimal that is not written out is not supported")
		}
		_, fraction, _ := strings.Cut(x.num.text(), ".")
		return numV{num: whole(len(fraction)), integer: true}
	case dateV:
		var conds, vals []expr
		for _, prec := range []float64{1, 2, 3, toHour, 4, 5, 6} {
			count, ok := digits[typeName(x)][prec]
			if !ok {
				continue
			}
			is := truth(equal(x.prec, precision(prec)))
			if isConst(x.prec) {
				is = boolean(level(x.prec) == prec)
			}
			conds, vals = append(conds, is), append(vals, whole(count))
		}
		return numV{num: when(notNull(x), caseOf(conds, vals)), integer: true}
	}
	return f.g.fail(e, n, "Precision of %s is not supported", typeName(v))
}
