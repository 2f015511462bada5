package plan

import (
	"farr/measures/internal/elm"
)

func (f *frame) arithmetic(n *elm.Node, e *env) value {
	var ops []value
	for _, o := range n.Operand {
		v := dateOf(f.value(o, e))
		if !spans[n.Type] {
			v = certain(v)
		}
		if _, ok := v.(nullV); ok {
			return nullV{}
		}
		ops = append(ops, f.bind(v))
	}
	if len(ops) == 1 {
		return f.unary(n, e, ops[0])
	}
	a, b := ops[0], ops[1]
	of := arithmetic[n.Type]
	switch x := a.(type) {
	case dateV:
		if q, ok := b.(qtyV); ok && (n.Type == "Add" || n.Type == "Subtract") {
			by := map[string]op{"Add": opPlus, "Subtract": opMinus}[n.Type]
			d := dateV{lo: f.inRange(shiftDate(x, x.lo, q, by), minDate, maxDate), prec: x.prec, date: x.date}
			if !x.exact() {
				d.hi = f.inRange(shiftDate(x, x.hi, q, by), minDate, maxDate)
			}
			return d
		}
	case numV:
		if y, ok := b.(numV); ok && of != "" {
			if !x.hi.none() || !y.hi.none() {
				if x.integer && y.integer {
					return f.uncertain(of, x, y)
				}
				x, y = certain(x).(numV), certain(y).(numV)
			}
			l, r := exactNumber(x), exactNumber(y)
			switch of {
			case opDivide, opPower:
				return numV{num: rounded(apply(of, decimal(x.num), decimal(y.num)))}
			case opTruncatedDivide:
				if !x.integer || !y.integer {
					return numV{num: apply(opTruncate, apply(opDivide, decimal(x.num), decimal(y.num)))}
				}
				return numV{num: apply(of, x.num, y.num), integer: true}
			case opModulo:
				l, r = x.num, y.num
			}
			if !x.integer || !y.integer {
				return numV{num: rounded(apply(of, l, r))}
			}
			l = cast(l, null(typeInteger)) // so that the engine has room for what is beyond the ends
			return numV{num: f.inRange(apply(of, l, r), minInteger, maxInteger), integer: true}
		}
		x = certain(x).(numV)
		if y, ok := b.(qtyV); ok && of == opMultiply {
			return qtyV{rounded(apply(of, exactNumber(x), decimal(y.num))), y.unit}
		}
	case qtyV:
		switch y := b.(type) {
		case qtyV:
			switch of {
			case opMultiply, opDivide:
				return f.scale(x, y, of)
			case opAdd, opSubtract:
				return f.addUnits(x, y, of)
			}
		case numV:
			y = certain(y).(numV)
			if of == opMultiply || of == opDivide {
				return qtyV{rounded(apply(of, decimal(x.num), decimal(y.num))), x.unit}
			}
		}
	case strV:
		if y, ok := b.(strV); ok && (n.Type == "Concatenate" || n.Type == "Add") {
			return strV{apply(opConcatenate, x.text, y.text)}
		}
		if _, ok := b.(refV); ok && n.Type == "Concatenate" {
			return b // a reference is its type, a slash and an id
		}
	}
	return f.g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
}

// arithmetic are the operations on two numbers.
var arithmetic = map[string]op{"Add": opAdd, "Subtract": opSubtract, "Multiply": opMultiply, "Divide": opDivide,
	"TruncatedDivide": opTruncatedDivide, "Modulo": opModulo, "Power": opPower}

// spans are the node types that take an uncertain number as one.
var spans = map[string]bool{"Add": true, "Subtract": true, "Multiply": true, "Negate": true}

// uncertain adds, subtracts or multiplies whole numbers that may each be any between two bounds:
// the result is between the least and the greatest (CQL 1.5, Language Semantics, "Uncertainty").
func (f *frame) uncertain(of op, x, y numV) value {
	alo, ahi, blo, bhi := x.num, x.last(), y.num, y.last()
	pairs := [][2]expr{{alo, blo}, {ahi, bhi}}
	switch of {
	case opSubtract:
		pairs = [][2]expr{{alo, bhi}, {ahi, blo}}
	case opMultiply:
		pairs = [][2]expr{{alo, blo}, {ahi, bhi}, {alo, bhi}, {ahi, blo}}
	}
	least, greatest := expr{}, expr{}
	for _, p := range pairs {
		z := f.bindExpr(apply(of, cast(p[0], null(typeInteger)), p[1]), "bound")
		if least.none() {
			least, greatest = z, z
			continue
		}
		least = apply(opLeast, least, z)
		greatest = apply(opNegate, apply(opLeast, apply(opNegate, greatest), apply(opNegate, z)))
	}
	return numV{num: f.inRange(least, minInteger, maxInteger), hi: f.inRange(greatest, minInteger, maxInteger), integer: true}
}

// inRange is a result, and null where it is beyond the ends of its type (CQL 1.5, "Add":
// overflow). What is made of the measurement period stays within them.
func (f *frame) inRange(x, least, greatest expr) expr {
	if of := x.op(); (of == opPlus || of == opMinus) && (x.args()[0] == periodLow || x.args()[0] == periodHigh) {
		return f.bindExpr(x, "at")
	}
	x = f.bindExpr(x, "at")
	if isConst(x) || isNull(x) {
		return x
	}
	return when(truth(and(apply(opGreaterOrEqual, x, least), apply(opLessOrEqual, x, greatest))), x)
}

// rounded is a decimal to the eight places that CQL's have, so that tenths are tenths.
func rounded(x expr) expr { return apply(opRound, x, whole(8)) }

// exactNumber is a number as arithmetic takes it.
func exactNumber(v numV) expr {
	if v.integer {
		return v.num
	}
	return decimal(v.num)
}

func (f *frame) unary(n *elm.Node, e *env, a value) value {
	of := map[string]op{"Negate": opNegate, "Abs": opAbs, "Floor": opFloor, "Ceiling": opCeiling, "Round": opRound, "Truncate": opTruncate}[n.Type]
	if of != "" {
		switch x := a.(type) {
		case numV:
			if of == opNegate && !x.hi.none() {
				return numV{num: apply(of, x.hi), hi: apply(of, x.num), integer: x.integer}
			}
			if of == opRound {
				places := whole(0)
				if p, ok := certain(f.value(n.Places, e)).(numV); ok {
					places = p.num
				}
				return numV{num: apply(of, decimal(x.num), places)}
			}
			return numV{num: apply(of, x.num), integer: x.integer || n.Type == "Floor" || n.Type == "Ceiling" || n.Type == "Truncate"}
		case qtyV:
			if of == opNegate || of == opAbs {
				return qtyV{apply(of, x.num), x.unit}
			}
		}
	}
	if _, ok := a.(strV); ok && n.Type == "Concatenate" {
		return a
	}
	return f.g.fail(e, n, "%s of %s is not supported", n.Type, typeName(a))
}

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
			return dateV{x.lo, x.hi, x.prec, n.Type == "ToDate"}
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
