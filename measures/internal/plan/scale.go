package plan

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// scale multiplies or divides quantities (CQL 1.5, "Multiply", "Divide": the unit of the result
// is made of the operands' units, as UCUM writes it). A factor without a unit leaves the other's
// unit, and two of one kind divide to a number.
func (f *frame) scale(x, y qtyV, of op) value {
	if u, ok := powers(x.unit, y.unit, of); ok {
		return f.bind(qtyV{rounded(apply(of, decimal(x.num), decimal(y.num))), text(u)})
	}
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

// powers is the unit of a product or a quotient of two that are known and have a symbol in common: cm2 by cm is
// cm3, and through cm is cm.
func powers(a, b expr, of op) (unit string, ok bool) {
	if !isConst(a) || !isConst(b) || a == b && of == opDivide {
		return "", false
	}
	x, one := factors(a.text())
	y, two := factors(b.text())
	if !one || !two {
		return "", false
	}
	for _, p := range y {
		if of == opDivide {
			p.power = -p.power
		}
		if i := slices.IndexFunc(x, func(q factor) bool { return q.symbol == p.symbol }); i >= 0 {
			x[i].power += p.power
			ok = true
		} else {
			x = append(x, p)
		}
	}
	var above []string
	below := ""
	for _, p := range x {
		s := p.symbol
		if n := max(p.power, -p.power); n > 1 {
			s += strconv.Itoa(n)
		}
		switch {
		case p.power > 0:
			above = append(above, s)
		case p.power < 0:
			below += "/" + s
		}
	}
	if len(above) == 0 && below == "" {
		return "1", ok
	}
	return strings.Join(above, ".") + below, ok
}

// factor is a symbol of UCUM to a power.
type factor struct {
	symbol string
	power  int
}

var factorForm = regexp.MustCompile(`([./]?)([A-Za-z%]+|[a-z]*\[[A-Za-z_]+\])(\d?)`)

// factors are the symbols that a unit is made of; false where it is written otherwise.
func factors(unit string) (list []factor, ok bool) {
	read := 0
	for _, m := range factorForm.FindAllStringSubmatch(unit, -1) {
		read += len(m[0])
		p := factor{m[2], 1}
		if m[3] != "" {
			p.power = int(m[3][0] - '0')
		}
		if m[1] == "/" {
			p.power = -p.power
		}
		list = append(list, p)
	}
	for _, s := range symbols { // a calendar unit is of no power
		if strings.Contains(unit, s[0]) {
			return nil, false
		}
	}
	return list, read == len(unit) && read > 0
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
