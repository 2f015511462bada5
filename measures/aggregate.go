package measures

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"

	"farr/internal/stats"
)

// stratumAll is the stratum, and its only value, that holds everybody.
const stratumAll = "all"

// daysPerYear turns person-days into person-years.
const daysPerYear = 365.25

// margins counts run.subject by each stratum of the measure, and as a whole, in one
// pass. Every period has its row of stratum all, also when nobody is in it.
func (e *engine) margins(ctx context.Context, d Definition) ([]Aggregate, error) {
	sets := []string{"(period)"}
	names := "CASE"
	for _, s := range d.Strata {
		sets = append(sets, "(period, "+s+")")
		names += fmt.Sprintf(" WHEN grouping(%s) = 0 THEN '%[1]s'", s)
	}
	stratum, value := "'all'", "'all'"
	if len(d.Strata) > 0 {
		stratum = names + " ELSE 'all' END"
		value = "coalesce(" + strings.Join(d.Strata, ", ") + ", 'all')"
	}
	down, up := "count(*) FILTER (denominator)", "count(*) FILTER (numerator)"
	if d.Scoring == ScoringRate {
		down, up = "coalesce(sum(denominator_value) FILTER (denominator), 0)", "coalesce(sum(numerator_value) FILTER (numerator), 0)"
	}
	r, err := e.db.QueryArrow(ctx, d.ID+" margins", fmt.Sprintf(`
		SELECT period::VARCHAR AS period, %s AS stratum, %s AS value, count(*) AS initial_population, (%s)::BIGINT AS denominator,
			count(*) FILTER (denominator_exclusion) AS denominator_exclusion, (%s)::BIGINT AS numerator
		FROM run.subject
		GROUP BY GROUPING SETS (%s)`, stratum, value, down, up, strings.Join(sets, ", ")))
	if err != nil {
		return nil, err
	}
	defer r.Release()
	var out []Aggregate
	whole := map[string]bool{}
	for r.Next() {
		b := r.RecordBatch()
		text := func(i int) *array.String { return b.Column(i).(*array.String) }
		count := func(i int) *array.Int64 { return b.Column(i).(*array.Int64) }
		for row := range int(b.NumRows()) {
			a := Aggregate{
				Period: strings.Clone(text(0).Value(row)), Stratum: strings.Clone(text(1).Value(row)), Value: strings.Clone(text(2).Value(row)),
				InitialPopulation: count(3).Value(row), Denominator: count(4).Value(row),
				DenominatorExclusion: count(5).Value(row), Numerator: count(6).Value(row),
			}
			whole[a.Period] = whole[a.Period] || a.Stratum == stratumAll
			out = append(out, a)
		}
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	for _, p := range e.periods {
		if !whole[p.ID] {
			out = append(out, Aggregate{Period: p.ID, Stratum: stratumAll, Value: stratumAll})
		}
	}
	e.complete(d, out)
	return out, nil
}

// complete fills in what follows from the counts and the period, and orders the rows.
func (e *engine) complete(d Definition, rows []Aggregate) {
	order := map[string]int{}
	for i, p := range e.periods {
		order[p.ID] = i
	}
	for i := range rows {
		a, p := &rows[i], e.periods[order[rows[i].Period]]
		a.Measure, a.Family, a.Low, a.High = d.ID, p.Family, p.Low, p.High
		a.Complete = e.known(p.High.AddDate(0, 0, d.FollowUpDays))
		var estimate stats.Estimate
		if d.Scoring == ScoringRate {
			estimate, a.Method = stats.Rate(a.Numerator, float64(a.Denominator)/daysPerYear)
			estimate = estimate.Scale(float64(d.Multiplier))
		} else {
			estimate, a.Method = stats.Wilson(a.Numerator, a.Denominator), stats.MethodWilson
		}
		a.Rate, a.CILow, a.CIHigh = estimate.Value, estimate.Low, estimate.High
	}
	slices.SortFunc(rows, func(a, b Aggregate) int {
		if a.Period != b.Period {
			return order[a.Period] - order[b.Period]
		}
		if a.Stratum != b.Stratum {
			// -1 for all, which is no stratum of the list and so comes first.
			return slices.Index(Strata, a.Stratum) - slices.Index(Strata, b.Stratum)
		}
		return strings.Compare(a.Value, b.Value)
	})
}

// known reports whether the data know every day before end.
func (e *engine) known(end time.Time) bool { return !end.After(e.asOf.AddDate(0, 0, 1)) }
