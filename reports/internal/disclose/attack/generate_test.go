package attack_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

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

// linkedTables are two tables of the same persons that share the margin of the first dimension.
func linkedTables(r *rand.Rand, large bool) *attack.System {
	b := newBuilder()
	top := 9
	if large {
		top = 22
	}
	shared, second, third := 2+r.IntN(top), 2+r.IntN(top), 2+r.IntN(top)
	if large {
		second, third = 8+r.IntN(12), 8+r.IntN(12)
		shared = (300+second+third)/(second+third+1) + 1
	}
	// One population, counted by two pairs of traits.
	draw := counts(r)
	people := make([][]int64, shared)
	for i := range people {
		people[i] = make([]int64, second*third)
		for range 2 * (second + third) {
			people[i][r.IntN(second*third)] += draw(nil) / 2
		}
	}
	sum := func(i, second2, third2 int) (n int64) {
		for k, v := range people[i] {
			if second2 >= 0 && k/third != second2 || third2 >= 0 && k%third != third2 {
				continue
			}
			n += v
		}
		return n
	}
	b.cube("by age", "n", []string{"site", "age"}, []int{shared, second}, func(at []int) int64 { return sum(at[0], at[1], -1) })
	b.cube("by race", "n", []string{"site", "race"}, []int{shared, third}, func(at []int) int64 { return sum(at[0], -1, at[1]) })
	return &b.s
}

// nestedTables are two tables of which the second counts some more persons (18-65 and not 18-64): the
// differences are numbers that nobody prints.
func nestedTables(r *rand.Rand, large bool) *attack.System {
	b := newBuilder()
	sizes := sizesOf(r, 2+r.IntN(2), false)
	if large {
		sizes = []int{10 + r.IntN(5), 14 + r.IntN(5)}
	}
	inner := b.cube("18-64", "n64", dimensions[:len(sizes)], sizes, counts(r))
	more := map[string]int64{}
	draw := counts(r)
	b.cube("18-65", "n65", dimensions[:len(sizes)], sizes, func(at []int) int64 {
		key := ""
		for d, i := range at {
			key += fmt.Sprintf("|%s=%d", dimensions[d], i)
		}
		if r.IntN(3) == 0 {
			more[key] = draw(nil) / 4
		}
		return inner["n64"+key] + more[key]
	})
	for i := range b.s.Cells {
		key, ok := strings.CutPrefix(b.s.Cells[i].Key, "n64")
		if !ok {
			continue
		}
		j := b.at["n65"+key]
		slack := b.imply("of age 65"+key, b.s.Cells[j].Value-b.s.Cells[i].Value)
		b.s.Relations = append(b.s.Relations, attack.Sum(j, i, slack))
	}
	return &b.s
}

// rates are a measure's denominators and numerators by site and period, with the rest that nobody prints.
func rates(r *rand.Rand, large bool) *attack.System {
	b := newBuilder()
	sizes := []int{2 + r.IntN(6), 2 + r.IntN(6)}
	if large {
		sizes = []int{11 + r.IntN(6), 13 + r.IntN(6)}
	}
	share := 0.1 + 0.8*r.Float64()
	dens := b.cube("denominator", "den", []string{"site", "month"}, sizes, counts(r))
	b.cube("numerator", "num", []string{"site", "month"}, sizes, func(at []int) int64 {
		den := dens[fmt.Sprintf("den|site=%d|month=%d", at[0], at[1])]
		return int64(math.Round(float64(den) * min(1, share*(0.7+0.6*r.Float64()))))
	})
	for i := range b.s.Cells {
		key, ok := strings.CutPrefix(b.s.Cells[i].Key, "den")
		if !ok {
			continue
		}
		num := b.at["num"+key]
		rest := b.s.Cells[i].Value - b.s.Cells[num].Value
		if rest >= 1 && rest <= 10 { // a small complement gives the numerator away
			b.s.Cells[num].State, b.s.Cells[num].Low = attack.Hidden, min(1, b.s.Cells[num].Value)
			if b.s.Cells[num].Value == 0 {
				b.s.Cells[num].State = attack.Shown
				b.s.Cells[i].State = attack.Hidden
			}
		}
		b.s.Relations = append(b.s.Relations, attack.Sum(i, num, b.imply("rest"+key, rest)))
	}
	return &b.s
}

// twoReleases is a table that was protected and published, and then the same table by one more dimension.
func twoReleases(r *rand.Rand, large bool) (first, second *attack.System) {
	sizes := sizesOf(r, 3, large)
	draw := counts(r)
	fine := map[[3]int]int64{}
	for i := range sizes[0] {
		for j := range sizes[1] {
			for k := range sizes[2] {
				fine[[3]int{i, j, k}] = draw(nil)
			}
		}
	}
	a := newBuilder()
	a.cube("first", "n", dimensions[:2], sizes[:2], func(at []int) (n int64) {
		for k := range sizes[2] {
			n += fine[[3]int{at[0], at[1], k}]
		}
		return n
	})
	b := newBuilder()
	if r.IntN(2) == 0 {
		b.cube("second", "n", dimensions[:3], sizes, func(at []int) int64 { return fine[[3]int(at)] })
	} else { // by another pair of traits
		b.cube("second", "n", []string{dimensions[0], dimensions[2]}, []int{sizes[0], sizes[2]}, func(at []int) (n int64) {
			for j := range sizes[1] {
				n += fine[[3]int{at[0], j, at[1]}]
			}
			return n
		})
	}
	return &a.s, &b.s
}
