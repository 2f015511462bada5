package synth

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func options(t testing.TB, patients int) Options {
	return Options{
		Patients: patients, Seed: 1, Sites: 12, Out: t.TempDir(),
		Start: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC),
	}
}

func generate(t testing.TB, o Options) (*Summary, *Truth) {
	t.Helper()
	s, err := Generate(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s, readTruth(t, o.Out)
}

func readTruth(t testing.TB, dir string) *Truth {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, truthFile))
	if err != nil {
		t.Fatal(err)
	}
	truth := new(Truth)
	if err := json.Unmarshal(data, truth); err != nil {
		t.Fatal(err)
	}
	return truth
}

// fingerprints hashes every file of a folder.
func fingerprints(t testing.TB, dir string) map[string][32]byte {
	t.Helper()
	sums := map[string][32]byte{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		sums[e.Name()] = sha256.Sum256(data)
	}
	return sums
}

func plain(t testing.TB, dir, typ string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, typ+".ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSameOptionsSameBytes(t *testing.T) {
	o := options(t, 150)
	o.Dirty = 0.004
	generate(t, o)
	want := fingerprints(t, o.Out)
	if len(want) != int(fileCount)+3 {
		t.Fatalf("%d files, want %d", len(want), int(fileCount)+3)
	}

	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, procs := range []int{1, 2} {
		runtime.GOMAXPROCS(procs)
		o.Out = t.TempDir()
		generate(t, o)
		for name, sum := range fingerprints(t, o.Out) {
			if sum != want[name] {
				t.Errorf("GOMAXPROCS %d: %s differs", procs, name)
			}
		}
	}

	o.Out, o.Seed = t.TempDir(), 2
	generate(t, o)
	for name, sum := range fingerprints(t, o.Out) {
		if sum == want[name] {
			t.Errorf("seed 2: %s is the same", name)
		}
	}
}

// A patient is the same in a small and in a large population.
func TestPatientsDoNotDependOnTheirNumber(t *testing.T) {
	small, large := options(t, chunkSize*2), options(t, chunkSize*4)
	generate(t, small)
	generate(t, large)
	a, b := plain(t, small.Out, "Observation"), plain(t, large.Out, "Observation")
	// of the small one, only the part before the patients who were never delivered
	first, _, _ := bytes.Cut(a, orphanLine(t, small))
	if len(first) < 1<<20 || !bytes.HasPrefix(b, first) {
		t.Errorf("the first %d bytes differ", len(first))
	}
}

func orphanLine(t *testing.T, o Options) []byte {
	w, err := newWorld(o)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		if p, _ := w.simulate(streamOrphans+i, true); len(p.observations) > 0 {
			return []byte(`{"resourceType":"Observation","id":"` + p.observations[0].id.String())
		}
	}
}

func TestLinesAndSuperseded(t *testing.T) {
	o := options(t, 300)
	s, truth := generate(t, o)
	if s.Lines < 100*int64(o.Patients) {
		t.Errorf("%d lines of %d patients, want 100 or more each", s.Lines, o.Patients)
	}
	var total int64
	for _, typ := range resourceTypes {
		lines := bytes.Split(bytes.TrimSuffix(plain(t, o.Out, typ), []byte("\n")), []byte("\n"))
		if int64(len(lines)) != truth.Resources[typ] {
			t.Errorf("%s: %d lines, truth says %d", typ, len(lines), truth.Resources[typ])
		}
		ids := map[string]string{} // id to the newest lastUpdated
		for n, line := range lines {
			var r struct {
				ResourceType, ID string
				Meta             struct{ LastUpdated string }
			}
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatalf("%s line %d: %v", typ, n+1, err)
			}
			if r.ResourceType != typ || len(r.ID) != 36 {
				t.Fatalf("%s line %d: type %q, id %q", typ, n+1, r.ResourceType, r.ID)
			}
			ids[r.ID] = max(ids[r.ID], r.Meta.LastUpdated)
		}
		if got := int64(len(lines) - len(ids)); got != truth.Superseded[typ] {
			t.Errorf("%s: %d superseded lines, truth says %d", typ, got, truth.Superseded[typ])
		}
		total += truth.Superseded[typ]
	}
	if total == 0 || total != s.Superseded || s.ResourceSet != s.Lines-total {
		t.Errorf("summary %+v, %d superseded", s, total)
	}
	if n := truth.Resources["Patient"] - truth.Superseded["Patient"]; n != int64(o.Patients) {
		t.Errorf("%d patients, want %d", n, o.Patients)
	}
}

// population is one run, large enough for the planted effects to show, shared by the tests that
// only read its truth.
var population = sync.OnceValues(func() (*Truth, error) {
	dir, err := os.MkdirTemp("", "synth")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	_, err = Generate(context.Background(), Options{
		Patients: 5000, Seed: 7, Sites: 12, Out: dir,
		Start: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, truthFile))
	if err != nil {
		return nil, err
	}
	truth := new(Truth)
	return truth, json.Unmarshal(data, truth)
})

// sum adds the counts of a measure over periods of one kind and some values.
func (t *Truth) sum(measure, stratum string, keep func(period, value string) bool) (c Count) {
	for _, m := range t.Measures {
		if m.Measure == measure && m.Stratum == stratum && keep(m.Period, m.Value) {
			c.Denominator += m.Denominator
			c.Numerator += m.Numerator
			c.Initial += m.Initial
			c.Excluded += m.Excluded
		}
	}
	return c
}

func (c Count) rate() float64 { return float64(c.Numerator) / float64(c.Denominator) }

func isYear(period string) bool  { return len(period) == 4 }
func isMonth(period string) bool { return len(period) == 7 }

func TestTruthIsRich(t *testing.T) {
	truth, err := population()
	if err != nil {
		t.Fatal(err)
	}
	excluding := map[string]bool{"hba1c-poor-control": false, "emergency-visits": false}
	for _, id := range measureIDs {
		c := truth.sum(id, "all", func(period, _ string) bool { return isYear(period) })
		if c.Numerator < 100 || c.Denominator <= c.Numerator {
			t.Errorf("%s: %d of %d", id, c.Numerator, c.Denominator)
		}
		if want, listed := excluding[id]; (!listed || want) != (c.Excluded > 0) {
			t.Errorf("%s: %d exclusions", id, c.Excluded)
		}
	}
	for _, s := range []struct {
		stratum string
		values  int
	}{{"all", 1}, {"site", 13}, {"sex", 4}, {"age", 7}, {"race", 7}, {"ethnicity", 3}, {"payer", 6}} {
		seen := map[string]bool{}
		for _, m := range truth.Measures {
			if m.Measure == "emergency-visits" && m.Stratum == s.stratum {
				seen[m.Value] = true
			}
		}
		if len(seen) != s.values {
			t.Errorf("%s has values %v, want %d", s.stratum, seen, s.values)
		}
	}
	cohort := truth.Cohorts[0]
	for i := 1; i < len(cohort.Attrition); i++ {
		if cohort.Attrition[i].Remaining >= cohort.Attrition[i-1].Remaining {
			t.Errorf("rule %s removes nobody: %+v", cohort.Attrition[i].Rule, cohort.Attrition)
		}
	}
	var cases int64
	for _, y := range cohort.Incidence {
		cases += y.Cases
		if y.PersonDays < 100_000 || y.Cases < 10 {
			t.Errorf("incidence %+v", y)
		}
	}
	last := cohort.Attrition[len(cohort.Attrition)-1].Remaining
	if int(last) != len(cohort.Members) || cases != last || last < 50 {
		t.Errorf("%d members, %d cases, attrition %+v", len(cohort.Members), cases, cohort.Attrition)
	}
}

// One-way margins: the values of each stratum add up to the whole.
func TestMarginsAddUp(t *testing.T) {
	truth, err := population()
	if err != nil {
		t.Fatal(err)
	}
	type key struct{ measure, period, stratum string }
	sums := map[key][2]int64{}
	for _, m := range truth.Measures {
		k := key{m.Measure, m.Period, m.Stratum}
		sums[k] = [2]int64{sums[k][0] + m.Denominator, sums[k][1] + m.Numerator}
		if m.Numerator > m.Denominator || m.Denominator <= 0 || m.Initial < 0 || m.Measure != "emergency-visits" && m.Initial != m.Denominator+m.Excluded {
			t.Fatalf("%+v", m)
		}
	}
	for k, got := range sums {
		if all := sums[key{k.measure, k.period, "all"}]; got != all {
			t.Errorf("%v adds up to %v, all is %v", k, got, all)
		}
	}
	if len(sums) != len(measureIDs)*len(truth.Periods)*byState {
		t.Errorf("%d margins", len(sums))
	}
}

// Each planted effect is plain to see in the truth.
func TestEffectsShow(t *testing.T) {
	truth, err := population()
	if err != nil {
		t.Fatal(err)
	}
	everything := func(string, string) bool { return true }
	seen := map[string]bool{}
	for _, e := range truth.Effects {
		seen[e.Kind] = true
		var here, elsewhere Count
		var least float64
		switch e.Kind {
		case "outlier-site":
			here = truth.sum(e.Measure, "site", func(p, v string) bool { return isYear(p) && v == e.Site })
			elsewhere = truth.sum(e.Measure, "site", func(p, v string) bool { return isYear(p) && v != e.Site })
			least = 0.12 // of a share
			if e.Measure == "emergency-visits" {
				least = elsewhere.rate()
			}
		case "improvement":
			here = truth.sum(e.Measure, "all", func(p, _ string) bool { return isMonth(p) && p >= e.From })
			elsewhere = truth.sum(e.Measure, "all", func(p, _ string) bool { return isMonth(p) && p < e.From })
			least = 0.12
		case "group-gap":
			here = truth.sum(e.Measure, e.Stratum, func(p, v string) bool { return isYear(p) && v == e.Value })
			elsewhere = truth.sum(e.Measure, e.Stratum, func(p, v string) bool { return isYear(p) && v != e.Value })
			least = 0.12
		case "stopped-feed":
			here = truth.sum(e.Measure, "site", func(p, v string) bool { return isMonth(p) && v == e.Site && p >= e.From })
			elsewhere = truth.sum(e.Measure, "site", func(p, v string) bool { return isMonth(p) && v == e.Site && p < e.From })
			least = 0.2
		case "missing-elements":
			here = truth.sum(e.Measure, "site", func(p, v string) bool { return isMonth(p) && v == e.Site })
			elsewhere = truth.sum(e.Measure, "site", everything)
			least = 0.05
		}
		difference := here.rate() - elsewhere.rate()
		if e.Direction == "lower" {
			difference = -difference
		}
		if !(difference > least) || here.Denominator < 50 {
			t.Errorf("%s of %s: %.3f of %d against %.3f", e.Kind, e.Measure, here.rate(), here.Denominator, elsewhere.rate())
		}
	}
	if len(seen) != 5 || truth.Withheld == 0 {
		t.Errorf("effects %v, %d withheld", seen, truth.Withheld)
	}
}

func TestDirtyLines(t *testing.T) {
	clean, dirty := options(t, 150), options(t, 150)
	dirty.Dirty = 0.01
	_, without := generate(t, clean)
	s, truth := generate(t, dirty)

	reasons, text := map[string]int{}, map[string][]byte{}
	for _, b := range truth.Dirty {
		reasons[b.Reason]++
		if text[b.File] == nil {
			text[b.File] = plain(t, dirty.Out, strings.TrimSuffix(b.File, ".ndjson.gz"))
		}
		all := text[b.File]
		if n := bytes.Count(all[:b.Offset], []byte("\n")); int64(n) != b.Line-1 || b.Offset > 0 && all[b.Offset-1] != '\n' {
			t.Fatalf("%+v is not the start of that line", b)
		}
		line, _, _ := bytes.Cut(all[b.Offset:], []byte("\n"))
		if !bytes.Contains(line, []byte(dirtMarker)) {
			t.Errorf("%+v has no marker", b)
		}
		if b.Reason == byteOrderMark != bytes.HasPrefix(line, []byte("\xef\xbb\xbf")) || b.Reason == byteOrderMark && b.Offset != 0 {
			t.Errorf("%+v begins %q", b, line[:8])
		}
		if valid := json.Valid(line); valid && (b.Reason == "invalid-json" || b.Reason == "trailing-garbage" || b.Reason == byteOrderMark) {
			t.Errorf("%+v is valid JSON", b)
		}
	}
	if len(reasons) != len(faults)+1 || reasons[byteOrderMark] != 1 {
		t.Errorf("reasons %v", reasons)
	}
	if share := float64(s.Dirty) / float64(s.Lines); share < 0.008 || share > 0.016 {
		t.Errorf("share %f", share)
	}
	// the bad lines come in addition: the rest is byte for byte the clean export
	for _, typ := range resourceTypes {
		var good []byte
		for line := range bytes.Lines(plain(t, dirty.Out, typ)) {
			if !bytes.Contains(line, []byte(dirtMarker)) {
				good = append(good, line...)
			}
		}
		if !bytes.Equal(good, plain(t, clean.Out, typ)) {
			t.Errorf("%s: the good lines differ from those of the clean export", typ)
		}
	}
	if fmt.Sprint(truth.Measures) != fmt.Sprint(without.Measures) || fmt.Sprint(truth.Cohorts) != fmt.Sprint(without.Cohorts) {
		t.Error("bad lines changed the truth")
	}
	if len(without.Dirty) != 0 {
		t.Errorf("clean export lists %v", without.Dirty)
	}
}

// What leak tests look for is there to be found.
func TestMarkers(t *testing.T) {
	o := options(t, 70)
	generate(t, o)
	data, err := os.ReadFile(filepath.Join(o.Out, markersFile))
	if err != nil {
		t.Fatal(err)
	}
	var m struct{ Patients []marker }
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	all := plain(t, o.Out, "Patient")
	for _, p := range m.Patients {
		for _, s := range []string{p.ID, p.Given, p.Family, p.Street, p.Phone, p.Email, p.MRN, p.SSN, p.BirthDate} {
			if !bytes.Contains(all, []byte(s)) {
				t.Errorf("%q is in no Patient", s)
			}
		}
	}
	if len(m.Patients) != markedPatients {
		t.Errorf("%d patients", len(m.Patients))
	}
}

func TestWrongOptions(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"patients": func(o *Options) { o.Patients = 0 },
		"sites":    func(o *Options) { o.Sites = 100 },
		"dirty":    func(o *Options) { o.Dirty = -0.1 },
		"output":   func(o *Options) { o.Out = "" },
		"before":   func(o *Options) { o.End = o.Start.AddDate(0, 0, -1) },
		"month":    func(o *Options) { o.End = o.Start.AddDate(0, 0, 29) },
		"1990":     func(o *Options) { o.Start = o.Start.AddDate(-50, 0, 0) },
	} {
		o := options(t, 10)
		change(&o)
		if _, err := Generate(context.Background(), o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestCancelledLeavesNoTruth(t *testing.T) {
	o := options(t, 1000)
	generate(t, options(t, 10))
	ctx, cancel := context.WithCancel(context.Background())
	o.Progress = func(_ string, done, total int64) {
		if done == 2 {
			cancel()
		}
		if total < done {
			t.Errorf("%d of %d done", done, total)
		}
	}
	if _, err := Generate(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
	if _, err := os.Stat(filepath.Join(o.Out, truthFile)); !os.IsNotExist(err) {
		t.Errorf("truth.json after a cancelled run: %v", err)
	}
}

// Few patients, few sites and odd dates are no special cases.
func TestSmallAndOdd(t *testing.T) {
	o := options(t, 1)
	o.Sites = 1
	o.Start, o.End = time.Date(2023, 5, 17, 0, 0, 0, 0, time.UTC), time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	_, truth := generate(t, o)
	if len(truth.Periods) != 18 || truth.AsOf != "2024-02-29" {
		t.Errorf("periods %v as of %s", truth.Periods, truth.AsOf)
	}
	o.Sites, o.Patients, o.Out = 3, 40, t.TempDir()
	generate(t, o)
}

func BenchmarkGenerate(b *testing.B) {
	var lines, size int64
	for b.Loop() {
		o := options(b, 5000)
		s, err := Generate(context.Background(), o)
		if err != nil {
			b.Fatal(err)
		}
		lines, size = lines+s.Lines, size+s.PlainBytes
		os.RemoveAll(o.Out)
	}
	b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "resources/s")
	b.ReportMetric(float64(size)/1e6/b.Elapsed().Seconds(), "MB/s")
}
