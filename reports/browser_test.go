package reports

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// browserCheck runs internal/browser/check.mjs over a bundle and gives its
// findings. It skips with the reason where chromium, node or the packages of
// internal/browser are missing; with FARR_REQUIRE_BROWSER set, that is a failure.
func browserCheck(t *testing.T, bundle string) []string {
	t.Helper()
	missing := func(why string) {
		t.Helper()
		if os.Getenv("FARR_REQUIRE_BROWSER") != "" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	browser := os.Getenv("CHROMIUM")
	if browser == "" {
		browser = "/usr/bin/chromium"
	}
	if _, err := os.Stat(browser); err != nil {
		missing("no browser at " + browser + ": apt-get install chromium, or name one in CHROMIUM")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("no node: the check of pages in a browser needs Node 20 or later")
	}
	if _, err := os.Stat("internal/browser/node_modules/playwright-core"); err != nil {
		missing("no node_modules: run npm ci in reports/internal/browser")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	args := []string{"internal/browser/check.mjs", bundle}
	if shots := os.Getenv("FARR_SCREENSHOTS"); shots != "" {
		args = append(args, filepath.Join(shots, t.Name()))
	}
	cmd := exec.CommandContext(ctx, node, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	runErr := cmd.Run()
	var result struct {
		Pages, Drawings int
		AxeRuns         int    `json:"axe_runs"`
		AxeRules        int    `json:"axe_rules_broken"`
		Printed         int    `json:"printed_pages"`
		Largest         int    `json:"largest_page_bytes"`
		LargestPage     string `json:"largest_page"`
		Findings        []struct{ Page, Kind, Detail string }
	}
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		t.Fatalf("the browser check did not run: %v\n%s", runErr, stderr.String())
	}
	if result.Pages == 0 || result.AxeRuns != 4*result.Pages || result.Printed < result.Pages {
		t.Fatalf("the browser check saw %d pages, ran axe %d times and printed %d sheets", result.Pages, result.AxeRuns, result.Printed)
	}
	kinds := map[string]int{}
	for _, f := range result.Findings {
		kinds[f.Kind]++
	}
	t.Logf("%d pages with %d drawings, axe run %d times: %d rules broken; %d sheets of A4; largest page %s with %d KB; findings by kind: %v",
		result.Pages, result.Drawings, result.AxeRuns, result.AxeRules, result.Printed, result.LargestPage, (result.Largest+1023)/1024, kinds)
	var out []string
	for _, f := range result.Findings {
		out = append(out, f.Kind+": "+f.Page+": "+f.Detail)
	}
	return out
}

// TestPagesInABrowser opens the bundle named by FARR_BUNDLE, or one each of
// constructed results for both audiences.
func TestPagesInABrowser(t *testing.T) {
	if bundle := os.Getenv("FARR_BUNDLE"); bundle != "" {
		for _, f := range browserCheck(t, bundle) {
			t.Error(f)
		}
		return
	}
	if testing.Short() {
		t.Skip("short")
	}
	for _, a := range []Audience{Internal, External} {
		t.Run(string(a), func(t *testing.T) {
			only := map[Audience][]string{Internal: {onePage}, External: {"emergency-visits"}}[a]
			req := requestIn(t, a, only...)
			built(t, constructed(map[Audience]int{Internal: 6000, External: 400}[a], siteNames(), only...), req)
			for _, f := range browserCheck(t, req.Out) {
				t.Error(f)
			}
		})
	}
}

// TestRightToLeft: a page of a language that is read from right to left has nothing to scroll to at its left, and is
// otherwise as sound as in English.
func TestRightToLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	req := requestIn(t, Internal, onePage)
	req.LanguageFile = filepath.Join(t.TempDir(), "ar.yaml")
	text := "language: ar\ndirection: rtl\npartial: true\ndecimal: \".\"\ngroup: \",\"\n" +
		"months: [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\", \"10\", \"11\", \"12\"]\nshort_months: [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\", \"10\", \"11\", \"12\"]\n" +
		"messages:\n- {from: \"Overview\", to: \"نظرة عامة\"}\n"
	if err := os.WriteFile(req.LanguageFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if page := built(t, constructed(6000, siteNames(), onePage), req)["index.html"]; !strings.Contains(page, `<html lang="ar" dir="rtl">`) {
		t.Fatal("the page is not from right to left")
	}
	for _, f := range browserCheck(t, req.Out) {
		t.Error(f)
	}
}

// TestTheBrowserCheckFindsFaults plants one fault of each kind.
func TestTheBrowserCheckFindsFaults(t *testing.T) {
	frame := func(policy, body string) string {
		return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>x</title>` + policy + `</head><body><main><h1>x</h1>` + body + `</main></body></html>`
	}
	nothing := `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">`
	pages := map[string]string{
		"index.html": `<!DOCTYPE html><html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src https:"></head>
<body><main><p style="color:red">inline</p><img src="https://example.org/a.png"><a href="gone.html">gone</a><a href="drawn.html#gone">gone</a>
<pre>` + strings.Repeat("wide", 400) + `</pre></main></body></html>`,
		"open.html":   frame("", `<p>No policy.</p>`),
		"script.html": frame(nothing, `<p>Words.</p><script>document.querySelector("p").textContent = "Other words."; alert("hello"); console.log("ran")</script>`),
		"tool.html":   frame(nothing, `<p>Words.</p><script>document.querySelector("main").insertAdjacentHTML("beforeend", "<p data-tool>A tool.</p>")</script>`),
		"drawn.html": frame(nothing, `<svg width="200" height="40" role="img" aria-label="x"><text x="150" y="20">outside of it</text></svg>
<svg width="200" height="40" role="img" aria-label="y"><text x="10" y="20">one on</text><text x="20" y="22">the other</text></svg>`),
		"paper.html": frame(nothing, `<style>.scroll{overflow-x:auto}figure.whole{break-inside:avoid;height:2000px}section.whole{break-inside:avoid;height:700px}</style>
<div class="scroll" tabindex="0" role="region" aria-label="x"><div style="width:900px">wider than paper</div></div><figure>loose</figure><figure class="whole">too high</figure><section class="whole">all of it</section>`),
	}
	dir := t.TempDir()
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pdf := "%PDF-1.4\n1 0 obj\n<</Type /Catalog>>\nendobj\n2 0 obj\n<</Type /Annot /A <</S /URI /URI (file:///home/me/index.html)>>>>\nendobj\n"
	if err := os.WriteFile(filepath.Join(dir, "report.pdf"), []byte(pdf), 0o600); err != nil {
		t.Fatal(err)
	}
	found := strings.Join(browserCheck(t, dir), "\n")
	for _, want := range []string{
		"request: index.html: https://example.org/a.png", "policy: index.html: policy: style-src", "axe: index.html: image-alt at 360 px, details open",
		"axe: index.html: html-has-lang at 1200 px, details closed", "sideways-scroll: index.html: 320 px", "link: index.html: gone.html", "link: index.html: drawn.html#gone",
		"untagged: index.html: no first heading", "untagged: report.pdf: no language", "untagged: report.pdf: no title",
		"policy: open.html: no policy", "policy: script.html: allows what is unsafe", "dialog: script.html: hello", "console: script.html: ran",
		"script: script.html: without scripts “x Words.”, with them “x Other words.”",
		"clipped: drawn.html: 1200 px: ", "“outside of it” is ", "overlap: drawn.html: 360 px: ", "“one on” and “the other”",
		"cut: paper.html: on paper: div.scroll holds more than it shows", "broken: paper.html: on paper: figure may break over pages",
		"broken: paper.html: on paper: figure.whole is 2000 px high", "gap: paper.html: on paper: section.whole is 700 px high",
		"untagged: report.pdf: no structure tree", "untagged: report.pdf: not marked as tagged", "leads-out: report.pdf: file:///home/me/index.html",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("not found: %s\nfindings:\n%s", want, found)
		}
	}
	if strings.Contains(found, "script: tool.html") {
		t.Errorf("a tool that a script adds is taken for a difference:\n%s", found)
	}
}
