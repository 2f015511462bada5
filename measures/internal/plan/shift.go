package plan

import "strings"

// shift adds a quantity of calendar time to a timestamp, or takes it away; null where
// the unit is none of the calendar's.
func shift(x expr, q qtyV, of op) expr {
	if isNull(x) {
		return null(typeTimestamp)
	}
	by := q.num
	if q.unit == text("second") && (!isConst(by) || strings.Contains(by.text(), ".")) {
		by, q.unit = apply(opMultiply, by, whole(1000)), text("millisecond")
	}
	if !isConst(by) || strings.Contains(by.text(), ".") {
		by = cast(apply(opTruncate, by), null(typeInteger))
	}
	if isConst(q.unit) {
		unit := calendarUnits[q.unit.text()]
		if unit == "" {
			return null(typeTimestamp)
		}
		return node(of, unit, x, by)
	}
	var conds, vals []expr
	for _, s := range symbols {
		conds = append(conds, truth(among(q.unit, s[1], s[0])))
		vals = append(vals, node(of, s[0], x, by))
	}
	return caseOf(conds, vals)
}

// coarser is a quantity in the unit of a precision, when its own is finer: a year is 12 months or
// 365 days, a month 30 days, and what is left over is dropped (CQL 1.5, "Add").
func coarser(q qtyV, precision int) qtyV {
	if !isConst(q.unit) {
		return q
	}
	const hour, minute, second, milli = 24, 24 * 60, 24 * 60 * 60, 24 * 60 * 60 * 1000
	type part struct{ n, d int } // of the precision's unit
	of := map[int]map[string]part{
		1: {"month": {1, 12}, "week": {7, 365}, "day": {1, 365}, "hour": {1, 365 * hour}, "minute": {1, 365 * minute}, "second": {1, 365 * second}, "millisecond": {1, 365 * milli}},
		2: {"week": {7, 30}, "day": {1, 30}, "hour": {1, 30 * hour}, "minute": {1, 30 * minute}, "second": {1, 30 * second}, "millisecond": {1, 30 * milli}},
		3: {"hour": {1, hour}, "minute": {1, minute}, "second": {1, second}, "millisecond": {1, milli}},
		4: {"second": {1, 60}, "millisecond": {1, 60_000}},
	}[precision]
	c, finer := of[calendarUnits[q.unit.text()]]
	if !finer {
		return q
	}
	unit := []string{"year", "month", "day", "minute"}[precision-1]
	return qtyV{apply(opTruncate, apply(opDivide, apply(opMultiply, decimal(q.num), whole(c.n)), whole(c.d))), text(unit)}
}

// shiftDate shifts a moment of a date, in the unit of the date's precision.
func shiftDate(d dateV, x expr, q qtyV, of op) expr {
	switch {
	case d.exact():
		return shift(x, q, of)
	case isConst(d.prec):
		return shift(x, coarser(q, level(d.prec)), of)
	}
	var conds, vals []expr
	rest := shift(x, q, of)
	for precision := 1; precision <= 4; precision++ {
		if by := shift(x, coarser(q, precision), of); by != rest {
			conds, vals = append(conds, truth(equal(d.prec, whole(precision)))), append(vals, by)
		}
	}
	if len(conds) == 0 {
		return rest
	}
	return caseOf(append(conds, yes), append(vals, rest))
}
