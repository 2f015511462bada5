package attack_test

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"farr/reports/internal/disclose/attack"
)

// needSolver finds glpsol (Debian: apt-get install glpk-utils); without it the releases are protected and not
// checked from outside, which is said.
func needSolver(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("glpsol")
	if err == nil {
		return path
	}
	if os.Getenv("FARR_REQUIRE_GLPSOL") != "" {
		t.Fatal("glpsol is not here: apt-get install glpk-utils")
	}
	t.Log("glpsol is not here (apt-get install glpk-utils): no independent solver attacks the releases")
	return ""
}

// verdict is what glpsol's answers prove of a target.
type verdict string

const (
	safe      verdict = "safe"      // two assignments of whole numbers are width apart, the greater above small
	recovered verdict = "recovered" // its bounds leave no room for two
	unsettled verdict = "unsettled" // it found no such two, and did not prove that there are none, in its time
)

// solver lets glpsol attack a system, one number at a time. It shares nothing with the package but the system.
// Each answer in whole numbers is checked here, and then counts for all numbers: low and high are the least and
// the greatest that each cell has in any of them, the truth among them.
type solver struct {
	t         *testing.T
	path, dir string
	s         *attack.System
	low, high []int64
	tries     int // corners that are looked at before glpsol searches whole numbers
	seconds   int // for such a search
}

func newSolver(t *testing.T, path string, s *attack.System) *solver {
	o := &solver{t: t, path: path, dir: t.TempDir(), s: s, tries: 40, seconds: 60}
	for _, c := range s.Cells {
		o.low, o.high = append(o.low, c.Value), append(o.high, c.Value)
	}
	return o
}

func (o *solver) bounds() (small, width int64) {
	small, width = o.s.Small, o.s.Width
	if small == 0 {
		small = attack.DefaultSmall
	}
	if width == 0 {
		width = attack.DefaultWidth
	}
	return small, width
}

// solve lets glpsol attack each target, and says of those that it does not find safe which they are.
func solve(t *testing.T, path string, s *attack.System) (leaks []string) {
	t.Helper()
	o := newSolver(t, path, s)
	small, _ := o.bounds()
	for i, c := range s.Cells {
		if c.State == attack.Hidden || c.State == attack.Unprinted && c.Value >= 1 && c.Value <= small {
			if v := o.settle(i); v != safe {
				leaks = append(leaks, fmt.Sprintf("%s: %s", c.Key, v))
			}
		}
	}
	return leaks
}

// settle asks for the greatest and the least of a target: first in fractions, which bounds it, and is an answer where a
// corner is whole; then at corners near these; then in whole numbers.
func (o *solver) settle(target int) verdict {
	o.t.Helper()
	small, width := o.bounds()
	cells, relations := around(o.s, target)
	most, least := int64(math.MaxInt64), o.s.Cells[target].Low
	apart := func() bool { return o.high[target]-o.low[target] >= width && o.high[target] > small }
	// No answer needs to go farther than this.
	far := func(end int) int64 {
		if end > 0 {
			return max(o.low[target]+width, small+1)
		}
		return max(o.s.Cells[target].Low, min(o.low[target], o.high[target]-width))
	}
	ask := func(end int, whole bool, r *rand.Rand) {
		to := far(end)
		best, proven := o.ask(target, cells, relations, end, to, whole, r)
		switch {
		case !proven || r != nil:
		case end > 0 && best < to:
			most = min(most, best)
		case end < 0:
			least = max(least, best)
		}
	}
	known := func() bool { return most <= small || most != math.MaxInt64 && most-least < width }
	both := func(whole bool, r *rand.Rand) bool {
		for _, end := range []int{1, -1} {
			if ask(end, whole, r); apart() || known() {
				return true
			}
		}
		return false
	}
	done := apart() || both(false, nil)
	for try := 0; !done && try < o.tries; try++ {
		done = both(false, rand.New(rand.NewPCG(uint64(target), uint64(try))))
	}
	done = done || both(true, nil)
	switch {
	case apart():
		return safe
	case known():
		return recovered
	}
	return unsettled
}

// ask lets glpsol bring a target as far to one end as it can, up to far. With r the other cells have small weights of
// chance, so that other corners are found, and stay near the truth. best is the bound that glpsol proves.
func (o *solver) ask(target int, cells, relations []int, end int, far int64, whole bool, r *rand.Rand) (best int64, proven bool) {
	o.t.Helper()
	_, width := o.bounds()
	var objective, rows, limits, general strings.Builder
	for _, i := range cells { // all of them: glpsol numbers the columns as it meets them
		weight := 0.0
		if i == target {
			weight = 1
		} else if r != nil {
			weight = (r.Float64() - 0.5) / 100
		}
		fmt.Fprintf(&objective, " %+.6f x%d\n", weight, i)
		least, most := o.s.Cells[i].Low, int64(math.MaxInt64)
		if r != nil {
			most = o.s.Cells[i].Value + 4*width
		}
		if i == target && end > 0 {
			most = far
		} else if i == target {
			least = far
		}
		if fmt.Fprintf(&limits, " x%d >= %d\n", i, least); most != math.MaxInt64 {
			fmt.Fprintf(&limits, " x%d <= %d\n", i, most)
		}
		fmt.Fprintf(&general, " x%d\n", i)
	}
	for _, n := range relations {
		known := int64(0)
		fmt.Fprintf(&rows, " r%d:", n)
		for _, term := range o.s.Relations[n] {
			if c := o.s.Cells[term.Cell]; c.State == attack.Shown {
				known += term.Coefficient * c.Value
			} else {
				fmt.Fprintf(&rows, " %+d x%d", term.Coefficient, term.Cell)
			}
		}
		fmt.Fprintf(&rows, " = %d\n", -known)
	}
	sense := map[int]string{1: "Maximize", -1: "Minimize"}[end]
	text := sense + "\n obj:" + objective.String() + "Subject To\n" + rows.String() + "Bounds\n" + limits.String()
	model, solution := filepath.Join(o.dir, "model.lp"), filepath.Join(o.dir, "solution")
	args := []string{"--lp", model, "-w", solution}
	if whole {
		text += "General\n" + general.String()
		args = append(args, "--tmlim", strconv.Itoa(o.seconds))
	}
	if err := os.WriteFile(model, []byte(text+"End\n"), 0o600); err != nil {
		o.t.Fatal(err)
	}
	if out, err := exec.Command(o.path, args...).CombinedOutput(); err != nil {
		o.t.Fatalf("glpsol: %v\n%s", err, out)
	}
	got := readSolution(o.t, solution)
	if len(got.values) == len(cells) {
		o.learn(cells, relations, got.values)
	}
	if !got.optimal {
		return 0, false
	}
	v := got.values[slices.Index(cells, target)]
	if end > 0 {
		return int64(math.Floor(v + 1e-6)), true
	}
	return int64(math.Ceil(v - 1e-6)), true
}

// learn takes an answer in whole numbers that holds, and no other: every relation, and what readers know at least.
func (o *solver) learn(cells, relations []int, values []float64) {
	at := map[int]int64{}
	for k, i := range cells {
		v := math.Round(values[k])
		if math.Abs(v-values[k]) > 1e-6 || int64(v) < o.s.Cells[i].Low {
			return
		}
		at[i] = int64(v)
	}
	for _, n := range relations {
		sum := int64(0)
		for _, term := range o.s.Relations[n] {
			v, moved := at[term.Cell]
			if !moved {
				v = o.s.Cells[term.Cell].Value
			}
			sum += term.Coefficient * v
		}
		if sum != 0 {
			return
		}
	}
	for i, v := range at {
		o.low[i], o.high[i] = min(o.low[i], v), max(o.high[i], v)
	}
}

// around lists the cells that are not shown and can move with a target, and the relations that bind them.
func around(s *attack.System, target int) (cells, relations []int) {
	in := map[int]bool{target: true}
	used := map[int]bool{}
	for grown := true; grown; {
		grown = false
		for r, relation := range s.Relations {
			if used[r] {
				continue
			}
			touches := false
			for _, term := range relation {
				touches = touches || in[term.Cell] && s.Cells[term.Cell].State != attack.Shown
			}
			if !touches {
				continue
			}
			used[r], grown = true, true
			for _, term := range relation {
				in[term.Cell] = true
			}
		}
	}
	for i, c := range s.Cells {
		if in[i] && c.State != attack.Shown {
			cells = append(cells, i)
		}
	}
	for r := range s.Relations {
		if used[r] {
			relations = append(relations, r)
		}
	}
	return cells, relations
}

// answer is a solution as glpsol writes it. Optimal: it proves that none is better.
type answer struct {
	optimal bool
	values  []float64 // by column; none where there is no solution
}

func readSolution(t *testing.T, path string) (a answer) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	feasible, whole := false, false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// s bas ROWS COLUMNS PRIMAL DUAL OBJECTIVE, or s mip ROWS COLUMNS STATUS OBJECTIVE;
		// j COLUMN STATUS VALUE DUAL, or j COLUMN VALUE
		switch fields := strings.Fields(lines.Text()); {
		case len(fields) >= 6 && fields[0] == "s":
			whole = fields[1] == "mip"
			feasible = fields[4] == "f" || fields[4] == "o"
			a.optimal = whole && fields[4] == "o" || !whole && fields[4] == "f" && fields[5] == "f"
		case len(fields) >= 3 && fields[0] == "j" && feasible:
			field := fields[2]
			if !whole {
				field = fields[3]
			}
			v, err := strconv.ParseFloat(field, 64)
			if err != nil {
				t.Fatalf("glpsol's solution: %v", err)
			}
			a.values = append(a.values, v)
		}
	}
	return a
}
