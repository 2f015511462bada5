package population

import (
	"context"
	"fmt"
	"reflect"
	"sort"
	"strings"
	"testing"

	"farr/internal/duck"
	"farr/measures/internal/content"
)

// members is a SELECT of episodes by letter, or of the patient as a dash; a letter may
// be followed by = and its value, nothing for null.
func members(text string) string {
	var rows []string
	for _, word := range strings.Fields(text) {
		name, value, _ := strings.Cut(word, "=")
		if value == "" {
			value = "NULL"
		}
		rows = append(rows, fmt.Sprintf("(0::BIGINT, '%s'::VARCHAR, %s::DOUBLE)", name, value))
	}
	if rows == nil {
		rows = []string{"(NULL::BIGINT, NULL::VARCHAR, NULL::DOUBLE)"}
		return "SELECT * FROM (VALUES " + rows[0] + ") t(subject_no, episode, value) WHERE false"
	}
	return "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") t(subject_no, episode, value)"
}

func TestSQL(t *testing.T) {
	ctx := context.Background()
	db, err := duck.Open(ctx, duck.Config{Threads: 1, MemoryLimit: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct {
		name  string
		group content.Group
		found []string
		want  []string // of each population, who is in it, or the values observed
	}{
		{
			"proportion: each is within the one above, and an exception is not in the numerator",
			content.Group{Basis: "Encounter", Populations: []content.Population{{Code: Initial}, {Code: Denominator}, {Code: DenominatorExclusion}, {Code: Numerator}, {Code: DenominatorException}}},
			[]string{"a b c d", "a b c d x", "b x", "a b x", "a c x"},
			[]string{"a b c d", "a b c d", "b", "a", "c"},
		},
		{
			"proportion: numerator exclusions are within the numerator",
			content.Group{Basis: "Encounter", Populations: []content.Population{{Code: Initial}, {Code: Denominator}, {Code: Numerator}, {Code: NumeratorExclusion}}},
			[]string{"a b c", "a b", "a c", "a b c"},
			[]string{"a b c", "a b", "a", "a"},
		},
		{
			"nobody in the initial population is in any",
			content.Group{Basis: "Encounter", Populations: []content.Population{{Code: Initial}, {Code: Denominator}, {Code: Numerator}}},
			[]string{"", "a", "a"},
			[]string{"", "", ""},
		},
		{
			"the order of the populations is the author's; a list may hold an episode twice",
			content.Group{Basis: "Encounter", Populations: []content.Population{{Code: Numerator}, {Code: Denominator}, {Code: Initial}}},
			[]string{"a a b", "a a", "a a b"},
			[]string{"a", "a", "a b"},
		},
		{
			"patients: one subject, whatever its lists",
			content.Group{Basis: "boolean", Populations: []content.Population{{Code: Initial}, {Code: Denominator}, {Code: Numerator}}},
			[]string{"-", "-", "-"},
			[]string{"-", "-", "-"},
		},
		{
			"ratio: numerator and denominator are independent; observations of what is left after the exclusions, null ones not",
			content.Group{Basis: "Encounter", Scoring: "ratio", Populations: []content.Population{{Code: Initial}, {Code: Denominator, ID: "d"}, {Code: DenominatorExclusion}, {Code: Numerator, ID: "n"},
				{Code: NumeratorExclusion}, {Code: Observation, Observes: "d"}, {Code: Observation, Observes: "n"}}},
			[]string{"a b c d", "a b c d", "d", "a b d", "b x", "a=7 b=3 c d=9", "a=1 b=1 d=2 x=5"},
			[]string{"a b c d", "a b c d", "d", "a b d", "b", "3 7", "1 2"},
		},
		{
			"continuous variable: what is observed is the measure population, said or not",
			content.Group{Basis: "Encounter", Populations: []content.Population{{Code: Initial}, {Code: Measured}, {Code: MeasuredExclusion}, {Code: Observation}}},
			[]string{"a b d", "a b c d", "b", "a=5 b=6 d=2.5"},
			[]string{"a b d", "a b d", "b", "2.5 5"},
		},
	} {
		var found []string
		for _, f := range c.found {
			found = append(found, members(f))
		}
		sql := SQL(c.group, found)
		if c.group.Basis == "Encounter" {
			// Letters stand for the ids of episodes.
			sql = strings.ReplaceAll(sql, "::UUID AS episode", "::VARCHAR AS episode")
		}
		rows, err := db.Query(ctx, c.name, "SELECT coalesce(episode::VARCHAR, '-'), COLUMNS('p[0-9]+')::VARCHAR FROM ("+sql+")")
		if err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, sql)
			continue
		}
		got := make([][]string, len(found))
		for rows.Next() {
			var subject string
			cells := make([]*string, len(found))
			into := []any{&subject}
			for i := range cells {
				into = append(into, &cells[i])
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			for i, cell := range cells {
				switch {
				case cell == nil || *cell == "false":
				case *cell == "true":
					got[i] = append(got[i], subject)
				default:
					got[i] = append(got[i], strings.TrimSuffix(*cell, ".0"))
				}
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
		var texts []string
		for _, g := range got {
			sort.Strings(g)
			texts = append(texts, strings.Join(g, " "))
		}
		if !reflect.DeepEqual(texts, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, texts, c.want)
		}
	}
}
