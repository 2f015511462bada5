package plan_test

import "testing"

// Products and quotients of quantities have the unit that UCUM writes for them; the expected
// values are worked out by hand.
func TestScale(t *testing.T) {
	q := quantity
	for name, c := range map[string]struct{ elm, want string }{
		"a number of tablets by strength":   {op("Multiply", q("5", "1"), q("0.25", "mg")), "1.25,mg"},
		"per day":                           {op("Divide", q("1.25", "mg"), q("5", "d")), "0.25,mg/d"},
		"per day in words":                  {op("Divide", q("1.25", "mg"), q("5", "days")), "0.25,mg/d"},
		"a volume by a concentration":       {op("Multiply", q("4", "mL"), q("2", "mg/mL")), "8.0,mg"},
		"a concentration by a volume":       {op("Multiply", q("2", "mg/mL"), q("4", "mL")), "8.0,mg"},
		"of one kind, a number":             {op("Divide", q("1", "g"), q("500", "mg")), "2.0,1"},
		"by a number":                       {op("Divide", q("3", "mg"), q("2", "1")), "1.5,mg"},
		"an area":                           {op("Multiply", q("2", "m"), q("3", "m")), "6.0,m2"},
		"through a unit of two":             {op("Divide", q("6", "mg"), q("2", "mL/h")), "3.0,mg/(mL/h)"},
		"nothing divides by nothing":        {op("Divide", q("6", "mg"), q("0", "d")), "-,mg/d"},
		"compared in the unit of the dose":  {op("Greater", op("Divide", op("Multiply", q("5", "1"), q("0.25", "mg")), q("5", "d")), q("0.125", "mg/d")), "true"},
		"not compared in another unit":      {op("Greater", op("Divide", q("1.25", "mg"), q("5", "d")), q("0.125", "mg")), "-"},
		"units that are data":               {op("Multiply", fold(list(q("4", "mL")), null, alias("X")), fold(list(q("2", "mg/mL")), null, alias("X"))), "8.0,mg"},
		"a quotient of units that are data": {op("Divide", fold(list(q("6", "mg")), null, alias("X")), fold(list(q("2", "d")), null, alias("X"))), "3.0,mg/d"},
	} {
		if got := evaluate(t, "D", c.elm); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
