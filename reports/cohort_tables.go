package reports

import (
	"farr/measures"
	"farr/reports/internal/disclose"
)

// crossOf counts members by age group and sex: Table 1 by sex has the age groups, and Table 1 by age the sexes, as the
// cohort asks for the one or the other. The levels are those of all members.
func crossOf(described []measures.Description, cohort string, levels []disclose.ExactLevel) disclose.ExactCross {
	x := disclose.ExactCross{Rows: "age", Columns: "sex"}
	for _, l := range levels {
		switch l.Characteristic {
		case x.Rows:
			x.RowLevels = append(x.RowLevels, l.Level)
		case x.Columns:
			x.ColumnLevels = append(x.ColumnLevels, l.Level)
		}
	}
	type pair struct{ age, sex string }
	members, persons := map[pair]int64{}, map[pair]int64{}
	for _, r := range described {
		at := pair{r.Value, r.Level}
		switch {
		case r.Cohort != cohort || r.Level == "":
			continue
		case r.Stratum == "sex" && r.Characteristic == "age":
			at = pair{r.Level, r.Value}
		case r.Stratum != "age" || r.Characteristic != "sex":
			continue
		}
		members[at], persons[at] = r.People, r.Persons
	}
	if len(members) == 0 {
		return disclose.ExactCross{}
	}
	for _, age := range x.RowLevels {
		var n, who []int64
		for _, sex := range x.ColumnLevels {
			n, who = append(n, members[pair{age, sex}]), append(who, persons[pair{age, sex}])
		}
		x.Members, x.Persons = append(x.Members, n), append(x.Persons, who)
	}
	return x
}

// comparedOf compares women with men: Table 1 by sex, where the cohort asks for it and has both.
func comparedOf(described []measures.Description, cohort string) []disclose.ExactCompared {
	sexes := map[string]int{"female": 0, "male": 1}
	type key struct{ characteristic, level string }
	at := map[key]int{}
	var out []disclose.ExactCompared
	var both [2]bool
	of := map[string]*[2]int64{} // members of each sex by characteristic
	for _, r := range described {
		i, ok := sexes[r.Value]
		if r.Cohort != cohort || r.Stratum != "sex" || !ok || r.Characteristic == "sex" {
			continue
		}
		both[i] = true
		k := key{r.Characteristic, r.Level}
		n, known := at[k]
		if !known {
			n = len(out)
			at[k] = n
			out = append(out, disclose.ExactCompared{Characteristic: r.Characteristic, Title: r.Title, Level: r.Level})
		}
		c := &out[n]
		c.Members[i], c.Mean[i], c.SD[i] = r.People, r.Mean, r.SD
		if r.Level == "" {
			c.Members[i], c.Of[i] = r.People-r.Missing, r.People
			continue
		}
		if of[r.Characteristic] == nil {
			of[r.Characteristic] = &[2]int64{}
		}
		of[r.Characteristic][i] += r.People
	}
	for i := range out {
		if out[i].Level != "" {
			out[i].Of = *of[out[i].Characteristic]
		}
	}
	if !both[0] || !both[1] {
		return nil
	}
	return out
}

// groupsOf are the new cases by stratum.
func groupsOf(in input, cohort string) disclose.ExactGroups {
	var g disclose.ExactGroups
	for _, r := range in.grouped {
		if r.Cohort == cohort && r.Kind == measures.RateIncidence {
			g.Period = disclose.Period{ID: r.Period, Family: r.Family, Low: r.Low, High: r.High}
			g.Rows = append(g.Rows, groupOf(r))
		}
	}
	for _, r := range in.spans {
		if r.Cohort == cohort && r.Kind == measures.RateIncidence && r.Period == g.Period.ID {
			g.All = groupOf(r)
		}
	}
	return g
}

func groupOf(r measures.Rate) disclose.ExactGroup {
	return disclose.ExactGroup{Stratum: r.Stratum, Value: r.Value, Cases: r.Numerator, Persons: r.Persons, PersonDays: r.Denominator,
		Rate: r.Rate, Low: r.CILow, High: r.CIHigh, Method: r.Method, Adjusted: r.Adjusted, AdjustedLow: r.AdjustedLow, AdjustedHigh: r.AdjustedHigh,
		CaseAges: r.CaseAges, Complete: r.Complete}
}

// curvesOf are the survival tables of a cohort's outcomes.
func curvesOf(points []measures.SurvivalPoint, cohort string) []disclose.ExactCurve {
	var out []disclose.ExactCurve
	for _, p := range points {
		if p.Cohort != cohort {
			continue
		}
		if n := len(out); n == 0 || out[n-1].Outcome != p.Outcome {
			out = append(out, disclose.ExactCurve{Outcome: p.Outcome})
		}
		last := &out[len(out)-1]
		last.Points = append(last.Points, disclose.ExactPoint{Day: p.Day, AtRisk: p.AtRisk, Events: p.Events})
	}
	return out
}

// expectedOf are a cohort's outcomes that are adjusted for risk.
func expectedOf(adjusted []measures.Adjusted, cohort string) []disclose.ExactExpected {
	var out []disclose.ExactExpected
	for _, a := range adjusted {
		if a.Cohort != cohort {
			continue
		}
		if n := len(out); n == 0 || out[n-1].Outcome != a.Outcome {
			out = append(out, disclose.ExactExpected{Outcome: a.Outcome, Reason: a.Reason})
		}
		last := &out[len(out)-1]
		g := disclose.ExactObserved{Stratum: a.Stratum, Value: a.Value, People: a.People, Observed: a.Observed, Expected: a.Expected}
		if a.Stratum == "all" {
			last.All = g
		} else {
			last.Rows = append(last.Rows, g)
		}
	}
	return out
}
