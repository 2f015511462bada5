package elm

import (
	"fmt"
	"strings"
	"testing"
)

// and is the ELM of two conditions.
func and(a, b string) string { return `{"type":"And","operand":[` + a + `,` + b + `]}` }

func ref(name, library string) string {
	if library != "" {
		library = `,"libraryName":"` + library + `"`
	}
	return `{"type":"ExpressionRef","name":"` + name + `"` + library + `}`
}

// library reads one with defines, as name, line, expression; it includes B as B.
func library(t *testing.T, name string, defines ...[3]string) *Library {
	t.Helper()
	var list []string
	for _, d := range defines {
		list = append(list, fmt.Sprintf(`{"name":%q,"context":"Patient","locator":"%s:1-%[2]s:9","expression":%s}`, d[0], d[1], d[2]))
	}
	l, err := Read([]byte(`{"library":{"identifier":{"id":"` + name + `"},"includes":{"def":[{"localIdentifier":"B","path":"B"}]},"statements":{"def":[` + strings.Join(list, ",") + `]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

const visit = `{"type":"Exists","operand":{"type":"Retrieve","dataType":"{http://hl7.org/fhir}Encounter"}}`

// Parts are in the order of the CQL, each once and under a title of its own; another name of a part is what it is
// called, and the program that was read is as before.
func TestParts(t *testing.T) {
	a := library(t, "A",
		[3]string{"All", "1", and(and(ref("Seen", ""), ref("Called", "")), and(ref("Both", ""), `{"type":"IsTrue","operand":`+ref("Seen", "B")+`}`))},
		[3]string{"Seen", "2", visit}, [3]string{"Called", "3", ref("Treated", "B")},
		[3]string{"Both", "4", and(ref("Seen", ""), `{"type":"Not","operand":`+ref("Left", "")+`}`)}, [3]string{"Left", "5", visit})
	b := library(t, "B", [3]string{"Seen", "7", visit}, [3]string{"Treated", "8", visit})
	p := &Program{Libraries: map[string]*Library{"A": a, "B": b}}
	apart, parts := p.Parts("A", "All", All)
	var got []string
	for _, one := range parts {
		if apart.Libraries[one.Library].Defines[one.Define] == nil {
			t.Errorf("no define %s", one.Define)
		}
		got = append(got, one.Title)
	}
	if want := "Seen (A, line 2); Called; not: Left; Seen (B, line 7)"; strings.Join(got, "; ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, "; "), want)
	}
	if a.Defines["not: Left"] != nil || apart.Libraries["A"].Defines["not: Left"] == nil {
		t.Error("the program that was read is another, or the one that was made has not what was taken apart")
	}
	if _, parts := p.Parts("A", "Seen", All); len(parts) != 1 {
		t.Errorf("a define in one part has %d", len(parts))
	}
}

// Each define is looked at once, however often it is asked for: else these would take years.
func TestPartsOfTheSameAgain(t *testing.T) {
	var defines [][3]string
	for i := range 60 {
		next := ref(fmt.Sprint("D", i+1), "")
		defines = append(defines, [3]string{fmt.Sprint("D", i), fmt.Sprint(i + 1), and(next, next)})
	}
	defines = append(defines, [3]string{"D60", "61", visit}, [3]string{"Round", "62", and(and(ref("Way", ""), ref("Way", "")), ref("D60", ""))},
		[3]string{"Way", "63", and(ref("Round", ""), ref("Way", ""))}, [3]string{"Here", "64", ref("There", "")}, [3]string{"There", "65", ref("Here", "")})
	p := &Program{Libraries: map[string]*Library{"A": library(t, "A", defines...)}}
	for _, name := range []string{"D0", "Round", "Here"} {
		if _, parts := p.Parts("A", name, All); len(parts) != 1 {
			t.Errorf("%s has %d parts", name, len(parts))
		}
	}
}
