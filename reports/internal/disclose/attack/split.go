package attack

// entry is a term of a relation in a part.
type entry struct {
	at   int // in part.cells
	coef int64
}

// part is a set of cells that can only move together, and the relations that bind them. What is
// shown for good binds nothing: it is a constant.
type part struct {
	sys   *System
	cells []int // in System.Cells, ascending
	rows  [][]entry
	known []witness // from before, not yet checked
}

func (p *part) cell(j int) *Cell { return &p.sys.Cells[p.cells[j]] }

// split gives the parts that hold a target, in the order of their first cells.
func (s *System) split() []*part {
	root := make([]int, len(s.Cells))
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for _, r := range s.Relations {
		first := -1
		for _, t := range r {
			if s.Cells[t.Cell].blocked() {
				continue
			}
			if first < 0 {
				first = find(t.Cell)
				continue
			}
			if a, b := find(t.Cell), find(first); a < b {
				root[b], first = a, a
			} else {
				root[a], first = b, b
			}
		}
	}
	wanted := make([]bool, len(s.Cells))
	for i, c := range s.Cells {
		if s.target(c) {
			wanted[find(i)] = true
		}
	}
	var parts []*part
	of, at := make([]*part, len(s.Cells)), make([]int, len(s.Cells)) // by root; by cell
	for i, c := range s.Cells {
		r := find(i)
		if c.blocked() || !wanted[r] {
			continue
		}
		if of[r] == nil {
			of[r] = &part{sys: s}
			parts = append(parts, of[r])
		}
		at[i] = len(of[r].cells)
		of[r].cells = append(of[r].cells, i)
	}
	for _, r := range s.Relations {
		var row []entry
		var p *part
		place := map[int]int{} // a cell may stand in a relation twice
		for _, t := range r {
			if s.Cells[t.Cell].blocked() || of[find(t.Cell)] == nil {
				continue
			}
			p = of[find(t.Cell)]
			j := at[t.Cell]
			if k, twice := place[j]; twice {
				row[k].coef += t.Coefficient
				continue
			}
			place[j] = len(row)
			row = append(row, entry{j, t.Coefficient})
		}
		kept := row[:0]
		for _, e := range row {
			if e.coef != 0 {
				kept = append(kept, e)
			}
		}
		if len(kept) > 0 {
			p.rows = append(p.rows, kept)
		}
	}
	for _, known := range s.Witnesses {
		w, p, ok := witness{}, (*part)(nil), len(known.Cells) == len(known.Moves)
		for k, i := range known.Cells {
			if ok = ok && i >= 0 && i < len(of) && of[find(i)] != nil && !s.Cells[i].blocked(); !ok {
				break
			}
			if p == nil {
				p = of[find(i)]
			}
			ok = p == of[find(i)]
			w.at, w.y = append(w.at, int32(at[i])), append(w.y, known.Moves[k])
		}
		if ok && p != nil {
			p.known = append(p.known, w.sorted())
		}
	}
	return parts
}
