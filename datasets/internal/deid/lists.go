package deid

import (
	"slices"
	"strings"
)

// valueSet is a closed list of codes, each held once as a string.
type valueSet struct{ codes map[string]string }

// find is the code as the list holds it.
func (v *valueSet) find(code []byte) (string, bool) {
	s, ok := v.codes[string(code)]
	return s, ok
}

func (p *Policy) parseValues(r reporter, text string) {
	eachLine(r, text, func(words []string) error {
		if len(words) < 2 {
			return badf(0, "bad-line", "a name, then codes")
		}
		if p.values[words[0]] != nil {
			return badf(0, "duplicate-list", "the list %s is there twice: a name that is new, then codes", words[0])
		}
		set := &valueSet{map[string]string{}}
		for i, code := range words[1:] {
			if set.codes[code] != "" {
				return badf(1+i, "duplicate-code", "%s is there twice", code)
			}
			set.codes[code] = code
		}
		p.values[words[0]] = set
		return nil
	})
}

// profileNames decides which profile URLs may be kept and which say "not done".
type profileNames struct {
	urls     map[string]bool
	negation []string
}

func (p *profileNames) parse(r reporter, text string) {
	eachLine(r, text, func(words []string) error {
		switch {
		case len(words) < 2:
			return badf(0, "bad-line", "a URL and names below it, or negation and parts of names")
		case words[0] == "negation":
			p.negation = words[1:]
		default:
			for i, name := range words[1:] {
				if p.urls[words[0]+name] {
					return badf(1+i, "duplicate-profile", "%s%s is there twice", words[0], name)
				}
				p.urls[words[0]+name] = true
			}
		}
		return nil
	})
}

// keep is the URL without its version when it may be kept.
func (p *profileNames) keep(url string) (string, bool) {
	url, _, _ = strings.Cut(url, "|")
	return url, p.urls[url]
}

// Negates says whether a profile of that URL is about something not done.
func (p *Policy) Negates(url string) bool { return p.profiles.negates(url) }

// negates says whether a profile of that URL is about something not done.
func (p *profileNames) negates(url string) bool {
	name := strings.ToLower(url[strings.LastIndexByte(url, '/')+1:])
	return slices.ContainsFunc(p.negation, func(part string) bool { return strings.Contains(name, part) })
}
