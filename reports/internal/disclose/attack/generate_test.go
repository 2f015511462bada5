package attack_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"farr/reports/internal/disclose/attack"
)

// sample is a made-up release: a system in which what is small is hidden and nothing else, before
// any protection.
type sample struct {
	name   string
	kind   string
	system *attack.System
}

// builder puts cells and relations together.
type builder struct {
	s  attack.System
	at map[string]int
}

func newBuilder() *builder { return &builder{at: map[string]int{}} }

// put adds a printed cell, hidden if it is small, and gives its place; a key that is there already is the same cell.
func (b *builder) put(key, table string, value int64) int {
	if i, ok := b.at[key]; ok {
		return i
	}
	c := attack.Cell{Key: key, Table: table, Value: value, Low: min(1, value)}
	if value >= 1 && value <= 10 {
		c.State = attack.Hidden
	}
	return b.add(c)
}

// imply adds a cell that is not printed.
func (b *builder) imply(key string, value int64) int {
	return b.add(attack.Cell{Key: key, Value: value, State: attack.Unprinted})
}

func (b *builder) add(c attack.Cell) int {
	b.at[c.Key] = len(b.s.Cells)
	b.s.Cells = append(b.s.Cells, c)
	return len(b.s.Cells) - 1
}

// cube adds a table with all its margins. dims are its dimensions' names and sizes; count gives the value of an
// inner cell. Keys say only what is not a total, so that tables share margins by themselves.
func (b *builder) cube(table, prefix string, names []string, sizes []int, count func(at []int) int64) map[string]int64 {
	values := map[string]int64{}
	key := func(at []int) string {
		k := prefix
		for d, i := range at {
			if i >= 0 {
				k += fmt.Sprintf("|%s=%d", names[d], i)
			}
		}
		return k
	}
	var cells [][]int
	var walk func(at []int)
	walk = func(at []int) {
		if d := len(at); d < len(sizes) {
			for i := -1; i < sizes[d]; i++ {
				walk(append(at[:d:d], i))
			}
			return
		}
		cells = append(cells, at)
	}
	walk(nil)
	inner := func(at []int) bool {
		for _, i := range at {
			if i < 0 {
				return false
			}
		}
		return true
	}
	for _, at := range cells {
		if !inner(at) {
			continue
		}
		n := count(at)
		for mask := range 1 << len(at) {
			up := append([]int(nil), at...)
			for d := range up {
				if mask&(1<<d) != 0 {
					up[d] = -1
				}
			}
			values[key(up)] += n
		}
	}
	for _, at := range cells {
		b.put(key(at), table, values[key(at)])
	}
	for _, at := range cells {
		for d := range at {
			if at[d] >= 0 {
				continue
			}
			var parts []int
			for i := range sizes[d] {
				down := append([]int(nil), at...)
				down[d] = i
				parts = append(parts, b.at[key(down)])
			}
			b.s.Relations = append(b.s.Relations, attack.Sum(b.at[key(at)], parts...))
		}
	}
	return values
}

// counts draws the values of a table's inner cells: skewed, some zero, the share of small ones differing from
// table to table.
func counts(r *rand.Rand) func(at []int) int64 {
	centre, spread, zero := math.Log(15+float64(r.IntN(60))), 0.5+r.Float64(), 0.15*r.Float64()
	return func([]int) int64 {
		if r.Float64() < zero {
			return 0
		}
		return int64(math.Round(math.Exp(centre + spread*r.NormFloat64())))
	}
}

var dimensions = []string{"site", "age", "sex", "race"}

func sizesOf(r *rand.Rand, ways int, large bool) []int {
	for {
		sizes, cells := make([]int, ways), 1
		top := map[int]int{2: 12, 3: 6, 4: 4}[ways]
		if large {
			top = map[int]int{2: 40, 3: 12, 4: 6}[ways]
		}
		for d := range sizes {
			sizes[d] = 2 + r.IntN(top-1)
			cells *= sizes[d] + 1
		}
		if large == (cells >= 300) && cells <= 900 {
			return sizes
		}
	}
}

func randomTable(r *rand.Rand, ways int, large bool) *attack.System {
	b := newBuilder()
	b.cube("table", "n", dimensions[:ways], sizesOf(r, ways, large), counts(r))
	return &b.s
}
