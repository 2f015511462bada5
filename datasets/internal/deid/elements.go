package deid

import "slices"

// Element is one line of a policy table and where its values are at rest.
type Element struct {
	Path    string   // as the policy writes it: type[].coding, extension(URL).part
	Type    string   // FHIR type
	Targets []string // types that a Reference may name
	Action  string
	Column  string   // as the policy writes it; of an extension row, its short name
	Table   string   // where the values are; "" when the line makes no column
	Columns []string // in Table, of this line
	Negates []string // codes of it that say that nothing was done
}

// keep notes where the values of a line went. The line is the last that any table
// of the type was asked for columns.
func (t *typePlan) keep(e element, action string) {
	one := Element{Path: e.text, Type: e.typ, Targets: e.targets, Action: action, Column: e.column}
	if e.text == t.negated.element && e.typ == "code" {
		one.Negates = t.negated.texts
	}
	for _, table := range t.tables {
		for _, name := range table.used {
			if name == "pid" || name == "rid" || name == "ordinal" || name == "url" || name == "parent_ordinal" {
				continue
			}
			if one.Table = table.Name; !slices.Contains(one.Columns, name) {
				one.Columns = append(one.Columns, name)
			}
		}
	}
	if one.Table == "" && action == "child" {
		one.Table = e.column
	}
	t.kept = append(t.kept, one)
}

// TypeElements are the lines of one resource type.
type TypeElements struct {
	Type, Table, Owner string
	Order              []string // columns that order a patient's rows, the first that is set
	Clinical           bool     // its rows say how far the data reach
	Void               []string // codes of status of rows that do not
	Elements           []Element
	Tables             []*Table
}

// Elements are the lines that the profile keeps, by resource type.
func (p *Plan) Elements() []TypeElements {
	var all []TypeElements
	for _, t := range p.types {
		one := TypeElements{Type: t.typ, Table: t.table, Owner: t.owner, Order: t.resourcePolicy.order, Clinical: t.clinical, Elements: t.kept, Tables: t.tables}
		if t.void.element == "status" {
			one.Void = t.void.texts
		}
		all = append(all, one)
	}
	return all
}
