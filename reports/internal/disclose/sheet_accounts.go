package disclose

import "fmt"

// accountsSheet is what a table of records publishes, out being the release of x.
func accountsSheet(p Policy, x ExactAccounts, out *Accounts) *sheet {
	s := newSheet(p)
	if len(x) == 0 {
		return s
	}
	const table = "records"
	columns := make([][]int, len(x[0]))
	var totals []int
	sums := make([]int64, len(x[0]))
	whole := int64(0)
	add := func(name string, parts []int64, o *Account) (total int, cells []int) {
		n := int64(0)
		for j, v := range parts {
			n += v
			cells = append(cells, s.count(fmt.Sprintf("%s|column %d", name, j), v, costGroup, table, &o.Parts[j]))
		}
		total = s.count(name+"|total", n, costPeriod, table, &o.Total)
		s.sum(name, total, cells...)
		return total, cells
	}
	for i, parts := range x {
		total, cells := add(fmt.Sprintf("row %d", i), parts, &out.Rows[i])
		totals = append(totals, total)
		for j, c := range cells {
			columns[j] = append(columns[j], c)
			sums[j] += parts[j]
			whole += parts[j]
		}
	}
	if len(x) == 1 { // it is its own sum
		return s
	}
	total, cells := add("sum", sums, &out.Total)
	s.sum("rows", total, totals...)
	for j, c := range cells {
		s.sum(fmt.Sprintf("column %d", j), c, columns[j]...)
	}
	return s
}
