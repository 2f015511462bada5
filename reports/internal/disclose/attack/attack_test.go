package attack_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"farr/reports/internal/disclose/attack"
)

// TestNineHidden is the table in which two cells or more are hidden in every row and column, and one
// of them can be worked out all the same: two squares of four, and a cell that is all that joins them.
func TestNineHidden(t *testing.T) {
	b := newBuilder()
	b.cube("table", "n", []string{"row", "column"}, []int{4, 4}, func([]int) int64 { return 40 })
	hidden := map[string]bool{}
	for _, at := range [][2]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 2}, {2, 3}, {3, 2}, {3, 3}, {1, 2}} {
		key := fmt.Sprintf("n|row=%d|column=%d", at[0], at[1])
		hidden[key] = true
		b.s.Cells[b.at[key]].State = attack.Hidden
	}
	found, err := b.s.Attack(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 9 {
		t.Fatalf("%d targets, want the 9 hidden cells", len(found))
	}
	for _, f := range found {
		if pinned := f.Key == "n|row=1|column=2"; f.Safe == pinned {
			t.Errorf("%s: safe is %v", f.Key, f.Safe)
		}
	}
	if _, err := b.s.Protect(context.Background()); err != nil {
		t.Fatal(err)
	}
	found, err = b.s.Attack(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if left := attack.Recoverable(found); len(left) > 0 {
		t.Errorf("after Protect: %v", left)
	}
}

// TestAgainstEnumeration holds the attack against all assignments of whole numbers there are, on small
// tables of which anything may be hidden.
func TestAgainstEnumeration(t *testing.T) {
	safe, recoverable := 0, 0
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 7))
		b := newBuilder()
		b.s.Small, b.s.Width = 3, 1+int64(r.IntN(4))
		if seed%3 == 0 {
			b.cube("t", "n", dimensions[:3], []int{2, 2, 2}, func([]int) int64 { return int64(r.IntN(8)) })
		} else {
			b.cube("t", "n", dimensions[:2], []int{2 + r.IntN(2), 2 + r.IntN(2)}, func([]int) int64 { return int64(r.IntN(9)) })
		}
		for i := range b.s.Cells {
			c := &b.s.Cells[i]
			c.State = attack.Shown
			switch {
			case c.Value >= 1 && c.Value <= 3, c.Value > 0 && r.IntN(3) == 0:
				c.State = attack.Hidden
			case r.IntN(12) == 0:
				c.State, c.Low = attack.Unprinted, 0
			}
		}
		free := 0
		for _, c := range b.s.Cells {
			if c.State != attack.Shown {
				free++
			}
		}
		if free > 9 {
			continue
		}
		found, err := b.s.Attack(context.Background())
		if err != nil {
			t.Fatal(seed, err)
		}
		ranges := enumerate(&b.s, 9)
		for _, f := range found {
			got := ranges[f.Key]
			truly := got[1]-got[0] >= b.s.Width && got[1] > b.s.Small
			if f.Safe != truly {
				t.Errorf("seed %d, %s: attack says safe %v (%d to %d), enumeration %d to %d", seed, f.Key, f.Safe, f.Least, f.Greatest, got[0], got[1])
			}
			if f.Least < got[0] || min(f.Greatest, b.s.Cells[b.at[f.Key]].Value+9) > got[1] { // enumeration looks no further
				t.Errorf("seed %d, %s: witnesses from %d to %d, possible are %d to %d", seed, f.Key, f.Least, f.Greatest, got[0], got[1])
			}
			if truly {
				safe++
			} else {
				recoverable++
			}
		}
	}
	if safe < 100 || recoverable < 100 {
		t.Errorf("%d safe and %d recoverable cells: the test would not notice much", safe, recoverable)
	}
}

// enumerate gives the least and greatest value of each cell that is not shown over all assignments in which none is more than above over the truth.
func enumerate(s *attack.System, above int64) map[string][2]int64 {
	ranges := map[string][2]int64{}
	value := make([]int64, len(s.Cells))
	var free []int
	for i, c := range s.Cells {
		if value[i] = c.Value; c.State != attack.Shown {
			free = append(free, i)
		}
	}
	last := map[int][]attack.Relation{} // relations that are settled with a free cell
	for _, rel := range s.Relations {
		at := -1
		for k, i := range free {
			for _, term := range rel {
				if term.Cell == i {
					at = k
				}
			}
		}
		last[at] = append(last[at], rel)
	}
	var walk func(k int)
	walk = func(k int) {
		if k == len(free) {
			for _, i := range free {
				r, seen := ranges[s.Cells[i].Key]
				if !seen {
					r = [2]int64{value[i], value[i]}
				}
				ranges[s.Cells[i].Key] = [2]int64{min(r[0], value[i]), max(r[1], value[i])}
			}
			return
		}
		i := free[k]
		for v := s.Cells[i].Low; v <= s.Cells[i].Value+above; v++ {
			value[i] = v
			ok := true
			for _, rel := range last[k] {
				sum := int64(0)
				for _, term := range rel {
					sum += term.Coefficient * value[term.Cell]
				}
				ok = ok && sum == 0
			}
			if ok {
				walk(k + 1)
			}
		}
	}
	walk(0)
	return ranges
}

// TestProtectSmall: after Protect neither the attack nor an enumeration finds a hidden cell.
func TestProtectSmall(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 8))
		s := randomTable(r, 2+int(seed%3), false)
		cert, err := s.Protect(context.Background())
		if err != nil {
			t.Fatal(seed, err)
		}
		found, err := s.Attack(context.Background())
		if err != nil {
			t.Fatal(seed, err)
		}
		if left := attack.Recoverable(found); len(left) > 0 {
			t.Errorf("seed %d: %v", seed, left)
		}
		if cert.Primary > 0 && cert.Narrowest < 10 {
			t.Errorf("seed %d: certificate says a cell is known to within %d", seed, cert.Narrowest)
		}
	}
}
