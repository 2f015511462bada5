package attack

import "math"

// prove looks for witnesses until cell t is safe, and says whether it is. When it says no, the cell counts
// as recoverable, also where only the search gave up.
func (w *walker) prove(t int) bool {
	s := w.part.sys
	width := s.width()
	above := s.small() + 1 - w.part.cell(t).Value // y of t from which on the value is not small
	ends := [2]float64{math.Inf(-1), math.Inf(1)} // what the relaxation says is the least and greatest
	w.pivots = pivotsPerWalk
	for range 2 {
		if w.pool.safe(t) {
			return true
		}
		goal := float64(max(w.pool.low[t]+width, above))
		ends[1] = min(ends[1], w.end(t, 1, goal))
		if w.pool.safe(t) {
			return true
		}
		if ends[1] < float64(above) || ends[1]-ends[0] < float64(width) {
			return false
		}
		ends[0] = max(ends[0], w.end(t, -1, float64(w.pool.high[t]-width)))
		if ends[1]-ends[0] < float64(width) {
			return w.pool.safe(t)
		}
	}
	return w.pool.safe(t)
}

// end moves cell t to goal or as near as it gets, in whole numbers, and gives the whole number that it
// cannot pass; infinite where it came to goal.
func (w *walker) end(t int, dir, goal float64) float64 {
	reached, ended := w.drive(t, dir, goal)
	beyond := math.Inf(int(dir))
	if ended && dir*(goal-reached) > valueTol {
		beyond = dir * math.Floor(dir*reached+1e-6)
	}
	if w.pool.propose(w.y, w.work) {
		return beyond
	}
	near := dir * math.Floor(dir*reached+1e-6)
	if near == 0 {
		return beyond
	}
	if c := w.choosing(); c.reach(t, dir, math.Abs(near)) && w.pool.propose(c.y, w.work) {
		return beyond
	}
	nodes := 15
	if _, ok := w.within(t, near, near, func() bool { return w.dive(&nodes) }); !ok {
		w.reset()
		return beyond
	}
	return beyond
}

// within runs f while y of t is held between low and high; it has to be there, or is moved there.
func (w *walker) within(t int, low, high float64, f func() bool) (moved, ok bool) {
	switch {
	case w.y[t] < low-valueTol:
		w.drive(t, 1, low)
	case w.y[t] > high+valueTol:
		w.drive(t, -1, high)
	}
	if w.y[t] < low-valueTol || w.y[t] > high+valueTol {
		return false, false
	}
	l, h := w.low[t], w.high[t]
	w.low[t], w.high[t] = max(l, low), min(h, high)
	ok = f()
	w.low[t], w.high[t] = l, h
	return true, ok
}

// dive goes from a fractional point to one of whole numbers by branch and bound, depth first, in each step
// the fractional cell that is nearest to a whole number. nodes bounds it.
func (w *walker) dive(nodes *int) bool {
	f, nearest := -1, 1.0
	for j, v := range w.y {
		if d := math.Abs(v - math.Round(v)); d > 1e-6 && d < nearest-1e-9 {
			f, nearest = j, d
		}
	}
	if f < 0 {
		return w.harvest()
	}
	down, up := math.Floor(w.y[f]), math.Ceil(w.y[f])
	first := w.y[f]-down <= 0.5
	for _, below := range []bool{first, !first} {
		if *nodes--; *nodes < 0 {
			return false
		}
		low, high := up, math.Inf(1)
		if below {
			low, high = math.Inf(-1), down
		}
		if _, ok := w.within(f, low, high, func() bool { return w.dive(nodes) }); ok {
			return true
		}
	}
	return false
}

// harvest takes the point as a witness, and says whether it is one.
func (w *walker) harvest() bool { return w.pool.add(rounded(w.y, 1, w.work)) }

// propose takes a point, or a small multiple of it, as a witness, and says whether that is one.
func (o *pool) propose(y []float64, work *int64) bool {
	return o.add(rounded(y, 1, work)) || o.scale(y, work)
}

// rounded is a point times k as whole numbers, whether or not that is a witness.
func rounded(y []float64, k float64, work *int64) witness {
	var out witness
	for j, v := range y {
		if n := int64(math.Round(v * k)); n != 0 {
			out.at = append(out.at, int32(j))
			out.y = append(out.y, n)
		}
	}
	*work += int64(len(y))
	return out
}

// scale takes a small multiple of a point as a witness, if that is one: a corner of thirds is of whole
// numbers three times as far from the truth, if the bounds allow it.
func (o *pool) scale(y []float64, work *int64) bool {
	for _, k := range []float64{2, 3, 4, 5, 6} {
		whole := true
		for _, v := range y {
			if d := v * k; math.Abs(d-math.Round(d)) > 0.01 {
				whole = false
				break
			}
		}
		if whole && o.add(rounded(y, k, work)) {
			return true
		}
	}
	return false
}
