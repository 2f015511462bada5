package plan

import (
	"maps"
	"slices"
	"strings"

	"farr/measures/internal/elm"
)

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
		for _, k := range slices.Sorted(maps.Keys(g.model.extAt)) { // so that the same measure gives the same text
			line := g.model.extAt[k]
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
