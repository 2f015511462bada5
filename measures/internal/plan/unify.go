package plan

import (
	"slices"
	"strings"
)

// unify brings values to one shape, so that they can be branches of one CASE or
// sides of one union.
func (g *gen) unify(vals []value) []value {
	var kinds []string
	for i, v := range vals {
		if c, ok := v.(codeV); ok {
			if slices.ContainsFunc(vals, func(x value) bool { return !sameCodes(c, x) }) {
				g.failHere("a code beside other values is not supported: no concept of the data is that code alone")
			}
			return slices.Repeat([]value{c}, len(vals))
		}
		if iv, ok := v.(intervalV); ok {
			if _, ok := iv.s.(nullV); ok {
				vals[i] = nullV{}
			}
		}
		if _, ok := vals[i].(nullV); !ok && !slices.Contains(kinds, kindOf(vals[i])) {
			kinds = append(kinds, kindOf(vals[i]))
		}
	}
	out := make([]value, len(vals))
	switch {
	case len(kinds) == 0:
		return vals
	case len(kinds) > 1 && !slices.ContainsFunc(kinds, func(k string) bool { return !strings.HasPrefix(k, "list") }):
		g.failHere("one list of elements of two types is not supported")
		return vals
	case len(kinds) > 1 || kinds[0] == "choice":
		return g.unifyChoice(vals)
	}
	if kinds[0] == "tuple" {
		return g.unifyTuples(vals)
	}
	var shape value
	for _, v := range vals {
		if _, ok := v.(nullV); ok {
			continue
		}
		if shape == nil {
			shape = v
		} else {
			shape = g.meet(shape, v)
		}
	}
	for i, v := range vals {
		out[i] = g.fit(v, shape)
	}
	return out
}

// meet is a shape that both a and b, of one kind, fit.
func (g *gen) meet(a, b value) value {
	switch a := a.(type) {
	case numV:
		b := b.(numV)
		out := numV{num: a.num, integer: a.integer && b.integer, long: a.integer && b.integer && (a.long || b.long)}
		if !a.hi.none() || !b.hi.none() {
			out.hi = a.last()
		}
		return out
	case dateV:
		b := b.(dateV)
		d := dateV{lo: a.lo, prec: a.prec, date: a.date && b.date, time: a.time}
		if !a.exact() || !b.exact() {
			d.hi = a.last()
		}
		return d
	case conceptV:
		return conceptV{id: a.id}
	case intervalV:
		b := b.(intervalV)
		i := intervalV{s: g.unify([]value{a.s, b.s})[0], e: g.unify([]value{a.e, b.e})[0], sUnk: a.sUnk, eUnk: a.eUnk, nn: a.nn, sOpen: a.sOpen, eOpen: a.eOpen}
		if i.sOpen.none() {
			i.sOpen = b.sOpen
		}
		if i.eOpen.none() {
			i.eOpen = b.eOpen
		}
		return i
	case resV:
		types := slices.Clone(a.types)
		for _, t := range b.(resV).types {
			if !slices.Contains(types, t) {
				types = append(types, t)
			}
		}
		if len(types) > 1 {
			return resV{types: types, tag: null(typeText), rid: a.rid}
		}
		return a
	case tupleV:
		b := b.(tupleV)
		t := tupleV{names: a.names, nn: a.nn}
		for i, f := range a.fields {
			if j := slices.Index(b.names, a.names[i]); j >= 0 {
				f = g.unify([]value{f, b.fields[j]})[0]
			}
			t.fields = append(t.fields, f)
		}
		return t
	}
	return a
}

// fit brings v into shape.
func (g *gen) fit(v, shape value) value {
	if _, ok := v.(nullV); ok {
		return nullLike(shape)
	}
	switch s := shape.(type) {
	case numV:
		n := v.(numV)
		if !s.hi.none() {
			n.hi = n.last()
		}
		return numV{num: n.num, integer: s.integer, hi: n.hi, long: s.long}
	case dateV:
		d := v.(dateV)
		if !s.exact() {
			d.hi = d.last()
		}
		return dateV{d.lo, d.hi, d.prec, s.date, s.time}
	case conceptV:
		return conceptV{id: v.(conceptV).id}
	case intervalV:
		i := v.(intervalV)
		if !s.sOpen.none() && i.sOpen.none() {
			i.sOpen = no
		}
		if !s.eOpen.none() && i.eOpen.none() {
			i.eOpen = no
		}
		return intervalV{g.fit(i.s, s.s), g.fit(i.e, s.e), i.sUnk, i.eUnk, i.nn, i.sOpen, i.eOpen}
	case resV:
		r := v.(resV)
		if !s.tag.none() && r.tag.none() {
			r.tag = when(notNull(r), text(r.types[0]))
		}
		r.types = s.types
		return r
	case tupleV:
		t := v.(tupleV)
		out := tupleV{names: s.names, nn: t.nn}
		for i, n := range s.names {
			if j := slices.Index(t.names, n); j >= 0 {
				out.fields = append(out.fields, g.fit(t.fields[j], s.fields[i]))
			} else {
				out.fields = append(out.fields, nullLike(s.fields[i]))
			}
		}
		return out
	}
	return v
}

// unifyChoice makes choices of values of several types.
func (g *gen) unifyChoice(vals []value) []value {
	var types []string
	alts := map[string][]value{}
	tags := map[string][]string{}
	for _, v := range vals {
		switch v := v.(type) {
		case nullV:
		case choiceV:
			for _, a := range v.alts {
				if !slices.Contains(types, a.typ) {
					types = append(types, a.typ)
				}
				for _, t := range a.tags {
					if !slices.Contains(tags[a.typ], t) {
						tags[a.typ] = append(tags[a.typ], t)
					}
				}
			}
		default:
			t := typeName(v)
			if !slices.Contains(types, t) {
				types = append(types, t)
			}
			if !slices.Contains(tags[t], t) {
				tags[t] = append(tags[t], t)
			}
		}
	}
	for _, t := range types {
		for _, v := range vals {
			var x value = nullV{}
			if c, ok := v.(choiceV); ok {
				for _, a := range c.alts {
					if a.typ == t {
						x = a.v
					}
				}
			} else if typeName(v) == t {
				x = v
			}
			alts[t] = append(alts[t], x)
		}
		alts[t] = g.unify(alts[t])
	}
	out := make([]value, len(vals))
	for i, v := range vals {
		c := choiceV{tag: null(typeText)}
		switch v := v.(type) {
		case nullV:
		case choiceV:
			c.tag = v.tag
		default:
			c.tag = when(notNull(v), text(typeName(v)))
		}
		for _, t := range types {
			c.alts = append(c.alts, alternative{t, tags[t], alts[t][i]})
		}
		out[i] = c
	}
	return out
}

// choose is the first value whose condition holds; conditions are never null.
func (g *gen) choose(conds []expr, vals []value) value {
	var cs []expr
	var vs []value
	for i, c := range conds {
		if c == no {
			continue
		}
		cs, vs = append(cs, c), append(vs, vals[i])
		if c == yes {
			break
		}
	}
	if len(vs) == 0 {
		return nullV{}
	}
	if cs[0] == yes {
		return vs[0]
	}
	vs = g.unify(vs)
	columns := make([][]expr, len(vs))
	for i, v := range vs {
		columns[i] = leaves(v)
	}
	n := -1
	return mapLeaves(vs[0], func(expr) expr {
		n++
		var branches []expr
		for i := range vs {
			branches = append(branches, columns[i][n])
		}
		if slices.Contains(cs, yes) && !slices.ContainsFunc(branches, func(x expr) bool { return x != branches[0] }) {
			return branches[0]
		}
		return caseOf(cs, branches)
	})
}

// unifyTuples unifies tuples field by field, by name.
func (g *gen) unifyTuples(vals []value) []value {
	var names []string
	for _, v := range vals {
		if t, ok := v.(tupleV); ok {
			for _, n := range t.names {
				if !slices.Contains(names, n) {
					names = append(names, n)
				}
			}
		}
	}
	out := make([]tupleV, len(vals))
	for i, v := range vals {
		out[i] = tupleV{names: names, nn: no}
		if t, ok := v.(tupleV); ok {
			out[i].nn = t.nn
		}
	}
	for _, n := range names {
		column := make([]value, len(vals))
		for i, v := range vals {
			column[i] = nullV{}
			if t, ok := v.(tupleV); ok {
				if j := slices.Index(t.names, n); j >= 0 {
					column[i] = t.fields[j]
				}
			}
		}
		for i, x := range g.unify(column) {
			out[i].fields = append(out[i].fields, x)
		}
	}
	result := make([]value, len(vals))
	for i, t := range out {
		result[i] = t
	}
	return result
}
