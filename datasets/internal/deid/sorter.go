package deid

import (
	"context"
	"encoding/binary"

	"farr/datasets/internal/spill"
)

// Sorter brings Records into the order in which they are written, through sorted
// runs in a private folder when they are many.
//
// The order is (rank of the type, pid, rid, sequence): versions of one resource
// stand together, and a patient's rows too. Patients come last, since their rows
// need what the others say. Before all types stands an index of all resources by
// rid, which finds a resource that moved from one patient to another: its versions
// do not stand together.
type Sorter struct {
	plan *Plan
	pool *spill.Pool
	rank []byte // of a kind; 0 is the index
	kind []int  // of a rank
}

// NewSorter makes a sorter whose runs lie in dir.
func NewSorter(plan *Plan, dir string, arenaBytes int) *Sorter {
	s := &Sorter{plan: plan, pool: spill.NewPool(dir, arenaBytes), rank: make([]byte, len(plan.types)), kind: []int{-1}}
	add := func(t *typePlan) {
		s.rank[t.kind] = byte(len(s.kind))
		s.kind = append(s.kind, t.kind)
	}
	for _, t := range plan.types {
		if t.typ != "Patient" {
			add(t)
		}
	}
	add(plan.byName["Patient"])
	return s
}

// Collector takes the Records of one goroutine.
type Collector struct {
	sorter *Sorter
	arena  *spill.Arena
	key    spill.Key
}

// Collector makes a collector.
func (s *Sorter) Collector() *Collector { return &Collector{sorter: s, arena: s.pool.Arena()} }

const (
	keyFirst    = 1              // pid; rid where no patient owns the row, and in the index
	keySecond   = keyFirst + 16  // rid; pid in the index
	keySequence = keySecond + 16 // later lines have greater ones
	_           = uint(keySequence + 8 - spill.KeyBytes)
)

// Add takes a Record, which may be reused afterwards.
func (c *Collector) Add(r Record) error {
	t := c.sorter.plan.types[r.kind]
	binary.BigEndian.PutUint64(c.key[keySequence:], r.sequence)
	if t.owned() && t.owner != "id" {
		c.key[0] = 0
		copy(c.key[keyFirst:], r.rid[:])
		copy(c.key[keySecond:], r.pid[:])
		if err := c.arena.Add(&c.key, r.updated); err != nil {
			return err
		}
	}
	c.key[0] = c.sorter.rank[r.kind]
	first := r.pid
	if !t.owned() {
		first = r.rid
	}
	copy(c.key[keyFirst:], first[:])
	copy(c.key[keySecond:], r.rid[:])
	return c.arena.Add(&c.key, r.body)
}

// merge gives all Records of the collectors in order, by key and body.
func (s *Sorter) merge(ctx context.Context, collectors []*Collector, fn func(*spill.Key, []byte) error) error {
	var arenas []*spill.Arena
	for _, c := range collectors {
		arenas = append(arenas, c.arena)
	}
	return s.pool.Merge(ctx, arenas, fn)
}
