package fhir

import (
	"bytes"
	"slices"
)

// smallObject is how many names of an object are compared one with another. Above it they are
// sorted when the object ends, so that an object of a million names costs no quadratic time.
const smallObject = 64

// nameBit hashes a name to one of 64 bits. In the set of an object's names, an unset bit means a new name.
func nameBit(name []byte) uint64 {
	size := len(name)
	if size == 0 {
		return 1
	}
	return 1 << ((uint(size) ^ uint(name[0])<<1 ^ uint(name[size-1])<<2) & 63)
}

// duplicate says whether the object has the name already, lengths first.
func (d *Doc) duplicate(tape []entry, f *frame, name []byte) bool {
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
