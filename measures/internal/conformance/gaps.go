package conformance

import (
	"context"
	"fmt"

	"farr/measures/internal/evaluate"
	"farr/measures/internal/population"
)

// gaps are the care gaps of a measure's groups that have reasons, of all persons that it was asked about.
// It is a problem of the measure when the reasons do not add up to those in a gap: the parts of a numerator
// are then not what it is made of.
func (t *trial) gaps(ctx context.Context, s suite, found answers) (list []GapsReport, problems []string) {
	for i, g := range s.measure.Groups {
		reasons := s.program.Reasons(i)
		if len(reasons) == 0 {
			continue
		}
		counts, err := t.session.CountGaps(ctx, s.program, i)
		if err != nil {
			return nil, []string{err.Error()}
		}
		at := map[string]int64{}
		for _, tallies := range found[i] {
			for k, p := range g.Populations {
				at[p.Code] += tallies[k].count
			}
		}
		one := GapsReport{Group: i + 1, InGap: at[population.Numerator] - at[population.NumeratorExclusion], Other: counts[len(reasons)]}
		if !evaluate.GapsIn(g) {
			one.InGap = at[population.Denominator] - at[population.DenominatorExclusion] - at[population.DenominatorException] - one.InGap
		}
		sum := one.Other
		for k, r := range reasons {
			one.Reasons = append(one.Reasons, GapReport{r.Title, counts[k]})
			sum += counts[k]
		}
		if sum != one.InGap || one.Other > at[population.NumeratorExclusion] {
			problems = append(problems, fmt.Sprintf("group %d: %d subjects are in a care gap, and the reasons are of %d, %d of them without any", i+1, one.InGap, sum, one.Other))
		}
		list = append(list, one)
	}
	return list, problems
}
