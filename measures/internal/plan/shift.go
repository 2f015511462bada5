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
	unit := calendarUnits[q.unit.text()]
	to, days := "", 0
	switch precision {
	case 1:
		if unit == "month" {
			return qtyV{wholesOf(q.num, 1, 12), text("year")}
		}
		to, days = "year", 365
	case 2:
		to, days = "month", 30
	case 3:
		to, days = "day", 1
	case toHour:
		to = "hour"
	case 4:
		to = "minute"
	}
	of := milliseconds[to]
	if days > 0 {
		of = days * milliseconds["day"]
	}
	if finer := milliseconds[unit]; finer > 0 && finer < of && !(unit == "week" && days == 1) {
		return qtyV{wholesOf(q.num, finer, of), text(to)}
	}
	return q
}

// milliseconds are the calendar units of one length.
var milliseconds = map[string]int{"week": 604_800_000, "day": 86_400_000, "hour": 3_600_000, "minute": 60_000, "second": 1_000, "millisecond": 1}

// wholesOf is a number times n over d, without its fraction.
func wholesOf(x expr, n, d int) expr {
	for _, by := range []int{2, 3, 5, 7} {
		for n%by == 0 && d%by == 0 {
			n, d = n/by, d/by
		}
	}
	return apply(opTruncate, apply(opDivide, apply(opMultiply, decimal(x), whole(n)), whole(d)))
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
	for _, prec := range []float64{1, 2, 3, 4} { // data have no time to the hour
		if by := shift(x, coarser(q, prec), of); by != rest {
			conds, vals = append(conds, truth(equal(d.prec, precision(prec)))), append(vals, by)
		}
	}
	if len(conds) == 0 {
		return rest
	}
	return caseOf(append(conds, yes), append(vals, rest))
}
