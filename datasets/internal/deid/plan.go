package deid

import (
	"fmt"
	"slices"
	"strings"

	"farr/internal/source"
)

// Plan is a policy compiled for one profile: for each resource type a tree of
// element names that is walked along with the record, once.
type Plan struct {
	policy  *Policy
	profile Profile
	types   []*typePlan // in the order of Policy.types
	byName  map[string]*typePlan
	losses  []string   // path of each counter
	fields  [][]string // allowed target types of Reference elements; the first is the patient's
	days    bool       // some column holds a date to the day, or a seal does
}

// typePlan is one resource type.
type typePlan struct {
	resourcePolicy
	kind   int // place in Plan.types
	tables []*Table
	kept   []Element
	root   *node
	order  []int // columns of the main table
	main   mainColumns
}

// mainColumns are columns of the main table that are filled for each record; -1
// where there is none.
type mainColumns struct{ source, negated, updatedSeal int }

// node is an element: what to do with its value, and its children.
type node struct {
	array    string // "", each, current, preferred, first; list where steps take the array
	steps    []step
	children names
	byURL    map[string]*node // of extension and modifierExtension
	values   []string         // of an extension: the members that hold a value of a type that is listed
	negates  bool             // of an extension: without a readable value the record may mean its opposite
	table    int              // child table that each item makes a row of, or -1
	parent   int              // its column with the ordinal of the row around it, or -1
	loss     int              // counter of values that are not of their type
}

// step does one thing with the value of an element.
type step func(x *Extractor, r *row, v fhirNode)

// names finds children by name. Names of one length are few, so this is faster than
// a map, and it is asked for every member of every record.
type names [][]named

type named struct {
	name string
	node *node
}

func (c names) find(name []byte) *node {
	if len(name) >= len(c) {
		return nil
	}
	for i := range c[len(name)] {
		if n := &c[len(name)][i]; n.name == string(name) {
			return n.node
		}
	}
	return nil
}

func (c *names) add(name string, n *node) {
	for len(*c) <= len(name) {
		*c = append(*c, nil)
	}
	(*c)[len(name)] = append((*c)[len(name)], named{name, n})
}

func newNode() *node { return &node{table: -1, parent: -1} }

// Compile prepares a policy for a profile. The error has every mistake at its place.
func Compile(policy *Policy, profile Profile) (*Plan, error) {
	if !slices.Contains(Profiles, profile) {
		return nil, fmt.Errorf("profile %q: there are %s, %s and %s", profile, Shifted, Limited, SafeHarbor)
	}
	p := &Plan{policy: policy, profile: profile, byName: map[string]*typePlan{}, fields: [][]string{{"Patient"}}}
	var wrong source.Diagnostics
	names := map[string]string{}
	for i, r := range policy.types {
		report := policy.reporter(r.typ+".policy", &wrong)
		t := p.compileType(r, report)
		t.kind = i
		for _, table := range t.tables {
			if other := names[table.Name]; other != "" {
				report.whole("duplicate-table", "table "+table.Name+" is of "+other+".policy already", "")
			}
			names[table.Name] = r.typ
		}
		p.types = append(p.types, t)
		p.byName[r.typ] = t
	}
	if p.byName["Patient"] == nil {
		policy.reporter("Patient.policy", &wrong).whole("missing-file", "it must be there", "")
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

// Tables are all tables that records of the plan fill, main tables before their
// child tables.
func (p *Plan) Tables() []*Table {
	var all []*Table
	for _, t := range p.types {
		all = append(all, t.tables...)
	}
	return all
}

// InYears is whether of every date the plan keeps the year alone.
func (p *Plan) InYears() bool { return !p.days }

// Order are the date columns of a main table that its rows are in order of, within a patient: the first that
// is set counts. Other tables have none.
func (p *Plan) Order(table string) []string {
	var names []string
	for _, t := range p.types {
		if t.tables[0].Name == table {
			for _, i := range t.order {
				names = append(names, t.tables[0].Columns[i].Name)
			}
		}
	}
	return names
}

func (p *Plan) compileType(r resourcePolicy, report reporter) *typePlan {
	t := &typePlan{resourcePolicy: r, root: newNode()}
	main := &Table{Name: r.table}
	t.tables = []*Table{main}
	t.main = mainColumns{negated: -1}
	if t.owned() {
		main.column("pid", UUID)
	}
	main.column("rid", UUID)
	t.main.source = main.column("source", Varchar)
	main.column("profiles", Int64)
	if t.owned() {
		t.main.negated = main.column("negated", Boolean)
	}
	if p.profile != SafeHarbor {
		t.main.updatedSeal = main.column("updated_seal", Blob)
	}

	first := map[string]element{} // line that made a column
	broken := ""                  // path of a list whose own line is wrong
	for _, e := range r.elements {
		if e.actions[p.profile] == "-" || broken != "" && strings.HasPrefix(e.text, broken+".") {
			continue
		}
		for _, table := range t.tables {
			table.used, table.clash = nil, ""
		}
		err := p.addElement(t, e)
		if err == nil {
			err = t.claim(e, first)
		}
		if err != nil {
			report.element(e, err)
			if e.typ == "BackboneElement" {
				broken = e.text
			}
		}
		t.keep(e, e.actions[p.profile])
	}
	for _, c := range []struct {
		name string
		condition
		effect func(x *Extractor)
	}{
		{"void", r.void, func(x *Extractor) { x.void = true }},
		{"negated", r.negated, func(x *Extractor) { x.negated = true }},
	} {
		if c.element == "" {
			continue
		}
		n := t.root.children.find([]byte(c.element))
		if n == nil {
			report.words(r.said[c.name].line, r.said[c.name].text, badf(1, "unknown-element", "condition on %s, which no line lists", c.element))
			continue
		}
		n.steps = append(n.steps, func(x *Extractor, _ *row, v fhirNode) {
			if slices.Contains(c.texts, string(v.Str())) || v.Bool() && c.texts[0] == "true" {
				c.effect(x)
			}
		})
	}
	for _, name := range r.refused {
		n := t.root.children.find([]byte(name))
		if n == nil {
			n = newNode()
			t.root.children.add(name, n)
		}
		n.steps = append(n.steps, func(x *Extractor, _ *row, _ fhirNode) { x.reason = RefusedModifier })
	}
	for n, name := range r.order {
		i := main.find(name)
		if i < 0 || main.Columns[i].Type != Timestamp {
			report.words(r.said["order"].line, r.said["order"].text, badf(1+n, "bad-order", "order: %s is no date column", name))
			continue
		}
		t.order = append(t.order, i)
	}
	return t
}

// sharedColumns are those that a row has of itself.
var sharedColumns = []string{"pid", "rid", "ordinal", "parent_ordinal", "source", "profiles", "negated", "url", "updated_seal"}

// claim holds that every column is of one line and one type. The alternatives of a choice share columns, and so do
// the rows of extensions.
func (t *typePlan) claim(e element, first map[string]element) error {
	for _, table := range t.tables {
		if table.clash != "" {
			return badf(fieldColumn, "duplicate-column", "column %s.%s is there already with another type", table.Name, table.clash)
		}
		for _, name := range table.used {
			at := table.Name + "." + name
			before, taken := first[at]
			if !taken {
				first[at] = e
			}
			shared := slices.Contains(sharedColumns, name) || strings.HasSuffix(e.column, "[x]") && before.column == e.column || table.Name == t.table+"_extension"
			if taken && !shared && before.line != e.line {
				return badf(fieldColumn, "duplicate-column", "column %s is that of line %d already", at, before.line)
			}
		}
	}
	return nil
}

// happens is whether a date says when the record happened: it orders a patient's rows, or is a death.
func (t *typePlan) happens(table *Table, name string) bool {
	return table == t.tables[0] && (slices.Contains(t.resourcePolicy.order, name) || t.owner == "id" && name == "deceased_start")
}

// owned says whether the type's rows belong to patients.
func (t *typePlan) owned() bool { return t.owner != "none" }

// Shared says whether some of these types, or of all where none is named, belong to no patient.
func (p *Plan) Shared(types []string) bool {
	return slices.ContainsFunc(p.types, func(t *typePlan) bool {
		return !t.owned() && (len(types) == 0 || slices.Contains(types, t.typ))
	})
}

// childTable finds or makes a child table, which repeats in its parent's order.
func (t *typePlan) childTable(name string) int {
	i := slices.IndexFunc(t.tables, func(c *Table) bool { return c.Name == name })
	if i < 0 {
		i = len(t.tables)
		c := &Table{Name: name}
		if t.owned() {
			c.column("pid", UUID)
		}
		c.column("rid", UUID)
		c.column("ordinal", Int32)
		t.tables = append(t.tables, c)
	}
	return i
}

// addElement puts one line of the policy table into the tree.
func (p *Plan) addElement(t *typePlan, e element) error {
	n, table := t.root, t.tables[0]
	for i, s := range e.path {
		child := n.children.find([]byte(s.name))
		if child == nil {
			child = newNode()
			child.loss = p.counter(t.typ + "." + e.text)
			n.children.add(s.name, child)
		}
		if s.url != "" {
			return p.addExtension(t, table, e, child, i)
		}
		last := i == len(e.path)-1
		switch array := s.array; {
		case array == "":
		case last && array == "each" && (listTypes[e.typ] || e.actions[p.profile] == "share"):
			child.array = "list"
		case array == "each" && child.table < 0:
			if !last {
				return badf(fieldPath, "missing-list", "%s[] has no line of its own before this one", s.name).maybe("a line of type BackboneElement with action child makes its table")
			}
			child.array, child.table = array, t.childTable(e.column)
			if table != t.tables[0] {
				child.parent = t.tables[child.table].column("parent_ordinal", Int32)
			}
		case child.array == "" || child.array == array:
			child.array = array
		default:
			return badf(fieldPath, "bad-path", "%s is taken as [%s] and as [%s]", s.name, child.array, array)
		}
		if child.table >= 0 {
			table = t.tables[child.table]
		}
		n = child
	}
	return p.addSteps(t, table, n, e)
}

// listTypes are types whose arrays become one value.
var listTypes = map[string]bool{"CodeableConcept": true, "canonical": true}

// addExtension lists an extension by its URL, or one part of a complex extension
// by the URL and the part's name. One of a resource becomes a row of the type's
// extension table, or a row of a table of its own when a line says child; one of an
// element becomes a column beside that element.
func (p *Plan) addExtension(t *typePlan, table *Table, e element, list *node, at int) error {
	n := list
	for _, name := range append([]segment{{name: e.path[at].url}}, e.path[at+1:]...) {
		if n.byURL == nil {
			n.byURL = map[string]*node{}
		}
		child := n.byURL[name.name]
		if child == nil {
			child = newNode()
			child.loss = p.counter(t.typ + ".extension(" + e.column + ")")
			n.byURL[name.name] = child
		}
		if child.table >= 0 {
			table = t.tables[child.table]
		}
		n = child
	}
	if e.typ != "" {
		n.values = append(n.values, "value"+strings.ToUpper(e.typ[:1])+e.typ[1:])
	}
	n.negates = n.negates || e.actions[p.profile] == "negate"
	switch {
	case e.typ == "Extension" && e.actions[p.profile] == "child":
		n.table = t.childTable(e.column)
		return nil
	case e.column == "negated":
		return p.addSteps(t, t.tables[0], n, e)
	case at > 0 || table != t.tables[0]:
		return p.addSteps(t, table, n, e)
	}
	n.table = t.childTable(t.table + "_extension")
	table = t.tables[n.table]
	name := e.column
	column := table.column("url", Varchar)
	n.steps = append(n.steps, func(_ *Extractor, r *row, _ fhirNode) { r.setText(column, name) })
	e.column = "value[x]"
	return p.addSteps(t, table, n, e)
}

// counter makes a counter of lost values under a path of the policy.
func (p *Plan) counter(path string) int {
	if i := slices.Index(p.losses, path); i >= 0 {
		return i
	}
	p.losses = append(p.losses, path)
	return len(p.losses) - 1
}
