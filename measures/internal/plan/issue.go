package plan

import (
	"slices"

	"farr/measures/internal/elm"
)

// Issue is a place where a person's data make a define fail: CQL would end the evaluation
// there. Here the value is null, the others go on, and who it was is told.
type Issue struct {
	Library string
	Line    int
	Reason  string // says nothing of the data

	with  []*cte
	from  *cte
	where expr
	by    []expr // rows of one key are too many when there are two; none: each row is one
	key   expr   // of the define: whose rows they are
}

// issue is an Issue whose relation is not finished.
type issue struct {
	Issue
	frame *frame // whose rows it is about
}

// severalIssue notes a list of f of which there may be one element only (CQL 1.5,
// "SingletonFrom": more than one is a run-time error).
func (f *frame) severalIssue(r *rel, n *elm.Node, e *env) {
	f.note(issue{frame: r.f, Issue: Issue{Reason: "singleton from a list of more than one element", where: yes, by: f.key}}, n, e)
}

// message is its source, and null where its condition holds and its severity ends the
// evaluation (CQL 1.5, "Message").
func (f *frame) message(n *elm.Node, e *env) value {
	var source value = nullV{}
	if len(n.Source) > 0 {
		source = f.value(n.Source[0], e)
	}
	cond := yes
	if n.Condition != nil {
		cond = truth(f.bool(n.Condition, e))
	}
	severity, _ := f.value(n.Severity, e).(strV)
	if severity.text.none() || !isConst(severity.text) {
		return f.g.fail(e, n, "a message whose severity is not known beforehand is not supported")
	}
	reason := "message"
	if code, ok := f.value(n.Code, e).(strV); ok && isConst(code.text) {
		reason += " " + code.text.text()
	}
	if severity.text.text() != "Error" {
		return source // is told to nobody, and changes nothing
	}
	f.note(issue{frame: f, Issue: Issue{Reason: reason, where: cond}}, n, e)
	if _, isList := source.(listV); isList {
		return f.g.choose([]expr{not(cond)}, []value{source})
	}
	fails := and(f.g.guard, cond)
	if len(leaves(source)) == 0 {
		source = boolV{null(typeBoolean)}
	}
	return mapLeaves(source, func(x expr) expr { return caseOf([]expr{fails, not(cond)}, []expr{apply(opFail), x}) })
}

// under compiles what is evaluated only where a condition holds.
func (g *gen) under(cond expr, compile func()) {
	was := g.guard
	g.guard = and(was, cond)
	compile()
	g.guard = was
}

// note keeps an issue of the define at hand, under the conditions of the branches that it
// stands in. Inside an aggregate clause there is no relation that could tell of it.
func (f *frame) note(x issue, n *elm.Node, e *env) {
	if f.g.guard == no {
		return
	}
	x.Library = e.lib.Name
	x.Line, _ = n.Position()
	x.where = and(f.g.guard, x.where)
	x.from = x.frame.close() // the rows as they are: a condition that the error is part of drops them
	f.g.issues = append(f.g.issues, x)
}

// closeIssues finishes the issues of a define whose rows are those of f, and all that
// they read.
func (g *gen) closeIssues(f *frame) (list []Issue) {
	for _, x := range g.issues {
		at := slices.Index(g.ctes, x.from)
		if at < 0 {
			continue // of a branch that was compiled and thrown away
		}
		x.with = g.ctes[:at+1]
		x.key = f.key[0]
		list = append(list, x.Issue)
	}
	return list
}
