package reports

import (
	"path/filepath"
	"testing"
	"time"

	"farr/datasets"
	"farr/datasets/risk"
	"farr/internal/synth"
	"farr/measures"
)

// synthetic writes an export of made-up patients, three years long, and gives its folder.
func synthetic(t *testing.T, patients, seed, sites int) string {
	t.Helper()
	export := filepath.Join(t.TempDir(), "export")
	if _, err := synth.Generate(t.Context(), synth.Options{
		Patients: patients, Seed: uint64(seed), Sites: sites, Out: export,
		Start: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC),
	}); err != nil {
		t.Fatal(err)
	}
	return export
}

// measured extracts an export to a store of its own, with the residual risk, and gives the results of a request.
func measured(t *testing.T, export, periods string, req measures.Request) *measures.Results {
	t.Helper()
	return measuredOf(t, datasets.ExtractRequest{
		Source: export, SourceName: "riverside", Zone: "America/New_York", SitesFile: filepath.Join(export, "sites.csv"),
	}, periods, req)
}

// measuredOf is measured of what an extract is asked for.
func measuredOf(t *testing.T, from datasets.ExtractRequest, periods string, req measures.Request) *measures.Results {
	t.Helper()
	dir := t.TempDir()
	key, err := datasets.CreateKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := datasets.CreateStore(t.Context(), filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	from.Key = key
	extracted, err := datasets.Extract(t.Context(), store, from)
	if err != nil {
		t.Fatal(err)
	}
	if req.Extract, err = store.Open(extracted.Snapshot); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := risk.Record(t.Context(), store, req.Extract, risk.Options{}); err != nil {
		t.Fatal(err)
	}
	if req.Library, err = measures.LoadLibrary(); err != nil {
		t.Fatal(err)
	}
	if req.Periods, err = measures.ParsePeriods(periods); err != nil {
		t.Fatal(err)
	}
	req.Key = key
	ran, err := measures.Run(t.Context(), store, req)
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
	return results
}
