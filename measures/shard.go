package measures

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"farr/datasets"
	"farr/internal/duck"
)

// KindShard is the kind of the snapshots that RunShard makes: subjects and care gaps of some buckets of persons.
const KindShard = "results_shard"

// Shard is one of several parts of the persons of an extract, by ranges of buckets of their pids.
type Shard struct{ Index, Of int } // from 1

// ParseShard reads 2/7: the second of seven.
func ParseShard(text string) (Shard, error) {
	index, of, ok := strings.Cut(text, "/")
	i, err1 := strconv.Atoi(index)
	n, err2 := strconv.Atoi(of)
	s := Shard{i, n}
	if !ok || err1 != nil || err2 != nil {
		return s, fmt.Errorf("shard %q: write 2/7, the second of seven", text)
	}
	return s, s.check()
}

func (s Shard) check() error {
	if s.Of < 1 || s.Of > datasets.Buckets || s.Index < 1 || s.Index > s.Of {
		return fmt.Errorf("shard %d/%d: there are 1 to %d, and each is one of them", s.Index, s.Of, datasets.Buckets)
	}
	return nil
}

// part is the shard's range of buckets. All shards of a number have all buckets, each once.
func (s Shard) part() part {
	return part{datasets.Buckets * (s.Index - 1) / s.Of, datasets.Buckets*s.Index/s.Of - 1}
}

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

// MissingShardsError says which shards have not been made.
type MissingShardsError struct {
	Missing []Shard
}

func (e *MissingShardsError) Error() string {
	names := make([]string, len(e.Missing))
	for i, s := range e.Missing {
		names[i] = s.String()
	}
	return "shards are missing: " + strings.Join(names, ", ") + "; make them of the same extract, definitions and periods, then merge again"
}

// NotReady tells that trying again later may do.
func (e *MissingShardsError) NotReady() bool { return true }

// ShardReport says what RunShard did.
type ShardReport struct {
	Snapshot string `json:"snapshot"`
	Skipped  bool   `json:"skipped"` // it was made already
	Extract  string `json:"extract"`
	Shard    string `json:"shard"`
	Low      int    `json:"low_bucket"` // of pids, both among them
	High     int    `json:"high_bucket"`
	Subjects int64  `json:"subjects"` // rows
}

// RunShard computes the measures in SQL that tell of each person apart (per_person) of one shard, and publishes their subjects
// as a snapshot that no pointer names. Merge puts all shards together. Shards know nothing of each other: they may run at any time, in any
// order, on machines that share the store; one that was cut off is run again.
func RunShard(ctx context.Context, s *datasets.Store, r Request, shard Shard) (*ShardReport, error) {
	report, err := runShard(ctx, s, r, shard)
	if err != nil {
		return nil, fmt.Errorf("measure run, shard %s: %w", shard, err)
	}
	return report, nil
}

func runShard(ctx context.Context, s *datasets.Store, r Request, shard Shard) (*ShardReport, error) {
	if err := shard.check(); err != nil {
		return nil, err
	}
	p, err := newPlan(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := s.SignLog(r.Key); err != nil {
		return nil, err
	}
	recipe, key, err := p.shardKey(shard)
	if err != nil {
		return nil, err
	}
	of := shard.part()
	report := &ShardReport{Extract: p.Extract.ID(), Shard: shard.String(), Low: of.low, High: of.high}
	made, err := s.ByKey(key)
	if err != nil {
		return nil, err
	}
	if report.Skipped = made != nil; !report.Skipped {
		if made, err = p.computeShard(ctx, s, of, recipe, key); err != nil {
			return nil, err
		}
	}
	subjects, _ := made.Table(tableSubject)
	report.Snapshot, report.Subjects = made.ID(), subjects.Rows()
	return report, nil
}

// shardKey is what the whole run is asked, and the buckets.
func (p *plan) shardKey(s Shard) (recipe map[string]any, key string, err error) {
	recipe = maps.Clone(p.recipe)
	of := s.part()
	recipe["low_bucket"], recipe["high_bucket"] = of.low, of.high
	key, err = datasets.KeyOf(KindShard, recipe, p.inputs)
	return recipe, key, err
}

func (p *plan) computeShard(ctx context.Context, s *datasets.Store, of part, recipe map[string]any, key string) (*datasets.Snapshot, error) {
	staging, err := s.Begin(ctx, KindShard)
	if err != nil {
		return nil, err
	}
	defer staging.Close()
	db, err := p.session(ctx, staging)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := datasets.Attach(ctx, db, p.Extract, p.Key); err != nil {
		return nil, err
	}
	e, err := prepare(ctx, db, nil, p.Periods, p.asOf)
	if err != nil {
		return nil, err
	}
	persons, err := p.buckets(ctx, db)
	if err != nil {
		return nil, err
	}
	out, apart := newOutput(staging), p.perPerson()
	for _, q := range partsOf(persons, partPersons) {
		q = part{max(q.low, of.low), min(q.high, of.high)}
		if q.low > q.high {
			continue
		}
		if err := p.shardOf(ctx, e, apart, q, out); err != nil {
			return nil, err
		}
	}
	tables, err := out.close()
	if err != nil {
		return nil, err
	}
	return staging.Publish(ctx, datasets.Manifest{Kind: KindShard, Key: key, Recipe: recipe, Inputs: p.inputs, Tables: tables})
}

// shardOf computes measures of some persons and keeps what a merge needs.
func (p *plan) shardOf(ctx context.Context, e *engine, list []Definition, of part, out *output) error {
	if err := datasets.Only(ctx, e.db, p.Extract, of.low, of.high); err != nil {
		return err
	}
	if err := e.again(ctx, list); err != nil {
		return err
	}
	for i, d := range list {
		p.Progress.Report("measure", int64(i), int64(len(list)))
		if err := e.evaluate(ctx, d); err != nil {
			return err
		}
		counted, err := e.counts(ctx, d)
		if err != nil {
			return err
		}
		w, err := out.object(tableSubject)
		if err != nil {
			return err
		}
		defer w.abort()
		if err := errors.Join(e.subjectRows(ctx, d, counted, w), w.close(), out.add(tableCareGap, rows(e.finishGaps(d, e.gaps)))); err != nil {
			return err
		}
	}
	return nil
}

// perPerson are the measures that shards compute.
func (p *plan) perPerson() []Definition {
	return slices.DeleteFunc(slices.Clone(p.measures), func(d Definition) bool { return !d.PerPerson })
}

func (p *plan) session(ctx context.Context, staging *datasets.Staging) (*duck.Session, error) {
	return duck.Open(ctx, duck.Config{
		TempDir: staging.Dir(), TempLimit: staging.Limit(), MemoryLimit: p.MemoryLimit, Threads: p.Threads, AllowedDirs: []string{p.Extract.Store().ObjectsDir()},
	})
}
