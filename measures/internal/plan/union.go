package plan

import (
	"slices"

	"farr/measures/internal/elm"
)

// union is the elements of two lists, each once. A union of unions is one of all their
// sides; retrieves that differ only in their value set are one retrieve, since a resource is
// in it once however many of the sets have its code.
func (f *frame) union(n *elm.Node, e *env) value {
	nodes := together(sides(n, nil))
	if len(nodes) == 1 {
		return f.value(nodes[0], e)
	}
	var lists []listV
	for i, x := range nodes {
		v := f.value(x, e)
		if _, interval := v.(intervalV); interval && i == 0 { // of intervals, two by two as it is written
			if len(nodes) > 2 {
				v = f.value(n.Operand[0], e)
			}
			if x, y, ok := f.twoIntervals(v, f.value(n.Operand[1], e)); ok {
				return f.combined(n, e, x, y)
			}
		}
		lists = append(lists, f.asList(v, x, e))
	}
	return listV{make: func(at *frame) *rel {
		var rels []*rel
		for _, l := range lists {
			rels = append(rels, l.make(at))
		}
		return at.distinct(at.unionAll(rels))
	}}
}

// sides are the operands of unions within unions, in their order.
func sides(n *elm.Node, list []*elm.Node) []*elm.Node {
	if n.Type != "Union" {
		return append(list, n)
	}
	for _, o := range n.Operand {
		list = sides(o, list)
	}
	return list
}

// together brings retrieves of one profile by value sets together in the first of them.
func together(list []*elm.Node) (out []*elm.Node) {
	same := func(a, b *elm.Node) bool {
		return bySet(a) && bySet(b) && a.DataType == b.DataType && a.TemplateID == b.TemplateID && a.CodeProperty == b.CodeProperty
	}
	for _, n := range list {
		i := slices.IndexFunc(out, func(o *elm.Node) bool { return same(o, n) })
		if i < 0 {
			out = append(out, n)
			continue
		}
		both := *out[i]
		both.Codes = slices.Concat(both.Codes, n.Codes)
		out[i] = &both
	}
	return out
}

// bySet is whether a node is a retrieve of nothing but the codes of value sets.
func bySet(n *elm.Node) bool {
	return n.Type == "Retrieve" && len(n.Codes) > 0 && !slices.ContainsFunc(n.Codes, func(c *elm.Node) bool { return c.Type != "ValueSetRef" })
}
