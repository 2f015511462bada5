package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

// TestSafeHarborIsNotMeasured: an extract of years answers no question about a period. Every way to ask is refused
// with the reason and what can be done, before anything is computed, and nothing is published.
func TestSafeHarborIsNotMeasured(t *testing.T) {
	p, pid := stays(t, "limited")
	before := must(t, "measure", "results", "--store", p.store)
	first := answer[extracted](t, "extract", "--source", p.export, "--store", p.store, "--zone", p.zone, "--profile", "safe-harbor") // without a key
	if first.Stored != 4 || first.Skipped {
		t.Fatalf("%+v", first)
	}
	again := p.extract("--profile", "safe-harbor") // with one
	if !again.Skipped || again.Snapshot != first.Snapshot {
		t.Errorf("the same again: %+v", again)
	}
	store := []string{"--store", p.store}
	for name, args := range map[string][]string{
		"a measure of farr's own": {"measure", "run", "--measure", "blood-pressure-control", "--periods", "2024"},
		"one in CQL":              {"measure", "run", "--measure", "BloodPressureControlCQL", "--periods", "2024"},
		"a published one":         {"measure", "run", "--measure", "OperatedStays", "--periods", "2024", "--key", p.key},
		"a cohort":                {"measure", "run", "--cohort", "incident-type-2-diabetes", "--periods", "2024"},
		"all":                     {"measure", "run", "--periods", "2024"},
		"explain":                 {"measure", "explain", "--measure", "OperatedStays", "--patient", pid, "--period", "2024", "--phi"},
		"views":                   {"measure", "views"},
	} {
		e := farr(t, append(args, store...)...)
		if e.code != jobs.ExitFailed || e.stdout != "" {
			t.Errorf("%s: exit %d\n%s", name, e.code, e.stdout)
		}
		for _, want := range []string{"dates-in-years", "the year alone", "farr risk", "farr export", "shifted or limited"} {
			if !strings.Contains(e.stderr, want) {
				t.Errorf("%s: no %q in %s", name, want, e.stderr)
			}
		}
	}
	if e := farr(t, "measure", "test", visits(t), "--profile", "safe-harbor"); e.code != jobs.ExitFailed || !strings.Contains(e.stderr, "dates-in-years") {
		t.Errorf("measure test: exit %d\n%s", e.code, e.stderr)
	}
	if after := must(t, "measure", "results", "--store", p.store); after != before {
		t.Error("a refusal published results")
	}
	for _, args := range [][]string{p.extractArgs("--profile", "safeharbor"), {"extract", "--source", p.export, "--store", p.store}} {
		if e := farr(t, args...); e.code != jobs.ExitUsage {
			t.Errorf("%v: exit %d\n%s", args, e.code, e.stderr)
		}
	}
}

// TestSafeHarborJob: a job on years extracts, and says where it asks for more.
func TestSafeHarborJob(t *testing.T) {
	p := synthetic(t, 20, 3)
	job := p.job("safe-harbor")
	if e := farr(t, "run", job); e.code != jobs.ExitUsage || !strings.Contains(e.stderr, "job.yaml:7:10: dates-in-years") || !strings.Contains(e.stderr, "job.yaml:8:9: dates-in-years") {
		t.Errorf("a job with periods and a report: exit %d\n%s", e.code, e.stderr)
	}
	text := "name: nightly\nsource: {dir: export, name: main, zone: America/New_York, sites: export/sites.csv}\nstore: store\nprofile: safe-harbor\nmax_reject: 5%\n"
	if err := os.WriteFile(job, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	type ran struct {
		Steps []struct {
			Name, Snapshot string
			Skipped        bool
		}
		Latest string
	}
	first, again := answer[ran](t, "run", job), answer[ran](t, "run", job)
	if len(first.Steps) != 2 || first.Steps[0].Name != "extract" || first.Steps[0].Skipped || first.Latest != "" {
		t.Errorf("%+v", first)
	}
	if len(again.Steps) != 2 || !again.Steps[0].Skipped || again.Steps[0].Snapshot != first.Steps[0].Snapshot {
		t.Errorf("%+v", again)
	}
	for _, said := range []string{must(t, "run", job), must(t, "status", p.dir)} {
		if strings.Contains(said, "report") {
			t.Errorf("a report is told of that nobody made:\n%s", said)
		}
	}
	if exists(filepath.Join(p.dir, "reports")) {
		t.Error("a report is there")
	}
}
