package attack

// takeOut leaves a table out: readers see none of its numbers and no place for them. What an earlier
// release has stays.
func (s *System) takeOut(table string) {
	for i := range s.Cells {
		c := &s.Cells[i]
		if c.Table == table && !c.Fixed && c.State != Unprinted {
			c.State, c.Low = Unprinted, 0
		}
	}
}

// resort names the table to take out for the sake of a cell: its own, or the one nearest to it by relations; of
// tables as near the one with the fewest shown cells, then the first by name.
func (s *System) resort(cell int) (table string, ok bool) {
	shown := map[string]int{}
	canGo := func(c Cell) bool { return c.Table != "" && !c.Fixed && c.State != Unprinted }
	for _, c := range s.Cells {
		if c.State == Shown {
			shown[c.Table]++
		}
	}
	in := make([][]int, len(s.Cells))
	for i, r := range s.Relations {
		for _, t := range r {
			in[t.Cell] = append(in[t.Cell], i)
		}
	}
	seen, used := map[int]bool{cell: true}, make([]bool, len(s.Relations))
	for front := []int{cell}; len(front) > 0; {
		for _, i := range front {
			if c := s.Cells[i]; canGo(c) {
				if a, b := shown[c.Table], shown[table]; !ok || a < b || a == b && c.Table < table {
					table, ok = c.Table, true
				}
			}
		}
		if ok {
			return table, true
		}
		var next []int
		for _, i := range front {
			for _, r := range in[i] {
				if used[r] {
					continue
				}
				used[r] = true
				for _, t := range s.Relations[r] {
					if !seen[t.Cell] {
						seen[t.Cell] = true
						next = append(next, t.Cell)
					}
				}
			}
		}
		front = next
	}
	return "", false
}
