package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMeasureList: a store's measures with scoring, what they count, groups, and what keeps
// them from being run.
func TestMeasureList(t *testing.T) {
	const asks = `{"type":"Exists","operand":{"type":"Query","source":[{"alias":"E","expression":{"type":"Retrieve","dataType":"{http://hl7.org/fhir}Encounter"}}],
		"where":{"type":"InValueSet","code":{"type":"Property","path":"priority","scope":"E"},"valueset":{"name":"Visits"}}}}`
	dir := authored{"Fine": {members: visited}, "Wants": {members: visited, define: wanting}, "Asks": {members: visited, define: asks}, "Lost": {}}.folder(t)
	if err := os.Remove(filepath.Join(dir, "library-Lost.json")); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(t.TempDir(), "store")
	must(t, "measure", "import", dir, "--store", store)
	text := must(t, "measure", "list", "--store", store)
	for _, want := range []string{
		`measure +kind +scoring +counts +title\n`, `blood-pressure-control +measure +proportion +patient +Blood pressure control\n`, `readmission-30-day +measure +proportion +Encounter `,
		`Fine +published +cohort +patient +Measure Fine\nLost `, // which reads no value set
		`Wants +published +cohort +patient +Measure Wants\n  lacks Wants:7:1: missing-value-set: `,
		`Asks +published +cohort +patient +Measure Asks\n  lacks Asks:7:1: missing-value-set: `,
		`Lost +published .*\n  cannot run: Lost: missing-library: `,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}

	must(t, "measure", "import", publishedStays, "--store", store)
	text = must(t, "measure", "list", "--store", store)
	if want := `OperatedStays +published +proportion +Encounter +Stays with an operation\n  group 1 +proportion +Encounter +all\n  group 2 +proportion +Encounter +weekend\n`; !regexp.MustCompile(want).MatchString(text) || strings.Contains(text, "lacks") {
		t.Errorf("no %s in\n%s", want, text)
	}
	type group struct {
		ID, Scoring, Basis string
		Populations        []string
	}
	list := answer[struct {
		Package []struct {
			ID, Name, Title, Scoring, Basis string
			Groups                          []group
			Lacking                         []string
		}
	}](t, "measure", "list", "--store", store)
	if len(list.Package) != 5 || list.Package[1].ID != "OperatedStays" || len(list.Package[1].Groups) != 2 || list.Package[1].Groups[1].Basis != "Encounter" ||
		strings.Join(list.Package[1].Groups[1].Populations, " ") != "initial-population denominator numerator" {
		t.Errorf("%+v", list.Package)
	}
}
