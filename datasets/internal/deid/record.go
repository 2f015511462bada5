package deid

import (
	"encoding/binary"
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
