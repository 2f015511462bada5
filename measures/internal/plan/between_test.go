package plan_test

import (
	"fmt"
	"testing"
)

func between(typ, unit, a, b string) string {
	return fmt.Sprintf(`{"type":%q,"precision":%q,"operand":[%s,%s]}`, typ, unit, a, b)
}

// The number of units between dates that are less precise than the unit is uncertain: a
// comparison of it holds where it holds for every number that it may be (CQL 1.5,
// "Uncertainty"). The expected values are worked out by hand.
func TestBetween(t *testing.T) {
	// From some day of 2024 to 2025-03-15 there are 2 to 14 whole months, 74 to 439 days.
	months := between("DurationBetween", "Month", day(2024), day(2025, 3, 15))
	days := between("DurationBetween", "Day", day(2024), day(2025, 3, 15))
	exact := between("DurationBetween", "Month", day(2024, 1, 15), day(2025, 3, 14))
	for name, c := range map[string]struct{ elm, want string }{
		"certainly more":            {op("Greater", months, num(1)), "true"},
		"perhaps more":              {op("Greater", months, num(7)), "-"},
		"certainly not more":        {op("Greater", months, num(14)), "false"},
		"perhaps equal":             {op("Equal", months, num(7)), "-"},
		"certainly not equal":       {op("Equal", months, num(30)), "false"},
		"days":                      {op("GreaterOrEqual", days, num(74)), "true"},
		"perhaps so many days":      {op("GreaterOrEqual", days, num(75)), "-"},
		"a month short of fourteen": {op("Equal", exact, num(13)), "true"},
		"arithmetic of it":          {op("Add", months, num(1)), "3,15"},
		"a sum of it":               {op("Greater", op("Add", months, num(1)), num(2)), "true"},
		"a product of it":           {op("Less", op("Multiply", months, num(-1)), num(-1)), "true"},
		"less of it":                {op("Greater", op("Subtract", num(20), months), num(6)), "-"},
		"arithmetic of a certain":   {op("Add", exact, num(1)), "14"},
		"whole years of a year":     {op("Greater", between("DurationBetween", "Year", day(2020), day(2025)), num(3)), "true"},
		"boundaries":                {op("Equal", between("DifferenceBetween", "Month", day(2024, 1, 31), day(2024, 2, 1)), num(1)), "true"},
		"uncertain boundaries":      {op("Less", between("DifferenceBetween", "Day", day(2024, 1), day(2024, 3, 1)), num(31)), "-"},
		"in one that may be either": {op("Greater", ifThen(op("Greater", num(2), num(1)), months, exact), num(7)), "-"},
	} {
		if got := evaluate(t, "D", c.elm); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// What is beyond the ends of a type is null (CQL 1.5, "Add").
func TestOverflow(t *testing.T) {
	days := func(x string) string { return op("Add", x, quantity("10", "years")) }
	for name, c := range map[string]struct{ elm, want string }{
		"a day past the last":      {op("IsNull", days(day(9999, 12, 31))), "true"},
		"a day before the first":   {op("IsNull", op("Subtract", day(1, 1, 1), quantity("1", "day"))), "true"},
		"a day":                    {op("Equal", days(day(2014, 1, 31)), day(2024, 1, 31)), "true"},
		"more than the greatest":   {op("IsNull", op("Add", num(2147483647), num(1))), "true"},
		"a product":                {op("IsNull", op("Multiply", num(65536), num(65536))), "true"},
		"the greatest is a number": {op("Add", num(2147483646), num(1)), "2147483647"},
	} {
		if got := evaluate(t, "D", c.elm); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
