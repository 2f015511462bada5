package population

import (
	"reflect"
	"strings"
	"testing"

	"farr/measures/internal/content"
)

// members are episodes by letter; a letter may be followed by = and its value.
func members(text string) Members {
	m := Members{}
	for _, word := range strings.Fields(text) {
		name, value, has := strings.Cut(word, "=")
		if m[name] = nil; has {
			v := float64(value[0] - '0')
			m[name] = &v
		}
	}
	return m
}

func TestCount(t *testing.T) {
	for _, c := range []struct {
		name        string
		populations []content.Population
		found       []string
		want        []Tally
	}{
		{
			"proportion: each is within the one above, and an exception is not in the numerator",
			[]content.Population{{Code: "initial-population"}, {Code: "denominator"}, {Code: "denominator-exclusion"}, {Code: "numerator"}, {Code: "denominator-exception"}},
			[]string{"a b c d", "a b c d x", "b x", "a b x", "a c x"},
			[]Tally{{Count: 4}, {Count: 4}, {Count: 1}, {Count: 1}, {Count: 1}},
		},
		{
			"nobody in the initial population is in any",
			[]content.Population{{Code: "initial-population"}, {Code: "denominator"}, {Code: "numerator"}},
			[]string{"", "a", "a"},
			[]Tally{{}, {}, {}},
		},
		{
			"ratio: observations of what is left after the exclusions, null ones not",
			[]content.Population{{Code: "initial-population"}, {Code: "denominator", ID: "d"}, {Code: "denominator-exclusion"}, {Code: "numerator", ID: "n"},
				{Code: "numerator-exclusion"}, {Code: "measure-observation", Observes: "d"}, {Code: "measure-observation", Observes: "n"}},
			[]string{"a b c d", "a b c d", "d", "a b d", "b", "a=7 b=3 c d=9", "a=1 b=1"},
			[]Tally{{Count: 4}, {Count: 4}, {Count: 1}, {Count: 2}, {Count: 1}, {2, []float64{3, 7}}, {1, []float64{1}}},
		},
		{
			"continuous variable",
			[]content.Population{{Code: "initial-population"}, {Code: "measure-population", ID: "p"}, {Code: "measure-population-exclusion"}, {Code: "measure-observation"}},
			[]string{"a b", "a b c", "b", "a=5 b=6"},
			[]Tally{{Count: 2}, {Count: 2}, {Count: 1}, {1, []float64{5}}},
		},
	} {
		var found []Members
		for _, f := range c.found {
			found = append(found, members(f))
		}
		if got := Count(content.Group{Populations: c.populations}, found); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
