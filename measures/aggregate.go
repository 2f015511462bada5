package measures

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"farr/internal/stats"
	"farr/measures/internal/evaluate"
	"farr/measures/internal/population"
)

// stratumAll is the stratum, and its only value, that holds everybody.
const stratumAll = "all"

// daysPerYear turns person-days into person-years.
const daysPerYear = 365.25

// counts are those of run.subject by each stratum of the measure, and as a whole, in one pass.
func (e *engine) counts(ctx context.Context, d Definition) ([]Aggregate, error) {
	sets := []string{"(period)"}
	names := "CASE"
	for _, s := range d.Strata {
		sets = append(sets, "(period, "+s+")")
		names += fmt.Sprintf(" WHEN grouping(%s) = 0 THEN '%[1]s'", s)
	}
	stratum, value := "'all'", "'all'"
	if len(d.Strata) > 0 {
		stratum = names + " ELSE 'all' END"
		value = "coalesce(" + strings.Join(d.Strata, "::VARCHAR, ") + "::VARCHAR, 'all')"
	}
	return e.readMargins(ctx, d, fmt.Sprintf(`SELECT period::VARCHAR AS period, %s AS stratum, %s AS value, %s
		FROM run.subject GROUP BY GROUPING SETS (%s)`, stratum, value, countsOf(d), strings.Join(sets, ", ")))
}

// added puts the counts of several parts of the persons together.
func added(parts ...[]Aggregate) []Aggregate {
	type place struct{ period, stratum, value string }
	at := map[place]int{}
	var out []Aggregate
	for _, a := range slices.Concat(parts...) {
		key := place{a.Period, a.Stratum, a.Value}
		i, ok := at[key]
		if !ok {
			at[key] = len(out)
			out = append(out, a)
			continue
		}
		o := &out[i]
		o.InitialPopulation, o.Denominator, o.Numerator = o.InitialPopulation+a.InitialPopulation, o.Denominator+a.Denominator, o.Numerator+a.Numerator
		o.DenominatorExclusion, o.DenominatorException, o.NumeratorExclusion = o.DenominatorExclusion+a.DenominatorExclusion, o.DenominatorException+a.DenominatorException, o.NumeratorExclusion+a.NumeratorExclusion
	}
	return out
}

// countsOf are the columns of an aggregate that are counted from run.subject: the
// populations, and the score where it is not a division of two counts.
func countsOf(d Definition) string {
	down, up := "count(*) FILTER (denominator)", "count(*) FILTER (numerator)"
	if d.Scoring == ScoringRate {
		down, up = "coalesce(sum(denominator_value) FILTER (denominator), 0)", "coalesce(sum(numerator_value) FILTER (numerator), 0)"
	}
	return fmt.Sprintf(`count(*) AS initial_population, (%s)::BIGINT AS denominator, count(*) FILTER (denominator_exclusion) AS denominator_exclusion,
		count(*) FILTER (denominator_exception) AS denominator_exception, (%s)::BIGINT AS numerator,
		count(*) FILTER (numerator_exclusion) AS numerator_exclusion, (%s)::DOUBLE AS score`, down, up, scoreOf(d))
}

// scoreOf is the score of a ratio or a continuous variable.
func scoreOf(d Definition) string {
	aggregate := map[string]string{} // by what is observed
	for _, p := range d.Populations {
		if p.Observes != "" {
			aggregate[p.Observes] = p.Aggregate
		}
	}
	switch d.Scoring {
	case ScoringContinuous:
		return observed(aggregate[population.Measured], "numerator_value", "numerator")
	case ScoringRatio:
		up, down := "count(*) FILTER (numerator)", "count(*) FILTER (denominator)"
		if a, ok := aggregate[numerator]; ok {
			up = observed(a, "numerator_value", "numerator")
		}
		if a, ok := aggregate[denominator]; ok {
			down = observed(a, "denominator_value", "denominator")
		}
		return fmt.Sprintf("(%s)::DOUBLE / nullif((%s)::DOUBLE, 0)", up, down)
	}
	return "NULL"
}

// observed brings the values of a column together, by a method of the value set
// aggregate-method (CQFM IG). Values are added as decimals, so that their order does not
// matter. A sum or a count of none is 0.
func observed(method, column, who string) string {
	value := column + "::DECIMAL(28,8)"
	sql := map[string]string{
		evaluate.Sum:     "coalesce(sum(%[1]s) FILTER (%[2]s), 0)",
		evaluate.Average: "(sum(%[1]s) FILTER (%[2]s))::DOUBLE / nullif(count(%[1]s) FILTER (%[2]s), 0)",
		evaluate.Median:  "median(%[1]s) FILTER (%[2]s)",
		evaluate.Minimum: "min(%[1]s) FILTER (%[2]s)",
		evaluate.Maximum: "max(%[1]s) FILTER (%[2]s)",
		evaluate.Count:   "count(%[1]s) FILTER (%[2]s)",
	}[method]
	return fmt.Sprintf(sql, value, who)
}

// readMargins reads rows of period, stratum, value and the columns of countsOf.
func (e *engine) readMargins(ctx context.Context, d Definition, sql string) ([]Aggregate, error) {
	r, err := e.db.QueryArrow(ctx, d.ID+" margins", sql)
	if err != nil {
		return nil, err
	}
	defer r.Release()
	var out []Aggregate
	for r.Next() {
		for row := range int(r.RecordBatch().NumRows()) {
			v := rowReader{r.RecordBatch(), row}
			out = append(out, Aggregate{
				Period: v.text("period"), Stratum: v.text("stratum"), Value: v.text("value"),
				InitialPopulation: v.count("initial_population"), Denominator: v.count("denominator"),
				DenominatorExclusion: v.count("denominator_exclusion"), DenominatorException: v.count("denominator_exception"),
				Numerator: v.count("numerator"), NumeratorExclusion: v.count("numerator_exclusion"), Rate: v.number("score"),
			})
		}
	}
	return out, r.Err()
}

// finish makes margins of counts: every period has its row of stratum all, also when nobody is in it.
func (e *engine) finish(d Definition, rows []Aggregate) []Aggregate {
	whole := map[string]bool{}
	for _, a := range rows {
		whole[a.Period] = whole[a.Period] || a.Stratum == stratumAll
	}
	for _, p := range e.periods {
		if !whole[p.ID] {
			rows = append(rows, Aggregate{Period: p.ID, Stratum: stratumAll, Value: stratumAll, Rate: math.NaN()})
		}
	}
	e.complete(d, rows)
	return rows
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
		a.Complete = e.known(p.High.AddDate(0, 0, d.FollowUpDays)) && !d.lacking()
		var estimate stats.Estimate
		switch d.Scoring {
		case ScoringRate:
			estimate, a.Method = stats.Rate(a.Numerator, float64(a.Denominator)/daysPerYear)
			estimate = estimate.Scale(float64(d.Multiplier))
		case ScoringProportion:
			estimate, a.Method = stats.Wilson(a.Numerator, a.Denominator), stats.MethodWilson
		default: // no interval is known for what authors observe
			estimate = stats.Estimate{Value: a.Rate, Low: math.NaN(), High: math.NaN()}
		}
		a.Rate, a.CILow, a.CIHigh = estimate.Value, estimate.Low, estimate.High
	}
	slices.SortFunc(rows, func(a, b Aggregate) int {
		if a.Period != b.Period {
			return order[a.Period] - order[b.Period]
		}
		if a.Stratum != b.Stratum {
			return cmp.Or(stratumOrder(a.Stratum)-stratumOrder(b.Stratum), strings.Compare(a.Stratum, b.Stratum))
		}
		return strings.Compare(a.Value, b.Value)
	})
}

// stratumOrder puts everybody first, then Strata in their order, then stratifiers that a
// published measure brings.
func stratumOrder(stratum string) int {
	if stratum == stratumAll {
		return -1
	}
	if i := slices.Index(Strata, stratum); i >= 0 {
		return i
	}
	return len(Strata)
}

// known reports whether the data know every day before end.
func (e *engine) known(end time.Time) bool { return !end.After(e.asOf.AddDate(0, 0, 1)) }
