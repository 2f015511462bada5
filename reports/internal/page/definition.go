package page

import (
	"strings"

	"farr/measures"
)

// definitionView is a definition with its SQL, each text once.
type definitionView struct {
	measures.Definition
	Queries []query
}

// query is a SELECT of a definition under the names that it serves, with what it means where it was
// made of YAML.
type query struct{ Title, File, SQL, English string }

// definitionOf lists the queries in the order in which a reader follows them: a
// measure's populations; a cohort's entry event, its rules, the time at risk.
func (w words) definitionOf(d measures.Definition) definitionView {
	v := definitionView{Definition: d}
	taken := map[string]bool{}
	for i, r := range d.Rules {
		q := query{w.Say("Rule {number}: {title}", i, r.Title), r.File, r.SQL, r.English}
		for _, p := range d.Populations {
			if p.Name == r.ID { // the entry event is the first line of the attrition, with its query among the populations
				q = query{w.populationWords(p.Name) + ": " + r.Title, p.File, p.SQL, p.English}
				taken[p.Name] = true
			}
		}
		v.add(q)
	}
	for _, p := range d.Populations {
		if !taken[p.Name] {
			v.add(query{w.populationWords(p.Name), p.File, p.SQL, p.English})
		}
	}
	for _, g := range d.CareGaps {
		v.add(query{w.Say("Care gap: {title}", w.inWords(g.Title)), g.File, g.SQL, ""})
	}
	return v
}

// add puts a query that serves a second name under both.
func (v *definitionView) add(q query) {
	if strings.TrimSpace(q.SQL) == "" {
		return
	}
	for i, have := range v.Queries {
		if have.File == q.File && have.SQL == q.SQL {
			v.Queries[i].Title += ", " + strings.ToLower(q.Title[:1]) + q.Title[1:]
			return
		}
	}
	v.Queries = append(v.Queries, q)
}
