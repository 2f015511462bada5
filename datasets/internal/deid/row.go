package deid

import (
	"encoding/binary"
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

// get is the bytes of a cell.
func (r *row) get(col int) []byte {
	c := r.cells[col]
	return r.bytes[c.at : c.at+c.size]
}

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
		switch r.table.Columns[i].Type {
		case Boolean:
			dst = append(dst, byte(c.number))
		case Int32:
			dst = binary.LittleEndian.AppendUint32(dst, uint32(c.number))
		case Int64, Timestamp:
			dst = binary.LittleEndian.AppendUint64(dst, uint64(c.number))
		case UUID, Decimal:
			dst = append(dst, r.bytes[c.at:c.at+c.size]...)
		case Varchar, Blob:
			dst = binary.AppendUvarint(dst, uint64(c.size))
			dst = append(dst, r.bytes[c.at:c.at+c.size]...)
		default:
			panic("deid: column of unknown type " + r.table.Columns[i].Type)
		}
	}
	return dst
}

// Cell is one value of a Row.
type Cell struct {
	Null   bool
	Number int64  // boolean, int32, int64, timestamp
	Bytes  []byte // uuid, decimal, varchar, blob; valid while the Record is
}

// decodeRow reads a row into cells, one for each column of its table, and gives
// what follows it. Its bytes were made by encode in this process.
func decodeRow(t *Table, cells []Cell, b []byte) (rest []byte) {
	bitmap := b[:(len(t.Columns)+7)/8]
	b = b[len(bitmap):]
	for i := range t.Columns {
		if bitmap[i/8]&(1<<(i%8)) == 0 {
			cells[i] = Cell{Null: true}
			continue
		}
		switch t.Columns[i].Type {
		case Boolean:
			cells[i] = Cell{Number: int64(b[0])}
			b = b[1:]
		case Int32:
			cells[i] = Cell{Number: int64(int32(binary.LittleEndian.Uint32(b)))}
			b = b[4:]
		case Int64, Timestamp:
			cells[i] = Cell{Number: int64(binary.LittleEndian.Uint64(b))}
			b = b[8:]
		case UUID, Decimal:
			cells[i] = Cell{Bytes: b[:16]}
			b = b[16:]
		case Varchar, Blob:
			size, n := binary.Uvarint(b)
			cells[i] = Cell{Bytes: b[n : n+int(size)]}
			b = b[n+int(size):]
		default:
			panic("deid: column of unknown type " + t.Columns[i].Type)
		}
	}
	return b
}

// load fills the row from its encoding, and gives what follows it.
func (r *row) load(b []byte) (rest []byte) {
	r.reset()
	cells := make([]Cell, len(r.cells))
	rest = decodeRow(r.table, cells, b)
	for i, c := range cells {
		switch {
		case c.Null:
		case c.Bytes != nil || slices.Contains([]Type{Varchar, Blob}, r.table.Columns[i].Type):
			r.setBytes(i, c.Bytes)
		default:
			r.setNumber(i, c.Number)
		}
	}
	return rest
}
