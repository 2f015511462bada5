package plan

import (
	"slices"
	"strconv"

	"farr/measures/internal/elm"
)

// Operators on the places of a list's elements, which are counted from 0 (CQL 1.5, "List Operators").

// placed is the place of each element of a list, from 1.
func (f *frame) placed(r *rel) expr {
	elem := r.f.bind(r.elem)
	order := r.order
	if len(order) == 0 {
		order = r.f.ties(elem)
	}
	return r.f.bindExpr(rowNumber(f.key, orderOf(&rel{elem: elem, order: order})), "index")
}

// number is an Integer as an expression; none where it is no number.
func (f *frame) number(n *elm.Node, e *env) expr {
	switch v := f.bind(certain(f.value(n, e))).(type) {
	case numV:
		return v.num
	case nullV:
		return null(typeInteger)
	}
	return expr{}
}

// slice is the elements of a list from a place on, up to before another where one is given; Skip, Take
// and Tail are written so. A negative place counts from the end.
func (f *frame) slice(n *elm.Node, e *env) value {
	v := f.value(n.Operand[0], e)
	if _, ok := v.(nullV); ok {
		return v
	}
	l := f.asList(v, n, e)
	from, to := f.number(n.Operand[1], e), f.number(n.Operand[2], e)
	if from.none() || to.none() {
		return f.g.fail(e, n, "Slice at a place that is no Integer is not supported")
	}
	if isNull(from) {
		from = whole(0)
	}
	if l.lit && isConst(from) && (isConst(to) || isNull(to)) {
		first, end := placeIn(len(l.items), from, 0), placeIn(len(l.items), to, len(l.items))
		return literalList(slices.Clone(l.items[first:max(first, end)]), true)
	}
	return listV{make: func(at *frame) *rel {
		r := l.make(at)
		if hasList(r.elem) {
			at.g.fail(e, n, "Slice of a list of lists is not supported")
			return r
		}
		at.close()
		i := at.placed(r)
		count := func() expr { // of what is before, itself and after
			back := r.f.bindExpr(rowNumber(at.key, []expr{apply(opDescending, i)}), "back")
			return apply(opSubtract, apply(opAdd, i, back), whole(1))
		}
		counted := func(place expr) expr {
			if isConst(place) && place.text()[0] != '-' {
				return place
			}
			return caseOf([]expr{truth(apply(opLess, place, whole(0))), yes}, []expr{apply(opAdd, count(), place), place})
		}
		r.f.where(truth(apply(opGreater, i, counted(from))))
		if !isNull(to) {
			r.f.where(truth(first(apply(opLessOrEqual, i, counted(to)), yes)))
		}
		return &rel{f: r.f, elem: r.elem, order: []expr{apply(opAscending, i)}}
	}}
}

// placeIn is a place that is known in a list of so many elements.
func placeIn(count int, place expr, otherwise int) int {
	if isNull(place) {
		return otherwise
	}
	i, err := strconv.Atoi(place.text())
	if err != nil {
		return otherwise
	}
	if i < 0 {
		i += count
	}
	return min(max(i, 0), count)
}

// indexOf is the first place of an element that equals a value; -1 where none does.
func (f *frame) indexOf(n *elm.Node, e *env) value {
	v, x := f.value(n.Operand[0], e), f.bind(f.value(n.Operand[1], e))
	for _, v := range []value{v, x} {
		if _, ok := v.(nullV); ok {
			return numV{num: null(typeInteger), integer: true}
		}
	}
	l := f.asList(v, n, e)
	same := func(elem value) expr {
		is := f.g.equal(elem, x, "")
		if is.none() {
			f.g.fail(e, n, "IndexOf of %s in a list of %s is not supported", typeName(x), typeName(elem))
			return no
		}
		return truth(is)
	}
	at := whole(-1)
	if l.lit {
		var conds, vals []expr
		for i, item := range l.items {
			conds, vals = append(conds, same(item)), append(vals, whole(i))
		}
		at = caseOf(append(conds, yes), append(vals, at))
	} else {
		r := l.make(f)
		f.close()
		i := f.placed(r)
		r.f.where(same(r.f.bind(r.elem)))
		at = first(f.back(r, apply(opMin, apply(opSubtract, i, whole(1))))[0], at)
	}
	return numV{num: when(notNull(x), at), integer: true}
}

// length is how many characters a text or elements a list has, nulls too.
func (f *frame) length(n *elm.Node, e *env) value {
	switch v := f.value(n.Operand[0], e).(type) {
	case strV:
		return numV{num: apply(opLength, v.text), integer: true}
	case nullV:
		as := n.Operand[0].AsType
		if as == nil && len(n.Signature) > 0 {
			as = n.Signature[0]
		}
		if as != nil && as.Kind == "List" {
			return numV{num: whole(0), integer: true} // CQL 1.5, "Length": of a null list 0
		}
		return v
	case listV:
		if v.lit {
			return numV{num: whole(len(v.items)), integer: true}
		}
		return numV{num: first(f.back(v.make(f), apply(opCountIf, yes))[0], whole(0)), integer: true}
	default:
		return f.ofNull(n, e, []value{v})
	}
}
