package measures

import (
	"path/filepath"
	"strings"
	"testing"

	"farr/datasets"
)

// TestResultsOfAnotherVersion: results whose tables have other columns are refused with the table,
// the column and what to do.
func TestResultsOfAnotherVersion(t *testing.T) {
	store, err := datasets.CreateStore(t.Context(), filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	staging, err := store.Begin(t.Context(), KindResults)
	if err != nil {
		t.Fatal(err)
	}
	defer staging.Close()
	recipe := map[string]any{recipeEngine: "1"}
	key, err := datasets.KeyOf(KindResults, recipe, nil)
	if err != nil {
		t.Fatal(err)
	}
	var tables []datasets.Table
	for _, r := range resultTables {
		if r.name == tableRate {
			r.columns = r.columns[:len(r.columns)-1]
		}
		tables = append(tables, datasets.Table{Name: r.name, Columns: r.columns})
	}
	sn, err := staging.Publish(t.Context(), datasets.Manifest{Kind: KindResults, Key: key, Recipe: recipe, Tables: tables})
	if err != nil {
		t.Fatal(err)
	}
	_, err = OpenResults(t.Context(), store, sn)
	if err == nil {
		t.Fatal("results of another version were opened")
	}
	for _, want := range []string{"table cohort_rate has no column", "measure engine 1 computed", "this farr has engine " + engineVersion, "farr measure run"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nis without %q", err, want)
		}
	}
}
