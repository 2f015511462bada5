package plan

import (
	"farr/measures/internal/elm"
)

// neighbor is the value next to one: a step of its type, of a date by its own precision; null beyond
// the ends of the type (CQL 1.5, "Predecessor", "Successor").
func (f *frame) neighbor(n *elm.Node, e *env) value {
	into := map[string]op{"Predecessor": opSubtract, "Successor": opAdd}[n.Type]
	switch v := f.bind(certain(dateOf(f.value(n.Operand[0], e)))).(type) {
	case numV:
		if v.integer {
			v.num = f.inEnds(apply(into, cast(v.num, v.wide()), whole(1)), v)
			return v
		}
		return numV{num: rounded(apply(into, v.num, smallest))}
	case qtyV:
		return qtyV{rounded(apply(into, v.num, smallest)), v.unit}
	case dateV:
		by := map[string]op{"Predecessor": opMinus, "Successor": opPlus}[n.Type]
		least, greatest := v.ends()
		beside := v.beside(by)
		out := dateV{lo: f.inRange(beside.lo, least, greatest), prec: v.prec, date: v.date, time: v.time}
		if !v.exact() {
			out.hi = f.inRange(beside.hi, least, greatest)
		}
		return out
	default:
		return f.ofNull(n, e, []value{v})
	}
}
