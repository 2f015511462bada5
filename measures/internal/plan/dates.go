package plan

import (
	"strconv"
	"strings"

	"farr/measures/internal/elm"
)

// The ends of DateTime (CQL 1.5, "MinValue", "MaxValue").
var (
	minDate = moment("0001-01-01 00:00:00")
	maxDate = moment("9999-12-31 23:59:59.999")
)

// partial is a date of a known first moment and precision. One to the second is exact:
// seconds and milliseconds are one decimal (CQL 1.5, "Comparing Dates and Times").
func partial(lo expr, prec int, date bool) dateV {
	unit := map[int]string{1: "year", 2: "month", 3: "day", 4: "minute"}[prec]
	if unit == "" {
		return dateV{lo, expr{}, whole(6), date}
	}
	return dateV{lo, node(opMinus, "millisecond", node(opPlus, unit, lo, whole(1)), whole(1)), whole(prec), date}
}

// precisions are CQL's names, as calendar units and farr's numbers.
var precisions = map[string]struct {
	part  string
	level int
}{"Year": {"year", 1}, "Month": {"month", 2}, "Day": {"day", 3}, "Hour": {"hour", 4}, "Minute": {"minute", 4}, "Second": {"second", 5}, "Millisecond": {"millisecond", 6}}

// level is a precision that is known.
func level(prec expr) int {
	n, _ := strconv.Atoi(prec.text())
	return n
}

func truncated(unit string, x expr) expr { return node(opTruncateTo, unit, x) }

// endOfDay is the last moment of a moment's day.
func endOfDay(x expr) expr {
	return node(opPlus, "millisecond", truncated("day", x), whole(24*60*60*1000-1))
}

// calendarUnits are the calendar units by their names in CQL and their codes in UCUM.
var calendarUnits = map[string]string{
	"a": "year", "years": "year", "year": "year", "mo": "month", "months": "month", "month": "month",
	"wk": "week", "weeks": "week", "week": "week", "d": "day", "days": "day", "day": "day",
	"h": "hour", "hours": "hour", "hour": "hour", "min": "minute", "minutes": "minute", "minute": "minute",
	"s": "second", "seconds": "second", "second": "second", "ms": "millisecond", "milliseconds": "millisecond", "millisecond": "millisecond",
}

// calendarUnit is a quantity's unit by the name that farr uses.
func calendarUnit(u string) string {
	if u == "" {
		return "1"
	}
	if c := calendarUnits[u]; c != "" {
		return c
	}
	return u
}

func (f *frame) dates(n *elm.Node, e *env) value {
	var ops []value
	for _, o := range n.Operand {
		ops = append(ops, f.bind(plainValue(f.value(o, e))))
	}
	part := strings.ToLower(n.Precision)
	switch n.Type {
	case "Start", "End":
		i, ok := ops[0].(intervalV)
		if !ok {
			break
		}
		p, unk := i.s, i.sUnk
		if n.Type == "End" {
			p, unk = i.e, i.eUnk
		}
		if unk == no {
			return p
		}
		return mapLeaves(p, func(x expr) expr { return when(not(truth(unk)), x) })
	case "Width":
		if i, ok := ops[0].(intervalV); ok {
			low, isLow := certain(i.s).(numV)
			high, isHigh := certain(i.e).(numV)
			if isLow && isHigh {
				return numV{num: when(truth(i.nn), apply(opSubtract, high.num, low.num)), integer: low.integer && high.integer}
			}
		}
	case "DateFrom":
		d, ok := ops[0].(dateV)
		if !ok {
			break
		}
		return f.dateFrom(d)
	case "DurationBetween", "CalculateAgeAt":
		a, ok1 := ops[0].(dateV)
		b, ok2 := ops[1].(dateV)
		if ok1 && ok2 {
			return f.between(opDuration, part, a, b)
		}
	case "DifferenceBetween":
		a, ok1 := ops[0].(dateV)
		b, ok2 := ops[1].(dateV)
		if ok1 && ok2 {
			return f.between(opDifference, part, a, b)
		}
	case "DateTimeComponentFrom":
		if d, ok := ops[0].(dateV); ok {
			x := node(opComponent, part, d.lo)
			if need := precisions[n.Precision].level; !d.exact() && need > 1 {
				x = when(truth(apply(opGreaterOrEqual, d.prec, whole(need))), x) // null where it is not known
			}
			return numV{num: x, integer: true}
		}
	}
	for _, o := range ops {
		if _, ok := o.(nullV); ok {
			return nullV{}
		}
	}
	if len(ops) == 2 {
		return f.g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(ops[0]), typeName(ops[1]))
	}
	return f.g.fail(e, n, "%s of %s is not supported", n.Type, typeName(ops[0]))
}

// dateFrom is the date of a moment, of the same precision up to the day.
func (f *frame) dateFrom(d dateV) dateV {
	lo := truncated("day", d.lo)
	if d.exact() || d.toDay() {
		return partial(f.bindExpr(lo, "day"), 3, true)
	}
	return dateV{lo, endOfDay(d.hi), apply(opLeast, d.prec, whole(3)), true}
}

// between is the number of calendar units from a to b. It is uncertain where one of them
// is less precise than the unit (CQL 1.5, "Uncertainty").
func (f *frame) between(of op, part string, a, b dateV) value {
	span := func(d dateV) (lo, hi expr) {
		last := d.hi
		if d.date && !d.exact() { // the last day that it may be, not its last moment
			last = truncated("day", last)
		}
		need := map[string]int{"year": 3, "month": 3, "week": 3, "day": 3, "hour": 4, "minute": 4, "second": 5, "millisecond": 6}[part]
		if of == opDifference && (part == "year" || part == "month") { // no part finer than the unit is looked at
			need = map[string]int{"year": 1, "month": 2}[part]
		}
		switch {
		case d.exact() || need == 1:
			return d.lo, d.lo
		case isConst(d.prec) && level(d.prec) >= need:
			return d.lo, d.lo
		case isConst(d.prec):
			return d.lo, last
		}
		return d.lo, f.bindExpr(caseOf([]expr{truth(apply(opLess, d.prec, whole(need))), yes}, []expr{last, d.lo}), "last")
	}
	alo, ahi := span(a)
	blo, bhi := span(b)
	n := numV{num: f.bindExpr(node(of, part, ahi, blo), part+"s"), integer: true}
	if alo != ahi || blo != bhi {
		n.hi = f.bindExpr(node(of, part, alo, bhi), part+"s")
	}
	return n
}

// plainValue takes a choice with one alternative that can be a time as that.
func plainValue(v value) value {
	c, ok := v.(choiceV)
	if !ok {
		return v
	}
	if len(c.alts) == 1 {
		return c.alts[0].v
	}
	return v
}

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
	low, high := f.bind(certain(plainValue(f.value(n.Low, e)))), f.bind(certain(plainValue(f.value(n.High, e))))
	return f.g.makeInterval(low, high, flag(n.LowClosed, n.LowClosedExpression), flag(n.HighClosed, n.HighClosedExpression), func(msg string) { f.g.fail(e, n, "%s", msg) })
}

func (g *gen) makeInterval(low, high value, lowClosed, highClosed expr, fail func(string)) value {
	both := g.unify([]value{low, high})
	low, high = both[0], both[1]
	nn := or(notNull(low), notNull(high))
	switch l := low.(type) {
	case nullV:
		return intervalV{nullV{}, nullV{}, null(typeBoolean), null(typeBoolean), no}
	case dateV:
		h := high.(dateV)
		if l == h && lowClosed == yes && highClosed == yes {
			return intervalV{l, h, no, no, nn}
		}
		s, sUnk := endDate(l, lowClosed, minDate, opPlus, h.last(), nn)
		en, eUnk := endDate(h, highClosed, maxDate, opMinus, l.lo, nn)
		return intervalV{s, en, sUnk, eUnk, nn}
	case numV:
		h := high.(numV)
		stepBy := whole(1)
		if !l.integer {
			stepBy = smallest
		}
		least, greatest := integerEnds[false], integerEnds[true]
		s, sUnk := endNumber(l.num, lowClosed, least, opAdd, stepBy, nn)
		en, eUnk := endNumber(h.num, highClosed, greatest, opSubtract, stepBy, nn)
		low, high := numV{num: s, integer: l.integer}, numV{num: en, integer: h.integer}
		if sUnk != no { // an open end that is null is any number up to the other
			low.hi = caseOf([]expr{and(sUnk, nn), yes}, []expr{h.num, s})
		}
		if eUnk != no {
			high.num, high.hi = caseOf([]expr{and(eUnk, nn), yes}, []expr{l.num, en}), en
		}
		return intervalV{low, high, sUnk, eUnk, nn}
	case qtyV:
		h := high.(qtyV)
		s, sUnk := endNumber(l.num, lowClosed, number("-1e20"), opAdd, smallest, nn)
		en, eUnk := endNumber(h.num, highClosed, number("1e20"), opSubtract, smallest, nn)
		lu, hu := l.unit, h.unit
		if isNull(lu) {
			lu = hu
		}
		if isNull(hu) {
			hu = lu
		}
		return intervalV{qtyV{s, lu}, qtyV{en, hu}, sUnk, eUnk, nn}
	}
	fail("intervals of " + typeName(low) + " are not supported")
	return nullV{}
}

// smallest is the step of Decimal (CQL 1.5, "Successor").
var smallest = number("0.00000001")

// endDate is an end of an interval that is written with a date, closed or not; edge is the
// type's end, away leads into the interval and other is the other end. An open end that is
// null is any moment up to the other.
func endDate(d dateV, closed, edge expr, into op, other, nn expr) (dateV, expr) {
	there := notNull(d)
	unk := and(not(there), not(closed))
	at := func(x expr, low bool) expr {
		return caseOf([]expr{and(there, closed), there, and(nn, or(closed, boolean(low))), nn}, []expr{x, d.beside(into, x), edge, other})
	}
	low := into == opPlus
	out := dateV{lo: at(d.lo, low), prec: d.prec, date: d.date}
	if !d.exact() || unk != no {
		if hi := at(d.last(), !low); hi != out.lo {
			out.hi = hi
		}
	}
	if !isConst(out.prec) {
		out.prec = first(out.prec, whole(6))
	}
	out.prec = when(not(unk), out.prec) // what is any moment up to another is of no precision
	return out, unk
}

// beside is a moment of a date one step later or earlier: by the date's own precision (CQL
// 1.5, "Successor", "Predecessor").
func (d dateV) beside(into op, x expr) expr {
	switch {
	case isNull(x):
		return x
	case d.exact():
		return node(into, "millisecond", x, whole(1))
	}
	var conds, vals []expr
	for i, unit := range []string{"year", "month", "day"} {
		conds, vals = append(conds, equal(d.prec, whole(i+1))), append(vals, node(into, unit, x, whole(1)))
	}
	if isConst(d.prec) && level(d.prec) <= 3 {
		return vals[level(d.prec)-1]
	}
	return caseOf(append(conds, yes), append(vals, node(into, "millisecond", x, whole(1))))
}

// next is the point after a point; of dates by the precision that is asked for, else by
// their own. Nil where the type has none.
func next(v value, precision string) value {
	switch v := v.(type) {
	case dateV:
		step := func(x expr) expr {
			if precision == "" {
				return v.beside(opPlus, x)
			}
			return node(opPlus, precisions[precision].part, x, whole(1))
		}
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
