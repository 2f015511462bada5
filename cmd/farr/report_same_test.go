package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReportIsTheSameAnywhere: a second report of the same results, from a copy of the store elsewhere,
// by a process with another working folder, home, name, language and time zone (and, where the test
// runs as root, of another user), has the same manifest.json, which has the hash of every file.
func TestReportIsTheSameAnywhere(t *testing.T) {
	p := synthetic(t, 300, 5)
	p.extract()
	p.measure("--periods", "2025-01..2025-12,P12M/2025-06..2025-12", "--measure", "blood-pressure-control", "--cohort", "incident-type-2-diabetes")
	kpi := filepath.Join(p.dir, "kpi.yaml")
	if err := os.WriteFile(kpi, []byte("kpis:\n  - {measure: blood-pressure-control, target: 70%}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Not in t.TempDir, which its owner alone can enter.
	away, err := os.MkdirTemp("", "farr-elsewhere-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(away) })
	program := filepath.Join(away, "farr")
	for from, to := range map[string]string{p.store: "another store", kpi: "targets.yaml", os.Args[0]: "farr"} {
		if out, err := exec.CommandContext(t.Context(), "cp", "-R", from, filepath.Join(away, to)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	credential := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 {
		credential.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
		err := filepath.WalkDir(away, func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				err = os.Lchown(path, 65534, 65534)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, audience := range []string{"internal", "external"} {
		args := []string{"report", "--audience", audience, "--organisation", "Riverside Health", "--title", "Quality"}
		must(t, append(args, "--store", p.store, "--kpi", kpi, "--out", filepath.Join(p.dir, audience))...)

		out := "a bundle for the " + audience
		cmd := exec.CommandContext(t.Context(), program, append(args, "--store", "another store", "--kpi", "./targets.yaml", "--out", out)...)
		cmd.Dir, cmd.SysProcAttr = away, credential
		cmd.Env = []string{asCommand + "=1", "HOME=" + away, "USER=quidam", "LOGNAME=quidam", "TZ=Asia/Tokyo", "LANG=de_DE.UTF-8", "LC_ALL=tr_TR.UTF-8", "PATH=/usr/bin:/bin", "TMPDIR=" + away, "GOMAXPROCS=1"}
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("elsewhere: %v\n%s", err, said)
		}
		here, there := filepath.Join(p.dir, audience), filepath.Join(away, out)
		first, second := manifestOf(t, here), manifestOf(t, there)
		if !bytes.Equal(first, second) {
			t.Errorf("%s: manifest.json differs%s", audience, firstDifference(string(first), string(second)))
		}
		for _, private := range []string{away, p.dir, "quidam", "another store"} {
			if hit := holds(t, there, private); hit != "" {
				t.Errorf("%s: %s is in %s", audience, private, hit)
			}
		}
	}
}

func manifestOf(t *testing.T, bundle string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(bundle, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// holds names the first file of a folder that has the words in it.
func holds(t *testing.T, dir, words string) string {
	t.Helper()
	hit := ""
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || hit != "" {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(words)) {
			hit = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hit
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf(" in line %d: %s / %s", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf(": %d and %d lines", len(x), len(y))
}
