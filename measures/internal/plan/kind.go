package plan

import (
	"strings"
)

// kindOf is what sort of value v is: values of one kind can be brought to one shape.
func kindOf(v value) string {
	switch v := v.(type) {
	case boolV:
		return "bool"
	case numV:
		return "num"
	case strV:
		return "str"
	case dateV:
		if v.time {
			return "time"
		}
		return "date"
	case qtyV:
		return "qty"
	case conceptV:
		return "concept"
	case conceptsV:
		return "concepts"
	case intervalV:
		if _, ok := v.s.(nullV); ok {
			return "interval"
		}
		return "interval" + kindOf(v.s)
	case resV:
		return "res"
	case childV:
		return "child" + v.table
	case partV:
		return "part" + v.prefix
	case refV:
		return "ref"
	case choiceV:
		return "choice"
	case tupleV:
		return "tuple"
	case listV:
		if v.packed != nil { // lists of two types do not make one
			return "list of " + shape(v.elem)
		}
		return "list"
	}
	return "other"
}

// shape is what v's expressions are of, so that values of one shape have equal columns.
func shape(v value) string {
	all := func(list []value) (out string) {
		for _, x := range list {
			out += " " + shape(x)
		}
		return "(" + out + ")"
	}
	switch v := v.(type) {
	case numV:
		return typeName(v) + map[bool]string{true: " uncertain"}[!v.hi.none()]
	case dateV:
		return typeName(v) + map[bool]string{true: " exact"}[v.exact()]
	case intervalV:
		return "interval" + all([]value{v.s, v.e}) + map[bool]string{true: " from open"}[!v.sOpen.none()] + map[bool]string{true: " to open"}[!v.eOpen.none()]
	case resV:
		return strings.Join(v.types, "|") + map[bool]string{true: " tag"}[!v.tag.none()]
	case choiceV:
		out := "choice"
		for _, a := range v.alts {
			out += " " + a.typ + " " + shape(a.v)
		}
		return out
	case tupleV:
		return "tuple " + strings.Join(v.names, " ") + all(v.fields)
	case listV:
		if v.packed != nil {
			return "list of " + shape(v.elem)
		}
	}
	return kindOf(v)
}

// nullLike is a null of v's shape.
func nullLike(v value) value {
	switch v := v.(type) {
	case dateV:
		d := dateV{lo: null(typeTimestamp), prec: null(typePrecision), date: v.date, time: v.time}
		if !v.exact() {
			d.hi = d.lo
		}
		return d
	case intervalV:
		i := intervalV{s: nullLike(v.s), e: nullLike(v.e), sUnk: null(typeBoolean), eUnk: null(typeBoolean), nn: no}
		if !v.sOpen.none() {
			i.sOpen = no
		}
		if !v.eOpen.none() {
			i.eOpen = no
		}
		return i
	case boolV:
		return boolV{null(typeBoolean)}
	case numV:
		n := numV{num: null(typeDecimal), integer: v.integer, long: v.long}
		if v.integer {
			n.num = null(typeInteger)
		}
		if !v.hi.none() {
			n.hi = n.num
		}
		return n
	case strV:
		return strV{null(typeText)}
	case qtyV:
		return qtyV{null(typeDecimal), null(typeText)}
	case conceptV:
		return conceptV{id: null(typeConcept)}
	case conceptsV:
		return conceptsV{null(typeConcept)}
	case refV:
		return refV{null(typeID)}
	case choiceV:
		c := choiceV{tag: null(typeText)}
		for _, a := range v.alts {
			c.alts = append(c.alts, alternative{a.typ, a.tags, nullLike(a.v)})
		}
		return c
	case tupleV:
		t := tupleV{names: v.names, nn: no}
		for _, f := range v.fields {
			t.fields = append(t.fields, nullLike(f))
		}
		return t
	case resV:
		r := resV{types: v.types, rid: null(typeID)}
		if !v.tag.none() {
			r.tag = null(typeText)
		}
		return r
	case childV:
		v.rid, v.ordinal = null(typeID), null(typeSmall)
		return v
	case partV:
		return partV{nullLike(v.base), v.prefix}
	case listV:
		if v.packed != nil {
			return unpack(listType(v.elem), v.elem)
		}
		return literalList(nil, true)
	}
	return mapLeaves(v, func(expr) expr { return null(typeAny) })
}
