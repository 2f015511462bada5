package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

// ended is how one command line came out.
type ended struct {
	code           int
	stdout, stderr string
}

// farr runs the command in this process, as a shell would.
func farr(t testing.TB, args ...string) ended {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr, func(string) string { return "" })
	return ended{code, stdout.String(), stderr.String()}
}

// must runs the command and fails the test unless it ends well.
func must(t testing.TB, args ...string) string {
	t.Helper()
	e := farr(t, args...)
	if e.code != jobs.ExitOK {
		t.Fatalf("farr %s: exit %d\n%s", strings.Join(args, " "), e.code, e.stderr)
	}
	return e.stdout
}

// answer runs the command with --json and decodes what it prints.
func answer[T any](t testing.TB, args ...string) T {
	t.Helper()
	var v T
	out := must(t, append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("farr %s: %v in\n%s", strings.Join(args, " "), err, out)
	}
	return v
}

// project is a folder with an export, a key and a store, as a user would lay it out.
type project struct {
	t                       testing.TB
	dir, export, key, store string
	zone                    string
}

func newProject(t testing.TB) project {
	dir := t.TempDir()
	p := project{t: t, dir: dir, export: filepath.Join(dir, "export"), key: filepath.Join(dir, "project.key"), store: filepath.Join(dir, "store"), zone: "UTC"}
	must(t, "keys", "new", "--out", p.key)
	return p
}

// synthetic is a project with a seeded population of three years.
func synthetic(t testing.TB, patients int, seed uint64, more ...string) project {
	p := newProject(t)
	p.zone = "America/New_York"
	must(t, append([]string{"synth", "--patients", fmt.Sprint(patients), "--seed", fmt.Sprint(seed), "--sites", "12",
		"--start", "2023-01-01", "--end", "2025-12-31", "--out", p.export}, more...)...)
	return p
}

// unpacked are the texts of the export's files, by name without .gz.
func (p project) unpacked() map[string]string {
	p.t.Helper()
	paths, err := filepath.Glob(filepath.Join(p.export, "*.ndjson.gz"))
	if err != nil || len(paths) == 0 {
		p.t.Fatal(paths, err)
	}
	all := map[string]string{}
	for _, path := range paths {
		packed, err := os.ReadFile(path)
		if err != nil {
			p.t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			p.t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			p.t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".gz")] = string(text)
	}
	return all
}

type extracted struct {
	Snapshot        string `json:"snapshot"`
	Skipped         bool   `json:"skipped"`
	Read            int64  `json:"read"`
	Stored          int64  `json:"stored"`
	Superseded      int64  `json:"superseded"`
	NotInPolicy     int64  `json:"not_in_policy"`
	DroppedByPolicy int64  `json:"dropped_by_policy"`
	Rejected        int64  `json:"rejected"`
	Rejects         []struct {
		File   string `json:"file"`
		Line   int64  `json:"line"`
		Offset int64  `json:"offset"`
		Reason string `json:"reason"`
	} `json:"rejects"`
}

func (p project) extractArgs(more ...string) []string {
	args := []string{"extract", "--source", p.export, "--store", p.store, "--key", p.key, "--zone", p.zone}
	if sites := filepath.Join(p.export, "sites.csv"); exists(sites) {
		args = append(args, "--sites", sites)
	}
	return append(args, more...)
}

func (p project) extract(more ...string) extracted {
	p.t.Helper()
	return answer[extracted](p.t, p.extractArgs(more...)...)
}

func (p project) measure(more ...string) string {
	p.t.Helper()
	return must(p.t, append([]string{"measure", "run", "--store", p.store, "--key", p.key}, more...)...)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// shared is a folder of real input beside the repository; a test that needs it is
// skipped, and says so, where it is absent.
func shared(t testing.TB, name string) string {
	dir, err := filepath.Abs(filepath.Join("../../../shared/data", name))
	if err != nil {
		t.Fatal(err)
	}
	if !exists(dir) {
		t.Skipf("skipped: the input %s is not beside this repository", name)
	}
	return dir
}

// oneOfEach are keys of a job that computes one measure and one cohort, for tests that ask no more of the results than that
// they are there: most of the time of a run over few patients goes by the number of definitions.
const oneOfEach = "measures: [blood-pressure-control]\ncohorts: [incident-type-2-diabetes]\n"

// oneMeasure asks a run for one measure and no cohort, of which every patient is a subject.
var oneMeasure = []string{"--measure", "emergency-visits"}

// job writes a job file over the project, with the periods of the last year and more keys, and returns
// its path.
func (p project) job(profile string, more ...string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, "job.yaml")
	text := fmt.Sprintf(`name: nightly
source: {dir: export, name: main, zone: %s, sites: export/sites.csv}
store: store
key: project.key
profile: %s
max_reject: 5%%
periods: [2025-01..2025-12, P12M/2025-12]
report: {out: reports, audience: internal, organisation: Test Health}
`, p.zone, profile) + strings.Join(more, "")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	return path
}
