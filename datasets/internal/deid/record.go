package deid

import (
	"encoding/binary"
	"errors"
	"math"
)

// Record is a de-identified resource: one row of a main table and its rows of
// child tables. Only this package can make one, and a Sorter takes nothing else,
// so nothing raw can reach a disk.
type Record struct {
	kind     uint8 // place in Plan.types
	pid, rid ID
	sequence uint64
	updated  []byte // sealed lastUpdated, or empty
	body     []byte // sort date, flags, main row, child rows
}

// noDate sorts rows without an open date before those with one.
const noDate = math.MinInt64

const flagClinical = 1

const bodyHead = 9 // date and flags

func bodyDate(body []byte) int64    { return int64(binary.LittleEndian.Uint64(body)) }
func bodyClinical(body []byte) bool { return body[8]&flagClinical != 0 }

// Row is one row on its way to a file. Only this package can make one: it comes
// from a Record or from a Dictionary.
type Row struct {
	table *Table
	cells []Cell
}

// Table is the row's table.
func (r Row) Table() *Table { return r.table }

// Cell is the value of a column.
func (r Row) Cell(column int) Cell { return r.cells[column] }

// ErrUnsorted says that records of one run came back in an order they cannot have.
var ErrUnsorted = errors.New("sorted records came back out of order")
