package deid

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"farr/internal/source"
)

// systems are the code systems whose codes may pass, each with the syntax a code
// must have or the codes there are. A vendor's own system is free text: a name fits in
// a local code. Any part of a URI that the sender may choose is free text too.
type systems map[string]system // by each of a system's names

type system struct {
	uri    string // canonical
	syntax func(string) bool
}

// Forms with a check digit, which no regular expression tells.
var builtinSyntaxes = map[string]func(string) bool{
	"loinc":  isLOINC,
	"snomed": isSNOMED,
	"mod10":  func(s string) bool { return len(s) == 6 && isLOINC(s) && s[0] <= '9' },
}

// parse adds the systems of a file.
func (s systems) parse(r reporter, text string) {
	syntaxes := map[string]func(string) bool{}
	eachLine(r, text, func(words []string) (err error) {
		switch at := slices.Index(words, "="); {
		case words[0] != "syntax" && at > 0 && at < len(words)-1:
			codes := map[string]bool{}
			for _, code := range words[at+1:] {
				codes[code] = true
			}
			return s.add(system{words[0], func(code string) bool { return codes[code] }}, words[:at], 0)
		case len(words) < 2:
			return badf(0, "bad-line", "a URI, then what its codes are")
		case words[0] != "syntax" && syntaxes[words[1]] == nil:
			return badf(1, "unknown-syntax", "no syntax %q", words[1]).maybe(source.DidYouMean(words[1], slices.Sorted(maps.Keys(syntaxes))))
		case words[0] != "syntax":
			return s.add(system{words[0], syntaxes[words[1]]}, append(words[:1:1], words[2:]...), 1)
		case syntaxes[words[1]] != nil:
			return badf(1, "duplicate-syntax", "syntax %s is there twice", words[1])
		}
		syntaxes[words[1]], err = parseSyntax(words[1], words[2:])
		return err
	})
}

// add lists a system under its names.
// After the first name skip words are something else.
func (s systems) add(one system, names []string, skip int) error {
	for i, name := range names {
		if i > 0 {
			i += skip
		}
		if _, double := s[name]; double {
			return badf(i, "duplicate-system", "%s is there twice", name)
		}
		if name != normalURI(name) {
			return badf(i, "bad-uri", "%s: a URI is written %s", name, normalURI(name))
		}
		s[name] = one
	}
	return nil
}

// parseSyntax reads what follows the name of a syntax.
func parseSyntax(name string, words []string) (func(string) bool, error) {
	switch {
	case len(words) == 1 && words[0] == "builtin" && builtinSyntaxes[name] != nil:
		return builtinSyntaxes[name], nil
	case len(words) == 1 && words[0] != "builtin":
		form, err := regexp.Compile("^(?:" + words[0] + ")$") // the whole code, whatever the form says
		if err != nil {
			return nil, badf(2, "bad-syntax", "syntax %s: %v", name, err)
		}
		return form.MatchString, nil
	}
	return nil, badf(1, "bad-syntax", "syntax %s: a regular expression, or builtin", name)
}

// keep is the coding with its canonical system when it may be kept.
func (s systems) keep(uri, code string) (coding, bool) {
	one, ok := s[uri]
	if !ok {
		if one, ok = s[normalURI(uri)]; !ok {
			return coding{}, false
		}
	}
	return coding{one.uri, code}, one.syntax(code)
}

// has says whether codes of a system may be kept.
func (s systems) has(uri string) bool { return s[uri].syntax != nil || s[normalURI(uri)].syntax != nil }

// normalURI is the URI without white space around it and as RFC 3986 would compare it: scheme
// and host in lower case (6.2.2.1), a path of "/" alone as none (6.2.3); of a URN, what stands before its
// own name in lower case (RFC 8141, 3.1). Paths differ by case.
func normalURI(uri string) string {
	uri = strings.TrimSpace(uri)
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok {
		return uri
	}
	if strings.EqualFold(scheme, "urn") {
		if space, name, ok := strings.Cut(rest, ":"); ok {
			return "urn:" + strings.ToLower(space) + ":" + name
		}
		return uri
	}
	host, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return uri
	}
	host, path, hasPath := strings.Cut(host, "/")
	uri = strings.ToLower(scheme) + "://" + strings.ToLower(host)
	if hasPath && path != "" {
		uri += "/" + path
	}
	return uri
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return s != ""
}
