package columnar

import (
	"bytes"
	"encoding/binary"
	"slices"

	"farr/datasets/internal/deid"
)

// bounds are the least and the greatest value of the column chunk, as its statistics hold them: a
// reader that looks for a value leaves row groups out by them. Random bytes have none, nor have
// texts and numbers that left their dictionary.
func (c *column) bounds() (low, high []byte) {
	if c.values == 0 || c.random {
		return nil, nil
	}
	switch {
	case c.typ == deid.Boolean:
		yes := c.yes.ones(c.values)
		return boolByte(yes == c.values), boolByte(yes > 0)
	case c.typ == deid.Timestamp:
		return c.numberBounds(c.times)
	case c.typ == deid.UUID, c.typ == deid.Decimal:
		return c.fixedBounds()
	case c.coding != indexed:
		return nil, nil
	case c.typ == deid.Varchar:
		return []byte(slices.Min(c.texts.keys)), []byte(slices.Max(c.texts.keys))
	default:
		return c.numberBounds(c.numbers.keys)
	}
}

func boolByte(b bool) []byte {
	if b {
		return []byte{1}
	}
	return []byte{0}
}

func (c *column) numberBounds(numbers []int64) (low, high []byte) {
	return c.appendNumber(nil, slices.Min(numbers)), c.appendNumber(nil, slices.Max(numbers))
}

// fixedBounds compares UUIDs as bytes, and decimals as the signed numbers they are.
func (c *column) fixedBounds() (low, high []byte) {
	flip := uint64(0)
	if c.typ == deid.Decimal {
		flip = 1 << 63
	}
	compare := func(a, b []byte) int {
		if x, y := binary.BigEndian.Uint64(a)^flip, binary.BigEndian.Uint64(b)^flip; x != y {
			if x < y {
				return -1
			}
			return 1
		}
		return bytes.Compare(a[8:], b[8:])
	}
	see := func(v []byte) {
		if low == nil || compare(v, low) < 0 {
			low = v
		}
		if high == nil || compare(v, high) > 0 {
			high = v
		}
	}
	if c.coding == indexed {
		for i := range c.fixed.keys {
			see(c.fixed.keys[i][:])
		}
	}
	for at := 0; at < len(c.plain); at += fixedBytes {
		see(c.plain[at : at+fixedBytes])
	}
	return bytes.Clone(low), bytes.Clone(high)
}
