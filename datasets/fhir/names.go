package fhir

import (
	"bytes"
	"slices"
)

// smallObject is how many names of an object are compared one with another. Above it they are
// sorted when the object ends, so that an object of a million names costs no quadratic time.
const smallObject = 64

// duplicate notes a name in its object's frame, and says whether the object has it already. A bit
// set of hashes answers no for most names; otherwise the names before it are compared, lengths first.
func (d *Doc) duplicate(tape []entry, f *frame, name []byte) bool {
	f.count++
	if f.count > smallObject {
		return false // sortedDuplicate decides at the end
	}
	var hash uint
	if size := len(name); size > 0 {
		hash = uint(size) ^ uint(name[0])<<1 ^ uint(name[size-1])<<2
	}
	bit := uint64(1) << (hash & 63)
	if f.seen&bit == 0 {
		f.seen |= bit
		return false
	}
	for k := f.last; k != 0; k = tape[k].next {
		if e := &tape[k]; int(e.end-e.pos) == len(name) && bytes.Equal(d.keyBytes(e), name) {
			return true
		}
	}
	return false
}

// sortedDuplicate says whether the object has any two equal names, in n log n.
func (d *Doc) sortedDuplicate(tape []entry, f *frame) bool {
	d.keys = d.keys[:0]
	for k := f.last; k != 0; k = tape[k].next {
		d.keys = append(d.keys, k)
	}
	slices.SortFunc(d.keys, func(x, y uint32) int {
		return bytes.Compare(d.keyBytes(&tape[x]), d.keyBytes(&tape[y]))
	})
	for i := 1; i < len(d.keys); i++ {
		if bytes.Equal(d.keyBytes(&tape[d.keys[i-1]]), d.keyBytes(&tape[d.keys[i]])) {
			return true
		}
	}
	return false
}
