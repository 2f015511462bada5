package fhir

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const (
	eachByte = 0x0101010101010101
	highBits = 0x8080808080808080
)

// plain passes the plain ASCII of a string from b[i] on, eight bytes at a time, and gives the index of
// what ends it: the closing quote, or a byte for scanRest to look at, or, near the end of b, any byte.
func plain(b []byte, i int) int {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^(eachByte*'"'), w^(eachByte*'\\')
		// The high bit of a byte is set when the byte is a quote, a backslash, below 0x20 or
		// above 0x7f. A borrow can set bits above the first such byte, never below.
		m := ((quote - eachByte) | (slash - eachByte) | (w - eachByte*' ') | w) & highBits
		if m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	return i
}

// scanRest ends the scan of the string b[start:] of which b[start:i] is plain ASCII.
func scanRest(b []byte, start, i int) (end int, escaped bool, why Reason) {
	high := false
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			if high && !utf8.Valid(b[start:i]) {
				return 0, false, InvalidUTF8
			}
			return i, escaped, ""
		case c == '\\':
			size, why := scanEscape(b[i:])
			if why != "" {
				return 0, false, why
			}
			escaped = true
			i += size
		case c < ' ':
			return 0, false, fault(b, i)
		default:
			high = high || c >= utf8.RuneSelf
			i++
		}
	}
	return 0, false, InvalidJSON
}

// scanEscape checks the escape at the start of b and gives its length: 2, 6, or 12 for a pair of surrogates.
func scanEscape(b []byte) (int, Reason) {
	if len(b) < 2 {
		return 0, InvalidJSON
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, ""
	case 'u':
	default:
		return 0, fault(b, 1)
	}
	r, ok := hex4(b)
	switch {
	case !ok:
		return 0, InvalidJSON
	case r == 0:
		return 0, NULByte
	case r < 0xd800 || r > 0xdfff:
		return 6, ""
	}
	low, ok := hex4(b[6:])
	if r > 0xdbff || !ok || low < 0xdc00 || low > 0xdfff {
		return 0, InvalidUTF8
	}
	return 12, ""
}

// hex4 reads the \uXXXX at the start of b.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c-'0' < 10:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape appends the string's text to d.text and gives the part appended. The escapes were
// checked by scanEscape. Growing d.text leaves what was given before in the older memory, unchanged.
func (d *Doc) unescape(raw []byte) []byte {
	from := len(d.text)
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			d.text = append(d.text, c)
			i++
			continue
		}
		switch c = raw[i+1]; c {
		case 'u':
			r, _ := hex4(raw[i:])
			i += 6
			if r >= 0xd800 && r <= 0xdfff {
				low, _ := hex4(raw[i:])
				r = (r-0xd800)<<10 + (low - 0xdc00) + 0x10000
				i += 6
			}
			d.text = utf8.AppendRune(d.text, r)
			continue
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		}
		d.text = append(d.text, c)
		i += 2
	}
	return d.text[from:len(d.text):len(d.text)]
}

// scanNumber gives the end of the number that begins at b[i], or -1: RFC 8259 section 6.
func scanNumber(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	default:
		if i = digits(b, i); i < 0 {
			return -1
		}
	}
	if i < len(b) && b[i] == '.' {
		if i = digits(b, i+1); i < 0 {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return digits(b, i)
	}
	return i
}

// digits passes one or more digits, or gives -1.
func digits(b []byte, i int) int {
	start := i
	for i < len(b) && b[i]-'0' < 10 {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

// fault names what is wrong with the byte at b[i], which may not stand there.
func fault(b []byte, i int) Reason {
	switch {
	case i >= len(b):
		return InvalidJSON
	case b[i] == 0:
		return NULByte
	case b[i] >= utf8.RuneSelf:
		if r, size := utf8.DecodeRune(b[i:]); r == utf8.RuneError && size == 1 {
			return InvalidUTF8
		}
	}
	return InvalidJSON
}

// trailing names what is wrong with text after the line's value.
func trailing(b []byte, i int) Reason {
	if why := fault(b, i); why != InvalidJSON {
		return why
	}
	return TrailingGarbage
}
