package plan

import "slices"

// inline puts a relation that only one other reads, and that is not kept for its row numbers,
// into the one that reads it: its steps are then in one list with the steps after them.
func inline(with []*cte, from *cte) (kept []*cte) {
	uses := map[any]int{} // inside a fold relations are known by their names
	all := append(slices.Clone(with), from)
	for _, c := range all {
		if c.above != nil {
			uses[c.above.called()]++
		}
		readIn(c, func(r *cte) { uses[r.called()] += 2 }) // by something else than standing on it
	}
	for _, c := range all {
		for c.above != nil && uses[c.above.called()] == 1 && c.above.rowNum == "" && !c.above.recursive {
			a := c.above
			c.base, c.above, c.body, c.cols = a.base, a.above, a.body, a.cols
			c.steps = append(slices.Clone(a.steps), c.steps...)
			uses[a.called()] = 0
		}
	}
	for _, c := range with {
		if uses[c.called()] > 0 {
			kept = append(kept, c)
		}
	}
	return kept
}

// readIn visits the relations that c reads beside the one that it stands on.
func readIn(c *cte, visit func(*cte)) {
	var of func(b body)
	of = func(b body) {
		switch b := b.(type) {
		case *unionBody:
			for _, s := range b.sides {
				visit(s.from)
			}
		case *distinctBody:
			visit(b.from)
		case *groupBody:
			visit(b.from)
		case *pickBody:
			visit(b.from)
		case *turnBody:
			visit(b.rows)
		case *foldBody:
			visit(b.from)
			for _, in := range append(slices.Clone(b.inside), b.step.open) {
				if in.above != nil {
					visit(in.above)
				}
				readIn(in, visit)
			}
		}
	}
	of(c.body)
	for _, s := range c.steps {
		switch s := s.(type) {
		case *joinStep:
			of(s.from)
		case matchStep:
			visit(s.in)
		}
	}
}

// semi turns what only asks whether a list has an element into a semi join, or where it must
// have none into an anti join, in place of a group for each row and a join back. Where it can it
// goes before all other steps: they are then taken for fewer rows.
func semi(with []*cte, from *cte, list []named) {
	for _, c := range with {
		c.semi(nil)
	}
	from.semi(list)
}

func (c *cte) semi(list []named) {
	own := map[string]int{} // columns of the steps, by the number of their step
	for i, s := range c.steps {
		for _, name := range s.columns() {
			own[name] = i
		}
	}
	var first []step
	for i := 0; i < len(c.steps); i++ {
		j, ok := c.steps[i].(*joinStep)
		if !ok {
			continue
		}
		asks, some := c.asks(j)
		if asks < 0 || slices.Contains(c.out, j.names[len(j.names)-1]) && list == nil {
			continue
		}
		g := j.from.(*groupBody)
		flag := column(g.list[len(g.list)-1].name)
		m := matchStep{in: g.from, list: g.list[:len(g.list)-1], on: j.on, not: !some}
		early := !slices.ContainsFunc(c.steps[:i], countsRows) && !slices.ContainsFunc(columnsOf(j.on), func(name string) bool {
			at, isOwn := own[name]
			return isOwn && at != i
		})
		// What was asked is known from here on.
		memo := map[expr]expr{}
		to := func(x expr) expr { return replaced(x, present(flag), boolean(some), memo) }
		c.rewrite(to)
		rewriteNamed(list, to)
		c.out = slices.DeleteFunc(c.out, func(name string) bool { return name == flag.text() })
		if early {
			first = append(first, m)
			c.steps[i] = whereStep{yes}
		} else {
			c.steps[i] = m
		}
	}
	c.steps = slices.DeleteFunc(append(first, c.steps...), func(s step) bool { w, ok := s.(whereStep); return ok && w.cond == yes })
}

// countsRows is whether a step depends on which other rows there are, or ends the evaluation for
// one of them: no row may be taken away before it.
func countsRows(s step) bool {
	var any func(x expr) bool
	any = func(x expr) bool {
		if x.none() || plain(x) {
			return false
		}
		switch x.op() {
		case opRowNumber, opMaxBefore, opRunningSum, opFail:
			return true
		}
		return slices.ContainsFunc(x.args(), any)
	}
	b, ok := s.(*bindStep)
	return ok && slices.ContainsFunc(b.list, func(n named) bool { return any(n.expr) })
}

// asks is the number of the step that asks whether a joined group is there, or is not, and
// nothing else of the group is read; -1 where there is no such step.
func (c *cte) asks(j *joinStep) (at int, some bool) {
	g, ok := j.from.(*groupBody)
	if !ok || j.inner || g.any != nil || len(g.list) < 2 || g.list[len(g.list)-1].expr != yes || len(g.list)-1 != len(g.by) {
		return -1, false
	}
	flag := present(column(g.list[len(g.list)-1].name))
	for i, s := range c.steps {
		w, ok := s.(whereStep)
		switch {
		case !ok:
		case slices.Contains(parts(w.cond), flag):
			return i, true
		case slices.Contains(parts(w.cond), not(flag)):
			return i, false
		}
	}
	return -1, false
}

// replaced is an expression with a condition answered.
func replaced(x, question, answer expr, memo map[expr]expr) expr {
	switch {
	case x.none():
		return x
	case x == question:
		return answer
	case x == not(question):
		return not(answer)
	case plain(x):
		return x
	}
	if y, ok := memo[x]; ok {
		return y
	}
	args := x.args()
	for i, a := range args {
		args[i] = replaced(a, question, answer, memo)
	}
	y := node(x.op(), x.text(), args...)
	switch x.op() {
	case opAnd:
		y = and(args...)
	case opOr:
		y = or(args...)
	case opNot:
		y = not(args[0])
	case opTruth, opNotFalse:
		if isConst(args[0]) {
			y = args[0]
		}
	}
	memo[x] = y
	return y
}
