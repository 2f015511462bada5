package attack

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// Certificate says what was hidden and that the attack finds none of it.
type Certificate struct {
	Small         int64 `json:"small"`
	Width         int64 `json:"width"`
	Cells         int   `json:"cells"`         // printed: shown or hidden
	Hidden        int   `json:"hidden"`        // primary and complementary
	Primary       int   `json:"primary"`       // hidden by the caller
	Complementary int   `json:"complementary"` // hidden here
	Implied       int   `json:"implied"`       // small numbers without a place that could be asked for
	Narrowest     int64 `json:"narrowest"`     // of the targets: how far apart least and greatest surely are
	Widest        int64 `json:"widest"`
	// TakenOut are the tables that could only be protected by leaving them out.
	TakenOut []string `json:"taken_out,omitempty"`
	// Findings of each target; none is recoverable.
	Findings []Finding `json:"-"`
}

// Unprotectable is the error of a system in which targets stay recoverable whatever is hidden.
type Unprotectable struct{ Findings []Finding }

// PrivacyGate marks the error as that of a privacy gate.
func (e *Unprotectable) PrivacyGate() bool { return true }

// Error names the cells and no value.
func (e *Unprotectable) Error() string {
	var keys []string
	for _, f := range e.Findings[:min(5, len(e.Findings))] {
		keys = append(keys, f.Key)
	}
	if more := len(e.Findings) - len(keys); more > 0 {
		keys = append(keys, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("hidden numbers can be worked out whatever else is hidden: %s", strings.Join(keys, ", "))
}

// Protect hides shown cells until no target is recoverable, as few and as cheap as it can, and where
// that is not enough takes tables out. It leaves the witnesses of its proof in the system. It changes the states of the cells and, of those taken out, what
// readers know at least. On an error the system is as it was.
func (s *System) Protect(ctx context.Context) (Certificate, error) {
	if err := s.Check(); err != nil {
		return Certificate{}, err
	}
	before, known := slices.Clone(s.Cells), s.Witnesses
	cert := Certificate{Small: s.small(), Width: s.width()}
	work := int64(0)
	for {
		s.Witnesses = known
		found, proof, open, err := s.protect(ctx, &work)
		if err != nil {
			s.Cells, s.Witnesses = before, known
			return Certificate{}, err
		}
		if len(open) == 0 {
			cert.Findings, s.Witnesses = s.inOrder(found), proof
			break
		}
		// Begin again without a table, and the next time without twice as many: what was hidden for their sake
		// is not needed any more.
		taken := len(cert.TakenOut)
		for _, cell := range open {
			table, ok := s.resort(cell)
			if !ok {
				continue
			}
			s.takeOut(table)
			if cert.TakenOut = append(cert.TakenOut, table); len(cert.TakenOut) >= 2*taken {
				break
			}
		}
		if len(cert.TakenOut) == taken {
			all := Recoverable(s.inOrder(found))
			s.Cells, s.Witnesses = before, known
			return Certificate{}, &Unprotectable{all}
		}
		s.Cells = slices.Clone(before)
		for _, gone := range cert.TakenOut {
			s.takeOut(gone)
		}
		work = min(work, s.budget()/2)
	}
	slices.Sort(cert.TakenOut)
	cert.count(s, before)
	return cert, nil
}

func (c *Certificate) count(s *System, before []Cell) {
	for i, x := range s.Cells {
		if x.State != Unprinted {
			c.Cells++
		}
		if x.State == Hidden {
			c.Hidden++
			if before[i].State == Hidden {
				c.Primary++
			}
		}
		if x.State == Unprinted && s.target(x) {
			c.Implied++
		}
	}
	c.Complementary = c.Hidden - c.Primary
	for i, f := range c.Findings {
		apart := f.Greatest - f.Least
		if i == 0 {
			c.Narrowest = apart
		}
		c.Narrowest, c.Widest = min(c.Narrowest, apart), max(c.Widest, apart)
	}
}

// protect hides what is needed in each part. open are the targets, by their place in s.Cells, that hiding
// cannot protect.
func (s *System) protect(ctx context.Context, work *int64) (found map[int]Finding, proof []Witness, open []int, err error) {
	found = map[int]Finding{}
	for _, p := range s.split() {
		g := &guard{part: p, work: work, walker: newWalker(p, work), wasShown: map[int]bool{}}
		failed, err := g.hideUntilSafe(ctx)
		if err != nil {
			return nil, nil, nil, err
		}
		if len(failed) == 0 {
			if err := g.clean(ctx); err != nil {
				return nil, nil, nil, err
			}
		}
		g.walker.pool.keep(g.walker.pool.check) // all of it again, as the cells are now
		proof = append(proof, g.walker.pool.witnesses()...)
		for _, t := range p.targets() {
			f := g.walker.pool.finding(t)
			if found[p.cells[t]] = f; !f.Safe {
				open = append(open, p.cells[t])
			}
		}
	}
	slices.Sort(open)
	return found, proof, open, nil
}

// guard protects the targets of one part.
type guard struct {
	part     *part
	work     *int64
	walker   *walker
	wasShown map[int]bool // cells that were hidden here
}

// spent tells whether a share of the budget is used up.
func (g *guard) spent(share float64) bool {
	return float64(*g.work) > share*float64(g.part.sys.budget())
}

// hideUntilSafe hides cells until every target is safe, and lists those that are not. A cell that is hidden
// becomes a target, too.
func (g *guard) hideUntilSafe(ctx context.Context) (failed []int, err error) {
	done := map[int]bool{} // given up
	for {
		targets := g.part.targets()
		// Few ways out first: what is hidden for them serves the others.
		slices.SortStableFunc(targets, func(a, b int) int {
			return cmp.Compare(g.part.cell(a).Value, g.part.cell(b).Value)
		})
		again := false
		for _, t := range targets {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if done[t] || g.walker.pool.safe(t) {
				continue
			}
			if g.spent(0.75) || !g.protect(t) {
				done[t] = true
				failed = append(failed, t)
			}
			again = true
		}
		if !again {
			return slices.DeleteFunc(failed, g.walker.pool.safe), nil
		}
	}
}

// protect hides cells until target t is safe, and says whether it is.
func (g *guard) protect(t int) bool {
	o := g.walker.pool
	width := g.part.sys.width()
	for more := int64(0); !g.spent(0.75); {
		if g.walker.prove(t) {
			return true
		}
		above := g.part.sys.small() + 1 - g.part.cell(t).Value
		up := max(o.low[t]+width, above) + more
		down := width - o.high[t] + more
		hid := g.hideFor(t, 1, up)
		if !hid && o.high[t] >= above {
			hid = g.hideFor(t, -1, down)
		}
		if !hid {
			hid = g.hideBeside(t)
		}
		if !hid {
			return false
		}
		more += width / 2 // whole numbers may need more room than fractions
	}
	return g.walker.pool.safe(t)
}

// hideFor hides cells with which t can move by amount, and says whether there was any.
func (g *guard) hideFor(t int, dir float64, amount int64) bool {
	c := g.walker.choosing()
	hid := g.hide(c.choose(t, dir, float64(amount))...)
	if g.walker.pool.propose(c.y, g.work) {
		return hid
	}
	c.roomy(float64(amount), func() {
		hid = g.hide(c.choose(t, dir, float64(amount))...) || hid
		g.walker.pool.propose(c.y, g.work)
	})
	return hid
}

// hideBeside hides the smallest shown cell that stands in a relation with t, and says whether there was any.
func (g *guard) hideBeside(t int) bool {
	best := -1
	for _, in := range g.walker.pool.in[t] {
		for _, e := range g.part.rows[in.row] {
			if c := g.part.cell(e.at); c.State == Shown && (best < 0 || c.Value < g.part.cell(best).Value) {
				best = e.at
			}
		}
	}
	return best >= 0 && g.hide(best)
}

func (g *guard) hide(cells ...int) bool {
	for _, j := range cells {
		g.part.cell(j).State = Hidden
		g.wasShown[j] = true
	}
	if len(cells) > 0 {
		g.walker.changed(cells...)
	}
	return len(cells) > 0
}
