package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"farr/datasets"
	"farr/internal/synth"
)

// keeps gives the job of a clinic a further key at its end, in place of the one before.
func keeps(t testing.TB, dir, more string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "nightly.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(text), "retention:")
	head, _, _ = strings.Cut(head, "limits:")
	writeFile(t, filepath.Join(dir, "nightly.yaml"), head+more)
}

// clinic is a small hospital whose one job takes a second.
func clinic(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if _, err := synth.Generate(t.Context(), synth.Options{Patients: 3, Seed: 7, Sites: 2,
		Start: at(t, "2025-01-01T00:00:00Z"), End: at(t, "2025-12-31T00:00:00Z"), Out: filepath.Join(dir, "export")}); err != nil {
		t.Fatal(err)
	}
	if _, err := datasets.CreateKey(filepath.Join(dir, "farr.key")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "nightly.yaml"), `name: nightly
source: {dir: export, name: hospital, zone: America/New_York, sites: export/sites.csv}
store: store
key: farr.key
measures: [emergency-visits]
cohorts: []
periods: [2025-12]
report: {out: reports, audience: internal, organisation: Example Health, title: Quality}
`)
	return dir
}

// renew makes the export another one.
func renew(t testing.TB, dir, id string) {
	t.Helper()
	writeFile(t, filepath.Join(dir, "export", "More.ndjson"), `{"resourceType":"Patient","id":"`+id+`","gender":"female","birthDate":"1970-01-01"}`+"\n")
}

// held counts what is there: extracts, results and bundles; and wants the store and what stays sound.
func held(t testing.TB, dir string) (extracts, results, reports int) {
	t.Helper()
	s, err := datasets.OpenStore(t.Context(), filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if report, err := s.Verify(t.Context()); err != nil || report.Err() != nil || report.Unreferenced != 0 {
		t.Errorf("verify: %+v, %v", report, err)
	}
	ids, err := s.Snapshots()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		sn, err := s.Open(id)
		if err != nil {
			t.Fatal(err)
		}
		switch sn.Manifest().Kind {
		case "extract":
			extracts++
		case "results":
			results++
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "reports", "runs"))
	if err != nil {
		t.Fatal(err)
	}
	return extracts, results, len(entries)
}

func wantHeld(t testing.TB, dir string, extracts, results, reports int) {
	t.Helper()
	if e, r, b := held(t, dir); e != extracts || r != results || b != reports {
		t.Errorf("there are %d extracts, %d results and %d reports; want %d, %d and %d", e, r, b, extracts, results, reports)
	}
}

// A job with retention lets go behind its last step what its rules do not keep, says what, and nothing else changes.
func TestRetention(t *testing.T) {
	t.Parallel()
	dir := clinic(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	run := func() *RunResult {
		t.Helper()
		result, err := runJob(t, dir)
		must(err)
		return result
	}
	job := filepath.Join(dir, "nightly.yaml")
	first := run()
	if _, err := Prune(t.Context(), job, false, Options{}); !errors.Is(err, ErrNoRetention) {
		t.Errorf("without retention: %v", err)
	}
	renew(t, dir, "a")
	second := run()
	wantHeld(t, dir, 2, 2, 2)

	// By hand, first only told.
	keeps(t, dir, "retention:\n  extracts: {newest: 1}\n")
	told, err := Prune(t.Context(), job, true, Options{})
	must(err)
	wantHeld(t, dir, 2, 2, 2)
	done, err := Prune(t.Context(), dir, false, Options{})
	must(err)
	wantHeld(t, dir, 1, 1, 1)
	if d := done[0]; len(d.Store.Goes) != 3 || len(d.Reports) != 1 || d.Reports[0].Dir != first.Bundle || d.Bytes != told[0].Bytes || d.Bytes < 100_000 {
		t.Errorf("%+v", d)
	}
	var said strings.Builder
	must(told[0].WriteText(&said))
	for _, want := range []string{"would go extract", "would go report   " + filepath.Base(first.Bundle), "stays extract", ": in force", "would go 3 snapshots and 1 reports"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%q is not in\n%s", want, said.String())
		}
	}
	if _, err := json.Marshal(done); err != nil {
		t.Error(err)
	}

	// What is there is skipped all the same, and goes no further.
	if again := run(); !again.Unchanged() || again.Bundle != second.Bundle || len(again.Pruned.Store.Goes) != 0 {
		t.Errorf("%+v", again)
	}
	// The next run lets the one before go by itself.
	renew(t, dir, "b")
	third := run()
	if p := third.Pruned; p == nil || p.Error != "" || len(p.Store.Goes) != 3 || len(p.Reports) != 1 || p.Reports[0].Dir != second.Bundle {
		t.Errorf("%+v", p)
	}
	wantHeld(t, dir, 1, 1, 1)
	// Runs that are over are still told.
	runs, err := Runs(context.Background(), dir, "nightly", 10)
	must(err)
	said.Reset()
	must(runs.WriteText(&said))
	if len(runs.Runs) != 4 || !strings.Contains(said.String(), "3 snapshots and 1 reports went by retention") {
		t.Errorf("%d runs: %s", len(runs.Runs), said.String())
	}

	// An export that comes back is extracted again.
	renew(t, dir, "a")
	if again := run(); again.Steps[0].Skipped || again.Steps[0].Snapshot != second.Steps[0].Snapshot {
		t.Errorf("%+v", again.Steps[0])
	}
	wantHeld(t, dir, 1, 1, 1)

	// What cannot be pruned is told, and is no failure of the run.
	renew(t, dir, "c")
	writeFile(t, filepath.Join(dir, "broken.yaml"), "name: [\n")
	if r := run(); r.Pruned.Error == "" || !strings.Contains(r.Pruned.Error, "broken.yaml") {
		t.Errorf("%+v", r.Pruned)
	}
	wantHeld(t, dir, 2, 2, 2)
	must(os.Remove(filepath.Join(dir, "broken.yaml")))
	s, err := Status(context.Background(), dir, Options{})
	must(err)
	said.Reset()
	must(s.WriteText(&said))
	if !strings.Contains(said.String(), "not pruned, and tried again by the next run: ") {
		t.Errorf("status: %s", said.String())
	}
	if _, err := Prune(t.Context(), job, false, Options{}); err != nil {
		t.Error(err)
	}
	wantHeld(t, dir, 1, 1, 1)
}

// What other jobs of the folder made of the same source stays as they say, also when they say nothing; and nothing goes of what a
// run made that is to go on.
func TestRetentionBesideOthers(t *testing.T) {
	t.Parallel()
	dir := clinic(t)
	text, err := os.ReadFile(filepath.Join(dir, "nightly.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	other := strings.NewReplacer("name: nightly", "name: other", "out: reports", "out: others").Replace(string(text))
	writeFile(t, filepath.Join(dir, "other.yaml"), other)
	runOther := func() {
		t.Helper()
		job, err := LoadJob(filepath.Join(dir, "other.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Run(context.Background(), job, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	prune := func(now time.Time) {
		t.Helper()
		done, err := Prune(t.Context(), filepath.Join(dir, "nightly.yaml"), false, Options{Clock: func() time.Time { return now }})
		if err != nil || done[0].Error != "" {
			t.Fatalf("%+v, %v", done, err)
		}
	}
	keeps(t, dir, "retention:\n  extracts: {newest: 1}\n")
	runOther()
	for _, id := range []string{"a", "b"} {
		renew(t, dir, id)
		if _, err := runJob(t, dir); err != nil {
			t.Fatal(err)
		}
	}
	wantHeld(t, dir, 2, 2, 1) // the other's, and the newest; that between went

	// With a looser rule of the other its newest two stay of all; of reports each has its own.
	writeFile(t, filepath.Join(dir, "other.yaml"), other+"retention:\n  extracts: {newest: 2}\n")
	prune(time.Now())
	wantHeld(t, dir, 2, 2, 1)

	// Without the other's report and file its newest success stays.
	for _, name := range []string{"other.yaml", "others"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	prune(time.Now())
	wantHeld(t, dir, 2, 2, 1)

	// Once it is known no more, it goes; but not while a run is to go on that may need it.
	l, err := openLedger(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	exec := func(sql string) {
		t.Helper()
		if _, err := l.db.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("UPDATE attempt SET state = 'failed' WHERE occurrence IN (SELECT id FROM occurrence WHERE job = 'other')")
	exec("UPDATE occurrence SET state = 'retry', planned = '2026-01-01T05:00:00Z' WHERE job = 'other'")
	prune(time.Now())
	wantHeld(t, dir, 2, 2, 1)
	exec("UPDATE occurrence SET state = 'failed' WHERE job = 'other'")
	prune(time.Now())
	wantHeld(t, dir, 1, 1, 1)
}

// Of two jobs of one source each keeps its own newest, also the one that runs seldom.
func TestRetentionOfEachJob(t *testing.T) {
	t.Parallel()
	dir := clinic(t)
	keeps(t, dir, "retention:\n  extracts: {newest: 1}\n")
	text, err := os.ReadFile(filepath.Join(dir, "nightly.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "monthly.yaml")
	writeFile(t, other, strings.NewReplacer("name: nightly", "name: monthly", "out: reports", "out: others", "newest: 1", "newest: 2").Replace(string(text)))
	job, err := LoadJob(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"m1", "m2"} {
		renew(t, dir, id)
		if _, err := Run(context.Background(), job, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "others")); err != nil { // its reports keep what they rest on
		t.Fatal(err)
	}
	for _, id := range []string{"n1", "n2", "n3"} {
		renew(t, dir, id)
		if r, err := runJob(t, dir); err != nil || r.Pruned.Error != "" {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	wantHeld(t, dir, 4, 4, 2) // the monthly two, and the newest two of all, as the looser rule says
}
