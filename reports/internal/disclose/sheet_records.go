package disclose

import "math/bits"

// recordsSheet is what a run publishes of its records, out being the release of x. Keys are names, so that a number
// that several pages print, or several reports, is one cell.
func recordsSheet(p Policy, x ExactRecords, out *Records) *sheet {
	s := newSheet(p)
	s.accounts(x, &out.Accounts)
	for i, t := range x.Tables {
		s.quality(x, t, &out.Tables[i])
	}
	s.persons(x, out)
	return s
}

// worth is the cost of hiding a number of records: of two alike, the smaller is rather hidden.
func worth(cost, n int64) int64 { return cost + int64(bits.Len64(uint64(n))) }

// accounts is the table of records by type. One row alone is its own sum.
func (s *sheet) accounts(x ExactRecords, out *Accounts) {
	if len(x.Accounts) == 0 {
		return
	}
	const table = "records by type"
	add := func(name string, parts []int64, o *Account) (total int, cells []int) {
		n := int64(0)
		for j, v := range parts {
			n += v
			cells = append(cells, s.count(name+"|"+x.Columns[j], v, worth(costGroup, v), table, &o.Parts[j]))
		}
		total = s.count(name+"|read", n, worth(costPeriod, n), table, &o.Total)
		s.sum(name, total, cells...)
		return total, cells
	}
	columns := make([][]int, len(x.Columns))
	sums := make([]int64, len(x.Columns))
	var totals []int
	for i, parts := range x.Accounts {
		total, cells := add(x.Types[i], parts, &out.Rows[i])
		totals = append(totals, total)
		for j, c := range cells {
			columns[j] = append(columns[j], c)
			sums[j] += parts[j]
		}
	}
	if len(x.Accounts) == 1 {
		return
	}
	total, cells := add("all types", sums, &out.Total)
	s.sum("all types|types", total, totals...)
	for j, c := range cells {
		s.sum("all types|"+x.Columns[j]+"|types", c, columns[j]...)
	}
}

// of adds all records of a type by another count than that of the account, which may be less than what is stored.
func (s *sheet) of(x ExactRecords, kind, key string, n int64, table string, c *Count) int {
	_, _, stored, ok := x.stored(kind)
	if ok && stored == n {
		return s.count(kind+"|"+Stored, n, worth(costAll, n), table, c)
	}
	i := s.count(key, n, worth(costAll, n), table, c)
	if ok {
		s.less(key+"|not of them", s.at[kind+"|"+Stored], i)
	}
	return i
}

// persons are those by the size of their class, and those who are alone by so much.
func (s *sheet) persons(x ExactRecords, out *Records) {
	const table = "persons by risk"
	all := -1
	if len(x.Classes) > 0 {
		var parts []int
		n := int64(0)
		for i, v := range x.Classes {
			n += v
			part := s.count("persons in classes of "+x.Sizes[i], v, worth(costGroup, v), table, &out.Classes.Parts[i])
			if i < len(x.Least) {
				s.atLeast(part, x.Least[i])
			}
			parts = append(parts, part)
		}
		all = s.of(x, "Patient", "persons in classes", n, table, &out.Classes.Total)
		s.sum("persons in classes", all, parts...)
	}
	for i, v := range x.Unique {
		o := &out.Unique[i]
		var looked int
		if all >= 0 && s.sys.Cells[all].Value == x.Sampled {
			looked = s.count(s.sys.Cells[all].Key, x.Sampled, worth(costAll, x.Sampled), table, &o.Total)
		} else {
			looked = s.count("persons looked at", x.Sampled, worth(costAll, x.Sampled), table, &o.Total)
			if all >= 0 {
				s.less("persons not looked at", all, looked)
			}
		}
		alone := s.count("persons alone by "+x.By[i], v, worth(costGroup, v), table, &o.Parts[0])
		s.relate(looked, alone, s.implied("persons not alone by "+x.By[i], x.Sampled-v))
	}
}
