package measures

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"farr/datasets"
	"farr/datasets/risk"
	"farr/internal/duck"
)

// Results is an opened results snapshot. What pages need is read at once; the
// table of subjects only by Write.
type Results struct {
	snapshot    *datasets.Snapshot
	aggregates  []Aggregate
	attrition   []Attrition
	careGaps    []CareGap
	incidence   []Incidence
	spans       []Rate
	grouped     []Rate
	outcomes    []Outcome
	survival    []SurvivalPoint
	adjusted    []Adjusted
	described   []Description
	definitions []Definition
	quality     Quality
	feeds       []Feed
	incomplete  []Incomplete
	lineage     Lineage
}

// OpenResults reads a results snapshot after comparing every object with its hash.
func OpenResults(ctx context.Context, s *datasets.Store, sn *datasets.Snapshot) (*Results, error) {
	r := &Results{snapshot: sn}
	if err := r.read(ctx); err != nil {
		return nil, fmt.Errorf("open results %.12s: %w", sn.ID(), err)
	}
	if err := r.trace(s); err != nil {
		return nil, fmt.Errorf("open results %.12s: %w", sn.ID(), err)
	}
	return r, nil
}

// Aggregates are ordered by measure, family, period, stratum (all first, then as in
// Strata) and value.
func (r *Results) Aggregates() []Aggregate { return slices.Clone(r.aggregates) }

// Attrition is ordered by cohort and rule.
func (r *Results) Attrition() []Attrition { return slices.Clone(r.attrition) }

// Incidence is ordered by cohort and year.
func (r *Results) Incidence() []Incidence { return slices.Clone(r.incidence) }

// Rates are incidence and prevalence of all persons, ordered by cohort, kind and period; those of
// strata are read by Write alone.
func (r *Results) Rates() []Rate { return slices.Clone(r.spans) }

// GroupRates are a cohort's rates by all its strata in one period of each kind: the newest that is
// complete, of those that end together the longest.
func (r *Results) GroupRates() []Rate { return slices.Clone(r.grouped) }

// Outcomes are those of all members, ordered by cohort and as the cohort has them.
func (r *Results) Outcomes() []Outcome { return slices.Clone(r.outcomes) }

// Survival are the curves of all members, ordered by cohort, outcome and day.
func (r *Results) Survival() []SurvivalPoint { return slices.Clone(r.survival) }

// Adjusted are outcomes beside what was expected, of all and by stratum, ordered by cohort and outcome as the
// cohort has them, then by stratum and value.
func (r *Results) Adjusted() []Adjusted { return slices.Clone(r.adjusted) }

// Described are the rows of Table 1 of all members and by age and sex, ordered by cohort and
// characteristic as in the cohort.
func (r *Results) Described() []Description { return slices.Clone(r.described) }

// Definitions are the measures by ID, then the cohorts by ID.
func (r *Results) Definitions() []Definition { return slices.Clone(r.definitions) }

// Quality is what was seen of the data; empty in results of an older farr.
func (r *Results) Quality() Quality { return r.quality }

// Feeds are how the records of each type came, ordered by table and site; none in results of an older farr.
func (r *Results) Feeds() []Feed { return slices.Clone(r.feeds) }

// Incomplete are the parts of definitions that lack records in a period, ordered by definition, part and period.
func (r *Results) Incomplete() []Incomplete { return slices.Clone(r.incomplete) }

// lacks tells whether a population of a measure lacks records in a period.
func (r *Results) lacks(measure, period string) bool {
	return slices.ContainsFunc(r.incomplete, func(x Incomplete) bool {
		return x.Definition == measure && x.Period == period && !strings.HasPrefix(x.Part, PartGap) && !strings.HasPrefix(x.Part, PartStratum)
	})
}

// Store is where the results are.
func (r *Results) Store() *datasets.Store { return r.snapshot.Store() }

// Lineage says where the results came from.
func (r *Results) Lineage() Lineage { return r.lineage }

// session opens the snapshot's tables in a schema results.
func (r *Results) session(ctx context.Context) (*duck.Session, error) {
	db, err := duck.Open(ctx, duck.Config{AllowedDirs: []string{r.snapshot.Store().ObjectsDir()}})
	if err != nil {
		return nil, err
	}
	if kind := r.snapshot.Manifest().Kind; kind != KindResults {
		db.Close()
		return nil, fmt.Errorf("the snapshot is of kind %s", kind)
	}
	if err := datasets.AttachTables(ctx, db, r.snapshot, "results"); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func (r *Results) read(ctx context.Context) error {
	db, err := r.session(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := r.fits(); err != nil {
		return err
	}
	var broken error
	for table, add := range map[string]func(rowReader){
		tableAggregate:     func(v rowReader) { r.aggregates = append(r.aggregates, v.aggregate()) },
		tableCareGap:       func(v rowReader) { r.careGaps = append(r.careGaps, v.careGap()) },
		tableAttrition:     func(v rowReader) { r.attrition = append(r.attrition, v.attrition()) },
		tableIncidence:     func(v rowReader) { r.incidence = append(r.incidence, v.incidence()) },
		tableRate:          func(v rowReader) { r.spans = append(r.spans, v.rate()) },
		tableOutcome:       func(v rowReader) { r.outcomes = append(r.outcomes, v.outcome()) },
		tableSurvival:      func(v rowReader) { r.survival = append(r.survival, v.survival()) },
		tableAdjusted:      func(v rowReader) { r.adjusted = append(r.adjusted, v.adjusted()) },
		tableOne:           func(v rowReader) { r.described = append(r.described, v.described()) },
		tableQualityCheck:  func(v rowReader) { r.quality.Checks = append(r.quality.Checks, v.qualityCheck()) },
		tableQualityCount:  func(v rowReader) { r.quality.Counts = append(r.quality.Counts, v.qualityCount()) },
		tableQualityVolume: func(v rowReader) { r.quality.Volume = append(r.quality.Volume, v.qualityVolume()) },
		tableQualityUse:    func(v rowReader) { r.quality.Uses = append(r.quality.Uses, v.qualityUse()) },
		tableFeed:          func(v rowReader) { r.feeds = append(r.feeds, v.feed()) },
		tableIncomplete:    func(v rowReader) { r.incomplete = append(r.incomplete, v.incomplete()) },
		tableDefinition: func(v rowReader) {
			var d Definition
			if err := json.Unmarshal([]byte(v.text("body")), &d); err != nil && broken == nil {
				broken = fmt.Errorf("definition %s: %w", v.text("id"), err)
			}
			r.definitions = append(r.definitions, d)
		},
	} {
		if _, ok := r.snapshot.Table(table); !ok && (wholes[table] != "" || strings.HasPrefix(table, "quality_") || table == tableFeed || table == tableIncomplete) {
			continue // results of an older farr
		}
		if err := each(ctx, db, table, wholes[table], add); err != nil {
			return err
		}
	}
	if _, ok := r.snapshot.Table(tableRate); ok {
		if err := each(ctx, db, tableRate, groupsOfNewest, func(v rowReader) { r.grouped = append(r.grouped, v.rate()) }); err != nil {
			return err
		}
	}
	r.order()
	slices.SortStableFunc(r.careGaps, func(a, b CareGap) int {
		return cmp.Or(strings.Compare(a.Measure, b.Measure), strings.Compare(a.Period, b.Period), a.Ordinal-b.Ordinal)
	})
	slices.SortStableFunc(r.definitions, byKindAndID)
	slices.SortStableFunc(r.aggregates, func(a, b Aggregate) int { return stratumOrder(a.Stratum) - stratumOrder(b.Stratum) })
	slices.SortStableFunc(r.aggregates, func(a, b Aggregate) int {
		return cmp.Or(strings.Compare(a.Measure, b.Measure), strings.Compare(a.Family, b.Family), a.Low.Compare(b.Low), a.High.Compare(b.High))
	})
	return broken
}

// wholes are, of tables of cohorts with a row for each value of a stratum, the rows that pages need.
var wholes = map[string]string{
	tableCareGap: " WHERE true",
	tableRate:    " WHERE stratum = 'all'", tableOutcome: " WHERE stratum = 'all'", tableSurvival: " WHERE stratum = 'all'",
	tableOne: " WHERE stratum IN ('all', 'age', 'sex')", tableAdjusted: " WHERE true",
}

// groupsOfNewest are the rows of groups in the period that [Results.GroupRates] names.
const groupsOfNewest = ` WHERE stratum <> 'all' AND (cohort, kind, period) IN (
	SELECT (cohort, kind, first(period ORDER BY complete DESC, high DESC, low, family DESC))
	FROM results.` + tableRate + ` WHERE stratum = 'all' GROUP BY cohort, kind)`

// fits refuses results of a farr whose tables have other columns: a number under another name is
// a wrong number.
func (r *Results) fits() error {
	for _, want := range resultTables {
		t, ok := r.snapshot.Table(want.name)
		if !ok {
			continue // of none
		}
		for _, c := range want.columns {
			if !t.Has(c.Name) {
				return fmt.Errorf("table %s has no column %s: measure engine %v computed these results, and this farr has engine %s (compute them again with farr measure run)",
					want.name, c.Name, r.snapshot.Manifest().Recipe[recipeEngine], engineVersion)
			}
		}
	}
	return nil
}

func each(ctx context.Context, db *duck.Session, table, where string, add func(rowReader)) error {
	t, err := tableNamed(table)
	if err != nil {
		return err
	}
	records, err := db.QueryArrow(ctx, "read "+table, "SELECT * FROM results."+table+where+" ORDER BY "+t.key)
	if err != nil {
		return err
	}
	defer records.Release()
	for records.Next() {
		b := records.RecordBatch()
		for row := range int(b.NumRows()) {
			add(rowReader{b, row})
		}
	}
	return records.Err()
}

// rowReader reads one row of a record by column name. The columns are those of
// resultTables, which AttachTables has cast them to.
type rowReader struct {
	batch arrow.RecordBatch
	row   int
}

func (v rowReader) column(name string) arrow.Array {
	return v.batch.Column(v.batch.Schema().FieldIndices(name)[0])
}

// text is a copy: the record's own memory goes away with it.
func (v rowReader) text(name string) string {
	return strings.Clone(v.column(name).(*array.String).Value(v.row))
}
func (v rowReader) count(name string) int64 { return v.column(name).(*array.Int64).Value(v.row) }
func (v rowReader) small(name string) int   { return int(v.column(name).(*array.Int32).Value(v.row)) }
func (v rowReader) yes(name string) bool    { return v.column(name).(*array.Boolean).Value(v.row) }
func (v rowReader) day(name string) time.Time {
	return v.column(name).(*array.Date32).Value(v.row).ToTime()
}

func (v rowReader) number(name string) float64 {
	c := v.column(name).(*array.Float64)
	if c.IsNull(v.row) {
		return math.NaN()
	}
	return c.Value(v.row)
}

func (v rowReader) aggregate() Aggregate {
	return Aggregate{
		Measure: v.text("measure"), Period: v.text("period"), Family: v.text("family"), Low: v.day("low"), High: v.day("high"),
		Stratum: v.text("stratum"), Value: v.text("value"), InitialPopulation: v.count("initial_population"), Denominator: v.count("denominator"),
		DenominatorExclusion: v.count("denominator_exclusion"), DenominatorException: v.count("denominator_exception"),
		Numerator: v.count("numerator"), NumeratorExclusion: v.count("numerator_exclusion"),
		Rate: v.number("rate"), CILow: v.number("ci_low"), CIHigh: v.number("ci_high"), Method: v.text("method"), Complete: v.yes("complete"),
	}
}

func (v rowReader) attrition() Attrition {
	return Attrition{v.text("cohort"), v.small("ordinal"), v.text("rule"), v.text("title"), v.count("remaining"),
		v.count("persons"), v.count("removed_persons"), v.count("most_entries")}
}

func (v rowReader) incidence() Incidence {
	return Incidence{v.text("cohort"), v.small("year"), v.count("cases"), v.count("person_days"),
		v.number("rate"), v.number("ci_low"), v.number("ci_high"), v.text("method"), v.yes("complete"), v.count("persons")}
}

func (v rowReader) rate() Rate {
	return Rate{Cohort: v.text("cohort"), Kind: v.text("kind"), Period: v.text("period"), Family: v.text("family"), Low: v.day("low"), High: v.day("high"),
		Stratum: v.text("stratum"), Value: v.text("value"), Numerator: v.count("numerator"), Denominator: v.count("denominator"),
		Rate: v.number("rate"), CILow: v.number("ci_low"), CIHigh: v.number("ci_high"), Method: v.text("method"),
		Adjusted: v.number("adjusted"), AdjustedLow: v.number("adjusted_low"), AdjustedHigh: v.number("adjusted_high"), Complete: v.yes("complete"), Persons: v.count("persons"), CaseAges: v.small("case_ages")}
}

func (v rowReader) outcome() Outcome {
	return Outcome{Cohort: v.text("cohort"), Outcome: v.text("outcome"), Title: v.text("title"), Stratum: v.text("stratum"), Value: v.text("value"),
		AtRisk: v.count("at_risk"), WashedOut: v.count("washed_out"), NoTime: v.count("no_time"), Events: v.count("events"), PersonDays: v.count("person_days"),
		Rate: v.number("rate"), CILow: v.number("ci_low"), CIHigh: v.number("ci_high"), Method: v.text("method"), Median: v.number("median_days"), Reason: v.text("reason"),
		Persons: v.count("persons"), EventPersons: v.count("event_persons"), FreePersons: v.count("free_persons"), OutsidePersons: v.count("outside_persons")}
}

func (v rowReader) survival() SurvivalPoint {
	return SurvivalPoint{v.text("cohort"), v.text("outcome"), v.text("stratum"), v.text("value"), v.count("day"), v.count("at_risk"), v.count("events"),
		v.number("survival"), v.number("ci_low"), v.number("ci_high")}
}

func (v rowReader) adjusted() Adjusted {
	return Adjusted{v.text("cohort"), v.text("outcome"), v.text("stratum"), v.text("value"), v.count("people"), v.count("observed"), v.number("expected"),
		v.number("ratio"), v.number("ratio_low"), v.number("ratio_high"), v.text("reason")}
}

func (v rowReader) described() Description {
	return Description{Cohort: v.text("cohort"), Stratum: v.text("stratum"), Value: v.text("value"), Characteristic: v.text("characteristic"), Title: v.text("title"),
		Level: v.text("level"), People: v.count("people"), Missing: v.count("missing"), Share: v.number("share"), Mean: v.number("mean"), SD: v.number("sd"),
		Q1: v.number("q1"), Median: v.number("median"), Q3: v.number("q3"), SMD: v.number("smd"), Persons: v.count("persons")}
}

// order puts outcomes and characteristics as their cohorts have them.
func (r *Results) order() {
	place := map[string]int{}
	for _, d := range r.definitions {
		for i, o := range d.Outcomes {
			place[d.ID+" "+o.ID] = i
		}
		if d.Kind == KindCohort {
			for i, s := range described(d) {
				place[d.ID+" is "+s.id] = i
			}
			for i, c := range d.Characteristics {
				place[d.ID+" is "+c.ID] = len(described(d)) + i
			}
		}
	}
	slices.SortStableFunc(r.outcomes, func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(a.Cohort, b.Cohort), place[a.Cohort+" "+a.Outcome]-place[b.Cohort+" "+b.Outcome])
	})
	slices.SortStableFunc(r.adjusted, func(a, b Adjusted) int {
		return cmp.Or(cmp.Compare(a.Cohort, b.Cohort), place[a.Cohort+" "+a.Outcome]-place[b.Cohort+" "+b.Outcome], cohortStratumOrder(a.Stratum)-cohortStratumOrder(b.Stratum))
	})
	slices.SortStableFunc(r.grouped, func(a, b Rate) int {
		return cmp.Or(cmp.Compare(a.Cohort, b.Cohort), cmp.Compare(a.Kind, b.Kind), cohortStratumOrder(a.Stratum)-cohortStratumOrder(b.Stratum), cmp.Compare(a.Stratum, b.Stratum))
	})
	slices.SortStableFunc(r.described, func(a, b Description) int {
		return cmp.Or(cmp.Compare(a.Cohort, b.Cohort), place[a.Cohort+" is "+a.Characteristic]-place[b.Cohort+" is "+b.Characteristic], cmp.Compare(a.Characteristic, b.Characteristic))
	})
}

// trace fills in the lineage, with the extract's own account when the store still has it.
func (r *Results) trace(s *datasets.Store) error {
	m := r.snapshot.Manifest()
	r.lineage = Lineage{Results: r.snapshot.ID(), Recipe: m.Recipe, Facts: m.Facts}
	r.lineage.Engine, _ = m.Recipe[recipeEngine].(string)
	asOf, _ := m.Facts[factAsOf].(string)
	var err error
	if r.lineage.AsOf, err = time.Parse(time.DateOnly, asOf); err != nil {
		return fmt.Errorf("no last day that the data know: %w", err)
	}
	checkpoint, err := r.snapshot.Checkpoint()
	if err != nil {
		return err
	}
	if !checkpoint.IsZero() {
		r.lineage.Checkpoint = checkpoint.String()
	}
	periods, _ := m.Recipe[recipePeriods].([]any)
	for _, p := range periods {
		id, _ := p.(string)
		r.lineage.Periods = append(r.lineage.Periods, id)
	}
	for _, in := range m.Inputs {
		if in.Kind == "snapshot" {
			r.lineage.Extract = in.ID
		}
	}
	kept, report, err := risk.Of(s, r.lineage.Extract)
	if err != nil {
		return err
	}
	if kept != nil {
		r.lineage.Risk, r.lineage.RiskSnapshot = report, kept.ID()
	}
	extract, err := s.Open(r.lineage.Extract)
	if datasets.CodeOf(err) == datasets.CodeNotFound {
		return nil // the results outlive it
	}
	if err != nil {
		return err
	}
	r.lineage.ExtractRecipe, r.lineage.ExtractFacts = extract.Manifest().Recipe, extract.Manifest().Facts
	return nil
}
