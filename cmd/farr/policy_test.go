package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The verbs of the policy: what is shown, compared, written out, checked, and the page that is signed.
func TestPolicyVerbs(t *testing.T) {
	var shown struct {
		Hash, Profile string
		Types         []struct {
			Type  string
			Lines []struct{ Path, Effect string }
		}
	}
	if err := json.Unmarshal([]byte(must(t, "policy", "show", "--profile", "limited", "--type", "Patient", "--json")), &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown.Types) != 1 || len(shown.Hash) != 64 || shown.Profile != "limited" || len(shown.Types[0].Lines) < 10 {
		t.Errorf("%+v", shown)
	}
	if text := must(t, "policy", "show", "--type", "Coverage"); !strings.Contains(text, shown.Hash) || !regexp.MustCompile(`(?m)^  seals    period +sealed: opens with the key only; `).MatchString(text) {
		t.Errorf("shown:\n%s", text)
	}
	if text := must(t, "policy", "diff", "shifted", "safe-harbor"); !strings.Contains(text, "Condition\n") || !strings.Contains(text, "  onsetDateTime as onset[x]: shift -> year\n") {
		t.Errorf("differences:\n%s", text)
	}
	dir := filepath.Join(t.TempDir(), "tables")
	must(t, "policy", "export", dir)
	if text := must(t, "policy", "lint", dir); text != "no mistakes\n" {
		t.Errorf("lint of the exported tables: %s", text)
	}
	if text := must(t, "policy", "diff", "own", dir); text != "no difference\n" {
		t.Errorf("with itself: %s", text)
	}
	path := filepath.Join(dir, "Coverage.policy")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(string(text), "period ", "periods ", 1) + "status | code | status | keap | keep | keep | fm-statuss | x\n"
	if err := os.WriteFile(path, []byte(wrong), 0o644); err != nil {
		t.Fatal(err)
	}
	linted := farr(t, "policy", "lint", dir)
	for _, want := range []string{"unknown-element: R4 has no element periods in Coverage (did you mean \"period\"?)", `unknown-action: no action "keap" (did you mean "keep"?)`, "unknown-list", "duplicate-line"} {
		if !strings.Contains(linted.stderr, want) {
			t.Errorf("lint does not say %s:\n%s", want, linted.stderr)
		}
	}
	if linted.code == 0 {
		t.Error("lint of wrong tables ends well")
	}
	if farr(t, "policy", "show", "--policy", dir).code == 0 {
		t.Error("wrong tables are shown")
	}
	page := filepath.Join(t.TempDir(), "policy.html")
	must(t, "policy", "show", "--profile", "safe-harbor", "--html", page)
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{shown.Hash, "Signature", "default-src &#39;none&#39;", "Profile</dt><dd>safe-harbor", `<h2 id="Observation">`, "@page{size:A4"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if strings.Contains(string(html), "<script") || strings.Contains(string(html), "src=") {
		t.Error("the page asks for something")
	}
	if farr(t, "policy", "show", "--html", page).code == 0 {
		t.Error("a file that is there is written over")
	}
	for _, args := range [][]string{
		{"policy", "show", "--profile", "open"}, {"policy", "show", "--type", "Gaol"}, {"policy", "diff", "shifted"}, {"policy", "show", "--type", "Patient", "--html", "x"},
	} {
		if e := farr(t, args...); e.code != 2 {
			t.Errorf("%v: code %d, %s", args, e.code, e.stderr)
		}
	}
}
