package disclose

import "slices"

// ExactCross counts a cohort's members by two characteristics at once. Its margins are levels of
// Table 1: the levels of Rows and of Columns, each in the order of Levels.
type ExactCross struct {
	Rows, Columns           string   // characteristics
	RowLevels, ColumnLevels []string // in the order of Members
	Members                 [][]int64
	Persons                 [][]int64 // of the members; 0 where each is a person of its own
}

// Cross is a table of members by two characteristics. Its cells are in the order of the exact ones.
type Cross struct {
	RowLevels, ColumnLevels []string
	Members                 [][]Count
}

// crossCells adds the cells of the cross to those of the levels, and the sums along rows and columns, whose
// totals are levels. They give where the cells begin.
func (p Policy) crossCells(x ExactCohort, cells []cell, sums []sum) ([]cell, []sum, int) {
	begin := len(cells)
	margin := func(characteristic, level string) int {
		for i, l := range x.Levels {
			if l.Characteristic == characteristic && l.Level == level {
				return i
			}
		}
		return -1
	}
	c := x.Cross
	for i := range c.RowLevels {
		for j := range c.ColumnLevels {
			n := c.Members[i][j]
			v := cell{den: n, num: n, who: c.Persons[i][j], persons: personsOf(c.Persons[i][j], n), counted: true}
			p.primary(&v)
			cells = append(cells, v)
		}
	}
	at := func(i, j int) int { return begin + i*len(c.ColumnLevels) + j }
	for i, level := range c.RowLevels {
		s := sum{total: margin(c.Rows, level), most: x.most()}
		for j := range c.ColumnLevels {
			s.parts = append(s.parts, at(i, j))
		}
		sums = append(sums, s)
	}
	for j, level := range c.ColumnLevels {
		s := sum{total: margin(c.Columns, level), most: x.most()}
		for i := range c.RowLevels {
			s.parts = append(s.parts, at(i, j))
		}
		sums = append(sums, s)
	}
	return cells, sums, begin
}

// hideCrossed hides a cell of the cross that is near an outcome or a declared characteristic, which may
// be of people among the cell's: who is pregnant is a woman under 50. Where all hidden cells of a line together, which
// are its total less the others, are near one, it hides one more of them. It says whether it hid any.
func (p Policy) hideCrossed(x ExactCohort, outcomes []hiddenOutcome, cells []cell, sums []sum, begin int) bool {
	all := claims(x, outcomes, cells)
	near := func(n, who int64) bool {
		of := claim{n: n, who: who, whole: -1, kin: Sex}
		return slices.ContainsFunc(all, func(b claim) bool { return b.kin == Declared && p.near(of, b, x.most()) })
	}
	hid := false
	for i := begin; i < begin+x.Cross.size(); i++ {
		if !cells[i].hidden() && near(cells[i].num, cells[i].behind()) {
			cells[i].hideN, hid = true, true
		}
	}
	if hid {
		return true
	}
	for _, s := range sums {
		if s.parts[0] < begin || s.total >= 0 && cells[s.total].hidden() {
			continue
		}
		rest := int64(0)
		for _, i := range s.parts {
			if cells[i].hidden() {
				rest += cells[i].num
			}
		}
		if rest > 0 && near(rest, 0) {
			if i, ok := p.smallestShown(cells, s); ok {
				cells[i].hideN, hid = true, true
			} else if s.total >= 0 {
				cells[s.total].hideN, hid = true, true
			}
		}
	}
	return hid
}

func (c ExactCross) size() int { return len(c.RowLevels) * len(c.ColumnLevels) }

// cross releases the cells; those from begin on are its.
func (p Policy) cross(c ExactCross, hidden func(i int) bool) Cross {
	out := Cross{RowLevels: c.RowLevels, ColumnLevels: c.ColumnLevels}
	for i := range c.RowLevels {
		var row []Count
		for j := range c.ColumnLevels {
			row = append(row, p.count(c.Members[i][j], hidden(i*len(c.ColumnLevels)+j)))
		}
		out.Members = append(out.Members, row)
	}
	return out
}
