package measures

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"farr/internal/progress"
)

// Merged of any number of shards, one of them cut off and run again, the results are the snapshot of one run, byte by byte. Two shards
// here; FARR_SHARDS=all takes 1, 2, 3, 7 and 16.
func TestShards(t *testing.T) {
	export, key := newExport(t)
	few := func(r *Request) {
		r.Measures, r.Cohorts = []string{"blood-pressure-control", "readmission-30-day"}, []string{}
	}
	defer func(n int64) { partPersons = n }(partPersons)
	type parts struct {
		persons int64 // of a part
		shards  []int
	}
	some := []parts{{100, []int{2}}}
	if os.Getenv("FARR_SHARDS") == "all" {
		some = []parts{{partPersons, []int{1, 2, 3, 7, 16}}, {30, []int{1, 2, 3, 7, 16}}}
	}
	for _, c := range some {
		partPersons = c.persons
		want, _ := newStudy(t, export, key, "shifted").run(t, few)
		for _, n := range c.shards {
			t.Run(fmt.Sprintf("%d shards, parts of %d", n, c.persons), func(t *testing.T) {
				s := newStudy(t, export, key, "shifted")
				r := s.request(t)
				few(&r)
				s.sharded(t, r, n, want)
			})
		}
	}
}

// sharded computes all shards and merges them.
func (s study) sharded(t *testing.T, r Request, n int, want *RunReport) {
	t.Helper()
	var subjects int64
	for i := n; i > 0; i-- {
		if i == (n+1)/2 {
			s.cutOff(t, r, Shard{i, n})
		}
		report, err := RunShard(t.Context(), s.store, r, Shard{i, n})
		if err != nil {
			t.Fatal(err)
		}
		if report.Skipped {
			t.Errorf("shard %d was there", i)
		}
		subjects += report.Subjects
	}
	if again, err := RunShard(t.Context(), s.store, r, Shard{1, n}); err != nil || !again.Skipped {
		t.Errorf("a shard that is there: %+v, %v", again, err)
	}
	got, err := Merge(t.Context(), s.store, r, n)
	if err != nil {
		t.Fatal(err)
	}
	if got.Snapshot != want.Snapshot || got.Skipped {
		t.Errorf("merged results are %.12s and those of one run %.12s", got.Snapshot, want.Snapshot)
	}
	if subjects < 100 || subjects != got.Subjects {
		t.Errorf("%d subjects in shards, of %d", subjects, got.Subjects)
	}
	if report, err := s.store.Verify(t.Context()); err != nil || report.Err() != nil {
		t.Errorf("%v, %v", report.Problems, err)
	}
}

// cutOff ends a shard in its work, and then wants the merge to say that it is missing.
func (s study) cutOff(t *testing.T, r Request, shard Shard) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.Progress = progress.Func(func(_ string, done, _ int64) {
		if done > 0 {
			cancel()
		}
	})
	if _, err := RunShard(ctx, s.store, r, shard); !errors.Is(err, context.Canceled) {
		t.Errorf("a shard that was cut off: %v", err)
	}
	r.Progress = nil
	_, err := Merge(t.Context(), s.store, r, shard.Of)
	var missing *MissingShardsError
	if !errors.As(err, &missing) || !slices.Contains(missing.Missing, shard) {
		t.Errorf("merge without shard %s: %v", shard, err)
	}
}

func TestParseShard(t *testing.T) {
	if s, err := ParseShard("2/7"); err != nil || s != (Shard{2, 7}) {
		t.Errorf("%v, %v", s, err)
	}
	for _, bad := range []string{"", "2", "0/7", "8/7", "1/65", "-1/2", "a/b", "1/0", "1/2/3"} {
		if s, err := ParseShard(bad); err == nil {
			t.Errorf("%q is %v", bad, s)
		}
	}
	for n := 1; n <= 64; n++ {
		next := 0
		for i := range n {
			p := Shard{i + 1, n}.part()
			if p.low != next || p.high < p.low {
				t.Fatalf("shard %d/%d is %v", i+1, n, p)
			}
			next = p.high + 1
		}
		if next != 64 {
			t.Errorf("%d shards end before bucket %d", n, next)
		}
	}
}
