package plan

import (
	"strconv"
	"strings"

	"farr/measures/internal/elm"
)

// The ends of DateTime and of Time (CQL 1.5, "MinValue", "MaxValue").
var (
	minDate = moment("0001-01-01 00:00:00")
	maxDate = moment("9999-12-31 23:59:59.999")
	minTime = moment("1970-01-01 00:00:00")
	maxTime = moment("1970-01-01 23:59:59.999")
)

// ends are the first and the last moment of a date's type.
func (d dateV) ends() (least, greatest expr) {
	if d.time {
		return minTime, maxTime
	}
	return minDate, maxDate
}

// partial is a date of a known first moment and precision. One to the second is exact:
// seconds and milliseconds are one decimal (CQL 1.5, "Comparing Dates and Times").
func partial(lo expr, prec float64, date bool) dateV {
	unit := map[float64]string{1: "year", 2: "month", 3: "day", toHour: "hour", 4: "minute"}[prec]
	if unit == "" {
		return dateV{lo: lo, prec: whole(6), date: date}
	}
	return dateV{lo: lo, hi: node(opMinus, "millisecond", node(opPlus, unit, lo, whole(1)), whole(1)), prec: precision(prec), date: date}
}

// precision is how precise a date is, by the numbers that an extract's columns have: 1 year,
// 2 month, 3 day, 4 minute, 5 second, 6 millisecond. A time to the hour, which no FHIR data have, is
// between two of them.
func precision(level float64) expr { return number(strconv.FormatFloat(level, 'f', -1, 64)) }

const toHour = 3.5

// precisions are CQL's names, as calendar units and farr's numbers.
var precisions = map[string]struct {
	part  string
	level float64
}{"Year": {"year", 1}, "Month": {"month", 2}, "Day": {"day", 3}, "Hour": {"hour", toHour}, "Minute": {"minute", 4}, "Second": {"second", 5}, "Millisecond": {"millisecond", 6}}

// level is a precision that is known.
func level(prec expr) float64 {
	n, _ := strconv.ParseFloat(prec.text(), 64)
	return n
}

func truncated(unit string, x expr) expr {
	if isNull(x) {
		return null(typeTimestamp) // the engine finds no function of a null without a type
	}
	return node(opTruncateTo, unit, x)
}

// endOfDay is the last moment of a moment's day.
func endOfDay(x expr) expr {
	return node(opPlus, "millisecond", truncated("day", x), whole(24*60*60*1000-1))
}

// calendarUnits are the calendar units by their names in CQL, in the plural too, and their
// codes in UCUM.
var calendarUnits = func() map[string]string {
	list := map[string]string{}
	for _, s := range symbols {
		list[s[0]], list[s[0]+"s"], list[s[1]] = s[0], s[0], s[0]
	}
	return list
}()

// calendarUnit is a quantity's unit by the name that farr uses.
func calendarUnit(u string) string {
	if u == "" {
		return "1"
	}
	if c := calendarUnits[u]; c != "" && u != "a" && u != "mo" { // a year of UCUM is none of the calendar
		return c
	}
	return u
}

func (f *frame) dates(n *elm.Node, e *env) value {
	var ops []value
	for _, o := range n.Operand {
		ops = append(ops, f.bind(onlyOf(f.value(o, e))))
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
				width := rounded(apply(opSubtract, high.num, low.num))
				if low.integer {
					width = f.inEnds(apply(opSubtract, cast(high.num, low.wide()), low.num), low)
				}
				return numV{num: when(truth(i.nn), width), integer: low.integer, long: low.long}
			}
			if x, ok := i.s.(qtyV); ok {
				y := i.e.(qtyV)
				return qtyV{when(truth(and(i.nn, equal(x.unit, y.unit))), rounded(apply(opSubtract, y.num, x.num))), x.unit}
			}
			if kindOf(i) == "interval" {
				return nullV{}
			}
			if _, isDate := i.s.(dateV); isDate {
				return f.g.fail(e, n, "an interval of dates has no width: duration and difference say how long it is")
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
			if born, ok := f.birthDay(n, e, part); ok {
				a, b = born, f.dateFrom(b)
			}
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
				x = when(truth(apply(opGreaterOrEqual, d.prec, precision(need))), x) // null where it is not known
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
	return dateV{lo: lo, hi: endOfDay(d.hi), prec: apply(opLeast, d.prec, whole(3)), date: true}
}

// birthDay is a birth date that is a Date, where the translator has made a DateTime of it because the age is
// asked for at one. Ages in years and months are of the birth date as a Date (CQL 1.5, Reference, Age), so
// that who has a birthday is as old as that on the whole day, and not perhaps.
func (f *frame) birthDay(n *elm.Node, e *env, part string) (dateV, bool) {
	if n.Type != "CalculateAgeAt" || n.Operand[0].Type != "ToDateTime" || part != "year" && part != "month" {
		return dateV{}, false
	}
	born, ok := f.bind(dateOf(f.value(n.Operand[0].Operand[0], e))).(dateV)
	return born, ok && born.date
}

// between is the number of calendar units from a to b. It is uncertain where one of them
// is less precise than the unit: then each may be any moment that it stands for (CQL 1.5, "Uncertainty").
func (f *frame) between(of op, part string, a, b dateV) value {
	lacks := func(d dateV) expr {
		// A time that is not known may be before or after that of the other (Language Semantics,
		// "Determining Difference and Duration": from 17:00 of a day to a day it is 6 or 7 days).
		// Times count by the fields that they have (HL7's cql-tests, TimeDurationBetweenHourDiffPrecision2).
		need := 6.0
		if d.date || d.time || of == opDifference {
			need = map[string]float64{"year": 3, "month": 3, "week": 3, "day": 3, "hour": toHour, "minute": 4, "second": 5, "millisecond": 6}[part]
		}
		if of == opDifference && (part == "year" || part == "month") { // no part finer than the unit is looked at
			need = map[string]float64{"year": 1, "month": 2}[part]
		}
		switch {
		case d.exact() || need == 1:
			return no
		case isConst(d.prec):
			return boolean(level(d.prec) < need)
		}
		return truth(apply(opLess, d.prec, precision(need)))
	}
	either := or(lacks(a), lacks(b))
	span := func(d dateV) (lo, hi expr) {
		last, lacking := d.last(), either
		if d.date && !d.exact() { // the last day that it may be, not its last moment
			last, lacking = truncated("day", last), lacks(d)
		}
		if last = caseOf([]expr{lacking, yes}, []expr{last, d.lo}); isConst(last) {
			return d.lo, last
		}
		return d.lo, f.bindExpr(last, "last")
	}
	alo, ahi := span(a)
	blo, bhi := span(b)
	count := func(from, to expr) expr {
		if isNull(from) || isNull(to) {
			return null(typeInteger) // the engine finds no function of a null without a type
		}
		return f.bindExpr(node(of, part, from, to), part+"s")
	}
	n := numV{num: count(ahi, blo), integer: true}
	if alo != ahi || blo != bhi {
		n.hi = count(alo, bhi)
	}
	return n
}
