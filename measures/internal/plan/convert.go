package plan

import (
	"strings"

	"farr/measures/internal/elm"
)

// convert compiles the conversions (CQL 1.5, "Type Operators"). A text that is known beforehand is read
// here; one that is not cannot be read so that each of its mistakes would become null.
func (f *frame) convert(n *elm.Node, e *env) value {
	if of := conversions[n.ToType]; n.Type == "Convert" && of != "" {
		to := *n
		to.Type = of
		n = &to
	}
	v := certain(f.value(n.Operand[0], e))
	if s, ok := v.(strV); ok {
		if x := f.fromText(n, e, s); x != nil {
			return x
		}
	}
	switch n.Type {
	case "ToDecimal", "ToInteger", "ToLong":
		if x, ok := v.(numV); ok && (n.Type == "ToDecimal" || x.integer) {
			to := numV{num: x.num, integer: n.Type != "ToDecimal", long: n.Type == "ToLong"}
			if x.long && n.Type == "ToInteger" {
				to.num = f.inRange(x.num, minInteger, maxInteger)
			}
			return to
		}
		if x, ok := v.(boolV); ok {
			to := numV{num: caseOf([]expr{truth(x.is), truth(not(x.is))}, []expr{whole(1), whole(0)}), integer: n.Type != "ToDecimal", long: n.Type == "ToLong"}
			return f.bind(to)
		}
	case "ToBoolean":
		switch x := v.(type) {
		case boolV:
			return x
		case numV:
			return boolV{caseOf([]expr{truth(equal(x.num, whole(1))), truth(equal(x.num, whole(0)))}, []expr{yes, no})}
		}
	case "ToQuantity":
		switch x := v.(type) {
		case numV:
			return qtyV{x.num, text("1")}
		case qtyV:
			return x
		}
	case "ToDateTime", "ToDate":
		if x, ok := v.(dateV); ok && !x.time {
			if n.Type == "ToDate" && !x.date {
				return f.dateFrom(f.bind(x).(dateV))
			}
			return dateV{lo: x.lo, hi: x.hi, prec: x.prec, date: n.Type == "ToDate"}
		}
	case "ToTime":
		if x, ok := v.(dateV); ok && x.time {
			return x
		}
	case "ToString":
		return f.toString(n, e, f.bind(v))
	case "Convert", "ToConcept":
		return v
	case "ConvertQuantity":
		u, ok := f.value(n.Operand[1], e).(strV)
		q, isQty := v.(qtyV)
		if ok && isQty && isConst(u.text) {
			q = f.bind(q).(qtyV)
			return qtyV{convertTo(q, u.text.text()), u.text}
		}
	}
	switch v := v.(type) {
	case nullV:
		return v
	case choiceV, conceptV, codeV, listV:
		return v
	}
	return f.g.fail(e, n, "%s of %s is not supported", n.Type, typeName(v))
}

// conversions are the operators that convert to a type of CQL.
var conversions = map[string]string{"Boolean": "ToBoolean", "Integer": "ToInteger", "Long": "ToLong", "Decimal": "ToDecimal", "String": "ToString",
	"Quantity": "ToQuantity", "Date": "ToDate", "DateTime": "ToDateTime", "Time": "ToTime"}

// toString is a value as text (CQL 1.5, "ToString").
func (f *frame) toString(n *elm.Node, e *env, v value) value {
	switch x := v.(type) {
	case nullV, strV, refV, choiceV, conceptV:
		return v
	case boolV:
		return strV{caseOf([]expr{truth(x.is), truth(not(x.is))}, []expr{text("true"), text("false")})}
	case numV:
		if x.integer {
			return strV{cast(x.num, null(typeText))}
		}
		return strV{apply(opDecimalText, decimal(x.num))}
	case qtyV:
		return strV{apply(opConcatenate, apply(opDecimalText, decimal(x.num)), text(" '"), x.unit, text("'"))}
	case dateV:
		formats := map[string][]string{
			"Date":     {"%Y", "%Y-%m", "%Y-%m-%d"},
			"DateTime": {"%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S.%g"},
			"Time":     {3: "%H", 4: "%H:%M", 5: "%H:%M:%S.%g"},
		}[typeName(x)]
		var conds, vals []expr
		for i, format := range formats {
			if format != "" {
				conds, vals = append(conds, equal(x.prec, precision([]float64{1, 2, 3, toHour, 4, 6}[i]))), append(vals, node(opFormat, format, x.lo))
			}
		}
		if len(formats) > 5 {
			conds[len(conds)-1] = apply(opGreaterOrEqual, x.prec, precision(5))
		}
		for i, c := range conds {
			if isConst(x.prec) {
				conds[i] = boolean(c.args()[1] == x.prec || c.op() == opGreaterOrEqual && level(x.prec) >= 5)
			} else {
				conds[i] = truth(c)
			}
		}
		return strV{caseOf(conds, vals)}
	}
	return f.g.fail(e, n, "ToString of %s is not supported", typeName(v))
}

// fromText converts a text; nil where the operator takes it as it is.
func (f *frame) fromText(n *elm.Node, e *env, s strV) value {
	of := readers[n.Type]
	if of == nil {
		return nil
	}
	if isNull(s.text) {
		return shapeOf(strings.TrimPrefix(n.Type, "To"))
	}
	if !isConst(s.text) {
		return f.g.fail(e, n, "%s of a text that is not known beforehand is not supported", n.Type)
	}
	v, ok := of(s.text.text())
	if !ok {
		return shapeOf(strings.TrimPrefix(n.Type, "To")) // no such value: null
	}
	if v == nil {
		return f.g.fail(e, n, "%s of a text with an offset is not supported: dates are compared on the local clock", n.Type)
	}
	return f.bind(v)
}
