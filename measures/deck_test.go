package measures_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/measures"
	"farr/measures/internal/conformance"
	"farr/measures/internal/elm"
)

// The deck is a package of measures made for tests; see its README.
const deck = "../testdata/deck"

// The reports of the deck's cases say what the CQL's comments expect.
func TestDeckAnswers(t *testing.T) {
	pending := readPending(t)
	for name, list := range deckAnswers(t) {
		list = pending.computed(name, list)
		sameFile(t, deck+"/resources/measure/"+name+".json", measureOf(name, name, list))
		for _, c := range casesOf(t, name) {
			sameFile(t, deck+"/tests/measure/"+name+"/"+c+"/MeasureReport.json", reportOf(name, c, list))
		}
	}
}

// deckAnswers are the defines of each library of the deck whose answers are expected.
func deckAnswers(t *testing.T) map[string][]expected {
	t.Helper()
	answers := map[string][]expected{}
	for _, file := range glob(t, deck+"/cql/*.cql") {
		name := strings.TrimSuffix(filepath.Base(file), ".cql")
		cases := casesOf(t, name)
		list := readExpected(t, file, cases)
		if len(list) > 0 {
			answers[name] = list
		}
		if len(list) > 0 && len(cases) == 0 {
			t.Errorf("%s has answers and no cases", name)
		}
	}
	return answers
}

// casesOf are the cases of a library of the deck.
func casesOf(t *testing.T, library string) (list []string) {
	t.Helper()
	for _, dir := range glob(t, deck+"/tests/measure/"+library+"/*") {
		list = append(list, filepath.Base(dir))
	}
	return list
}

// Every answer of the deck is right, from both profiles of an extract, but for those that
// are pending: such a one must still be wrong.
func TestDeck(t *testing.T) {
	answers, pending := deckAnswers(t), readPending(t)
	for _, profile := range []string{"limited", "shifted"} {
		r, err := measures.Test(t.Context(), measures.TestRequest{Dir: deck, Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Warnings) > 0 {
			t.Errorf("%s: %v", profile, r.Warnings)
		}
		broken := map[string]bool{}
		for _, m := range r.Measures {
			for _, p := range m.Problems {
				t.Errorf("%s %s: %s", profile, m.Measure, p)
				broken[m.Measure] = true
			}
		}
		right, wrong := 0, 0
		for _, c := range r.Results {
			if broken[c.Measure] {
				continue
			}
			list := pending.computed(c.Measure, answers[c.Measure])
			if len(c.Groups) != len(list) {
				t.Errorf("%s %s: %d groups, want %d", profile, c.ID, len(c.Groups), len(list))
				continue
			}
			_, id, _ := strings.Cut(c.ID, "/")
			for i, group := range c.Groups {
				ok := !slices.ContainsFunc(group.Populations, func(p conformance.CountReport) bool { return !p.Right() })
				switch why, known := pending.wrong(c.Measure, list[i].define, id); {
				case ok && known:
					t.Errorf("%s %s %q is right now: take it off %s (%s)", profile, c.ID, list[i].define, pendingFile, why)
				case ok:
					right++
				case known:
					wrong++
				default:
					t.Errorf("%s %s %q is %s, want %s: %s", profile, c.ID, list[i].define, answerOf(group), list[i].answers[id].answer, list[i].answers[id].why)
				}
			}
		}
		t.Logf("%s: %d answers right, %d pending", profile, right, wrong)
	}
}

// answerOf is the answer that counts stand for.
func answerOf(g conformance.GroupReport) string {
	for answer, counts := range deckCounts {
		if slices.EqualFunc(g.Populations, counts, func(p conformance.CountReport, n int) bool { return p.Actual != nil && *p.Actual == float64(n) }) {
			return answer
		}
	}
	return "neither true, false nor null"
}

// What is refused is still refused, each with a diagnostic of its own: nothing that the
// compiler has learnt stays on the list.
func TestDeckRefused(t *testing.T) {
	answers, pending := deckAnswers(t), readPending(t)
	dir := t.TempDir()
	for _, part := range []string{"resources/library", "vocabulary"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(deck, part))); err != nil {
			t.Fatal(err)
		}
	}
	write := func(file string, text []byte) {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	asked := map[string]string{}
	for library, list := range answers {
		for i, e := range list {
			if !pending.refused(library, e.define) {
				continue
			}
			name := fmt.Sprintf("%s%d", library, i)
			asked[name] = library + " " + e.define
			write(filepath.Join(dir, "resources/measure", name+".json"), measureOf(name, library, list[i:i+1]))
			for _, c := range casesOf(t, library) {
				folder := filepath.Join(dir, "tests/measure", name, c)
				if err := os.CopyFS(folder, os.DirFS(filepath.Join(deck, "tests/measure", library, c))); err != nil {
					t.Fatal(err)
				}
				write(filepath.Join(folder, "MeasureReport.json"), reportOf(name, c, list[i:i+1]))
			}
		}
	}
	if len(asked) == 0 {
		return
	}
	r, err := measures.Test(t.Context(), measures.TestRequest{Dir: dir, Profile: "limited"})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Measures {
		if len(m.Problems) == 0 {
			t.Errorf("%s is compiled now: take it off %s", asked[m.Measure], pendingFile)
		}
		for _, p := range m.Problems {
			t.Logf("%s: %s", asked[m.Measure], p)
		}
	}
}

// The committed ELM is a translation of the committed CQL.
func TestELMBelongsToCQL(t *testing.T) {
	for _, dir := range []string{deck, "../testdata/published", "../testdata/gaps", libraryFHIR} {
		for _, file := range glob(t, dir+"/cql/*.cql") {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(source)
			name := strings.TrimSuffix(filepath.Base(file), ".cql")
			text := libraryELM(t, dir+"/resources/library/"+name+".json")
			if !strings.Contains(string(text), `{"name":"cql-sha256","value":"`+hex.EncodeToString(sum[:])+`"}`) {
				t.Errorf("%s: the ELM is of another text: run make elm", file)
			}
			if l, err := elm.Read(text); err != nil || len(l.Errors) > 0 || l.Name != name {
				t.Errorf("%s: %v %v", file, err, l)
			}
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// libraryELM is the ELM in a Library.
func libraryELM(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var l struct {
		Content []struct{ ContentType, Data string }
	}
	if err := json.Unmarshal(text, &l); err != nil {
		t.Fatal(err)
	}
	for _, c := range l.Content {
		if c.ContentType == "application/elm+json" {
			elm, err := base64.StdEncoding.DecodeString(c.Data)
			if err != nil {
				t.Fatal(err)
			}
			return elm
		}
	}
	t.Fatalf("%s has no ELM", file)
	return nil
}
