package disclose

// ExactRecords is what a run publishes of the records behind it. Whatever of it is not known is empty.
type ExactRecords struct {
	Accounts ExactAccounts // what became of the records that were read
	Types    []string      // by row of Accounts: a resource type, or what else the row is of
	Columns  []string      // of Accounts; Stored is one
	Tables   []ExactQuality
	Classes  []int64  // persons by the size of their class
	Sizes    []string // of the classes
	Least    []int64  // by class: a row with anybody has so many persons at least, which its label tells
	Sampled  int64    // persons of whom it was asked by what they can be told from all others
	Unique   []int64  // of them, those who are alone by so much
	By       []string // by how much
}

// Stored is the column of records that are in the extract.
const Stored = "stored"

// Records is what may be shown of ExactRecords.
type Records struct {
	Accounts Accounts
	Tables   []Quality
	Classes  Account
	Unique   []Account // those alone, and the others
}

// stored is the row of a resource type, and how many of its records are in the extract.
func (x ExactRecords) stored(kind string) (row, column int, n int64, ok bool) {
	for i, t := range x.Types {
		for j, c := range x.Columns {
			if t == kind && c == Stored {
				return i, j, x.Accounts[i][j], true
			}
		}
	}
	return 0, 0, 0, false
}

// records applies the rules to each part. Records of few persons are hidden wherever their number is printed.
func (p Policy) records(x ExactRecords) Records {
	out := Records{Accounts: p.accounts(x.Accounts)}
	for _, t := range x.Tables {
		q := p.quality(t)
		if i, j, n, ok := x.stored(t.Type); ok && n == t.whole() && q.Total.state == Suppressed {
			out.Accounts.Rows[i].Parts[j].hide()
		}
		out.Tables = append(out.Tables, q)
	}
	if len(x.Classes) > 0 {
		out.Classes = p.accounts(ExactAccounts{x.Classes}).Rows[0]
	}
	for _, n := range x.Unique {
		out.Unique = append(out.Unique, p.accounts(ExactAccounts{{n, x.Sampled - n}}).Rows[0])
	}
	return out
}

// whole is how many records a table has.
func (x ExactQuality) whole() int64 {
	n := int64(0)
	for _, f := range x.Feeds {
		n += f.total().Records
	}
	return n
}
