//go:build faults

package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// place is a fault point, and the step that passes it.
type place struct{ step, point string }

// staged is the world at the beginning of each step, all before it done, so that a case does no more work than its step and what
// follows. What lies outside of steps is passed in the last world.
type staged struct {
	world  map[string]string            // by step
	next   map[string]string            // the step that follows
	begins map[string]map[string]string // result as a step begins
	want   map[string]string            // what an undisturbed run leaves
	points []place
}

// outside is the name for what is before the first step, between two and behind the last.
const outside = "between"

func stagedWorlds(t *testing.T) *staged {
	t.Helper()
	world := sharedWorld(t)
	undisturbed := copied(t, world)
	whole := recorded(t, undisturbed)
	want, err := result(undisturbed)
	if err != nil {
		t.Fatal(err)
	}
	w := &staged{world: map[string]string{}, next: map[string]string{}, begins: map[string]map[string]string{}, want: want}
	var steps []string
	for _, p := range whole {
		if p.step != outside && !slices.Contains(steps, p.step) {
			steps = append(steps, p.step)
		}
	}
	if len(steps) != 5 { // pruning is the last
		t.Fatalf("the steps are %v", steps)
	}
	for i, step := range steps {
		w.world[step] = copied(t, world)
		if i > 0 { // killed as the step begins: all before it is done
			first := whole[slices.IndexFunc(whole, func(p place) bool { return p.step == step })]
			if err := child(w.world[step], "FARR_FAULT_AT="+first.point, "FARR_FAULT_KIND=kill").Run(); err == nil {
				t.Fatalf("not killed at %s", first.point)
			}
		}
		if i > 0 {
			w.next[steps[i-1]] = step
			if w.begins[step], err = result(w.world[step]); err != nil {
				t.Fatal(err)
			}
		}
		again := copied(t, w.world[step])
		passed := recorded(t, again)
		if got, err := result(again); err != nil {
			t.Fatal(err)
		} else if err := equal(got, want); err != nil {
			t.Fatalf("resumed at %s: %v", step, err)
		}
		last := i == len(steps)-1
		for _, p := range passed {
			if p.step == step || last && p.step == outside {
				w.points = append(w.points, p)
			}
		}
		if last {
			w.world[outside] = w.world[step]
		}
	}
	w.holdAll(t, whole)
	return w
}

// holdAll wants every place that a run of the whole job passes among the points.
func (w *staged) holdAll(t *testing.T, whole []place) {
	t.Helper()
	name := func(p place) string {
		at, _, _ := strings.Cut(p.point, " #")
		return p.step + ": " + at
	}
	count := map[string]int{}
	for _, p := range w.points {
		count[name(p)]++
	}
	wanted := map[string]int{}
	for _, p := range whole {
		wanted[name(p)]++
	}
	for p, n := range wanted {
		if count[p] < n {
			t.Errorf("%s is passed %d times by the whole job, and %d times by the steps alone", p, n, count[p])
		}
	}
}

// recorded runs the job in dir, or what the variables ask for, and lists the points that it passes, in order.
func recorded(t *testing.T, dir string, env ...string) (all []place) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "points")
	if out, err := child(dir, append(env, "FARR_FAULT_RECORD="+file)...).CombinedOutput(); err != nil {
		t.Fatalf("recording run: %v: %s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	step, ledger := outside, map[string]int{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if mark, ok := strings.CutPrefix(line, stepMark); ok {
			step = mark
			continue
		}
		if at, _, _ := strings.Cut(line, " #"); strings.HasSuffix(at, "jobs.(*ledger).tx ledger") {
			if step != outside {
				continue // a sign of life, which a slow run writes and a quick one does not
			}
			line = fmt.Sprintf("%s #%d", at, ledger[at])
			ledger[at]++
		}
		all = append(all, place{step, line})
	}
	return all
}
