package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"farr/datasets"
	"farr/datasets/risk"
	"farr/internal/synth"
	"farr/measures"
)

// TestDemoPages makes what the demo makes, of fewer patients and for both audiences, from
// the export on, and opens every page of it in a browser: no request off the bundle, no
// console error, no breach of the page's own policy, no axe violation, no sideways scroll.
func TestDemoPages(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	dir := t.TempDir()
	export := filepath.Join(dir, "export")
	if _, err := synth.Generate(t.Context(), synth.Options{
		Patients: 3000, Seed: 1, Sites: 12, Out: export,
		Start: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC),
	}); err != nil {
		t.Fatal(err)
	}
	key, err := datasets.CreateKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := datasets.CreateStore(filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	extracted, err := datasets.Extract(t.Context(), store, datasets.ExtractRequest{
		Source: export, SourceName: "riverside", Zone: "America/New_York", SitesFile: filepath.Join(export, "sites.csv"), Key: key,
	})
	if err != nil {
		t.Fatal(err)
	}
	extract, err := store.Open(extracted.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := risk.Record(t.Context(), store, extract, risk.Options{}); err != nil {
		t.Fatal(err)
	}
	library, err := measures.LoadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	periods, err := measures.ParsePeriods("2024-01..2025-12,P12M/2024-01..2025-12")
	if err != nil {
		t.Fatal(err)
	}
	ran, err := measures.Run(t.Context(), store, measures.Request{Extract: extract, Key: key, Library: library, Periods: periods})
	if err != nil {
		t.Fatal(err)
	}
	sn, err := store.Open(ran.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	results, err := measures.OpenResults(t.Context(), store, sn)
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
			for _, finding := range browserCheck(t, bundle.Dir) {
				t.Error(finding)
			}
		})
	}
}
