package plan

import (
	"math/big"
	"strings"

	"farr/measures/internal/elm"
)

func (f *frame) arithmetic(n *elm.Node, e *env) value {
	var ops []value
	for _, o := range n.Operand {
		if n.Type == "Negate" && o.Type == "Literal" && o.ValueType != "Decimal" && !strings.HasPrefix(o.Text, "-") {
			negative := *o // the least whole number is written as the negation of one that is none
			negative.Text = "-" + o.Text
			return f.value(&negative, e)
		}
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
	if x, ok := a.(numV); ok && x.integer {
		if y, ok := b.(numV); ok && y.integer && !(x.hi.none() && y.hi.none()) {
			return f.uncertain(x, y, arithmetic[n.Type])
		}
	}
	a, b = certain(a), certain(b)
	of := arithmetic[n.Type]
	switch x := a.(type) {
	case dateV:
		if q, ok := b.(qtyV); ok && (n.Type == "Add" || n.Type == "Subtract") {
			by := map[string]op{"Add": opPlus, "Subtract": opMinus}[n.Type]
			least, greatest := x.ends()
			d := dateV{lo: f.inRange(shiftDate(x, x.lo, q, by), least, greatest), prec: x.prec, date: x.date, time: x.time}
			if !x.exact() {
				d.hi = f.inRange(shiftDate(x, x.hi, q, by), least, greatest)
			}
			return d
		}
	case numV:
		if y, ok := b.(numV); ok && of != "" {
			return f.numbers(n, e, x, y, of)
		}
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
			case opTruncatedDivide, opModulo: // a quantity in the unit of the first
				r := y.num
				switch {
				case isConst(x.unit):
					r = convertTo(y, x.unit.text())
				case x.unit != y.unit:
					r = when(truth(equal(x.unit, y.unit)), r)
				}
				return qtyV{wholes(of, decimal(x.num), decimal(r)), x.unit}
			}
		case numV:
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

// numbers computes on two numbers: as Integer or Long where both are that, else as Decimal.
func (f *frame) numbers(n *elm.Node, e *env, x, y numV, of op) value {
	long := x.long || y.long
	switch {
	case of == opPower && x.integer && y.integer && isConst(x.num) && isConst(y.num):
		return power(x.num.text(), y.num.text(), long)
	case of == opPower && long:
		return f.g.fail(e, n, "Power of a Long that is not known beforehand is not supported")
	case of == opDivide || of == opPower:
		return numV{num: rounded(apply(of, decimal(x.num), decimal(y.num)))}
	case !x.integer || !y.integer:
		if of == opTruncatedDivide || of == opModulo {
			return numV{num: wholes(of, decimal(x.num), decimal(y.num))}
		}
		return numV{num: rounded(apply(of, exactNumber(x), exactNumber(y)))}
	}
	out := numV{integer: true, long: long}
	out.num = f.inEnds(apply(of, cast(x.num, out.wide()), y.num), out)
	return out
}

// uncertain computes on whole numbers of which one lies between two bounds (CQL 1.5, "Uncertainty").
func (f *frame) uncertain(x, y numV, of op) value {
	out := numV{integer: true, long: x.long || y.long}
	at := func(a, b expr) expr { return f.inEnds(apply(of, cast(a, out.wide()), b), out) }
	switch of {
	case opSubtract:
		out.num, out.hi = at(x.num, y.last()), at(x.last(), y.num)
	case opMultiply:
		all := []expr{at(x.num, y.num), at(x.num, y.last()), at(x.last(), y.num), at(x.last(), y.last())}
		out.num, out.hi = all[0], all[0]
		for _, p := range all[1:] {
			out.num, out.hi = apply(opLeast, out.num, p), apply(opGreatest, out.hi, p)
		}
	default:
		out.num, out.hi = at(x.num, y.num), at(x.last(), y.last())
	}
	return f.bind(out)
}

// wholes is the whole number of times that b goes into a, or what is left over.
func wholes(of op, a, b expr) expr {
	ratio := apply(opDivide, a, b)
	near := apply(opRound, ratio, whole(0)) // the ratio of 0.3 and 0.1 is a little less than 3
	times := caseOf([]expr{truth(equal(rounded(apply(opMultiply, near, b)), rounded(a))), yes}, []expr{near, apply(opTruncate, ratio)})
	if of == opModulo {
		return rounded(apply(opSubtract, a, apply(opMultiply, times, b)))
	}
	return times
}

// power is a power of whole numbers that are known: a whole number, and a Decimal where the exponent
// is negative.
func power(base, exponent string, long bool) value {
	b, _ := new(big.Int).SetString(base, 10)
	x, _ := new(big.Int).SetString(exponent, 10)
	if x.Sign() < 0 {
		return numV{num: rounded(apply(opPower, decimal(number(base)), decimal(number(exponent))))}
	}
	out := numV{num: null(typeInteger), integer: true, long: long}
	if b.CmpAbs(big.NewInt(1)) > 0 && x.Cmp(big.NewInt(64)) >= 0 { // beyond any whole number
		return out
	}
	least, greatest := out.ends()
	if of := new(big.Int).Exp(b, x, nil); within(of, least, greatest) {
		out.num = number(of.String())
	}
	return out
}

// within is whether a number is between two that are known.
func within(x *big.Int, least, greatest expr) bool {
	low, _ := new(big.Int).SetString(least.text(), 10)
	high, _ := new(big.Int).SetString(greatest.text(), 10)
	return x.Cmp(low) >= 0 && x.Cmp(high) <= 0
}

// wide is a type with room for a result beyond the ends of a whole number's own.
func (n numV) wide() expr {
	if n.long {
		return null(typeHuge)
	}
	return null(typeInteger)
}

// inEnds is a whole number where its type has it, else null.
func (f *frame) inEnds(x expr, like numV) expr {
	least, greatest := like.ends()
	x = f.inRange(x, least, greatest)
	if like.long {
		return cast(x, null(typeInteger))
	}
	return x
}

// arithmetic are the operations on two numbers.
var arithmetic = map[string]op{"Add": opAdd, "Subtract": opSubtract, "Multiply": opMultiply, "Divide": opDivide,
	"TruncatedDivide": opTruncatedDivide, "Modulo": opModulo, "Power": opPower}

// spans are the node types that take an uncertain number as one.
var spans = map[string]bool{"Add": true, "Subtract": true, "Multiply": true, "Negate": true}

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
			switch {
			case of == opNegate && !x.hi.none():
				return numV{num: apply(of, x.hi), hi: apply(of, x.num), integer: x.integer, long: x.long}
			case of == opRound:
				places := whole(0)
				if p, ok := certain(f.value(n.Places, e)).(numV); ok {
					places = p.num
				}
				return numV{num: apply(of, decimal(x.num), places)}
			case of == opNegate && isConst(x.num):
				return numV{num: number(strings.TrimPrefix("-"+x.num.text(), "--")), integer: x.integer, long: x.long}
			case x.integer:
				return numV{num: f.inEnds(apply(of, cast(x.num, x.wide())), x), integer: true, long: x.long}
			case of == opNegate || of == opAbs:
				return numV{num: apply(of, x.num)}
			}
			return numV{num: f.inEnds(apply(of, x.num), numV{integer: true}), integer: true}
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
