//go:build linux

package main

import (
	"os"
	"strings"
	"testing"

	"farr/jobs"
)

// A job with a memory limit runs its steps in a process of its own, and makes what one without makes.
func TestJobWithAMemoryLimit(t *testing.T) {
	t.Setenv(asCommand, "1")
	p := synthetic(t, 40, 5)
	job := p.job("shifted", oneOfEach)
	text, err := os.ReadFile(job)
	if err != nil {
		t.Fatal(err)
	}
	limited := func(memory string) {
		t.Helper()
		if err := os.WriteFile(job, append([]byte("limits: {memory: "+memory+"}\n"), text...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	limited("3GB")
	e := farr(t, "run", job, "--json")
	if e.code != jobs.ExitOK || !strings.Contains(e.stderr, `msg="step ends"`) || strings.Contains(e.stdout, `"skipped": true`) {
		t.Fatalf("exit %d: %s %s", e.code, e.stdout, e.stderr)
	}
	if err := os.WriteFile(job, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "run", job, "--json"); strings.Count(out, `"skipped": true`) < 3 {
		t.Errorf("run again in this process: %s", out)
	}
}
