package attack_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"farr/reports/internal/disclose/attack"
)

// kinds of made-up releases, and how many of each are among 20.
var kinds = []struct {
	name  string
	share int
	make  func(r *rand.Rand, large bool) (now *attack.System, earlier []*attack.System)
}{
	{"two-way", 4, alone(func(r *rand.Rand, large bool) *attack.System { return randomTable(r, 2, large) })},
	{"three-way", 5, alone(func(r *rand.Rand, large bool) *attack.System { return randomTable(r, 3, large) })},
	{"four-way", 3, alone(func(r *rand.Rand, large bool) *attack.System { return randomTable(r, 4, large) })},
	{"linked", 2, alone(linkedTables)},
	{"nested", 2, alone(nestedTables)},
	{"rates", 2, alone(rates)},
	{"two releases", 2, func(r *rand.Rand, large bool) (*attack.System, []*attack.System) {
		first, second := twoReleases(r, large)
		if _, err := first.Protect(context.Background()); err != nil {
			return second, nil
		}
		return second, []*attack.System{first}
	}},
}

func alone(f func(r *rand.Rand, large bool) *attack.System) func(*rand.Rand, bool) (*attack.System, []*attack.System) {
	return func(r *rand.Rand, large bool) (*attack.System, []*attack.System) { return f(r, large), nil }
}

// drawn is a release with something to hide.
type drawn struct {
	kind   int
	system *attack.System // before protection, joined with what was published earlier
}

// draw makes the release of a number. Each third is large: 300 cells or more.
func draw(t *testing.T, number int) drawn {
	t.Helper()
	at := number % 20
	kind := 0
	for at >= kinds[kind].share {
		at -= kinds[kind].share
		kind++
	}
	for try := range uint64(1000) {
		r := rand.New(rand.NewPCG(uint64(number), try))
		now, earlier := kinds[kind].make(r, number%3 == 0)
		joined, err := attack.Join(now, earlier...)
		if err != nil {
			t.Fatalf("release %d: %v", number, err)
		}
		if hiddenOf(joined) > 0 && hiddenOf(joined) < len(joined.Cells)*2/5 {
			return drawn{kind, joined}
		}
	}
	t.Fatalf("release %d: a thousand draws had nothing to hide", number)
	return drawn{}
}

func hiddenOf(s *attack.System) (n int) {
	for _, c := range s.Cells {
		if c.State == attack.Hidden {
			n++
		}
	}
	return n
}

func clone(s *attack.System) *attack.System {
	return &attack.System{Small: s.Small, Width: s.Width, Cells: slices.Clone(s.Cells), Relations: s.Relations}
}

// tally is what the suite prints of a kind.
type tally struct {
	releases, cells, primary, hidden, greedy, naive, leaked, takenOut, checked int
	slowest                                                                    time.Duration
}

// TestSuite protects random tables of two, three and four ways, linked and nested tables, rates and pairs
// of releases, and lets glpsol try to recover each hidden cell. `make attack` runs 2,000, a third of
// them large; here are the small ones of 40.
func TestSuite(t *testing.T) {
	from, n, large := 0, 40, false
	for name, number := range map[string]*int{"FARR_ATTACK": &n, "FARR_ATTACK_FROM": &from} {
		if s := os.Getenv(name); s != "" {
			large = true
			var err error
			if *number, err = strconv.Atoi(s); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	solver := needSolver(t)
	tallies := make([]tally, len(kinds))
	for number := from; number < from+n; number++ {
		if number%3 == 0 && !large {
			continue
		}
		one(t, number, solver, tallies)
		if done := number - from + 1; n > 100 && done%100 == 0 {
			t.Logf("%d of %d releases", done, n)
		}
	}
	var all tally
	t.Logf("%-13s %8s %8s %8s %8s %8s %6s %9s %9s %8s %9s %s", "kind", "releases", "cells", "primary", "hidden", "greedy", "ratio", "line rule", "it leaks", "out", "by glpsol", "slowest")
	row := func(name string, x tally) {
		t.Logf("%-13s %8d %8d %8d %8d %8d %6.2f %9d %9d %8d %9d %v", name, x.releases, x.cells, x.primary, x.hidden, x.greedy,
			float64(x.hidden)/float64(max(1, x.greedy)), x.naive, x.leaked, x.takenOut, x.checked, x.slowest.Round(time.Millisecond))
	}
	for k, x := range tallies {
		row(kinds[k].name, x)
		all = tally{all.releases + x.releases, all.cells + x.cells, all.primary + x.primary, all.hidden + x.hidden, all.greedy + x.greedy,
			all.naive + x.naive, all.leaked + x.leaked, all.takenOut + x.takenOut, all.checked + x.checked, max(all.slowest, x.slowest)}
		if float64(x.hidden) > 1.5*float64(x.greedy) {
			t.Errorf("%s: %d cells are hidden, more than 1.5 times the %d of the greedy heuristic", kinds[k].name, x.hidden, x.greedy)
		}
	}
	row("all", all)
	if all.takenOut > 1+all.releases/50 {
		t.Errorf("of %d releases %d lost a table: more than one in fifty", all.releases, all.takenOut)
	}
	if all.slowest > time.Minute {
		t.Errorf("a release took %v, more than a minute", all.slowest)
	}
}

func one(t *testing.T, number int, solver string, tallies []tally) {
	ctx := context.Background()
	d := draw(t, number)
	x := &tallies[d.kind]
	ours, greedy, naive := clone(d.system), clone(d.system), clone(d.system)
	name := fmt.Sprintf("release %d (%s)", number, kinds[d.kind].name)

	start := time.Now()
	cert, err := ours.Protect(ctx)
	if took := time.Since(start); took > x.slowest {
		x.slowest = took
	}
	x.releases++
	x.cells += len(ours.Cells)
	x.primary += hiddenOf(d.system)
	if refused := new(attack.Unprotectable); errors.As(err, &refused) {
		x.takenOut++ // and with it the whole release
		return
	} else if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, f := range cert.Findings {
		if !f.Safe {
			t.Errorf("%s: protected, and %v", name, f)
		}
	}
	if len(cert.TakenOut) > 0 {
		x.takenOut++
	} else {
		hidden, safe, err := greedy.Greedy(ctx)
		if err != nil {
			t.Fatalf("%s: greedy: %v", name, err)
		}
		if safe { // else there is nothing to compare with
			x.greedy += hidden
			x.hidden += hiddenOf(ours)
			naive.Lines()
			x.naive += hiddenOf(naive)
			found, err := naive.Attack(ctx)
			if err != nil {
				t.Fatalf("%s: line rule: %v", name, err)
			}
			if len(attack.Recoverable(found)) > 0 {
				x.leaked++
			}
		}
	}
	if solver != "" {
		for _, leak := range solve(t, solver, ours) {
			t.Errorf("%s: glpsol says of %s", name, leak)
		}
		x.checked += len(cert.Findings)
	}
}
