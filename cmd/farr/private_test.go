//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killed starts the command and kills it when a pattern of files is there.
func killed(t *testing.T, pattern string, seen func(pid int), args ...string) {
	t.Helper()
	old := syscall.Umask(0) // what is private is so whatever the umask
	defer syscall.Umask(old)
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for found := 0; found == 0; time.Sleep(time.Millisecond) {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if found = len(names); cmd.Process.Signal(syscall.Signal(0)) != nil {
			break
		}
	}
	if seen != nil {
		seen(cmd.Process.Pid)
	}
	cmd.Process.Kill()
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the process was not killed in its work: %v\n%s", err, &out)
	}
}

// TestKilledLeavesNothing kills an extract and a run of measures in the middle. What they prepared is
// for its owner alone while it is there, and goes with the next command, whichever it is.
func TestKilledLeavesNothing(t *testing.T) {
	p := newProject(t)
	p.zone = "UTC"
	var lines bytes.Buffer
	for n := range 2000 {
		fmt.Fprintf(&lines, `{"resourceType":"Patient","id":"p%d","birthDate":"1970-01-01"}`+"\n", n)
	}
	for n := range 100_000 {
		fmt.Fprintf(&lines, `{"resourceType":"Observation","id":"o%d","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"2024-05-%02dT10:00:00Z"}`+"\n", n, n%2000, 1+n%28)
	}
	if err := os.MkdirAll(p.export, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.export, "all.ndjson"), lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	staging := filepath.Join(p.store, "staging")
	private := func(int) {
		files := 0
		filepath.WalkDir(p.store, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil // gone meanwhile
			}
			info, err := d.Info()
			if err != nil {
				return nil
			}
			if d.IsDir() && info.Mode().Perm() != 0o700 {
				t.Errorf("folder %s has mode %04o", path, info.Mode().Perm())
			}
			if strings.HasPrefix(path, staging+"/") && !d.IsDir() {
				files++
				if info.Mode().Perm()&0o077 != 0 {
					t.Errorf("file %s has mode %04o", path, info.Mode().Perm())
				}
			}
			return nil
		})
		if files == 0 {
			t.Error("no file in staging was looked at")
		}
	}
	left := func() int {
		names, err := os.ReadDir(staging)
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	killed(t, filepath.Join(staging, "*", "work", "*"), private, p.extractArgs()...)
	if left() == 0 {
		t.Error("the extract left nothing, so nothing is removed here")
	}
	must(t, "verify", "--store", p.store)
	if n := left(); n > 0 {
		t.Errorf("%d things of the extract are left", n)
	}
	p.extract()
	killed(t, filepath.Join(staging, "*", "lock"), private, "measure", "run", "--store", p.store, "--key", p.key, "--periods", "2020-01..2024-12")
	if left() == 0 {
		t.Error("the run left nothing, so nothing is removed here")
	}
	must(t, "audit", "show", "--store", p.store)
	if n := left(); n > 0 {
		t.Errorf("%d things of the run are left", n)
	}
	must(t, "audit", "verify", "--store", p.store, "--key", p.key)
}

// TestNoCoreDump: the process has no right to a core file, and a crash leaves none.
func TestNoCoreDump(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: /proc is Linux's")
	}
	p := synthetic(t, 200, 3)
	killed(t, filepath.Join(p.store, "staging", "*", "work", "*"), func(pid int) {
		limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(limits)) {
			if rest, is := strings.CutPrefix(line, "Max core file size"); is && strings.Join(strings.Fields(rest), " ") != "0 0 bytes" {
				t.Errorf("core limit %q", line)
			}
		}
	}, p.extractArgs()...)
	cmd := exec.Command(os.Args[0], "extract", "--source", p.export, "--store", filepath.Join(p.dir, "other"), "--key", p.key)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), asCommand+"=1", "GOTRACEBACK=crash", crashWhen+"="+filepath.Join(p.dir, "other", "staging", "*", "work"))
	if out, err := cmd.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("on purpose")) {
		t.Fatalf("the process did not crash: %v\n%s", err, out)
	} else if cmd.ProcessState.Sys().(syscall.WaitStatus).CoreDump() {
		t.Error("a core was dumped")
	}
	if names, err := os.ReadDir(cmd.Dir); err != nil || len(names) > 0 {
		t.Errorf("the crash left %v (%v)", names, err)
	}
}
