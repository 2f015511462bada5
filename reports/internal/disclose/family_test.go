package disclose

import (
	"testing"

	"farr/reports/internal/disclose/attack"
)

// TestRatesOfOneMeasure: rates of one measure that begin with the same persons are attacked together. The one hides how many
// were excluded, and with them all persons; the other would show all persons.
func TestRatesOfOneMeasure(t *testing.T) {
	rate := func(name, family string, denominator int64) ExactMeasure {
		all := row("2024", "all", "all", 100, denominator)
		all.Initial, all.Excluded = 240, 240-denominator
		return ExactMeasure{Name: name, Family: family, Criteria: Criteria{"everybody", name, name}, Scale: Percent, Headline: "2024", Rows: []Exact{all}}
	}
	recovered := func(family string) int {
		b := border(t)
		for _, x := range []ExactMeasure{rate("m-1", family, 237), rate("m-2", family, 240)} {
			if _, err := b.Measure(t.Context(), x); err != nil {
				t.Fatal(err)
			}
		}
		joined, err := Together(b.Released())
		if err != nil {
			t.Fatal(err)
		}
		findings, err := joined.Attack(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(attack.Recoverable(findings))
	}
	if n := recovered(""); n == 0 {
		t.Error("apart nothing can be recovered: the test shows nothing")
	}
	if n := recovered("measure m"); n != 0 {
		t.Errorf("%d hidden numbers can be recovered from two rates of one measure", n)
	}
}
