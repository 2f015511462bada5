package plan

import (
	"farr/measures/internal/elm"
)

// membership is In and its kin: of an interval, a list or a value set.
func (f *frame) membership(n *elm.Node, e *env) value {
	g := f.g
	switch n.Type {
	case "InValueSet", "AnyInValueSet":
		return f.inValueSet(n, e)
	}
	x, in := n.Operand[0], n.Operand[1]
	if n.Type == "Includes" || n.Type == "Contains" {
		x, in = in, x
	}
	a, b := f.value(x, e), f.value(in, e)
	if l, ok := b.(listV); ok {
		if _, none := a.(nullV); none && (n.Type == "IncludedIn" || n.Type == "Includes") {
			return boolV{null(typeBoolean)} // a list that is null
		}
		return f.inList(n, e, a, l)
	}
	a, b = f.bind(dateOf(a)), f.bind(b)
	i, ok := b.(intervalV)
	_, within := a.(intervalV)
	if _, isNull := b.(nullV); isNull && (n.Type == "In" || n.Type == "Contains") && !within {
		return boolV{no} // in no interval, in no list (CQL 1.5, "In")
	}
	if _, isNull := a.(nullV); isNull || kindOf(b) == "other" {
		return boolV{null(typeBoolean)}
	}
	if c, isConcepts := b.(conceptsV); isConcepts {
		return f.inList(n, e, a, conceptList(c))
	}
	if !ok {
		if kindOf(b) == kindOf(a) {
			if s := g.equal(a, b, n.Precision); !s.none() {
				return boolV{s}
			}
		}
		return g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
	}
	if x, isDate := a.(dateV); isDate && (n.Type == "In" || n.Type == "Contains") {
		if _, isDate := i.s.(dateV); isDate {
			return boolV{caseOf([]expr{not(truth(i.nn)), yes}, []expr{no, g.inDates(x, i, n.Precision)})}
		}
	}
	s, en := a, a
	if y, ok := a.(intervalV); ok {
		s, en = y.s, y.e
	}
	low, high := g.less(i.s, s, n.Precision, true), g.less(en, i.e, n.Precision, true)
	if low.none() || high.none() {
		if kindOf(i) == "interval" {
			return boolV{null(typeBoolean)}
		}
		return g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
	}
	if !within && (n.Type == "In" || n.Type == "Contains") { // in no interval
		return boolV{caseOf([]expr{not(truth(i.nn)), yes}, []expr{no, and(low, high)})}
	}
	return boolV{and(low, high)}
}

// inDates is whether a date is in an interval: it is one of the ends, or between them, where an
// end that was written open is none of the interval's, at the precision that is asked for (CQL
// 1.5, "In": "for open interval boundaries, exclusive comparison operators are used").
func (g *gen) inDates(x dateV, i intervalV, prec string) expr {
	s, e := i.s.(dateV), i.e.(dateV)
	low, high := compareDates(s, x, prec, opLessOrEqual), compareDates(x, e, prec, opLessOrEqual)
	if !i.sOpen.none() {
		low = caseOf([]expr{i.sOpen, yes}, []expr{compareDates(s.beside(opMinus), x, prec, opLess), low})
	}
	if !i.eOpen.none() {
		high = caseOf([]expr{i.eOpen, yes}, []expr{compareDates(x, e.beside(opPlus), prec, opLess), high})
	}
	// An end that the date equals decides only where the comparison with the other is not known.
	is := and(low, high)
	at := func(d, other dateV, unknown, open expr) expr {
		fine := func(d dateV) bool { return exactly(d, d, prec) && (prec != "" || d.exact()) }
		if fine(other) && (prec != "" || fine(d)) {
			return no
		}
		if open.none() {
			open = no
		}
		return truth(and(not(truth(unknown)), not(open), knownEqual(x, d, prec)))
	}
	if ends := or(at(s, e, i.sUnk, i.sOpen), at(e, s, i.eUnk, i.eOpen)); ends != no {
		is = first(is, when(ends, yes))
	}
	return is
}

// knownEqual is whether two dates are certainly the same at a precision, or of one precision and
// the same; not true where it is not known.
func knownEqual(x, y dateV, prec string) expr {
	alo, ahi := spanOf(x, prec)
	blo, bhi := spanOf(y, prec)
	known := yes
	for _, span := range [][2]expr{{alo, ahi}, {blo, bhi}} {
		if span[0] != span[1] {
			known = and(known, equal(span[0], span[1]))
		}
	}
	if prec == "" && known != yes {
		known = or(equal(x.prec, y.prec), known)
	}
	return and(equal(alo, blo), known)
}

// inList is whether a list has an element; null among written-out elements is false.
func (f *frame) inList(n *elm.Node, e *env, a value, l listV) value {
	g := f.g
	a = f.bind(a)
	if m, ok := a.(listV); ok {
		// A list within a list: no element of it is outside the other.
		return boolV{not(f.exists(listV{make: func(at *frame) *rel {
			return &rel{f: at.match(m.make(at), l.make(at), false).f, elem: boolV{yes}} // null is an element, too
		}}))}
	}
	if l.lit {
		var list []expr
		for _, x := range l.items {
			s := g.equal(a, x, "")
			if s.none() {
				return g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(x))
			}
			neither := and(not(notNull(a)), not(notNull(x))) // null elements are equal (CQL 1.5, "In")
			list = append(list, or(truth(s), neither))
		}
		return boolV{or(list...)}
	}
	found := f.exists(listV{make: func(at *frame) *rel {
		r := l.make(at)
		r.elem = r.f.bind(r.elem)
		s := g.equal(a, r.elem, "")
		if s.none() {
			g.fail(e, n, "%s of %s in a list of %s is not supported", n.Type, typeName(a), typeName(r.elem))
			s = no
		}
		r.f.where(truth(or(truth(s), and(not(notNull(a)), not(notNull(r.elem)))))) // null elements are equal
		return &rel{f: r.f, elem: boolV{yes}}
	}})
	return boolV{found}
}

// valueSetOf is the value set of InValueSet: named in place, or an expression that gives one, as a function's operand does.
func (f *frame) valueSetOf(n *elm.Node, e *env) value {
	if n.Type == "" {
		return f.valueSetRef(n, e)
	}
	return f.value(n, e)
}

func (f *frame) inValueSet(n *elm.Node, e *env) value {
	g := f.g
	code := n.Code
	if code == nil && len(n.Codes) > 0 {
		code = n.Codes[0]
	}
	set := n.ValueSet
	if set == nil || code == nil {
		return g.fail(e, n, "%s without a value set", n.Type)
	}
	in := f.valueSetOf(set, e)
	if _, none := in.(nullV); none { // which was told where it is a mistake
		return boolV{null(typeBoolean)}
	}
	vs, ok := in.(valueSetV)
	if !ok {
		return g.fail(e, n, "%s of something else than a value set", n.Type)
	}
	v := f.value(code, e)
	if l, ok := v.(listV); ok {
		return boolV{f.exists(listV{make: func(at *frame) *rel {
			r := l.make(at)
			s := filter(conceptOf(r.elem), vs)
			if s.none() {
				g.fail(e, n, "%s of %s is not supported", n.Type, typeName(r.elem))
				s = no
			}
			r.f.where(s)
			return r
		}})}
	}
	s := filter(conceptOf(v), vs)
	if s.none() {
		return g.fail(e, n, "%s of %s is not supported", n.Type, typeName(v))
	}
	return boolV{s}
}
