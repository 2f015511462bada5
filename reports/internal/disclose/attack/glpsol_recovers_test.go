package attack_test

import (
	"slices"
	"testing"

	"farr/reports/internal/disclose/attack"
)

// TestTheSolverRecovers: what can be worked out is found so, by bounds in fractions and, where only whole numbers
// give it away, in those; what glpsol had no time for is not called safe; and what is safe is.
func TestTheSolverRecovers(t *testing.T) {
	path := needSolverOr(t)
	hidden := func(key string, v int64) attack.Cell {
		return attack.Cell{Key: key, Value: v, State: attack.Hidden, Low: 1}
	}
	subtracted := &attack.System{Cells: []attack.Cell{{Key: "all", Value: 100}, {Key: "women", Value: 95}, hidden("men", 5)}, Relations: []attack.Relation{attack.Sum(0, 1, 2)}}
	narrow := &attack.System{Cells: []attack.Cell{{Key: "all", Value: 11}, hidden("women", 6), hidden("men", 5)}, Relations: []attack.Relation{attack.Sum(0, 1, 2)}}
	// Persons in rooms of 30, and 5 more: in fractions of a room 5 to 19 persons, in whole rooms 5.
	rooms := &attack.System{Cells: []attack.Cell{{Key: "all", Value: 20}, hidden("inside", 5), hidden("outside", 15), {Key: "rooms", State: attack.Unprinted}, {Key: "five", Value: 5}},
		Relations: []attack.Relation{attack.Sum(0, 1, 2), {{1, -1}, {3, 30}, {4, 1}}}}
	wide := &attack.System{Cells: []attack.Cell{{Key: "all", Value: 60}, hidden("women", 55), hidden("men", 5)}, Relations: []attack.Relation{attack.Sum(0, 1, 2)}}
	for _, c := range []struct {
		name    string
		system  *attack.System
		target  int
		seconds int
		want    verdict
	}{
		{"by subtraction", subtracted, 2, 60, recovered}, {"to within 9", narrow, 2, 60, recovered}, {"in whole numbers", rooms, 1, 60, recovered},
		{"in whole numbers, the other", rooms, 2, 60, recovered}, {"in whole numbers, in no time", rooms, 1, 0, unsettled}, {"of two that are free", wide, 2, 60, safe},
	} {
		o := newSolver(t, path, c.system)
		o.seconds = c.seconds
		if got := o.settle(c.target); got != c.want {
			t.Errorf("%s: %s, and not %s", c.name, got, c.want)
		}
	}
	if leaks := solve(t, path, subtracted); !slices.Equal(leaks, []string{"men: recovered"}) {
		t.Errorf("%q", leaks)
	}
}
