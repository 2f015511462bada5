package plan

import (
	"slices"
	"strings"

	"farr/measures/internal/elm"
)

// list compiles a node whose value is a list, to be made in any frame forked from f.
func (f *frame) list(n *elm.Node, e *env) value {
	g := f.g
	switch n.Type {
	case "Retrieve":
		return listV{make: func(at *frame) *rel { return at.retrieve(n, e) }}
	case "Query":
		return f.query(n, e)
	case "List":
		var items []value
		flat := true
		for _, x := range n.Element {
			v := f.value(x, e)
			if _, ok := v.(listV); ok {
				flat = false
			}
			items = append(items, v)
		}
		return literalList(items, flat)
	case "ToList":
		v := f.value(n.Operand[0], e)
		if l, ok := v.(listV); ok {
			return l
		}
		return literalList([]value{v}, true)
	case "Split":
		return f.split(n, e)
	case "Flatten":
		return f.flatten(n, e)
	case "Distinct":
		l := f.listOf(n.Operand[0], e)
		return listV{make: func(at *frame) *rel { return at.distinct(l.make(at)) }}
	case "Union":
		return f.union(n, e)
	case "Except":
		v, w := f.value(n.Operand[0], e), f.value(n.Operand[1], e)
		if x, y, ok := f.twoIntervals(v, w); ok {
			return f.combined(n, e, x, y)
		}
		a, b := f.asList(v, n, e), f.asList(w, n, e)
		return listV{make: func(at *frame) *rel { return at.distinct(at.match(a.make(at), b.make(at), false)) }}
	case "Collapse":
		l := f.listOf(n.Operand[0], e)
		return listV{make: func(at *frame) *rel { return at.collapse(l.make(at), n, e) }}
	case "Expand":
		return f.expandNode(n, e)
	}
	return g.fail(e, n, "ELM node %s is not supported", n.Type)
}

// listOf compiles a list; null is an empty list.
func (f *frame) listOf(n *elm.Node, e *env) listV { return f.asList(f.value(n, e), n, e) }

func (f *frame) asList(v value, n *elm.Node, e *env) listV {
	switch v := v.(type) {
	case listV:
		return v
	case nullV:
		return literalList(nil, true)
	case conceptsV:
		return conceptList(v)
	case resV, childV:
		return f.oneAsList(v).(listV)
	}
	f.g.fail(e, n, "%s is not a list", typeName(v))
	return literalList(nil, true)
}

// literalList is a list that is written out.
func literalList(items []value, flat bool) listV {
	return listV{lit: flat, items: items, make: func(at *frame) *rel {
		if len(items) == 0 {
			r := at.fork()
			r.where(no)
			return &rel{f: r, elem: nullV{}}
		}
		var sides []*rel
		for _, v := range items {
			sides = append(sides, &rel{f: at.fork(), elem: v, one: true})
		}
		if len(sides) == 1 {
			return sides[0]
		}
		return at.unionAll(sides)
	}}
}

// conceptList is a list of concepts as rows.
func conceptList(v conceptsV) listV {
	return listV{make: func(at *frame) *rel {
		r := at.fork()
		s := &joinStep{inner: true, table: "concept_list"}
		s.on = equal(v.list, s.demand(at.g, "list"))
		id := s.demand(at.g, "concept")
		r.add(s)
		return &rel{f: r, elem: conceptV{id: id}, order: []expr{apply(opAscending, s.demand(at.g, "ordinal"))}}
	}}
}

// split is a text cut at another, which is left out (CQL 1.5, "Split"). A reference is not
// cut: measures take its last part, the id, and ids are compared as references.
func (f *frame) split(n *elm.Node, e *env) value {
	v := f.value(n.Operand[0], e)
	s, ok := v.(strV)
	if !ok {
		return v
	}
	if isNull(s.text) {
		return nullV{}
	}
	at, ok := f.value(n.Separator, e).(strV)
	if ok && isNull(at.text) { // nothing is cut
		return literalList([]value{s}, true)
	}
	if !ok || !isConst(at.text) {
		return f.g.fail(e, n, "Split at a text that is not known beforehand is not supported")
	}
	parts := f.bindExpr(apply(opSplit, s.text, at.text), "parts")
	return listV{make: func(at *frame) *rel {
		r := at.fork()
		i := r.unnest(apply(opRange, whole(1), apply(opAdd, apply(opLength, parts), whole(1))), "place")
		return &rel{f: r, elem: strV{r.bindExpr(apply(opAt, parts, i), "part")}, order: []expr{apply(opAscending, i)}}
	}}
}

// flatten is a list of lists as one list.
func (f *frame) flatten(n *elm.Node, e *env) value {
	in := n.Operand[0]
	if in.Type == "List" {
		var lists []listV
		for _, x := range in.Element {
			lists = append(lists, f.listOf(x, e))
		}
		if len(lists) == 0 {
			return literalList(nil, true)
		}
		return listV{make: func(at *frame) *rel {
			var sides []*rel
			for _, l := range lists {
				sides = append(sides, l.make(at))
			}
			return at.unionAll(sides)
		}}
	}
	l := f.listOf(in, e)
	return listV{make: func(at *frame) *rel {
		outer := l.make(at)
		inner, ok := outer.elem.(listV)
		if !ok {
			return outer
		}
		r := inner.make(outer.f)
		return &rel{f: r.f, elem: r.elem, order: slices.Concat(outer.order, r.order)}
	}}
}

// retrieve is the rows of a resource's table that hold one of the codes.
func (f *frame) retrieve(n *elm.Node, e *env) *rel {
	g := f.g
	table := g.model.tables[n.DataType]
	r := f.fork()
	if table == "" {
		g.fail(e, n, "the extract has no resource type %s", n.DataType)
		r.where(no)
		return &rel{f: r, elem: resV{types: []string{n.DataType}, rid: null(typeID)}}
	}
	s := &joinStep{inner: true, table: table}
	rid := s.demand(g, "rid")
	s.on = yes
	if g.model.patients[n.DataType] {
		s.on = equal(column(personNumber), s.demand(g, personNumber))
	}
	r.add(s)
	r.joined[joinKey{table, [2]expr{rid}}] = s
	elem := resV{types: []string{n.DataType}, rid: rid}
	g.found[rid.text()] = true
	profile := n.TemplateID[strings.LastIndexByte(n.TemplateID, '/')+1:]
	negative := g.model.Negates != nil && g.model.Negates(n.TemplateID)
	switch {
	case n.DataType == "Patient": // the subject, whatever it declares
	case g.model.Declared:
		if profile != "" && profile != n.DataType { // not the type's own, which all are of
			r.where(node(opDeclares, n.TemplateID, s.demand(g, "profiles")))
		}
	default:
		r.infer(n, e, s, elem, profile, negative)
	}
	if len(n.Codes) == 0 {
		return &rel{f: r, elem: elem}
	}
	of := r.property(n, e, elem, n.CodeProperty)
	if c, ok := of.(choiceV); ok {
		for _, a := range c.alts {
			if a.typ == "Concept" {
				of = a.v
			}
		}
	}
	codes := r.codes(n, e)
	where := filter(of, codes)
	if where.none() {
		g.fail(e, n, "codes of %s.%s are not supported", n.DataType, n.CodeProperty)
		where = no
	}
	if negative {
		if v, ok := codes.(valueSetV); ok && g.model.has(n.DataType, "not_done_value_set") {
			where = or(truth(where), truth(among(s.demand(g, "not_done_value_set"), v.urls...)))
		}
	}
	r.where(where)
	return &rel{f: r, elem: elem}
}

// infer keeps the rows that a profile is about by what they say, whether they declare it or not.
func (r *frame) infer(n *elm.Node, e *env, s *joinStep, elem resV, profile string, negative bool) {
	g := r.g
	if g.model.patients[n.DataType] {
		if negative {
			r.where(s.demand(g, "negated"))
			// A profile of what was not done fixes the status: a modifier beside another one is
			// neither that nor something done.
			if line, ok := g.model.negates[n.DataType]; ok {
				r.where(among(s.demand(g, line.Column), line.Negates...))
			}
		} else {
			r.where(not(s.demand(g, "negated")))
		}
	}
	if code, ok := vitals[profile]; ok {
		r.where(apply(opHasCode, append([]expr{s.demand(g, "code")}, codesOf(codeV{code})...)...))
		r.where(filter(r.property(n, e, elem, "category"), codeV{vitalSigns}))
	}
}

// codes are a retrieve's value sets, or its codes.
func (f *frame) codes(n *elm.Node, e *env) value {
	if len(n.Codes) > 1 { // retrieves that were brought together
		var all valueSetV
		for _, c := range n.Codes {
			if v, ok := f.value(c, e).(valueSetV); ok { // what is none was told
				all.urls = append(all.urls, v.urls...)
			}
		}
		return all
	}
	v := f.value(n.Codes[0], e)
	if l, ok := v.(listV); ok {
		var all codeV
		for _, x := range l.items {
			if c, ok := x.(codeV); ok {
				all.codes = append(all.codes, c.codes...)
			}
		}
		return all
	}
	return v
}

// filter is whether a concept, or one of a list, is among codes; never null, and none when
// it cannot be told.
func filter(of, codes value) expr {
	switch of.(type) {
	case nullV, strV:
		return no
	}
	concept, isConcept := of.(conceptV)
	list, isList := of.(conceptsV)
	switch c := codes.(type) {
	case valueSetV:
		switch {
		case isConcept:
			return apply(opInValueSet, append([]expr{concept.id}, texts(c.urls)...)...)
		case isList:
			return apply(opAnyInSet, append([]expr{list.list}, texts(c.urls)...)...)
		}
	case codeV:
		switch {
		case len(c.codes) == 0:
		case isConcept:
			return apply(opHasCode, append([]expr{concept.id}, codesOf(c)...)...)
		case isList:
			return apply(opAnyHasCode, append([]expr{list.list}, codesOf(c)...)...)
		}
	}
	return expr{}
}

// vitals are the profiles that fix an observation's code. All of them ask for the
// category vital-signs, too.
var vitals = map[string][]elm.Code{
	"bp":         {{System: "http://loinc.org", Code: "85354-9"}},
	"heartrate":  {{System: "http://loinc.org", Code: "8867-4"}},
	"bmi":        {{System: "http://loinc.org", Code: "39156-5"}},
	"bodytemp":   {{System: "http://loinc.org", Code: "8310-5"}},
	"bodyweight": {{System: "http://loinc.org", Code: "29463-7"}},
	"bodyheight": {{System: "http://loinc.org", Code: "8302-2"}},
	"resprate":   {{System: "http://loinc.org", Code: "9279-1"}},
}

var vitalSigns = []elm.Code{{System: "http://terminology.hl7.org/CodeSystem/observation-category", Code: "vital-signs"}}
