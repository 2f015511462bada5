package random

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	data       = "../../../testdata/cql-random"
	perLibrary = 40 // programs: translating one library takes longer than one program
)

// number is a number from the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%s is no number", name, text)
	}
	return n
}

// answered is what the oracle writes of a library.
type answered struct {
	Mistakes []struct {
		Line    int
		Message string
	}
	Answers map[string]map[string]answer
}

// answer is the oracle's; Corrected is what it is after corrections that changed something.
type answer struct {
	Value     json.RawMessage
	Error     *string
	Corrected *answer
	Classes   []string
}

// Random programs and persons: farr and an independent engine agree on each case, or the
// difference is one that CQL's specification explains.
func TestRandom(t *testing.T) {
	modules := os.Getenv("FARR_CQL_MODULES")
	if modules == "" {
		t.Skip("no folder of npm modules in FARR_CQL_MODULES: make cql-random has one")
	}
	seed, n, people := number(t, "SEED", 1), number(t, "N", 500), number(t, "PERSONS", 40)
	dir := os.Getenv("FARR_RANDOM_DIR")
	if dir == "" {
		dir = t.TempDir()
	}
	libraries := writeRandom(t, dir, seed, n, people)
	oracle := exec.CommandContext(t.Context(), "node", filepath.Join(data, "oracle.mjs"), modules, dir)
	oracle.Stderr = os.Stderr
	if err := oracle.Run(); err != nil {
		t.Fatal(err)
	}
	tally := newTally(readClasses(t, filepath.Join(dir, "classes.json")))
	answers := map[string]map[string]map[string]answer{} // by library, define and person
	for k := range libraries {
		l := &libraries[k]
		var o answered
		text, err := os.ReadFile(filepath.Join(dir, "answers", l.name+".json"))
		if err == nil {
			err = json.Unmarshal(text, &o)
		}
		if err != nil {
			t.Fatal(err)
		}
		answers[l.name] = o.Answers
		for i := range l.programs {
			at := slices.IndexFunc(o.Mistakes, func(m struct {
				Line    int
				Message string
			}) bool {
				return m.Line == l.firstLine+i
			})
			if at >= 0 {
				tally.notCQL[firstWords(o.Mistakes[at].Message)]++
				continue
			}
			l.good = append(l.good, i)
		}
	}
	f := openFarr(t, dir, libraries)
	for _, l := range libraries {
		found := f.answers(t.Context(), l.name)
		for _, i := range l.good {
			if found[i] == nil {
				t.Fatalf("no answer of %s R%d", l.name, i)
			}
			for person, answer := range answers[l.name][fmt.Sprintf("R%d", i)] {
				c := caseOf{library: l.name, program: i, cql: l.programs[i], person: person}
				tally.compare(c, found[i], answer)
			}
		}
	}
	tally.report(t)
	if tally.compared < 10_000 && n >= 500 {
		t.Errorf("%d cases were compared, want 10,000", tally.compared)
	}
	if os.Getenv("SEED") == "" && os.Getenv("N") == "" {
		for _, c := range tally.classes {
			if tally.explained[c.Name] == 0 {
				t.Logf("class %q of corrections.mjs explains nothing in this run", c.Name)
			}
		}
	}
}

// written is a random library.
type written struct {
	name      string
	programs  []string
	firstLine int
	good      []int // the programs that the translator takes
}

// writeRandom writes random programs, persons and the value sets that they use.
func writeRandom(t *testing.T, dir string, seed, n, people int) (list []written) {
	t.Helper()
	write := func(name string, text []byte) {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := persons{rand.New(rand.NewPCG(uint64(seed), 1))}
	for i := range people {
		id := fmt.Sprintf("p%03d", i)
		write("persons/"+id+"/bundle.json", p.bundle(id))
	}
	for name, text := range valueSets() {
		write("vocabulary/valueset/"+name+".json", text)
	}
	write("resources/measure/Random.json", []byte(`{"resourceType":"Measure","url":"http://example.org/farr/Measure/Random","name":"Random","library":["http://example.org/farr/Library/Random00"],
"scoring":{"coding":[{"code":"cohort"}]},"group":[{"population":[{"code":{"coding":[{"code":"initial-population"}]},"criteria":{"language":"text/cql-identifier","expression":"K0"}}]}]}`))
	read, err := readGrammar(filepath.Join(data, "grammar.txt"))
	if err != nil {
		t.Fatal(err)
	}
	g := &generator{grammar: read, random: rand.New(rand.NewPCG(uint64(seed), 2))}
	seen := map[string]bool{}
	for made := 0; made < n; {
		w := written{name: fmt.Sprintf("Random%02d", len(list))}
		for len(w.programs) < perLibrary && made < n {
			_, cql := g.program()
			if seen[cql] || len(cql) > 1500 {
				continue
			}
			seen[cql] = true
			w.programs = append(w.programs, cql)
			made++
		}
		var text string
		text, w.firstLine = library(w.name, w.programs)
		write("cql/"+w.name+".cql", []byte(text))
		list = append(list, w)
	}
	return list
}

var words = regexp.MustCompile(`"[^"]*"|'[^']*'|\d+|\([^()]*\)`)

// firstWords is a message without what is of one case only.
func firstWords(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	line = words.ReplaceAllString(line, "_")
	return line[:min(len(line), 90)]
}

// byCount are the keys of counts, the greatest first.
func byCount(counts map[string]int) (list []string) {
	for k := range counts {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	return list
}
