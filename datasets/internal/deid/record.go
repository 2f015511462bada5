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
	body     []byte // rid, sequence, sort date, flags, main row, child rows
}

// noDate sorts rows without an open date before those with one.
const noDate = math.MinInt64

const (
	flagClinical = 1
	flagAged     = 2 // it has an age
	flagEarlier  = 4 // it is of an earlier extract
)

// What stands in a body before the rows.
const (
	bodySequence = 16 // rid before it
	bodyDate     = bodySequence + 8
	bodyFlags    = bodyDate + 8
	bodyHead     = bodyFlags + 1
)

// appendHead begins a body. Later lines have greater sequences, and their first byte is the number of their source.
func appendHead(dst []byte, rid *ID, sequence uint64, date int64, flags byte) []byte {
	dst = append(dst, rid[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, sequence)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(date))
	return append(dst, flags)
}

// version is one resource as it was sorted, a view of its body.
type version struct {
	rid      ID
	sequence uint64
	date     int64
	clinical bool
	aged     bool
	earlier  bool
	rows     []byte
}

// source is the number of the source that a version is from: the first byte of its sequence.
func (v *version) source() int { return int(v.sequence >> 56) }

func versionOf(body []byte) version {
	return version{
		rid: ID(body), sequence: binary.LittleEndian.Uint64(body[bodySequence:]), date: int64(binary.LittleEndian.Uint64(body[bodyDate:])),
		clinical: body[bodyFlags]&flagClinical != 0, aged: body[bodyFlags]&flagAged != 0,
		earlier: body[bodyFlags]&flagEarlier != 0, rows: body[bodyHead:],
	}
}
