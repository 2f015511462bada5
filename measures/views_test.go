package measures

import (
	"slices"
	"testing"
)

// TestViews: what is told to an author is there to be read, with the columns of the
// package's story.
func TestViews(t *testing.T) {
	export, key := newExport(t)
	s := newStudy(t, export, key, "shifted")
	views, err := Views(t.Context(), s.store, s.extract, key)
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string][]string{}
	for _, v := range views {
		for _, c := range v.Columns {
			columns[v.Name] = append(columns[v.Name], c.Name)
		}
	}
	for view, want := range map[string][]string{
		"seen":               {"pid", "period", "low", "high", "gender", "birth_date", "age"},
		"result":             {"pid", "rid", "code", "moment", "value_num", "value_unit"},
		"encounter":          {"period_start", "period_start_prec", "period_start_lo", "period_start_hi"},
		"observation_period": {"pid", "period_start", "period_end"},
	} {
		for _, column := range want {
			if !slices.Contains(columns[view], column) {
				t.Errorf("%s has no column %s: %v", view, column, columns[view])
			}
		}
	}
}
