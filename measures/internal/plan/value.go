package plan

import (
	"fmt"
	"strings"

	"farr/measures/internal/elm"
)

// value is what an expression of CQL compiles to in a frame: a closed sum of bundles of
// scalar expressions. Which it is, is the expression's type.
type value interface{ isValue() }

type (
	nullV struct{}
	boolV struct{ is expr }
	numV  struct {
		num     expr // the least that it may be
		integer bool
		hi      expr // the greatest; none when the number is exact
		long    bool // of an integer: a Long
	}
	strV  struct{ text expr }
	dateV struct {
		lo   expr // the first moment that it may be
		hi   expr // the last, inclusive; none when the date is exact
		prec expr // see precision
		date bool // a Date, not a DateTime
		time bool // a Time: a moment of the day 1970-01-01
	}
	qtyV      struct{ num, unit expr }
	conceptV  struct{ id, code expr } // id in the concept dictionary; the code's text where it is a column
	codeV     struct{ codes []elm.Code }
	conceptsV struct{ list expr }     // id of a list of concepts
	valueSetV struct{ urls []string } // of one, or of several as one
	// An interval's ends are normalised: closed, with an unknown end as an uncertain point.
	intervalV struct {
		s, e       value
		sUnk, eUnk expr
		nn         expr // whether it is an interval at all
		// Whether an end of dates was written open; never null, and none where it cannot be.
		sOpen, eOpen expr
	}
	resV struct {
		types []string
		tag   expr // its type, where there is more than one
		rid   expr
	}
	childV struct {
		resource, table, prefix string
		rid, ordinal            expr
	}
	partV struct {
		base   value
		prefix string
	}
	refV    struct{ rid expr }
	choiceV struct {
		tag  expr
		alts []alternative
	}
	tupleV struct {
		names  []string
		fields []value
		nn     expr
	}
	listV struct {
		make  func(f *frame) *rel
		items []value // of a list that is written out
		lit   bool
		end   func(last bool) value // the first or last element, where that is an expression
		*packed
	}
)

type alternative struct {
	typ  string // CQL's name of the type
	tags []string
	v    value
}

func (nullV) isValue()     {}
func (boolV) isValue()     {}
func (numV) isValue()      {}
func (strV) isValue()      {}
func (dateV) isValue()     {}
func (qtyV) isValue()      {}
func (conceptV) isValue()  {}
func (codeV) isValue()     {}
func (conceptsV) isValue() {}
func (valueSetV) isValue() {}
func (intervalV) isValue() {}
func (resV) isValue()      {}
func (childV) isValue()    {}
func (partV) isValue()     {}
func (refV) isValue()      {}
func (choiceV) isValue()   {}
func (tupleV) isValue()    {}
func (listV) isValue()     {}

// exact is whether a date is one moment.
func (d dateV) exact() bool { return d.hi.none() }

// last is the last moment that a date may be.
func (d dateV) last() expr {
	if d.exact() {
		return d.lo
	}
	return d.hi
}

// toDay is whether a date is known to be a day.
func (d dateV) toDay() bool { return d.prec == whole(3) }

// last is the greatest that a number may be.
func (n numV) last() expr {
	if n.hi.none() {
		return n.num
	}
	return n.hi
}

// certain is a number where it is one, and null where it may be one of several: what
// takes a number, and not an uncertainty, takes it so.
func certain(v value) value {
	if n, ok := v.(numV); ok && !n.hi.none() {
		return numV{num: when(truth(equal(n.num, n.hi)), n.num), integer: n.integer, long: n.long}
	}
	return v
}

// mapLeaves rebuilds v with f applied to each of its expressions.
func mapLeaves(v value, f func(expr) expr) value {
	some := func(x expr) expr {
		if x.none() {
			return x
		}
		return f(x)
	}
	switch v := v.(type) {
	case boolV:
		return boolV{f(v.is)}
	case numV:
		return numV{num: f(v.num), integer: v.integer, hi: some(v.hi), long: v.long}
	case strV:
		return strV{f(v.text)}
	case dateV:
		return dateV{f(v.lo), some(v.hi), f(v.prec), v.date, v.time}
	case qtyV:
		return qtyV{f(v.num), f(v.unit)}
	case conceptV:
		return conceptV{f(v.id), some(v.code)}
	case conceptsV:
		return conceptsV{f(v.list)}
	case intervalV:
		return intervalV{s: mapLeaves(v.s, f), e: mapLeaves(v.e, f), sUnk: f(v.sUnk), eUnk: f(v.eUnk), nn: f(v.nn), sOpen: some(v.sOpen), eOpen: some(v.eOpen)}
	case resV:
		rid := f(v.rid)
		return resV{types: v.types, rid: rid, tag: some(v.tag)}
	case childV:
		v.rid, v.ordinal = f(v.rid), f(v.ordinal)
		return v
	case partV:
		return partV{mapLeaves(v.base, f), v.prefix}
	case refV:
		return refV{f(v.rid)}
	case choiceV:
		c := choiceV{tag: f(v.tag)}
		for _, a := range v.alts {
			c.alts = append(c.alts, alternative{a.typ, a.tags, mapLeaves(a.v, f)})
		}
		return c
	case tupleV:
		t := tupleV{names: v.names, nn: f(v.nn)}
		for _, x := range v.fields {
			t.fields = append(t.fields, mapLeaves(x, f))
		}
		return t
	case listV:
		if v.packed != nil {
			return unpack(f(v.column), v.elem)
		}
		return v
	case nullV, codeV, valueSetV:
		return v
	}
	panic(fmt.Sprintf("value %T", v))
}

// leaves are the expressions of v in order.
func leaves(v value) []expr {
	var list []expr
	mapLeaves(v, func(x expr) expr { list = append(list, x); return x })
	return list
}

// relabel rebuilds v with the given expressions in place of its own.
func relabel(v value, with []expr) value {
	i := -1
	return mapLeaves(v, func(expr) expr { i++; return with[i] })
}

// typeName is CQL's name of a value's type.
func typeName(v value) string {
	switch v := v.(type) {
	case boolV:
		return "Boolean"
	case numV:
		switch {
		case v.long:
			return "Long"
		case v.integer:
			return "Integer"
		}
		return "Decimal"
	case strV:
		return "String"
	case dateV:
		switch {
		case v.date:
			return "Date"
		case v.time:
			return "Time"
		}
		return "DateTime"
	case qtyV:
		return "Quantity"
	case conceptV, codeV:
		return "Concept"
	case intervalV:
		return "Interval<" + typeName(v.s) + ">"
	case resV:
		return strings.Join(v.types, "|")
	case refV:
		return "Reference"
	case choiceV:
		return "Choice"
	case tupleV:
		return "Tuple"
	case nullV:
		return "Null"
	case listV:
		return "List"
	case conceptsV:
		return "List<Concept>"
	case valueSetV:
		return "ValueSet"
	case childV:
		return v.resource + "." + v.prefix
	case partV:
		return "element " + v.prefix
	}
	return "?"
}

// cqlNames gives CQL's name of a FHIR type.
var cqlNames = map[string]string{"dateTime": "DateTime", "instant": "DateTime", "date": "Date", "Period": "Interval<DateTime>",
	"Range": "Interval<Quantity>", "Age": "Quantity", "Duration": "Quantity", "SimpleQuantity": "Quantity", "CodeableConcept": "Concept", "Coding": "Concept", "Code": "Concept",
	"boolean": "Boolean", "integer": "Integer", "positiveInt": "Integer", "unsignedInt": "Integer", "decimal": "Decimal", "string": "String", "code": "String", "time": "Time"}

func cqlName(t *elm.TypeSpec) string {
	if t == nil {
		return "?"
	}
	switch t.Kind {
	case "Interval":
		return "Interval<" + cqlName(t.Of) + ">"
	case "List", "Choice", "Tuple":
		return t.Kind
	}
	if n, ok := cqlNames[t.Name]; ok {
		return n
	}
	return t.Name
}

// resources are the resource types that measures name.
var resources = map[string]bool{"AdverseEvent": true, "AllergyIntolerance": true, "Claim": true, "Communication": true, "Condition": true, "Coverage": true, "DeviceRequest": true, "DiagnosticReport": true,
	"Encounter": true, "Immunization": true, "Location": true, "Medication": true, "MedicationAdministration": true, "MedicationDispense": true, "MedicationRequest": true,
	"MedicationStatement": true, "Observation": true, "Organization": true, "Patient": true, "Procedure": true, "ServiceRequest": true, "Task": true}

// shapeOf is a null of a type, or nullV where the type says nothing.
func shapeOf(typ string) value {
	if p, ok := strings.CutPrefix(typ, "Interval<"); ok {
		point := shapeOf(strings.TrimSuffix(p, ">"))
		return intervalV{s: point, e: point, sUnk: null(typeBoolean), eUnk: null(typeBoolean), nn: no}
	}
	switch typ {
	case "Boolean":
		return boolV{null(typeBoolean)}
	case "Integer":
		return numV{num: null(typeInteger), integer: true}
	case "Long":
		return numV{num: null(typeInteger), integer: true, long: true}
	case "Decimal":
		return numV{num: null(typeDecimal)}
	case "String":
		return strV{null(typeText)}
	case "Date":
		return dateV{lo: null(typeTimestamp), prec: whole(3), date: true}
	case "DateTime":
		return dateV{lo: null(typeTimestamp), prec: whole(6)}
	case "Time":
		return dateV{lo: null(typeTimestamp), prec: whole(6), time: true}
	case "Quantity":
		return qtyV{null(typeDecimal), null(typeText)}
	case "Concept":
		return conceptV{id: null(typeConcept)}
	case "Reference":
		return refV{null(typeID)}
	}
	if resources[typ] {
		return resV{types: []string{typ}, rid: null(typeID)}
	}
	return nullV{}
}

// notNull is whether v is there; never null itself.
func notNull(v value) expr {
	switch v := v.(type) {
	case nullV:
		return no
	case boolV:
		return present(v.is)
	case numV:
		return present(v.num)
	case strV:
		return present(v.text)
	case dateV:
		return present(v.lo)
	case qtyV:
		return present(v.num)
	case conceptV:
		return present(v.id)
	case conceptsV:
		return present(v.list)
	case intervalV:
		return truth(v.nn)
	case resV:
		return present(v.rid)
	case childV:
		return present(v.ordinal)
	case partV:
		return notNull(v.base)
	case refV:
		return present(v.rid)
	case choiceV:
		return present(v.tag)
	case tupleV:
		return truth(v.nn)
	}
	return yes
}
