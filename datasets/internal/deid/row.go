package deid

import (
	"encoding/binary"
	mathbits "math/bits"
	"slices"
)

// row is one row of a table while it is filled, its cells in any order. It is
// reused, so filling one allocates nothing in the steady state.
type row struct {
	table   *Table
	cells   []cell
	bytes   []byte // of uuid, decimal, varchar and blob cells
	ordinal int32
}

type cell struct {
	set      bool
	number   int64  // boolean, int32, int64, timestamp
	at, size uint32 // in row.bytes
}

func newRow(t *Table) *row { return &row{table: t, cells: make([]cell, len(t.Columns))} }

func (r *row) reset() {
	clear(r.cells)
	r.bytes = r.bytes[:0]
}

func (r *row) setNumber(col int, n int64) { r.cells[col] = cell{set: true, number: n} }

func (r *row) setBool(col int, b bool) {
	n := int64(0)
	if b {
		n = 1
	}
	r.setNumber(col, n)
}

func (r *row) setBytes(col int, b []byte) {
	r.cells[col] = cell{set: true, at: uint32(len(r.bytes)), size: uint32(len(b))}
	r.bytes = append(r.bytes, b...)
}

func (r *row) setText(col int, s string) {
	r.cells[col] = cell{set: true, at: uint32(len(r.bytes)), size: uint32(len(s))}
	r.bytes = append(r.bytes, s...)
}

// setNull empties a cell.
func (r *row) setNull(col int) { r.cells[col] = cell{} }

// The encoding of a row: a bitmap of the cells that are set, then their values in
// column order, little-endian; varchar and blob with a length in front.

// encode appends the row.
func (r *row) encode(dst []byte) []byte {
	bitmap := len(dst)
	dst = append(dst, make([]byte, (len(r.cells)+7)/8)...)
	for i := range r.cells {
		c := &r.cells[i]
		if !c.set {
			continue
		}
		dst[bitmap+i/8] |= 1 << (i % 8)
		dst = appendValue(dst, r.table.Columns[i].Type, c.number, r.bytes[c.at:c.at+c.size])
	}
	return dst
}

// appendValue appends the value of a cell that is set: a number, or bytes, by the column's type.
func appendValue(dst []byte, t Type, number int64, bytes []byte) []byte {
	switch t {
	case Boolean:
		return append(dst, byte(number))
	case Int32:
		return binary.LittleEndian.AppendUint32(dst, uint32(number))
	case Int64, Timestamp:
		return binary.LittleEndian.AppendUint64(dst, uint64(number))
	case UUID, Decimal:
		return append(dst, bytes...)
	case Varchar, Blob:
		return append(binary.AppendUvarint(dst, uint64(len(bytes))), bytes...)
	}
	panic("deid: column of unknown type " + t)
}

// Cell is one value of a Row.
type Cell struct {
	Null   bool
	Number int64  // boolean, int32, int64, timestamp
	Bytes  []byte // uuid, decimal, varchar, blob; valid while the Row is
}

// Row is one row on its way to a file. Only this package can make one: it comes
// from a Record, from a Dictionary or from what was de-identified once.
type Row struct {
	table *Table
	cells []Cell
	set   []int // columns that are not null, in any order
}

func newOutRow(t *Table) *Row {
	r := &Row{table: t, cells: make([]Cell, len(t.Columns))}
	for i := range r.cells {
		r.cells[i].Null = true
	}
	return r
}

// Table is the row's table.
func (r *Row) Table() *Table { return r.table }

// Set are the columns that are not null, in any order.
func (r *Row) Set() []int { return r.set }

// Cell is the value of a column, valid until the row changes.
func (r *Row) Cell(column int) *Cell { return &r.cells[column] }

// put gives a column a value.
func (r *Row) put(column int, c Cell) {
	if r.cells[column].Null {
		r.set = append(r.set, column)
	}
	r.cells[column] = c
}

// empty makes a column null.
func (r *Row) empty(column int) {
	if i := slices.Index(r.set, column); i >= 0 {
		r.set = slices.Delete(r.set, i, i+1)
		r.cells[column] = Cell{Null: true}
	}
}

func (r *Row) reset() {
	for _, i := range r.set {
		r.cells[i] = Cell{Null: true}
	}
	r.set = r.set[:0]
}

// encode appends the row in the form of row.encode.
func (r *Row) encode(dst []byte) []byte {
	bitmap := len(dst)
	dst = append(dst, make([]byte, (len(r.cells)+7)/8)...)
	for i := range r.cells {
		c := &r.cells[i]
		if c.Null {
			continue
		}
		dst[bitmap+i/8] |= 1 << (i % 8)
		dst = appendValue(dst, r.table.Columns[i].Type, c.Number, c.Bytes)
	}
	return dst
}

// decode reads a row that encode made, and gives what follows it. It costs what
// is there, not what could be.
func (r *Row) decode(b []byte) (rest []byte) {
	r.reset()
	columns := r.table.Columns
	bitmap := b[:(len(columns)+7)/8]
	b = b[len(bitmap):]
	for at, bits := range bitmap {
		for ; bits != 0; bits &= bits - 1 {
			i := at*8 + mathbits.TrailingZeros8(bits)
			r.set = append(r.set, i)
			c := &r.cells[i]
			c.Null = false
			switch columns[i].Type {
			case Boolean:
				c.Number = int64(b[0])
				b = b[1:]
			case Int32:
				c.Number = int64(int32(binary.LittleEndian.Uint32(b)))
				b = b[4:]
			case Int64, Timestamp:
				c.Number = int64(binary.LittleEndian.Uint64(b))
				b = b[8:]
			case UUID, Decimal:
				c.Bytes = b[:16]
				b = b[16:]
			case Varchar, Blob:
				size, n := binary.Uvarint(b)
				c.Bytes = b[n : n+int(size)]
				b = b[n+int(size):]
			default:
				panic("deid: column of unknown type " + columns[i].Type)
			}
		}
	}
	return b
}
