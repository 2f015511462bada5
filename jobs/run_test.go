package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"farr/datasets"
	"farr/internal/synth"
	"farr/measures"
)

// hospital is a folder with a small export, a key, targets and one job.
func hospital(t testing.TB, dirty float64) (dir string) {
	t.Helper()
	dir = t.TempDir()
	day := func(text string) time.Time { return at(t, text+"T00:00:00Z") }
	if _, err := synth.Generate(context.Background(), synth.Options{Patients: 60, Seed: 7, Sites: 3,
		Start: day("2024-01-01"), End: day("2025-12-31"), Out: filepath.Join(dir, "export"), Dirty: dirty}); err != nil {
		t.Fatal(err)
	}
	if _, err := datasets.CreateKey(filepath.Join(dir, "farr.key")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "kpi.yaml"), "kpis:\n  - measure: blood-pressure-control\n    target: 70%\n    owner: Primary care\n")
	writeFile(t, filepath.Join(dir, "nightly.yaml"), `name: nightly
schedule: {cron: 0 5 * * *, zone: America/New_York}
source: {dir: export, name: hospital, zone: America/New_York, sites: export/sites.csv}
store: store
key: farr.key
measures: [blood-pressure-control, emergency-visits]
periods: [last-12-months, P12M/last-2-months]
kpi: kpi.yaml
report: {out: reports, audience: internal, organisation: Example Health, title: Quality}
`)
	return dir
}

func runJob(t testing.TB, dir string) (*RunResult, error) {
	t.Helper()
	job, err := LoadJob(filepath.Join(dir, "nightly.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return Run(context.Background(), job, Options{})
}

// tree is every file below dir with its content.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	if err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[rel] = string(data)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestRunMakesLatestAndThenSkips(t *testing.T) {
	t.Parallel()
	dir := hospital(t, 0)
	first, err := runJob(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if first.AsOf != "2025-12-31" || len(first.Steps) != 4 || first.Unchanged() || first.Extract.Stored == 0 {
		t.Errorf("%+v", first)
	}
	latest, bundle := tree(t, first.Latest), tree(t, first.Bundle)
	if len(latest) == 0 || latest["index.html"] == "" || len(latest) != len(bundle) {
		t.Fatalf("latest has %d files, the bundle %d", len(latest), len(bundle))
	}
	for name, text := range bundle {
		if latest[name] != text {
			t.Errorf("latest/%s differs", name)
		}
	}
	if first.Latest != filepath.Join(dir, "reports", "latest") || !strings.HasPrefix(filepath.Base(first.Bundle), "2025-12-31-") {
		t.Errorf("%s, %s", first.Latest, first.Bundle)
	}

	// Again, with a page damaged: all is made already, and the page is healed.
	if err := os.WriteFile(filepath.Join(first.Latest, "index.html"), []byte("scribble"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := runJob(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Unchanged() || again.Bundle != first.Bundle || again.Steps[1].Snapshot != first.Steps[1].Snapshot {
		t.Errorf("%+v", again)
	}
	if tree(t, again.Latest)["index.html"] != latest["index.html"] {
		t.Error("latest was not healed")
	}
	w := &world{t: t, dir: dir}
	w.wantStates("nightly", "by hand succeeded", "by hand skipped")

	// A target that changed makes another report from the same results.
	writeFile(t, filepath.Join(dir, "kpi.yaml"), "kpis:\n  - measure: blood-pressure-control\n    target: 75%\n")
	third, err := runJob(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if third.Bundle == first.Bundle || !third.Steps[2].Skipped || third.Steps[3].Skipped {
		t.Errorf("%+v", third)
	}
	if data, err := json.Marshal(third); err != nil || strings.Contains(string(data), `"Job"`) {
		t.Errorf("JSON keys: %s, %v", data, err)
	}
}

// Whatever step fails, the report that people look at stays as it was, the ledger
// says why, and the next run goes on.
func TestFailureLeavesLatestUntouched(t *testing.T) {
	t.Parallel()
	dir := hospital(t, 0)
	first, err := runJob(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	before, runs := tree(t, first.Latest), len(tree(t, filepath.Join(dir, "reports", "runs")))
	kpi := filepath.Join(dir, "kpi.yaml")
	for _, c := range []struct {
		name  string
		class Class
		harm  func() (mend func())
	}{
		{"report", ClassUsage, func() func() {
			old, _ := os.ReadFile(kpi)
			writeFile(t, kpi, "kpis:\n  - measure: blood-pressure-contrl\n    target: 70%\n")
			return func() { writeFile(t, kpi, string(old)) }
		}},
		{"key", ClassKey, func() func() {
			if err := os.Chmod(filepath.Join(dir, "farr.key"), 0o644); err != nil {
				t.Fatal(err)
			}
			return func() { _ = os.Chmod(filepath.Join(dir, "farr.key"), 0o600) }
		}},
		{"extract", ClassRejects, func() func() {
			bad := filepath.Join(dir, "export", "Bad.ndjson")
			writeFile(t, bad, strings.Repeat("{\"resourceType\":\"Patient\",\"name\":\"Jane Doe\"\n", 4000))
			return func() { _ = os.Remove(bad) }
		}},
		{"no export", ClassFailed, func() func() {
			if err := os.Rename(filepath.Join(dir, "export"), filepath.Join(dir, "gone")); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(dir, "export"), 0o755); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, "export", "sites.csv"), "id,label\n")
			return func() {
				_ = os.RemoveAll(filepath.Join(dir, "export"))
				_ = os.Rename(filepath.Join(dir, "gone"), filepath.Join(dir, "export"))
			}
		}},
	} {
		mend := c.harm()
		_, err := runJob(t, dir)
		if ClassOf(err) != c.class {
			t.Errorf("%s: %v is %q, want %q", c.name, err, ClassOf(err), c.class)
		}
		if err != nil && strings.Contains(err.Error(), "Jane") {
			t.Errorf("%s: a row is in the error: %v", c.name, err)
		}
		after := tree(t, first.Latest)
		for name, text := range before {
			if after[name] != text {
				t.Errorf("%s: latest/%s changed", c.name, name)
			}
		}
		if n := len(tree(t, filepath.Join(dir, "reports", "runs"))); n != runs || len(after) != len(before) {
			t.Errorf("%s: %d files in runs/, want %d; %d in latest/, want %d", c.name, n, runs, len(after), len(before))
		}
		s, err := Status(context.Background(), dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if j := s.Jobs[0]; j.Health != HealthFailing || j.Last.Class != c.class || j.LastSuccess == nil || j.Advice == "" {
			t.Errorf("%s: status %+v", c.name, j)
		}
		mend()
	}
	list, err := os.ReadFile(filepath.Join(dir, ".farr", "nightly.rejects.csv"))
	if err != nil || !strings.HasPrefix(string(list), "file,line,offset,reason\nBad.ndjson,1,0,") || strings.Contains(string(list), "Jane") {
		t.Errorf("rejects: %.200s, %v", list, err)
	}
	if again, err := runJob(t, dir); err != nil || !again.Unchanged() {
		t.Errorf("%+v, %v", again, err)
	}
}

// The ledger is kept and copied: the name of a source file, which may be a person's,
// is not in it, whether a run fails or not. The terminal and the rejects name it.
func TestLedgerNamesNoSourceFile(t *testing.T) {
	t.Parallel()
	const name, other = "Patient_JaneDoe.ndjson", "Zoe_JaneDoe.ndjson"
	dir := hospital(t, 0)
	telling := filepath.Join(dir, "export", name)
	if err := os.Symlink("elsewhere", filepath.Join(dir, "export", other)); err != nil {
		t.Fatal(err)
	}
	writeFile(t, telling, "{}\n")
	result, err := runJob(t, dir)
	if err != nil || !slices.ContainsFunc(result.Extract.Ignored, func(one string) bool { return strings.HasPrefix(one, other) }) {
		t.Fatalf("%+v, %v", result, err)
	}
	if rejects, err := os.ReadFile(filepath.Join(dir, ".farr", "nightly.rejects.csv")); err != nil || !strings.Contains(string(rejects), name) {
		t.Errorf("rejects: %s, %v", rejects, err)
	}
	info, err := os.Stat(filepath.Join(dir, ".farr", "nightly.rejects.csv"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	writeFile(t, telling, `{"resourceType":"Condition","id":"c","clinicalStatus":"active","subject":{"reference":"Patient/p"}}`+"\n")
	if _, err = runJob(t, dir); err == nil || !strings.Contains(err.Error(), name) {
		t.Fatalf("%v", err)
	}
	s, err := Status(context.Background(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if text := s.Jobs[0].Last.Error; !strings.Contains(text, ": byte 0: not-fhir-r4: ") || !strings.Contains(text, "input ") {
		t.Errorf("the ledger says %s", text)
	}
	for _, folder := range []string{".farr", "store", "reports"} {
		for file, text := range tree(t, filepath.Join(dir, folder)) {
			if strings.Contains(text, "JaneDoe") && file != "nightly.rejects.csv" {
				t.Errorf("%s names a source file", file)
			}
		}
	}
}

// A run that is told to stop ends soon and says that it was stopped.
func TestRunStops(t *testing.T) {
	t.Parallel()
	dir := hospital(t, 0)
	job, err := LoadJob(filepath.Join(dir, "nightly.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, err = Run(ctx, job, Options{Progress: func(string, int64, int64) { cancel() }})
	if !errors.Is(err, context.Canceled) || ClassOf(err) != ClassInterrupted {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "reports", "latest")); err == nil {
		t.Error("there is a latest report")
	}
	(&world{t: t, dir: dir}).wantStates("nightly", "by hand failed")
}

// A job whose library has a value list that refers to a value set of a package takes the package
// that is imported into its store, and says so where there is none.
func TestRunTakesImportedValueSets(t *testing.T) {
	t.Parallel()
	dir := hospital(t, 0)
	if err := os.MkdirAll(filepath.Join(dir, "library/pressure"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "library/lists"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "library/pressure/cohort.yaml"), "id: pressure\ntitle: P\nentry: {title: First, event: {condition: pressure}}\nrules: []\nrationale: r\nsource: s\n")
	writeFile(t, filepath.Join(dir, "library/lists/pressure.yaml"), "value_set: http://example.org/farr/ValueSet/hypertension\n")
	text, err := os.ReadFile(filepath.Join(dir, "nightly.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "nightly.yaml"), string(text)+"library: [library]\ncohorts: [pressure]\n")
	if _, err := runJob(t, dir); err == nil || !strings.Contains(err.Error(), "lists/pressure.yaml:1:12: no-package") {
		t.Fatalf("without a package: %v", err)
	}
	store, err := datasets.OpenStore(t.Context(), filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = measures.Import(context.Background(), store, "../measures/library/fhir", false)
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	result, err := runJob(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if result.Bundle == "" {
		t.Errorf("no report: %+v", result)
	}
}
