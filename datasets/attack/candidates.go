package attack

import (
	"math/bits"

	"farr/datasets/internal/deid"
)

// shifts is how many shifts there are: 1 to shifts days.
const shifts = deid.ShiftDays

// candidates is a set of shifts; bit s-1 is the shift of s days.
type candidates [(shifts + 63) / 64]uint64

// all shifts are possible beforehand.
func all() (c candidates) {
	for s := 1; s <= shifts; s++ {
		c.add(s)
	}
	return c
}

func (c *candidates) add(s int)      { c[(s-1)/64] |= 1 << ((s - 1) % 64) }
func (c *candidates) remove(s int)   { c[(s-1)/64] &^= 1 << ((s - 1) % 64) }
func (c *candidates) has(s int) bool { return c[(s-1)/64]>>((s-1)%64)&1 == 1 }

func (c *candidates) count() (n int) {
	for _, word := range c {
		n += bits.OnesCount64(word)
	}
	return n
}

// and keeps what is in both, unless nothing would be left: then the two contradict one
// another, and the second tells nothing.
func (c candidates) and(other candidates) candidates {
	both := c
	for i := range both {
		both[i] &= other[i]
	}
	if both.count() == 0 {
		return c
	}
	return both
}
