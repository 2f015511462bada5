package main

import (
	"slices"
	"strings"
	"testing"

	"farr/jobs"
)

// An analyst's walk through a cohort: what it means, which codes occur, who is in and why.
func TestCohortVerbs(t *testing.T) {
	p := synthetic(t, 400, 3)
	p.extract("--risk=false")
	if text := must(t, "cohort", "describe", "incident-type-2-diabetes"); !strings.Contains(text, "not an order of diabetes medication until the day before the index date") {
		t.Errorf("describe says %s", text)
	}
	if e := farr(t, "cohort", "describe", "incident-typ-2-diabetes"); e.code != jobs.ExitUsage || !strings.Contains(e.stderr, `did you mean "incident-type-2-diabetes"?`) {
		t.Errorf("exit %d, %s", e.code, e.stderr)
	}
	codes := must(t, "cohort", "codes", "--store", p.store)
	if !strings.Contains(codes, "860975") || !strings.Contains(codes, "condition") {
		t.Errorf("codes say %s", codes)
	}
	must(t, "cohort", "run", "--store", p.store, "--key", p.key, "--periods", "2023,2024,2025")
	members := slices.DeleteFunc(p.table("cohort_member"), func(r map[string]string) bool { return r["cohort"] != "incident-type-2-diabetes" })
	if len(members) == 0 || len(p.table("aggregate")) != 0 || len(p.table("cohort_table1")) == 0 {
		t.Fatalf("%d members", len(members))
	}
	explain := []string{"cohort", "explain", "--store", p.store, "--key", p.key, "--cohort", "incident-type-2-diabetes", "--patient", members[0]["pid"]}
	if e := farr(t, explain...); e.code != jobs.ExitPrivacy || strings.Contains(e.stdout, "index date") {
		t.Errorf("true dates left: exit %d, %s", e.code, e.stdout)
	}
	if text := must(t, append(explain, "--phi")...); !strings.Contains(text, "adult: 18 years or older on the index date") {
		t.Errorf("explain says %s", text)
	}
	if log := must(t, "audit", "show", "--store", p.store, "--kind", "disclosure"); !strings.Contains(log, "cohort explain") {
		t.Errorf("the log says %s", log)
	}
}
