//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A job that is killed at the end of its last step does little again: what was made is told by its key and skipped. The share of
// work is processor time; of 100,000 persons (FARR_RESUME) it is at most a tenth, of few the report weighs more.
func TestResume(t *testing.T) {
	text := os.Getenv("FARR_RESUME")
	if text == "" {
		t.Skip("skipped: it is a measurement; make bench-resume")
	}
	patients, err := strconv.Atoi(text)
	if err != nil || patients < 1 {
		t.Fatalf("FARR_RESUME is %q: write a number of persons", text)
	}
	p := synthetic(t, patients, 5)
	job := p.job("shifted")
	first, out := p.timed(job, filepath.Join(p.dir, "reports", ".latest-*"))
	if strings.Contains(out, "report   ") {
		t.Fatalf("the run was not killed: %s", out)
	}
	again, out := p.timed(job, "")
	if strings.Count(out, "made already") < 3 {
		t.Errorf("run again it says %s", out)
	}
	whole, _ := p.timed(job, "")
	share := again.Seconds() / first.Seconds()
	t.Logf("%d persons: killed at the end of the last step after %.1f CPU-s; run again %.1f CPU-s, %.1f %% of it; once more %.1f CPU-s", patients, first.Seconds(), again.Seconds(), 100*share, whole.Seconds())
	if patients >= 100_000 && share > 0.1 {
		t.Errorf("the second run took %.1f %% of the first", 100*share)
	}
}

// timed runs the job in a process of its own and gives its processor time; where a file of the pattern appears, it is killed.
func (p project) timed(job, pattern string) (cpu time.Duration, out string) {
	p.t.Helper()
	cmd := exec.Command(os.Args[0], "run", job)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		for pattern != "" {
			select {
			case <-ended:
				return
			case <-time.After(time.Millisecond):
			}
			if found, _ := filepath.Glob(pattern); len(found) > 0 {
				_ = cmd.Process.Kill()
				return
			}
		}
	}()
	err := cmd.Wait()
	close(ended)
	if err != nil && pattern == "" {
		p.t.Fatalf("%v: %s", err, &said)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), said.String()
}
