package attack

import (
	"cmp"
	"slices"
)

// Witness is an assignment of whole numbers to the cells of a system, as differences from the truth; cells that
// are not named do not differ.
type Witness struct {
	Cells []int   `json:"cells"` // places in System.Cells
	Moves []int64 `json:"moves"`
}

// witness is an assignment of whole numbers to the cells of a part that are not shown, as
// differences from the truth; cells that are not named do not differ.
type witness struct {
	at []int32
	y  []int64
}

func (w witness) of(j int) int64 {
	if k, ok := slices.BinarySearch(w.at, int32(j)); ok {
		return w.y[k]
	}
	return 0
}

// sorted gives the witness with its cells in order.
func (w witness) sorted() witness {
	order := make([]int, len(w.at))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(w.at[a], w.at[b]) })
	var out witness
	for _, k := range order {
		if n := len(out.at); n > 0 && out.at[n-1] == w.at[k] {
			return witness{} // a cell twice: not one of ours
		}
		out.at, out.y = append(out.at, w.at[k]), append(out.y, w.y[k])
	}
	return out
}

// pool holds checked witnesses, and of each cell the least and greatest difference among them.
type pool struct {
	part      *part
	all       []witness
	low, high []int64
	sums      []int64 // scratch: one for each relation
	in        [][]term
}

// term is a relation that a cell stands in.
type term struct {
	row  int
	coef int64
}

func newPool(p *part) *pool {
	n := len(p.cells)
	o := &pool{part: p, low: make([]int64, n), high: make([]int64, n), sums: make([]int64, len(p.rows)), in: make([][]term, n)}
	for i, r := range p.rows {
		for _, e := range r {
			o.in[e.at] = append(o.in[e.at], term{i, e.coef})
		}
	}
	return o
}

// check proves in whole numbers that a witness is one: shown cells are not moved, no cell is below
// what readers know, and each relation holds.
func (o *pool) check(w witness) bool {
	valid := true
	for k, at := range w.at {
		j := int(at)
		c := o.part.cell(j)
		if c.State == Shown || w.y[k] > maxMove || w.y[k] < -maxMove || c.Value+w.y[k] < c.Low {
			valid = false
			break
		}
		for _, t := range o.in[j] {
			o.sums[t.row] += t.coef * w.y[k]
		}
	}
	ok := valid
	for _, at := range w.at {
		for _, t := range o.in[at] {
			ok = ok && o.sums[t.row] == 0
		}
	}
	for _, at := range w.at {
		for _, t := range o.in[at] {
			o.sums[t.row] = 0
		}
	}
	return ok
}

// add takes in a witness if it is one and widens a cell.
func (o *pool) add(w witness) bool {
	if len(w.at) == 0 {
		return true // the truth
	}
	if !o.check(w) {
		return false
	}
	wider := false
	for k, j := range w.at {
		wider = wider || w.y[k] < o.low[j] || w.y[k] > o.high[j]
	}
	if wider {
		o.all = append(o.all, w)
		o.widen(w)
	}
	return true
}

func (o *pool) widen(w witness) {
	for k, j := range w.at {
		o.low[j], o.high[j] = min(o.low[j], w.y[k]), max(o.high[j], w.y[k])
	}
}

// keep leaves only the witnesses that f says.
func (o *pool) keep(f func(w witness) bool) {
	var kept []witness
	clear(o.low)
	clear(o.high)
	for _, w := range o.all {
		if f(w) {
			kept = append(kept, w)
			o.widen(w)
		}
	}
	o.all = kept
}

// snapshot gives the pool as it is, and restore takes it back.
func (o *pool) snapshot() []witness { return slices.Clone(o.all) }

func (o *pool) restore(all []witness) {
	o.all = all
	o.keep(func(witness) bool { return true })
}

// witnesses gives those of the pool in terms of the system.
func (o *pool) witnesses() (all []Witness) {
	for _, w := range o.all {
		out := Witness{Moves: w.y}
		for _, j := range w.at {
			out.Cells = append(out.Cells, o.part.cells[j])
		}
		all = append(all, out)
	}
	return all
}

// safe tells whether the witnesses prove that cell j is not recoverable.
func (o *pool) safe(j int) bool {
	s := o.part.sys
	return o.high[j]-o.low[j] >= s.width() && o.part.cell(j).Value+o.high[j] > s.small()
}

// targets lists the cells of the part that have to be protected.
func (p *part) targets() []int {
	var all []int
	for j := range p.cells {
		if p.sys.target(*p.cell(j)) {
			all = append(all, j)
		}
	}
	return all
}
