package fhir

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// An Element is one element of the FHIR R4 specification: a fact, for those who check a
// table of elements. What reads records does not use it.
type Element struct {
	Path     string // Patient.contact.gender, Observation.value[x], Quantity.comparator
	Types    []ElementType
	Repeats  bool // its greatest cardinality is above 1: an array in JSON
	Modifier bool // it may change the meaning of what it is in (FHIR R4, "Modifier Elements")
}

// ElementType is one type that an element may have.
type ElementType struct {
	Name    string   // CodeableConcept, dateTime, Reference
	Targets []string // types that a Reference may name; Resource stands for any
	Inside  string   // where its own elements are: a type, or the path of a backbone element; "" for primitive types
}

// elementsText has the elements of FHIR R4 (4.0.1); elements.mjs makes it.
//
//go:embed elements.txt
var elementsText string

// model is elementsText, read.
type model struct {
	base     map[string]string     // of each type
	resource map[string]bool       // types that are resources and not abstract
	elements map[string][]*Element // by the type or path that they are in, in the order of the file
}

var elements = sync.OnceValue(func() *model {
	m := &model{map[string]string{}, map[string]bool{}, map[string][]*Element{}}
	for line := range strings.Lines(elementsText) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, "\t")
		dot := strings.LastIndexByte(fields[0], '.')
		if dot < 0 {
			m.base[fields[0]] = fields[1]
			m.resource[fields[0]] = fields[2] == "resource"
			continue
		}
		e := &Element{Path: fields[0], Repeats: !strings.HasSuffix(fields[2], "..1"), Modifier: slices.Contains(fields[3:], "modifier")}
		for text := range strings.SplitSeq(fields[1], "|") {
			e.Types = append(e.Types, elementType(e.Path, text))
		}
		m.elements[fields[0][:dot]] = append(m.elements[fields[0][:dot]], e)
	}
	return m
})

// elementType reads Coding, Reference(Patient,Group) or #Observation.referenceRange.
func elementType(path, text string) ElementType {
	if at, ok := strings.CutPrefix(text, "#"); ok {
		return ElementType{Name: "BackboneElement", Inside: at}
	}
	name, rest, targets := strings.Cut(text, "(")
	t := ElementType{Name: name}
	switch {
	case targets:
		t.Targets = strings.Split(strings.TrimSuffix(rest, ")"), ",")
		t.Inside = name
	case name == "BackboneElement" || name == "Element":
		t.Inside = path
	case name[0] >= 'A' && name[0] <= 'Z':
		t.Inside = name
	}
	return t
}

// IsResource says whether R4 has a resource type of that name.
func IsResource(name string) bool { return elements().resource[name] }

// ResourceTypes are the resource types of R4, sorted.
func ResourceTypes() (names []string) {
	for name, is := range elements().resource {
		if is {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// IsDataType says whether R4 has a data type of that name, primitive or not.
func IsDataType(name string) bool {
	m := elements()
	if _, known := m.base[name]; known {
		return !m.resource[name]
	}
	for _, e := range m.elements["Extension"] {
		if slices.ContainsFunc(e.Types, func(t ElementType) bool { return t.Name == name }) {
			return true
		}
	}
	return name == "xhtml"
}

// ElementsOf are the elements of a type, or of a backbone element by its path, with
// those that it has from its base types. nil says that there is no such type.
func ElementsOf(inside string) []*Element {
	m := elements()
	all := slices.Clone(m.elements[inside])
	base, isType := m.base[inside]
	if !isType {
		if all == nil {
			return nil
		}
		base = "BackboneElement"
	}
	for ; base != "-" && base != ""; base = m.base[base] {
		all = append(all, m.elements[base]...)
	}
	return all
}

// ElementOf finds the element that a member of a JSON object is: gender, valueQuantity,
// _birthDate. The type is the one that the member's name tells; of an element with one
// type, that.
func ElementOf(inside, member string) (*Element, ElementType, bool) {
	member = strings.TrimPrefix(member, "_")
	for _, e := range ElementsOf(inside) {
		name := e.Path[strings.LastIndexByte(e.Path, '.')+1:]
		base, choice := strings.CutSuffix(name, "[x]")
		if !choice {
			if name == member {
				return e, e.Types[0], true
			}
			continue
		}
		suffix, ok := strings.CutPrefix(member, base)
		if !ok {
			continue
		}
		for _, t := range e.Types {
			if strings.ToUpper(t.Name[:1])+t.Name[1:] == suffix {
				return e, t, true
			}
		}
	}
	return nil, ElementType{}, false
}

// Members are the names that members of a JSON object may have.
func Members(inside string) (names []string) {
	for _, e := range ElementsOf(inside) {
		name := e.Path[strings.LastIndexByte(e.Path, '.')+1:]
		base, choice := strings.CutSuffix(name, "[x]")
		if !choice {
			names = append(names, name)
			continue
		}
		for _, t := range e.Types {
			names = append(names, base+strings.ToUpper(t.Name[:1])+t.Name[1:])
		}
	}
	return names
}
