package plan

import (
	"maps"
	"slices"
	"strings"
)

// unit is a unit's kind and its size in the kind's base unit.
type unit struct {
	kind string
	size string
}

// units are the units that quantities of one kind are converted between. Mass and
// amount of a substance are of different kinds, so that mg/dL and mmol/L give null.
var units = map[string]unit{
	"g": {"mass", "1000000.0"}, "mg": {"mass", "1000.0"}, "ug": {"mass", "1.0"}, "mcg": {"mass", "1.0"}, "kg": {"mass", "1000000000.0"}, "[lb_av]": {"mass", "453592370.0"}, "[oz_av]": {"mass", "28349523.125"},
	"cm": {"length", "10.0"}, "mm": {"length", "1.0"}, "m": {"length", "1000.0"}, "[in_i]": {"length", "25.4"},
	"mg/dL": {"mass/volume", "1.0"}, "g/dL": {"mass/volume", "1000.0"}, "g/L": {"mass/volume", "100.0"}, "mg/L": {"mass/volume", "0.1"}, "ug/dL": {"mass/volume", "0.001"}, "ug/mL": {"mass/volume", "0.1"}, "ng/mL": {"mass/volume", "0.0001"},
	"mmol/L": {"amount/volume", "1.0"}, "meq/L": {"charge/volume", "1.0"}, "mEq/L": {"charge/volume", "1.0"},
	"mL": {"volume", "1.0"}, "L": {"volume", "1000.0"},
	"mm[Hg]": {"pressure", "1.0"},
	"year":   {"months", "12.0"}, "a": {"months of UCUM", "12.0"}, "month": {"months", "1.0"}, "mo": {"months of UCUM", "1.0"},
	"week": {"time", "604800.0"}, "wk": {"time", "604800.0"}, "day": {"time", "86400.0"}, "d": {"time", "86400.0"}, "hour": {"time", "3600.0"}, "h": {"time", "3600.0"},
	"years": {"months", "12.0"}, "months": {"months", "1.0"}, "weeks": {"time", "604800.0"}, "days": {"time", "86400.0"}, "hours": {"time", "3600.0"}, "minutes": {"time", "60.0"}, "seconds": {"time", "1.0"},
	"minute": {"time", "60.0"}, "min": {"time", "60.0"}, "second": {"time", "1.0"}, "s": {"time", "1.0"}, "millisecond": {"time", "0.001"}, "milliseconds": {"time", "0.001"}, "ms": {"time", "0.001"},
	"/min": {"rate", "1.0"}, "{Beats}/min": {"rate", "1.0"}, "{beats}/min": {"rate", "1.0"}, "{breaths}/min": {"rate", "1.0"},
	"1": {"one", "1.0"}, "{score}": {"one", "1.0"}, "[score]": {"one", "1.0"}, "%": {"percent", "1.0"},
}

// unitNamed is a unit by its code. An annotation alone, as {INR}, is the unit 1 (UCUM 2.1,
// section 12).
func unitNamed(code string) (unit, bool) {
	if strings.HasPrefix(code, "{") && strings.IndexByte(code, '}') == len(code)-1 {
		return units["1"], true
	}
	u, known := units[code]
	return u, known
}

// convertTo is a quantity's number in a unit; null where the units do not convert.
func convertTo(q qtyV, target string) expr {
	if q.unit == text(target) {
		return q.num
	}
	to, known := unitNamed(target)
	if isConst(q.unit) {
		from, ok := unitNamed(q.unit.text())
		if !ok || !known || from.kind != to.kind {
			return null(typeDecimal)
		}
		return rescaled(q.num, from, to)
	}
	have := first(q.unit, text("1"))
	same := []string{target}
	if known && to.kind == "one" {
		have = apply(opUnitless, have)
		if target != "1" {
			same = append(same, "1")
		}
	}
	// Units of one size are one branch.
	var conds, vals []expr
	for _, name := range slices.Sorted(maps.Keys(units)) {
		u := units[name]
		switch {
		case !known || u.kind != to.kind || slices.Contains(same, name):
		case u.size == to.size:
			same = append(same, name)
		default:
			conds, vals = append(conds, equal(have, text(name))), append(vals, rescaled(q.num, u, to))
		}
	}
	return caseOf(append([]expr{among(have, same...)}, conds...), append([]expr{q.num}, vals...))
}

// rescaled is a number of one unit as a number of another of its kind.
func rescaled(x expr, from, to unit) expr {
	if from.size == to.size {
		return x
	}
	return apply(opDivide, apply(opMultiply, x, number(from.size)), number(to.size))
}

// commonUnit gives both numbers in one unit.
func commonUnit(a, b qtyV) (x, y expr) {
	switch {
	case a.unit == b.unit:
		return a.num, b.num
	case isConst(b.unit):
		return convertTo(a, b.unit.text()), b.num
	case isConst(a.unit):
		return a.num, convertTo(b, a.unit.text())
	}
	ka, sa := kindSize(a.unit)
	kb, sb := kindSize(b.unit)
	same := equal(first(a.unit, text("1")), first(b.unit, text("1")))
	in := func(x, size expr) expr {
		return caseOf([]expr{same, equal(ka, kb)}, []expr{x, apply(opMultiply, decimal(x), size)})
	}
	return in(a.num, sa), in(b.num, sb)
}

// kindSize is a unit's kind and its size in the kind's base unit. A unit that is not known is a
// kind of its own.
func kindSize(code expr) (kind, size expr) {
	if isConst(code) {
		if u, known := unitNamed(code.text()); known {
			return text(u.kind), number(u.size)
		}
		return code, number("1.0")
	}
	code = first(code, text("1"))
	named := apply(opUnitless, code) // an annotation alone is the unit 1
	var conds, kinds, sizes []expr
	done := map[unit]bool{}
	for _, name := range slices.Sorted(maps.Keys(units)) {
		u := units[name]
		if done[u] {
			continue
		}
		done[u] = true
		var names []string
		for _, other := range slices.Sorted(maps.Keys(units)) {
			if units[other] == u {
				names = append(names, other)
			}
		}
		conds, kinds, sizes = append(conds, among(named, names...)), append(kinds, text(u.kind)), append(sizes, number(u.size))
	}
	conds = append(conds, yes)
	return caseOf(conds, append(kinds, code)), caseOf(conds, append(sizes, number("1.0")))
}

// addUnits adds or subtracts quantities. The result is in the more granular of their units (CQL
// 1.5, "Add"), and null where they are not of one kind.
func (f *frame) addUnits(x, y qtyV, of op) value {
	sum := func(l, r expr) expr { return rounded(apply(of, decimal(l), decimal(r))) }
	if x.unit == y.unit {
		return qtyV{sum(x.num, y.num), x.unit}
	}
	kx, sx := kindSize(x.unit)
	ky, sy := kindSize(y.unit)
	finer := f.bindExpr(truth(apply(opLess, sx, sy)), "finer")
	same := equal(first(x.unit, text("1")), first(y.unit, text("1")))
	size := caseOf([]expr{finer, yes}, []expr{sx, sy})
	in := func(n, s expr) expr {
		return apply(opDivide, apply(opMultiply, decimal(n), s), size)
	}
	num := caseOf([]expr{same, equal(kx, ky)}, []expr{sum(x.num, y.num), sum(in(x.num, sx), in(y.num, sy))})
	return f.bind(qtyV{f.bindExpr(num, "sum"), caseOf([]expr{finer, yes}, []expr{x.unit, y.unit})})
}

// anyYear is a quantity whose year or month of UCUM is the calendar's: they are equivalent, and not
// equal (CQL 1.5, "Quantities").
func (q qtyV) anyYear() qtyV {
	if isConst(q.unit) {
		return qtyV{q.num, text(calendarUnitOf(q.unit.text()))}
	}
	conds := []expr{truth(among(q.unit, "a")), truth(among(q.unit, "mo")), yes}
	return qtyV{q.num, caseOf(conds, []expr{text("year"), text("month"), q.unit})}
}

// calendarUnitOf is the calendar's unit for a unit, and the unit where it has none.
func calendarUnitOf(u string) string {
	if c := calendarUnits[u]; c != "" {
		return c
	}
	return u
}

// calendarAlike is whether a quantity in years or months, known as such, is as many days as another: a year
// is 365 days and a month 30 (CQL 1.5, "Quantities").
func calendarAlike(a, b qtyV) expr {
	days := func(q qtyV) (unit string, x expr) {
		unit = calendarUnitOf(q.unit.text())
		if of := map[string]int{"year": 365, "month": 30}[unit]; of > 0 {
			return unit, apply(opMultiply, decimal(q.num), whole(of))
		}
		if units[unit].kind == "time" {
			return "", convertTo(qtyV{decimal(q.num), text(unit)}, "day")
		}
		return "none", q.num
	}
	if !isConst(a.unit) || !isConst(b.unit) {
		return no
	}
	x, of := days(a)
	y, other := days(b)
	if x == y || x == "none" || y == "none" || x != "" && y != "" {
		return no
	}
	return truth(equal(rounded(of), rounded(other)))
}

// alike is whether two numbers are the same when each is rounded to the places of the one that has fewer,
// zeros at the end not counted (CQL 1.5, "Equivalent").
func alike(x, y numV) expr {
	a, b := decimal(x.num), decimal(y.num)
	var conds, vals []expr
	for places := range 8 {
		at := func(x expr) expr { return apply(opRound, x, whole(places)) }
		conds = append(conds, truth(or(equal(at(a), a), equal(at(b), b))))
		vals = append(vals, equal(at(a), at(b)))
	}
	return caseOf(append(conds, yes), append(vals, equal(a, b)))
}
