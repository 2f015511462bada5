package attack_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"farr/reports/internal/disclose/attack"
)

// TestPlainThresholdLeaks publishes a cube (site by age by sex, with all margins) twice: with nothing but
// counts of 1 to 10 hidden, and protected. Of the first a reader with a pencil gets hidden numbers by
// subtraction; of the second none, and nobody gets one to within 10.
func TestPlainThresholdLeaks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	b := newBuilder()
	b.cube("cube", "n", dimensions[:3], []int{5, 6, 2}, counts(r))
	plain := &b.s
	got := subtraction(t, plain)
	t.Logf("a plain threshold hides %d of %d numbers; subtraction gives %d of them exactly", hiddenOf(plain), len(plain.Cells), got)
	if got == 0 {
		t.Error("nothing leaks: this cube demonstrates nothing")
	}
	found, err := plain.Attack(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(attack.Recoverable(found)); n < got {
		t.Errorf("the attack finds %d recoverable numbers, fewer than subtraction", n)
	}
	safe := clone(plain)
	cert, err := safe.Protect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("protected, %d are hidden (%d small, %d beside them)", cert.Hidden, cert.Primary, cert.Complementary)
	if got := subtraction(t, safe); got != 0 {
		t.Errorf("protected, subtraction still gives %d", got)
	}
	if leaks := solve(t, needSolverOr(t), safe); len(leaks) > 0 {
		t.Errorf("protected, glpsol says %v", leaks)
	}
}

// needSolverOr skips the rest where there is no solver.
func needSolverOr(t *testing.T) string {
	solver := needSolver(t)
	if solver == "" {
		t.Skip("glpsol is not here")
	}
	return solver
}

// subtraction takes each sum in which one number is hidden, as often as that gives something, and counts
// the hidden numbers that come out.
func subtraction(t *testing.T, s *attack.System) (got int) {
	t.Helper()
	known := map[int]int64{}
	for i, c := range s.Cells {
		if c.State == attack.Shown {
			known[i] = c.Value
		}
	}
	for again := true; again; {
		again = false
		for _, relation := range s.Relations {
			sum, open := int64(0), attack.Term{Cell: -1}
			unknown := 0
			for _, term := range relation {
				if v, ok := known[term.Cell]; ok {
					sum += term.Coefficient * v
				} else {
					unknown++
					open = term
				}
			}
			if unknown != 1 {
				continue
			}
			v := -sum / open.Coefficient
			if v != s.Cells[open.Cell].Value {
				t.Fatalf("subtraction gave a wrong number: the relations do not hold")
			}
			known[open.Cell] = v
			again = true
			if s.Cells[open.Cell].State == attack.Hidden {
				got++
			}
		}
	}
	return got
}
