package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

// visits is a published measure, as a Bundle, of one define: who has a visit.
func visits(t *testing.T) (dir string) {
	elm := `{"library":{"identifier":{"id":"Visits","version":"1"},"usings":{"def":[{"localIdentifier":"FHIR","uri":"http://hl7.org/fhir","version":"4.0.1"}]},
		"valueSets":{"def":[{"name":"Gone","id":"http://example.org/ValueSet/gone","locator":"3:1-3:20"}]},
		"statements":{"def":[{"name":"Initial Population","context":"Patient","expression":{"type":"Exists","operand":{"dataType":"{http://hl7.org/fhir}Encounter","type":"Retrieve"}}}]}}}`
	dir = t.TempDir()
	for name, text := range map[string]string{
		"bundle.json": `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Measure","url":"http://example.org/Measure/Visits","name":"Visits","title":"Who visits",
			"library":["http://example.org/Library/Visits"],"scoring":{"coding":[{"code":"cohort"}]},"group":[{"population":[
			{"code":{"coding":[{"code":"initial-population"}]},"criteria":{"expression":"Initial Population"}}]}]}},
			{"resource":{"resourceType":"Library","url":"http://example.org/Library/Visits","content":[{"contentType":"application/elm+json","data":"` +
			base64.StdEncoding.EncodeToString([]byte(elm)) + `"}]}}]}`,
		"tests/Visits/case-one/p.json": `{"resourceType":"Patient","id":"p"}`,
		"tests/Visits/case-one/r.json": `{"resourceType":"MeasureReport","measure":"http://example.org/Measure/Visits","period":{"start":"2025-01-01","end":"2025-12-31"},
			"group":[{"population":[{"code":{"coding":[{"code":"initial-population"}]},"count":0}]}]}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestMeasurePackage: a package is imported once, listed, and its cases decide the
// exit code.
func TestMeasurePackage(t *testing.T) {
	dir := visits(t)
	store := filepath.Join(t.TempDir(), "store")
	first := answer[struct {
		Snapshot string
		Skipped  bool
		Lacking  []string
	}](t, "measure", "import", filepath.Join(dir, "bundle.json"), "--store", store)
	if len(first.Snapshot) != 64 || first.Skipped || len(first.Lacking) != 1 || !strings.Contains(first.Lacking[0], "Visits:3:1: missing-value-set") {
		t.Errorf("import: %+v", first)
	}
	if again := must(t, "measure", "import", dir, "--store", store); !strings.Contains(again, first.Snapshot+" is in the store already") {
		t.Errorf("import again: %s", again)
	}
	if list := must(t, "measure", "list", "--store", store); !strings.Contains(list, "Who visits") || !strings.Contains(list, "blood-pressure-control") {
		t.Errorf("list: %s", list)
	}

	report := answer[struct{ Cases, Passed, Failed, Quarantined int }](t, "measure", "test", dir)
	if report.Cases != 1 || report.Passed != 1 {
		t.Errorf("test: %+v", report)
	}
	file := filepath.Join(dir, "tests/Visits/case-one/r.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), `"count":0`, `"count":1`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := farr(t, "measure", "test", dir, "--keys", "2").stdout; !strings.Contains(out, "2 shifted extracts, each with its own key: 0 of 2 counts differ") {
		t.Errorf("with keys: %s", out)
	}
	junit := filepath.Join(t.TempDir(), "junit.xml")
	e := farr(t, "measure", "test", dir, "--junit", junit)
	if e.code != jobs.ExitFailed || !strings.Contains(e.stdout, "group 1 initial-population: expected 1, actual 0") || !exists(junit) {
		t.Errorf("a failing case: exit %d\n%s%s", e.code, e.stdout, e.stderr)
	}
}

// TestMeasurePackageMistakes: what cannot be read is an error that names it.
func TestMeasurePackageMistakes(t *testing.T) {
	store := filepath.Join(t.TempDir(), "store")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"measure", "import", t.TempDir(), "--store", store}, jobs.ExitUsage, "no-measure"},
		{[]string{"measure", "import", t.TempDir()}, jobs.ExitUsage, "--store"},
		{[]string{"measure", "import"}, jobs.ExitUsage, "arg"},
		{[]string{"measure", "test"}, jobs.ExitUsage, "arg"},
		{[]string{"measure", "test", filepath.Join(t.TempDir(), "gone")}, jobs.ExitFailed, "no such file"},
		{[]string{"measure", "test", t.TempDir(), "--keys", "2", "--profile", "shifted"}, jobs.ExitUsage, "leave out --profile"},
		{[]string{"measure", "test", t.TempDir(), "--profiles", "both"}, jobs.ExitUsage, "inferred or declared"},
		{[]string{"measure", "run", "--store", store, "--periods", "2024", "--profiles", "both"}, jobs.ExitUsage, "inferred or declared"},
		{[]string{"measure", "test", t.TempDir(), "--keys", "-1"}, jobs.ExitUsage, "number of keys"},
		{[]string{"measure", "test", t.TempDir(), "--keep-keys", "d"}, jobs.ExitUsage, "of --keys"},
	} {
		if e := farr(t, c.args...); e.code != c.code || !strings.Contains(e.stderr, c.want) {
			t.Errorf("farr %s: exit %d, want %d and %s\n%s", strings.Join(c.args, " "), e.code, c.code, c.want, e.stderr)
		}
	}
}
