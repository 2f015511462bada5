package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/datasets/export"
	"farr/jobs"
)

// TestExportVerb: without what its profile needs an export is exit code 5 and nothing is there; with it, the rows are.
func TestExportVerb(t *testing.T) {
	p := synthetic(t, 30, 3)
	p.extract("--risk=false")
	out := filepath.Join(p.dir, "out")
	args := []string{"export", "--store", p.store, "--key", p.key, "--name", "registry", "--profile", "shifted", "--tables", "patient,condition", "--format", "csv", "--out", out}
	if e := farr(t, args...); e.code != jobs.ExitPrivacy || !strings.Contains(e.stderr, "missing-reference") || exists(out) {
		t.Errorf("exit %d\n%s", e.code, e.stderr)
	}
	config := filepath.Join(p.dir, "export.yaml")
	write := func(text string) {
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args = append(args, "--config", config)
	write("shifted: {expert: file 12, expires: 2999-01-01}\n")
	if e := farr(t, args...); e.code != jobs.ExitPrivacy || !strings.Contains(e.stderr, "residual risk beyond the thresholds") || exists(out) {
		t.Errorf("exit %d\n%s", e.code, e.stderr)
	}
	write("shifted: {expert: file 12, expires: 2999-01-01}\nleave_out: [birth_year, over_89, sex, zip3, race, ethnicity, language, state]\n")
	m := answer[export.Manifest](t, args...)
	if m.Persons != 30 || len(m.Quasi) != 0 || m.LeakScan != "clean" || !exists(filepath.Join(out, "patient.csv")) {
		t.Errorf("%+v", m)
	}
	write("shifted: {expert: file 12}\n")
	if e := farr(t, args...); e.code != jobs.ExitUsage || !strings.Contains(e.stderr, "export.yaml:1:19: missing-expiry") {
		t.Errorf("exit %d\n%s", e.code, e.stderr)
	}
	must(t, "audit", "verify", "--store", p.store)
}
