package plan

import "slices"

// prune leaves out of a statement, and of each of its issues, what it does not read.
func (s *Statement) prune() {
	for i := range s.Issues {
		x := &s.Issues[i]
		x.with, x.from = prune(x.with, x.from, slices.Concat(x.by, []expr{x.key, x.where})...)
	}
	var reads []expr
	for _, n := range slices.Concat(s.key, s.list) {
		reads = append(reads, n.expr)
	}
	s.with, s.from = prune(s.with, s.from, reads...)
}

// prune leaves out of relations what nothing reads: columns, joins that only brought such
// columns, numbers of rows, and relations. A define is compiled from the leaves up, so it
// binds all parts of each value, of which most are never asked for.
//
// A left join brings one row or none (a resource by its rid, a define by its person or
// subject, an aggregate by its key), so that without its columns it is nothing.
//
// It gives relations of its own and leaves those that it was given as they are: issues read
// them, too.
func prune(with []*cte, from *cte, reads ...expr) ([]*cte, *cte) {
	p := &pruning{need: map[any]map[string]bool{}, fresh: map[any]*cte{}, whole: map[any]bool{}}
	for _, x := range reads {
		p.read(from, x)
	}
	// Whoever reads a relation comes after it.
	p.relation(from)
	for _, c := range slices.Backward(with) {
		if c != from && p.need[c.called()] != nil {
			p.relation(c)
		}
	}
	var kept []*cte
	for _, c := range with {
		if n := p.fresh[c.called()]; n != nil {
			kept = append(kept, n)
		}
	}
	return kept, p.fresh[from.called()]
}

// pruning is one run of prune.
type pruning struct {
	need  map[any]map[string]bool // columns of a relation that are read
	whole map[any]bool            // all are
	fresh map[any]*cte            // what it becomes
}

// called is what a relation is known by: its name, which it keeps from one pruning to the
// next, or itself.
func (c *cte) called() any {
	if c.name != "" {
		return c.name
	}
	return c
}

// copy is what a relation becomes; it is filled when its turn comes.
func (p *pruning) copy(c *cte) *cte {
	if p.fresh[c.called()] == nil {
		p.fresh[c.called()] = &cte{name: c.name}
	}
	if p.need[c.called()] == nil {
		p.need[c.called()] = map[string]bool{}
	}
	return p.fresh[c.called()]
}

// read notes the columns that expressions over a relation read.
func (p *pruning) read(c *cte, list ...expr) {
	p.copy(c)
	for _, x := range list {
		for _, name := range columnsOf(x) {
			p.need[c.called()][name] = true
		}
	}
}

func (p *pruning) readNamed(c *cte, list []named) {
	for _, n := range list {
		p.read(c, n.expr)
	}
}

func (p *pruning) all(c *cte) {
	p.copy(c)
	p.whole[c.called()] = true
}

func add(to map[string]bool, list ...expr) {
	for _, x := range list {
		for _, name := range columnsOf(x) {
			to[name] = true
		}
	}
}

func anyOf(names []string, in map[string]bool) bool {
	return slices.ContainsFunc(names, func(n string) bool { return in[n] })
}

// relation fills what c becomes.
func (p *pruning) relation(c *cte) {
	out, live := p.copy(c), map[string]bool{}
	for name := range p.need[c.called()] {
		live[name] = true
	}
	if p.whole[c.called()] {
		for _, name := range c.columns() {
			live[name] = true
		}
	}
	for _, name := range c.columns() {
		if live[name] {
			out.out = append(out.out, name)
		}
	}
	if live[c.rowNum] {
		out.rowNum = c.rowNum
	}
	var steps []step
	for _, s := range slices.Backward(c.steps) {
		if s := p.step(s, live); s != nil {
			steps = append(steps, s)
		}
	}
	slices.Reverse(steps)
	out.steps, out.base, out.recursive = steps, c.base, c.recursive
	for _, name := range c.cols {
		if live[name] {
			out.cols = append(out.cols, name)
		}
	}
	switch {
	case c.above != nil:
		out.above = p.copy(c.above)
		p.pass(c.above, live)
	case c.body != nil:
		out.body = p.body(c.body, live)
	}
}

// pass notes of the columns that are live those that a relation has.
func (p *pruning) pass(c *cte, live map[string]bool) {
	p.copy(c)
	for _, name := range c.columns() {
		if live[name] {
			p.need[c.called()][name] = true
		}
	}
}

// step is what is left of a step, nil for nothing; live are the columns that are read after
// it, and then those that are read before it.
func (p *pruning) step(s step, live map[string]bool) step {
	switch s := s.(type) {
	case *bindStep:
		var list []named
		for _, n := range s.list {
			// What makes rows is no mere column.
			if live[n.name] || n.op() == opElements {
				list = append(list, n)
			}
		}
		if len(list) == 0 {
			return nil
		}
		for _, n := range list {
			add(live, n.expr)
		}
		return &bindStep{list}
	case whereStep:
		add(live, s.cond)
		return s
	case matchStep:
		p.readNamed(s.in, s.list)
		names := namesOf(s.list)
		for _, name := range columnsOf(s.on) {
			if !slices.Contains(names, name) {
				live[name] = true
			}
		}
		return matchStep{in: p.copy(s.in), list: s.list, on: s.on, not: s.not}
	case *joinStep:
		if !s.inner && !anyOf(s.names, live) {
			return nil
		}
		add(live, s.on)
		j := &joinStep{inner: s.inner, found: s.found, table: s.table, on: s.on}
		for i, name := range s.names {
			if live[name] {
				j.names = append(j.names, name)
				if s.from == nil {
					j.of = append(j.of, s.of[i])
				}
			}
		}
		if s.from != nil {
			j.from = p.body(s.from, live)
		}
		return j
	}
	panic("prune: a step that it does not know")
}

// body is what is left of a relation made of others.
func (p *pruning) body(b body, live map[string]bool) body {
	pick := func(list []named) (kept []named) {
		for _, n := range list {
			if live[n.name] {
				kept = append(kept, n)
			}
		}
		return kept
	}
	switch b := b.(type) {
	case *unionBody:
		u := &unionBody{keep: &cte{}}
		for _, name := range b.keep.columns() {
			if live[name] {
				u.keep.cols = append(u.keep.cols, name)
			}
		}
		for _, name := range b.names {
			if live[name] {
				u.names = append(u.names, name)
			}
		}
		for _, side := range b.sides {
			p.read(side.from, columns(u.keep.cols)...)
			fresh := unionSide{from: p.copy(side.from)}
			for i, name := range b.names {
				if live[name] {
					fresh.list = append(fresh.list, side.list[i])
					p.read(side.from, side.list[i])
				}
			}
			u.sides = append(u.sides, fresh)
		}
		return u
	case *distinctBody:
		p.pass(b.from, live)
		p.read(b.from, slices.Concat(b.by, b.order)...)
		return &distinctBody{from: p.copy(b.from), by: b.by, order: b.order}
	case *groupBody:
		g := &groupBody{from: p.copy(b.from), by: b.by, list: pick(b.list)}
		if b.any != nil {
			g.any = &cte{}
			for _, name := range b.any.columns() {
				if live[name] {
					g.any.cols = append(g.any.cols, name)
				}
			}
			p.read(b.from, columns(g.any.cols)...)
		}
		p.read(b.from, b.by...)
		p.readNamed(b.from, g.list)
		return g
	case *pickBody:
		k := &pickBody{from: p.copy(b.from), by: b.by, order: b.order, single: b.single, guard: b.guard, list: pick(b.list)}
		p.read(b.from, slices.Concat(b.by, b.order)...)
		if b.single {
			p.read(b.from, b.guard)
		}
		p.readNamed(b.from, k.list)
		return k
	case *foldBody:
		// Its steps are made anew for each element: nothing in it is looked into.
		readIn(&cte{body: b}, p.all)
		return b
	}
	panic("prune: a relation that it does not know")
}

// columnsOf are the columns that an expression reads, each once.
func columnsOf(x expr) (list []string) {
	seen := map[expr]bool{}
	var walk func(x expr)
	walk = func(x expr) {
		if x.none() || seen[x] {
			return
		}
		seen[x] = true
		if x.op() == opColumn {
			list = append(list, x.text())
		}
		for _, a := range x.args() {
			walk(a)
		}
	}
	walk(x)
	return list
}
