package plan

import (
	"strings"

	"farr/measures/internal/elm"
)

func (f *frame) propertyNode(n *elm.Node, e *env) value {
	var base value
	switch {
	case n.Scope != "":
		v, ok := e.find(n.Scope)
		if !ok {
			return f.g.fail(e, n, "nothing is named %s here", n.Scope)
		}
		base = v
	case len(n.Source) > 0:
		base = f.value(n.Source[0], e)
	default:
		// Without a scope or a source the translator means the innermost alias.
		v, ok := e.find("$with")
		if !ok {
			if v, ok = e.find("$row"); !ok {
				return f.g.fail(e, n, "%s of nothing", n.Path)
			}
		}
		base = v
	}
	for _, p := range strings.Split(n.Path, ".") {
		base = f.property(n, e, base, p)
	}
	return base
}

// property is an element of a value.
func (f *frame) property(n *elm.Node, e *env, base value, path string) value {
	g := f.g
	switch v := base.(type) {
	case nullV:
		return v
	case resV:
		if path == "id" {
			return refV{v.rid}
		}
		if v.tag.none() {
			return f.element(n, e, v, v.types[0], "", path)
		}
		var conds []expr
		var vals []value
		for _, t := range v.types {
			if lines, _, part := g.model.find(t, path); len(lines) == 0 && !part && path != "extension" && path != "modifierExtension" {
				continue
			}
			x := f.element(n, e, v, t, "", path)
			conds, vals = append(conds, truth(equal(v.tag, text(t)))), append(vals, x)
		}
		if len(vals) == 0 {
			return nullV{} // only another of the types that the author wrote has it
		}
		return g.choose(conds, vals)
	case childV:
		if path == "id" {
			return refV{v.rid}
		}
		return f.element(n, e, v, v.resource, v.prefix, path)
	case partV:
		switch b := v.base.(type) {
		case resV:
			return f.element(n, e, b, b.types[0], v.prefix, path)
		case childV:
			return f.element(n, e, b, b.resource, v.prefix, path)
		}
	case refV:
		switch path {
		case "reference", "value":
			return v
		case "type":
			return strV{null(typeText)}
		}
	case qtyV:
		switch path {
		case "value":
			return numV{num: v.num}
		case "unit", "code":
			return strV{v.unit}
		}
	case intervalV:
		switch path {
		case "low", "start":
			return edge(v.s, v.sUnk, false)
		case "high", "end":
			return edge(v.e, v.eUnk, true)
		case "lowClosed":
			return boolV{when(truth(v.nn), not(truth(v.sUnk)))}
		case "highClosed":
			return boolV{when(truth(v.nn), not(truth(v.eUnk)))}
		case "value":
			return v
		}
	case conceptV:
		switch path {
		case "coding", "codes":
			return literalList([]value{v}, true)
		case "code":
			if !v.code.none() {
				return strV{v.code}
			}
			return strV{apply(opConceptCode, v.id)}
		case "system":
			return strV{apply(opConceptSys, v.id)}
		case "value":
			return v
		}
	case codeV: // that the author wrote
		switch {
		case len(v.codes) == 1 && path == "code":
			return strV{text(v.codes[0].Code)}
		case len(v.codes) == 1 && path == "system":
			return strV{text(v.codes[0].System)}
		}
	case conceptsV:
		if path == "value" {
			return v
		}
	case tupleV:
		for i, name := range v.names {
			if name == path {
				return v.fields[i]
			}
		}
	case choiceV:
		if path == "value" {
			return v
		}
		var conds []expr
		var vals []value
		for _, a := range v.alts {
			switch a.v.(type) {
			case intervalV:
				if path != "low" && path != "high" && path != "start" && path != "end" && path != "lowClosed" && path != "highClosed" {
					continue
				}
			case refV:
				if path != "reference" {
					continue
				}
			case qtyV:
				if path != "unit" && path != "code" {
					continue
				}
			case conceptV:
				if path != "coding" && path != "code" && path != "codes" {
					continue
				}
			default:
				continue
			}
			conds, vals = append(conds, tagIn(v.tag, a.tags)), append(vals, f.property(n, e, a.v, path))
		}
		if len(vals) == 1 {
			if l, ok := vals[0].(listV); ok {
				return l
			}
		}
		return g.choose(conds, vals)
	case listV:
		return listV{make: func(at *frame) *rel {
			r := v.make(at)
			r.elem = r.f.property(n, e, r.elem, path)
			if l, ok := r.elem.(listV); ok {
				return l.make(r.f)
			}
			if c, ok := r.elem.(conceptsV); ok {
				return conceptList(c).make(r.f)
			}
			return r
		}}
	case boolV, numV, strV, dateV:
		if path == "value" {
			return v
		}
	}
	return g.fail(e, n, "%s has no element %s", typeName(base), path)
}

// edge is an interval's end as it was given: null where it was null, which is an end that is
// not known, or the end of the type.
func edge(v value, unknown expr, high bool) value {
	var at, end, least, greatest expr
	switch v := v.(type) {
	case dateV:
		at = v.lo
		least, greatest = v.ends()
	case numV:
		at = v.num
		least, greatest = v.ends()
	default:
		return v
	}
	if end = least; high {
		end = greatest
	}
	if at == periodLow || at == periodHigh {
		return v
	}
	cond := and(not(truth(unknown)), truth(apply(opNotEqual, at, end)))
	return mapLeaves(v, func(x expr) expr {
		if isConst(x) && x != at {
			return x
		}
		return when(cond, x)
	})
}
