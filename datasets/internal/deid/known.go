package deid

import "strings"

// Scanner says of texts in the columns of an extract whether the policy accounts for them. It is how an export
// proves of what leaves, text by text, what extraction promised; it shares the lists and not the way there.
type Scanner struct {
	policy *Policy
	names  map[string]bool // columns and types that the tables themselves give: url, *_tag
}

// NewScanner makes a scanner for extracts of a plan.
func NewScanner(p *Plan) *Scanner {
	s := &Scanner{policy: p.policy, names: map[string]bool{}}
	for _, t := range p.types {
		for _, e := range t.elements {
			s.names[e.column] = true
			s.names[e.typ] = true
		}
	}
	return s
}

// Coding says whether a code of a system is one that may be kept.
func (s *Scanner) Coding(system, code string) bool {
	kept, ok := s.policy.systems.keep(system, code)
	return ok && kept.system == system && kept.code == code
}

// Text says whether the text in a column is of a closed list: a code, a unit, three digits of a ZIP code that
// are shown, a state, a language, a profile, or a name of the policy's own.
func (s *Scanner) Text(column, text string) bool {
	p := s.policy
	switch {
	case column == "zip3":
		return len(text) == 3 && allDigits(text) && (text == "000" || !p.places.hidden[text])
	case column == "state":
		return p.places.codes[text]
	case column == "language":
		tag, ok := p.languages.tag(text)
		return ok && tag == text
	case column == "url" || strings.HasSuffix(column, "_tag"):
		if s.names[text] {
			return true
		}
	case strings.HasSuffix(column, "_unit"):
		return p.units.valid(text)
	}
	if url, ok := publishedValueSet([]byte(text)); ok && url == text {
		return true
	}
	if url, ok := p.profiles.keep(text); ok && url == text {
		return true
	}
	for _, set := range p.values {
		if _, ok := set.find([]byte(text)); ok {
			return true
		}
	}
	return false
}

// System says whether a text is the canonical URI of a code system that may be kept.
func (s *Scanner) System(uri string) bool {
	one, ok := s.policy.systems[uri]
	return ok && one.uri == uri
}
