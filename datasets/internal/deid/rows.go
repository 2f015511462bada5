package deid

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// rows reads the rows of a table from the objects that hold it: of each row group the columns that hold anything, since most of a
// wide table hold nothing.
type rows struct {
	table  *Table
	wanted []string // columns; nil for all
	files  []*parquet.File
	groups []*rowGroup // of the file in hand that are not begun
	from   []*cells    // of the group in hand
	left   int         // rows of it
	peeked bool
	row    *Row
}

// cells are the values of a column in a row group.
type cells struct {
	column int // of the table
	from   parquet.ColumnChunkValueReader
	buffer [64]parquet.Value // of one page, valid until more are read
	at, n  int
}

// newRows reads the columns of some names, or all.
func newRows(t *Table, files []*parquet.File, wanted ...string) *rows {
	return &rows{table: t, wanted: wanted, files: files, row: newOutRow(t)}
}

func (r *rows) close() {
	for _, c := range r.from {
		c.from.Close()
	}
	r.from = nil
}

// next gives the next row, nil after the last. Its bytes are valid until the next call, or close.
func (r *rows) next() (*Row, error) {
	row, err := r.peek()
	r.peeked = false
	return row, err
}

// peek gives the row that next will give.
func (r *rows) peek() (*Row, error) {
	if r.peeked {
		return r.row, nil
	}
	for r.left == 0 {
		if more, err := r.open(); err != nil || !more {
			return nil, err
		}
	}
	r.row.reset()
	for _, c := range r.from {
		v, err := c.next()
		if err != nil {
			return nil, fmt.Errorf("table %s: column %s: %w", r.table.Name, r.table.Columns[c.column].Name, err)
		}
		if !v.IsNull() {
			r.row.put(c.column, cellOf(r.table.Columns[c.column].Type, v))
		}
	}
	r.left--
	r.peeked = true
	return r.row, nil
}

// open begins the next row group, and says whether there is one.
func (r *rows) open() (bool, error) {
	r.close()
	for len(r.groups) == 0 {
		if len(r.files) == 0 {
			return false, nil
		}
		err := Part{File: r.files[0]}.groups(func(g *rowGroup) error {
			r.groups = append(r.groups, g)
			return nil
		})
		if err != nil {
			return false, err
		}
		r.files = r.files[1:]
	}
	g := r.groups[0]
	r.groups, r.left = r.groups[1:], g.rows
	for i, field := range g.file.Schema().Fields() {
		name := field.Name()
		column := r.table.find(name)
		if column < 0 {
			return false, fmt.Errorf("table %s: an object has a column %s that the table has not", r.table.Name, name)
		}
		if !g.empty(name) && (r.wanted == nil || slices.Contains(r.wanted, name)) {
			r.from = append(r.from, &cells{column: column, from: parquet.NewColumnChunkValueReader(g.ColumnChunks()[i])})
		}
	}
	return true, nil
}

// next is the value of the next row, which the tables' columns all have, if only null.
func (c *cells) next() (parquet.Value, error) {
	for c.at == c.n {
		n, err := c.from.ReadValues(c.buffer[:])
		if n == 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if n == 0 && err != nil {
			return parquet.Value{}, err
		}
		c.at, c.n = 0, n
	}
	c.at++
	return c.buffer[c.at-1], nil
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
