package attack

import "context"

// Greedy is the heuristic that Protect is counted against: as long as the attack recovers a hidden cell, the
// smallest shown cell in a line with one is hidden. It says how many cells it hides in all, and whether the
// attack then finds none.
func (s *System) Greedy(ctx context.Context) (hidden int, safe bool, err error) {
	work := int64(0)
	safe = true
	for _, p := range s.split() {
		g := &guard{part: p, work: &work, walker: newWalker(p, &work), wasShown: map[int]bool{}}
		for again := true; again; {
			again = false
			for _, t := range p.targets() {
				if err := ctx.Err(); err != nil {
					return 0, false, err
				}
				for !g.walker.prove(t) {
					if !g.hideBeside(t) && !g.hideSmallest() {
						safe = false
						break
					}
					again = true
				}
			}
			if !safe {
				break
			}
		}
	}
	for _, c := range s.Cells {
		if c.State == Hidden {
			hidden++
		}
	}
	return hidden, safe, nil
}

// hideSmallest hides the smallest shown cell in a line with any cell that is not shown.
func (g *guard) hideSmallest() bool {
	best := -1
	for j := range g.part.cells {
		if g.part.cell(j).State == Shown {
			continue
		}
		for _, in := range g.walker.pool.in[j] {
			for _, e := range g.part.rows[in.row] {
				if c := g.part.cell(e.at); c.State == Shown && (best < 0 || c.Value < g.part.cell(best).Value) {
					best = e.at
				}
			}
		}
	}
	return best >= 0 && g.hide(best)
}

// Lines is the naive rule: in no sum a hidden number stands alone.
func (s *System) Lines() {
	for changed := true; changed; {
		changed = false
		for _, r := range s.Relations {
			hidden, best := 0, -1
			for _, t := range r {
				switch c := s.Cells[t.Cell]; {
				case c.State != Shown:
					hidden++
				case c.Value > 0 && !c.Fixed && (best < 0 || c.Value < s.Cells[best].Value):
					best = t.Cell
				}
			}
			if hidden == 1 && best >= 0 {
				s.Cells[best].State = Hidden
				changed = true
			}
		}
	}
}
