package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"farr/measures"
)

// TestDemoPages makes what the demo makes, of fewer patients and for both audiences, from
// the export on, and opens every page of it in a browser: no request off the bundle, no
// console error, no breach of the page's own policy, no axe violation, no sideways scroll.
func TestDemoPages(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	dir, export := t.TempDir(), synthetic(t, 3000, 1, 12)
	results := measured(t, export, "2024-01..2025-12,P12M/2024-01..2025-12", measures.Request{})
	library, err := measures.LoadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	for _, audience := range []Audience{Internal, External} {
		t.Run(string(audience), func(t *testing.T) {
			bundle, err := Build(t.Context(), Request{
				Results: results, KPIFile: "../jobs/examples/demo/kpi.yaml", Audience: audience,
				Organisation: "Riverside Health", Title: "Quality indicators", Out: filepath.Join(dir, string(audience)),
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range library.IDs(measures.KindCohort) {
				text, err := os.ReadFile(filepath.Join(bundle.Dir, "cohorts", id+".html"))
				if err != nil || !strings.Contains(string(text), `<h2 id="outcomes">`) || !strings.Contains(string(text), `<h2 id="table-1">`) {
					t.Errorf("cohort %s is not shown with outcomes and Table 1: %v", id, err)
				}
			}
			if audience == Internal {
				checkPlanted(t, export, bundle.Dir)
				checkHeadlines(t, read(t, bundle.Dir))
			}
			checkStatistics(t, read(t, bundle.Dir))
			checkRatesAreWhole(t, read(t, bundle.Dir))
			checkIndexAgrees(t, read(t, bundle.Dir))
			if audience == Internal && os.Getenv("FARR_BROWSER") != "all" {
				return // make browser opens it too
			}
			for _, finding := range browserCheck(t, bundle.Dir) {
				t.Error(finding)
			}
		})
	}
	in := inputOf(results)
	known := namesIn(in)
	for i := range 12 {
		known = append(known, fmt.Sprintf("Clinic %02d", i+1))
	}
	for _, of := range []any{&in.definitions, &in.careGaps, &in.attrition, &in.outcomes} {
		inOtherLetters(reflect.ValueOf(of))
	}
	for _, audience := range []Audience{Internal, External} {
		t.Run("language "+string(audience), func(t *testing.T) {
			checkAllIsSaid(t, built(t, in, Request{Audience: audience, LanguageFile: pseudo(t), Out: filepath.Join(t.TempDir(), "out")}), known...)
		})
	}
}
