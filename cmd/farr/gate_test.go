package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/datasets"
	"farr/jobs"
)

// TestGate: a job that enforces its thresholds publishes nothing when the risk is beyond them, and what was in
// force stays; one that only records tells it, and goes on.
func TestGate(t *testing.T) {
	p := synthetic(t, 40, 5)
	path := p.job("shifted", oneOfEach)
	write := func(block string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(text), "risk:")
		if err := os.WriteFile(path, []byte(head+block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	current := func() string {
		text, err := os.ReadFile(filepath.Join(p.store, "current", "extract"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return string(text)
	}
	write("risk: {gate: enforce}\n")
	e := farr(t, "run", path)
	if e.code != jobs.ExitPrivacy || !strings.Contains(e.stderr, "residual risk beyond the thresholds") || !strings.Contains(e.stderr, "average is ") {
		t.Fatalf("enforced: exit %d\n%s", e.code, e.stderr)
	}
	if current() != "" || exists(filepath.Join(p.dir, "reports")) || exists(filepath.Join(p.store, "current", "results")) {
		t.Error("something was published")
	}
	s, err := datasets.OpenStore(t.Context(), p.store)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	entries, err := s.LogEntries()
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, e := range entries {
		if e.Kind == "risk-gate" && e.Facts["held"] == true {
			held++
		}
	}
	if held != 1 {
		t.Errorf("the log has %d gates that held", held)
	}
	write("risk: {gate: record}\n")
	out := must(t, "run", path)
	if !strings.Contains(out, "beyond its threshold: average is ") || !exists(filepath.Join(p.dir, "reports", "latest", "index.html")) {
		t.Errorf("recorded:\n%s", out)
	}
	before := current()
	must(t, "synth", "--patients", "41", "--seed", "6", "--sites", "12", "--start", "2023-01-01", "--end", "2025-12-31", "--out", filepath.Join(p.dir, "second"))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(strings.ReplaceAll(string(text), "dir: export", "dir: second"), "gate: record", "gate: enforce, k: 2, highest: 1, average: 99%, uniques: 1/3", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if e := farr(t, "run", path); e.code != jobs.ExitPrivacy || strings.Contains(e.stderr, "highest is") || !strings.Contains(e.stderr, "uniques is") || before == "" || current() != before {
		t.Errorf("the one in force must stay: exit %d\n%s", e.code, e.stderr)
	}
	write("risk: {gate: enforce, below_k: 1, highest: 1, average: 100%, uniques: 1}\n")
	must(t, "run", path)
	if current() == before {
		t.Error("within the thresholds, and not put in force")
	}
	write("risk: {gate: enforcee, k: 1, below_k: 120%, mean: 3}\n")
	e = farr(t, "run", path)
	for _, want := range []string{`no such gate "enforcee" (did you mean "enforce"?)`, "k is the size of a class", "bad-share", `unknown-key`, "job.yaml:11:"} {
		if e.code != jobs.ExitUsage || !strings.Contains(e.stderr, want) {
			t.Errorf("exit %d, want %s in\n%s", e.code, want, e.stderr)
		}
	}
}
