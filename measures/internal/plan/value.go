package plan

import (
	"fmt"
	"slices"
	"strings"

	"farr/measures/internal/elm"
)

// value is what an expression compiles to in a frame: a closed sum of bundles of
// SQL expressions.
type value interface{ isValue() }

type (
	nullV struct{}
	boolV struct{ sql string }
	numV  struct {
		sql     string
		integer bool
	}
	strV  struct{ sql string }
	dateV struct {
		lo, hi, prec string // bounds in UTC, both inclusive; precision 1 year .. 6 millisecond
		date         bool   // a Date, not a DateTime
	}
	qtyV      struct{ num, unit string }
	conceptV  struct{ id, code string } // id in the concept dictionary; the code's text where it is a column
	codeV     struct{ codes []elm.Code }
	conceptsV struct{ list string } // id of a list of concepts
	valueSetV struct{ url string }
	// An interval's ends are normalised: closed, with an unknown end as an uncertain point.
	intervalV struct {
		s, e       value
		sUnk, eUnk string
		nn         string // whether it is an interval at all
	}
	resV struct {
		types []string
		tag   string // its type, where there is more than one
		rid   string
	}
	childV struct{ resource, table, prefix, rid, ordinal string }
	partV  struct {
		base   value
		prefix string
	}
	refV    struct{ rid string }
	choiceV struct {
		tag  string
		alts []alternative
	}
	tupleV struct {
		names  []string
		fields []value
		nn     string
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

// mapLeaves rebuilds v with f applied to each of its SQL expressions.
func mapLeaves(v value, f func(string) string) value {
	switch v := v.(type) {
	case boolV:
		return boolV{f(v.sql)}
	case numV:
		return numV{f(v.sql), v.integer}
	case strV:
		return strV{f(v.sql)}
	case dateV:
		lo := f(v.lo)
		hi := lo
		if v.hi != v.lo {
			if hi = f(v.hi); hi == lo { // equal texts would say that the date is exact
				hi = "(" + hi + ")"
			}
			if isNullLit(hi) {
				hi = "(NULL::TIMESTAMP)"
			}
		} else if isNullLit(lo) {
			hi = "NULL::TIMESTAMP"
		}
		if isNullLit(lo) {
			lo = "NULL::TIMESTAMP"
		}
		return dateV{lo, hi, f(v.prec), v.date}
	case qtyV:
		return qtyV{f(v.num), f(v.unit)}
	case conceptV:
		c := conceptV{id: f(v.id)}
		if v.code != "" {
			c.code = f(v.code)
		}
		return c
	case conceptsV:
		return conceptsV{f(v.list)}
	case intervalV:
		return intervalV{mapLeaves(v.s, f), mapLeaves(v.e, f), f(v.sUnk), f(v.eUnk), f(v.nn)}
	case resV:
		r := resV{types: v.types, rid: f(v.rid)}
		if v.tag != "" {
			r.tag = f(v.tag)
		}
		return r
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

// leaves are the SQL expressions of v in order.
func leaves(v value) []string {
	var list []string
	mapLeaves(v, func(s string) string { list = append(list, s); return s })
	return list
}

// relabel rebuilds v with the given expressions in place of its own.
func relabel(v value, names []string) value {
	i := -1
	return mapLeaves(v, func(string) string { i++; return names[i] })
}

// typeName is CQL's name of a value's type.
func typeName(v value) string {
	switch v := v.(type) {
	case boolV:
		return "Boolean"
	case numV:
		if v.integer {
			return "Integer"
		}
		return "Decimal"
	case strV:
		return "String"
	case dateV:
		if v.date {
			return "Date"
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
	}
	return fmt.Sprintf("%T", v)
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
var resources = map[string]bool{"AdverseEvent": true, "AllergyIntolerance": true, "Communication": true, "Condition": true, "Coverage": true, "DeviceRequest": true,
	"Encounter": true, "Immunization": true, "Location": true, "Medication": true, "MedicationAdministration": true, "MedicationDispense": true, "MedicationRequest": true,
	"MedicationStatement": true, "Observation": true, "Organization": true, "Patient": true, "Procedure": true, "ServiceRequest": true, "Task": true}

// shapeOf is a null of a type, or nullV where the type says nothing.
func shapeOf(typ string) value {
	null := "NULL"
	if p, ok := strings.CutPrefix(typ, "Interval<"); ok {
		point := shapeOf(strings.TrimSuffix(p, ">"))
		return intervalV{point, point, "NULL::BOOLEAN", "NULL::BOOLEAN", "false"}
	}
	switch typ {
	case "Boolean":
		return boolV{"NULL::BOOLEAN"}
	case "Integer":
		return numV{"NULL::BIGINT", true}
	case "Decimal":
		return numV{"NULL::DOUBLE", false}
	case "String":
		return strV{"NULL::VARCHAR"}
	case "Date":
		return dateV{"NULL::TIMESTAMP", "NULL::TIMESTAMP", "3", true}
	case "DateTime":
		return dateV{"NULL::TIMESTAMP", "NULL::TIMESTAMP", "6", false}
	case "Quantity":
		return qtyV{"NULL::DOUBLE", "NULL::VARCHAR"}
	case "Concept":
		return conceptV{id: "NULL::BIGINT"}
	case "Reference":
		return refV{"NULL::UUID"}
	}
	if resources[typ] {
		return resV{types: []string{typ}, rid: null + "::UUID"}
	}
	return nullV{}
}

func isNullLit(s string) bool {
	return s == "NULL" || strings.HasPrefix(s, "NULL::") && !strings.Contains(s, " ") || strings.HasPrefix(s, "(NULL::") && strings.Count(s, ")") == 1 && strings.HasSuffix(s, ")")
}

// notNull is SQL for whether v is there; never NULL itself.
func notNull(v value) string {
	is := func(s string) string {
		if isNullLit(s) {
			return "false"
		}
		if isConst(s) {
			return "true"
		}
		return "(" + s + " IS NOT NULL)"
	}
	switch v := v.(type) {
	case nullV:
		return "false"
	case boolV:
		return is(v.sql)
	case numV:
		return is(v.sql)
	case strV:
		return is(v.sql)
	case dateV:
		return is(v.lo)
	case qtyV:
		return is(v.num)
	case conceptV:
		return is(v.id)
	case conceptsV:
		return is(v.list)
	case intervalV:
		return truth(v.nn)
	case resV:
		return is(v.rid)
	case childV:
		return is(v.ordinal)
	case partV:
		return notNull(v.base)
	case refV:
		return is(v.rid)
	case choiceV:
		return is(v.tag)
	case tupleV:
		return truth(v.nn)
	}
	return "true"
}

// truth takes null for false.
func truth(s string) string {
	switch {
	case s == "true" || s == "false":
		return s
	case isNullLit(s):
		return "false"
	case strings.HasPrefix(s, "coalesce(") && strings.HasSuffix(s, ", false)"), strings.HasSuffix(s, " IS NOT NULL)") && strings.Count(s, "(") == 1:
		return s
	}
	return "coalesce(" + s + ", false)"
}

func isConst(s string) bool {
	return s == "true" || s == "false" || (s != "" && (s[0] == '\'' && strings.Count(s, "'") == 2 || s[0] >= '0' && s[0] <= '9' && !strings.ContainsAny(s, " ("))) ||
		strings.HasPrefix(s, "TIMESTAMP '") && strings.Count(s, "'") == 2
}

func and(list ...string) string {
	var keep []string
	for _, s := range list {
		if s == "false" {
			return "false"
		}
		if s != "true" && !slices.Contains(keep, s) {
			keep = append(keep, s)
		}
	}
	switch len(keep) {
	case 0:
		return "true"
	case 1:
		return keep[0]
	}
	return "(" + strings.Join(keep, " AND ") + ")"
}

func or(list ...string) string {
	var keep []string
	for _, s := range list {
		if s == "true" {
			return "true"
		}
		if s != "false" && !slices.Contains(keep, s) {
			keep = append(keep, s)
		}
	}
	switch len(keep) {
	case 0:
		return "false"
	case 1:
		return keep[0]
	}
	return "(" + strings.Join(keep, " OR ") + ")"
}

func not(s string) string {
	switch s {
	case "true":
		return "false"
	case "false":
		return "true"
	}
	if isNullLit(s) {
		return s
	}
	return "(NOT " + s + ")"
}

// caseOf is CASE WHEN ... with constants folded; conditions are never null.
func caseOf(conds, vals []string) string {
	var b strings.Builder
	for i, c := range conds {
		if c == "false" {
			continue
		}
		if c == "true" {
			if b.Len() == 0 {
				return vals[i]
			}
			return "CASE" + b.String() + " ELSE " + vals[i] + " END"
		}
		fmt.Fprintf(&b, " WHEN %s THEN %s", c, vals[i])
	}
	if b.Len() == 0 {
		return "NULL"
	}
	same := true
	for i := range vals {
		same = same && vals[i] == vals[0] && isNullLit(vals[0])
	}
	if same {
		return vals[0]
	}
	return "CASE" + b.String() + " END"
}
