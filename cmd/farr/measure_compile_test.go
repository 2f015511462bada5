package main

import (
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

// publishedStays is the package of measures on stays in hospital that tests share.
const publishedStays = "../../testdata/published"

// TestMeasureCompile: each stage shows the measure, from files as from a store.
func TestMeasureCompile(t *testing.T) {
	store := filepath.Join(t.TempDir(), "store")
	must(t, "measure", "import", publishedStays, "--store", store)
	for stage, want := range map[string][]string{
		"elm": {"# OperatedStays, http://example.org/Measure/OperatedStays|1.0.0", "define Stays.Stays: List<Encounter>  @20:1\n  Query  @21:3\n",
			"where: Equal (String, String)  @21:14", "define Stays.Women: Boolean  @26:1"},
		"plan": {"Stays.Visits, line 16: List<Encounter>\n  table \"Stays.Visits\" by subject_no\n  value   Encounter: x1\n", "group 2, proportion, basis Encounter\n  initial-population       \"Stays.Stays\""},
		"sql": {"-- Stays.Visits, line 16\nCREATE TEMP TABLE \"Stays.Visits\" AS\n", "-- Stays.Operated Stays, line 38\n",
			"-- OperatedStays, group 2: its populations, each within those before it\nCREATE OR REPLACE TEMP TABLE"},
	} {
		text := must(t, "measure", "compile", publishedStays, "--measure", "OperatedStays", "--stage", stage)
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: no %q in\n%s", stage, w, text)
			}
		}
		if again := must(t, "measure", "compile", "--store", store, "--measure", "OperatedStays", "--stage", stage); again != text {
			t.Errorf("%s of the store's package is\n%s", stage, again)
		}
		// A define is made once, and before those that read it.
		if stage != "elm" {
			before, _, _ := strings.Cut(text, "Stays.Operated Stays, line")
			if strings.Count(text, "Stays.Visits, line 16") != 1 || !strings.Contains(before, "Stays.Visits, line 16") {
				t.Errorf("%s is not in the order of evaluation:\n%s", stage, text)
			}
		}
	}
	list := answer[[]struct{ Measure, URL, Stage, Text string }](t, "measure", "compile", publishedStays, "--stage", "plan")
	if len(list) != 5 || list[0].Measure != "LengthOfStay" || !strings.Contains(list[0].Text, "Days(Stays)") {
		t.Errorf("all measures: %+v", list)
	}
}

// TestMeasureCompileUsage: what cannot be understood is exit 2 or names what there is.
func TestMeasureCompileUsage(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"measure compile", jobs.ExitUsage, "--store"},
		{"measure compile " + publishedStays + " --store x", jobs.ExitUsage, "one of DIR and --store"},
		{"measure compile " + publishedStays + " --stage ast", jobs.ExitUsage, `unknown stage "ast": there are elm, plan and sql`},
		{"measure compile " + publishedStays + " --measure LengthOfStey", jobs.ExitFailed, `did you mean "LengthOfStay"`},
		{"measure compile nowhere", jobs.ExitFailed, "no such file"},
	} {
		if e := farr(t, strings.Fields(c.args)...); e.code != c.code || !strings.Contains(e.stderr, c.want) || e.stdout != "" {
			t.Errorf("farr %s: exit %d, want %d and %s\n%s%s", c.args, e.code, c.code, c.want, e.stdout, e.stderr)
		}
	}
}
