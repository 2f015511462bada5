package plan

import (
	"farr/measures/internal/elm"
)

// bool compiles a condition.
func (f *frame) bool(n *elm.Node, e *env) expr { return f.truthOf(f.value(n, e), n, e) }

// truthOf takes a value as a condition.
func (f *frame) truthOf(v value, n *elm.Node, e *env) expr {
	switch v := v.(type) {
	case boolV:
		return v.is
	case nullV:
		return null(typeBoolean)
	case choiceV:
		if b, ok := v.pick(func(x value) bool { _, ok := x.(boolV); return ok }).(boolV); ok {
			return b.is
		}
		return null(typeBoolean)
	default:
		f.g.fail(e, n, "%s is not a Boolean", typeName(v))
		return null(typeBoolean)
	}
}

func (f *frame) logic(n *elm.Node, e *env) value {
	switch n.Type {
	case "And":
		a := f.bool(n.Operand[0], e)
		if a == no {
			return boolV{a}
		}
		return boolV{and(a, f.bool(n.Operand[1], e))}
	case "Or":
		a := f.bool(n.Operand[0], e)
		if a == yes {
			return boolV{a}
		}
		return boolV{or(a, f.bool(n.Operand[1], e))}
	case "Implies":
		return boolV{or(not(f.bool(n.Operand[0], e)), f.bool(n.Operand[1], e))}
	case "Xor":
		return boolV{apply(opNotEqual, f.bool(n.Operand[0], e), f.bool(n.Operand[1], e))}
	case "Not":
		return boolV{not(f.bool(n.Operand[0], e))}
	case "IsNull":
		v := f.value(n.Operand[0], e)
		if l, ok := v.(listV); ok {
			switch n.Operand[0].Type {
			case "List", "Retrieve":
				return boolV{no} // a list, if an empty one
			}
			return boolV{not(f.exists(l))}
		}
		return boolV{not(notNull(v))}
	case "IsTrue":
		return boolV{truth(f.bool(n.Operand[0], e))}
	case "IsFalse":
		return boolV{truth(not(f.bool(n.Operand[0], e)))}
	}
	return f.g.fail(e, n, "ELM node %s is not supported", n.Type)
}

// branches compiles a conditional; conditions are never null.
func (f *frame) branches(n *elm.Node, e *env, conds []expr, nodes []*elm.Node) value {
	var cs []expr
	var vals []value
	lists := false
	for i, c := range conds {
		if c == no {
			continue
		}
		var v value
		f.g.under(and(c, not(truth(or(conds[:i]...)))), func() { v = f.value(nodes[i], e) })
		_, isList := v.(listV)
		lists = lists || isList
		cs, vals = append(cs, c), append(vals, v)
		if c == yes {
			break
		}
	}
	if !lists {
		return f.g.choose(cs, vals)
	}
	if cs[0] == yes {
		return vals[0]
	}
	var all []listV
	for _, v := range vals {
		all = append(all, f.asList(v, n, e))
	}
	return listV{make: func(at *frame) *rel {
		var sides []*rel
		for i, l := range all {
			guard := and(cs[i], not(truth(or(cs[:i]...))))
			var r *rel
			f.g.under(guard, func() { r = l.make(at) })
			r.f.where(guard)
			sides = append(sides, r)
		}
		return at.unionAll(sides)
	}}
}

func (f *frame) caseNode(n *elm.Node, e *env) value {
	var conds []expr
	var nodes []*elm.Node
	var on value
	if n.Comparand != nil {
		on = f.bind(f.value(n.Comparand, e))
	}
	for _, item := range n.CaseItem {
		if on != nil {
			when := f.value(item.When, e)
			is := f.g.equal(on, when, "")
			if is.none() {
				return f.g.fail(e, n, "Case of %s and %s is not supported", typeName(on), typeName(when))
			}
			conds = append(conds, truth(is))
		} else {
			conds = append(conds, truth(f.bool(item.When, e)))
		}
		nodes = append(nodes, item.Then)
	}
	return f.branches(n, e, append(conds, yes), append(nodes, n.Else))
}

func (f *frame) coalesce(n *elm.Node, e *env) value {
	var vals []value
	for _, o := range n.Operand {
		v := f.value(o, e)
		if l, ok := v.(listV); ok {
			if len(n.Operand) > 1 {
				if o.Type == "Property" { // a missing element is null, and a list here is never
					return f.g.fail(e, n, "Coalesce of repeated elements is not supported")
				}
				return l // a define or a query is a list, if an empty one
			}
			if !l.lit {
				r := l.make(f)
				r.f.where(notNull(r.elem))
				return f.backOne(r, false, false)
			}
			vals = append(vals, l.items...)
			continue
		}
		vals = append(vals, f.bind(v))
	}
	var conds []expr
	for _, v := range vals {
		conds = append(conds, notNull(v))
	}
	return f.g.choose(conds, vals)
}

func (f *frame) ifNode(n *elm.Node, e *env) value {
	c := truth(f.bool(n.Condition, e))
	return f.branches(n, e, []expr{c, yes}, []*elm.Node{n.Then, n.Else})
}
