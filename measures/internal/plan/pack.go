package plan

import "fmt"

// A list inside a tuple cannot stay a frame of its own where the tuple leaves the frame it was
// made in: in a define's table, in a union. It is packed there into one column, a list of
// structs with a field for each expression of the element, and unpacked where it is used.

// packed is what a packed list holds.
type packed struct {
	column string
	elem   value // of the expressions f1, f2, ..
}

// unpack is a list that is held in a column.
func unpack(column string, elem value) listV {
	if len(leaves(elem)) == 0 { // nothing but nulls
		return literalList(nil, true)
	}
	item := func(place string) value {
		n := 0
		return mapLeaves(elem, func(string) string {
			n++
			return fmt.Sprintf("%s[%s].f%d", column, place, n)
		})
	}
	return listV{
		packed: &packed{column, elem},
		make: func(at *frame) *rel {
			r := at.fork()
			i := r.unnest("range(1, len("+column+") + 1)", "place")
			return &rel{f: r, elem: r.bind(item(i)), order: []string{i + " ASC"}}
		},
		end: func(last bool) value {
			if last {
				return item("-1")
			}
			return item("1")
		},
	}
}

// listType is the SQL type of a packed list of elements.
func listType(elem value) string {
	var fields []string
	for i, t := range leafTypes(elem) {
		fields = append(fields, fmt.Sprintf("f%d %s", i+1, t))
	}
	return "STRUCT(" + join(fields) + ")[]"
}

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
	list := f.back(r, "list("+structOf(leaves(elem))+" ORDER BY "+join(orderOf(&rel{elem: elem, order: r.order}))+")")[0]
	return unpack(f.bindSQL("CAST(coalesce("+list+", []) AS "+listType(elem)+")", "list"), elem)
}
