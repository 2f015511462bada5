package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"farr/jobs"
)

// twoFiles is a folder with a job and a file of mistakes.
func twoFiles(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"good.yaml": "name: good\nschedule: {cron: 0 5 * * *, zone: UTC}\nsource: {name: main, dir: export, zone: UTC}\nstore: store\nkey: farr.key\nmeasures: [emergency-visits]\ncohorts: []\nperiods: [2025]\nreport: {out: reports, audience: internal}\n",
		"bad.yaml":  "name: bad\nsource: {dir: export}\nstore: store\nperiods: [2025]\nreport: {out: reports-2}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Mistakes in job files are told once, and what was done about other jobs beside them.
func TestMistakesAndResultsAreTold(t *testing.T) {
	const mistake, result = `the key "report.audience" is missing`, "good: seen for the first time"
	e := farr(t, "tick", twoFiles(t))
	if e.code != jobs.ExitUsage || strings.Count(e.stdout+e.stderr, mistake) != 1 || !strings.Contains(e.stderr, mistake) || !strings.Contains(e.stdout, result) {
		t.Errorf("tick: exit %d\n%s\n%s", e.code, e.stdout, e.stderr)
	}

	var stderr bytes.Buffer
	cmd := exec.Command(os.Args[0], "schedule", twoFiles(t))
	cmd.Env, cmd.Stderr = append(os.Environ(), asCommand+"=1"), &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer deadline.Stop()
	first := make([]byte, 200)
	n, _ := out.Read(first) // nothing, where it is ended for saying nothing
	_ = cmd.Process.Signal(syscall.SIGTERM)
	err = cmd.Wait()
	if err != nil || !strings.Contains(string(first[:n]), result) || strings.Count(stderr.String(), mistake) != 1 {
		t.Errorf("schedule: %v\n%s\n%s", err, first[:n], &stderr)
	}
}

// A script that asked for JSON gets it of a run that failed, too.
func TestFailedRunAsJSON(t *testing.T) {
	dir := twoFiles(t)
	for file, want := range map[string]failedRun{
		"bad.yaml":  {Class: jobs.ClassUsage, Error: `the key "report.audience" is missing`},
		"good.yaml": {Class: jobs.ClassKey, Job: "good", Error: "read key: the file that was named: no such file"},
	} {
		path := filepath.Join(dir, file)
		e := farr(t, "--json", "run", path)
		var got failedRun
		if err := json.Unmarshal([]byte(e.stdout), &got); err != nil {
			t.Fatalf("%s: %v in %q", file, err, e.stdout)
		}
		if got.File != path || got.Job != want.Job || got.Class != want.Class || !strings.Contains(got.Error, want.Error) || !strings.Contains(e.stderr, want.Error) {
			t.Errorf("%s: %+v, %s", file, got, e.stderr)
		}
		if plain := farr(t, "run", path); plain.stdout != "" || plain.code != e.code {
			t.Errorf("%s without --json: exit %d and %d, %q", file, plain.code, e.code, plain.stdout)
		}
	}
}
