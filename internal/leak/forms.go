package leak

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// Marker is what was planted. Either it is text, or it is a moment, which programs write as text and as numbers.
type Marker struct {
	Name string
	Text string
	Time time.Time // wall time, as if it were UTC
	UTC  time.Time // the same instant in UTC; zero when unknown
}

// Form is one way in which a marker may stand in an artefact.
type Form struct {
	Name  string
	Bytes []byte
	Fold  bool // upper and lower case are the same
}

// leastBytes is the length of the shortest form that is looked for: a shorter one is found by chance.
const leastBytes = 8

// Forms are all forms of a marker.
func (m Marker) Forms() []Form {
	var forms []Form
	add := func(name string, b []byte, fold bool) {
		if fold {
			b = bytes.ToLower(b)
		}
		if len(b) >= leastBytes && !slices.ContainsFunc(forms, func(f Form) bool { return f.Fold == fold && bytes.Equal(f.Bytes, b) }) {
			forms = append(forms, Form{name, b, fold})
		}
	}
	for _, text := range m.spellings() {
		encoded(text, add)
	}
	for _, at := range []time.Time{m.Time, m.UTC} {
		if at.IsZero() {
			continue
		}
		for _, n := range []int64{at.UnixMilli(), at.UnixMicro(), at.UnixNano()} {
			add("number", fmt.Append(nil, n), false)
			add("little-endian", binary.LittleEndian.AppendUint64(nil, uint64(n)), false)
			add("big-endian", binary.BigEndian.AppendUint64(nil, uint64(n)), false)
		}
	}
	return forms
}

// spellings are the texts of a marker.
func (m Marker) spellings() []string {
	if m.Time.IsZero() {
		return []string{m.Text}
	}
	var all []string
	for _, at := range []time.Time{m.Time, m.UTC} {
		if !at.IsZero() {
			for _, layout := range []string{"2006-01-02T15:04:05.000", "2006-01-02 15:04:05.000", "20060102150405.000", "20060102150405000", "Jan 2, 2006 15:04:05.000", "01/02/2006 15:04:05.000"} {
				all = append(all, at.Format(layout))
			}
		}
	}
	return all
}

// encoded gives the forms of one text.
func encoded(text string, add func(name string, b []byte, fold bool)) {
	raw := []byte(text)
	reversed := []rune(text)
	slices.Reverse(reversed)
	add("plain", raw, true)
	add("reversed", []byte(string(reversed)), true)
	add("ROT13", rot13(text), true)
	var little, big []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		little, big = binary.LittleEndian.AppendUint16(little, unit), binary.BigEndian.AppendUint16(big, unit)
	}
	add("UTF-16LE", little, true)
	add("UTF-16BE", big, true)
	var percent, unicode, decimal, hexadecimal strings.Builder
	for _, b := range raw {
		fmt.Fprintf(&percent, "%%%02x", b)
	}
	for _, r := range text {
		fmt.Fprintf(&unicode, `\u%04x`, r)
		fmt.Fprintf(&decimal, "&#%d;", r)
		fmt.Fprintf(&hexadecimal, "&#x%x;", r)
	}
	add("URL", []byte(url.QueryEscape(text)), true)
	add("URL, every byte", []byte(percent.String()), true)
	add("JSON escapes", []byte(unicode.String()), true)
	add("HTML decimal", []byte(decimal.String()), true)
	add("HTML hexadecimal", []byte(hexadecimal.String()), true)
	for _, spelled := range []string{text, strings.ToLower(text), strings.ToUpper(text)} {
		b := []byte(spelled)
		add("hex", []byte(hex.EncodeToString(b)), true)
		add("base32", []byte(strings.TrimRight(base32.StdEncoding.EncodeToString(b), "=")), true)
		for shift := range 3 {
			for name, e := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
				add(fmt.Sprintf("%s at %d", name, shift), aligned(e, b, shift), false)
			}
		}
		for _, whole := range []string{spelled, "Patient/" + spelled} {
			hashed([]byte(whole), add)
		}
	}
}

// aligned is what of the base64 of any longer text shows that b stands in it, shift bytes after a multiple of three:
// the characters that b alone decides.
func aligned(e *base64.Encoding, b []byte, shift int) []byte {
	text := e.EncodeToString(append(make([]byte, shift), b...))
	first := (shift*8 + 5) / 6
	last := (shift + len(b)) * 8 / 6
	if last <= first {
		return nil
	}
	return []byte(text[first:last])
}

// hashed gives unkeyed hashes of 128 bits and more: bytes, hex and base64. Shorter ones coincide with random pseudonyms.
func hashed(b []byte, add func(name string, b []byte, fold bool)) {
	for name, make := range map[string]func() hash.Hash{"MD5": md5.New, "SHA-1": sha1.New, "SHA-256": sha256.New, "SHA-512": sha512.New} {
		plain, keyed := make(), hmac.New(make, nil)
		plain.Write(b)
		keyed.Write(b)
		for name, sum := range map[string][]byte{name: plain.Sum(nil), "HMAC-" + name + " without key": keyed.Sum(nil)} {
			add(name+" hex", []byte(hex.EncodeToString(sum)[:32]), true)
			add(name+" base64", []byte(base64.RawStdEncoding.EncodeToString(sum)[:20]), false)
			add(name+" base64url", []byte(base64.RawURLEncoding.EncodeToString(sum)[:20]), false)
			add(name+" bytes", sum[:16], false)
		}
	}
}

func rot13(text string) []byte {
	b := []byte(text)
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z':
			b[i] = 'a' + (c-'a'+13)%26
		case c >= 'A' && c <= 'Z':
			b[i] = 'A' + (c-'A'+13)%26
		}
	}
	return b
}
