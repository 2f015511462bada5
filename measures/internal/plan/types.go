package plan

import (
	"slices"

	"farr/measures/internal/elm"
)

func (f *frame) is(n *elm.Node, e *env) value {
	return boolV{isType(f.value(n.Operand[0], e), cqlName(n.IsType))}
}

// tagIn is whether a choice is of one of the types; never null.
func tagIn(tag expr, tags []string) expr {
	if isNull(tag) {
		return no
	}
	return truth(among(tag, tags...))
}

// sameType is whether a value of type have can stand for type want.
func sameType(have, want string) bool {
	return have == want || have == "Interval<Date>" && want == "Interval<DateTime>"
}

func isType(v value, want string) expr {
	switch v := v.(type) {
	case choiceV:
		for _, a := range v.alts {
			if sameType(a.typ, want) {
				return and(tagIn(v.tag, a.tags), notNull(a.v))
			}
		}
		return no
	case resV:
		if !v.tag.none() {
			return truth(equal(v.tag, text(want)))
		}
	case nullV:
		return no
	}
	if sameType(typeName(v), want) {
		return notNull(v)
	}
	return no
}

// as takes a value as a type: null where it is of another.
func (f *frame) as(n *elm.Node, e *env) value {
	v := f.value(n.Operand[0], e)
	want := cqlName(n.AsType)
	switch v := v.(type) {
	case nullV:
		return shapeOf(want)
	case choiceV:
		if want == "Choice" || want == "List" || want == "Any" {
			return v
		}
		for _, a := range v.alts {
			if sameType(a.typ, want) {
				return v.take(a)
			}
		}
		if null := shapeOf(want); kindOf(null) != "other" {
			return null
		}
		return v // a type of an extension's value
	case resV:
		if !v.tag.none() && slices.Contains(v.types, want) {
			return resV{types: []string{want}, rid: when(truth(equal(v.tag, text(want))), v.rid)}
		}
	case qtyV, dateV, intervalV, boolV, numV, strV:
		if null := shapeOf(want); kindOf(null) != "other" && kindOf(null) != "res" && kindOf(null) != kindOf(v) {
			return null
		}
	}
	return v
}

func (f *frame) tuple(n *elm.Node, e *env) value {
	if n.Type == "Instance" && n.ClassType == "Quantity" {
		q := qtyV{null(typeDecimal), null(typeText)}
		for _, el := range n.Element {
			switch v := certain(f.value(el.Value, e)).(type) {
			case numV:
				q.num = v.num
			case strV:
				q.unit = v.text
			}
		}
		return q
	}
	t := tupleV{nn: yes}
	for _, el := range n.Element {
		x := el.Value
		if x == nil {
			x = &elm.Node{Type: "Null"}
		}
		t.names, t.fields = append(t.names, el.Name), append(t.fields, f.value(x, e))
	}
	if n.Type == "Instance" {
		return f.g.fail(e, n, "instances of %s are not supported", n.ClassType)
	}
	return t
}
