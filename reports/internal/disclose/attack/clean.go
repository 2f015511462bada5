package attack

import (
	"cmp"
	"context"
	"slices"
)

// clean shows again, one by one and the most costly first, the cells that were hidden here, wherever the
// others are proved to be safe without.
func (g *guard) clean(ctx context.Context) error {
	var cells []int
	for j := range g.part.cells {
		if g.wasShown[j] {
			cells = append(cells, j)
		}
	}
	slices.SortStableFunc(cells, func(a, b int) int {
		x, y := g.part.cell(a), g.part.cell(b)
		return cmp.Or(cmp.Compare(y.cost(), x.cost()), cmp.Compare(y.Value, x.Value))
	})
	for _, j := range cells {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !g.spent(1) && !g.alone(j) {
			g.showAgain(j)
		}
	}
	return nil
}

// alone tells whether without cell j a relation would have a single cell that is not shown.
func (g *guard) alone(j int) bool {
	for _, in := range g.walker.pool.in[j] {
		others, protected := 0, false
		for _, e := range g.part.rows[in.row] {
			if c := g.part.cell(e.at); e.at != j && c.State != Shown {
				others++
				protected = protected || g.part.sys.target(*c)
			}
		}
		if others == 1 && protected {
			return true
		}
	}
	return false
}

// showAgain shows cell j if the others stay safe.
func (g *guard) showAgain(j int) bool {
	o := g.walker.pool
	before := o.snapshot()
	c := g.part.cell(j)
	c.State = Shown
	o.keep(func(w witness) bool { return w.of(j) == 0 })
	g.walker.changed(j)
	ok := true
	for _, t := range g.part.targets() {
		if ok = o.safe(t) || !g.spent(1) && g.walker.prove(t); !ok {
			break
		}
	}
	if ok {
		delete(g.wasShown, j)
		return true
	}
	c.State = Hidden
	g.walker.changed(j)
	o.restore(before)
	return false
}
