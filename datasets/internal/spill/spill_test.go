package spill

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// The oracle is a sort in memory, for runs below and above the fan-in, records
// longer than a read buffer and an arena, and several arenas.
func TestMergeAgainstSort(t *testing.T) {
	for _, c := range []struct{ records, arenaBytes, arenas, longest int }{
		{0, 1 << 10, 1, 10}, {1, 1 << 10, 1, 10}, {1000, 1 << 20, 1, 100}, {1000, 1 << 10, 3, 100},
		{3000, 1 << 10, 2, 60}, {20_000, 1 << 9, 2, 40}, {300, 1 << 10, 2, 200_000},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(c.records)))
			dir := t.TempDir()
			pool := NewPool(dir, c.arenaBytes)
			var arenas []*Arena
			for range c.arenas {
				arenas = append(arenas, pool.Arena())
			}
			var want [][]byte
			for i := range c.records {
				var key Key
				key[0] = byte(random.IntN(3))
				key[9] = byte(random.IntN(4)) // behind the prefix
				if random.IntN(2) == 0 {
					binary.BigEndian.PutUint64(key[KeyBytes-8:], uint64(i))
				}
				body := binary.BigEndian.AppendUint32(nil, uint32(i))
				body = append(body, bytes.Repeat([]byte{byte(i)}, random.IntN(c.longest))...)
				arena := arenas[random.IntN(c.arenas)]
				for range 1 + random.IntN(3) { // several of one key in a row
					want = append(want, append(key[:], body...))
					if err := arena.Add(&key, body); err != nil {
						t.Fatal(err)
					}
				}
			}
			slices.SortFunc(want, bytes.Compare)
			collect := func(into *[][]byte) func(*Key, []byte) error {
				return func(key *Key, body []byte) error {
					*into = append(*into, append(key[:], body...))
					return nil
				}
			}
			var scanned, merged [][]byte
			if err := pool.Scan(context.Background(), arenas, collect(&scanned)); err != nil {
				t.Fatal(err)
			}
			if err := pool.Merge(context.Background(), arenas, collect(&merged)); err != nil {
				t.Fatal(err)
			}
			if !slices.IsSortedFunc(merged, func(a, b []byte) int { return bytes.Compare(a[:KeyBytes], b[:KeyBytes]) }) {
				t.Error("keys are not in order")
			}
			for name, got := range map[string][][]byte{"scan": scanned, "merge": merged} {
				slices.SortFunc(got, bytes.Compare)
				if !slices.EqualFunc(got, want, bytes.Equal) {
					t.Errorf("%s gives %d records that are not the %d added", name, len(got), len(want))
				}
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%d files left", len(left))
			}
		})
	}
}

func TestMergeStops(t *testing.T) {
	pool := NewPool(t.TempDir(), 1<<10)
	a := pool.Arena()
	for i := range 100 {
		if err := a.Add(&Key{1: byte(i)}, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	full := fmt.Errorf("disk full")
	if err := pool.Merge(context.Background(), []*Arena{a}, func(*Key, []byte) error { return full }); err == nil {
		t.Error("an error of the receiver is lost")
	}
	if err := NewPool("/nowhere", 1<<10).Arena().Flush(); err != nil {
		t.Errorf("an empty arena has nothing to write: %v", err)
	}
	b := NewPool("/nowhere", 1<<10).Arena()
	_ = b.Add(&Key{}, nil)
	if err := b.Flush(); err == nil {
		t.Error("a folder that is not there takes a run")
	}
}
