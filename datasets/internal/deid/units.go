package deid

import (
	"strings"

	"farr/datasets/fhir"
)

// unitOf is the UCUM unit of a Quantity, "" when it has none. ok is false when
// there is a unit that is not UCUM.
func (l *lexicon) unitOf(v fhir.Node) (unit string, ok bool) {
	code, system := v.Get("code").Str(), v.Get("system").Str()
	if len(code) == 0 {
		code = v.Get("unit").Str()
	} else if len(system) > 0 && string(system) != "http://unitsofmeasure.org" && string(system) != "urn:oid:2.16.840.1.113883.6.8" &&
		string(system) != "http://hl7.org/fhirpath/CodeSystem/calendar-units" {
		return "", false
	}
	if len(code) == 0 {
		return "", true
	}
	u, known := l.units[string(code)]
	if !known {
		u = knownUnit{string(code), l.policy.units.valid(string(code))}
		l.units.store(code, u)
	}
	return u.text, u.ok
}

// knownUnit is a text and whether it is a unit.
type knownUnit struct {
	text string
	ok   bool
}

// ucum is the part of UCUM (UCUM 2.1, "Full and Limited Conformance", case sensitive)
// that is in use in medicine, by its atoms. A grammar that knows the atoms is needed:
// by characters alone a name or "SSN" would pass. What numbers a unit may have is
// bounded, because a record number is also a factor or an exponent.
type ucum struct{ prefixes, metric, atoms, annotations, calendar map[string]bool }

func newUCUM() *ucum {
	return &ucum{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
}

func (u *ucum) parse(r reporter, text string) {
	kinds := map[string]map[string]bool{"prefix": u.prefixes, "metric": u.metric, "atom": u.atoms, "annotation": u.annotations, "calendar": u.calendar}
	eachLine(r, text, func(words []string) error {
		kind := kinds[words[0]]
		if kind == nil {
			return badf(0, "bad-line", "prefix, metric, atom, annotation or calendar, then texts")
		}
		for i, w := range words[1:] {
			if strings.HasPrefix(w, "{") != (words[0] == "annotation") || kind[w] || words[0] != "prefix" && (u.metric[w] || u.atoms[w]) {
				return badf(1+i, "bad-unit", "%s is there twice, or in the wrong list", w)
			}
			kind[w] = true
		}
		return nil
	})
}

// Bounds of one unit.
const (
	unitLength     = 40
	unitComponents = 5
	unitExponents  = 2
)

// unitRead is a unit while it is read.
type unitRead struct {
	*ucum
	rest                          string
	atoms, numbers, exponents, of int // of: components
}

// valid says whether the text is a unit.
func (u *ucum) valid(s string) bool {
	if u.calendar[s] {
		return true
	}
	if len(s) == 0 || len(s) > unitLength {
		return false
	}
	r := unitRead{ucum: u, rest: strings.TrimPrefix(s, "/")}
	return r.term() && r.rest == "" && r.atoms > 0 && r.numbers <= 1 && r.exponents <= unitExponents && r.of <= unitComponents
}

// term reads components joined by . and /.
func (r *unitRead) term() bool {
	for r.component() {
		if r.rest == "" || r.rest[0] != '.' && r.rest[0] != '/' {
			return true
		}
		r.rest = r.rest[1:]
	}
	return false
}

func (r *unitRead) component() bool {
	if inner, ok := strings.CutPrefix(r.rest, "("); ok {
		r.rest = inner
		if !r.term() || !strings.HasPrefix(r.rest, ")") {
			return false
		}
		r.rest = r.rest[1:]
		return true
	}
	one := r.next()
	r.of++
	if at := strings.IndexByte(one, '{'); at >= 0 {
		if !r.annotations[one[at:]] {
			return false
		}
		r.atoms++
		if one = one[:at]; one == "" {
			return true
		}
	}
	return r.number(one) || r.unit(one)
}

// next cuts off one component. What stands in brackets and braces may hold anything.
func (r *unitRead) next() string {
	end, closing := 0, byte(0)
	for ; end < len(r.rest); end++ {
		switch c := r.rest[end]; {
		case closing != 0:
			if c == closing {
				closing = 0
			}
			continue
		case c == '[':
			closing = ']'
		case c == '{':
			closing = '}'
		case c == '.' || c == '/' || c == ')':
			one := r.rest[:end]
			r.rest = r.rest[end:]
			return one
		}
	}
	one := r.rest
	r.rest = ""
	return one
}

// number reads a number of up to 3 digits, or a power of ten.
func (r *unitRead) number(s string) bool {
	ten, isTen := strings.CutPrefix(s, "10*")
	if !isTen {
		ten, isTen = strings.CutPrefix(s, "10^")
	}
	if isTen {
		ten = unsigned(ten)
		if ten != "" && (!allDigits(ten) || len(ten) > 2) {
			return false
		}
	} else if !allDigits(s) || len(s) > 3 {
		return false
	}
	r.numbers++
	return true
}

// unit reads [prefix] atom [exponent]; an exponent is one digit, perhaps with a sign.
func (r *unitRead) unit(s string) bool {
	r.atoms++
	if r.atom(s) {
		return true
	}
	if n := len(s); n > 1 && s[n-1]-'0' <= 9 {
		r.exponents++
		s = s[:n-1]
		if r.atom(s) {
			return true
		}
		if signless := strings.TrimRight(s, "+-"); len(s)-len(signless) == 1 {
			return r.atom(signless)
		}
	}
	return false
}

func (r *unitRead) atom(s string) bool {
	if r.metric[s] || r.ucum.atoms[s] {
		return true
	}
	for n := 1; n <= 2 && n < len(s); n++ {
		if r.prefixes[s[:n]] && r.metric[s[n:]] {
			return true
		}
	}
	return false
}

func unsigned(s string) string {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:]
	}
	return s
}
