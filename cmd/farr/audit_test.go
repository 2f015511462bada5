package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/datasets"
	"farr/jobs"
)

// TestAudit: a job leaves a log that holds all it did and names no input; a report's own checkpoint proves
// that what it rests on still stands; and a log that was put back is found by the key alone.
func TestAudit(t *testing.T) {
	p := synthetic(t, 40, 5)
	job := p.job("shifted", oneOfEach)
	must(t, "run", job)
	type entry struct {
		Kind  string         `json:"kind"`
		Facts map[string]any `json:"facts"`
	}
	entries := answer[[]entry](t, "audit", "show", "--store", p.store)
	find := func(kind string) map[string]any {
		t.Helper()
		i := slices.IndexFunc(entries, func(e entry) bool { return e.Kind == kind })
		if i < 0 {
			t.Fatalf("no entry of kind %s", kind)
		}
		return entries[i].Facts
	}
	for kind, facts := range map[string][]string{
		"extract": {"inputs", "recipe", "drop_reasons", "reject_reasons", "values_dropped"}, "results": {"inputs", "recipe"},
		"report": {"bundle", "audience", "results"}, "job-begins": {"job"}, "job-ends": {"outcome"}, "log-verifier": {"verifier"},
	} {
		for _, name := range facts {
			if _, ok := find(kind)[name]; !ok {
				t.Errorf("entry %s has no %s", kind, name)
			}
		}
	}
	recipe, _ := find("extract")["recipe"].(map[string]any)
	for _, name := range []string{"policy", "profile", "key"} {
		if text, _ := recipe[name].(string); text == "" {
			t.Errorf("entry extract does not say the %s", name)
		}
	}
	if find("job-ends")["outcome"] != "done" {
		t.Errorf("job ended %v", find("job-ends"))
	}
	text, err := os.ReadFile(filepath.Join(p.store, "log", "entries.jsonl"))
	if err != nil || bytes.Contains(text, []byte("ndjson")) || bytes.Contains(text, []byte(p.dir)) {
		t.Errorf("the log names files (%v)", err)
	}

	bundle := filepath.Join(p.dir, "reports", "latest")
	manifest := filepath.Join(bundle, "manifest.json")
	first, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	var m struct{ Checkpoint string }
	if err := json.Unmarshal(first, &m); err != nil {
		t.Fatal(err)
	}
	if page, err := os.ReadFile(filepath.Join(bundle, "run.html")); err != nil || !strings.Contains(strings.ReplaceAll(string(page), "&#43;", "+"), m.Checkpoint) || m.Checkpoint == "" {
		t.Errorf("the run page does not print the checkpoint %q (%v)", m.Checkpoint, err)
	}
	key := []string{"audit", "verify", "--store", p.store, "--key", p.key}
	report := answer[datasets.AuditReport](t, append(key, "--checkpoint", manifest, "--checkpoint", m.Checkpoint, "--from", "2")...)
	if len(report.Kept) != 3 || report.Signed != report.Entries || report.Proof == nil {
		t.Errorf("audit %+v", report)
	}
	must(t, "audit", "verify", "--store", p.store, "--verifier", report.Verifiers[0].Verifier)
	must(t, "verify", "--store", p.store)

	// The log as it is now, put back after more was done that leaves no snapshot: a second report of the
	// same results, which is the same to the byte.
	old := filepath.Join(p.dir, "old")
	if err := os.CopyFS(old, os.DirFS(filepath.Join(p.store, "log"))); err != nil {
		t.Fatal(err)
	}
	must(t, "run", job)
	if second, err := os.ReadFile(manifest); err != nil || !bytes.Equal(first, second) {
		t.Errorf("the report of the same results differs (%v)", err)
	}
	must(t, key...)
	if err := os.RemoveAll(filepath.Join(p.store, "log")); err != nil {
		t.Fatal(err)
	}
	if e := farr(t, "verify", "--store", p.store); e.code != jobs.ExitIntegrity {
		t.Errorf("a store that lost its log: exit %d", e.code)
	}
	if err := os.Rename(old, filepath.Join(p.store, "log")); err != nil {
		t.Fatal(err)
	}
	if e := farr(t, key...); e.code != jobs.ExitIntegrity || !strings.Contains(e.stdout+e.stderr, "rolled back") {
		t.Errorf("a log that was rolled back: exit %d\n%s%s", e.code, e.stdout, e.stderr)
	}
	must(t, "audit", "verify", "--store", p.store, "--checkpoint", m.Checkpoint) // the report's own still stands

	for _, bad := range [][]string{{"audit", "verify"}, {"audit", "show", "--store", p.store, "--since", "yesterday"}, {"audit", "verify", "--store", p.store, "--checkpoint", "x"}} {
		if e := farr(t, bad...); e.code != jobs.ExitUsage {
			t.Errorf("%v: exit %d %s", bad, e.code, e.stderr)
		}
	}
}
