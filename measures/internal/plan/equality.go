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

// codeConcept is a constant code as a concept id of the dictionary.
func codeConcept(c codeV) value { return conceptV{id: apply(opConceptOf, codesOf(c)...)} }

func (f *frame) equality(n *elm.Node, e *env, a, b value) value {
	g := f.g
	if l, ok := a.(listV); ok {
		if m, ok := b.(listV); ok {
			is := f.listEqual(l, m)
			if n.Type == "NotEqual" {
				is = not(is)
			}
			return boolV{is}
		}
	}
	if n.Type == "Equivalent" {
		if c, ok := a.(codeV); ok {
			a, b = b, c
		}
		switch x := a.(type) {
		case conceptV:
			if y, ok := b.(conceptV); ok { // equivalent when they share a code
				return boolV{or(truth(or(equal(x.id, y.id), apply(opShareCode, x.id, y.id))), and(not(notNull(x)), not(notNull(y))))}
			}
		case conceptsV:
			if c, ok := b.(codeV); ok {
				return boolV{apply(opAnyHasCode, append([]expr{x.list}, codesOf(c)...)...)}
			}
		case codeV:
			if c, ok := b.(codeV); ok {
				return boolV{boolean(slices.ContainsFunc(x.codes, func(y elm.Code) bool { return slices.Contains(c.codes, y) }))}
			}
		case nullV:
			return boolV{not(notNull(b))}
		case numV:
			if y, ok := b.(numV); ok && !(x.integer && y.integer) {
				return boolV{or(truth(alike(certain(x).(numV), certain(y).(numV))), and(not(notNull(x)), not(notNull(y))))}
			}
		case qtyV:
			if y, ok := b.(qtyV); ok {
				l, r := commonUnit(x.anyYear(), y.anyYear())
				same := truth(alike(numV{num: f.bindExpr(l, "v")}, numV{num: f.bindExpr(r, "v")}))
				return boolV{or(same, calendarAlike(x, y), and(not(notNull(x)), not(notNull(y))))}
			}
		case strV:
			if y, ok := b.(strV); ok {
				return boolV{or(truth(equal(apply(opLikeness, x.text), apply(opLikeness, y.text))), and(not(notNull(x)), not(notNull(y))))}
			}
		}
		is := g.equal(a, b, "")
		if is.none() {
			return g.fail(e, n, "Equivalent of %s and %s is not supported", typeName(a), typeName(b))
		}
		if _, ok := b.(codeV); ok {
			return boolV{truth(is)}
		}
		return boolV{or(truth(is), and(not(notNull(a)), not(notNull(b))))}
	}
	is := g.equal(a, b, "")
	if is.none() {
		return g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
	}
	if n.Type == "NotEqual" {
		is = not(is)
	}
	return boolV{is}
}

// listEqual compares lists: element by element where both are written out, else as sets.
func (f *frame) listEqual(a, b listV) expr {
	if a.lit && b.lit {
		if len(a.items) != len(b.items) {
			return no
		}
		var all []expr
		for i, x := range a.items {
			y := b.items[i]
			s := f.g.equal(x, y, "")
			if s.none() {
				return no // of two types
			}
			neither := and(not(notNull(x)), not(notNull(y)))
			all = append(all, caseOf([]expr{neither, yes}, []expr{yes, s}))
		}
		return and(all...)
	}
	left := f.exists(listV{make: func(at *frame) *rel { return at.match(a.make(at), b.make(at), false) }})
	right := f.exists(listV{make: func(at *frame) *rel { return at.match(b.make(at), a.make(at), false) }})
	return and(not(left), not(right))
}
