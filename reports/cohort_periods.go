package reports

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"farr/internal/stats"
	"farr/measures"
	"farr/reports/internal/disclose"
)

// mostPeriodsHidden is the share of separate periods that may be hidden before they are merged to longer ones.
const mostPeriodsHidden = 1.0 / 3

// releaseOver releases a cohort with its new cases by the shortest periods of which most may be shown: as they
// are, else by quarters, else by years alone.
func releaseOver(ctx context.Context, b *disclose.Border, x disclose.ExactCohort, spans []disclose.ExactSpan, multiplier int64) (disclose.Cohort, error) {
	for _, x.Spans = range [][]disclose.ExactSpan{spans, quarters(spans, multiplier)} {
		if len(x.Spans) < 2 {
			continue
		}
		out, err := b.Cohort(ctx, x)
		var unsafe *disclose.UnsafeError
		if errors.As(err, &unsafe) {
			continue // what is out already leaves no room for periods so short
		}
		if err != nil {
			return out, err
		}
		hidden := 0
		for _, s := range out.Spans {
			if s.Rate.State() == disclose.Suppressed {
				hidden++
			}
		}
		if float64(hidden) <= mostPeriodsHidden*float64(len(out.Spans)) {
			return out, nil
		}
	}
	x.Spans = nil
	out, err := b.Cohort(ctx, x)
	var unsafe *disclose.UnsafeError
	if !errors.As(err, &unsafe) || len(x.Curves) == 0 {
		return out, err
	}
	x.Curves = slices.Clone(x.Curves) // the last resort is to hide the curves, not to lose the report
	for i := range x.Curves {
		x.Curves[i].Withheld = true
	}
	return b.Cohort(ctx, x)
}

func monthsOf(low, high time.Time) int {
	return (high.Year()-low.Year())*12 + int(high.Month()) - int(low.Month())
}

// shortest are new cases by the shortest separate periods that are shorter than a year, if there are several.
func shortest(rates []measures.Rate, cohort string) []disclose.ExactSpan {
	var spans []disclose.ExactSpan
	least := 12
	for _, r := range rates {
		months := monthsOf(r.Low, r.High)
		if r.Cohort != cohort || r.Kind != measures.RateIncidence || r.Family != measures.FamilyDisjoint || months > least || months >= 12 {
			continue
		}
		if months < least {
			least, spans = months, nil
		}
		spans = append(spans, spanOf(r))
	}
	if len(spans) < 2 {
		return nil
	}
	return spans
}

func spanOf(r measures.Rate) disclose.ExactSpan {
	return disclose.ExactSpan{Period: disclose.Period{ID: r.Period, Family: r.Family, Low: r.Low, High: r.High},
		Cases: r.Numerator, Persons: r.Persons, PersonDays: r.Denominator, Rate: r.Rate, Low: r.CILow, High: r.CIHigh, Method: r.Method, Complete: r.Complete}
}

// quarters add up months to the quarters of which all three are there. A person may be among several
// months' cases, so of a quarter's persons only the greatest month's are known.
func quarters(months []disclose.ExactSpan, multiplier int64) []disclose.ExactSpan {
	var out []disclose.ExactSpan
	for i := 0; i+3 <= len(months); i++ {
		low, high := months[i].Period.Low, months[i+2].Period.High
		if monthsOf(low, months[i].Period.High) != 1 || (int(low.Month())-1)%3 != 0 || !high.Equal(low.AddDate(0, 3, 0)) {
			continue
		}
		q := disclose.ExactSpan{Period: disclose.Period{ID: low.Format("2006-01") + "/P3M", Family: measures.FamilyDisjoint, Low: low, High: high}, Complete: true}
		several := false
		for _, m := range months[i : i+3] {
			q.Cases, q.PersonDays, q.Complete = q.Cases+m.Cases, q.PersonDays+m.PersonDays, q.Complete && m.Complete
			q.Persons = max(q.Persons, m.Persons)
			several = several || m.Persons > 0 && m.Persons < m.Cases
		}
		if !several {
			q.Persons = q.Cases
		}
		e, method := stats.Rate(q.Cases, float64(q.PersonDays)/disclose.DaysPerYear)
		e = e.Scale(float64(multiplier))
		q.Rate, q.Low, q.High, q.Method = e.Value, e.Low, e.High, method
		if math.IsNaN(q.Rate) {
			q.Method = ""
		}
		out = append(out, q)
		i += 2
	}
	return out
}

// prevalenceOf is prevalence on the last day of the shortest separate periods.
func prevalenceOf(rates []measures.Rate, cohort string) []disclose.ExactSpan {
	var out []disclose.ExactSpan
	least := math.MaxInt
	for _, r := range rates {
		months := monthsOf(r.Low, r.High)
		if r.Cohort != cohort || r.Kind != measures.RatePrevalence || r.Family != measures.FamilyDisjoint || months > least {
			continue
		}
		if months < least {
			least, out = months, nil
		}
		out = append(out, spanOf(r))
	}
	return out
}
