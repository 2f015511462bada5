package deid

import (
	_ "embed"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"farr/datasets/fhir"
)

// claims are what the Patients of one source say of who they are.
//
// A field is normalised and goes through HMAC-SHA256 under the key's link sub-key, of which 8 bytes are kept: who sees
// the memory of a run, or a page of it, without the key finds no name there. Names are folded by Unicode (NFKD without marks, lower
// case, letters alone), and a given name is a set: as written, and the full forms that it is short for. A token is written nowhere and in
// no error: there is no call that gives one out.
type claims struct {
	mac  *mac
	list []claim
	buf  []byte
	text []rune
	// What the record in hand has, by field.
	tokens [linkFields][]uint64
	near   []uint32
}

func newClaims(k *Key) *claims { return &claims{mac: newMAC(k.sub().link)} }

// tokenVersion is the first field of what a token is an HMAC of.
const tokenVersion = "farr-link-1"

// mostLetters is where a name is cut: what is longer is no name, and cut alike in both sources it is still the same.
const mostLetters = 40

// mostTokens bounds a field: who has more names or addresses than that is compared by the first.
const mostTokens = 12

func (c *claims) hash(kind, text string) []byte {
	c.buf = appendField(appendField(appendField(c.buf[:0], tokenVersion), kind), text)
	return c.mac.of(c.buf)[:]
}

func (c *claims) add(field int, kind, text string) {
	if text == "" || len(c.tokens[field]) >= mostTokens {
		return
	}
	token := binary.BigEndian.Uint64(c.hash(kind, text))
	for _, old := range c.tokens[field] {
		if old == token {
			return
		}
	}
	c.tokens[field] = append(c.tokens[field], token)
}

// neighbours adds a name without each of its letters. Two names that differ in one letter, or in two that changed places, have one
// such form in common (or one is a form of the other), which is what symmetric-deletion spelling search rests on (Garbe, SymSpell, 2012).
func (c *claims) neighbours(name string) {
	letters := []rune(name)
	if len(letters) < 4 || len(c.near) >= 2*mostTokens { // a letter of a shorter name is too much of it
		return
	}
	add := func(text string) {
		c.near = append(c.near, binary.BigEndian.Uint32(c.hash("near-family", text)))
	}
	add(name)
	for i := range letters {
		if i == 0 || letters[i] != letters[i-1] {
			add(string(letters[:i]) + string(letters[i+1:]))
		}
	}
}

// take reads a Patient. What it cannot read it leaves out: a claim that says less links to less.
func (c *claims) take(x *Extractor, root fhir.Node, sequence uint64, out bool) {
	for f := range c.tokens {
		c.tokens[f] = c.tokens[f][:0]
	}
	c.near = c.near[:0]
	one := claim{pid: x.rid, source: uint8(sequence >> 56), out: out, sequence: sequence, updated: noDate, born: noLinkDay, died: span32{low: noLinkDay}}
	if t, ok := fhir.ParseDateTime(root.Get("meta").Get("lastUpdated").Str()); ok {
		value, _ := valueOf(t, x.zone)
		one.updated = value.UTCMs(x.zone)
	}
	switch string(root.Get("gender").Str()) {
	case "male":
		one.sex = 'm'
	case "female":
		one.sex = 'f'
	}
	if t, ok := fhir.ParseDateTime(root.Get("birthDate").Str()); ok && t.Precision == fhir.Day && t.Year >= sentinelBefore {
		one.born = int32(t.LocalDay())
	}
	if t, ok := fhir.ParseDateTime(root.Get("deceasedDateTime").Str()); ok && t.Year >= sentinelBefore {
		value, _ := valueOf(t, x.zone)
		one.died = span32{int32(floorDiv(value.WallMs, DayMs)), int32(value.upperDay())}
	}
	for name := range root.Get("name").Items() {
		c.name(name)
	}
	for point := range root.Get("telecom").Items() {
		if system := string(point.Get("system").Str()); system == "phone" || system == "sms" {
			c.add(linkPhone, "phone", phoneOf(point.Get("value").Str()))
		}
	}
	for address := range root.Get("address").Items() {
		c.address(address)
	}
	one.tokens = make([]uint64, 0, c.count())
	for f := range c.tokens {
		one.tokens = append(one.tokens, c.tokens[f]...)
		one.ends[f] = uint8(len(one.tokens))
	}
	one.near = slices.Clone(c.near)
	c.list = append(c.list, one)
}

func (c *claims) count() (n int) {
	for f := range c.tokens {
		n += len(c.tokens[f])
	}
	return n
}

// name takes a HumanName: of one that was used before, too, since the other source may have it.
func (c *claims) name(n fhir.Node) {
	switch string(n.Get("use").Str()) {
	case "nickname", "anonymous", "temp":
		return
	}
	if family := c.letters(n.Get("family").Str()); !placeholder(family) {
		c.add(linkFamily, "family", family)
		c.add(linkSound, "sound", soundex(family))
		c.neighbours(family)
	}
	given := c.letters(firstWord(n.Get("given").First().Str()))
	if utf8.RuneCountInString(given) < 2 || placeholder(given) {
		return
	}
	c.add(linkGiven, "given", given)
	for _, full := range fullNames()[given] {
		c.add(linkGiven, "given", full)
	}
}

func (c *claims) address(a fhir.Node) {
	var zip []byte
	for _, b := range a.Get("postalCode").Str() {
		if b >= '0' && b <= '9' {
			zip = append(zip, b)
		} else if b != '-' && b != ' ' {
			return // of another country, or none
		}
	}
	if len(zip) != 5 && len(zip) != 9 || string(zip[:3]) == "000" {
		return
	}
	c.add(linkZIP5, "zip5", string(zip[:5]))
	c.add(linkZIP3, "zip3", string(zip[:3]))
	if line := c.lettersAndDigits(a.Get("line").First().Str()); len(line) > 4 && line[0] >= '0' && line[0] <= '9' {
		c.add(linkStreet, "street", line+" "+string(zip[:5]))
	}
}

// letters are those of a name, folded: without marks and case.
func (c *claims) letters(name []byte) string {
	folded := c.fold(name, unicode.IsLetter)
	if len(c.text) > mostLetters {
		return string(c.text[:mostLetters])
	}
	return folded
}

func (c *claims) lettersAndDigits(line []byte) string {
	return c.fold(line, func(r rune) bool { return unicode.IsLetter(r) || r >= '0' && r <= '9' })
}

func (c *claims) fold(text []byte, keep func(rune) bool) string {
	c.text = c.text[:0]
	for _, r := range norm.NFKD.String(string(text)) {
		if keep(r) {
			c.text = append(c.text, unicode.ToLower(r))
		}
	}
	return string(c.text)
}

// firstWord of a given name: some systems write the middle name behind it.
func firstWord(name []byte) []byte {
	words := strings.Fields(string(name))
	if len(words) == 0 {
		return nil
	}
	return []byte(words[0])
}

// phoneOf is a number without what is written around it: its last ten digits.
func phoneOf(text []byte) string {
	var digits []byte
	for _, b := range text {
		if b >= '0' && b <= '9' {
			digits = append(digits, b)
		}
	}
	if len(digits) < 10 {
		return ""
	}
	number := string(digits[len(digits)-10:])
	if strings.Count(number, number[:1]) == len(number) || strings.HasSuffix(number, "5550000") {
		return ""
	}
	return number
}

// placeholder says of a folded name that it is written where none is known.
func placeholder(name string) bool {
	switch name {
	case "", "unknown", "test", "patient", "baby", "babyboy", "babygirl", "boy", "girl", "infant", "newborn", "male", "female", "twin",
		"doe", "none", "na", "anonymous", "zztest":
		return true
	}
	return false
}

// soundex is the code of American Soundex (National Archives, "The Soundex Indexing System"): the first letter and three
// digits for the sounds of the next consonants. Letters outside a to z sound like nothing.
func soundex(name string) string {
	const digits = "01230120022455012623010202" // of a to z; h and w do not part two of one sound
	code := make([]byte, 0, 4)
	last := byte('0')
	for i := 0; i < len(name) && len(code) < 4; i++ {
		b := name[i]
		if b < 'a' || b > 'z' {
			continue
		}
		d := digits[b-'a']
		switch {
		case len(code) == 0:
			code = append(code, b)
		case d != '0' && d != last:
			code = append(code, d)
		}
		if b != 'h' && b != 'w' {
			last = d
		}
	}
	if len(code) == 0 {
		return ""
	}
	return string(append(code, "000"...)[:4])
}

//go:embed linknames.txt
var linkNames string

// fullNames are the full forms of each form of a given name.
var fullNames = sync.OnceValue(func() map[string][]string {
	full := map[string][]string{}
	for line := range strings.SplitSeq(linkNames, "\n") {
		words := strings.Fields(line)
		if len(words) < 2 || strings.HasPrefix(line, "#") {
			continue
		}
		for _, form := range words[1:] {
			full[form] = append(full[form], words[0])
		}
	}
	return full
})
