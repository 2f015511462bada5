package plan

import (
	"slices"

	"farr/measures/internal/elm"
)

// equal is a = b; none when the types do not compare.
func (g *gen) equal(a, b value, prec string) expr {
	if _, ok := a.(codeV); ok {
		a, b = b, a
	}
	switch x := a.(type) {
	case nullV:
		return null(typeBoolean)
	case dateV:
		if y, ok := b.(dateV); ok {
			return compareDates(x, y, prec, opEqual)
		}
	case numV:
		switch y := b.(type) {
		case numV:
			return compareNumbers(x, y, opEqual)
		case qtyV:
			return equal(certain(x).(numV).num, y.num)
		}
	case boolV:
		if y, ok := b.(boolV); ok {
			return equal(x.is, y.is)
		}
	case strV:
		if y, ok := b.(strV); ok {
			return equal(x.text, y.text)
		}
	case qtyV:
		if y, ok := b.(qtyV); ok {
			return equal(commonUnit(x, y))
		}
	case refV:
		return refEqual(x.rid, b)
	case resV:
		return refEqual(x.rid, b)
	case conceptV:
		switch y := b.(type) {
		case conceptV:
			return equal(x.id, y.id)
		case codeV:
			return when(present(x.id), apply(opHasCode, append([]expr{x.id}, codesOf(y)...)...))
		case strV:
			if !x.code.none() {
				return equal(x.code, y.text)
			}
		}
	case intervalV:
		y, ok := b.(intervalV)
		if !ok {
			break
		}
		s, e := g.equal(x.s, y.s, prec), g.equal(x.e, y.e, prec)
		if !s.none() && !e.none() {
			return and(s, e)
		}
	case childV:
		if y, ok := b.(childV); ok {
			return and(equal(x.rid, y.rid), equal(x.ordinal, y.ordinal))
		}
	case tupleV:
		y, ok := b.(tupleV)
		if !ok {
			break
		}
		var all []expr
		for i, n := range x.names {
			j := slices.Index(y.names, n)
			if j < 0 {
				return expr{}
			}
			s := g.equal(x.fields[i], y.fields[j], "")
			if s.none() {
				return s
			}
			neither := and(not(notNull(x.fields[i])), not(notNull(y.fields[j])))
			all = append(all, caseOf([]expr{neither, yes}, []expr{yes, s})) // null in both is equal
		}
		return and(all...)
	case choiceV:
		for _, alt := range x.alts {
			if kindOf(alt.v) == kindOf(b) || kindOf(alt.v) == "concept" && typeName(b) == "Concept" {
				if s := g.equal(alt.v, b, prec); !s.none() {
					return caseOf([]expr{tagIn(x.tag, alt.tags), notNull(x)}, []expr{s, no})
				}
			}
		}
		return null(typeBoolean)
	}
	switch b.(type) {
	case nullV:
		return null(typeBoolean)
	case choiceV:
		if _, again := a.(choiceV); !again {
			return g.equal(b, a, prec)
		}
	}
	return expr{}
}

func refEqual(rid expr, b value) expr {
	switch y := b.(type) {
	case refV:
		return equal(rid, y.rid)
	case resV:
		return equal(rid, y.rid)
	}
	return expr{}
}

// codesOf are codes as expressions.
func codesOf(c codeV) (list []expr) {
	for _, x := range c.codes {
		list = append(list, node(opCode, x.Code, text(x.System)))
	}
	return list
}

// sameCodes is whether a value is the codes c.
func sameCodes(c codeV, v value) bool {
	d, ok := v.(codeV)
	return ok && slices.Equal(c.codes, d.codes)
}

func (f *frame) equality(n *elm.Node, e *env, a, b value) value {
	g := f.g
	if l, ok := a.(listV); ok {
		if m, ok := b.(listV); ok {
			is := f.listEqual(n, e, l, m)
			if n.Type == "NotEqual" {
				is = not(is)
			}
			return boolV{is}
		}
	}
	of := g.equal
	if n.Type == "Equivalent" {
		of = func(a, b value, _ string) expr { return g.equivalent(a, b) }
	}
	is := of(a, b, "")
	if is.none() {
		return g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
	}
	if n.Type == "NotEqual" {
		is = not(is)
	}
	return boolV{is}
}

// equivalent is a ~ b, never null; none when the types do not compare.
func (g *gen) equivalent(a, b value) expr {
	if c, ok := a.(codeV); ok {
		a, b = b, c
	}
	neither := and(not(notNull(a)), not(notNull(b)))
	switch x := a.(type) {
	case conceptV:
		if y, ok := b.(conceptV); ok { // equivalent when they share a code
			return or(truth(or(equal(x.id, y.id), apply(opShareCode, x.id, y.id))), neither)
		}
	case conceptsV:
		if c, ok := b.(codeV); ok {
			return apply(opAnyHasCode, append([]expr{x.list}, codesOf(c)...)...)
		}
	case codeV:
		if c, ok := b.(codeV); ok {
			return boolean(slices.ContainsFunc(x.codes, func(y elm.Code) bool { return slices.Contains(c.codes, y) }))
		}
	case nullV:
		return not(notNull(b))
	case strV:
		if y, ok := b.(strV); ok {
			return or(truth(equal(apply(opLikeness, x.text), apply(opLikeness, y.text))), neither)
		}
	}
	is := g.equal(a, b, "")
	if is.none() {
		return is
	}
	if _, ok := b.(codeV); ok {
		return truth(is)
	}
	return or(truth(is), neither)
}

// listEqual compares lists element by element, in their order, with nulls equal (CQL 1.5,
// "Equal" and "Equivalent" of lists). Resources have no order of their own: lists of them are
// equal where each has all elements of the other.
func (f *frame) listEqual(n *elm.Node, e *env, a, b listV) expr {
	pair := func(x, y value) expr {
		if n.Type == "Equivalent" {
			return f.g.equivalent(x, y)
		}
		s := f.g.equal(x, y, "")
		if s.none() {
			return s
		}
		neither := and(not(notNull(x)), not(notNull(y)))
		return caseOf([]expr{neither, yes}, []expr{yes, s})
	}
	if a.lit && b.lit {
		if len(a.items) != len(b.items) {
			return no
		}
		var all []expr
		for i, x := range a.items {
			s := pair(x, b.items[i])
			if s.none() {
				return no // of two types
			}
			all = append(all, s)
		}
		return and(all...)
	}
	if f.unordered(a) || f.unordered(b) {
		left := f.exists(listV{make: func(at *frame) *rel { return at.match(a.make(at), b.make(at), false) }})
		right := f.exists(listV{make: func(at *frame) *rel { return at.match(b.make(at), a.make(at), false) }})
		return and(not(left), not(right))
	}
	count := func(l listV) expr {
		return first(f.back(l.make(f), apply(opCountIf, yes))[0], whole(0))
	}
	some := func(fits func(expr) expr) expr { // whether a pair of elements at one place is so
		return f.exists(listV{make: func(at *frame) *rel {
			r := at.numbered(a.make(at))
			t := r.f.numbered(b.make(r.f))
			s := pair(r.elem.(tupleV).fields[0], t.elem.(tupleV).fields[0])
			if s.none() {
				f.g.fail(e, n, "%s of lists of %s and %s is not supported", n.Type, typeName(r.elem), typeName(t.elem))
				s = no
			}
			t.f.where(equal(r.elem.(tupleV).fields[1].(numV).num, t.elem.(tupleV).fields[1].(numV).num))
			t.f.where(fits(t.f.bindExpr(s, "same")))
			return &rel{f: t.f, elem: boolV{yes}}
		}})
	}
	differ := some(func(s expr) expr { return truth(not(s)) })
	unknown := some(func(s expr) expr { return not(present(s)) })
	return caseOf([]expr{truth(apply(opNotEqual, count(a), count(b))), differ, unknown, yes}, []expr{no, no, null(typeBoolean), yes})
}

// unordered is whether a list is of resources.
func (f *frame) unordered(l listV) bool {
	switch l.make(f.fork()).elem.(type) {
	case resV, childV:
		return true
	}
	return false
}

// numbered are a list's elements with their places.
func (f *frame) numbered(r *rel) *rel {
	elem := r.f.bind(r.elem)
	order := r.order
	if len(order) == 0 {
		order = r.f.ties(elem)
	}
	place := r.f.bindExpr(rowNumber(f.key, orderOf(&rel{elem: elem, order: order})), "place")
	return &rel{f: r.f, elem: tupleV{names: []string{"element", "place"}, fields: []value{elem, numV{num: place, integer: true}}, nn: yes}}
}
