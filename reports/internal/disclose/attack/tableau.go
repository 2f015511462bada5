package attack

import "math"

const (
	noise    = 1e-10 // an entry below it is 0
	pivotTol = 1e-7  // the least entry to divide by
	valueTol = 1e-7  // values that close are equal
)

// tableau is the relations of a part solved for a basis: for each row r, y of its basic
// column plus the sum of a[r][j] times y of the other columns is 0, y being a value less the true one.
// Dense rows; what is 0 costs nothing in a pivot.
type tableau struct {
	part  *part
	a     [][]float64 // independent relations x cells
	basis []int       // row -> column
	rowOf []int       // column -> row, or -1
	work  *int64      // counted changes of entries
	since int         // pivots since it was made
	index []int       // scratch
}

// newTableau solves the relations, taking columns into the basis by rank (lower first), and of equal rank
// those that stand in few relations.
func newTableau(p *part, work *int64, rank func(j int) int) *tableau {
	t := &tableau{part: p, work: work, rowOf: make([]int, len(p.cells))}
	count := make([]int, len(p.cells))
	for _, r := range p.rows {
		for _, e := range r {
			count[e.at]++
		}
	}
	better := func(r []float64, j, than int) bool {
		if a, b := rank(j), rank(than); a != b {
			return a < b
		}
		if a, b := math.Abs(r[j]) == 1, math.Abs(r[than]) == 1; a != b {
			return a
		}
		return count[j] < count[than]
	}
	t.fill()
	t.solve(func(r []float64) int {
		best := -1
		for j, v := range r {
			if math.Abs(v) > pivotTol && (best < 0 || better(r, j, best)) {
				best = j
			}
		}
		return best
	})
	return t
}

// fill writes the relations as they are.
func (t *tableau) fill() {
	n := len(t.part.cells)
	t.a = make([][]float64, len(t.part.rows))
	all := make([]float64, n*len(t.a))
	for i, r := range t.part.rows {
		t.a[i] = all[i*n : (i+1)*n : (i+1)*n]
		for _, e := range r {
			t.a[i][e.at] = float64(e.coef)
		}
	}
	for j := range t.rowOf {
		t.rowOf[j] = -1
	}
	t.since = 0
}

// solve takes for each row the column that choose says into the basis and drops rows that say nothing new.
func (t *tableau) solve(choose func(r []float64) int) {
	t.basis = t.basis[:0]
	rows := t.a
	for i := 0; i < len(rows); i++ {
		q := choose(rows[i])
		if q < 0 {
			last := len(rows) - 1
			rows[i], rows = rows[last], rows[:last]
			i--
			continue
		}
		t.a = rows
		t.eliminate(i, q)
		t.basis = append(t.basis, q)
		t.rowOf[q] = i
	}
	t.a = rows
	t.since = 0
}

// renew makes the same basis again from the relations, without what rounding has added up.
func (t *tableau) renew() {
	in := make([]bool, len(t.rowOf))
	for _, q := range t.basis {
		in[q] = true
	}
	t.fill()
	t.solve(func(r []float64) int {
		best, free := -1, -1
		for j, v := range r {
			v = math.Abs(v)
			switch {
			case v <= pivotTol:
			case in[j] && t.rowOf[j] < 0 && (best < 0 || v > math.Abs(r[best])):
				best = j
			case !in[j] && free < 0:
				free = j
			}
		}
		if best < 0 && free >= 0 {
			return free // the old basis was not one: any column will do
		}
		return best
	})
}

// pivot takes column q into the basis in place of that of row r.
func (t *tableau) pivot(r, q int) {
	t.rowOf[t.basis[r]] = -1
	t.eliminate(r, q)
	t.basis[r] = q
	t.rowOf[q] = r
	t.since++
}

func (t *tableau) eliminate(r, q int) {
	row := t.a[r]
	p := row[q]
	index := t.index[:0]
	for j, v := range row {
		if v != 0 {
			row[j] = v / p
			index = append(index, j)
		}
	}
	row[q] = 1
	t.index = index
	work := int64(len(row) + len(t.a))
	for i, other := range t.a {
		f := other[q]
		if i == r || f == 0 {
			continue
		}
		work += int64(len(index))
		for _, j := range index {
			v := other[j] - f*row[j]
			if v < noise && v > -noise {
				v = 0
			}
			other[j] = v
		}
		other[q] = 0
	}
	*t.work += work
}
