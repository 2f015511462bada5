package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/measures/internal/elm"
	"farr/measures/internal/plan"
)

const small = `{"library":{"identifier":{"id":"Small"},
"codeSystems":{"def":[{"name":"CS","id":"urn:cs"}]},
"valueSets":{"def":[{"name":"Visits","id":"urn:visits"}]},
"statements":{"def":[
 {"name":"Visits","locator":"3:1-5:9","expression":{"type":"Query","locator":"4:3-5:9",
  "source":[{"alias":"E","expression":{"type":"Retrieve","dataType":"{http://hl7.org/fhir}Encounter","templateId":"x/qicore-encounter","codeProperty":"type","codeComparator":"in","codes":{"type":"ValueSetRef","name":"Visits"}}}],
  "where":{"type":"And","operand":[
   {"type":"Equal","operand":[{"type":"Property","path":"status","scope":"E"},{"type":"Literal","valueType":"{urn:hl7-org:elm-types:r1}String","value":"finished"}]},
   {"type":"IncludedIn","precision":"Day","operand":[{"type":"Property","path":"period","scope":"E"},{"type":"ParameterRef","name":"Measurement Period"}]}]}}},
 {"name":"Initial Population","locator":"7:1-8:9","expression":{"type":"Exists","operand":{"type":"ExpressionRef","name":"Visits"}}},
 {"name":"Wrong","locator":"9:1-9:9","expression":{"type":"Exists","operand":{"type":"Children","locator":"9:20-9:30"}}}
]}}}`

var elements = []plan.Element{
	{Resource: "Encounter", Table: "encounter", Path: "subject", Type: "Reference()", Column: "pid"},
	{Resource: "Encounter", Table: "encounter", Path: "status", Type: "code", Column: "status"},
	{Resource: "Encounter", Table: "encounter", Path: "type[]", Type: "CodeableConcept", Column: "type"},
	{Resource: "Encounter", Table: "encounter", Path: "period", Type: "Period", Column: "period"},
}

// linked is a program of one library.
func linked(t *testing.T, text, name string) *elm.Program {
	t.Helper()
	l, err := elm.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, mistakes := elm.Link(map[string]*elm.Library{name: l}, name)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	return p
}

func compileSmall(t *testing.T, define string) *plan.Compiled {
	t.Helper()
	p := linked(t, small, "Small")
	return plan.CompileMeasure(p, plan.NewModel(elements), "Small", []plan.Want{{Define: define}})
}

// The SQL of a small library is what testdata/small.sql says; UPDATE=1 rewrites it.
func TestSmall(t *testing.T) {
	c := compileSmall(t, "Initial Population")
	if len(c.Problems) > 0 {
		t.Fatal(c.Problems)
	}
	var text []string
	for _, s := range c.Statements {
		text = append(text, s.SQL)
	}
	got := strings.Join(text, ";\n\n") + ";\n"
	golden(t, "small.sql", got)
}

// golden compares with a file of testdata; UPDATE=1 rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What is not supported is a diagnostic with its place.
func TestUnsupported(t *testing.T) {
	c := compileSmall(t, "Wrong")
	if len(c.Problems) == 0 || c.Problems[0].Error() != "Small:9:20: ELM node Children is not supported" {
		t.Errorf("got %v", c.Problems)
	}
}

// Includes that are missing or cyclic are all named.
func TestLink(t *testing.T) {
	a := &elm.Library{Name: "A", Includes: map[string]string{"b": "B", "c": "C"}}
	b := &elm.Library{Name: "B", Includes: map[string]string{"a": "A"}}
	_, mistakes := elm.Link(map[string]*elm.Library{"A": a, "B": b}, "A")
	if len(mistakes) != 2 {
		t.Errorf("got %v, want the missing C and the cycle", mistakes)
	}
}

// A define of another context than Patient would be about everybody's data at once: it is
// refused, and one that reads no data is what it is in any context.
func TestContext(t *testing.T) {
	const visits = `{"type":"Exists","operand":{"type":"Retrieve","dataType":"{http://hl7.org/fhir}Encounter"}}`
	text := `{"library":{"identifier":{"id":"L"},"statements":{"def":[
		{"name":"Own","context":"Patient","expression":` + visits + `},
		{"name":"All","context":"Unfiltered","locator":"7:1-8:20","expression":{"type":"FunctionRef","name":"Any","operand":[]}},
		{"name":"Any","type":"FunctionDef","context":"Unfiltered","operand":[],"expression":` + visits + `},
		{"name":"By Way","context":"Patient","expression":{"type":"ExpressionRef","name":"All"}},
		{"name":"One","context":"Unfiltered","expression":{"type":"Literal","valueType":"{urn:hl7-org:elm-types:r1}Boolean","value":"true"}}]}}}`
	p := linked(t, text, "L")
	for define, want := range map[string]string{"Own": "", "One": "", "All": "L:7:1: define All is of context Unfiltered", "By Way": "L:7:1: define All is of context Unfiltered"} {
		c := plan.CompileMeasure(p, plan.NewModel(elements), "L", []plan.Want{{Define: define}})
		got := ""
		for _, d := range c.Problems {
			got += d.Error()
		}
		if (want == "") != (got == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", define, got)
		}
	}
}

// A function's value set is the one that it is called with; what names no value set is no empty one.
func TestValueSetOfAFunction(t *testing.T) {
	asks := func(set string) *plan.Compiled {
		const code = `{"type":"Property","path":"code","scope":"O"}`
		text := `{"library":{"identifier":{"id":"L"},"valueSets":{"def":[{"name":"Rates","id":"urn:rates"}]},"statements":{"def":[
			{"name":"Is","type":"FunctionDef","operand":[{"name":"code"},{"name":"set"}],"expression":
				{"type":"InValueSet","locator":"3:1-3:9","code":{"type":"OperandRef","name":"code"},"valuesetExpression":{"type":"OperandRef","name":"set"}}},
			{"name":"D","locator":"7:1-8:20","expression":{"type":"Exists","operand":{"type":"Query","source":[{"alias":"O","expression":` + retrieve("qicore-observation") + `}],
				"where":{"type":"FunctionRef","name":"Is","operand":[` + code + `,` + set + `]}}}}]}}}`
		p := linked(t, text, "L")
		return plan.CompileMeasure(p, worldModel(), "L", []plan.Want{{Define: "D"}})
	}
	if c := asks(`{"type":"ValueSetRef","name":"Rates"}`); len(c.Problems) > 0 || len(c.ValueSets) != 1 || c.ValueSets[0] != "urn:rates" {
		t.Errorf("value sets %v, %v", c.ValueSets, c.Problems)
	}
	for set, want := range map[string]string{`{"type":"ValueSetRef","locator":"8:3-8:9","name":"Gone"}`: "L:8:3: no value set named Gone", literal("String", "Rates"): "L:3:1: InValueSet of something else than a value set"} {
		if c := asks(set); len(c.Problems) != 1 || c.Problems[0].Error() != want {
			t.Errorf("%v, want %s", c.Problems, want)
		}
	}
}

// The elements of a code that is written out are texts.
func TestElementsOfACode(t *testing.T) {
	for path, want := range map[string]string{"code": "1", "system": "urn:cs"} {
		if got := evaluate(t, "D", `{"type":"Property","path":"`+path+`","source":{"type":"CodeRef","name":"one"}}`); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
