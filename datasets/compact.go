package datasets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/parquet-go/parquet-go"

	"farr/datasets/internal/deid"
	"farr/internal/progress"
)

// recipeCompacted says in an extract's recipe that its increments were made one.
const recipeCompacted = "compacted"

// CompactRequest is which extract to compact.
type CompactRequest struct {
	Extract  *Snapshot
	Policy   string // folder of the policy that the extract was made by; the one that comes with farr when empty
	Key      *Key   // of the extract
	Hold     bool   // leave the current extract as it is
	Progress progress.Func
}

// CompactReport says what was made of an extract and its increments.
type CompactReport struct {
	Snapshot   string `json:"snapshot"`   // that holds all; the extract itself where it has no increments
	Of         string `json:"of"`         // the extract
	Skipped    bool   `json:"skipped"`    // there was nothing to do, or it was done before
	Increments int    `json:"increments"` // that are one with the full load now
	Dead       int64  `json:"dead"`       // rows that are no more
	Rewritten  int64  `json:"rewritten"`  // rows in objects that were written anew
}

// Compact makes a full load's objects of an extract with increments: the same rows in the order in which a full load writes them,
// none of which is dead. It is in force where the extract was. Persons, dates and seals stay as they are: no key is needed to
// read them.
func Compact(ctx context.Context, s *Store, req CompactRequest) (*CompactReport, error) {
	report, err := compact(ctx, s, req)
	if err != nil {
		return nil, fmt.Errorf("compact: %w", err)
	}
	return report, nil
}

func compact(ctx context.Context, s *Store, req CompactRequest) (*CompactReport, error) {
	if err := s.CheckPrivate(); err != nil {
		return nil, err
	}
	old := req.Extract.manifest
	report := &CompactReport{Snapshot: req.Extract.id, Of: req.Extract.id, Increments: req.Extract.Increments()}
	if old.Kind != "extract" {
		return nil, &Error{Code: CodeBadManifest, Subject: "snapshot " + req.Extract.id, Detail: "it is of kind " + old.Kind + ", not an extract"}
	}
	if report.Increments == 0 {
		report.Skipped = true
		return report, nil
	}
	if req.Key == nil || req.Key.ID() != req.Extract.keyID() {
		return nil, errors.New("the key is not that of the extract")
	}
	policy, err := OpenPolicy(req.Policy)
	if err != nil {
		return nil, err
	}
	if old.Recipe["policy"] != policy.tables.Hash() {
		return nil, errors.New("the extract was made by another policy: name its folder")
	}
	profile, _ := old.Recipe[RecipeProfile].(string)
	plan, err := deid.Compile(policy.tables, deid.Profile(profile))
	if err != nil {
		return nil, err
	}
	if err := s.SignLog(req.Key); err != nil {
		return nil, err
	}
	m := Manifest{Kind: old.Kind, Recipe: maps.Clone(old.Recipe), Facts: maps.Clone(old.Facts), Log: map[string]any{"compacted": req.Extract.id}}
	m.Recipe[recipeCompacted] = true
	for _, in := range old.Inputs {
		if in.Kind != inputBase {
			m.Inputs = append(m.Inputs, in)
		}
	}
	m.Inputs = append(m.Inputs, Input{Kind: inputBase, ID: req.Extract.id})
	if m.Key, err = KeyOf(m.Kind, m.Recipe, m.Inputs); err != nil {
		return nil, err
	}
	for _, t := range old.Tables {
		report.Dead += t.Dead
	}
	done, err := s.ByKey(m.Key)
	if err != nil {
		return nil, err
	}
	if done != nil {
		if err = done.Check(ctx); err != nil && !IsIntegrity(err) {
			return nil, err
		} else if err != nil {
			done = nil // damaged: made again
		}
	}
	if report.Skipped = done != nil; done == nil {
		c := &compaction{objectFiles: newObjectFiles(s), extract: req.Extract, key: req.Key, plan: plan, progress: req.Progress, report: report}
		defer c.close()
		if done, err = c.publish(ctx, m); err != nil {
			return nil, err
		}
	}
	if report.Snapshot = done.id; req.Hold {
		return report, nil
	}
	return report, s.point(ctx, "extract", done.id, func(now string) bool { return now == req.Extract.id }) // where the extract was
}

// Increments is how many loads an extract has on top of its full load.
func (sn *Snapshot) Increments() (n int) {
	for _, t := range sn.manifest.Tables {
		for _, o := range t.files() {
			n = max(n, o.Sequence)
		}
	}
	return n
}

// compaction is one run of Compact.
type compaction struct {
	*objectFiles
	extract  *Snapshot
	key      *Key
	plan     *deid.Plan
	progress progress.Func
	report   *CompactReport
}

func (c *compaction) publish(ctx context.Context, m Manifest) (*Snapshot, error) {
	s := c.extract.store
	staging, err := s.Begin(ctx, "extract")
	if err != nil {
		return nil, err
	}
	defer staging.Close()
	staging.guard = func() error { // the extract may have been retired meanwhile, or its key
		if err := s.finishPendingLocked(); err != nil {
			return err
		}
		if err := s.takeKey(c.key); err != nil {
			return err
		}
		_, err := s.Open(c.extract.id)
		return err
	}
	w := staging.tables(fmt.Sprint(m.Recipe["policy"]), fmt.Sprint(m.Recipe[RecipeProfile]), "compact", c.progress)
	defer w.Abort()
	c.progress.Report("compact", 0, 0)
	anew := map[string]bool{}
	for _, t := range c.plan.Elements() {
		if !slices.ContainsFunc(t.Tables, func(table *deid.Table) bool { return c.inLayers(table.Name) }) {
			continue
		}
		var names []string
		for _, table := range t.Tables {
			names, anew[table.Name] = append(names, table.Name), true
		}
		// What stays is hashed when the snapshot is published: of what was read of a damaged object nothing is left.
		if err := c.extract.Check(ctx, names...); err != nil {
			return nil, err
		}
		layers, err := c.layers(names)
		if err != nil {
			return nil, err
		}
		if err := c.plan.Merge(ctx, t.Type, layers, w); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	c.report.Rewritten = w.rows
	for _, t := range c.extract.manifest.Tables {
		next := Table{Name: t.Name, Columns: t.Columns}
		if !anew[t.Name] {
			for _, o := range t.Objects {
				o.Sequence = 0
				next.Objects = append(next.Objects, o)
			}
		}
		m.Tables = append(m.Tables, next)
	}
	return staging.Publish(ctx, m)
}

// inLayers says whether several loads hold rows of a table, or some of its rows are dead.
func (c *compaction) inLayers(name string) bool {
	t, _ := c.extract.Table(name)
	return len(t.Tombstones) > 0 || slices.ContainsFunc(t.Objects, func(o Object) bool { return o.Sequence != t.Objects[0].Sequence })
}

// layers are those of the tables of one type, by load.
func (c *compaction) layers(tables []string) (all []deid.Layer, err error) {
	for sequence := range c.report.Increments + 1 {
		l := deid.Layer{Files: func(table string) (files []*parquet.File, err error) {
			t, _ := c.extract.Table(table)
			for _, o := range t.Objects {
				if o.Sequence != sequence {
					continue
				}
				file, err := c.open(o)
				if err != nil {
					return nil, err
				}
				files = append(files, file)
			}
			return files, nil
		}}
		// The tables of a type share their tombstones.
		main, _ := c.extract.Table(tables[0])
		if l.Dead, err = c.deadIn(main, Object{Sequence: sequence}); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}
