package columnar

import (
	"encoding/binary"
	"math/bits"
)

// bitmap has a bit for each row of a row group.
type bitmap [GroupRows / 64]uint64

func (b *bitmap) set(row int) { b[row>>6] |= 1 << (row & 63) }

// appendLevels appends the definition levels of so many rows in Parquet's hybrid of runs and packed
// bits, at one bit a level. The bits past the last row must be zero.
func (b *bitmap) appendLevels(dst []byte, rows, values int) []byte {
	switch values {
	case 0:
		return appendRun(dst, rows, 0)
	case rows:
		return appendRun(dst, rows, 1)
	}
	words := (rows + 63) / 64
	for w := 0; w < words; {
		if same := b.sameWords(w, rows/64); same > 0 {
			dst = appendRun(dst, same*64, byte(b[w]&1))
			w += same
			continue
		}
		from := w
		for w++; w < words && b.sameWords(w, rows/64) == 0; w++ {
		}
		groups := w*8 - from*8 // of 8 levels; those past the last row are not read
		dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
		for _, word := range b[from:w] {
			dst = binary.LittleEndian.AppendUint64(dst, word)
		}
	}
	return dst
}

// sameWords is how many whole words from w on, below the word end, have all bits as the first bit there.
func (b *bitmap) sameWords(w, end int) (n int) {
	for ; w+n < end && b[w+n] == b[w] && (b[w] == 0 || b[w] == 1<<64-1); n++ {
	}
	return n
}

// appendRun appends a run of one level.
func appendRun(dst []byte, count int, level byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(count)<<1), level)
}

// ones is how many of so many rows have their bit set.
func (b *bitmap) ones(rows int) (n int) {
	for _, w := range b[:(rows+63)/64] {
		n += bits.OnesCount64(w)
	}
	return n
}

// appendBits appends so many bits in whole bytes.
func (b *bitmap) appendBits(dst []byte, count int) []byte {
	size := len(dst) + (count+7)/8
	for _, word := range b[:(count+63)/64] {
		dst = binary.LittleEndian.AppendUint64(dst, word)
	}
	return dst[:size]
}
