package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"farr/cmd/farr/internal/rawwalk"
	"farr/datasets"
	"farr/measures"
)

// TestCohortOnRealInput: on an export that farr's authors did not write the people of the
// diabetes cohort, with their index dates, and those left after each rule are those that a plain
// walk over the raw JSON finds.
func TestCohortOnRealInput(t *testing.T) {
	const cohort = "incident-type-2-diabetes"
	p := newProject(t)
	p.export = shared(t, "synthea-615")
	library, err := measures.LoadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	records, err := rawwalk.Load(p.export)
	if err != nil {
		t.Fatal(err)
	}
	first, last := 1960, 2019
	want := records.NewDiabetes(time.Date(first, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(last+1, 1, 1, 0, 0, 0, 0, time.UTC), listsOf(t, library))
	var years []string
	for year := first; year <= last; year++ {
		years = append(years, strconv.Itoa(year))
	}
	key, err := datasets.ReadKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{"shifted", "limited"} {
		p.extract("--profile", profile, "--risk=false")
		must(t, "cohort", "run", "--store", p.store, "--key", p.key, "--cohort", cohort, "--periods", strings.Join(years, ","))
		for step, left := range want.Left {
			var members []string
			for _, m := range left {
				if profile == "shifted" { // at rest the index date is sealed
					m.Index = ""
				}
				members = append(members, datasets.PseudonymOf(key, "main", "Patient", m.Patient).String()+" "+m.Index)
			}
			slices.Sort(members)
			var got []string
			for _, r := range p.table("cohort_member") {
				passed, err := strconv.ParseInt(r["rules_passed"], 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				if all := int64(1)<<(step+1) - 1; passed&all == all {
					got = append(got, r["pid"]+" "+r["index_date"])
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, members) {
				t.Errorf("%s: %d are left after rule %d, the walk finds %d, and they are not the same", profile, len(got), step, len(members))
			}
			if n := p.table("cohort_attrition")[step]["remaining"]; n != fmt.Sprint(len(left)) {
				t.Errorf("%s: %s are counted after rule %d, the walk finds %d", profile, n, step, len(left))
			}
			t.Logf("%s: %d are left after rule %d", profile, len(left), step)
		}
	}
	if left := want.Left; len(left[4]) == 0 || len(left[4]) == len(left[0]) {
		t.Errorf("the walk finds %d members of %d entries, which proves nothing", len(left[4]), len(left[0]))
	}
}
