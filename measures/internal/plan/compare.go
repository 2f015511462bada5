package plan

import (
	"slices"

	"farr/measures/internal/elm"
)

// spanOf are the first and last moment of a date at a precision.
func spanOf(d dateV, prec string) (lo, hi expr) {
	if prec == "" {
		return d.lo, d.last()
	}
	part := precisions[prec].part
	return truncated(part, d.lo), truncated(part, d.last())
}

// exactly is whether two dates can be compared by their first moments alone.
func exactly(a, b dateV, prec string) bool {
	ok := func(d dateV) bool {
		return d.exact() || prec != "" && isConst(d.prec) && precisions[prec].level <= level(d.prec)
	}
	return ok(a) && ok(b) || prec == "" && isConst(a.prec) && a.prec == b.prec
}

// compareDates is one comparison of dates, of their moments at a precision.
func compareDates(x, y dateV, prec string, of op) expr {
	alo, ahi := spanOf(x, prec)
	blo, bhi := spanOf(y, prec)
	if exactly(x, y, prec) {
		return apply(of, alo, blo)
	}
	// Dates of one precision, or that are both precise enough, compare field by field; others
	// up to where one has no more fields, and when they are equal so far it is null.
	known := yes
	for _, span := range [][2]expr{{alo, ahi}, {blo, bhi}} {
		if span[0] != span[1] {
			known = and(known, equal(span[0], span[1]))
		}
	}
	if prec == "" {
		known = or(equal(x.prec, y.prec), known)
	}
	return caseOf([]expr{known, apply(opLess, ahi, blo), apply(opGreater, alo, bhi)}, []expr{apply(of, alo, blo), boolean(of != opEqual), no})
}

// compareNumbers is one comparison of numbers.
func compareNumbers(x, y numV, of op) expr {
	if x.hi.none() && y.hi.none() {
		return apply(of, x.num, y.num)
	}
	return caseOf(uncertainly(of, x.num, x.last(), y.num, y.last()))
}

// uncertainly says when a comparison of what lies between two bounds each is true and
// when it is false; between the two it is null (CQL 1.5, "Uncertainty").
func uncertainly(of op, alo, ahi, blo, bhi expr) (conds, vals []expr) {
	vals = []expr{yes, no}
	switch of {
	case opLess:
		return []expr{apply(opLess, ahi, blo), apply(opGreaterOrEqual, alo, bhi)}, vals
	case opLessOrEqual:
		return []expr{apply(opLessOrEqual, ahi, blo), apply(opGreater, alo, bhi)}, vals
	}
	return []expr{and(equal(alo, ahi), equal(blo, bhi), equal(alo, blo)), or(apply(opLess, ahi, blo), apply(opGreater, alo, bhi))}, vals
}

// less is a < b, or a <= b, of two points; none when the types do not compare.
func (g *gen) less(a, b value, prec string, orEqual bool) expr {
	of := opLess
	if orEqual {
		of = opLessOrEqual
	}
	switch x := a.(type) {
	case dateV:
		if y, ok := b.(dateV); ok {
			return compareDates(x, y, prec, of)
		}
	case numV:
		switch y := b.(type) {
		case numV:
			return compareNumbers(x, y, of)
		case qtyV:
			return apply(of, certain(x).(numV).num, y.num)
		}
	case strV:
		if y, ok := b.(strV); ok {
			return apply(of, x.text, y.text)
		}
	case qtyV:
		switch y := b.(type) {
		case qtyV:
			l, r := commonUnit(x, y)
			return apply(of, l, r)
		case numV:
			return apply(of, x.num, certain(y).(numV).num)
		}
	}
	return expr{}
}

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

func (f *frame) compare(n *elm.Node, e *env) value {
	g := f.g
	a, b := f.bind(f.value(n.Operand[0], e)), f.bind(f.value(n.Operand[1], e))
	if n.Type == "Equivalent" || n.Type == "Equal" || n.Type == "NotEqual" {
		return f.equality(n, e, a, b)
	}
	a, b = pointOf(a, b), pointOf(b, a)
	for _, v := range []value{a, b} {
		if _, ok := v.(nullV); ok {
			return boolV{null(typeBoolean)}
		}
	}
	ia, aIs := a.(intervalV)
	ib, bIs := b.(intervalV)
	aStart, aEnd, bStart, bEnd := a, a, b, b
	if aIs {
		aStart, aEnd = ia.s, ia.e
	}
	if bIs {
		bStart, bEnd = ib.s, ib.e
	}
	var is expr
	p := n.Precision
	cmp := func(x, y value, orEqual bool) expr {
		s := g.less(x, y, p, orEqual)
		if s.none() {
			g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
			return null(typeBoolean)
		}
		return s
	}
	same := func(x, y value) expr {
		s := g.equal(x, y, p)
		if s.none() {
			g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
			return null(typeBoolean)
		}
		return s
	}
	switch n.Type {
	case "Less", "Before":
		is = cmp(aEnd, bStart, false)
	case "LessOrEqual":
		is = cmp(a, b, true)
	case "SameOrBefore":
		is = cmp(aEnd, bStart, true)
	case "Greater", "After":
		is = cmp(bEnd, aStart, false)
	case "GreaterOrEqual":
		is = cmp(b, a, true)
	case "SameOrAfter":
		is = cmp(bEnd, aStart, true)
	case "SameAs":
		is = same(a, b)
	case "Overlaps":
		is = and(cmp(aStart, bEnd, true), cmp(bStart, aEnd, true))
	case "OverlapsBefore":
		is = and(cmp(aStart, bStart, false), cmp(bStart, aEnd, true))
	case "OverlapsAfter":
		is = and(cmp(bEnd, aEnd, false), cmp(aStart, bEnd, true))
	case "Meets", "MeetsBefore", "MeetsAfter":
		before, after := no, no
		if p := next(aEnd, p); p != nil && n.Type != "MeetsAfter" {
			before = same(p, bStart)
		}
		if p := next(bEnd, p); p != nil && n.Type != "MeetsBefore" {
			after = same(p, aStart)
		}
		if is = or(before, after); is == no {
			return g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
		}
	case "Starts":
		is = and(same(aStart, bStart), cmp(aEnd, bEnd, true))
	case "Ends":
		is = and(same(aEnd, bEnd), cmp(bStart, aStart, true))
	default:
		return g.fail(e, n, "ELM node %s is not supported", n.Type)
	}
	return boolV{is}
}

// dateOf takes a choice that must be a point in time or a number as that.
func dateOf(v value) value {
	c, ok := v.(choiceV)
	if !ok {
		return v
	}
	for _, a := range c.alts {
		switch a.v.(type) {
		case dateV, numV, qtyV:
			cond := tagIn(c.tag, a.tags)
			return mapLeaves(a.v, func(x expr) expr { return when(cond, x) })
		}
	}
	return v
}

// pointOf takes a choice as what other can be compared with.
func pointOf(v, other value) value {
	c, ok := v.(choiceV)
	if !ok {
		return v
	}
	if i, ok := other.(intervalV); ok {
		other = i.s
	}
	for _, a := range c.alts {
		if kindOf(a.v) == kindOf(other) {
			cond := tagIn(c.tag, a.tags)
			return mapLeaves(a.v, func(x expr) expr { return when(cond, x) })
		}
	}
	return dateOf(v)
}

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
