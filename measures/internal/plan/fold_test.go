package plan_test

import (
	"strings"
	"testing"

	"farr/measures/internal/plan"
)

// An aggregate clause folds a list in its order; the expected values are worked out by hand.
func TestFold(t *testing.T) {
	r, x := let("R"), alias("X")
	append1 := func(v string) string { return op("Union", r, list(v)) }
	for name, c := range map[string]struct{ elm, want string }{
		"a product":                     {fold(nums(2, 3, 4), num(1), op("Multiply", r, x)), "24"},
		"order decides: ((10-2)-3)-4":   {fold(nums(2, 3, 4), num(10), op("Subtract", r, x)), "1"},
		"nothing to fold":               {fold(list(), num(7), op("Add", r, x)), "7"},
		"a null start, widened":         {fold(nums(2, 3), null, op("Add", op("Coalesce", r, num(0)), x)), "5"},
		"an integer start, then halves": {fold(nums(1, 2), num(0), op("Divide", op("Add", r, x), num(2))), "1.25"},
		"null once is null for good":    {fold(nums(1, 2), null, op("Add", r, x)), "null"},
		"a list grows, and its last is read": {fold(nums(1, 2, 3), list(),
			append1(op("Add", op("Coalesce", over("Last", r), num(0)), x))), "1 | 3 | 6"},
		"equal elements are one in a union": {fold(nums(5, 1, 5), list(), append1(x)), "5 | 1"},
		"a list that starts with elements":  {fold(nums(3), nums(1, 2), append1(op("Add", over("Last", r), x))), "1 | 2 | 5"},
		"a list read whole": {fold(nums(1, 2, 3), nums(1),
			append1(op("Add", over("Sum", r), x))), "1 | 2 | 5 | 11"},
		"a step may add nothing": {fold(nums(1, 2, 3), list(),
			`{"type":"If","condition":`+op("Greater", x, num(1))+`,"then":`+append1(x)+`,"else":`+r+`}`), "2 | 3"},
		"a fold within a fold": {fold(nums(1, 2), num(0), op("Add", r, strings.ReplaceAll(strings.ReplaceAll(
			fold(nums(10, 20), num(0), op("Add", let("R"), op("Multiply", alias("X"), alias("Y")))), `"X"`, `"Z"`), `"Y"`, `"X"`))), "90"},
		"intervals laid end to end": {fold(list(interval(day(2025, 1, 1), day(2025, 1, 10)), interval(day(2025, 1, 5), day(2025, 1, 6)), interval(day(2025, 3, 1), day(2025, 3, 2))), null,
			append1(interval(over("Max", list(op("Add", op("End", over("Last", r)), quantity("1", "day")), op("Start", x))),
				op("Add", over("Max", list(op("Add", op("End", over("Last", r)), quantity("1", "day")), op("Start", x))), quantity("2", "days"))))),
			"2025-01-01..2025-01-03 | 2025-01-05..2025-01-07 | 2025-03-01..2025-03-03"},
	} {
		t.Run(name, func(t *testing.T) {
			got := evaluate(t, "D", c.elm)
			if strings.Contains(c.want, "..") {
				got = intervals(got)
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// intervals keeps the first day of each end of rows of intervals of dates.
func intervals(rows string) string {
	var out []string
	for _, row := range strings.Split(rows, " | ") {
		c := strings.Split(row, ",")
		out = append(out, c[0][:10]+".."+c[len(c)-6][:10])
	}
	return strings.Join(out, " | ")
}

// An accumulator that is no value and no list of values is named with its place.
func TestFoldUnsupported(t *testing.T) {
	start := op("Distinct", nums(1))
	c := plan.CompileMeasure(program(t, "D", fold(nums(1), start, let("R"))), plan.NewModel(nil), "L", []plan.Want{{Define: "D"}})
	if len(c.Problems) != 1 || !strings.HasPrefix(c.Problems[0].Error(), "L:7:5: an aggregate clause") {
		t.Errorf("got %v", c.Problems)
	}
}
