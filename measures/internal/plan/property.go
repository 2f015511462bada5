package plan

import (
	"slices"
	"strings"

	"farr/measures/internal/elm"
)

// leads is whether a path has elements below it.
func (m *Model) leads(resource, path string) bool {
	for p := range m.byPath[resource] {
		if strings.HasPrefix(p, path+".") {
			return true
		}
	}
	return false
}

// has is whether a resource's own table has a column.
func (m *Model) has(resource, column string) bool {
	for k, e := range m.extAt {
		if strings.HasPrefix(k, resource+"|") && e.Column == column {
			return true
		}
	}
	return false
}

func (f *frame) propertyNode(n *elm.Node, e *env) value {
	var base value
	switch {
	case n.Scope != "":
		v, ok := e.find(n.Scope)
		if !ok {
			return f.g.fail(e, n, "nothing is named %s here", n.Scope)
		}
		base = v
	case len(n.Source) > 0:
		base = f.value(n.Source[0], e)
	default:
		// Without a scope or a source the translator means the innermost alias.
		v, ok := e.find("$with")
		if !ok {
			if v, ok = e.find("$row"); !ok {
				return f.g.fail(e, n, "%s of nothing", n.Path)
			}
		}
		base = v
	}
	for _, p := range strings.Split(n.Path, ".") {
		base = f.property(n, e, base, p)
	}
	return base
}

// property is an element of a value.
func (f *frame) property(n *elm.Node, e *env, base value, path string) value {
	g := f.g
	switch v := base.(type) {
	case nullV:
		return v
	case resV:
		if path == "id" {
			return refV{v.rid}
		}
		if v.tag.none() {
			return f.element(n, e, v, v.types[0], "", path)
		}
		var conds []expr
		var vals []value
		for _, t := range v.types {
			if lines, _, part := g.model.find(t, path); len(lines) == 0 && !part && path != "extension" && path != "modifierExtension" {
				continue
			}
			x := f.element(n, e, v, t, "", path)
			conds, vals = append(conds, truth(equal(v.tag, text(t)))), append(vals, x)
		}
		if len(vals) == 0 {
			return nullV{} // only another of the types that the author wrote has it
		}
		return g.choose(conds, vals)
	case childV:
		if path == "id" {
			return refV{v.rid}
		}
		return f.element(n, e, v, v.resource, v.prefix, path)
	case partV:
		switch b := v.base.(type) {
		case resV:
			return f.element(n, e, b, b.types[0], v.prefix, path)
		case childV:
			return f.element(n, e, b, b.resource, v.prefix, path)
		}
	case refV:
		switch path {
		case "reference", "value":
			return v
		case "type":
			return strV{null(typeText)}
		}
	case qtyV:
		switch path {
		case "value":
			return numV{num: v.num}
		case "unit", "code":
			return strV{v.unit}
		}
	case intervalV:
		switch path {
		case "low", "start":
			return edge(v.s, v.sUnk, minDate, integerEnds[false])
		case "high", "end":
			return edge(v.e, v.eUnk, maxDate, integerEnds[true])
		case "lowClosed":
			return boolV{when(truth(v.nn), not(truth(v.sUnk)))}
		case "highClosed":
			return boolV{when(truth(v.nn), not(truth(v.eUnk)))}
		case "value":
			return v
		}
	case conceptV:
		switch path {
		case "coding", "codes":
			return literalList([]value{v}, true)
		case "code":
			if !v.code.none() {
				return strV{v.code}
			}
			return strV{apply(opConceptCode, v.id)}
		case "system":
			return strV{apply(opConceptSys, v.id)}
		case "value":
			return v
		}
	case conceptsV:
		if path == "value" {
			return v
		}
	case tupleV:
		for i, name := range v.names {
			if name == path {
				return v.fields[i]
			}
		}
	case choiceV:
		if path == "value" {
			return v
		}
		var conds []expr
		var vals []value
		for _, a := range v.alts {
			switch a.v.(type) {
			case intervalV:
				if path != "low" && path != "high" && path != "start" && path != "end" && path != "lowClosed" && path != "highClosed" {
					continue
				}
			case refV:
				if path != "reference" {
					continue
				}
			case qtyV:
				if path != "unit" && path != "code" {
					continue
				}
			case conceptV:
				if path != "coding" && path != "code" && path != "codes" {
					continue
				}
			default:
				continue
			}
			conds, vals = append(conds, tagIn(v.tag, a.tags)), append(vals, f.property(n, e, a.v, path))
		}
		if len(vals) == 1 {
			if l, ok := vals[0].(listV); ok {
				return l
			}
		}
		return g.choose(conds, vals)
	case listV:
		return listV{make: func(at *frame) *rel {
			r := v.make(at)
			r.elem = r.f.property(n, e, r.elem, path)
			if l, ok := r.elem.(listV); ok {
				return l.make(r.f)
			}
			if c, ok := r.elem.(conceptsV); ok {
				return conceptList(c).make(r.f)
			}
			return r
		}}
	case boolV, numV, strV, dateV:
		if path == "value" {
			return v
		}
	}
	return g.fail(e, n, "%s has no element %s", typeName(base), path)
}

// edge is an interval's end as it was given: null where it was null, which is an end that is
// not known, or the end of the type.
func edge(v value, unknown, ofDates, ofNumbers expr) value {
	at, end := expr{}, ofDates
	switch v := v.(type) {
	case dateV:
		at = v.lo
	case numV:
		at, end = v.num, ofNumbers
	default:
		return v
	}
	if at == column("mp_low") || at == column("mp_high") {
		return v
	}
	cond := and(not(truth(unknown)), truth(apply(opNotEqual, at, end)))
	return mapLeaves(v, func(x expr) expr {
		if isConst(x) && x != at {
			return x
		}
		return when(cond, x)
	})
}

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
		return dateV{s.demand(g, x+"_lo"), s.demand(g, x+"_hi"), s.demand(g, x+"_prec"), line.Type == "date"}
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
		return f.bind(g.makeInterval(low, high, there, yes, func(string) {}))
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
		return f.bind(g.makeInterval(low, high, yes, yes, func(string) {}))
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

// tagOnly are types of a choice of which an extract keeps only that they are there.
func (m *Model) keeps(line Element) bool { return !m.tagOnly[line.Resource+"|"+line.Path] }

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

// extensions are a resource's extensions, as tuples of URL and value, or the one
// that is kept beside an element.
func (f *frame) extensions(n *elm.Node, e *env, owner value, resource, prefix string) value {
	g := f.g
	only := g.onlyURL
	if url, ok := strings.CutPrefix(prefix, "extension("); ok {
		return f.extensionParts(owner, resource, strings.TrimSuffix(url, ")"), only)
	}
	if line, ok := g.model.extAt[resource+"||"+only]; ok && line.Type == "Extension" {
		return f.children(nil, owner, resource, Element{Type: "BackboneElement", Column: line.Column}, "extension("+only+")")
	}
	if prefix == "" && g.model.modifier[resource+"|"+only] {
		return listV{make: func(at *frame) *rel {
			r := at.fork()
			r.where(r.tableOf(owner, resource).demand(g, "negated"))
			return &rel{f: r, elem: tupleV{[]string{"url", "value"}, []value{strV{text(only)}, boolV{yes}}, yes}}
		}}
	}
	var lists []func(at *frame) *rel
	if prefix == "" {
		table := g.model.tables[resource] + "_extension"
		var urls, names []string
		for k, name := range g.model.ext {
			if u, ok := strings.CutPrefix(k, resource+"|"); ok && (only == "" || u == only) && g.model.extAt[resource+"||"+u].Type != "Extension" {
				urls, names = append(urls, u), append(names, name)
			}
		}
		sortTogether(urls, names)
		rid := leaves(owner)[0]
		if len(urls) > 0 {
			lists = append(lists, func(at *frame) *rel {
				r := at.fork()
				j := &joinStep{inner: true, table: table}
				own := j.demand(g, "rid")
				ord := j.demand(g, "ordinal")
				j.on = equal(rid, own)
				short := j.demand(g, "url")
				r.add(j)
				var conds, vals []expr
				for i := range urls {
					conds, vals = append(conds, equal(short, text(names[i]))), append(vals, text(urls[i]))
				}
				var lines []Element
				for _, u := range urls {
					if x, ok := g.model.extAt[resource+"||"+u]; ok {
						x.Column = "value[x]"
						lines = append(lines, x)
					}
				}
				var v value = nullV{}
				if len(lines) > 0 {
					v = r.choice(j, lines, "value")
				}
				return &rel{f: r, elem: tupleV{[]string{"url", "value"}, []value{strV{caseOf(conds, vals)}, v}, yes}, order: []expr{apply(opAscending, ord)}}
			})
		}
	} else {
		for k, line := range g.model.extAt {
			u, ok := strings.CutPrefix(k, resource+"|"+prefix+"|")
			if !ok || only != "" && u != only {
				continue
			}
			s := f.tableOf(owner, resource)
			v := f.column(s, line, line.Column, true)
			if v == nil {
				continue
			}
			lists = append(lists, func(at *frame) *rel {
				r := at.fork()
				r.where(notNull(v))
				return &rel{f: r, elem: tupleV{[]string{"url", "value"}, []value{strV{text(u)}, v}, yes}}
			})
		}
	}
	if len(lists) == 0 {
		return literalList(nil, true)
	}
	return listV{make: func(at *frame) *rel {
		var sides []*rel
		for _, l := range lists {
			sides = append(sides, l(at))
		}
		if len(sides) == 1 {
			return sides[0]
		}
		return at.unionAll(sides)
	}}
}

// extensionParts are the extensions inside a complex extension, which is a row.
func (f *frame) extensionParts(owner value, resource, url, only string) value {
	g := f.g
	var names []string
	parts := map[string]Element{}
	for k, line := range g.model.extAt {
		if part, ok := strings.CutPrefix(k, resource+"||"+url+"."); ok && (only == "" || part == only) {
			names = append(names, part)
			parts[part] = line
		}
	}
	slices.Sort(names)
	var items []value
	s := f.tableOf(owner, resource)
	for _, name := range names {
		if v := f.column(s, parts[name], parts[name].Column, true); v != nil {
			items = append(items, tupleV{[]string{"url", "value"}, []value{strV{text(name)}, v}, notNull(v)})
		}
	}
	return literalList(items, false)
}
