package jobs

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"farr/datasets/risk"
)

var update = flag.Bool("update", false, "rewrite the expected sections of testdata")

// Each case is a folder of files with job.yaml in it, and what LoadJob says of it.
func TestLoadJob(t *testing.T) {
	cases, err := filepath.Glob("testdata/jobs/*.txt")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			want := &archive.Files[len(archive.Files)-1]
			if want.Name != "want" {
				t.Fatal("the last section is not want")
			}
			for _, f := range archive.Files[:len(archive.Files)-1] {
				writeFile(t, filepath.Join(dir, f.Name), string(f.Data))
			}
			got := "ok\n"
			if _, err := LoadJob(filepath.Join(dir, "job.yaml")); err != nil {
				got = strings.ReplaceAll(err.Error(), dir+"/", "") + "\n"
				if ExitCode(err) != ExitUsage {
					t.Errorf("exit code %d", ExitCode(err))
				}
			}
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLoadJobFields(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "nightly.yaml"), minimal("nightly", "schedule: {cron: 0 5 * * *, zone: UTC}\nmax_reject: 2.5%\n"))
	job, err := LoadJob(filepath.Join(dir, "nightly.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Job{
		File: filepath.Join(dir, "nightly.yaml"), Name: "nightly", Schedule: job.Schedule,
		Source: Sources{{Dir: filepath.Join(dir, "export"), Name: "hospital", Zone: "UTC", Observable: "auto"}},
		Store:  filepath.Join(dir, "store"), Key: "/etc/farr/farr.key", Profile: "shifted", MaxReject: 0.025, Misfire: Misfire{Rule: "once"},
		Risk:    Risk{"record", risk.DefaultThresholds()},
		Periods: Words{"2024-01..2024-12", "P12M/last-3-months"},
		Report:  Report{Out: filepath.Join(dir, "reports-nightly"), Audience: "internal"},
	}
	if diff := cmp.Diff(want, job, cmpopts.IgnoreUnexported(Job{}), cmp.Comparer(func(a, b *Schedule) bool { return a == b })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := job.Schedule.Next(time.Date(2026, 1, 1, 6, 0, 0, 0, time.UTC)); !got.Equal(time.Date(2026, 1, 2, 5, 0, 0, 0, time.UTC)) {
		t.Errorf("next is %v", got)
	}
}

func TestLoadFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) { writeFile(t, filepath.Join(dir, name), text) }
	write("a.yaml", minimal("one", ""))
	write("b.yaml", minimal("one", ""))                                                  // the same name
	write("c.yml", strings.Replace(minimal("two", ""), "reports-two", "reports-one", 1)) // the same folder
	write("e.yaml", minimal("three", ""))
	write("d.yaml", "name: [\n") // broken
	write("kpi.yaml", "kpis: []\n")
	write("measure.yaml", "id: a-measure\ntitle: not a job\n")
	write(".hidden.yaml", "x: 1\n")
	write("notes.txt", "not a job")
	jobs, wrong, err := LoadFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(jobs) != 1 || jobs[0].File != filepath.Join(dir, "e.yaml") {
		t.Errorf("loaded %v", jobs)
	}
	want := `a.yaml:1:7: duplicate-name: the name "one" is also that of b.yaml:1:7
a.yaml:6:15: shared-output: report.out is also that of b.yaml:6:15, and latest/ can be one job's only
b.yaml:1:7: duplicate-name: the name "one" is also that of a.yaml:1:7 (neither runs until one has another name)
b.yaml:6:15: shared-output: report.out is also that of a.yaml:6:15, and latest/ can be one job's only
c.yml:6:15: shared-output: report.out is also that of a.yaml:6:15, and latest/ can be one job's only
d.yaml:2:1: yaml-syntax`
	got := strings.ReplaceAll(wrong.Err().Error(), dir+"/", "")
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The examples are what people begin with: they have every key, and they decode.
func TestExamples(t *testing.T) {
	jobs, wrong, err := LoadFolder("examples")
	if err != nil || wrong.Err() != nil {
		t.Fatalf("%v\n%v", err, wrong.Err())
	}
	if len(jobs) != 2 || filepath.Base(jobs[0].File) != "committee.yaml" {
		t.Fatalf("%d jobs", len(jobs))
	}
	if two := jobs[1]; len(two.Source) != 2 || two.Source[1].Bulk == nil || two.Linkage != "tokens" {
		t.Errorf("the example of several sources has %+v", two.Source)
	}
	data, err := os.ReadFile(jobs[0].File)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"name", "schedule", "cron", "zone", "misfire", "after", "limits", "disk", "retries", "retention", "source", "dir", "sites", "concept_maps", "map_by", "full_load_every", "observable", "store", "key", "profile", "policy", "as_of", "max_reject",
		"library", "measures", "cohorts", "periods", "closed", "kpi", "report", "out", "audience", "organisation", "title", "pdf",
	} {
		if !strings.Contains(string(data), key+":") {
			t.Errorf("the example does not show %s", key)
		}
	}
}

// Concept maps are files beside the job, and a mistake about one is at its own place.
func TestJobConceptMaps(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "labs.csv"), "source_system,source_code,target_system,target_code\n")
	load := func(source string) (*Job, error) {
		path := filepath.Join(dir, "a.yaml")
		writeFile(t, path, strings.Replace(minimal("a", ""), "name: hospital", "name: hospital, "+source, 1))
		return LoadJob(path)
	}
	job, err := load("concept_maps: [labs.csv], map_by: [equal, wider]")
	if err != nil || len(job.Source[0].ConceptMaps) != 1 || job.Source[0].ConceptMaps[0] != filepath.Join(dir, "labs.csv") || len(job.Source[0].MapBy) != 2 {
		t.Errorf("%+v, %v", job, err)
	}
	_, err = load("concept_maps: [labs.csv, gone.csv], map_by: [equal, equivalant]")
	if err == nil || !strings.Contains(err.Error(), "a.yaml:2:64: missing-file") || !strings.Contains(err.Error(), `a.yaml:2:91: unknown-value: no such map_by "equivalant" (did you mean "equivalent"?)`) {
		t.Error(err)
	}
}

// What the demo puts side by side: a job and the targets that it names.
func TestLoadFolderOfTheDemo(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("examples/demo")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "export", "sites.csv"), "id,label\n")
	jobs, wrong, err := LoadFolder(dir)
	if err != nil || wrong.Err() != nil || len(jobs) != 1 || jobs[0].Name != "demo" {
		t.Errorf("%v, %v, %v", jobs, wrong, err)
	}
}

func TestResolvePeriods(t *testing.T) {
	for _, c := range []struct{ item, asOf, want string }{
		{"last-24-months", "2026-01-31", "2024-02..2026-01"},
		{"last-24-months", "2026-01-30", "2024-01..2025-12"},
		{"last-1-month", "2024-02-29", "2024-02..2024-02"},
		{"P12M/last-3-months", "2025-12-31", "P12M/2025-10..2025-12"},
		{"last-2-quarters", "2026-05-15", "2025-Q4..2026-Q1"},
		{"last-2-quarters", "2026-06-30", "2026-Q1..2026-Q2"},
		{"last-3-years", "2025-12-30", "2022..2024"},
		{"last-3-years", "2025-12-31", "2023..2025"},
		{"2024-01..2024-06", "2025-12-31", "2024-01..2024-06"},
	} {
		asOf, err := time.Parse(time.DateOnly, c.asOf)
		if err != nil {
			t.Fatal(err)
		}
		if got := resolve(c.item, asOf); got != c.want {
			t.Errorf("%s as of %s: got %s, want %s", c.item, c.asOf, got, c.want)
		}
		if _, err := periodsOf([]string{c.item}, asOf); err != nil {
			t.Errorf("%s: %v", c.item, err)
		}
	}
}

// minimal is a job file with what is required, and more.
func minimal(name, more string) string {
	return "name: " + name + "\n" + more + `source: {dir: export, name: hospital}
store: store
key: /etc/farr/farr.key
periods: 2024-01..2024-12, P12M/last-3-months
report: {out: reports-` + name + `, audience: internal}
`
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A job's key may come from a variable or a descriptor, and each is read once for all jobs.
func TestJobKeySources(t *testing.T) {
	load := func(key string) (*Job, error) {
		path := filepath.Join(t.TempDir(), "job.yaml")
		text := "name: n\nsource: {dir: export, name: main}\nstore: store\nkey: " + key +
			"\nperiods: [2024]\nreport: {out: reports, audience: internal}\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return LoadJob(path)
	}
	for _, key := range []string{"env:FARR_KEY", "fd:3"} {
		if job, err := load(key); err != nil || job.Key != key {
			t.Errorf("%s: %v, %v", key, job, err)
		}
	}
	if job, err := load("farr.key"); err != nil || !filepath.IsAbs(job.Key) {
		t.Errorf("a file: %v, %v", job, err)
	}
	for _, key := range []string{"env:1", "fd:one"} {
		if _, err := load(key); err == nil || !strings.Contains(err.Error(), "job.yaml:4:6: bad-key-source") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// Boundaries are files beside the job, and one that is not there is told at its own place.
func TestJobBoundaries(t *testing.T) {
	dir := t.TempDir()
	text := strings.Replace(minimal("one", ""), "audience: internal}", "audience: internal, boundaries: [{area: zip3, file: zip3.geojson, property: ZCTA3}]}", 1)
	path := filepath.Join(dir, "one.yaml")
	writeFile(t, path, text)
	if _, err := LoadJob(path); err == nil || !strings.Contains(err.Error(), "missing-file: "+filepath.Join(dir, "zip3.geojson")) {
		t.Errorf("a file that is not there: %v", err)
	}
	writeFile(t, filepath.Join(dir, "zip3.geojson"), "{}")
	job, err := LoadJob(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Boundaries{"zip3", filepath.Join(dir, "zip3.geojson"), "ZCTA3"}); len(job.Report.Boundaries) != 1 || job.Report.Boundaries[0] != want {
		t.Errorf("boundaries %v", job.Report.Boundaries)
	}
}

// TestJobLanguage: a language file lies beside the job, and its mistakes are told with the job's, at their own places.
func TestJobLanguage(t *testing.T) {
	dir := t.TempDir()
	path, language := filepath.Join(dir, "one.yaml"), filepath.Join(dir, "de.yaml")
	writeFile(t, path, strings.Replace(minimal("one", ""), "audience: internal}", "audience: internal, language: de.yaml}", 1))
	if _, err := LoadJob(path); err == nil || !strings.Contains(err.Error(), "missing-file: "+language) {
		t.Errorf("a file that is not there: %v", err)
	}
	head := "language: de\npartial: true\ndecimal: \",\"\ngroup: \".\"\nmonths: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]\nshort_months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]\nmessages:\n"
	writeFile(t, language, head+"- {from: hidden, to: verborgen}\n- {from: hiden, to: verborgen}\n")
	if _, err := LoadJob(path); err == nil || !strings.Contains(err.Error(), language+":9:10: unknown-text: ") {
		t.Errorf("a mistake in it: %v", err)
	}
	writeFile(t, language, head+"- {from: hidden, to: verborgen}\n")
	job, err := LoadJob(path)
	if err != nil {
		t.Fatal(err)
	}
	if job.Report.Language != language {
		t.Errorf("language %q", job.Report.Language)
	}
}
