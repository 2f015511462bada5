package plan_test

import (
	"fmt"
	"testing"
)

// message is a Message of a severity about 7.
func message(condition, severity string) string {
	return fmt.Sprintf(`{"type":"Message","locator":"7:5-7:9","source":%s,"condition":%s,"code":%s,"severity":%s,"message":%s}`,
		num(7), condition, literal("String", "Odd"), literal("String", severity), literal("String", "it is odd"))
}

func ifThen(condition, then, otherwise string) string {
	return fmt.Sprintf(`{"type":"If","condition":%s,"then":%s,"else":%s}`, condition, then, otherwise)
}

// What ends an evaluation in CQL gives null and tells whose it was; the others go on.
func TestIssues(t *testing.T) {
	yes, no := literal("Boolean", "true"), literal("Boolean", "false")
	two, one := op("SingletonFrom", nums(1, 2)), op("SingletonFrom", op("Distinct", nums(1, 1)))
	several := "singleton from a list of more than one element"
	var visits = retrieve("qicore-observation")
	for name, c := range map[string]struct{ elm, want, issues string }{
		"two where one may be":                {two, "-", several},
		"equal elements are one":              {one, "1", ""},
		"of resources":                        {op("IsNull", op("SingletonFrom", visits)), "true", several},
		"not in the branch that is not taken": {ifThen(yes, num(3), two), "3", ""},
		"in the branch that is taken":         {ifThen(no, num(3), two), "-", several},
		"an error is null":                    {message(yes, "Error"), "-", "message Odd"},
		"an error whose condition is false":   {message(no, "Error"), "7", ""},
		"a warning changes nothing":           {message(yes, "Warning"), "7", ""},
		"a trace says nothing":                {message(yes, "Trace"), "7", ""},
		"an error in a branch not taken":      {ifThen(yes, num(3), message(yes, "Error")), "3", ""},
		"an error that depends on data":       {message(op("Greater", over("Count", visits), num(3)), "Error"), "-", "message Odd"},
	} {
		rows, issues := evaluateOn(t, worldModel(), "D", c.elm)
		if rows != c.want || issues != c.issues {
			t.Errorf("%s: got %s with issues %q, want %s with %q", name, rows, issues, c.want, c.issues)
		}
	}
}
