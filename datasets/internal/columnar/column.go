package columnar

import (
	"encoding/binary"

	"farr/datasets/internal/deid"
)

// column gathers one column of a row group.
type column struct {
	typ      deid.Type
	optional bool
	random   bool // its values are as random bytes, which nothing compresses
	coding   coding

	present bitmap // rows with a value
	values  int    // how many they are

	numbers dictionary[int64]
	fixed   dictionary[[fixedBytes]byte]
	texts   dictionary[string]
	index   []int32 // into the dictionary, of each value
	times   []int64
	yes     bitmap // of booleans: the values, without the nulls
	plain   []byte // values in Parquet's plain encoding
}

// coding is how the values of a column chunk are encoded.
type coding uint8

const (
	plainly    coding = iota // one after the other
	indexed                  // as places in a dictionary, while that is small
	delta64                  // as differences: of times, which a patient's rows have in order
	singleBits               // of booleans
)

func newColumn(c deid.Column) *column {
	col := &column{typ: c.Type, optional: !required(c.Name), random: c.Type == deid.Blob || c.Name == "rid"}
	col.coding = col.usualCoding()
	return col
}

func (c *column) usualCoding() coding {
	switch {
	case c.random:
		return plainly
	case c.typ == deid.Timestamp:
		return delta64
	case c.typ == deid.Boolean:
		return singleBits
	}
	return indexed
}

// add takes the value of a row.
func (c *column) add(row int, cell *deid.Cell) {
	if c.optional {
		c.present.set(row)
	}
	c.values++
	switch c.coding {
	case indexed:
		c.index = append(c.index, c.place(cell))
		if c.numbers.bytes+c.fixed.bytes+c.texts.bytes > dictionaryBytes {
			c.giveUp()
		}
	case delta64:
		c.times = append(c.times, cell.Number)
	case singleBits:
		if cell.Number != 0 {
			c.yes.set(c.values - 1)
		}
	case plainly:
		switch c.typ {
		case deid.Int32, deid.Int64:
			c.plain = c.appendNumber(c.plain, cell.Number)
		case deid.UUID, deid.Decimal:
			c.plain = append(c.plain, cell.Bytes...)
		default:
			c.plain = appendBytes(c.plain, cell.Bytes)
		}
	}
}

// place is a value's number in the dictionary.
func (c *column) place(cell *deid.Cell) int32 {
	switch c.typ {
	case deid.Int32, deid.Int64:
		return c.numbers.at(cell.Number, 8)
	case deid.UUID, deid.Decimal:
		return c.fixed.at([fixedBytes]byte(cell.Bytes), fixedBytes)
	default:
		return textAt(&c.texts, cell.Bytes)
	}
}

// giveUp leaves the dictionary: the values so far and all that follow stand plainly.
func (c *column) giveUp() {
	c.coding = plainly
	switch c.typ {
	case deid.Int32, deid.Int64:
		for _, i := range c.index {
			c.plain = c.appendNumber(c.plain, c.numbers.keys[i])
		}
	case deid.UUID, deid.Decimal:
		for _, i := range c.index {
			c.plain = append(c.plain, c.fixed.keys[i][:]...)
		}
	default:
		for _, i := range c.index {
			c.plain = appendBytes(c.plain, c.texts.keys[i])
		}
	}
}

// appendDictionary appends the dictionary in the plain encoding, and says how many entries it has.
func (c *column) appendDictionary(dst []byte) ([]byte, int) {
	switch c.typ {
	case deid.Int32, deid.Int64:
		for _, n := range c.numbers.keys {
			dst = c.appendNumber(dst, n)
		}
		return dst, len(c.numbers.keys)
	case deid.UUID, deid.Decimal:
		for i := range c.fixed.keys {
			dst = append(dst, c.fixed.keys[i][:]...)
		}
		return dst, len(c.fixed.keys)
	default:
		for _, text := range c.texts.keys {
			dst = appendBytes(dst, text)
		}
		return dst, len(c.texts.keys)
	}
}

// appendNumber appends a number in the plain encoding.
func (c *column) appendNumber(dst []byte, n int64) []byte {
	if c.typ == deid.Int32 {
		return binary.LittleEndian.AppendUint32(dst, uint32(n))
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(n))
}

// appendBytes appends a byte array in the plain encoding.
func appendBytes[T string | []byte](dst []byte, b T) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(b))), b...)
}

// reset makes ready for the next row group.
func (c *column) reset() {
	if c.values == 0 {
		return
	}
	c.numbers.reset()
	c.fixed.reset()
	c.texts.reset()
	c.present, c.yes = bitmap{}, bitmap{}
	c.index, c.times, c.plain = c.index[:0], c.times[:0], c.plain[:0]
	c.values, c.coding = 0, c.usualCoding()
}
