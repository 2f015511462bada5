package measures

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"farr/internal/duck"
)

// Populations of a measure that Persons takes. Open are those of the denominator, neither excluded nor
// excepted, who are not in the numerator: of a measure where higher is better, the care gaps.
var Populations = []string{
	"initial-population", "denominator", "denominator-exclusion", "denominator-exception", "numerator", "numerator-exclusion", PopulationOpen,
}

// PopulationOpen is the denominator's rest.
const PopulationOpen = "open"

var populationSQL = map[string]string{
	"initial-population": "initial_population", "denominator": "denominator", "denominator-exclusion": "denominator_exclusion",
	"denominator-exception": "denominator_exception", "numerator": "numerator", "numerator-exclusion": "numerator_exclusion",
	PopulationOpen: "denominator AND NOT coalesce(denominator_exclusion, false) AND NOT coalesce(denominator_exception, false) AND NOT coalesce(numerator, false)",
}

// Persons are the pseudonyms of who is in a population of a measure in a period, each once, in order.
// A measure or period that the results do not have is an error, not nobody.
func (r *Results) Persons(ctx context.Context, measure, population, period string) ([]uuid.UUID, error) {
	where, known := populationSQL[population]
	if !known {
		return nil, fmt.Errorf("no population %q: there are %s", population, join(Populations))
	}
	if !slices.ContainsFunc(r.aggregates, func(a Aggregate) bool { return a.Measure == measure }) {
		return nil, fmt.Errorf("the results have no measure %q", measure)
	}
	if !slices.ContainsFunc(r.aggregates, func(a Aggregate) bool { return a.Measure == measure && a.Period == period }) {
		return nil, fmt.Errorf("the results have no period %q of measure %s", period, measure)
	}
	db, err := r.session(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query(ctx, "persons of "+measure, "SELECT DISTINCT pid FROM results."+tableSubject+
		" WHERE measure = "+duck.Quote(measure)+" AND period = "+duck.Quote(period)+" AND ("+where+") ORDER BY pid")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var pids []uuid.UUID
	for rows.Next() {
		var pid []byte
		if err := rows.Scan(&pid); err != nil {
			return nil, err
		}
		pids = append(pids, uuid.UUID(pid))
	}
	return pids, rows.Err()
}
