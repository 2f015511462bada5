package disclose

// Account is a published sum.
type Account struct {
	Total Count
	Parts []Count
}

// Accounts are published sums with the sum of each column; of one row there is
// no other sum.
type Accounts struct {
	Rows  []Account
	Total Account
}

// accounts hides what is small in a table of records; what else has to be hidden the attack finds. All rows
// have a part for each column.
func (p Policy) accounts(x ExactAccounts) Accounts {
	if len(x) == 0 {
		return Accounts{}
	}
	width := len(x[0]) + 1 // the last column and the last row hold the sums
	height := len(x) + 1
	cells := make([]cell, width*height)
	at := func(row, column int) int { return row*width + column }
	for i, parts := range x {
		for j, n := range parts {
			for _, k := range []int{at(i, j), at(i, width-1), at(height-1, j), at(height-1, width-1)} {
				cells[k].den, cells[k].num, cells[k].persons = cells[k].den+n, cells[k].num+n, cells[k].persons+n
			}
		}
	}
	for i := range cells {
		if p.hides() {
			p.primary(&cells[i])
		}
	}
	row := func(i int) Account {
		var out Account
		for j := range width - 1 {
			out.Parts = append(out.Parts, p.count(cells[at(i, j)].den, cells[at(i, j)].hideDen))
		}
		out.Total = p.count(cells[at(i, width-1)].den, cells[at(i, width-1)].hideDen)
		return out
	}
	var out Accounts
	for i := range x {
		out.Rows = append(out.Rows, row(i))
	}
	out.Total = out.Rows[0]
	if len(x) > 1 {
		out.Total = row(height - 1)
	}
	return out
}
