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
func coarser(q qtyV, precision float64) qtyV {
	if !isConst(q.unit) {
		return q
	}
	of := map[float64]map[string]struct {
		unit string
		n, d int
	}{
		1: {"month": {"year", 1, 12}, "week": {"year", 7, 365}, "day": {"year", 1, 365}},
		2: {"week": {"month", 7, 30}, "day": {"month", 1, 30}},
	}[precision]
	c, finer := of[calendarUnits[q.unit.text()]]
	if !finer {
		return q
	}
	return qtyV{apply(opTruncate, apply(opDivide, apply(opMultiply, decimal(q.num), whole(c.n)), whole(c.d))), text(c.unit)}
}

// shiftDate shifts a moment of a date, in the unit of the date's precision.
func shiftDate(d dateV, x expr, q qtyV, of op) expr {
	switch {
	case d.exact():
		return shift(x, q, of)
	case isConst(d.prec):
		return shift(x, coarser(q, level(d.prec)), of)
	}
	by := []expr{shift(x, coarser(q, 1), of), shift(x, coarser(q, 2), of), shift(x, q, of)}
	if by[0] == by[2] && by[1] == by[2] {
		return by[2]
	}
	return caseOf([]expr{truth(equal(d.prec, whole(1))), truth(equal(d.prec, whole(2))), yes}, by)
}
