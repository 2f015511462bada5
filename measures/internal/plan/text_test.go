package plan_test

import (
	"strings"
	"testing"
)

// The plan's text names each table once with its key and the columns of its value.
func TestPlanText(t *testing.T) {
	c := compileSmall(t, "Initial Population")
	want := `Small.Visits, line 3: List<Encounter>
  table   "Small.Visits"
  key     pid, period
  rows    one an element
  value   Encounter: x1

Small.Initial Population, line 7: Boolean
  table   "Small.Initial Population"
  key     pid, period
  value   Boolean: x1
`
	if got := c.PlanText(); got != want {
		t.Errorf("got\n%s", got)
	}
	if strings.Contains(c.PlanText(), "SELECT") {
		t.Error("a plan is not SQL")
	}
}
