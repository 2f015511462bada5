package plan

import "strings"

// scale multiplies or divides quantities (CQL 1.5, "Multiply", "Divide": the unit of the result
// is made of the operands' units, as UCUM writes it). A factor without a unit leaves the other's
// unit, and two of one kind divide to a number.
func (f *frame) scale(x, y qtyV, op string) value {
	plain := "(CAST(" + x.num + " AS DOUBLE) * CAST(" + y.num + " AS DOUBLE))"
	if op == "*" {
		conds := []string{unitless(y.unit), unitless(x.unit), over(y.unit, x.unit), over(x.unit, y.unit), "true"}
		units := []string{x.unit, y.unit, above(y.unit, x.unit), above(x.unit, y.unit), glue(x.unit, ".", y.unit)}
		return f.bind(qtyV{plain, caseOf(conds, units)})
	}
	plain = "(CAST(" + x.num + " AS DOUBLE) / nullif(CAST(" + y.num + " AS DOUBLE), 0))"
	l, r := commonUnit(x, y)
	common := "false"
	if !isNullLit(l) && !isNullLit(r) {
		common = "((" + l + ") IS NOT NULL AND (" + r + ") IS NOT NULL)"
	}
	conds := []string{unitless(y.unit), common, "true"}
	ratio := "(CAST(" + l + " AS DOUBLE) / nullif(CAST(" + r + " AS DOUBLE), 0))"
	return f.bind(qtyV{caseOf(conds, []string{plain, ratio, plain}), caseOf(conds, []string{x.unit, "'1'", glue(x.unit, "/", divisor(y.unit))})})
}

// unitless is whether a unit is the unit 1.
func unitless(unit string) string {
	if isConst(unit) {
		return boolText(unit == "'1'")
	}
	return "(coalesce(" + unit + ", '1') = '1')"
}

// over is whether a unit is something per below, as mg/mL is per mL.
func over(unit, below string) string {
	if isConst(unit) && isConst(below) {
		return boolText(strings.HasSuffix(unquoted(unit), "/"+unquoted(below)))
	}
	return truth("ends_with(" + unit + ", " + glue("'/'", "", below) + ")")
}

// above is what such a unit is without its divisor.
func above(unit, below string) string {
	if isConst(unit) && isConst(below) {
		return quote(strings.TrimSuffix(unquoted(unit), "/"+unquoted(below)))
	}
	return "left(" + unit + ", len(" + unit + ") - len(" + below + ") - 1)"
}

// symbols are UCUM's codes of the calendar units.
var symbols = [][2]string{{"year", "a"}, {"month", "mo"}, {"week", "wk"}, {"day", "d"}, {"hour", "h"}, {"minute", "min"}, {"second", "s"}, {"millisecond", "ms"}}

// divisor is a unit as UCUM writes it after a slash.
func divisor(unit string) string {
	if !isConst(unit) {
		sql := "CASE " + unit
		for _, s := range symbols {
			sql += " WHEN " + quote(s[0]) + " THEN " + quote(s[1])
		}
		return sql + " ELSE CASE WHEN regexp_matches(" + unit + ", '[./]') THEN '(' || " + unit + " || ')' ELSE " + unit + " END END"
	}
	u := unquoted(unit)
	for _, s := range symbols {
		if u == s[0] {
			u = s[1]
		}
	}
	if strings.ContainsAny(u, "./") {
		u = "(" + u + ")"
	}
	return quote(u)
}

// glue joins texts, at once where both are known.
func glue(a, sign, b string) string {
	if isConst(a) && isConst(b) {
		return quote(unquoted(a) + sign + unquoted(b))
	}
	if sign == "" {
		return "(" + a + " || " + b + ")"
	}
	return "(" + a + " || " + quote(sign) + " || " + b + ")"
}
