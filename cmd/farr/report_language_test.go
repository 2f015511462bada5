package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLanguageTemplate: the catalogue is printed without a store, and what it says is accepted as a language file before
// anything is opened that is not there.
func TestLanguageTemplate(t *testing.T) {
	printed := farr(t, "report", "--language-template")
	if printed.code != 0 || !strings.HasPrefix(printed.stdout, "# Every text") || strings.Count(printed.stdout, "\n- from: ") < 900 {
		t.Fatalf("exit code %d, %d texts: %s", printed.code, strings.Count(printed.stdout, "\n- from: "), printed.stderr)
	}
	file := filepath.Join(t.TempDir(), "xx.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(printed.stdout, "{events} in {time}\"\n  to: \"{events} in {time}\"", "{events} in {time}\"\n  to: \"{events}\"", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := farr(t, "report", "--store", t.TempDir(), "--audience", "internal", "--out", filepath.Join(t.TempDir(), "out"), "--language", file); got.code != 2 || !strings.Contains(got.stderr, "missing-place: the place {time} is missing") {
		t.Errorf("exit code %d: %s", got.code, got.stderr)
	}
}
