package plan

import "farr/measures/internal/elm"

// someConcept is whether a list of concepts has one that a query keeps, where that can be told
// by the list's id: the question is then asked of the dictionary, which has some hundred lists,
// and not of every row. None where it cannot.
func (f *frame) someConcept(n *elm.Node, e *env) expr {
	if n.Type != "Query" || len(n.Source) != 1 || len(n.Let)+len(n.Relationship) > 0 || n.Where == nil || n.Return != nil || n.Aggregate != nil {
		return expr{}
	}
	source := n.Source[0].Expression
	if source.Type != "Property" && source.Type != "Query" {
		return expr{}
	}
	l, ok := f.value(source, e).(conceptsV)
	if !ok {
		return expr{}
	}
	// The condition over any concept: what it asks of it, it asks of each of the list.
	g := f.g
	problems, issues, ctes := g.problem, g.issues, g.ctes
	defer g.trial()()
	any := column("$concept")
	at := g.frameOver(nil, &cte{base: "concept"})
	at.key = []expr{any}
	cond := at.bool(n.Where, (&env{lib: e.lib}).with(n.Source[0].Alias, conceptV{id: any}))
	if len(g.problem) != len(problems) || len(g.issues) != len(issues) || len(g.ctes) != len(ctes) || len(at.open.steps) > 0 {
		return expr{}
	}
	return ofList(truth(cond), any, l.list)
}

// ofList turns a condition on a concept into the one that some concept of a list fulfils it.
func ofList(cond, concept, list expr) expr {
	args := cond.args()
	switch cond.op() {
	case opTruth:
		return ofList(args[0], concept, list)
	case opCase: // where there is one, which of a list there always is
		if len(args) == 2 && args[0] == present(concept) {
			return ofList(args[1], concept, list)
		}
	case opOr: // some has this or that where some has this, or some has that
		var parts []expr
		for _, a := range args {
			p := ofList(a, concept, list)
			if p.none() {
				return expr{}
			}
			parts = append(parts, p)
		}
		return or(parts...)
	case opInValueSet, opHasCode:
		if args[0] == concept {
			to := map[op]op{opInValueSet: opAnyInSet, opHasCode: opAnyHasCode}[cond.op()]
			return apply(to, append([]expr{list}, args[1:]...)...)
		}
	}
	return expr{}
}
