package risk

import (
	"context"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"

	"farr/datasets"
	"farr/internal/duck"
)

const (
	mostSampled  = 500        // persons whose traces are looked at
	fewSampled   = 100        // at least, however dear
	sampleBudget = 50_000_000 // steps, of which one is: another person has this pair, too
	mostPairs    = 64         // of a trace: a set of them is one word
)

// traces measures longitudinal uniqueness. The engine makes each person's distinct (code, year)
// pairs; who shares which of them is counted here, in a word a person.
func traces(ctx context.Context, db *duck.Session, sn *datasets.Snapshot, persons int64, o Options) (*Traces, error) {
	from, err := eventsSQL(sn)
	if err != nil || from == "" {
		return nil, err
	}
	c, err := readCrowd(ctx, db, from, int(persons))
	if err != nil {
		return nil, err
	}
	t := &Traces{Persons: persons, Seed: o.Seed, Pairs: int64(len(c.holders)), Points: []Point{{Pairs: 2}, {Pairs: 3}}}
	random := rand.New(rand.NewPCG(o.Seed, 0))
	sample := c.sample(random)
	t.Sampled = int64(len(sample))
	var lengths []int64
	var any, drawn [2]int64
	for i, person := range sample {
		if i%16 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			o.Progress.Report("risk of traces", int64(i), t.Sampled)
		}
		trace := c.traces[person]
		lengths = append(lengths, int64(len(trace)))
		chosen := c.choose(random, trace)
		others := c.others(person, chosen)
		for j := range t.Points {
			n := t.Points[j].Pairs
			if len(trace) < n {
				continue
			}
			t.Points[j].Enough++
			if !slices.ContainsFunc(others, func(mask uint64) bool { return mask&(1<<n-1) == 1<<n-1 }) {
				drawn[j]++ // choose put those drawn in front
			}
		}
		two, three := someUnique(others, len(chosen))
		any[0] += bit(two)
		any[1] += bit(three)
	}
	slices.Sort(lengths)
	t.Median = lengths[len(lengths)/2]
	for j := range t.Points {
		t.Points[j].Any, t.Points[j].Drawn = part(any[j], t.Sampled), part(drawn[j], t.Sampled)
	}
	return t, nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// eventsSQL gives (pid, code, year) of all events; empty where the snapshot has no table of events.
func eventsSQL(sn *datasets.Snapshot) (string, error) {
	_, events, err := declared()
	if err != nil {
		return "", err
	}
	catalogue, err := datasets.Catalogue()
	if err != nil {
		return "", err
	}
	var parts []string
	for _, e := range events {
		t, ok := sn.Table(e.table)
		if !ok || !t.Has(e.column) {
			continue
		}
		var years []string
		for _, one := range catalogue {
			if one.Table != e.table {
				continue
			}
			for _, name := range one.Order {
				if i := slices.IndexFunc(t.Columns, func(c datasets.Column) bool { return c.Name == name }); i >= 0 {
					year := duck.QuoteName(name)
					if t.Columns[i].Type != datasets.Int32 {
						year = "year(" + year + ")"
					}
					years = append(years, year)
				}
			}
		}
		year := "NULL"
		if len(years) > 0 {
			year = "coalesce(" + strings.Join(years, ", ") + ")"
		}
		parts = append(parts, fmt.Sprintf("SELECT pid, %s AS code, CAST(%s AS INTEGER) AS year FROM %s.%s WHERE %[1]s <> 0",
			duck.QuoteName(e.column), year, schema, e.table))
	}
	return strings.Join(parts, " UNION ALL "), nil
}

// crowd is who has which pairs, both ways round.
type crowd struct {
	traces  [][]int32 // by person: pairs, sorted
	holders [][]int32 // by pair: persons, sorted
	mask    []uint64  // by person, all zero between calls of others
}

func readCrowd(ctx context.Context, db *duck.Session, from string, persons int) (*crowd, error) {
	for _, sql := range []string{
		"CREATE TABLE happened AS SELECT DISTINCT p.person_no, e.code, e.year FROM (" + from + ") e JOIN person p ON p.pid = e.pid",
		"CREATE TABLE pair AS SELECT code, year, CAST(row_number() OVER (ORDER BY code, year) - 1 AS INTEGER) AS pair_no FROM (SELECT DISTINCT code, year FROM happened)",
	} {
		if err := db.Exec(ctx, "gather traces", sql); err != nil {
			return nil, err
		}
	}
	var pairs, steps int64
	if err := db.QueryRow(ctx, "count pairs", "SELECT (SELECT count(*) FROM pair), (SELECT count(*) FROM happened)", &pairs, &steps); err != nil {
		return nil, err
	}
	records, err := db.QueryArrow(ctx, "read traces", `SELECT h.person_no, p.pair_no FROM happened h JOIN pair p
		ON p.code = h.code AND p.year IS NOT DISTINCT FROM h.year ORDER BY 1, 2`)
	if err != nil {
		return nil, err
	}
	defer records.Release()
	c := &crowd{traces: make([][]int32, persons), holders: make([][]int32, pairs), mask: make([]uint64, persons)}
	for records.Next() {
		b := records.RecordBatch()
		person, pair := b.Column(0).(*array.Int32).Int32Values(), b.Column(1).(*array.Int32).Int32Values()
		for i, n := range person {
			c.traces[n] = append(c.traces[n], pair[i])
			c.holders[pair[i]] = append(c.holders[pair[i]], n)
		}
	}
	return c, records.Err()
}

// sample draws persons without order or repeat: so many that the work stays within its budget.
func (c *crowd) sample(random *rand.Rand) []int {
	work := int64(1)
	for _, h := range c.holders {
		work += int64(len(h)) * int64(len(h))
	}
	affordable := sampleBudget / max(1, work/int64(len(c.traces)))
	n := min(int64(len(c.traces)), max(fewSampled, min(mostSampled, affordable)))
	return random.Perm(len(c.traces))[:n]
}

// choose are the pairs of a trace that are looked at, three drawn at random in front, then those that
// the fewest persons have.
func (c *crowd) choose(random *rand.Rand, trace []int32) []int32 {
	order := slices.Clone(trace)
	front := min(3, len(order))
	for i := range front {
		j := i + random.IntN(len(order)-i)
		order[i], order[j] = order[j], order[i]
	}
	slices.SortStableFunc(order[front:], func(a, b int32) int { return len(c.holders[a]) - len(c.holders[b]) })
	return order[:min(len(order), mostPairs)]
}

// others are the sets of the chosen pairs that other persons have, two pairs or more.
func (c *crowd) others(person int, chosen []int32) []uint64 {
	var touched []int32
	for i, pair := range chosen {
		for _, other := range c.holders[pair] {
			if c.mask[other] == 0 {
				touched = append(touched, other)
			}
			c.mask[other] |= 1 << i
		}
	}
	masks := make([]uint64, 0, len(touched))
	for _, other := range touched {
		if m := c.mask[other]; int(other) != person && m&(m-1) != 0 {
			masks = append(masks, m)
		}
		c.mask[other] = 0
	}
	return masks
}

// someUnique says whether there are two, and three, of n pairs that nobody else has together. A person
// unique on two is unique on those and any third.
func someUnique(others []uint64, n int) (two, three bool) {
	if n < 2 {
		return false, false
	}
	all := uint64(1)<<n - 1 // 1<<64 is 0, and so all bits
	with := make([]uint64, n)
	for _, m := range others {
		for left := m; left != 0; left &= left - 1 {
			with[bits.TrailingZeros64(left)] |= m
		}
	}
	for i := range n {
		if with[i]|1<<i != all {
			return true, n > 2
		}
	}
	if n < 3 {
		return false, false
	}
	// The greatest sets first, each once: they settle most questions.
	slices.Sort(others)
	others = slices.Compact(others)
	slices.SortFunc(others, func(a, b uint64) int { return bits.OnesCount64(b) - bits.OnesCount64(a) })
	for i := range n {
		for j := i + 1; j < n; j++ {
			covered := uint64(1)<<i | 1<<j
			for _, m := range others {
				if m>>i&1 == 1 && m>>j&1 == 1 {
					covered |= m
					if covered == all {
						break
					}
				}
			}
			if covered != all {
				return false, true
			}
		}
	}
	return false, false
}
