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
		Pages    int
		Findings []struct{ Page, Kind, Detail string }
	}
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		t.Fatalf("the browser check did not run: %v\n%s", runErr, stderr.String())
	}
	if result.Pages == 0 {
		t.Fatal("the browser check saw no page")
	}
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

// TestTheBrowserCheckFindsFaults plants one fault of each kind.
func TestTheBrowserCheckFindsFaults(t *testing.T) {
	dir := t.TempDir()
	page := `<!DOCTYPE html><html><head><meta charset="utf-8"><title>x</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src https:"></head>
<body><main><h1>x</h1><p style="color:red">inline</p><img src="https://example.org/a.png"><a href="gone.html">gone</a>
<pre>` + strings.Repeat("wide", 400) + `</pre></main></body></html>`
	if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	found := strings.Join(browserCheck(t, dir), "\n")
	for _, want := range []string{"request: index.html: https://example.org/a.png", "console: index.html: policy: style-src", "axe: index.html: image-alt", "axe: index.html: html-has-lang", "sideways-scroll: index.html: 320 px", "link: index.html: gone.html"} {
		if !strings.Contains(found, want) {
			t.Errorf("not found: %s\nfindings:\n%s", want, found)
		}
	}
}
