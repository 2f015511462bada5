package attack_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// solve lets glpsol attack each target, and names those that it recovers or could not settle. It shares
// nothing with the package but the system: for each target it gets two copies of all cells that are not
// shown, and brings the target in the one as far above the other as it can, up to Width.
func solve(t *testing.T, solver string, s *attack.System, whole bool) (leaks []string) {
	t.Helper()
	small, width := s.Small, s.Width
	if small == 0 {
		small = attack.DefaultSmall
	}
	if width == 0 {
		width = attack.DefaultWidth
	}
	var targets []int
	for i, c := range s.Cells {
		if c.State == attack.Hidden || c.State == attack.Unprinted && c.Value >= 1 && c.Value <= small {
			targets = append(targets, i)
		}
	}
	const together = 10
	for len(targets) > 0 {
		n := min(together, len(targets))
		batch := targets[:n]
		targets = targets[n:]
		if wide(t, solver, s, batch, small, width, whole) {
			continue
		}
		for _, target := range batch { // which one is it, if any?
			if !wide(t, solver, s, []int{target}, small, width, whole) {
				leaks = append(leaks, s.Cells[target].Key)
			}
		}
	}
	return leaks
}

// wide tells whether glpsol finds for each of the targets two values that are width apart, the greater above small.
func wide(t *testing.T, solver string, s *attack.System, targets []int, small, width int64, whole bool) bool {
	t.Helper()
	dir := t.TempDir()
	model, solution := filepath.Join(dir, "model.lp"), filepath.Join(dir, "solution")
	var objective, rows, bounds, general strings.Builder
	for k, target := range targets {
		fmt.Fprintf(&objective, " + d%d", k)
		fmt.Fprintf(&rows, " apart%d: x%d_h%d - x%d_l%d - d%d = 0\n", k, target, k, target, k, k)
		fmt.Fprintf(&bounds, " 0 <= d%d <= %d\n", k, width)
		cells, relations := around(s, target)
		for _, end := range []string{"h", "l"} {
			for _, i := range cells {
				low := s.Cells[i].Low
				if i == target && end == "h" {
					low = max(low, small+1)
				}
				fmt.Fprintf(&bounds, " x%d_%s%d >= %d\n", i, end, k, low)
				fmt.Fprintf(&general, " x%d_%s%d\n", i, end, k)
			}
			for _, r := range relations {
				known := int64(0)
				fmt.Fprintf(&rows, " r%d_%s%d:", r, end, k)
				for _, term := range s.Relations[r] {
					if c := s.Cells[term.Cell]; c.State == attack.Shown {
						known += term.Coefficient * c.Value
					} else {
						fmt.Fprintf(&rows, " %+d x%d_%s%d", term.Coefficient, term.Cell, end, k)
					}
				}
				fmt.Fprintf(&rows, " = %d\n", -known)
			}
		}
	}
	text := "Maximize\n obj:" + objective.String() + "\nSubject To\n" + rows.String() + "Bounds\n" + bounds.String()
	args := []string{"--lp", model, "-w", solution, "--tmlim", "60"}
	if whole {
		args = append(args, "--nomip")
	} else {
		text += "General\n" + general.String()
	}
	if err := os.WriteFile(model, []byte(text+"End\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(solver, args...).CombinedOutput(); err != nil {
		t.Fatalf("glpsol: %v\n%s", err, out)
	}
	return optimum(t, solution) > float64(width*int64(len(targets)))-1e-6
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

// optimum reads the objective of a solution in glpsol's own format; -1 where there is none. A
// solution in whole numbers that is not known to be the best counts as well: it exists.
func optimum(t *testing.T, path string) float64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// s bas ROWS COLUMNS PRIMAL DUAL OBJECTIVE, or s mip ROWS COLUMNS STATUS OBJECTIVE
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 || fields[0] != "s" {
			continue
		}
		status, last := fields[4], fields[len(fields)-1]
		if status != "f" && status != "o" {
			return -1
		}
		v, err := strconv.ParseFloat(last, 64)
		if err != nil {
			t.Fatalf("glpsol's solution: %v", err)
		}
		return v
	}
	t.Fatal("glpsol wrote no solution")
	return -1
}
