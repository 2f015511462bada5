package measures_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pendingFile lists the answers of the deck that farr does not give yet.
const pendingFile = deck + "/pending.txt"

// pendingAnswers are what the list says, by library and define.
type pendingAnswers map[string]*pendingAnswer

type pendingAnswer struct {
	refused bool
	cases   map[string]string // of a wrong answer: why, by case, * for every case
}

var pendingLine = regexp.MustCompile(`^(?:(refused)|wrong) (\w+) "([^"]+)"(?: ([\w-]+(?:, [\w-]+)*|\*))?: (\S.*)$`)

// readPending reads the list. A line that names no answer of the deck is a mistake.
func readPending(t *testing.T) pendingAnswers {
	t.Helper()
	text, err := os.ReadFile(pendingFile)
	if err != nil {
		t.Fatal(err)
	}
	answers, all := deckAnswers(t), pendingAnswers{}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := pendingLine.FindStringSubmatch(line)
		if m == nil || (m[1] == "") != (m[4] != "") {
			t.Fatalf("%s:%d: want wrong LIBRARY \"DEFINE\" CASES: why, or refused LIBRARY \"DEFINE\": why", pendingFile, i+1)
		}
		if !slices.ContainsFunc(answers[m[2]], func(e expected) bool { return e.define == m[3] }) {
			t.Errorf("%s:%d: %s has no answers of %q", pendingFile, i+1, m[2], m[3])
		}
		key := m[2] + "." + m[3]
		if all[key] == nil {
			all[key] = &pendingAnswer{cases: map[string]string{}}
		}
		p := all[key]
		p.refused = p.refused || m[1] != ""
		for _, c := range strings.Split(m[4], ", ") {
			if c == "" {
				continue
			}
			if c != "*" && !slices.Contains(casesOf(t, m[2]), c) {
				t.Errorf("%s:%d: %s has no case %s", pendingFile, i+1, m[2], c)
			}
			p.cases[c] = m[5]
		}
	}
	return all
}

// wrong is whether an answer is known to be wrong, and why.
func (all pendingAnswers) wrong(library, define, id string) (why string, known bool) {
	p := all[library+"."+define]
	if p == nil {
		return "", false
	}
	if why, known = p.cases[id]; !known {
		why, known = p.cases["*"]
	}
	return why, known
}

// refused is whether a define is known not to compile.
func (all pendingAnswers) refused(library, define string) bool {
	p := all[library+"."+define]
	return p != nil && p.refused
}

// computed are the defines that compile. One that does not would take its library's other
// defines with it, so that the Measure leaves it out.
func (all pendingAnswers) computed(library string, list []expected) (kept []expected) {
	for _, e := range list {
		if !all.refused(library, e.define) {
			kept = append(kept, e)
		}
	}
	return kept
}
