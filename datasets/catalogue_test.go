package datasets

import (
	"slices"
	"testing"
)

// A type's dates that order its rows are columns of its main table, and clinical types have one.
func TestCatalogueOrder(t *testing.T) {
	all, err := Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, r := range all {
		found[r.Type] = r.Order
		for _, name := range r.Order {
			if !slices.ContainsFunc(r.Tables[0].Columns, func(c Column) bool { return c.Name == name && c.Type == Timestamp }) {
				t.Errorf("%s: no date column %s in %s", r.Type, name, r.Tables[0].Name)
			}
		}
	}
	for typ, want := range map[string][]string{"Procedure": {"performed_start"}, "Condition": {"onset_start", "recorded_date"}, "Organization": nil} {
		if !slices.Equal(found[typ], want) {
			t.Errorf("%s is ordered by %v, want %v", typ, found[typ], want)
		}
	}
}
