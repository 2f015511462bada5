package attack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"farr/datasets"
	"farr/datasets/internal/deid"
	"farr/internal/duck"
	"farr/internal/synth"
)

// A constant key, so that the figures are the same everywhere.
const keyText = "farr-key-v1:e7hzpd4h2lwxs4kyq3n6v5tjb2mrc7ofa5guixd2wzkqe4ylh3sq\n"

func constantKey(t testing.TB) *datasets.Key {
	t.Helper()
	key, err := deid.ParseKey([]byte(keyText))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func extract(t testing.TB, source, zone string) *datasets.Snapshot {
	t.Helper()
	store, err := datasets.CreateStore(t.Context(), filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	report, err := datasets.Extract(t.Context(), store, datasets.ExtractRequest{Source: source, Zone: zone, Key: constantKey(t), MaxReject: 1})
	if err != nil {
		t.Fatal(err)
	}
	sn, err := store.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return sn
}

func population(t testing.TB, patients int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "export")
	_, err := synth.Generate(t.Context(), synth.Options{Patients: patients, Seed: 11, Sites: 6, Out: dir,
		Start: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// shared is a folder of input that farr's authors did not write, beside the repository.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("../../../shared/data", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("skipped: the input %s is not beside this repository", name)
	}
	return dir
}

// trueShifts are the shifts by the hash that stands for a pid in an outcome.
func trueShifts(t testing.TB, sn *datasets.Snapshot) map[uint64]int {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Config{AllowedDirs: []string{sn.Store().ObjectsDir()}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := datasets.AttachTables(t.Context(), db, sn, "rest"); err != nil {
		t.Fatal(err)
	}
	var pids []string
	for _, table := range sn.Manifest().Tables {
		if table.Has("pid") {
			pids = append(pids, "SELECT DISTINCT pid FROM rest."+table.Name)
		}
	}
	rows, err := db.Query(t.Context(), "pids", "SELECT (hash(pid) >> 1)::BIGINT, pid FROM ("+strings.Join(pids, " UNION ")+")")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	shifter := deid.NewShifter(constantKey(t))
	days := map[uint64]int{}
	for rows.Next() {
		var who int64
		var pid []byte
		if err := rows.Scan(&who, &pid); err != nil {
			t.Fatal(err)
		}
		days[uint64(who)] = int(shifter.Days(deid.ID(pid)))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return days
}

// attacked are the figures of a snapshot and, with the key, the share of patients of whom
// the true shift is among what an attack leaves.
type attacked struct {
	figure map[string]Figure
	right  map[string]float64
}

func attackWithKey(t testing.TB, title string, sn *datasets.Snapshot) attacked {
	t.Helper()
	truth := trueShifts(t, sn)
	a, err := newAttacker(sn.Manifest(), sn.Zones()[0])
	if err != nil {
		t.Fatal(err)
	}
	right, persons := make([]int, len(a.names)), 0
	if err := a.run(t.Context(), sn, func(o outcome) {
		persons++
		for k, left := range o.left {
			if left.has(truth[o.who]) {
				right[k]++
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	r := attacked{map[string]Figure{}, map[string]float64{}}
	t.Logf("%s: candidates of 365 that remain\n%-14s %8s %8s %6s %6s %11s %11s %7s %s", title,
		"attack", "patients", "touched", "least", "median", "identified", "30 or fewer", "right", "habit")
	for k, f := range a.figures() {
		r.figure[f.Name], r.right[f.Name] = f, float64(right[k])/float64(persons)
		t.Logf("%-14s %8d %8d %6d %6d %10.2f%% %10.2f%% %6.2f%% %v", f.Name, f.Patients, f.Touched, f.Least, f.Median, 100*f.Identified, 100*f.Few, 100*r.right[f.Name], f.Habit)
	}
	return r
}

// certain are the attacks that cannot lose the true shift, whatever the data.
var certain = []string{"offset", "newest"}

func (r attacked) check(t *testing.T) {
	t.Helper()
	for _, name := range certain {
		if r.right[name] != 1 {
			t.Errorf("%s: the true shift is among the candidates of %.2f %% of the patients, want all", name, 100*r.right[name])
		}
	}
	for _, name := range []string{"offset", "month"} {
		if f := r.figure[name]; f.Median < 300 {
			t.Errorf("%s: %d of 365 candidates remain in the middle, want 300 at least", name, f.Median)
		}
	}
}

// What remains on synthetic data.
func TestSynthetic(t *testing.T) {
	r := attackWithKey(t, "synthetic, 1500 patients", extract(t, population(t, 1500), "America/New_York"))
	r.check(t)
	for name, share := range r.right {
		if share < 0.95 {
			t.Errorf("%s: the true shift is among the candidates of %.1f %% of the patients", name, 100*share)
		}
	}
	if f := r.figure["newest"]; f.Touched == 0 {
		t.Error("the newest day takes no candidate of anyone, and the manifest says it")
	}
}

// What remains on an export that we did not make. Its times are of a machine that counts in UTC: kept as
// local wall time they step by an hour with daylight saving, and kept in UTC they do not.
func TestBulkExport(t *testing.T) {
	dir := shared(t, "bulk-export-13")
	utc := attackWithKey(t, "bulk-export-13, kept in zone UTC", extract(t, dir, "UTC"))
	utc.check(t)
	local := attackWithKey(t, "bulk-export-13, kept in zone America/New_York", extract(t, dir, "America/New_York"))
	local.check(t)
	if n := utc.figure["clock"].Median; n < 300 {
		t.Errorf("clock: %d candidates remain in the middle of what is kept in UTC, want 300 at least", n)
	}
	if n := local.figure["clock"].Median; n > 60 || local.right["clock"] < 0.9 {
		t.Errorf("clock: %d candidates remain where the hour steps, and the true one among them for %.0f %%: the attack has no teeth", n, 100*local.right["clock"])
	}
}

// A profile without a shift gives nothing away by one.
func TestLimited(t *testing.T) {
	store, err := datasets.CreateStore(t.Context(), filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	report, err := datasets.Extract(t.Context(), store, datasets.ExtractRequest{Source: population(t, 20), Profile: "limited", Key: constantKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	sn, err := store.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if figures, err := Measure(t.Context(), sn); err != nil || figures != nil {
		t.Errorf("%v, %v", figures, err)
	}
}
