package deid

import (
	"fmt"
	"regexp"
	"strings"
)

// systems are the code systems whose codes may pass, each with the syntax a code
// must have. A vendor's own system is free text: a name fits in a local code.
type systems struct {
	exact map[string]system
	names []system // with a star: base URL, one name
}

type system struct {
	uri    string // canonical
	syntax func(string) bool
}

var syntaxes = map[string]func(string) bool{
	"loinc":      isLOINC,
	"snomed":     func(s string) bool { return len(s) >= 6 && len(s) <= 18 && allDigits(s) && verhoeff(s) },
	"icd-10":     regexp.MustCompile(`^[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?$`).MatchString,
	"icd-10-pcs": regexp.MustCompile(`^[0-9A-HJ-NP-Z]{7}$`).MatchString,
	"icd-9":      regexp.MustCompile(`^([0-9]{3}|V[0-9]{2})(\.?[0-9]{1,2})?$|^E[0-9]{3}(\.?[0-9])?$|^[0-9]{2}\.[0-9]{1,2}$`).MatchString,
	"digits-3":   func(s string) bool { return len(s) <= 3 && allDigits(s) },
	"digits-6":   func(s string) bool { return len(s) <= 6 && allDigits(s) },
	"digits-8":   func(s string) bool { return len(s) <= 8 && allDigits(s) },
	"ndc":        regexp.MustCompile(`^[0-9]{11}$|^[0-9]{4,5}-[0-9]{3,4}-[0-9]{1,2}$`).MatchString,
	"cpt":        regexp.MustCompile(`^[0-9]{4}[0-9FTUMA]$`).MatchString,
	"cdt":        regexp.MustCompile(`^D[0-9]{4}$`).MatchString,
	"hsloc":      regexp.MustCompile(`^[0-9]{4}-[0-9]$`).MatchString,
	"poa":        regexp.MustCompile(`^[YNUW1]$`).MatchString,
	"hcpcs":      regexp.MustCompile(`^[A-V][0-9]{4}$`).MatchString,
	"race":       regexp.MustCompile(`^[0-9]{4}-[0-9]$`).MatchString,
	"nubc":       regexp.MustCompile(`^[0-9]{1,2}$`).MatchString,
	"nucc":       regexp.MustCompile(`^[0-9]{3}[0-9A-Z]{6}X$`).MatchString,
	// HL7's codes are lower case with hyphens, or capitals.
	"hl7": regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$|^_?[A-Z0-9<>+.-]{1,16}$|^[A-Z]{3,5}\.(early|late)$`).MatchString,
}

var systemName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,47}$|^v[23]-[A-Za-z0-9-]{1,40}$`)

func parseSystems(text string) (*systems, error) {
	s := &systems{exact: map[string]system{}}
	for number, line := range lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || syntaxes[words[1]] == nil {
			return nil, fmt.Errorf("line %d: a URI, then the name of a known syntax", number)
		}
		one := system{words[0], syntaxes[words[1]]}
		if base, ok := strings.CutSuffix(words[0], "*"); ok {
			s.names = append(s.names, system{base, one.syntax})
			continue
		}
		for _, uri := range append([]string{words[0]}, words[2:]...) {
			if _, double := s.exact[uri]; double {
				return nil, fmt.Errorf("line %d: %s is there twice", number, uri)
			}
			s.exact[uri] = one
		}
	}
	return s, nil
}

// keep is the coding with its canonical system when it may be kept.
func (s *systems) keep(uri, code string) (coding, bool) {
	if one, ok := s.exact[uri]; ok {
		return coding{one.uri, code}, one.syntax(code)
	}
	for _, one := range s.names {
		if name, ok := strings.CutPrefix(uri, one.uri); ok && systemName.MatchString(name) {
			return coding{uri, code}, one.syntax(code)
		}
	}
	return coding{}, false
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
