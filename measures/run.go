package measures

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"farr/datasets"
	"farr/internal/duck"
	"farr/internal/progress"
)

// KindResults is the kind of the snapshots made here, and the name of the pointer to
// the newest.
const KindResults = "results"

// Request is what to compute, on what.
type Request struct {
	Extract *datasets.Snapshot
	Key     *datasets.Key // opens the extract's dates; may be nil for profile limited
	Library *Library

	Measures []string // IDs; empty for all of the library
	Cohorts  []string // the same
	Periods  []Period

	MemoryLimit int64 // bytes for the engine's buffers; 0 is half of what the process may use
	Threads     int   // 0 is one for each processor
	Progress    progress.Func
}

// RunReport says what a run did.
type RunReport struct {
	Snapshot   string   `json:"snapshot"`
	Skipped    bool     `json:"skipped"` // the same question had been answered
	Extract    string   `json:"extract"`
	AsOf       string   `json:"as_of"` // day
	Measures   []string `json:"measures"`
	Cohorts    []string `json:"cohorts"`
	Periods    int      `json:"periods"`
	Subjects   int64    `json:"subjects"`   // rows, one a subject, measure and period
	Aggregates int64    `json:"aggregates"` // rows
	Members    int64    `json:"members"`    // persons with a cohort's entry event
}

// Run computes the measures and cohorts for all periods and publishes the results as
// a snapshot, which becomes the current one. When the same definitions were computed
// on the same extract for the same periods before, nothing is computed.
func Run(ctx context.Context, s *datasets.Store, r Request) (*RunReport, error) {
	p, err := newPlan(r)
	if err != nil {
		return nil, fmt.Errorf("measure run: %w", err)
	}
	done, err := s.ByKey(p.key)
	if err != nil {
		return nil, fmt.Errorf("measure run: %w", err)
	}
	skipped := done != nil
	if !skipped {
		if done, err = p.compute(ctx, s); err != nil {
			return nil, fmt.Errorf("measure run: %w", err)
		}
	}
	if err := s.SetCurrent(KindResults, done.ID()); err != nil {
		return nil, fmt.Errorf("measure run: %w", err)
	}
	return p.report(done, skipped), nil
}

// plan is a request with everything looked up and its key known.
type plan struct {
	Request
	measures []Definition
	cohorts  []Definition
	asOf     time.Time
	study    window
	recipe   map[string]any
	inputs   []datasets.Input
	key      string
}

func newPlan(r Request) (*plan, error) {
	p := &plan{Request: r}
	var errs [3]error
	p.measures, errs[0] = r.Library.pick(KindMeasure, r.Measures)
	p.cohorts, errs[1] = r.Library.pick(KindCohort, r.Cohorts)
	if len(r.Periods) == 0 {
		errs[2] = errors.New("no periods")
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	asOf, _ := r.Extract.Manifest().Facts[factAsOf].(string)
	var err error
	if p.asOf, err = time.Parse(time.DateOnly, asOf); err != nil {
		return nil, fmt.Errorf("snapshot %.12s says no last day that its data know", r.Extract.ID())
	}
	p.study = studyWindow(r.Periods)
	return p, p.ask()
}

// The names in manifests that are read here: in an extract's Facts and in our own.
const (
	factAsOf       = "as_of"
	factStudyLow   = "study_low"
	factStudyHigh  = "study_high"
	recipeEngine   = "engine"
	recipePeriods  = "periods"
	recipeMeasures = "measures"
	recipeCohorts  = "cohorts"
)

// studyWindow is where cohorts look for entries: the span of the disjoint periods, or of all where there is none.
func studyWindow(periods []Period) window {
	var w window
	for _, family := range []string{FamilyDisjoint, FamilyRolling} {
		for _, p := range periods {
			if p.Family != family {
				continue
			}
			if w.low.IsZero() || p.Low.Before(w.low) {
				w.low = p.Low
			}
			if p.High.After(w.high) {
				w.high = p.High
			}
		}
		if !w.low.IsZero() {
			break
		}
	}
	return w
}

// ask writes down the question and its key.
func (p *plan) ask() error {
	library := sha256.New()
	hashes := func(list []Definition) map[string]any {
		m := map[string]any{}
		for _, d := range list {
			m[d.ID] = d.Hash
			fmt.Fprintln(library, d.Kind, d.ID, d.Hash)
		}
		return m
	}
	var ids []any
	for _, q := range p.Periods {
		ids = append(ids, q.ID)
	}
	p.recipe = map[string]any{
		recipeEngine: engineVersion, recipePeriods: ids, recipeMeasures: hashes(p.measures), recipeCohorts: hashes(p.cohorts),
	}
	p.inputs = []datasets.Input{
		{Kind: "snapshot", ID: p.Extract.ID()},
		{Kind: "library", ID: hex.EncodeToString(library.Sum(nil))},
	}
	var err error
	p.key, err = datasets.KeyOf(KindResults, p.recipe, p.inputs)
	return err
}

// compute makes the snapshot.
func (p *plan) compute(ctx context.Context, s *datasets.Store) (*datasets.Snapshot, error) {
	staging, err := s.Begin(KindResults)
	if err != nil {
		return nil, err
	}
	defer staging.Close()
	db, err := duck.Open(ctx, duck.Config{
		TempDir: staging.Dir(), MemoryLimit: p.MemoryLimit, Threads: p.Threads, AllowedDirs: []string{p.Extract.Store().ObjectsDir()},
	})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	steps := int64(len(p.measures) + len(p.cohorts) + 1)
	p.Progress.Report("measure", 0, steps)
	if err := datasets.Attach(ctx, db, p.Extract, p.Key); err != nil {
		return nil, err
	}
	definitions := slices.Concat(p.measures, p.cohorts)
	e, err := prepare(ctx, db, definitions, p.Periods, p.asOf)
	if err != nil {
		return nil, err
	}
	out := newOutput(staging)
	for i, d := range p.measures {
		p.Progress.Report("measure", int64(i)+1, steps)
		if err := p.measure(ctx, e, d, out); err != nil {
			return nil, err
		}
	}
	for i, d := range p.cohorts {
		p.Progress.Report("measure", int64(len(p.measures)+i)+1, steps)
		if err := p.cohort(ctx, e, d, out); err != nil {
			return nil, err
		}
	}
	if err := out.add(tableDefinition, rows(definitions)); err != nil {
		return nil, err
	}
	tables, err := out.close()
	if err != nil {
		return nil, err
	}
	p.Progress.Report("measure", steps, steps)
	return staging.Publish(ctx, datasets.Manifest{
		Kind: KindResults, Key: p.key, Recipe: p.recipe, Inputs: p.inputs, Tables: tables,
		Facts: map[string]any{factAsOf: day(p.asOf), factStudyLow: day(p.study.low), factStudyHigh: day(p.study.high)},
	})
}

func (p *plan) measure(ctx context.Context, e *engine, d Definition, out *output) error {
	if err := e.evaluate(ctx, d); err != nil {
		return err
	}
	subjects, err := e.db.QueryArrow(ctx, d.ID+" results", `SELECT '`+d.ID+`' AS measure, period::VARCHAR AS period, pid, episode, true AS initial_population,
		denominator, denominator_exclusion, numerator, numerator_value, denominator_value, site, sex, age, race, ethnicity, payer
		FROM run.subject s ORDER BY s.period, pid, episode`)
	if err != nil {
		return err
	}
	// One object a measure: that of an unchanged measure is the same file in every snapshot.
	if err := out.stream(tableSubject, subjects); err != nil {
		return err
	}
	margins, err := e.margins(ctx, d)
	if err != nil {
		return err
	}
	return out.add(tableAggregate, rows(margins))
}

func (p *plan) cohort(ctx context.Context, e *engine, d Definition, out *output) error {
	attrition, incidence, err := e.cohort(ctx, d, p.study)
	if err != nil {
		return err
	}
	if err := p.members(ctx, e, d, out); err != nil {
		return err
	}
	return errors.Join(out.add(tableAttrition, rows(attrition)), out.add(tableIncidence, rows(incidence)))
}

func (p *plan) report(sn *datasets.Snapshot, skipped bool) *RunReport {
	count := func(name string) int64 {
		t, _ := sn.Table(name)
		return t.Rows()
	}
	names := func(list []Definition) []string {
		ids := []string{}
		for _, d := range list {
			ids = append(ids, d.ID)
		}
		return ids
	}
	return &RunReport{
		Snapshot: sn.ID(), Skipped: skipped, Extract: p.Extract.ID(), AsOf: day(p.asOf),
		Measures: names(p.measures), Cohorts: names(p.cohorts), Periods: len(p.Periods),
		Subjects: count(tableSubject), Aggregates: count(tableAggregate), Members: count(tableMember),
	}
}
