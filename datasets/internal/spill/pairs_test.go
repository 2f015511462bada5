package spill

import (
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// The oracle is a map. Numbers of one part only make several passes over it; others stay in memory.
func TestPairsAgainstMap(t *testing.T) {
	for name, c := range map[string]struct {
		pairs int
		mask  uint64
	}{
		"none": {0, 1<<64 - 1}, "few": {1000, 1<<64 - 1}, "many": {300_000, 1<<64 - 1}, "one part": {3 * passPairs, 1<<58 - 1}, "small numbers": {50_000, 0xfff},
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, uint64(c.pairs)))
			dir := t.TempDir()
			p := NewPairs(dir)
			seconds := map[uint64]uint64{}
			want := map[uint64]bool{}
			var firsts []uint64
			for range c.pairs {
				first, second := random.Uint64()&c.mask, random.Uint64()
				if len(firsts) > 0 && random.IntN(4) == 0 { // again, half of the time with another
					first = firsts[random.IntN(len(firsts))]
					if random.IntN(2) == 0 {
						second = seconds[first]
					}
				}
				if old, known := seconds[first]; !known {
					seconds[first] = second
					firsts = append(firsts, first)
				} else if old != second {
					want[first] = true
				}
				if err := p.Add(first, second); err != nil {
					t.Fatal(err)
				}
			}
			got := map[uint64]bool{}
			if err := p.Several(func(first uint64) { got[first] = true }); err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got, want) {
				t.Errorf("%d numbers came with several others, want %d", len(got), len(want))
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%d files left", len(left))
			}
			if err := p.Several(func(uint64) { t.Error("a pair is left") }); err != nil {
				t.Error(err)
			}
		})
	}
}

// A folder that takes no file is an error, and not a number less.
func TestPairsStop(t *testing.T) {
	p := NewPairs("/nowhere")
	failed := slices.ContainsFunc(make([]int, 2*pairBuffer/pairBytes), func(int) bool { return p.Add(1, 2) != nil })
	if !failed {
		t.Error("a folder that is not there takes pairs")
	}
}
