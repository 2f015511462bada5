package reports

import (
	"context"
	"slices"

	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/page"
)

// releaseCohort gives a cohort's page what the audience may see: attrition, new cases by year and by the
// shortest periods, outcomes, and Table 1 of all members.
func releaseCohort(ctx context.Context, in input, d measures.Definition, b *disclose.Border) (page.Cohort, error) {
	x := disclose.ExactCohort{Name: d.ID + studyWindow(in), Scale: cohortScale(d)}
	for _, s := range in.attrition {
		if s.Cohort == d.ID {
			x.Steps = append(x.Steps, disclose.ExactStep{Rule: s.Rule, Title: s.Title, Remaining: s.Remaining,
				Persons: s.Persons, Removed: s.RemovedPersons, Most: s.MostEntries})
		}
	}
	for _, y := range in.incidence {
		if y.Cohort == d.ID {
			x.Years = append(x.Years, disclose.ExactYear{Year: y.Year, Cases: y.Cases, Persons: y.Persons, PersonDays: y.PersonDays,
				Rate: y.Rate, Low: y.CILow, High: y.CIHigh, Method: y.Method, Complete: y.Complete})
		}
	}
	for _, o := range in.outcomes {
		if o.Cohort == d.ID {
			x.Outcomes = append(x.Outcomes, disclose.ExactOutcome{ID: o.Outcome, Title: o.Title, AtRisk: o.AtRisk, Events: o.Events, PersonDays: o.PersonDays,
				Persons: o.Persons, EventPersons: o.EventPersons, FreePersons: o.FreePersons, OutsidePersons: o.OutsidePersons,
				Rate: o.Rate, Low: o.CILow, High: o.CIHigh, Method: o.Method})
		}
	}
	for _, l := range in.described {
		switch {
		case l.Cohort != d.ID || l.Stratum != "all":
		case l.Level == "":
			x.Numbers = append(x.Numbers, disclose.ExactNumber{Characteristic: l.Characteristic, Title: l.Title, Members: l.People, Missing: l.Missing,
				Mean: l.Mean, SD: l.SD, Q1: l.Q1, Median: l.Median, Q3: l.Q3})
		default:
			x.Levels = append(x.Levels, disclose.ExactLevel{Characteristic: l.Characteristic, Title: l.Title, Level: l.Level, Members: l.People, Persons: l.Persons, Kin: kinOf(d, l.Characteristic)})
		}
	}
	x.Cross = crossOf(in.described, d.ID, x.Levels)
	x.Compared = comparedOf(in.described, d.ID)
	x.Groups = groupsOf(in, d.ID)
	x.Prevalence = prevalenceOf(in.spans, d.ID)
	x.Curves, x.Expected = curvesOf(in.survival, d.ID), expectedOf(in.adjusted, d.ID)
	released, err := releaseOver(ctx, b, x, shortest(in.spans, d.ID), int64(max(1, d.Multiplier)))
	if err != nil {
		return page.Cohort{}, err
	}
	c := page.Cohort{Definition: d, Released: released}
	if f, err := into[resultsFacts](in.lineage.Facts); err == nil {
		c.StudyLow, c.StudyHigh = f.Low, f.lastDay()
	}
	return c, nil
}

// kinOf is the kind of a characteristic of Table 1.
func kinOf(d measures.Definition, id string) disclose.Kin {
	switch id {
	case "sex":
		return disclose.Sex
	case "age", "race", "ethnicity", "language", "payer", "site":
		return disclose.Unrelated
	case "zip3", "state":
		return disclose.Place
	}
	if slices.ContainsFunc(d.Areas, func(a measures.Area) bool { return a.ID == id }) {
		return disclose.Place
	}
	return disclose.Declared
}

// cohortScale is the person-years that a cohort's rates are per; outcomes have one even where new cases have none.
func cohortScale(d measures.Definition) disclose.Scale { return disclose.Scale(max(1, d.Multiplier)) }

// studyWindow is a part of a cohort's name in the ledger of releases: its members are others over another one.
func studyWindow(in input) string {
	f, err := into[resultsFacts](in.lineage.Facts)
	if err != nil {
		return ""
	}
	return " " + f.Low + ".." + f.High
}
