package measures_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// expected is a define of the deck whose value is expected: true, false or null for
// each case, and why.
type expected struct {
	define  string
	answers map[string]reasoned
}

type reasoned struct{ answer, why string }

var (
	answerLine = regexp.MustCompile(`^//= ([\w-]+(?:, [\w-]+)*|\*) (true|false|null): (\S.*)$`)
	defineLine = regexp.MustCompile(`^define "([^"]+)"`)
)

// readExpected reads the lines that begin with //= above the defines of a library. The
// name * stands for every case that no other line names.
func readExpected(t *testing.T, file string, cases []string) []expected {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []expected
	open := map[string]reasoned{}
	for i, line := range strings.Split(string(text), "\n") {
		at := fmt.Sprintf("%s:%d", file, i+1)
		if m := defineLine.FindStringSubmatch(line); m != nil && len(open) > 0 {
			rest, some := open["*"]
			for _, c := range cases {
				if _, ok := open[c]; !ok && some {
					open[c] = rest
				} else if !ok {
					t.Errorf("%s: no answer for case %s", at, c)
				}
			}
			delete(open, "*")
			all = append(all, expected{m[1], open})
			open = map[string]reasoned{}
		}
		if !strings.HasPrefix(line, "//=") {
			continue
		}
		m := answerLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("%s: want //= CASES true|false|null: why", at)
		}
		for _, c := range strings.Split(m[1], ", ") {
			if _, twice := open[c]; twice || c != "*" && !slices.Contains(cases, c) {
				t.Errorf("%s: case %s is there twice, or has no folder", at, c)
			}
			open[c] = reasoned{m[2], m[3]}
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: answers without a define", file)
	}
	return all
}

type coding struct {
	System string `json:"system,omitempty"`
	Code   string `json:"code"`
}
type codeable struct {
	Coding []coding `json:"coding,omitempty"`
	Text   string   `json:"text,omitempty"`
}

func populationCode(code string) codeable {
	return codeable{Coding: []coding{{"http://terminology.hl7.org/CodeSystem/measure-population", code}}}
}

// deckPopulations tell true, false and null apart: who is known, and of them whose answer
// is true.
var deckPopulations = []struct{ code, define string }{
	{"initial-population", "%s is known"}, {"denominator", "%s is known"}, {"numerator", "%s"},
}

// deckCounts are the counts of deckPopulations that each answer makes.
var deckCounts = map[string][]int{"true": {1, 1, 1}, "false": {1, 1, 0}, "null": {0, 0, 0}}

// measureOf is the Measure of a library whose defines have answers: a group a define.
func measureOf(name, library string, list []expected) []byte {
	type population struct {
		Code     codeable          `json:"code"`
		Criteria map[string]string `json:"criteria"`
	}
	type group struct {
		Description string       `json:"description"`
		Population  []population `json:"population"`
	}
	var groups []group
	for _, e := range list {
		g := group{Description: e.define}
		for _, p := range deckPopulations {
			g.Population = append(g.Population, population{populationCode(p.code), map[string]string{"language": "text/cql-identifier", "expression": fmt.Sprintf(p.define, e.define)}})
		}
		groups = append(groups, g)
	}
	return indented(struct {
		Type    string   `json:"resourceType"`
		ID      string   `json:"id"`
		URL     string   `json:"url"`
		Version string   `json:"version"`
		Name    string   `json:"name"`
		Status  string   `json:"status"`
		Library []string `json:"library"`
		Scoring codeable `json:"scoring"`
		Group   []group  `json:"group"`
	}{"Measure", name, deckURL("Measure", name), "1.0.0", name, "active", []string{deckURL("Library", library)},
		codeable{Coding: []coding{{"http://terminology.hl7.org/CodeSystem/measure-scoring", "proportion"}}}, groups})
}

// reportOf is the MeasureReport of a case, with the reasons as its text.
func reportOf(name, id string, list []expected) []byte {
	type population struct {
		Code  codeable `json:"code"`
		Count int      `json:"count"`
	}
	type group struct {
		Code       codeable     `json:"code"`
		Population []population `json:"population"`
	}
	var groups []group
	var text strings.Builder
	for _, e := range list {
		r := e.answers[id]
		g := group{Code: codeable{Text: e.define + ": " + r.answer}}
		for i, p := range deckPopulations {
			g.Population = append(g.Population, population{populationCode(p.code), deckCounts[r.answer][i]})
		}
		groups = append(groups, g)
		fmt.Fprintf(&text, "<li>%s: %s. %s</li>", html.EscapeString(e.define), r.answer, html.EscapeString(r.why))
	}
	return indented(struct {
		Type    string            `json:"resourceType"`
		ID      string            `json:"id"`
		Text    map[string]string `json:"text"`
		Status  string            `json:"status"`
		Kind    string            `json:"type"`
		Measure string            `json:"measure"`
		Period  map[string]string `json:"period"`
		Group   []group           `json:"group"`
	}{"MeasureReport", name + "-" + id, map[string]string{"status": "generated", "div": `<div xmlns="http://www.w3.org/1999/xhtml"><ul>` + text.String() + "</ul></div>"},
		"complete", "individual", deckURL("Measure", name), map[string]string{"start": "2024-01-01", "end": "2024-12-31"}, groups})
}

func deckURL(kind, name string) string { return "http://example.org/farr/" + kind + "/" + name }

func indented(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// sameFile holds a file to what it should be, or writes it when UPDATE is set.
func sameFile(t *testing.T, file string, want []byte) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the CQL's answers say (%v): write it with UPDATE=1", file, err)
	}
}
