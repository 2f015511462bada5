package plan

import (
	"farr/measures/internal/elm"
)

// logarithm compiles Exp, Ln and Log, which are of Decimals (CQL 1.5, "Arithmetic Operators"); null where
// there is no such number, or none that a Decimal can be.
func (f *frame) logarithm(n *elm.Node, e *env) value {
	var ops []value
	var of []expr
	for _, o := range n.Operand {
		v := f.bind(certain(f.value(o, e)))
		if x, ok := v.(numV); ok {
			of = append(of, decimal(x.num))
		}
		ops = append(ops, v)
	}
	if len(of) < len(ops) {
		return f.ofNull(n, e, ops)
	}
	positive := func(x expr) expr { return truth(apply(opGreater, x, whole(0))) }
	ln := func(x expr) expr { return apply(opLn, caseOf([]expr{positive(x)}, []expr{x})) }
	switch n.Type {
	case "Exp": // beyond 46 it is more than any Decimal
		return numV{num: rounded(apply(opExp, when(truth(apply(opLess, of[0], whole(47))), of[0])))}
	case "Ln":
		return numV{num: rounded(ln(of[0]))}
	}
	return numV{num: rounded(apply(opDivide, ln(of[0]), ln(of[1])))} // to the base 1 there is none
}
