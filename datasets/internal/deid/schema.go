package deid

import "slices"

// Type is the logical type of a column at rest.
type Type string

// The types of columns that policy tables make.
const (
	UUID      Type = "uuid"
	Varchar   Type = "varchar"
	Boolean   Type = "boolean"
	Int32     Type = "int32"
	Int64     Type = "int64"
	Decimal   Type = "decimal" // DECIMAL(28,8), 16 bytes big-endian
	Timestamp Type = "timestamp"
	Blob      Type = "blob"
)

// Column is a column of a table at rest.
type Column struct {
	Name string
	Type Type
}

// Table is a table at rest. Its columns come from a policy table and are all
// that a record can hold.
type Table struct {
	Name    string
	Columns []Column
	used    []string // columns asked for since a line of the policy was begun
	clash   string   // one of them that is there with another type

	dates    []int // columns of dates
	ages     []int // columns of ages
	measured []int // columns of numbers that are ages where the code beside them says so
}

// column is the index of a column, made when it is new.
func (t *Table) column(name string, typ Type) int {
	t.used = append(t.used, name)
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		i = len(t.Columns)
		t.Columns = append(t.Columns, Column{name, typ})
		if typ == Timestamp {
			t.dates = append(t.dates, i)
		}
	} else if t.Columns[i].Type != typ {
		t.clash = name
	}
	return i
}

// find is the index of a column, or -1.
func (t *Table) find(name string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
}
