package deid

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// systems are the code systems whose codes may pass, each with the syntax a code
// must have or the codes there are. A vendor's own system is free text: a name fits in
// a local code. Any part of a URI that the sender may choose is free text too.
type systems struct {
	exact    map[string]system
	patterns []system // # in the URI stands for a digit
}

type system struct {
	uri    string // canonical
	syntax func(string) bool
}

// Forms with a check digit, which no regular expression tells.
var builtinSyntaxes = map[string]func(string) bool{
	"loinc":  isLOINC,
	"snomed": func(s string) bool { return len(s) >= 6 && len(s) <= 18 && allDigits(s) && verhoeff(s) },
}

func parseSystems(text string) (*systems, error) {
	s := &systems{exact: map[string]system{}}
	syntaxes := map[string]func(string) bool{}
	for number, line := range lines(text) {
		words := strings.Fields(line)
		var err error
		switch {
		case len(words) < 2:
			err = fmt.Errorf("a URI, then what its codes are")
		case words[0] == "syntax":
			if syntaxes[words[1]] != nil {
				err = fmt.Errorf("syntax %s is there twice", words[1])
			} else {
				syntaxes[words[1]], err = parseSyntax(words[1], words[2:])
			}
		case words[1] == "=":
			err = s.add(system{words[0], func(code string) bool { return slices.Contains(words[2:], code) }}, words[0])
		case syntaxes[words[1]] == nil:
			err = fmt.Errorf("no syntax %q", words[1])
		default:
			syntax := syntaxes[words[1]]
			base, named := strings.CutSuffix(words[0], "*")
			if named && len(words) == 2 {
				err = fmt.Errorf("%s: a star needs the names that may stand for it", words[0])
			}
			if !named {
				err = s.add(system{words[0], syntax}, append([]string{words[0]}, words[2:]...)...)
				break
			}
			for _, name := range words[2:] {
				err = errors.Join(err, s.add(system{base + name, syntax}, base+name))
			}
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return s, nil
}

// add lists a system under its spellings.
func (s *systems) add(one system, uris ...string) error {
	for _, uri := range uris {
		if _, double := s.exact[uri]; double {
			return fmt.Errorf("%s is there twice", uri)
		}
		if strings.Contains(uri, "#") {
			s.patterns = append(s.patterns, system{uri, one.syntax})
		} else {
			s.exact[uri] = one
		}
	}
	return nil
}

// parseSyntax reads what follows the name of a syntax.
func parseSyntax(name string, words []string) (func(string) bool, error) {
	switch {
	case len(words) == 1 && words[0] == "builtin" && builtinSyntaxes[name] != nil:
		return builtinSyntaxes[name], nil
	case len(words) == 4 && words[0] == "words":
		length, err1 := strconv.Atoi(words[1])
		digits, err2 := strconv.Atoi(words[2])
		form, err3 := regexp.Compile(words[3])
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, err
		}
		return func(s string) bool {
			return len(s) <= length && countDigits(s) <= digits && form.MatchString(s)
		}, nil
	case len(words) == 1 && words[0] != "builtin":
		form, err := regexp.Compile(words[0])
		if err != nil {
			return nil, err
		}
		return form.MatchString, nil
	}
	return nil, fmt.Errorf("syntax %s: a regular expression, builtin, or words with length, digits and a regular expression", name)
}

// keep is the coding with its canonical system when it may be kept.
func (s *systems) keep(uri, code string) (coding, bool) {
	if one, ok := s.exact[uri]; ok {
		return coding{one.uri, code}, one.syntax(code)
	}
	for _, one := range s.patterns {
		if like(one.uri, uri) {
			return coding{uri, code}, one.syntax(code)
		}
	}
	return coding{}, false
}

// like says whether the text is the pattern with a digit for each #.
func like(pattern, text string) bool {
	if len(pattern) != len(text) {
		return false
	}
	for i := range len(text) {
		if digit := text[i]-'0' <= 9; pattern[i] == '#' && !digit || pattern[i] != '#' && pattern[i] != text[i] {
			return false
		}
	}
	return true
}

func countDigits(s string) (n int) {
	for i := range len(s) {
		if s[i]-'0' <= 9 {
			n++
		}
	}
	return n
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return s != ""
}

// isLOINC checks form and mod-10 check digit (LOINC Users' Guide, "Check digits").
// Parts and answers begin with LP or LA; a letter counts as its place in ASCII after
// the digit 0, doubled as 2n - 9*(n/5), which for digits is the usual rule.
func isLOINC(s string) bool {
	body, check, ok := strings.Cut(s, "-")
	digits := strings.TrimPrefix(strings.TrimPrefix(body, "LP"), "LA")
	if !ok || len(digits) > 7 || len(check) != 1 || !allDigits(digits) || !allDigits(check) {
		return false
	}
	sum := 0
	for i := range len(body) {
		n := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			n = 2*n - 9*(n/5)
		}
		sum += n
	}
	return (10-sum%10)%10 == int(check[0]-'0')
}

// The tables of Verhoeff's check digit over the dihedral group D5 (SNOMED CT
// Technical Implementation Guide, "Check-digit computation").
var (
	verhoeffD = [10]string{"0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
		"5987604321", "6598710432", "7659821043", "8765932104", "9876543210"}
	verhoeffP = [8]string{"0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901",
		"2793806415", "7046913258"}
)

func verhoeff(s string) bool {
	c := byte('0')
	for i := range len(s) {
		c = verhoeffD[c-'0'][verhoeffP[i%8][s[len(s)-1-i]-'0']-'0']
	}
	return c == '0'
}
