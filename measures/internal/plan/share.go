package plan

import (
	"fmt"
	"slices"
)

// share binds what the expressions of a relation say more than once, so that it is said
// and computed once: CQL's choices and intervals ask the same questions for each of their
// parts, and an engine takes its time by the text. What is known never to be null is not
// asked whether it is.
//
// A condition that may end the evaluation stays where it is: bound before its time it would
// end it for those whom it is not about.
func share(with []*cte, from *cte) {
	known := map[*cte]*knowledge{}
	columns := 0
	visit := func(c *cte) {
		k := &knowledge{column: map[expr]expr{}, total: map[string]bool{}}
		if up := known[c.above]; c.above != nil && up != nil {
			k.up = up
		}
		known[c] = k
		c.steps = k.steps(c.steps, &columns)
	}
	for _, c := range with {
		visit(c)
	}
	visit(from)
}

// knowledge is what is bound in a relation, and in those that it stands on.
type knowledge struct {
	column map[expr]expr   // of what is bound
	total  map[string]bool // columns that are never null
	up     *knowledge
}

func (k *knowledge) find(x expr) (expr, bool) {
	for ; k != nil; k = k.up {
		if c, ok := k.column[x]; ok {
			return c, true
		}
	}
	return expr{}, false
}

// never is whether x is never null.
func (k *knowledge) never(x expr) bool {
	switch x.op() {
	case opColumn:
		for up := k; up != nil; up = up.up {
			if up.total[x.text()] {
				return true
			}
		}
		return false
	case opAnd, opOr, opNot:
		return !slices.ContainsFunc(x.args(), func(a expr) bool { return !k.never(a) })
	}
	return total(x)
}

// steps are steps with what they share bound before them.
func (k *knowledge) steps(list []step, columns *int) (out []step) {
	for i := 0; i < len(list); i++ {
		switch s := list[i].(type) {
		case *bindStep:
			var exprs []expr
			for _, n := range s.list {
				exprs = append(exprs, n.expr)
			}
			before, exprs := k.bind(exprs, columns)
			out = append(out, before...)
			fresh := &bindStep{}
			for j, n := range s.list {
				fresh.list = append(fresh.list, named{exprs[j], n.name})
			}
			out = append(out, fresh)
			for _, n := range fresh.list {
				k.note(n)
			}
		case whereStep:
			conds := []expr{s.cond}
			for ; i+1 < len(list); i++ {
				next, ok := list[i+1].(whereStep)
				if !ok {
					break
				}
				conds = append(conds, next.cond)
			}
			before, conds := k.bind(conds, columns)
			out = append(out, before...)
			for _, c := range conds {
				out = append(out, whereStep{c})
			}
		default:
			out = append(out, s)
		}
	}
	return out
}

// note remembers what a column holds.
func (k *knowledge) note(n named) {
	if n.op() == opElements || plain(n.expr) {
		return
	}
	if _, ok := k.find(n.expr); !ok {
		k.column[n.expr] = column(n.name)
	}
	if k.never(n.expr) {
		k.total[n.name] = true
	}
}

// bind gives expressions with columns in place of what they share, and the steps that make
// those columns.
func (k *knowledge) bind(list []expr, columns *int) (before []step, out []expr) {
	// Their own forms, with what is bound already.
	memo := map[expr]expr{}
	for i, x := range list {
		list[i] = k.inside(x, memo)
	}
	uses := map[expr]int{}
	var count func(x expr)
	count = func(x expr) {
		if x.none() {
			return
		}
		uses[x]++
		if uses[x] > 1 {
			return
		}
		for _, a := range x.args() {
			count(a)
		}
	}
	for _, x := range list {
		count(x)
	}
	// From the leaves up; what stands in a shared one is bound a level before it.
	var levels []*bindStep
	done, depth := map[expr]expr{}, map[expr]int{}
	var take func(x expr, root bool) (expr, int)
	take = func(x expr, root bool) (expr, int) {
		if x.none() || plain(x) {
			return x, 0
		}
		if c, ok := done[x]; ok {
			return c, depth[x]
		}
		var args []expr
		at := 0
		for _, a := range x.args() {
			b, n := take(a, false)
			args, at = append(args, b), max(at, n)
		}
		fresh := node(x.op(), x.text(), args...)
		if uses[x] > 1 && !root && worth(x) {
			for len(levels) <= at {
				levels = append(levels, &bindStep{})
			}
			*columns++
			name := fmt.Sprintf("s%d", *columns)
			levels[at].list = append(levels[at].list, named{fresh, name})
			fresh, at = column(name), at+1
		}
		done[x], depth[x] = fresh, at
		return fresh, at
	}
	for _, x := range list {
		shared := uses[x] > 1
		c, _ := take(x, !shared)
		out = append(out, c)
	}
	for _, l := range levels {
		before = append(before, l)
		for _, n := range l.list {
			k.note(n)
		}
	}
	return before, out
}

// inside is an expression with the columns of what is bound already, and without questions
// that are answered.
func (k *knowledge) inside(x expr, memo map[expr]expr) expr {
	if x.none() || plain(x) {
		return x
	}
	if y, ok := memo[x]; ok {
		return y
	}
	args := x.args()
	for i, a := range args {
		args[i] = k.inside(a, memo)
	}
	y := node(x.op(), x.text(), args...)
	switch {
	case x.op() == opTruth && k.never(args[0]):
		y = args[0]
	case x.op() == opNot:
		y = not(args[0])
	case x.op() == opAnd:
		y = and(args...)
	case x.op() == opOr:
		y = or(args...)
	}
	if c, ok := k.find(y); ok {
		y = c
	}
	memo[x] = y
	return y
}

// worth is whether an expression costs more to say twice than to bind.
func worth(x expr) bool {
	seen := map[expr]bool{}
	size := 0
	var fails func(x expr) bool
	fails = func(x expr) bool {
		if size++; seen[x] {
			return false
		}
		seen[x] = true
		return x.op() == opFail || slices.ContainsFunc(x.args(), fails)
	}
	return !incomplete[x.op()] && !fails(x) && size > 3
}

// incomplete are operations that are no value of their own: the text of a code stands in a
// condition, a sort item in a window, and a window or an aggregate in its place.
var incomplete = map[op]bool{opCode: true, opAscending: true, opDescending: true, opNullsFirst: true, opNullsLast: true, opRowNumber: true,
	opMaxBefore: true, opRunningSum: true, opMax: true, opMin: true, opSum: true, opAvg: true, opCountIf: true, opAny: true, opCollect: true, opElements: true}
