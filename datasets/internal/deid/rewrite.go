package deid

import "github.com/parquet-go/parquet-go"

// Rewrite reads an object that an extract wrote and gives its rows again without what is Gone. With
// Records and the Dictionary it is the third way to a Row: what was de-identified once.
type Rewrite struct {
	Table *Table
	Gone  map[ID]bool    // pids and rids: their rows go, and what refers to them becomes null
	Used  map[int64]bool // of a table of the dictionary, the numbers that stay; nil for other tables
}

// NewTable is a table as a manifest describes it.
func NewTable(name string, columns []Column) *Table { return &Table{Name: name, Columns: columns} }

// Metadata is the part of an object's footer that says what it was made by.
func Metadata(f *parquet.File) map[string]string {
	all := map[string]string{}
	for _, kv := range f.Metadata().KeyValueMetadata {
		all[kv.Key] = kv.Value
	}
	return all
}

// Object reads the object and gives each row that stays to the sink. emptied is how many references became null.
func (w Rewrite) Object(f *parquet.File, sink func(*Row) error) (emptied int64, err error) {
	rows := newRows(w.Table, []*parquet.File{f})
	defer rows.close()
	for {
		r, err := rows.next()
		if r == nil || err != nil {
			return emptied, err
		}
		if !w.stays(r, &emptied) {
			continue
		}
		if err := sink(r); err != nil {
			return emptied, err
		}
	}
}

// stays empties what refers to who is gone, and says whether the row stays.
func (w Rewrite) stays(r *Row, emptied *int64) bool {
	for i, c := range w.Table.Columns {
		if c.Type != UUID || r.Cell(i).Null || !w.Gone[ID(r.Cell(i).Bytes)] {
			continue
		}
		if required(c.Name) {
			return false
		}
		r.empty(i)
		*emptied++
	}
	return w.Used == nil || w.Used[r.Cell(0).Number]
}

// required says which columns say whose a row is.
func required(column string) bool { return column == "pid" || column == "rid" }
