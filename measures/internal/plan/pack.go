package plan

import "strconv"

// A list inside a tuple cannot stay a frame of its own where the tuple leaves the frame it was
// made in: in a define's table, in a union. It is packed there into one column, a list of
// tuples with a field for each expression of the element, and unpacked where it is used.

// packed is what a packed list holds.
type packed struct {
	column expr
	elem   value // of the fields, in order
}

// unpack is a list that is held in a column.
func unpack(column expr, elem value) listV {
	if len(leaves(elem)) == 0 { // nothing but nulls
		return literalList(nil, true)
	}
	item := func(place expr) value {
		n := 0
		return mapLeaves(elem, func(expr) expr {
			n++
			return node(opItem, strconv.Itoa(n), column, place)
		})
	}
	return listV{
		packed: &packed{column, elem},
		make: func(at *frame) *rel {
			r := at.fork()
			i := r.unnest(apply(opRange, whole(1), apply(opAdd, apply(opLength, column), whole(1))), "place")
			return &rel{f: r, elem: r.bind(item(i)), order: []expr{apply(opAscending, i)}}
		},
		end: func(last bool) value {
			if last {
				return item(whole(-1))
			}
			return item(whole(1))
		},
	}
}

// listType is a null of the type that a packed list of such elements has.
func listType(elem value) expr { return node(opNull, typeList, leaves(nullLike(elem))...) }

// pack packs the lists inside a tuple of f's rows. A list on its own is left as it is.
func (f *frame) pack(v value) value {
	t, ok := v.(tupleV)
	if !ok {
		return v
	}
	out := tupleV{names: t.names, nn: t.nn}
	for _, x := range t.fields {
		if l, ok := x.(listV); ok && l.packed == nil {
			x = f.packList(l)
		}
		out.fields = append(out.fields, f.pack(x))
	}
	return out
}

func (f *frame) packList(l listV) value {
	r := l.make(f)
	elem := r.f.bind(r.f.pack(r.elem))
	if len(leaves(elem)) == 0 {
		return literalList(nil, true)
	}
	return unpack(f.bindExpr(f.collected(&rel{f: r.f, elem: elem, order: r.order}), "list"), elem)
}

// collected is a list, whose element is bound, as one column of f.
func (f *frame) collected(r *rel) expr {
	tuple := apply(opTuple, leaves(r.elem)...)
	list := f.back(r, apply(opCollect, append([]expr{tuple}, orderOf(r)...)...))[0]
	return cast(first(list, apply(opList)), listType(r.elem))
}
