package deid

import (
	"bytes"
	"strings"
)

// places say what may be shown of an address.
type places struct {
	hidden map[string]bool   // three digits of ZIP codes that are shown as 000
	codes  map[string]bool   // postal codes of states
	names  map[string]string // their names in capitals
}

func (p *places) parseZIP3(r reporter, text string) {
	p.hidden = map[string]bool{}
	eachLine(r, text, func(words []string) error {
		if words[0] != "restricted" && words[0] != "unassigned" {
			return badf(0, "bad-line", "restricted or unassigned, then three digits each")
		}
		for i, prefix := range words[1:] {
			if len(prefix) != 3 || !allDigits(prefix) {
				return badf(1+i, "bad-zip", "%q is not three digits", prefix)
			}
			p.hidden[prefix] = true
		}
		return nil
	})
}

func (p *places) parseStates(r reporter, text string) {
	p.codes, p.names = map[string]bool{}, map[string]string{}
	eachLine(r, text, func(words []string) error {
		code := words[0]
		if len(words) < 2 || len(code) != 2 || p.codes[code] {
			return badf(0, "bad-line", "a code of two letters that is new, then a name")
		}
		p.codes[code], p.names[strings.Join(words[1:], " ")] = true, code
		return nil
	})
}

// zip3 is the first three digits of a ZIP code where they may be shown, else "000".
// A text that is no ZIP code is lost.
func (p *places) zip3(text []byte) (string, bool) {
	zip, ok := zip5(text)
	if !ok {
		return "", false
	}
	if p.hidden[zip[:3]] {
		return "000", true
	}
	return zip[:3], true
}

// zip5 is the five digits of 12345, 12345-6789 or 123456789, in ASCII.
func zip5(text []byte) (string, bool) {
	digits := text
	if len(text) == 10 && text[5] == '-' {
		digits = append(append(make([]byte, 0, 9), text[:5]...), text[6:]...)
	}
	if len(digits) != 5 && len(digits) != 9 || !allDigits(string(digits)) {
		return "", false
	}
	return string(digits[:5]), true
}

// state is the postal code of a US state or territory, from itself or its name.
func (p *places) state(text []byte) (string, bool) {
	name := strings.ToUpper(string(bytes.TrimSpace(text)))
	if p.codes[name] {
		return name, true
	}
	code, ok := p.names[name]
	return code, ok
}

// city is a city's name for a limited data set, by form only.
func city(text []byte) (string, bool) {
	if len(text) == 0 || len(text) > 40 {
		return "", false
	}
	for _, r := range string(text) {
		if r < ' ' || r >= '0' && r <= '9' || strings.ContainsRune(`@/\<>"=;:`, r) {
			return "", false
		}
	}
	return string(text), true
}
