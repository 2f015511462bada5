package plan_test

import "testing"

// The plan of a small library is what testdata/small.plan says; UPDATE=1 rewrites it.
func TestPlanText(t *testing.T) {
	c := compileSmall(t, "Initial Population")
	golden(t, "small.plan", c.PlanText())
}
