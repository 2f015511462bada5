package plan_test

import (
	"fmt"
	"testing"

	"farr/measures/internal/plan"
)

// A function that looks at other data says the same of the elements of a define's list, for which it is computed as a table of
// its own, as of those of a retrieve, for which it is computed in place.
func TestAnswers(t *testing.T) {
	seen := retrieve("qicore-observation")
	ref := func(name string) string { return fmt.Sprintf(`{"type":"ExpressionRef","name":%q}`, name) }
	of := func(scope, path string) string {
		return fmt.Sprintf(`{"type":"Property","scope":%q,"path":%q}`, scope, path)
	}
	query := func(source, name, clauses string) string {
		return fmt.Sprintf(`{"type":"Query","locator":"7:5-7:9","source":[{"alias":%q,"expression":%s}],"let":[],"relationship":[],%s}`, name, source, clauses)
	}
	call := func(name string) string {
		return fmt.Sprintf(`{"type":"FunctionRef","name":"F","operand":[{"type":"AliasRef","name":%q}]}`, name)
	}
	earlier := query(seen, "Y", `"where":`+op("Less", of("Y", "issued"), of("X", "issued")))
	for name, c := range map[string]struct {
		function string
		inPlace  bool
	}{
		"a number":                      {function: over("Count", earlier)},
		"null":                          {function: fmt.Sprintf(`{"type":"Property","path":"issued","source":%s}`, over("First", query(earlier, "Z", `"where":`+op("Equal", of("Z", "status"), literal("String", "none")))))},
		"a resource":                    {function: over("First", earlier)},
		"true and false":                {function: op("Exists", earlier)},
		"an interval":                   {function: interval(of("X", "issued"), over("Max", query(earlier, "Z", `"return":{"distinct":false,"expression":`+of("Z", "issued")+`}`)))},
		"a list":                        {function: earlier, inPlace: true},
		"what may end the evaluation":   {function: op("IsNull", op("SingletonFrom", earlier)), inPlace: true},
		"what asks for its own element": {function: of("X", "issued"), inPlace: true},
	} {
		value := call("E")
		if name == "a list" {
			value = over("Count", value)
		}
		asks := func(source string) string {
			return query(source, "E", `"return":{"distinct":false,"expression":`+value+`}`)
		}
		list := query(ref("Seen"), "S", `"where":`+op("Equal", of("S", "status"), literal("String", "final"))) // of a define's list, and a part of it
		model := worldModel()
		got, issues := evaluateOn(t, model, "F(X)", c.function, "Seen", seen, "Final", list, "D", asks(ref("Final")))
		want, wantIssues := evaluateOn(t, model, "F(X)", c.function, "D", asks(query(seen, "S", `"where":`+op("Equal", of("S", "status"), literal("String", "final")))))
		if got == "" || got != want || issues != wantIssues {
			t.Errorf("%s: of a define's list %s (%s), of a retrieve %s (%s)", name, got, issues, want, wantIssues)
		}
		made := 0
		for _, s := range plan.CompileMeasure(program(t, "F(X)", c.function, "Seen", seen, "Final", list, "One", asks(ref("Final")), "Two", asks(ref("Seen"))), model, "L", []plan.Want{{Define: "One"}, {Define: "Two"}}).Statements {
			if s.Name == "F of Seen" {
				made++
			}
		}
		if (made == 1) == c.inPlace || made > 1 {
			t.Errorf("%s: %d tables of the function", name, made)
		}
	}
}
