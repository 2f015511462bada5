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

// equality compiles Equal, NotEqual and Equivalent.
func (f *frame) equality(n *elm.Node, e *env, a, b value) value {
	is := expr{}
	if l, ok := a.(listV); ok {
		if m, ok := b.(listV); ok {
			is = f.listEqual(l, m, n.Type == "Equivalent")
		}
	}
	switch {
	case !is.none():
	case n.Type == "Equivalent":
		is = f.equivalent(a, b)
	default:
		is = f.g.equal(a, b, "")
	}
	if is.none() {
		return f.g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
	}
	if n.Type == "NotEqual" {
		is = not(is)
	}
	return boolV{is}
}

// equivalent is a ~ b, never null; none when the types do not compare (CQL 1.5, "Equivalent").
func (f *frame) equivalent(a, b value) expr {
	if c, ok := a.(codeV); ok {
		a, b = b, c
	}
	neither := func() expr { return and(not(notNull(a)), not(notNull(b))) }
	switch x := a.(type) {
	case conceptV:
		if y, ok := b.(conceptV); ok { // equivalent when they share a code
			return or(truth(or(equal(x.id, y.id), apply(opShareCode, x.id, y.id))), neither())
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
	case numV:
		if y, ok := b.(numV); ok && !(x.integer && y.integer) {
			return or(truth(alike(certain(x).(numV), certain(y).(numV))), neither())
		}
	case qtyV:
		if y, ok := b.(qtyV); ok {
			l, r := commonUnit(x.anyYear(), y.anyYear())
			same := truth(alike(numV{num: f.bindExpr(l, "v")}, numV{num: f.bindExpr(r, "v")}))
			return or(same, calendarAlike(x, y), neither())
		}
	case strV:
		if y, ok := b.(strV); ok {
			return or(truth(equal(apply(opLikeness, x.text), apply(opLikeness, y.text))), neither())
		}
	case tupleV:
		if y, ok := b.(tupleV); ok {
			return f.equivalentTuples(x, y)
		}
	}
	is := f.g.equal(a, b, "")
	if is.none() {
		return is
	}
	if _, ok := b.(codeV); ok {
		return truth(is)
	}
	return or(truth(is), neither())
}

// equivalentTuples compares element by element, by name.
func (f *frame) equivalentTuples(x, y tupleV) expr {
	var all []expr
	for i, n := range x.names {
		j := slices.Index(y.names, n)
		if j < 0 {
			return expr{}
		}
		is := f.itemEqual(x.fields[i], y.fields[j], true)
		if is.none() {
			return is
		}
		all = append(all, is)
	}
	there := and(notNull(x), notNull(y))
	return or(and(append(all, there)...), and(not(notNull(x)), not(notNull(y))))
}

// itemEqual compares elements of lists or tuples: null elements are equal.
func (f *frame) itemEqual(x, y value, equivalent bool) expr {
	l, one := x.(listV)
	m, two := y.(listV)
	switch {
	case one && two:
		return f.listEqual(l, m, equivalent)
	case equivalent:
		return f.equivalent(x, y)
	}
	is := f.g.equal(x, y, "")
	if is.none() {
		return is
	}
	neither := and(not(notNull(x)), not(notNull(y)))
	return caseOf([]expr{neither, yes}, []expr{yes, is})
}

// listEqual compares lists element by element, in their order, with nulls equal (CQL 1.5, "Equal" and
// "Equivalent" of lists). Where they have no order they are equal when each has all elements of the other.
func (f *frame) listEqual(a, b listV, equivalent bool) expr {
	written := func(l listV) bool { return l.lit || len(l.items) > 0 }
	if written(a) && written(b) {
		if len(a.items) != len(b.items) {
			return no
		}
		var all []expr
		for i, x := range a.items {
			is := f.itemEqual(x, b.items[i], equivalent)
			if is.none() {
				return no // of two types
			}
			all = append(all, is)
		}
		return and(all...)
	}
	count := func(l listV) expr { return first(f.back(l.make(f), apply(opCountIf, yes))[0], whole(0)) }
	if f.unplaced(a) || f.unplaced(b) {
		left, right := f.some(f.without(a, b)), f.some(f.without(b, a))
		return and(equal(count(a), count(b)), not(left), not(right))
	}
	failed := false
	pair := func(fits func(expr) expr) expr { // whether a pair of elements at one place is so
		return f.some(listV{make: func(at *frame) *rel {
			r := a.make(at)
			x, place := r.f.bind(r.elem), at.placed(r)
			t := b.make(r.f)
			y := t.f.bind(t.elem)
			t.f.where(equal(place, r.f.placed(t)))
			is := t.f.itemEqual(x, y, equivalent)
			if is.none() {
				failed, is = true, no
			}
			t.f.where(fits(t.f.bindExpr(is, "same")))
			return t
		}})
	}
	differ := pair(func(is expr) expr { return truth(not(is)) })
	unknown := no
	if !equivalent {
		unknown = pair(func(is expr) expr { return not(present(is)) })
	}
	if failed {
		return expr{}
	}
	return caseOf([]expr{truth(apply(opNotEqual, count(a), count(b))), differ, unknown, yes}, []expr{no, no, null(typeBoolean), yes})
}

// unplaced is whether a list is of resources, which have no order of their own, or of lists, which are
// compared as they are packed.
func (f *frame) unplaced(l listV) bool {
	elem := l.make(f.fork()).elem
	switch elem.(type) {
	case resV, childV, listV:
		return true
	}
	return hasList(elem)
}

// without is the elements of a list that another has not.
func (f *frame) without(a, b listV) listV {
	return listV{make: func(at *frame) *rel {
		x, y := a.make(at), b.make(at)
		for _, r := range []*rel{x, y} {
			if l, ok := r.elem.(listV); ok && l.packed == nil {
				r.elem = r.f.packList(l)
			}
			r.elem = r.f.pack(r.elem)
		}
		ordered := func(r *rel) bool { return len(r.order) > 0 || r.one }
		if ordered(x) && ordered(y) && !hasList(x.elem) && !hasList(y.elem) {
			at.close()
			both := at.g.unify([]value{x.elem, y.elem})
			for i, r := range []*rel{x, y} {
				place := numV{num: at.placed(r), integer: true}
				r.elem = tupleV{names: []string{"place", "elem"}, fields: []value{place, both[i]}, nn: yes}
			}
		}
		return at.match(x, y, false)
	}}
}
