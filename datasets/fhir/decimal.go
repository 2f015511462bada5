package fhir

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

const (
	decimalScale  = 8  // digits after the point of DECIMAL(28,8)
	decimalDigits = 28 // digits in all
)

// Decimal is a DECIMAL(28,8): a number of hundred-millionths, -10^28 < n < 10^28, as a 128-bit two's complement.
type Decimal struct {
	Hi int64
	Lo uint64
}

// BigEndian is the number of hundred-millionths as 16 bytes, as Parquet stores a decimal.
func (d Decimal) BigEndian() (b [16]byte) {
	binary.BigEndian.PutUint64(b[:8], uint64(d.Hi))
	binary.BigEndian.PutUint64(b[8:], d.Lo)
	return b
}

// ParseDecimal8 reads a FHIR decimal, which is a JSON number with or without an exponent, and rounds it half to
// even at the eighth digit after the point, exactly: no binary fraction is involved. It says false when b is
// no number, or when the number needs more than 20 digits before the point.
func ParseDecimal8(b []byte) (Decimal, bool) {
	if len(b) == 0 || scanNumber(b, 0) != len(b) {
		return Decimal{}, false
	}
	negative := b[0] == '-'
	if negative {
		b = b[1:]
	}
	var exponent int64
	if e := bytes.IndexAny(b, "eE"); e >= 0 {
		b, exponent = b[:e], parseExponent(b[e+1:])
	}
	m := mantissa{whole: b}
	if point := bytes.IndexByte(b, '.'); point >= 0 {
		m.whole, m.fraction = b[:point], b[point+1:]
	}
	// The number is the digits of m with the point after the first pointAt; of the scaled number, keep are whole.
	pointAt := int64(len(m.whole)) + exponent
	m.trim(&pointAt)
	keep := pointAt + decimalScale
	switch {
	case m.size() == 0 || keep < 0:
		return Decimal{}, true
	case keep > decimalDigits:
		return Decimal{}, false
	}
	hi, lo := m.prefix(int(keep))
	if m.roundsUp(int(keep), lo&1 == 1) {
		var carry uint64
		lo, carry = bits.Add64(lo, 1, 0)
		hi += carry
	}
	if hi > limitHi || hi == limitHi && lo >= limitLo {
		return Decimal{}, false
	}
	if negative {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	return Decimal{int64(hi), lo}, true
}

// 10^28, the first number of hundred-millionths that does not fit.
const (
	limitHi = 0x204fce5e
	limitLo = 0x3e25026110000000
)

// parseExponent reads an exponent and holds it at 10^15, beyond the length of any line.
func parseExponent(b []byte) int64 {
	sign := int64(1)
	if b[0] == '+' || b[0] == '-' {
		if b[0] == '-' {
			sign = -1
		}
		b = b[1:]
	}
	var n int64
	for _, c := range b {
		n = min(n*10+int64(c-'0'), 1e15)
	}
	return sign * n
}

// mantissa is the digits of a number on both sides of the point.
type mantissa struct{ whole, fraction []byte }

func (m mantissa) size() int { return len(m.whole) + len(m.fraction) }

func (m mantissa) digit(i int) byte {
	if i < len(m.whole) {
		return m.whole[i] - '0'
	}
	return m.fraction[i-len(m.whole)] - '0'
}

// trim drops leading zeros and moves the point with them.
func (m *mantissa) trim(pointAt *int64) {
	before := m.size()
	m.whole = bytes.TrimLeft(m.whole, "0")
	if len(m.whole) == 0 {
		m.fraction = bytes.TrimLeft(m.fraction, "0")
	}
	*pointAt -= int64(before - m.size())
}

// prefix is the first n digits as a number, zeros appended when there are fewer. n is at most 28.
func (m mantissa) prefix(n int) (hi, lo uint64) {
	for i := range n {
		var c uint64
		if i < m.size() {
			c = uint64(m.digit(i))
		}
		over, low := bits.Mul64(lo, 10)
		var carry uint64
		lo, carry = bits.Add64(low, c, 0)
		hi = hi*10 + over + carry
	}
	return hi, lo
}

// roundsUp compares the digits from n on with one half; a tie goes up when the number before it is odd.
func (m mantissa) roundsUp(n int, odd bool) bool {
	if n >= m.size() || m.digit(n) < 5 {
		return false
	}
	if m.digit(n) > 5 {
		return true
	}
	for i := n + 1; i < m.size(); i++ {
		if m.digit(i) != 0 {
			return true
		}
	}
	return odd
}
