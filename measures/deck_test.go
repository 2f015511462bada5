package measures_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/measures"
	"farr/measures/internal/elm"
)

// The deck is a package of measures made for tests; see its README.
const deck = "../testdata/deck"

// The reports of the deck's cases say what the CQL's comments expect.
func TestDeckAnswers(t *testing.T) {
	for _, file := range glob(t, deck+"/cql/*.cql") {
		name := strings.TrimSuffix(filepath.Base(file), ".cql")
		var cases []string
		for _, dir := range glob(t, deck+"/tests/measure/"+name+"/*") {
			cases = append(cases, filepath.Base(dir))
		}
		list := readExpected(t, file, cases)
		if len(list) == 0 {
			continue
		}
		if len(cases) == 0 {
			t.Errorf("%s has answers and no cases", name)
		}
		sameFile(t, deck+"/resources/measure/"+name+".json", measureOf(name, list))
		for _, c := range cases {
			sameFile(t, deck+"/tests/measure/"+name+"/"+c+"/MeasureReport.json", reportOf(name, c, list))
		}
	}
}

// Every case of the deck is right, from both profiles of an extract.
func TestDeck(t *testing.T) {
	for _, profile := range []string{"limited", "shifted"} {
		r, err := measures.Test(t.Context(), measures.TestRequest{Dir: deck, Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Warnings) > 0 {
			t.Errorf("%s: %v", profile, r.Warnings)
		}
		for _, m := range r.Measures {
			for _, p := range m.Problems {
				t.Errorf("%s %s: %s", profile, m.Measure, p)
			}
		}
		for _, c := range r.Results {
			if c.Status == measures.TestFailed {
				t.Errorf("%s %s: %s", profile, c.ID, strings.Join(c.Wrong(), "; "))
			}
		}
		t.Logf("%s: %d of %d cases passed", profile, r.Passed, r.Cases)
	}
}

// The committed ELM is a translation of the committed CQL.
func TestELMBelongsToCQL(t *testing.T) {
	for _, dir := range []string{deck, "../testdata/published", libraryFHIR} {
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
