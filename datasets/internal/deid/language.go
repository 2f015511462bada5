package deid

import (
	"strings"

	"farr/datasets/fhir"
)

// languages are the subtags that a language may be made of.
type languages struct{ primary, script, region map[string]bool }

func newLanguages() *languages {
	return &languages{map[string]bool{}, map[string]bool{}, map[string]bool{}}
}

func (l *languages) parse(r reporter, text string) {
	kinds := map[string]map[string]bool{"primary": l.primary, "script": l.script, "region": l.region}
	eachLine(r, text, func(words []string) error {
		kind := kinds[words[0]]
		if kind == nil {
			return badf(0, "bad-line", "primary, script or region, then subtags")
		}
		for _, w := range words[1:] {
			kind[w] = true
		}
		return nil
	})
}

// of is the BCP 47 tag of a language concept: a known primary subtag, then perhaps a
// known script, then perhaps a known region.
func (l *languages) of(v fhir.Node) (string, bool) {
	for c := range v.Get("coding").Items() {
		switch string(c.Get("system").Str()) {
		case "urn:ietf:bcp:47", "http://id.loc.gov/vocabulary/iso639-1", "http://id.loc.gov/vocabulary/iso639-2":
		default:
			continue
		}
		if tag, ok := l.tag(string(c.Get("code").Str())); ok {
			return tag, true
		}
	}
	return "", false
}

func (l *languages) tag(text string) (string, bool) {
	primary, rest, more := strings.Cut(text, "-")
	tag := strings.ToLower(primary)
	if !l.primary[tag] {
		return "", false
	}
	if part, after, another := strings.Cut(rest, "-"); len(part) == 4 {
		script := strings.ToUpper(part[:1]) + strings.ToLower(part[1:])
		if !l.script[script] {
			return "", false
		}
		tag += "-" + script
		rest, more = after, another
	}
	if !more {
		return tag, true
	}
	region := strings.ToUpper(rest)
	return tag + "-" + region, l.region[region]
}
