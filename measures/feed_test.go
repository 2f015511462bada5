package measures

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"farr/datasets"
)

// TestFeeds: a type that the export has not is never loaded, and what rests on it lacks it in every period; where the source is said not to
// have it, nothing lacks. Nothing in the table of feeds is as fine as a day.
func TestFeeds(t *testing.T) {
	export, key := newExport(t)
	// old makes a file of records that all are of long ago.
	old := func(name, text string) {
		t.Helper()
		text = regexp.MustCompile(`"20[0-9]{2}-`).ReplaceAllString(text, `"2009-`)
		if err := os.WriteFile(filepath.Join(export, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	unpacked := func(name string) string {
		t.Helper()
		packed := filepath.Join(export, name+".gz")
		text := gunzipped(t, packed)
		if err := os.Remove(packed); err != nil {
			t.Fatal(err)
		}
		return text
	}
	procedures := unpacked("Procedure.ndjson")
	store, err := datasets.CreateStore(t.Context(), filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	never := "" // types, whoever reads them
	lacking := func(expect ...string) (string, []string) {
		report, err := datasets.Extract(t.Context(), store, datasets.ExtractRequest{
			Source: export, Zone: "America/New_York", SitesFile: filepath.Join(export, "sites.csv"), Key: key, Expect: expect})
		if err != nil {
			t.Fatal(err)
		}
		extract, err := store.Open(report.Snapshot)
		if err != nil {
			t.Fatal(err)
		}
		_, results := study{store, key, extract}.run(t, func(r *Request) {
			r.Measures, r.Cohorts = []string{"breast-cancer-screening", "hba1c-poor-control"}, []string{"births-early-prenatal-care"}
		})
		state := ""
		never = ""
		for _, f := range results.Feeds() {
			if f.State == FeedNever {
				never += f.Resource + " "
			}
			if f.Table == "procedure" {
				state += f.State
			}
			for _, day := range []time.Time{f.First, f.Last} {
				if !day.IsZero() && day.Day() != 1 {
					t.Errorf("%+v says a day", f)
				}
			}
		}
		var parts []string
		for _, x := range results.Incomplete() {
			if x.Resource == "Procedure" {
				parts = append(parts, x.Definition+" "+x.Part+" "+x.Period)
			}
		}
		return state, parts
	}
	state, parts := lacking()
	if state != FeedNever {
		t.Errorf("procedures are %q", state)
	}
	for _, want := range []string{"breast-cancer-screening denominator-exclusion 2023", "breast-cancer-screening numerator P12M/2024-12", "births-early-prenatal-care entry study", "births-early-prenatal-care rule one-birth 2024"} {
		if !slices.Contains(parts, want) {
			t.Errorf("%s lacks nothing", want)
		}
	}
	for _, x := range parts {
		if strings.HasPrefix(x, "hba1c") || strings.Contains(x, "initial-population") || strings.Contains(x, "rule term") {
			t.Errorf("%s lacks procedures", x)
		}
	}
	if state, parts := lacking("Patient", "Coverage", "Encounter", "Condition", "Observation", "MedicationRequest"); state != FeedUnexpected || len(parts) != 0 {
		t.Errorf("procedures that nobody expects are %q, and %d parts lack them", state, len(parts))
	}
	if lacking("Patient", "Procedure", "ServiceRequest"); never != "Procedure ServiceRequest " { // no definition reads the latter
		t.Errorf("never came: %s", never)
	}
	// Records that all are of long ago are as good as none.
	old("Procedure.ndjson", procedures)
	if state, again := lacking(); state != FeedStopped || !slices.Equal(again, parts) {
		t.Errorf("procedures of long ago are %q, and lack in %d parts, not in %d", state, len(again), len(parts))
	}
	old("Encounter.ndjson", unpacked("Encounter.ndjson"))
	if state, _ := lacking(); state != FeedStopped {
		t.Errorf("procedures of long ago are %q where the encounters are, too", state)
	}
	if _, err := datasets.Extract(t.Context(), store, datasets.ExtractRequest{Source: export, Key: key, Expect: []string{"Observations"}}); err == nil || !strings.Contains(err.Error(), `"Observations"`) {
		t.Errorf("a type that is none: %v", err)
	}
}

func gunzipped(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
