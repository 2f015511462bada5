package plan

import (
	"slices"

	"farr/measures/internal/elm"
)

// statistics are the aggregates of a list of numbers beside the plain ones (CQL 1.5, "Aggregate Functions").
var statistics = map[string]op{"Median": opMedian, "StdDev": opStdDev, "PopulationStdDev": opPopulationStdDev,
	"Variance": opVariance, "PopulationVariance": opPopulationVariance, "GeometricMean": opGeometricMean, "Product": opProduct}

// statistic passes over nulls; of no element it is null.
func (f *frame) statistic(n *elm.Node, e *env, l listV) value {
	of := statistics[n.Type]
	r := l.make(f)
	switch x := r.f.bind(certain(dateOf(r.elem))).(type) {
	case nullV:
		return nullV{}
	case numV:
		switch {
		case of == opProduct && x.long: // the engine's product is a double
			return f.g.fail(e, n, "Product of Longs is not supported")
		case of == opProduct && x.integer:
			return numV{num: cast(f.inEnds(f.back(r, apply(of, x.num))[0], x), null(typeInteger)), integer: true}
		case of == opGeometricMean: // there is one of numbers above 0 only
			all := f.back(r, apply(of, when(truth(apply(opGreater, x.num, whole(0))), decimal(x.num))), apply(opMin, x.num))
			return numV{num: when(truth(apply(opGreater, all[1], whole(0))), rounded(all[0]))}
		}
		return numV{num: rounded(f.back(r, apply(of, decimal(x.num)))[0])}
	case qtyV:
		if of != opMedian && of != opStdDev && of != opPopulationStdDev { // their unit is another
			break
		}
		all := f.back(r, apply(of, decimal(x.num)), apply(opMin, x.unit), apply(opMax, x.unit))
		return qtyV{when(apply(opSame, all[1], all[2]), rounded(all[0])), all[1]}
	}
	return f.g.fail(e, n, "%s of %s is not supported", n.Type, typeName(r.elem))
}

// mode is the element that a list has most often; of several the least, so that equal data give equal
// answers (CQL 1.5, "Mode", leaves open which).
func (f *frame) mode(n *elm.Node, e *env, l listV) value {
	r := l.make(f)
	elem := r.f.bind(certain(dateOf(r.elem)))
	switch elem.(type) {
	case nullV:
		return nullV{}
	case numV, strV, dateV, qtyV, boolV:
	default:
		return f.g.fail(e, n, "Mode of %s is not supported", typeName(elem))
	}
	r.f.where(notNull(elem))
	f.close()
	same := slices.DeleteFunc(leaves(elem), func(x expr) bool { return isConst(x) || isNull(x) })
	least := sortItems(elem, opAscending)
	times := r.f.bindExpr(rowNumber(slices.Concat(f.key, same), append(slices.Clone(least), apply(opAscending, whole(1)))), "times")
	return f.backOne(&rel{f: r.f, elem: elem, order: append([]expr{apply(opDescending, times)}, least...)}, false, false)
}
