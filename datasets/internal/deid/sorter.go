package deid

import (
	"context"
	"encoding/binary"

	"farr/datasets/internal/spill"
)

// Sorter brings Records into the order in which they are written, through sorted
// runs in a private folder when they are many.
//
// The order is (rank of the type, pid), or rid where no patient owns the row: what one patient has of
// a type stands together. Patients come last, since their rows need what the others say.
//
// A resource that moved from one patient to another has versions that do not stand
// together. It is found by the pairs of rid and pid, before anything is written.
type Sorter struct {
	plan  *Plan
	pool  *spill.Pool
	owner *spill.Pairs // the first 8 bytes of rid and pid
	rank  []byte       // of a kind
	kind  []int        // of a rank
	ids   [][]ID       // of a kind: resources that were added; nil unless asked for
}

// NewSorter makes a sorter whose runs lie in dir.
func NewSorter(plan *Plan, dir string, arenaBytes int) *Sorter {
	s := &Sorter{plan: plan, pool: spill.NewPool(dir, arenaBytes), owner: spill.NewPairs(dir), rank: make([]byte, len(plan.types))}
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

// Rest lets go of the memory of a collector that takes nothing more.
func (c *Collector) Rest() error { return c.arena.Rest() }

// A key is the rank and an ID.
const (
	keyID = 1
	_     = uint(keyID + len(ID{}) - spill.KeyBytes)
)

// Add takes a Record, which may be reused afterwards.
func (c *Collector) Add(r Record) error {
	t := c.sorter.plan.types[r.kind]
	c.key[0] = c.sorter.rank[r.kind]
	first := &r.pid
	if !t.owned() {
		first = &r.rid
	}
	copy(c.key[keyID:], first[:])
	if t.owned() && t.owner != "id" {
		if err := c.sorter.owner.Add(r.rid.head(), r.pid.head()); err != nil {
			return err
		}
	}
	if s := c.sorter; s.ids != nil && t.owner != "id" {
		s.ids[r.kind] = append(s.ids[r.kind], r.rid)
	}
	return c.arena.Add(&c.key, r.body)
}

// head is the first 8 bytes of an ID.
func (id *ID) head() uint64 { return binary.BigEndian.Uint64(id[:]) }

// merge gives all Records of the collectors in order: type, pid or rid, and body.
func (s *Sorter) merge(ctx context.Context, collectors []*Collector, fn func(t *typePlan, first ID, body []byte) error) error {
	return s.pool.Merge(ctx, arenas(collectors), s.each(fn))
}

// several gives the Records of resources that may have been seen under several patients, in no order. It
// reads all Records again, but only where there is such a resource.
func (s *Sorter) several(ctx context.Context, collectors []*Collector, fn func(t *typePlan, pid ID, body []byte) error) error {
	heads := map[uint64]bool{}
	if err := s.owner.Several(func(first uint64) { heads[first] = true }); err != nil || len(heads) == 0 {
		return err
	}
	return s.pool.Scan(ctx, arenas(collectors), s.each(func(t *typePlan, pid ID, body []byte) error {
		if rid := ID(body); !t.owned() || !heads[rid.head()] {
			return nil
		}
		return fn(t, pid, body)
	}))
}

// again gives every Record, in no order, and takes others in place of some: those that fn adds, under another patient. The Records
// themselves stay, so merge passes over those that others are in place of.
func (s *Sorter) again(ctx context.Context, collectors []*Collector, fn func(t *typePlan, pid ID, body []byte, add func(ID, []byte) error) error) error {
	more := s.pool.Beside()
	arena := more.Arena()
	var key spill.Key
	err := s.pool.Scan(ctx, arenas(collectors), s.each(func(t *typePlan, pid ID, body []byte) error {
		return fn(t, pid, body, func(to ID, body []byte) error {
			key[0] = s.rank[t.kind]
			copy(key[keyID:], to[:])
			return arena.Add(&key, body)
		})
	}))
	if err != nil {
		return err
	}
	if err := arena.Rest(); err != nil {
		return err
	}
	s.pool.Take(more)
	return nil
}

// each reads what Add put into a key.
func (s *Sorter) each(fn func(t *typePlan, first ID, body []byte) error) func(*spill.Key, []byte) error {
	return func(key *spill.Key, body []byte) error {
		return fn(s.plan.types[s.kind[key[0]]], ID(key[keyID:]), body)
	}
}

func arenas(collectors []*Collector) (all []*spill.Arena) {
	for _, c := range collectors {
		all = append(all, c.arena)
	}
	return all
}
