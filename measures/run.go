package measures

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	Package *datasets.Snapshot // of published measures; may be nil

	Measures []string // IDs, and names or URLs of published measures; nil for all of the library in SQL
	Cohorts  []string // IDs; nil for all of the library
	Periods  []Period

	// Closed are the last days of what sent its last record on purpose: of sites by label, and of several sources by name, with the sites that
	// are of no other. Records from then on are not missed. What the data do not bear out is in RunReport.ClosedDoubts.
	Closed map[string]time.Time

	// AllowMissingValueSets computes published measures also where the package lacks value
	// sets; what it lacks is taken as empty, and the results are marked as incomplete.
	AllowMissingValueSets bool

	// Profiles is how published measures tell of which profile a resource is; inferred when empty.
	Profiles Profiles

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
	// Issues are rows, one for each person, period and place where the person's data made a
	// define of a published measure fail. It is null for them, and they are counted so.
	Issues int64    `json:"issues"`
	Beyond []string `json:"beyond_data,omitempty"` // periods that end after the last day that the data know
	// PlanningSeconds is the time in which the engine parsed, bound and optimised the SQL of
	// published measures; 0 where the question had been answered.
	PlanningSeconds float64 `json:"planning_seconds"`
	// OtherPolicy is the SHA-256 of the tables of de-identification that the extract was made by, where measures or cohorts in CQL
	// were computed of it and the tables are not those that farr comes with: extensions that they leave out are null.
	OtherPolicy string `json:"other_policy,omitempty"`
	// Lacking are the value sets that published measures were computed without.
	Lacking []string `json:"lacking,omitempty"`
	// ClosedDoubts are the sites and sources that were said to be closed and are not taken so.
	ClosedDoubts []ClosedDoubt `json:"closed_doubts,omitempty"`
}

// Run computes the measures and cohorts for all periods and publishes the results as
// a snapshot, which becomes the current one. When the same definitions were computed
// on the same extract for the same periods before, nothing is computed.
func Run(ctx context.Context, s *datasets.Store, r Request) (*RunReport, error) {
	p, err := newPlan(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("measure run: %w", err)
	}
	return p.run(ctx, s)
}

// run answers the question, or finds its answer.
func (p *plan) run(ctx context.Context, s *datasets.Store) (*RunReport, error) {
	if err := s.SignLog(p.Key); err != nil {
		return nil, fmt.Errorf("measure run: %w", err)
	}
	done, err := s.ByKey(p.key)
	if err != nil {
		return nil, fmt.Errorf("measure run: %w", err)
	}
	skipped := done != nil
	var planning time.Duration
	if skipped {
		err = s.Log(ctx, datasets.Event{Kind: KindResults, Facts: map[string]any{"skipped": true, "snapshot": done.ID()}})
		if err != nil {
			return nil, fmt.Errorf("measure run: %w", err)
		}
	} else {
		if done, planning, err = p.compute(ctx, s); err != nil {
			return nil, fmt.Errorf("measure run: %w", err)
		}
	}
	if err := s.SetCurrent(ctx, KindResults, done.ID()); err != nil {
		return nil, fmt.Errorf("measure run: %w", err)
	}
	report := p.report(done, skipped)
	report.PlanningSeconds = planning.Seconds()
	return report, nil
}

// plan is a request with everything looked up and its key known.
type plan struct {
	Request
	measures  []Definition // of the library
	published []published
	cohorts   []Definition
	asOf      time.Time
	study     window
	recipe    map[string]any
	inputs    []datasets.Input
	key       string
	listen    *listener            // of assurance cases
	sitesOf   map[string][]string  // labels of the sites that are of one of several sources alone, by source
	doubts    []ClosedDoubt        // of what is closed
	shards    []*datasets.Snapshot // that hold the subjects of measures per person; none: they are computed
}

func newPlan(ctx context.Context, r Request) (*plan, error) {
	if err := r.Extract.NeedDays(); err != nil {
		return nil, err
	}
	p := &plan{Request: r}
	var errs [3]error
	errs[0] = p.choose(ctx)
	if r.Cohorts == nil || len(r.Cohorts) > 0 {
		p.cohorts, errs[1] = r.Library.pick(KindCohort, r.Cohorts)
	}
	if len(r.Periods) == 0 {
		errs[2] = errors.New("no periods")
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	var unresolved [2]error
	p.measures, unresolved[0] = ResolveLists(ctx, r.Package, p.measures)
	p.cohorts, unresolved[1] = ResolveLists(ctx, r.Package, p.cohorts)
	if err := errors.Join(unresolved[:]...); err != nil {
		return nil, err
	}
	asOf, _ := r.Extract.Manifest().Facts[factAsOf].(string)
	var err error
	if p.asOf, err = time.Parse(time.DateOnly, asOf); err != nil {
		return nil, fmt.Errorf("snapshot %.12s says no last day that its data know", r.Extract.ID())
	}
	p.study = studyWindow(r.Periods)
	if err := p.checkAreas(); err != nil {
		return nil, err
	}
	return p, p.ask()
}

// The names in manifests that are read here: in an extract's Facts and in our own.
const (
	factAsOf       = "as_of"
	factObservable = "observable"
	factStudyLow   = "study_low"
	factStudyHigh  = "study_high"
	recipeEngine   = "engine"
	recipePeriods  = "periods"
	recipeMeasures = "measures"
	recipeCohorts  = "cohorts"
	recipeClosed   = "closed"        // last days by site or source; absent where none is said
	recipeClosedBy = "closed_rules"  // by which version of our rules
	factDoubts     = "closed_doubts" // what of them is not taken so
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

// allMeasures are the definitions of the library's measures and the published ones.
func (p *plan) allMeasures() []Definition {
	all := slices.Clone(p.measures)
	for _, one := range p.published {
		all = append(all, one.definitions...)
	}
	return all
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
		recipeEngine: engineVersion, recipePeriods: ids, recipeMeasures: hashes(p.allMeasures()), recipeCohorts: hashes(p.cohorts),
	}
	if len(p.Closed) > 0 {
		closed := map[string]any{}
		for name, last := range p.Closed {
			closed[name] = day(last)
		}
		p.recipe[recipeClosed], p.recipe[recipeClosedBy] = closed, closedBy
	}
	p.inputs = []datasets.Input{
		{Kind: "snapshot", ID: p.Extract.ID()},
		{Kind: "library", ID: hex.EncodeToString(library.Sum(nil))},
	}
	if slices.ContainsFunc(slices.Concat(p.allMeasures(), p.cohorts), Definition.packaged) {
		p.inputs = append(p.inputs, datasets.Input{Kind: KindPackage, ID: p.Package.ID()})
	}
	var err error
	p.key, err = datasets.KeyOf(KindResults, p.recipe, p.inputs)
	return err
}

// compute makes the snapshot, and tells how long planning took.
func (p *plan) compute(ctx context.Context, s *datasets.Store) (_ *datasets.Snapshot, planning time.Duration, err error) {
	staging, err := s.Begin(ctx, KindResults)
	if err != nil {
		return nil, 0, err
	}
	defer staging.Close()
	db, err := p.session(ctx, staging)
	if err != nil {
		return nil, 0, err
	}
	defer db.Close()
	steps, done := int64(len(p.measures)+len(p.cohorts)+1), int64(0)
	p.Progress.Report("measure", 0, steps)
	step := func() {
		done++
		p.Progress.Report("measure", done, steps)
	}
	var open []string
	for _, one := range p.published {
		open = append(open, one.program.Opens()...)
	}
	for _, one := range p.cohortCQL() {
		open = append(open, one.program.Opens()...)
	}
	if err := datasets.Attach(ctx, db, p.Extract, p.Key, open...); err != nil {
		return nil, 0, err
	}
	if err := p.attachShards(ctx, db); err != nil {
		return nil, 0, err
	}
	e, err := prepare(ctx, db, nil, p.Periods, p.asOf)
	if err != nil {
		return nil, 0, err
	}
	e.listen = p.listen
	out := newOutput(staging)
	persons, err := p.buckets(ctx, db)
	if err != nil {
		return nil, 0, err
	}
	if err := p.quality(ctx, db, qualityParts(persons, p.Extract), out); err != nil {
		return nil, 0, err
	}
	parts := partsOf(persons, partPersons)
	apart, together := p.split(parts)
	steps += int64(len(apart) * (len(parts) - 1))
	if err := p.inParts(ctx, e, apart, parts, out, step); err != nil {
		return nil, 0, err
	}
	if err := e.again(ctx, slices.Concat(together, p.cohorts)); err != nil {
		return nil, 0, err
	}
	if err := p.runCohortCQL(ctx, e, out); err != nil {
		return nil, 0, err
	}
	for _, d := range together {
		step()
		if err := p.measure(ctx, e, d, out); err != nil {
			return nil, 0, err
		}
	}
	for _, d := range p.cohorts {
		step()
		if err := p.cohort(ctx, e, d, out); err != nil {
			return nil, 0, err
		}
	}
	// Last, since their tables hide others of the same plain name from outside SQL.
	if err := p.runPublished(ctx, e, out); err != nil {
		return nil, 0, err
	}
	if err := out.add(tableDefinition, rows(slices.Concat(p.allMeasures(), p.cohorts))); err != nil {
		return nil, 0, err
	}
	tables, err := out.close()
	if err != nil {
		return nil, 0, err
	}
	p.Progress.Report("measure", steps, steps)
	facts := map[string]any{factAsOf: day(p.asOf), factStudyLow: day(p.study.low), factStudyHigh: day(p.study.high)}
	if len(p.doubts) > 0 {
		facts[factDoubts] = p.doubts
	}
	made, err := staging.Publish(ctx, datasets.Manifest{Kind: KindResults, Key: p.key, Recipe: p.recipe, Inputs: p.inputs, Tables: tables, Facts: facts})
	return made, db.Planning(), err
}

func (p *plan) measure(ctx context.Context, e *engine, d Definition, out *output) error {
	if err := p.subjects(ctx, e, d, part{0, datasets.Buckets - 1}); err != nil {
		return err
	}
	return p.keep(ctx, e, d, out)
}

// keep writes a measure's subjects and their aggregates. The subjects are one object, so that
// an unchanged measure is the same file in every snapshot.
func (p *plan) keep(ctx context.Context, e *engine, d Definition, out *output) error {
	w, err := out.object(tableSubject)
	if err != nil {
		return err
	}
	defer w.abort()
	counted, err := e.counts(ctx, d)
	if err != nil {
		return err
	}
	if err := e.subjectRows(ctx, d, counted, w); err != nil {
		return err
	}
	if err := w.close(); err != nil {
		return err
	}
	return errors.Join(out.add(tableAggregate, rows(e.finish(d, counted))), out.add(tableCareGap, rows(e.finishGaps(d, e.gaps))))
}

// answerRows is how many subjects are asked for at once, or those of one period: the engine holds
// an answer in memory as a whole.
const answerRows = 500_000

// subjectRows writes run.subject, some periods at a time.
func (e *engine) subjectRows(ctx context.Context, d Definition, counted []Aggregate, w *objectWriter) error {
	held := map[string]int64{}
	for _, a := range counted {
		if a.Stratum == stratumAll {
			held[a.Period] = a.InitialPopulation
		}
	}
	var ids []string
	var asked int64
	for i, q := range e.periods {
		if held[q.ID] > 0 {
			ids, asked = append(ids, duck.Quote(q.ID)), asked+held[q.ID]
		}
		last := i+1 == len(e.periods)
		if len(ids) == 0 || !last && asked+held[e.periods[i+1].ID] <= answerRows {
			continue
		}
		subjects, err := e.db.QueryArrow(ctx, d.ID+" results", `SELECT '`+d.ID+`' AS measure, period::VARCHAR AS period, pid, episode, populations::INTEGER AS populations,
			true AS initial_population, denominator, denominator_exclusion, denominator_exception, numerator, numerator_exclusion, numerator_value, denominator_value,
			site::VARCHAR AS site, sex::VARCHAR AS sex, age::VARCHAR AS age, race::VARCHAR AS race, ethnicity::VARCHAR AS ethnicity, payer::VARCHAR AS payer
			FROM run.subject s WHERE s.period IN (`+strings.Join(ids, ", ")+`) ORDER BY s.period, pid, episode`)
		if err != nil {
			return err
		}
		if err := w.all(subjects); err != nil {
			return err
		}
		ids, asked = nil, 0
	}
	return nil
}

func (p *plan) cohort(ctx context.Context, e *engine, d Definition, out *output) error {
	r, err := e.cohort(ctx, d, p.study)
	if err != nil {
		return err
	}
	if err := p.members(ctx, e, d, out); err != nil {
		return err
	}
	return errors.Join(out.add(tableAttrition, rows(r.attrition)), out.add(tableIncidence, rows(r.incidence)), out.add(tableRate, rows(r.rates)), out.add(tableGap, rows(r.gaps)), out.add(tableOutcome, rows(r.outcomes)),
		out.add(tableSurvival, rows(r.survival)), out.add(tableComparison, rows(r.comparisons)),
		out.add(tableAdjusted, rows(r.adjusted)), out.add(tableFactor, rows(r.factors)), out.add(tableCalibration, rows(r.calibrations)), out.add(tableOne, rows(r.table1)))
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
	var lacking []string
	for _, d := range p.allMeasures() {
		if d.lacking() {
			lacking = append(lacking, d.Published.Lacking...)
		}
	}
	slices.Sort(lacking)
	var beyond []string
	for _, q := range p.Periods {
		if q.High.After(p.asOf.AddDate(0, 0, 1)) {
			beyond = append(beyond, q.ID)
		}
	}
	recipe, other := p.Extract.Manifest().Recipe, ""
	if len(p.published)+len(p.cohortCQL()) > 0 {
		made, _ := recipe["policy"].(string)
		profile, _ := recipe[datasets.RecipeProfile].(string)
		if _, own, err := datasets.CatalogueOf(profile); err == nil && own != made {
			other = made
		}
	}
	return &RunReport{
		OtherPolicy:  other,
		Beyond:       beyond,
		Lacking:      slices.Compact(lacking),
		ClosedDoubts: doubtsOf(sn.Manifest()),
		Snapshot:     sn.ID(), Skipped: skipped, Extract: p.Extract.ID(), AsOf: day(p.asOf),
		Measures: names(p.allMeasures()), Cohorts: names(p.cohorts), Periods: len(p.Periods),
		Subjects: count(tableSubject), Aggregates: count(tableAggregate), Members: count(tableMember), Issues: count(tableIssue),
	}
}
