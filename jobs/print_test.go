package jobs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/internal/source"
)

// TestJobPrints: a job that says pdf has the report as a PDF in its bundle. Without a browser it ends before it extracts
// anything, and what pdf may be is checked with the rest of the file.
func TestJobPrints(t *testing.T) {
	t.Parallel()
	dir := hospital(t, 0)
	path := filepath.Join(dir, "nightly.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	say := func(pdf string) (*Job, error) {
		writeFile(t, path, strings.Replace(string(text), "title: Quality}", "title: Quality, pdf: "+pdf+"}", 1))
		return LoadJob(path)
	}
	var wrong source.Diagnostics
	if _, err := say("perhaps"); !errors.As(err, &wrong) || len(wrong) != 1 || wrong[0].Line == 0 {
		t.Errorf("pdf: perhaps gives %v", err)
	}
	job, err := say("true")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), job, Options{Browser: filepath.Join(dir, "none")}); err == nil || !strings.Contains(err.Error(), "CHROMIUM") {
		t.Errorf("without a browser: %v", err)
	}
	if snapshots, err := filepath.Glob(filepath.Join(job.Store, "snapshots", "*")); err != nil || len(snapshots) > 0 {
		t.Errorf("without a browser there are snapshots: %v %v", snapshots, err)
	}
	browser := filepath.Join(dir, "browser")
	writeFile(t, browser, "#!/bin/sh\nfor a; do case $a in --print-to-pdf=*) printf '%%PDF-1.4\\n' > \"${a#*=}\";; esac; done\n")
	if err := os.Chmod(browser, 0o700); err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), job, Options{Browser: browser})
	if err != nil {
		t.Fatal(err)
	}
	if pdf := tree(t, result.Latest)["report.pdf"]; !strings.HasPrefix(pdf, "%PDF-") {
		t.Errorf("report.pdf holds %q", pdf)
	}
	if job, err = say("false"); err != nil {
		t.Fatal(err)
	}
	if result, err = Run(t.Context(), job, Options{Browser: filepath.Join(dir, "none")}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(result.Latest, "report.pdf")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a job without a PDF: %v", err)
	}
}
