package plan

import (
	"farr/measures/internal/elm"
)

// proper compiles ProperIn, ProperIncludedIn and the two the other way round: in an interval or a list, and not
// all that it is (CQL 1.5, "Properly Includes").
func (f *frame) proper(n *elm.Node, e *env) value {
	x, in := n.Operand[0], n.Operand[1]
	if n.Type == "ProperIncludes" || n.Type == "ProperContains" {
		x, in = in, x
	}
	a, b := f.value(x, e), f.value(in, e)
	whole, part := n.Type == "ProperIncludes" || n.Type == "ProperIncludedIn", n.Type == "ProperIn" || n.Type == "ProperContains"
	if l, ok := b.(listV); ok {
		m, isList := a.(listV)
		switch {
		case isList && whole:
			return f.properSublist(n, e, m, l)
		case part:
			return f.properElement(n, e, f.bind(a), l)
		}
	}
	if _, isNull := b.(nullV); isNull && part {
		return boolV{no} // in no list
	}
	a, b = f.bind(dateOf(a)), f.bind(b)
	i, ok := b.(intervalV)
	if _, isNull := a.(nullV); isNull || kindOf(b) == "other" || kindOf(b) == "interval" {
		return boolV{null(typeBoolean)}
	}
	if !ok {
		return f.ofNull(n, e, []value{a, b})
	}
	// A point is between the ends; an interval has the same ends or such within, and not both the same.
	s, en, orEqual := a, a, false
	if y, within := a.(intervalV); within {
		s, en, orEqual = y.s, y.e, true
	}
	low, high := f.g.less(i.s, s, n.Precision, orEqual), f.g.less(en, i.e, n.Precision, orEqual)
	if low.none() || high.none() {
		return f.ofNull(n, e, []value{a, b})
	}
	if !orEqual { // in no interval
		return boolV{caseOf([]expr{not(truth(i.nn)), yes}, []expr{no, and(low, high)})}
	}
	same := and(f.g.equal(i.s, s, n.Precision), f.g.equal(en, i.e, n.Precision))
	return boolV{and(low, high, not(same))}
}

// properSublist is whether every element of a list is in another that has more.
func (f *frame) properSublist(n *elm.Node, e *env, part, all listV) value {
	outside := f.some(listV{make: func(at *frame) *rel { return at.match(part.make(at), all.make(at), false) }})
	more := f.some(listV{make: func(at *frame) *rel { return at.match(all.make(at), part.make(at), false) }})
	return boolV{and(not(outside), more)}
}

// some is whether a list has an element, null or not.
func (f *frame) some(l listV) expr { return present(f.back(l.make(f), yes)[0]) }

// properElement is whether a list has an element and one that differs from it. Null is an element as others
// are; whether it differs from a value is not known.
func (f *frame) properElement(n *elm.Node, e *env, a value, l listV) value {
	compare := func(x value) (same, differs expr) {
		is := f.g.equal(a, x, "")
		if is.none() {
			f.g.fail(e, n, "%s of %s and a list of %s is not supported", n.Type, typeName(a), typeName(x))
			is = no
		}
		aThere, xThere := notNull(a), notNull(x)
		same = caseOf([]expr{and(aThere, xThere), yes}, []expr{is, and(not(aThere), not(xThere))})
		differs = caseOf([]expr{and(not(aThere), not(xThere)), and(not(aThere), xThere), yes}, []expr{no, yes, not(is)})
		return same, differs
	}
	if l.lit {
		var in, other []expr
		for _, x := range l.items {
			same, differs := compare(f.bind(x))
			in, other = append(in, same), append(other, differs)
		}
		return boolV{and(or(in...), or(other...))}
	}
	r := l.make(f)
	same, differs := compare(r.f.bind(r.elem))
	same, differs = r.f.bindExpr(same, "same"), r.f.bindExpr(differs, "differs")
	count := f.back(r, apply(opCountIf, same), apply(opCountIf, not(present(same))), apply(opCountIf, differs), apply(opCountIf, not(present(differs))))
	known := func(yesses, unknown expr) expr {
		is := func(x expr) expr { return truth(apply(opGreater, x, whole(0))) }
		return caseOf([]expr{is(yesses), is(unknown), yes}, []expr{yes, null(typeBoolean), no})
	}
	return boolV{and(f.bindExpr(known(count[0], count[1]), "in"), f.bindExpr(known(count[2], count[3]), "other"))}
}
