package plan

import "strings"

// scale multiplies or divides quantities (CQL 1.5, "Multiply", "Divide": the unit of the result
// is made of the operands' units, as UCUM writes it). A factor without a unit leaves the other's
// unit, and two of one kind divide to a number.
func (f *frame) scale(x, y qtyV, of op) value {
	product := rounded(apply(of, decimal(x.num), decimal(y.num)))
	if of == opMultiply {
		conds := []expr{unitless(y.unit), unitless(x.unit), over(y.unit, x.unit), over(x.unit, y.unit), yes}
		units := []expr{x.unit, y.unit, above(y.unit, x.unit), above(x.unit, y.unit), glue(x.unit, ".", y.unit)}
		return f.bind(qtyV{product, caseOf(conds, units)})
	}
	l, r := commonUnit(x, y)
	common := and(present(l), present(r))
	conds := []expr{unitless(y.unit), common, yes}
	ratio := rounded(apply(of, decimal(l), decimal(r)))
	return f.bind(qtyV{caseOf(conds, []expr{product, ratio, product}), caseOf(conds, []expr{x.unit, text("1"), glue(x.unit, "/", divisor(y.unit))})})
}

// unitless is whether a unit is the unit 1.
func unitless(unit expr) expr {
	if isConst(unit) {
		return boolean(unit.text() == "1")
	}
	return equal(first(unit, text("1")), text("1"))
}

// over is whether a unit is something per below, as mg/mL is per mL.
func over(unit, below expr) expr {
	if isConst(unit) && isConst(below) {
		return boolean(strings.HasSuffix(unit.text(), "/"+below.text()))
	}
	return truth(apply(opEndsWith, unit, glue(text("/"), "", below)))
}

// above is what such a unit is without its divisor.
func above(unit, below expr) expr {
	if isConst(unit) && isConst(below) {
		return text(strings.TrimSuffix(unit.text(), "/"+below.text()))
	}
	return apply(opWithoutEnd, unit, below)
}

// symbols are UCUM's codes of the calendar units.
var symbols = [][2]string{{"year", "a"}, {"month", "mo"}, {"week", "wk"}, {"day", "d"}, {"hour", "h"}, {"minute", "min"}, {"second", "s"}, {"millisecond", "ms"}}

// divisor is a unit as UCUM writes it after a slash.
func divisor(unit expr) expr {
	if isConst(unit) {
		u := unit.text()
		for _, s := range symbols {
			if u == s[0] {
				u = s[1]
			}
		}
		if strings.ContainsAny(u, "./") {
			u = "(" + u + ")"
		}
		return text(u)
	}
	var conds, vals []expr
	for _, s := range symbols {
		conds, vals = append(conds, truth(equal(unit, text(s[0])))), append(vals, text(s[1]))
	}
	conds = append(conds, truth(apply(opCompound, unit)), yes)
	return caseOf(conds, append(vals, apply(opConcatenate, text("("), unit, text(")")), unit))
}

// glue joins texts, at once where both are known.
func glue(a expr, sign string, b expr) expr {
	switch {
	case isConst(a) && isConst(b):
		return text(a.text() + sign + b.text())
	case sign == "":
		return apply(opConcatenate, a, b)
	}
	return apply(opConcatenate, a, text(sign), b)
}
