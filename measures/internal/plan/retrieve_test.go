package plan_test

import (
	"strings"
	"testing"

	"farr/measures/internal/plan"
)

// A retrieve takes what its profile fixes: what was done, what was not, a vital sign.
func TestRetrieve(t *testing.T) {
	for profile, want := range map[string]string{
		"qicore-observation":        "a1 a2 a3 b1 b2", // nothing negated, by status or by modifier
		"heartrate":                 "b1",             // the code and the category
		"qicore-observationnotdone": "c1",             // a modifier beside a final status is no cancelled one
	} {
		var got []string
		for _, rid := range strings.Split(evaluate(t, "D", retrieve(profile)), " | ") {
			got = append(got, rid[len(rid)-2:])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", profile, got, want)
		}
	}
}

// Where profiles decide, a retrieve takes the resources that declare its profile, among others
// or alone, whatever they say; the type's own profile is everyone's, and who declares none is
// of no other.
func TestRetrieveDeclared(t *testing.T) {
	model := plan.NewModel(worldElements)
	model.Declared = true
	for profile, want := range map[string]string{
		"qicore-observation":        "a2 c1", // c1 says that it was cancelled
		"heartrate":                 "a1",    // not the code
		"qicore-observationnotdone": "c2",
		"Observation":               "a1 a2 a3 b1 b2 c1 c2",
	} {
		var got []string
		rows, _ := evaluateOn(t, model, "D", retrieve(profile))
		for _, rid := range strings.Split(rows, " | ") {
			got = append(got, rid[len(rid)-2:])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", profile, got, want)
		}
	}
}
