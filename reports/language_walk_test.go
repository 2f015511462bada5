package reports

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// asIs are words that are the same in each language: names of programs, formats, hashes and fields of FHIR.
var asIs = regexp.MustCompile(`(?:\b(?:Patient|Observation|Practitioner|Encounter|Condition|Procedure|Coverage|Medication|Immunization|Device|Service|Allergy|Adverse|Communication|Task)[A-Za-z.]*(?:\([a-z-]+\))?)` +
	`|^\s*[a-z]{2}(?:-[A-Z]{2})?\s*$|\b[0-9a-f]{8,64}\b|\b[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?\b`)

// seenBy are the texts of a page that a reader sees or hears, with where each stands: no code, no hash, no script.
func seenBy(page string) (seen [][2]string) {
	var walk func(n *html.Node, at string)
	walk = func(n *html.Node, at string) {
		if n.Type == html.ElementNode {
			class := ""
			for _, a := range n.Attr {
				switch a.Key {
				case "class":
					class = " " + a.Val + " "
				case "aria-label", "title", "alt", "placeholder":
					seen = append(seen, [2]string{at + " " + a.Key, a.Val})
				}
			}
			if n.Data == "style" {
				for _, m := range regexp.MustCompile(`content:((?:"[^"]*"|counter\([a-z]+\)| )*)`).FindAllStringSubmatch(n.FirstChild.Data, -1) {
					seen = append(seen, [2]string{at + " style", cssText(m[1])})
				}
				return
			}
			if n.Data == "script" || n.Data == "code" || strings.Contains(class, " mono ") {
				return
			}
			at += " " + n.Data
		}
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			seen = append(seen, [2]string{at, n.Data})
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, at)
		}
	}
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return [][2]string{{"page", err.Error()}}
	}
	walk(doc, "")
	return seen
}

// cssText undoes CSS's escapes, and leaves counters out.
func cssText(s string) string {
	s = regexp.MustCompile(`counter\([a-z]+\)`).ReplaceAllString(s, "")
	return regexp.MustCompile(`\\([0-9a-f]{1,6}) ?`).ReplaceAllStringFunc(s, func(e string) string {
		n, err := strconv.ParseInt(strings.TrimSpace(e[1:]), 16, 32)
		if err != nil {
			return e
		}
		return string(rune(n))
	})
}

// foreign are the words of a page that are in no language file: those in Latin letters, and numbers with English signs.
func foreign(text string, data *strings.Replacer) []string {
	text = asIs.ReplaceAllString(data.Replace(text), " ")
	return append(regexp.MustCompile(`[A-Za-z]{2,}`).FindAllString(text, -1), regexp.MustCompile(`[0-9][.,][0-9]`).FindAllString(text, -1)...)
}

// nameOfElement is the name of an element of FHIR.
var nameOfElement = regexp.MustCompile(`^[a-z][A-Za-z]*(?: (?:start|end|unit))?$`)

// fhir tells whether a text is made of names of FHIR: the columns of a map of completeness, values that were dropped, and what
// the policy keeps.
func fhir(path, at, text string) bool {
	switch path {
	case "data-quality.html":
		return strings.HasSuffix(at, " svg text") && nameOfElement.MatchString(text) || strings.HasSuffix(at, " tbody tr th") && regexp.MustCompile(`^[A-Z][A-Za-z]+\.`).MatchString(text)
	case "run.html":
		return strings.HasSuffix(at, " tbody tr td") && regexp.MustCompile(`^[A-Z][A-Za-z]+\.[^ ]+$`).MatchString(text)
	case "privacy.html":
		return strings.HasSuffix(at, " details dl dd") || strings.HasSuffix(at, " details summary")
	}
	return false
}

// checkAllIsSaid finds what a page says that no language file does; known are names in the data.
func checkAllIsSaid(t *testing.T, files map[string]string, known ...string) {
	t.Helper()
	slices.SortFunc(known, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, k := range known {
		if k != "" {
			pairs = append(pairs, k, " ")
		}
	}
	data := strings.NewReplacer(pairs...)
	told := map[string]bool{}
	pages := 0
	for path, page := range files {
		if !strings.HasSuffix(path, ".html") {
			continue
		}
		pages++
		for _, s := range seenBy(page) {
			if fhir(path, s[0], s[1]) {
				continue
			}
			if words := foreign(s[1], data); len(words) > 0 {
				if key := s[0] + fmt.Sprint(words); !told[key] && len(told) < 200 {
					told[key] = true
					t.Errorf("%s:%s: %q is said by no language file, in %q", path, s[0], words, s[1])
				}
			}
		}
	}
	if pages == 0 {
		t.Error("there are no pages")
	}
}
