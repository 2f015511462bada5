package scale

import (
	"context"
	"errors"
	"fmt"

	"farr/datasets"
	"farr/datasets/internal/deid"
	"farr/internal/duck"
	"farr/internal/progress"
)

// Request is what to make of which extract.
type Request struct {
	From     *datasets.Snapshot // an extract
	To       *datasets.Store    // may be the store of From
	Key      *datasets.Key      // the one that From was made with
	Patients int64              // how many to make
	Seed     uint64
	Changes  Changes
	// Move is by how many whole days, beside what is drawn, the dates of a patient of From move; its keys are pids. So patients
	// whose records are of several years can be brought into one.
	Move map[string]int64
	// Heavy is how many observations more one patient gets, copies of the patient's own that are moved on their
	// own; 0 for none.
	Heavy int64
	// MemoryLimit bounds DuckDB's buffers in bytes; 0 is 2 GB.
	MemoryLimit int64
	Progress    progress.Func
}

// Changes says how replicas differ from who they are made of. Zero is: in their ids alone.
type Changes struct {
	Days          int `json:"days"`            // a patient's dates move by -Days to Days
	StayPercent   int `json:"stay_percent"`    // patients whose dates do not
	DropPerMille  int `json:"drop_per_mille"`  // resources that are left out
	EmptyPerMille int `json:"empty_per_mille"` // numbers and ends of periods that are left out
	AlterPerMille int `json:"alter_per_mille"` // numbers that are altered
	AlterPercent  int `json:"alter_percent"`   // by at most this part of the number
}

// DefaultChanges leave few replicas equal but for their ids. Half of the patients stay on their days: test cases of
// measures lie on the edges of periods and ages, often on two edges at once, and nearly all who move leave the
// populations that their measure is about, so that it would have little to do.
func DefaultChanges() Changes {
	return Changes{Days: 30, StayPercent: 50, DropPerMille: 10, EmptyPerMille: 10, AlterPerMille: 250, AlterPercent: 10}
}

// heavyDays is how far the heavy patient's further observations move on top of that, either way.
const heavyDays = 180

// Report says what was made.
type Report struct {
	Snapshot string           `json:"snapshot"`
	Patients int64            `json:"patients"`
	Replicas int64            `json:"replicas"` // of a patient, at most
	Rows     map[string]int64 `json:"rows"`     // by table
	Bytes    int64            `json:"bytes"`
}

// Replicate makes the extract and the store's current one of it.
func Replicate(ctx context.Context, r Request) (*Report, error) {
	p, err := newPress(r)
	if err != nil {
		return nil, fmt.Errorf("replicate: %w", err)
	}
	defer p.close()
	for _, stage := range []func(context.Context) error{p.open, p.load, p.people, p.print, p.copyShared, p.publish} {
		if err := stage(ctx); err != nil {
			return nil, fmt.Errorf("replicate: %w", err)
		}
	}
	return p.report, nil
}

// press is one run of Replicate.
type press struct {
	Request
	zone      *deid.Zone
	plan      *deid.Plan
	sheets    []*sheet
	originals int64 // patients of From
	shifted   bool
	staging   *datasets.Staging
	db        *duck.Session
	report    *Report
}

func newPress(r Request) (*press, error) {
	if r.Patients < 1 {
		return nil, errors.New("a number of patients is needed")
	}
	if c := r.Changes; min(c.Days, c.StayPercent, c.DropPerMille, c.EmptyPerMille, c.AlterPerMille, c.AlterPercent) < 0 || c.StayPercent > 100 || c.DropPerMille > 500 {
		return nil, errors.New("the changes are shares, and at most half of the resources may be left out")
	}
	if r.MemoryLimit <= 0 {
		r.MemoryLimit = 2 << 30
	}
	m := r.From.Manifest()
	if m.Kind != "extract" {
		return nil, fmt.Errorf("snapshot %.12s is of kind %s, not an extract", r.From.ID(), m.Kind)
	}
	recipe := func(name string) string {
		text, _ := m.Recipe[name].(string)
		return text
	}
	if r.Key == nil || r.Key.ID() != recipe(datasets.RecipeKey) {
		return nil, fmt.Errorf("snapshot %.12s was made with key %s, which is needed", r.From.ID(), recipe(datasets.RecipeKey))
	}
	policy, err := deid.LoadPolicy()
	if err != nil {
		return nil, err
	}
	profile := deid.Profile(recipe(datasets.RecipeProfile))
	p := &press{Request: r, shifted: profile == deid.Shifted, report: &Report{Patients: r.Patients, Rows: map[string]int64{}}}
	if p.plan, err = deid.Compile(policy, profile); err != nil {
		return nil, err
	}
	if names := r.From.SourceNames(); len(names) > 1 {
		return nil, fmt.Errorf("snapshot %.12s is of %d sources: one is printed at a time", r.From.ID(), len(names))
	}
	if p.zone, err = deid.LoadZone(recipe(datasets.RecipeZone)); err != nil {
		return nil, err
	}
	p.sheets = sheetsOf(p.plan, m.Tables)
	return p, nil
}

// open makes the folder of the new snapshot and a session that reads the old one.
func (p *press) open(ctx context.Context) (err error) {
	if p.staging, err = p.To.Begin(ctx, "extract"); err != nil {
		return err
	}
	p.db, err = duck.Open(ctx, duck.Config{
		TempDir: p.staging.Dir(), MemoryLimit: p.MemoryLimit, AllowedDirs: []string{p.From.Store().ObjectsDir()},
	})
	if err != nil {
		return err
	}
	return datasets.AttachTables(ctx, p.db, p.From, "rest")
}

func (p *press) close() {
	if p.db != nil {
		p.db.Close()
	}
	if p.staging != nil {
		p.staging.Close()
	}
}
