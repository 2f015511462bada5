package deid

import (
	"io"

	"github.com/parquet-go/parquet-go"
)

// Rewrite reads an object that an extract wrote and gives its rows again without what is Gone. With
// Records and the Dictionary it is the third way to a Row: what was de-identified once.
type Rewrite struct {
	Table *Table
	Gone  map[ID]bool    // pids and rids: their rows go, and what refers to them becomes null
	Used  map[int64]bool // of a table of the dictionary, the numbers that stay; nil for other tables
}

// Rewritten is what became of the rows of an object.
type Rewritten struct {
	Kept, Dropped int64
	Emptied       int64 // references that became null
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

// Object reads the object and gives each row that stays to the sink.
func (w Rewrite) Object(f *parquet.File, sink func(*Row) error) (done Rewritten, err error) {
	columns, err := columnsOf(w.Table, f)
	if err != nil {
		return done, err
	}
	r := newOutRow(w.Table)
	buffer := make([]parquet.Row, 256)
	for _, group := range f.RowGroups() {
		rows := group.Rows()
		for {
			n, err := rows.ReadRows(buffer)
			for _, values := range buffer[:n] {
				if keep := w.row(r, columns, values, &done); !keep {
					done.Dropped++
					continue
				}
				done.Kept++
				if err := sink(r); err != nil {
					rows.Close()
					return done, err
				}
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				rows.Close()
				return done, err
			}
		}
		if err := rows.Close(); err != nil {
			return done, err
		}
	}
	return done, nil
}

// row fills r with the values of one row of the file, and says whether it stays.
func (w Rewrite) row(r *Row, columns []int, values parquet.Row, done *Rewritten) bool {
	r.reset()
	for _, v := range values {
		if v.IsNull() {
			continue
		}
		i := columns[v.Column()]
		c := cellOf(w.Table.Columns[i].Type, v)
		if w.Table.Columns[i].Type == UUID && w.Gone[ID(c.Bytes)] {
			if required(w.Table.Columns[i].Name) {
				return false
			}
			done.Emptied++
			continue
		}
		r.put(i, c)
	}
	return w.Used == nil || w.Used[r.Cell(0).Number]
}

// cellOf is a value of a file.
func cellOf(t Type, v parquet.Value) (c Cell) {
	switch t {
	case Boolean:
		if v.Boolean() {
			c.Number = 1
		}
	case Int32:
		c.Number = int64(v.Int32())
	case Int64, Timestamp:
		c.Number = v.Int64()
	case UUID, Decimal, Varchar, Blob:
		c.Bytes = v.ByteArray()
	default:
		panic("deid: column of unknown type " + t)
	}
	return c
}

// required says which columns say whose a row is.
func required(column string) bool { return column == "pid" || column == "rid" }
