package plan

import (
	"farr/measures/internal/elm"
)

func (f *frame) convert(n *elm.Node, e *env) value {
	v := certain(f.value(n.Operand[0], e))
	switch n.Type {
	case "ToDecimal":
		if x, ok := v.(numV); ok {
			return numV{num: x.num}
		}
	case "ToQuantity":
		switch x := v.(type) {
		case numV:
			return qtyV{x.num, text("1")}
		case qtyV:
			return x
		}
	case "ToDateTime", "ToDate":
		if x, ok := v.(dateV); ok {
			if n.Type == "ToDate" && !x.date {
				return f.dateFrom(f.bind(x).(dateV))
			}
			return dateV{lo: x.lo, hi: x.hi, prec: x.prec, date: n.Type == "ToDate"}
		}
	case "ToString", "Convert", "ToConcept":
		if x, ok := v.(numV); ok && x.integer && n.Type == "ToString" {
			return strV{cast(x.num, null(typeText))}
		}
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
