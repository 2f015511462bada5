package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"farr/internal/duck"
	"farr/measures/internal/content"
	"farr/measures/internal/evaluate"
	"farr/measures/internal/population"
)

// tally is what a case adds to one population: how many, and for an observation its
// values, in rising order.
type tally struct {
	count    int64
	observed []float64
}

// counts are the tallies of each population of a group, by pid. A case with nobody in
// the initial population is not among them.
func counts(ctx context.Context, db *duck.Session, number int, g content.Group) (map[string][]tally, error) {
	columns := []string{"CAST(pid AS VARCHAR)"}
	for i := range g.Populations {
		columns = append(columns, fmt.Sprintf("CAST(%s AS DOUBLE)", population.Column(i)))
	}
	rows, err := db.Query(ctx, fmt.Sprintf("counts of group %d", number+1), "SELECT "+strings.Join(columns, ", ")+" FROM "+evaluate.Group(number))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string][]tally{}
	for rows.Next() {
		var pid string
		cells := make([]*float64, len(g.Populations))
		into := []any{&pid}
		for i := range cells {
			into = append(into, &cells[i])
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		if out[pid] == nil {
			out[pid] = make([]tally, len(g.Populations))
		}
		for i, cell := range cells {
			one := &out[pid][i]
			switch {
			case g.Populations[i].Code == population.Observation && cell != nil:
				one.count++
				one.observed = append(one.observed, *cell)
			case g.Populations[i].Code != population.Observation && *cell == 1:
				one.count++
			}
		}
	}
	for _, tallies := range out {
		for i := range tallies {
			slices.Sort(tallies[i].observed)
		}
	}
	return out, rows.Err()
}
