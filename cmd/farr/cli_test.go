package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

// TestHostileMeasure: a measure's SQL that is not one SELECT over the views is refused,
// with its place, before anything runs.
func TestHostileMeasure(t *testing.T) {
	p := synthetic(t, 20, 6)
	p.extract()
	target := filepath.Join(p.dir, "stolen.csv")
	for name, sql := range map[string]string{
		"COPY":             fmt.Sprintf("COPY (SELECT * FROM patient) TO '%s'", target),
		"ATTACH":           fmt.Sprintf("ATTACH '%s'", target),
		"EXPORT":           fmt.Sprintf("EXPORT DATABASE '%s'", p.dir),
		"PRAGMA":           "PRAGMA database_list",
		"SET":              "SET enable_external_access = true",
		"INSTALL":          "INSTALL httpfs",
		"two statements":   "SELECT pid, period FROM seen; DROP VIEW seen",
		"a file":           fmt.Sprintf("SELECT * FROM read_text('%s')", p.key),
		"a row's place":    "SELECT s.pid, s.period FROM seen s WHERE s.rowid < 10",
		"a number of ours": "SELECT s.pid, s.period FROM seen s JOIN patient p USING (pid) WHERE p.person_no < 10",
		"a bare file":      fmt.Sprintf("SELECT * FROM '%s'", p.key),
	} {
		t.Run(name, func(t *testing.T) {
			library := t.TempDir()
			folder := filepath.Join(library, "mine")
			if err := os.Mkdir(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string]string{
				"measure.yaml": "id: mine\ntitle: Mine\nscoring: proportion\nbasis: patient\ndirection: higher\nrationale: r\nsource: s\n" +
					"populations: {initial-population: ip.sql, numerator: numerator.sql}\n",
				"ip.sql":        "SELECT pid, period FROM seen\n",
				"numerator.sql": sql + "\n",
			} {
				if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			e := farr(t, "measure", "run", "--store", p.store, "--key", p.key, "--periods", "2024", "--library", library)
			if e.code != jobs.ExitUsage || !strings.Contains(e.stderr, "numerator.sql:1:") {
				t.Errorf("exit %d, want a refusal that names numerator.sql:1:\n%s", e.code, e.stderr)
			}
			if exists(target) {
				t.Error("a file was written")
			}
		})
	}
}

// TestUsage: a command line that cannot be understood is exit 2 and names what is wrong.
func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args string
		want string
	}{
		{"extract", "--source, --store and --key"},
		{"extract --nope", "unknown flag: --nope"},
		{"nope", `unknown verb "nope"`},
		{"measure nope", `unknown verb "nope"`},
		{"run", "accepts 1 arg"},
		{"prune", "accepts 1 arg"},
		{"tick --textfile farr.txt " + dir, ".prom"},
		{"synth --out " + dir + " --start yesterday", `--start "yesterday"`},
		{"measure run --store " + dir + " --periods 2024-13", "2024-13"},
		{"measure run --store " + dir + " --periods 2024 --measure= ", "--measure names nothing"},
		{"measure run --store " + dir + " --periods 2024 --threads 0", "--threads is a number"},
		{"measure run --store " + dir + " --periods 2024 --memory 4", "an amount is a number with MB or GB"},
		{"verify", "--store"},
		{"measure results --json --store " + dir, "--format"},
		{"extract --source a --store b --key c --profile open --zone Mars/Phobos --max-reject 2", "--zone"},
	} {
		e := farr(t, strings.Fields(c.args)...)
		if e.code != jobs.ExitUsage || !strings.Contains(e.stderr, c.want) {
			t.Errorf("farr %s: exit %d, want %d and %q:\n%s", c.args, e.code, jobs.ExitUsage, c.want, e.stderr)
		}
	}
}

// TestJobTwice: a job does its work once, says so the second time, leaves one ledger row
// a run, and its report stands at latest/.
func TestJobTwice(t *testing.T) {
	p := synthetic(t, 60, 8)
	job := p.job("shifted", oneOfEach)
	type ran struct {
		Steps []struct {
			Name     string `json:"name"`
			Snapshot string `json:"snapshot"`
			Skipped  bool   `json:"skipped"`
		} `json:"steps"`
		Latest string `json:"latest"`
	}
	first := answer[ran](t, "run", job)
	second := answer[ran](t, "run", job)
	if len(first.Steps) < 3 || len(second.Steps) != len(first.Steps) {
		t.Fatalf("steps: %+v, then %+v", first.Steps, second.Steps)
	}
	for i, step := range second.Steps {
		if first.Steps[i].Skipped || !step.Skipped || step.Snapshot != first.Steps[i].Snapshot {
			t.Errorf("step %s: first %+v, then %+v", step.Name, first.Steps[i], step)
		}
	}
	if !exists(filepath.Join(first.Latest, "index.html")) {
		t.Errorf("no report in %s", first.Latest)
	}
	if status := must(t, "status", p.dir); !strings.Contains(status, "nightly") {
		t.Errorf("status does not name the job:\n%s", status)
	}
	must(t, "verify", "--store", p.store)
}

// TestJobMistakes: every mistake in a job file is told at once, with its place.
func TestJobMistakes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "job.yaml")
	text := `name: Nightly Job
schedule: {cron: "61 5 * * *", zone: Mars/Phobos}
source: {dir: export, name: main, zoen: UTC}
store: store
key: project.key
measures: [blood-pressure-contrl]
periods: [2024-13]
report: {out: reports, audience: everybody}
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	e := farr(t, "run", path)
	if e.code != jobs.ExitUsage {
		t.Errorf("exit %d", e.code)
	}
	for _, want := range []string{"job.yaml:2:", "Mars/Phobos", "zoen", "did you mean \"zone\"", "blood-pressure-contrl", "2024-13", "everybody"} {
		if !strings.Contains(e.stderr, want) {
			t.Errorf("no %q in:\n%s", want, e.stderr)
		}
	}
}
