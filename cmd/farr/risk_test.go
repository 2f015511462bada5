package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/datasets/risk"
	"farr/jobs"
)

// TestRiskFile: the verb measures a table that farr did not make, and says what it lacks.
func TestRiskFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(path, []byte("sex,zip,job\nm,021,a\nm,021,a\nf,021,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := answer[risk.Report](t, "risk", "--file", path, "--quasi", "sex, zip", "--sensitive", "job")
	if r.Records != 3 || r.Classes != 2 || r.Uniques != 1 || r.Diversity.Alike != 1 {
		t.Errorf("%+v", r)
	}
	for args, want := range map[string]string{
		"risk": "one of --store and --file", "risk --store a --file b": "one of --store and --file",
		"risk --file " + path: "needs --quasi", "risk --store a --sensitive job": "goes with --file",
		"risk --file " + path + " --quasi sex,zipp": `of which there are 3`,
	} {
		if e := farr(t, strings.Fields(args)...); e.code != jobs.ExitUsage || !strings.Contains(e.stderr, want) {
			t.Errorf("farr %s: exit %d, %s", args, e.code, e.stderr)
		}
	}
}
