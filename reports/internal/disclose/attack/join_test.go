package attack_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"farr/reports/internal/disclose/attack"
)

// TestTwoReleases: two releases of one snapshot that are each safe leak together; joined and protected they
// do not, and what the first showed stays shown.
func TestTwoReleases(t *testing.T) {
	ctx := context.Background()
	together := 0
	for seed := range uint64(60) {
		first, second := twoReleases(rand.New(rand.NewPCG(seed, 5)), false)
		if _, err := first.Protect(ctx); err != nil {
			t.Fatal(seed, err)
		}
		apart := clone(second)
		if _, err := apart.Protect(ctx); err != nil {
			t.Fatal(seed, err)
		}
		joined, err := attack.Join(apart, first)
		if err != nil {
			t.Fatal(seed, err)
		}
		found, err := joined.Attack(ctx)
		if err != nil {
			t.Fatal(seed, err)
		}
		if len(attack.Recoverable(found)) > 0 {
			together++
		}
		if joined, err = attack.Join(second, first); err != nil {
			t.Fatal(seed, err)
		}
		if _, err := joined.Protect(ctx); err != nil {
			if errors.As(err, new(*attack.Unprotectable)) {
				continue // then there is no second release
			}
			t.Fatal(seed, err)
		}
		second.Take(joined)
		for _, c := range first.Cells {
			for _, j := range joined.Cells {
				if j.Key == c.Key && c.State == attack.Shown && j.State != attack.Shown {
					t.Fatalf("seed %d: %s was shown and is said to be %v", seed, c.Key, j.State)
				}
			}
		}
		for _, c := range second.Cells {
			if c.State == attack.Shown && c.Value >= 1 && c.Value <= 10 {
				t.Fatalf("seed %d: a small number is shown", seed)
			}
		}
		if joined, err = attack.Join(second, first); err != nil {
			t.Fatal(seed, err)
		}
		if found, err = joined.Attack(ctx); err != nil {
			t.Fatal(seed, err)
		}
		if left := attack.Recoverable(found); len(left) > 0 {
			t.Errorf("seed %d: joined and protected, %v", seed, left)
		}
	}
	t.Logf("of 60 pairs of releases that are safe alone %d leak together", together)
	if together == 0 {
		t.Error("no pair leaks together: the test would not notice a join that does nothing")
	}
}

// TestJoinRefuses: a number that differs is of another snapshot.
func TestJoinRefuses(t *testing.T) {
	one := &attack.System{Cells: []attack.Cell{{Key: "a", Value: 40}}}
	two := &attack.System{Cells: []attack.Cell{{Key: "a", Value: 41}}}
	if _, err := attack.Join(two, one); err == nil || strings.Contains(err.Error(), "41") {
		t.Errorf("two values of one number: %v", err)
	}
}

// TestCheck: what would make a proof worthless is refused, without the value in the error.
func TestCheck(t *testing.T) {
	for name, s := range map[string]*attack.System{
		"small and shown": {Cells: []attack.Cell{{Key: "a", Value: 7}}},
		"twice":           {Cells: []attack.Cell{{Key: "a", Value: 70}, {Key: "a", Value: 70}}},
		"no key":          {Cells: []attack.Cell{{Value: 70}}},
		"below low":       {Cells: []attack.Cell{{Key: "a", Value: 0, Low: 1, State: attack.Hidden}}},
		"negative":        {Cells: []attack.Cell{{Key: "a", Value: -70}}},
		"no such cell":    {Cells: []attack.Cell{{Key: "a", Value: 70}}, Relations: []attack.Relation{{{Cell: 1, Coefficient: 1}}}},
		"does not hold": {Cells: []attack.Cell{{Key: "a", Value: 70}, {Key: "b", Value: 70}, {Key: "c", Value: 70}},
			Relations: []attack.Relation{attack.Sum(0, 1, 2)}},
	} {
		if _, err := s.Protect(context.Background()); err == nil || strings.Contains(err.Error(), "7") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLastResort: where everything else was published before, the table goes, or the release is refused.
func TestLastResort(t *testing.T) {
	ctx := context.Background()
	make := func(fixed bool, table string) *attack.System {
		return &attack.System{Cells: []attack.Cell{
			{Key: "all", Value: 100, Fixed: true}, {Key: "women", Value: 95, Fixed: fixed, Low: 1, Table: table},
			{Key: "men", Value: 5, State: attack.Hidden, Low: 1, Table: table}},
			Relations: []attack.Relation{attack.Sum(0, 1, 2)}}
	}
	s := make(true, "by sex")
	var open *attack.Unprotectable
	if _, err := s.Protect(ctx); err == nil {
		t.Error("all but one number was published before, and the last one is said to be protected")
	} else if !errors.As(err, &open) || len(open.Findings) != 1 || open.Findings[0].Key != "men" {
		t.Errorf("%v", err)
	}
	s = make(false, "by sex")
	cert, err := s.Protect(ctx)
	if err != nil || cert.Hidden != 2 || len(cert.TakenOut) != 0 {
		t.Errorf("hiding the women is enough: %+v, %v", cert, err)
	}
	// A second small table of which hiding cannot help: both parts together are 1 to 10.
	few := &attack.System{Cells: []attack.Cell{
		{Key: "all", Value: 8, Fixed: true}, {Key: "a", Value: 5, State: attack.Hidden, Low: 1, Table: "t"},
		{Key: "b", Value: 3, State: attack.Hidden, Low: 1, Table: "t"}}, Relations: []attack.Relation{attack.Sum(0, 1, 2)}}
	if _, err := few.Protect(ctx); err == nil {
		t.Error("two parts of 8 are said to be protected")
	}
}

// TestSameInSameOut: equal systems are protected in the same way.
func TestSameInSameOut(t *testing.T) {
	s := randomTable(rand.New(rand.NewPCG(9, 9)), 3, false)
	a, b := clone(s), clone(s)
	x, errX := a.Protect(context.Background())
	y, errY := b.Protect(context.Background())
	if errX != nil || errY != nil || x.Hidden != y.Hidden {
		t.Fatal(errX, errY, x.Hidden, y.Hidden)
	}
	for i := range a.Cells {
		if a.Cells[i] != b.Cells[i] {
			t.Fatalf("%s differs", a.Cells[i].Key)
		}
	}
}

// TestJoinReleased: of releases that have left, what any shows is known, whichever was first.
func TestJoinReleased(t *testing.T) {
	release := func(women attack.State) *attack.System {
		return &attack.System{Cells: []attack.Cell{{Key: "all", Value: 100}, {Key: "women", Value: 95, State: women, Low: 1},
			{Key: "men", Value: 5, State: attack.Hidden, Low: 1}}, Relations: []attack.Relation{attack.Sum(0, 1, 2)}}
	}
	for _, order := range [][]*attack.System{{release(attack.Shown), release(attack.Hidden)}, {release(attack.Hidden), release(attack.Shown)}} {
		joined, err := attack.JoinReleased(order...)
		if err != nil {
			t.Fatal(err)
		}
		found, err := joined.Attack(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if left := attack.Recoverable(found); len(left) != 1 || left[0].Key != "men" {
			t.Errorf("recoverable: %v", left)
		}
	}
	joined, err := attack.JoinReleased(release(attack.Hidden), release(attack.Hidden))
	if err != nil {
		t.Fatal(err)
	}
	found, err := joined.Attack(context.Background())
	if err != nil || len(found) != 2 || len(attack.Recoverable(found)) != 0 {
		t.Errorf("two that hide both: %v, %v", found, err)
	}
}

// TestWitnesses: what Protect has proved is in the system; an attack takes it only after checking it.
func TestWitnesses(t *testing.T) {
	ctx := context.Background()
	s := randomTable(rand.New(rand.NewPCG(4, 4)), 3, false)
	if _, err := s.Protect(ctx); err != nil || len(s.Witnesses) == 0 {
		t.Fatal(err, len(s.Witnesses))
	}
	plain := clone(randomTable(rand.New(rand.NewPCG(4, 4)), 3, false))
	want, err := plain.Attack(ctx)
	if err != nil {
		t.Fatal(err)
	}
	plain.Witnesses = s.Witnesses // of a release that hides more: here they are lies
	plain.Witnesses = append(plain.Witnesses, attack.Witness{Cells: []int{0}, Moves: []int64{50}},
		attack.Witness{Cells: []int{1, 1}, Moves: []int64{50, -50}}, attack.Witness{Cells: []int{1 << 20}, Moves: []int64{5}}, attack.Witness{Cells: []int{1}})
	got, err := plain.Attack(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if want[i].Safe != got[i].Safe {
			t.Errorf("%v, and with false witnesses %v", want[i], got[i])
		}
	}
}
