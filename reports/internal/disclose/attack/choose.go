package attack

import (
	"math"
	"slices"
)

// chooser finds a cheap way in which a target can move: it maximises price times the target's move
// less cost times how far each other cell moves, and ends as soon as the target has come to its goal. The
// shown cells that then have moved are the ones to hide. The price is high: the way that costs least for
// a unit is pieced together from many, and each cell on it is one to hide; what is wanted is few cells that move
// far. Such a way is mostly of whole numbers, so that it is a good witness, too.
//
// The cost of a cell is 0 within a tiny zone about the truth and grows from there. The zones differ
// from cell to cell, so that no two cells block at once: without them nearly every step would be of length 0.
type chooser struct {
	*tableau
	y      []float64
	low    []float64 // of y; there is no upper bound
	weight []float64 // cost of a unit
	zone   []float64 // half width of the free zone
	limit  int64     // shown cells that cost more stay in their zone
	room   float64   // cells that have less below them do not go down
	breaks []breakpoint
}

// breakpoint is where on a move the rate of gain falls.
type breakpoint struct {
	step float64
	row  int     // of the cell that breaks, -1 for the moving column itself
	loss float64 // of the rate; infinite where the cell stops
	to   float64 // y of the cell there
}

// zoneWidth is the greatest half width of a free zone. A thousand zones together stay far below 1.
const zoneWidth = 1e-5

func newChooser(p *part, work *int64) *chooser {
	c := &chooser{}
	c.tableau = newTableau(p, work, func(j int) int {
		if p.cell(j).State == Shown {
			return 1
		}
		return 0
	})
	n := len(p.cells)
	c.y, c.low, c.weight, c.zone = make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for j := range n {
		x := p.cell(j)
		// Any numbers that differ from cell to cell will do: here the fractional parts of multiples of the golden ratio.
		_, spread := math.Modf(float64(j+1) * 0.6180339887498949)
		c.zone[j] = zoneWidth * (0.3 + 0.7*spread)
		c.low[j] = float64(min(x.Low, x.Value)-x.Value) - c.zone[j]
	}
	return c
}

// stays tells whether column j may not leave its zone.
func (c *chooser) stays(j int) bool {
	x := c.part.cell(j)
	return x.State == Shown && x.cost() > c.limit
}

// bottom is how low y of cell j may go.
func (c *chooser) bottom(j int) float64 {
	if low := c.low[j]; -low >= c.room {
		return low
	}
	return -c.zone[j]
}

// roomy runs f on cells alone that can go down by amount: a way that no bound cuts off is of whole numbers more
// often.
func (c *chooser) roomy(amount float64, f func()) {
	c.room = amount
	f()
	c.room = 0
}

// costLevels is in how many steps costs are told apart.
const costLevels = 8

// choose moves cell t by amount in direction dir, or as far as hiding any shown cell can bring it, and lists the
// shown cells that have to be hidden for it. Cells that cost more are moved only where those that cost less are not enough:
// a way is sought that moves far, and not the one that costs least, so that the costs have to come first.
func (c *chooser) choose(t int, dir, amount float64) (cells []int) {
	var costs []int64
	total, shown := 0.0, 0
	for j := range c.weight {
		c.weight[j] = 0
		if x := c.part.cell(j); x.State == Shown {
			c.weight[j] = float64(x.cost())
			total += c.weight[j]
			shown++
			costs = append(costs, x.cost())
		}
	}
	if shown == 0 {
		return nil
	}
	slices.Sort(costs)
	costs = slices.Compact(costs)
	every := (len(costs) + costLevels - 1) / costLevels
	for i := every - 1; i < len(costs)+every-1; i += every {
		c.limit = costs[min(i, len(costs)-1)]
		if c.seek(t, dir, amount, highPrice*total/float64(shown)) {
			break
		}
	}
	for j, y := range c.y {
		if math.Abs(y) > 3*zoneWidth && c.part.cell(j).State == Shown {
			cells = append(cells, j)
		}
	}
	return cells
}

// reach moves cell t by amount in direction dir while what is shown stays, and says whether it came there.
func (c *chooser) reach(t int, dir, amount float64) bool {
	c.limit = -1
	for j := range c.weight {
		c.weight[j] = 1
	}
	return c.seek(t, dir, amount, highPrice)
}

// highPrice is that of a unit of a target's move, in costs of a unit of another cell.
const highPrice = 64

// seek moves cell t by amount in direction dir, and says whether it came there; if not, it
// is tried at higher prices.
func (c *chooser) seek(t int, dir, amount, price float64) bool {
	if c.since > 2000 {
		c.renew()
	}
	clear(c.y)
	c.weight[t] = 0
	pivots := pivotsPerWalk
	goal := dir * amount
	for most := price * 1e6; price < most && pivots > 0; price *= 4 {
		c.improve(t, dir*price, dir, goal, &pivots)
		if dir*(goal-c.y[t]) <= 1e-6 {
			return true
		}
	}
	return false
}

// slope is the cost of a unit more of cell j where it stands: in the zone 0, beyond it weight away from the truth.
func (c *chooser) slope(j int, side float64) float64 {
	w := c.weight[j]
	if w == 0 {
		return 0
	}
	const edge = zoneWidth * 1e-4
	y, z := c.y[j]*side, c.zone[j]
	switch {
	case y >= z-edge:
		return w
	case y < -z-edge:
		return -w
	}
	return 0
}

// improve makes moves that gain until there is none.
func (c *chooser) improve(t int, price, dir, goal float64, pivots *int) {
	gain := make([]float64, len(c.y)) // of a unit of each column, by the basic cells' moves
	for ; *pivots > 0; *pivots-- {
		clear(gain)
		for r, q := range c.basis {
			g := 0.0
			if q == t {
				g = price
			}
			// A basic cell is off its edges, or as good as: the side does not matter.
			if w := c.weight[q]; w > 0 {
				if c.y[q] > c.zone[q] {
					g -= w
				} else if c.y[q] < -c.zone[q] {
					g += w
				}
			}
			if g == 0 {
				continue
			}
			for j, v := range c.a[r] {
				if v != 0 {
					gain[j] -= g * v
				}
			}
			*c.work += int64(len(c.y))
		}
		best, side, most := -1, 0.0, 1e-6
		for j := range c.y {
			if c.rowOf[j] >= 0 || c.stays(j) {
				continue
			}
			own := 0.0
			if j == t {
				own = price
			}
			if g := gain[j] + own - c.slope(j, 1); g > most && !(j == t && dir > 0 && c.y[t] >= goal-1e-9) {
				best, side, most = j, 1, g
			}
			if g := -gain[j] - own - c.slope(j, -1); g > most && c.y[j] > c.bottom(j)+1e-12 && !(j == t && dir < 0 && c.y[t] <= goal+1e-9) {
				best, side, most = j, -1, g
			}
		}
		if best < 0 || c.move(t, best, side, most, dir, goal) {
			return
		}
	}
}

// move moves column j past the points where the rate of gain falls, up to the one where nothing more
// is gained. It says whether t has come to its goal.
func (c *chooser) move(t, j int, side, rate, dir, goal float64) bool {
	c.breaks = c.breaks[:0]
	c.look(j, -1, side, t, dir, goal)
	for r, row := range c.a {
		if v := row[j]; v > pivotTol || v < -pivotTol {
			c.look(c.basis[r], r, -v*side, t, dir, goal)
		}
	}
	*c.work += int64(len(c.a))
	slices.SortFunc(c.breaks, func(a, b breakpoint) int {
		switch {
		case a.step != b.step && a.step < b.step:
			return -1
		case a.step != b.step:
			return 1
		}
		return a.row - b.row
	})
	for _, b := range c.breaks {
		if rate -= b.loss; rate > 1e-9 {
			continue
		}
		for r, row := range c.a {
			if v := row[j]; v != 0 {
				c.y[c.basis[r]] -= v * side * b.step
			}
		}
		c.y[j] += side * b.step
		cell := j
		if b.row >= 0 {
			cell = c.basis[b.row]
		}
		c.y[cell] = b.to
		if cell == t && b.to == goal {
			return true
		}
		if b.row >= 0 {
			c.pivot(b.row, j)
		}
		return false
	}
	return false
}

// look adds the points at which the cell q breaks that moves at the given rate.
func (c *chooser) look(q, row int, rate float64, t int, dir, goal float64) {
	y, z, w := c.y[q], c.zone[q], c.weight[q]*math.Abs(rate)
	add := func(at, loss float64) {
		step := (at - y) / rate
		outward := row >= 0 && at*rate > 0 && step > -1e-12 // a basic cell on its edge: its cost was not in the rate
		if step > 1e-12 || outward || (loss > 1e300 && step > -1e-9) {
			c.breaks = append(c.breaks, breakpoint{max(0, step), row, loss, at})
		}
	}
	if rate < 0 {
		add(c.bottom(q), math.Inf(1))
	}
	if c.stays(q) {
		w = math.Inf(1)
	}
	if w > 0 {
		add(-z, w)
		add(z, w)
	}
	if q == t && dir*rate > 0 {
		add(goal, math.Inf(1))
	}
}
