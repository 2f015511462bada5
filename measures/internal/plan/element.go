package plan

import (
	"strings"

	"farr/measures/internal/elm"
)

// element reads an element of a resource, or of one of its parts, from its table.
func (f *frame) element(n *elm.Node, e *env, owner value, resource, prefix, path string) value {
	g := f.g
	full := path
	if prefix != "" {
		full = prefix + "." + path
	}
	if url, ok := strings.CutPrefix(prefix, "extension("); ok && path == "url" {
		return strV{text(strings.TrimSuffix(url, ")"))}
	}
	if path == "extension" || path == "modifierExtension" {
		return f.extensions(n, e, owner, resource, prefix)
	}
	lines, choice, part := g.model.find(resource, full)
	s := f.tableOf(owner, resource)
	if choice {
		return f.choice(s, lines, path)
	}
	if len(lines) == 1 {
		line := lines[0]
		if strings.HasSuffix(line.Path, "[]") {
			if line.Type == "CodeableConcept" {
				return conceptsV{s.demand(g, line.Column)}
			}
			return f.children(s, owner, resource, line, full)
		}
		if strings.HasSuffix(line.Path, "[first]") && !part && !g.model.leads(resource, full) {
			// Only how many there are is kept.
			count := s.demand(g, line.Column)
			return listV{make: func(at *frame) *rel {
				r := at.fork()
				return &rel{f: r, elem: numV{num: r.unnest(apply(opRange, whole(0), first(count, whole(0))), "n"), integer: true}}
			}}
		}
		if strings.HasSuffix(line.Path, "[first]") {
			return literalList([]value{partV{owner, full}}, true)
		}
		if line.Type == "Period" {
			if v := f.derived(n, e); v != nil {
				return v
			}
		}
		if v := f.column(s, line, line.Column, true); v != nil {
			if c, ok := v.(conceptV); ok && resource == "Encounter" && path == "class" {
				c.code = s.demand(g, "class")
				return c
			}
			return v
		}
	}
	if part {
		return partV{owner, full}
	}
	if len(lines) == 0 && notRead[path] {
		return nullV{}
	}
	return g.fail(e, n, "%s has no element %s in the catalogue", resource, full)
}

// notRead are elements that no extract keeps and that only supplemental data name.
var notRead = map[string]bool{"policyHolder": true, "payor": true}

// tableOf joins the table that holds an owner's elements.
func (f *frame) tableOf(owner value, resource string) *joinStep {
	g := f.g
	switch o := owner.(type) {
	case resV:
		return f.join(g.model.tables[resource], o.rid, "rid")
	case childV:
		k := joinKey{o.table, [2]expr{o.rid, o.ordinal}}
		if s := f.joinedAt(k); s != nil {
			return s
		}
		s := &joinStep{table: o.table}
		s.on = and(equal(o.rid, s.demand(g, "rid")), equal(o.ordinal, s.demand(g, "ordinal")))
		f.joined[k] = s
		f.add(s)
		return s
	}
	return nil
}

// column makes a value of an element's columns.
func (f *frame) column(s *joinStep, line Element, base string, alone bool) value {
	g := f.g
	date := func(x string) dateV {
		return dateV{lo: s.demand(g, x+"_lo"), hi: s.demand(g, x+"_hi"), prec: s.demand(g, x+"_prec"), date: line.Type == "date"}
	}
	name := func(suffix string) expr {
		if alone {
			return s.demand(g, base)
		}
		return s.demand(g, base+suffix)
	}
	switch line.Type {
	case "date", "dateTime", "instant":
		if alone {
			return date(base)
		}
		return date(base + "_start")
	case "Period":
		low, high := date(base+"_start"), date(base+"_end")
		there := notNull(low)
		return f.bind(g.makeInterval(low, high, there, yes))
	case "boolean":
		return boolV{name("_bool")}
	case "integer", "positiveInt", "unsignedInt":
		return numV{num: name("_num"), integer: true}
	case "decimal":
		return numV{num: name("_num")}
	case "Quantity", "Duration", "Age", "SimpleQuantity":
		return qtyV{s.demand(g, base+"_num"), s.demand(g, base+"_unit")}
	case "Range":
		low := qtyV{s.demand(g, base+"_low_num"), s.demand(g, base+"_low_unit")}
		high := qtyV{s.demand(g, base+"_high_num"), s.demand(g, base+"_high_unit")}
		return f.bind(g.makeInterval(low, high, yes, yes))
	case "code":
		return strV{name("_code")}
	case "string":
		return nil
	case "CodeableConcept", "Coding":
		return conceptV{id: name("_concept")}
	}
	if strings.HasPrefix(line.Type, "Reference(") {
		return refV{s.demand(g, base+"_rid")}
	}
	return nil
}

func (f *frame) choice(s *joinStep, lines []Element, path string) value {
	g := f.g
	base, tagged := strings.CutSuffix(lines[0].Column, "[x]")
	c := choiceV{}
	if tagged {
		c.tag = s.demand(g, base+"_tag")
	}
	var conds, tags []expr
	for _, line := range lines {
		if strings.HasPrefix(line.Path, "_") {
			continue
		}
		base, _ := strings.CutSuffix(line.Column, "[x]")
		fhir := line.Type
		if strings.HasPrefix(fhir, "Reference(") {
			fhir = "Reference"
		}
		var v value
		if g.model.keeps(line) {
			v = f.column(s, line, base, !tagged)
		}
		typ := cqlNames[fhir]
		if typ == "" {
			typ = fhir
		}
		if v == nil {
			continue
		}
		if !tagged {
			conds, tags = append(conds, notNull(v)), append(tags, text(fhir))
		}
		found := false
		for i := range c.alts {
			if c.alts[i].typ == typ {
				c.alts[i].tags = append(c.alts[i].tags, fhir)
				found = true
			}
		}
		if !found {
			c.alts = append(c.alts, alternative{typ, []string{fhir}, v})
		}
	}
	if !tagged {
		if len(c.alts) == 1 {
			return c.alts[0].v
		}
		c.tag = f.bindExpr(caseOf(conds, tags), path+"_type")
	}
	return c
}

// children is a repeated element as a list of its rows.
func (f *frame) children(s *joinStep, owner value, resource string, line Element, full string) value {
	g := f.g
	var rid, ordinal expr
	switch o := owner.(type) {
	case resV:
		rid = o.rid
	case childV:
		rid, ordinal = o.rid, o.ordinal
	}
	table := line.Column
	return listV{make: func(at *frame) *rel {
		r := at.fork()
		j := &joinStep{inner: true, table: table}
		own := j.demand(g, "rid")
		ord := j.demand(g, "ordinal")
		j.on = equal(rid, own)
		if !ordinal.none() {
			j.on = and(j.on, equal(ordinal, j.demand(g, "parent_ordinal")))
		}
		r.add(j)
		r.joined[joinKey{table, [2]expr{own, ord}}] = j
		order := []expr{apply(opAscending, ord)}
		switch {
		case strings.HasPrefix(line.Type, "Reference("):
			return &rel{f: r, elem: refV{j.demand(g, "target_rid")}, order: order}
		case line.Type == "BackboneElement":
			return &rel{f: r, elem: childV{resource, table, full, own, ord}, order: order}
		}
		if v := r.column(j, line, "value", true); v != nil {
			return &rel{f: r, elem: v, order: order}
		}
		return &rel{f: r, elem: childV{resource, table, full, own, ord}, order: order}
	}}
}
