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
				binary.BigEndian.PutUint64(key[KeyBytes-8:], uint64(i))
				body := bytes.Repeat([]byte{byte(i)}, random.IntN(c.longest))
				want = append(want, append(key[:], body...))
				if err := arenas[random.IntN(c.arenas)].Add(&key, body); err != nil {
					t.Fatal(err)
				}
			}
			slices.SortFunc(want, bytes.Compare)
			n := 0
			err := pool.Merge(context.Background(), arenas, func(key *Key, body []byte) error {
				if !bytes.Equal(append(key[:], body...), want[n]) {
					return fmt.Errorf("record %d is another", n)
				}
				n++
				return nil
			})
			if err != nil || n != len(want) {
				t.Errorf("%d of %d records: %v", n, len(want), err)
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
