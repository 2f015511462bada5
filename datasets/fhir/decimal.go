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
	first := 0 // the first digit that counts
	for first < len(b) && (b[first] == '0' || b[first] == '.') {
		first++
	}
	point := bytes.IndexByte(b, '.')
	switch {
	case point < 0:
		point = len(b)
	case point < first:
		point++ // counted from after the point, first is as many places down
	}
	// Of the digits from first on, keep belong to the whole number of hundred-millionths.
	keep := int64(point-first) + exponent + decimalScale
	switch {
	case first == len(b) || keep < 0:
		return Decimal{}, true
	case keep > decimalDigits:
		return Decimal{}, false
	}
	n, dropped := wholePart(b[first:], int(keep))
	hi, lo := n.hi, n.lo
	if dropped > half || dropped == half && lo&1 == 1 {
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

type uint128 struct{ hi, lo uint64 }

// timesTenPlus does not overflow for the 28 digits that are asked of it.
func (n uint128) timesTenPlus(digit uint64) uint128 {
	if n.hi == 0 && n.lo < 1<<60 {
		return uint128{0, n.lo*10 + digit}
	}
	over, low := bits.Mul64(n.lo, 10)
	lo, carry := bits.Add64(low, digit, 0)
	return uint128{n.hi*10 + over + carry, lo}
}

// half is a rest of exactly one half, in the scale of wholePart.
const half = 10

// wholePart gives the first keep digits of b as a number, zeros appended when there are fewer, and what
// the rest is against one half: below, equal or above. b holds digits and at most one point.
func wholePart(b []byte, keep int) (n uint128, rest int) {
	for _, c := range b {
		switch {
		case c == '.':
			continue
		case keep > 0:
			n = n.timesTenPlus(uint64(c - '0'))
		case keep == 0:
			rest = 2 * int(c-'0')
		case c != '0':
			rest |= 1 // 2 * digit is even, so this says "and a bit more"
		}
		keep--
	}
	for ; keep > 0; keep-- {
		n = n.timesTenPlus(0)
	}
	return n, rest
}
