package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"farr/measures/internal/elm"
	"farr/measures/internal/plan"
)

// What a file says in place of a literal, or leaves out, is named with its place and never
// becomes SQL.
func TestHostileELM(t *testing.T) {
	for name, c := range map[string]struct{ elm, want string }{
		"a query for an integer":  {literal("Integer", "(SELECT count(*) FROM person)"), "the literal is no Integer"},
		"a condition for a truth": {literal("Boolean", "true OR 1=1"), "the literal is no Boolean"},
		"a word for a decimal":    {literal("Decimal", "1e400"), "the literal is no Decimal"},
		"beyond the range":        {literal("Integer", "2147483649"), "beyond the range"},
		"a text with a NUL":       {literal("String", "a\x00b"), "a character that no text may have"},
		"a quantity that is none": {`{"type":"Quantity","value":"1) OR (1","unit":"mg"}`, "no Decimal"},
		"one operand of two":      {op("And", literal("Boolean", "true")), "And needs 2 operands and has 1"},
		"none of one":             {op("Exists"), "Exists needs 1 operands and has 0"},
	} {
		e := c.elm
		if strings.Contains(e, "\\x00") {
			e = strings.ReplaceAll(e, "\\x00", "\\u0000") // as JSON writes it
		}
		got := plan.CompileMeasure(program(t, "D", e), plan.NewModel(nil), "L", []plan.Want{{Define: "D"}})
		if len(got.Problems) != 1 || !strings.Contains(got.Problems[0].Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, got.Problems, c.want)
		}
	}
}

// A node that lacks what its type needs is a mistake, or null: never the end of the program.
func TestNodesOfNothing(t *testing.T) {
	for _, typ := range plan.NodeTypes() {
		for _, e := range []string{
			fmt.Sprintf(`{"type":%q}`, typ), with(op(typ, null), "source", null), with(op(typ, null, null), "source", list()), op(typ, list(), list()),
			with(op(typ, null, null, null), "source", list(list())), op(typ, interval(null, null), interval(null, null)), op(typ, num(1), literal("String", "x"), null),
		} {
			func() {
				defer func() {
					if r := recover(); r != nil {
						t.Errorf("%s: %v", e, r)
					}
				}()
				plan.CompileMeasure(program(t, "D", e), worldModel(), "L", []plan.Want{{Define: "D"}})
			}()
		}
	}
}

// A mistake that has no node of its own has the place of what is being compiled.
func TestPlaceOfUnion(t *testing.T) {
	tuple := func(items string) string {
		return `{"type":"Tuple","element":[{"name":"a","value":` + items + `}]}`
	}
	c := plan.CompileMeasure(program(t, "D", op("Union", list(tuple(nums(1, 2))), list(tuple(list(literal("String", "x"), literal("String", "y")))))), plan.NewModel(nil), "L", []plan.Want{{Define: "D"}})
	if len(c.Problems) != 1 || !strings.HasPrefix(c.Problems[0].Error(), "L:7:") {
		t.Errorf("%v", c.Problems)
	}
}

// Functions that double at every step end the compiler with a diagnostic.
func TestFunctionsThatGrow(t *testing.T) {
	defs := []string{`{"type":"FunctionDef","name":"f0","expression":` + literal("Boolean", "true") + `}`}
	for i := 1; i <= 40; i++ {
		call := fmt.Sprintf(`{"type":"FunctionRef","locator":"3:1-3:9","name":"f%d","operand":[]}`, i-1)
		defs = append(defs, fmt.Sprintf(`{"type":"FunctionDef","name":"f%d","expression":%s}`, i, op("Implies", call, call)))
	}
	defs = append(defs, `{"name":"D","expression":{"type":"FunctionRef","name":"f40","operand":[]}}`)
	l, err := elm.Read([]byte(`{"library":{"identifier":{"id":"L"},"statements":{"def":[` + strings.Join(defs, ",") + `]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	p, mistakes := elm.Link(map[string]*elm.Library{"L": l}, "L")
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	c := plan.CompileMeasure(p, plan.NewModel(nil), "L", []plan.Want{{Define: "D"}})
	if len(c.Problems) == 0 || !strings.Contains(c.Problems[0].Message, "too large") {
		t.Errorf("%d problems, want that the logic is too large", len(c.Problems))
	}
}

// Defines whose names differ by case, or by where the dot is, are two.
func TestNamesOfTables(t *testing.T) {
	if got := evaluate(t, "foo", literal("Boolean", "false"), "Foo", literal("Boolean", "true"),
		"D", op("And", `{"type":"ExpressionRef","name":"Foo"}`, op("Not", `{"type":"ExpressionRef","name":"foo"}`))); got != "true" {
		t.Errorf("Foo and not foo is %s", got)
	}
	a, err := elm.Read([]byte(`{"library":{"identifier":{"id":"A"},"includes":{"def":[{"localIdentifier":"AB","path":"A.B"}]},"statements":{"def":[
		{"name":"B.C","expression":` + literal("Boolean", "false") + `},
		{"name":"D","expression":` + op("And", `{"type":"ExpressionRef","name":"B.C"}`, `{"type":"ExpressionRef","libraryName":"AB","name":"C"}`) + `}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := elm.Read([]byte(`{"library":{"identifier":{"id":"A.B"},"statements":{"def":[{"name":"C","expression":` + literal("Boolean", "true") + `}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	p, mistakes := elm.Link(map[string]*elm.Library{"A": a, "A.B": b}, "A")
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	c := plan.CompileMeasure(p, plan.NewModel(nil), "A", []plan.Want{{Define: "D"}})
	tables := map[string]bool{}
	for _, s := range c.Statements {
		tables[s.Table] = true
	}
	if len(c.Problems) > 0 || len(tables) != 3 {
		t.Errorf("tables %v, problems %v: want three of each define", tables, c.Problems)
	}
}

// A define that stands twice is a mistake of the library.
func TestDefineTwice(t *testing.T) {
	l, err := elm.Read([]byte(`{"library":{"identifier":{"id":"L"},"statements":{"def":[
		{"name":"D","locator":"3:1-3:9","expression":{"type":"Null"}},{"name":"D","locator":"5:1-5:9","expression":{"type":"Null"}}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, mistakes := elm.Link(map[string]*elm.Library{"L": l}, "L"); len(mistakes) != 1 || !strings.Contains(mistakes[0].Error(), "line 3, and again on line 5") {
		t.Errorf("%v", mistakes)
	}
}
