package reports

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// aBrowser is the Chromium of the other browser tests; the test is skipped, or fails, without.
func aBrowser(t *testing.T) string {
	t.Helper()
	browser, err := FindBrowser(os.Getenv("CHROMIUM"))
	if err != nil {
		if os.Getenv("FARR_REQUIRE_BROWSER") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return browser
}

// TestPrintedReport: one tagged document with every page, the same bytes each time, in the manifest,
// with no address of the machine in it, and nothing left of the printing.
func TestPrintedReport(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	var printed [2]string
	for i, zone := range []string{"Asia/Tokyo", "America/New_York"} {
		t.Setenv("TZ", zone)
		t.Setenv("HOME", t.TempDir())
		req := requestIn(t, External, onePage)
		req.Browser = aBrowser(t)
		files := built(t, constructed(400, siteNames(), onePage), req)
		printed[i] = files[printName]
		if !strings.Contains(files[manifestName], `"path": "report.pdf"`) {
			t.Error("report.pdf is not in the manifest")
		}
		if left, err := os.ReadDir(filepath.Dir(req.Out)); err != nil || len(left) != 2 { // the bundle and the targets
			t.Errorf("beside the report: %v %v", left, err)
		}
	}
	if printed[0] != printed[1] {
		t.Error("two runs printed different bytes")
	}
	for _, want := range []string{"/StructTreeRoot", "/Marked true", "/Outlines", "(D:20251231000000+00'00')"} {
		if !strings.Contains(printed[0], want) {
			t.Errorf("report.pdf is without %s", want)
		}
	}
	if strings.Contains(printed[0], "file:/") {
		t.Error("report.pdf leads to a path of this machine")
	}
	text := pdfText(t, printed[0])
	for _, want := range []string{"Riverside Health · data as of 31 December 2025 · run 9f8e7d6c5b4a", "page 1 of ", "Measures against their targets", "Blood pressure control", "New type 2 diabetes", "How this report was made"} {
		if !strings.Contains(text, want) {
			t.Errorf("not printed: %s", want)
		}
	}
}

// pdfText is what a PDF says, by pdftotext of poppler-utils.
func pdfText(t *testing.T, pdf string) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("the words of the PDF are not looked at: no pdftotext (Debian: apt-get install poppler-utils)")
	}
	path := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(path, []byte(pdf), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool, path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return spaces.ReplaceAllString(string(out), " ")
}

// pretender is a program that is called as Chromium is: it keeps the book and its environment, and
// writes what it is told to.
func pretender(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "browser")
	text := "#!/bin/sh\nfor a; do case $a in --print-to-pdf=*) pdf=${a#*=};; file://*) book=${a#file://};; esac; done\n" + script
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTheBook: what is printed has each id once, leads nowhere else, and its browser is given nothing
// of the environment that it does not need.
func TestTheBook(t *testing.T) {
	kept := t.TempDir()
	t.Setenv("FARR_SECRET", "a key may be here")
	req := requestIn(t, Internal, onePage)
	req.Browser = pretender(t, `cp "$book" '`+kept+`/book.html'; env > '`+kept+`/env'; printf '%%PDF-1.4\n' > "$pdf"`)
	built(t, constructed(3000, siteNames(), onePage), req)
	files := read(t, kept)
	if strings.Contains(files["env"], "FARR_SECRET") || !strings.Contains(files["env"], "TZ=UTC") {
		t.Errorf("the environment of the browser:\n%s", files["env"])
	}
	book := files["book.html"]
	if n := strings.Count(book, `<div class="page"`); n != 5 {
		t.Errorf("%d parts in the book", n)
	}
	if strings.Contains(book, "<script") {
		t.Error("a script is in the book")
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(book, -1) {
		if ids[m[1]] {
			t.Errorf("id %s is there twice", m[1])
		}
		ids[m[1]] = true
	}
	named := regexp.MustCompile(` (?:href="#|for="|aria-describedby="|aria-labelledby=")([^"]*)"|url\(#([^)]*)\)`).FindAllStringSubmatch(book, -1)
	for _, m := range named {
		for _, id := range strings.Fields(m[1] + m[2]) {
			if !ids[id] {
				t.Errorf("%s leads to nothing", m[0])
			}
		}
	}
	if len(named) < 50 {
		t.Errorf("only %d references", len(named))
	}
	for _, m := range regexp.MustCompile(` href="[^#][^"]*"`).FindAllString(book, -1) {
		t.Errorf("leads out of the book: %s", m)
	}
}

// TestNotPrinted: without a browser that prints there is an error that says why, and no report; one
// that was there stays.
func TestNotPrinted(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := FindBrowser(""); err == nil || !strings.Contains(err.Error(), "a PDF needs Chromium") {
		t.Errorf("no browser on the path: %v", err)
	}
	if _, err := FindBrowser("/no/such/chromium"); err == nil || !strings.Contains(err.Error(), "CHROMIUM names no program") {
		t.Errorf("a browser that is not there: %v", err)
	}
	t.Setenv("PATH", "/usr/bin:/bin")
	in := constructed(50, siteNames(), onePage)
	req := requestIn(t, Internal, onePage)
	for script, want := range map[string]string{"echo 'the sandbox does not start' >&2; exit 1": "the sandbox does not start", "exit 0": "wrote no PDF", `echo oops > "$pdf"`: "wrote no PDF"} {
		req.Browser = pretender(t, script)
		if _, err := build(t.Context(), in, req); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
		if left, err := os.ReadDir(filepath.Dir(req.Out)); err != nil || len(left) != 1 { // the targets
			t.Errorf("%s: beside the targets: %v %v", script, left, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	begun := filepath.Join(t.TempDir(), "begun")
	req.Browser = pretender(t, `touch '`+begun+`'; sleep 60 & wait`)
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(begun); err == nil {
				cancel()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	if _, err := build(ctx, in, req); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped while printing: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(req.Out)); err != nil || len(left) != 1 {
		t.Errorf("stopped while printing: beside the targets: %v %v", left, err)
	}
}
