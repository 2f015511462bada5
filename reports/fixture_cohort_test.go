package reports

import (
	"math"

	"farr/internal/stats"
	"farr/measures"
)

// ageGroups are those of a constructed cohort with their share of the members, in parts of 20.
var ageGroups = []struct {
	id    string
	share int64
}{{"18-44", 3}, {"45-64", 7}, {"65-74", 6}, {"75-84", 3}, {"85+", 1}}

// tables adds to a constructed cohort of so many members what its page has beside levels and outcomes: a number,
// age by sex, rates by group, survival, and what was expected.
func (in *input) tables(cohort string, members int64) {
	in.described = append(in.described, measures.Description{Cohort: cohort, Stratum: "all", Value: "all", Characteristic: "age", Title: "Age in years", People: members,
		Mean: 61.347, SD: 14.128, Q1: 51.5, Median: 62, Q3: 72.25},
		measures.Description{Cohort: cohort, Stratum: "all", Value: "all", Characteristic: "ldl", Title: "Newest LDL cholesterol, mg/dL", People: members, Missing: members / 5,
			Mean: 112.4567, SD: 31.25, Q1: 90, Median: 110, Q3: 131})
	sexes := map[string]int64{"female": members - members/3 - 2, "male": members / 3, "unknown": 2}
	left := map[string]int64{"female": sexes["female"], "male": sexes["male"], "unknown": 2}
	for i, g := range ageGroups {
		total := int64(0)
		for _, sex := range []string{"female", "male", "unknown"} {
			n := sexes[sex] * g.share / 20
			if i == 1 {
				n += left[sex] - sumOfShares(sexes[sex])
			}
			total += n
			in.described = append(in.described, measures.Description{Cohort: cohort, Stratum: "sex", Value: sex, Characteristic: "age", Title: "Age group", Level: g.id, People: n, Persons: n})
		}
		in.described = append(in.described, measures.Description{Cohort: cohort, Stratum: "all", Value: "all", Characteristic: "age", Title: "Age group", Level: g.id, People: total, Persons: total})
	}
	in.grouped = append(in.grouped, in.groupsOf(cohort)...)
	for _, o := range in.outcomes {
		if o.Cohort == cohort {
			in.survival = append(in.survival, stepsOf(o)...)
		}
	}
	first := in.outcomes[0]
	for _, g := range []struct {
		stratum, value string
		people, part   int64
	}{{"all", "all", first.AtRisk, first.Events}, {"site", "Clinic 1", first.AtRisk - first.AtRisk/3, first.Events - first.Events/2}, {"site", "Clinic 2", first.AtRisk / 3, first.Events / 2}} {
		expected := float64(first.Events) * float64(g.people) / float64(first.AtRisk)
		r := stats.IndirectRatio(g.part, expected)
		in.adjusted = append(in.adjusted, measures.Adjusted{Cohort: cohort, Outcome: first.Outcome, Stratum: g.stratum, Value: g.value, People: g.people, Observed: g.part,
			Expected: expected, Ratio: r.Value, RatioLow: r.Low, RatioHigh: r.High})
	}
}

func sumOfShares(n int64) int64 {
	sum := int64(0)
	for _, g := range ageGroups {
		sum += n * g.share / 20
	}
	return sum
}

// groupsOf are the cases of the second year by sex and state.
func (in *input) groupsOf(cohort string) []measures.Rate {
	var year measures.Incidence
	for _, y := range in.incidence {
		if y.Cohort == cohort {
			year = y
		}
	}
	one := func(stratum, value string, cases, days int64) measures.Rate {
		r := measures.Rate{Cohort: cohort, Kind: measures.RateIncidence, Period: "P12M/2025-12", Family: measures.FamilyRolling, Low: day(2025, 1, 1), High: day(2026, 1, 1),
			Stratum: stratum, Value: value, Numerator: cases, Persons: cases, Denominator: days, Complete: true, CaseAges: int(min(cases, 4)),
			Adjusted: math.NaN(), AdjustedLow: math.NaN(), AdjustedHigh: math.NaN()}
		n, method := stats.Rate(cases, float64(days)/365.25)
		n = n.Scale(1000)
		r.Rate, r.CILow, r.CIHigh, r.Method = n.Value, n.Low, n.High, method
		if cases >= 10 {
			r.Adjusted, r.AdjustedLow, r.AdjustedHigh = n.Value*1.0731, n.Low*1.05, n.High*1.1
		}
		return r
	}
	in.spans = append(in.spans, one("all", "all", year.Cases, year.PersonDays))
	var out []measures.Rate
	part := func(stratum string, shares map[string]int64, order ...string) {
		cases, days := year.Cases, year.PersonDays
		for i, value := range order {
			n, d := year.Cases*shares[value]/100, year.PersonDays*shares[value]/100
			if i == len(order)-1 {
				n, d = cases, days
			}
			cases, days = cases-n, days-d
			out = append(out, one(stratum, value, n, d))
		}
	}
	part("sex", map[string]int64{"female": 55, "male": 40}, "female", "male", "unknown")
	part("state", map[string]int64{"CT": 20, "MA": 12, "NJ": 30}, "CT", "MA", "NJ", "NY", "unknown")
	return out
}

// stepsOf is a table of survival in which a twentieth of the events is on each of days 10, 20 and so on, and some leave.
func stepsOf(o measures.Outcome) []measures.SurvivalPoint {
	risk := o.AtRisk
	out := []measures.SurvivalPoint{{Cohort: o.Cohort, Outcome: o.Outcome, Stratum: "all", Value: "all", AtRisk: risk, Survival: 1, CILow: 1, CIHigh: 1}}
	free, events := o.AtRisk-o.Events, o.Events
	for i := int64(1); i <= 20; i++ {
		n := o.Events / 20
		if i == 20 {
			n = events
		}
		if n == 0 {
			continue
		}
		out = append(out, measures.SurvivalPoint{Cohort: o.Cohort, Outcome: o.Outcome, Stratum: "all", Value: "all", Day: 10 * i, AtRisk: risk, Events: n})
		lost := free / 60
		events, risk = events-n, risk-n-lost
	}
	return out
}
