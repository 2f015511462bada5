package attack

import "math"

// walker moves the cells of a part that are not shown, from the truth towards an end of one of them. y
// is a cell's value less the true one, so that 0 is always possible and no first phase is needed; a
// column that is not in the basis may rest anywhere between its bounds.
//
// Invariant: a shown cell is in the basis only of a row in which all cells that are not shown have entry
// 0. So it never blocks a move.
type walker struct {
	*tableau
	y         []float64
	low, high []float64 // bounds of y; 0 and 0 of a shown cell
	pool      *pool
	chooser   *chooser // made when it is needed
	// pivots left for the target in hand: a walk that goes round in circles ends.
	pivots int
}

// pivotsPerWalk bounds one walk.
const pivotsPerWalk = 20_000

func newWalker(p *part, work *int64) *walker {
	w := &walker{pool: newPool(p)}
	w.tableau = newTableau(p, work, func(j int) int {
		if p.cell(j).State == Shown {
			return 1
		}
		return 0
	})
	n := len(p.cells)
	w.y, w.low, w.high = make([]float64, n), make([]float64, n), make([]float64, n)
	for j := range n {
		w.bound(j)
	}
	w.arrange()
	for _, known := range p.known {
		w.pool.add(known)
	}
	return w
}

// bound sets the bounds of a cell by its state.
func (w *walker) bound(j int) {
	c := w.part.cell(j)
	if c.State == Shown {
		w.low[j], w.high[j] = 0, 0
		return
	}
	w.low[j], w.high[j] = float64(c.Low-c.Value), math.Inf(1)
}

// reset goes back to the truth.
func (w *walker) reset() { clear(w.y) }

// changed takes in that the states of cells are other ones now.
func (w *walker) changed(cells ...int) {
	w.reset()
	for _, j := range cells {
		w.bound(j)
	}
	w.arrange()
}

// choosing gives the chooser of the part.
func (w *walker) choosing() *chooser {
	if w.chooser == nil {
		w.chooser = newChooser(w.part, w.work)
	}
	return w.chooser
}

// arrange restores the invariant.
func (w *walker) arrange() {
	for r, q := range w.basis {
		if w.part.cell(q).State != Shown {
			continue
		}
		best := -1
		for j, v := range w.a[r] {
			if v = math.Abs(v); v <= pivotTol || w.part.cell(j).State == Shown {
				continue
			}
			if best < 0 || v == 1 && math.Abs(w.a[r][best]) != 1 {
				best = j
			}
		}
		if best >= 0 {
			w.pivot(r, best)
		}
	}
}

// drive moves cell t up (dir 1) or down (-1) until y of it is goal or can go no further, and gives
// its y and whether the walk came to an end (else it gave up). All other cells keep their bounds.
func (w *walker) drive(t int, dir, goal float64) (float64, bool) {
	if w.since > 2000 {
		w.renew()
		w.reset()
		w.arrange()
	}
	idle := 0 // moves without progress: then take columns in order, which cannot go in circles (Bland 1977)
	for ; w.pivots > 0; w.pivots-- {
		if dir*(goal-w.y[t]) <= valueTol {
			return w.y[t], true
		}
		j, side := w.entering(t, dir, idle > 20)
		if j < 0 {
			return w.y[t], true
		}
		if w.move(t, j, side, dir, goal, idle > 20) > valueTol {
			idle = 0
		} else {
			idle++
		}
	}
	return w.y[t], false
}

// entering chooses a column whose move moves t in direction dir, and its own direction.
func (w *walker) entering(t int, dir float64, inOrder bool) (best int, side float64) {
	canMove := func(j int, side float64) bool {
		if side > 0 {
			return w.y[j] < w.high[j]-valueTol
		}
		return w.y[j] > w.low[j]+valueTol
	}
	r := w.rowOf[t]
	if r < 0 {
		if canMove(t, dir) {
			return t, dir
		}
		return -1, 0
	}
	best = -1
	for j, v := range w.a[r] {
		if v == 0 || j == t || math.Abs(v) <= pivotTol {
			continue
		}
		s := -dir
		if v < 0 {
			s = dir
		}
		if best >= 0 && math.Abs(v) <= math.Abs(w.a[r][best]) || !canMove(j, s) {
			continue
		}
		best, side = j, s
		if inOrder {
			break
		}
	}
	return best, side
}

// move moves column j to side as far as the bounds and t's goal allow, takes it into the basis where
// another cell blocked it, and gives the length of the step.
func (w *walker) move(t, j int, side, dir, goal float64, inOrder bool) float64 {
	step, leaving, to := math.Inf(1), -1, 0.0
	if side > 0 {
		step = w.high[j] - w.y[j]
	} else {
		step = w.y[j] - w.low[j]
	}
	if j == t {
		step = min(step, dir*(goal-w.y[t]))
	}
	for r, row := range w.a {
		v := row[j]
		if v == 0 || math.Abs(v) <= pivotTol {
			continue
		}
		q := w.basis[r]
		rate := -v * side // of y[q]
		end := w.high[q]
		if rate < 0 {
			end = w.low[q]
		}
		stops := -1
		room := (end - w.y[q]) / rate
		if q == t && dir*rate > 0 {
			if d := (goal - w.y[q]) / rate; d <= room {
				room, end, stops = d, goal, -2
			}
		}
		if math.IsInf(room, 1) {
			continue
		}
		room = max(0, room)
		if stops == -1 {
			stops = r
		}
		switch {
		case room < step-1e-9:
		case room > step+1e-9 || leaving == -2:
			continue
		case leaving == -1 && stops != -2: // the column's own bound is as near: no pivot then
			continue
		case stops == -2:
		case inOrder && q > w.basis[leaving], !inOrder && math.Abs(v) <= math.Abs(w.a[leaving][j]):
			continue
		}
		step, leaving, to = room, stops, end
	}
	if math.IsInf(step, 1) {
		return 0 // only where t does not move at all, which entering excludes
	}
	if step > 0 {
		for r, row := range w.a {
			if v := row[j]; v != 0 {
				q := w.basis[r]
				w.y[q] = settle(w.y[q] - v*side*step)
			}
		}
		w.y[j] = settle(w.y[j] + side*step)
	}
	*w.work += int64(len(w.a))
	if leaving >= 0 {
		w.y[w.basis[leaving]] = to
		w.pivot(leaving, j)
	} else if leaving == -2 {
		w.y[t] = to
	}
	return step
}

// settle takes off what rounding left of a whole number.
func settle(v float64) float64 {
	if r := math.Round(v); math.Abs(v-r) < 1e-9 {
		return r
	}
	return v
}
