package plan

import "slices"

// rebase lets a relation stand on the lowest one that has the columns that it reads. A frame
// that asks several questions of its rows forks a list for each, one on top of what it has
// learnt so far; but what was learnt is seldom read there. Standing on the rows themselves the
// lists no longer depend on each other, and nothing of them is kept for the next one.
func rebase(with []*cte, from *cte) {
	for _, c := range append(slices.Clone(with), from) {
		for c.above != nil {
			reads, below := c.readsAbove(), c.above
			switch {
			case !below.keepsRows():
			case below.above != nil && subset(reads, below.above.columns()):
				c.above = below.above
				continue
			case below.above == nil && below.body == nil && subset(reads, below.cols):
				c.above, c.base, c.cols = nil, below.base, below.cols
			}
			break
		}
	}
}

// keepsRows is whether a relation has the rows of the one that it stands on, no more and no fewer.
func (c *cte) keepsRows() bool {
	if c.rowNum != "" || c.recursive || c.body != nil {
		return false
	}
	return !slices.ContainsFunc(c.steps, func(s step) bool {
		switch s := s.(type) {
		case *joinStep:
			return s.inner
		case *bindStep:
			return slices.ContainsFunc(s.list, func(n named) bool { return n.op() == opElements })
		}
		return true
	})
}

// readsAbove are the columns that c has from the relation that it stands on.
func (c *cte) readsAbove() (list []string) {
	own := map[string]bool{}
	read := slices.Clone(c.out)
	take := func(exprs ...expr) {
		for _, x := range exprs {
			read = append(read, columnsOf(x)...)
		}
	}
	for _, s := range c.steps {
		for _, name := range s.columns() {
			own[name] = true
		}
		switch s := s.(type) {
		case *bindStep:
			for _, n := range s.list {
				take(n.expr)
			}
		case whereStep:
			take(s.cond)
		case *joinStep:
			take(s.on)
		case matchStep:
			take(s.on)
			for _, n := range s.list { // of the other relation
				own[n.name] = true
			}
		}
	}
	own[c.rowNum] = true
	for _, name := range read {
		if !own[name] && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

func subset(list, of []string) bool {
	return !slices.ContainsFunc(list, func(name string) bool { return !slices.Contains(of, name) })
}
