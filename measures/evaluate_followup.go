package measures

import (
	"context"
	"fmt"
	"slices"

	"farr/internal/stats"
)

// subjects leaves run.cohort_subject: each entry that passes all rules, with its strata as
// they are on the index date. The site is that of most visits in the months before it.
func (e *engine) subjects(ctx context.Context, d Definition) error {
	if err := e.need(ctx, "known_age", "cover"); err != nil {
		return err
	}
	site, visits := "'unattributed'", ""
	if d.Attribution != "" {
		if err := e.need(ctx, "visits by site"); err != nil {
			return err
		}
		site = "coalesce(site, 'unattributed'::run.site_name)"
		visits = fmt.Sprintf(`, visited AS (
				SELECT pid, index_date, site, sum(visits) AS visits, max(latest) AS latest
				FROM measure.final JOIN run.visit_site USING (pid)
				WHERE month < date_trunc('month', index_date) AND month >= date_trunc('month', index_date) - INTERVAL %d MONTH
				GROUP BY ALL
			), attributed AS (
				SELECT DISTINCT ON (pid, index_date) pid, index_date, site FROM visited ORDER BY pid, index_date, visits DESC, latest DESC, site
			)`, d.AttributionMonths)
	} else {
		visits = ", attributed AS (SELECT pid, index_date, NULL AS site FROM measure.final WHERE false)"
	}
	virtual, met := "", ""
	if slices.Contains(d.Strata, stratumTelehealth) {
		if err := e.need(ctx, "finished_encounter"); err != nil {
			return err
		}
		virtual = ", CASE WHEN virtual.pid IS NULL THEN 'no' ELSE 'yes' END AS " + stratumTelehealth
		visits += `, virtual AS (
				SELECT DISTINCT pid, index_date FROM measure.final JOIN measure.finished_encounter USING (pid)
				WHERE class = 'VR' AND start_day < index_date AND start_day >= index_date - INTERVAL 1 YEAR
			)`
		met = " LEFT JOIN virtual USING (pid, index_date)"
	}
	return e.exec(ctx,
		statement{"final", fmt.Sprintf(`CREATE OR REPLACE VIEW measure.final AS SELECT pid, index_date FROM run.member WHERE rules_passed = %d`, passesAll(len(d.Rules)-1))},
		statement{"cohort subjects", `CREATE OR REPLACE TABLE run.cohort_subject AS
			WITH insured AS (
				SELECT pid, index_date, arg_max(payer, rank) AS payer
				FROM measure.final JOIN run.cover USING (pid)
				WHERE start_at < index_date + 1 AND end_at >= index_date
				GROUP BY ALL
			)` + visits + `, aged AS (
				SELECT index_date, t.* EXCLUDE (birth_date), run.known_age(birth_date, index_date) AS years, coalesce(payer, 'none'::run.payer_name) AS payer, ` + site + ` AS site` + virtual + `
				FROM measure.final JOIN run.trait t USING (pid) LEFT JOIN insured USING (pid, index_date) LEFT JOIN attributed USING (pid, index_date)` + met + `
			)
			SELECT *, (` + ageBands + `)::run.age_band AS age FROM aged`})
}

// outcomes follows the cohort for each outcome and gives it by stratum.
func (e *engine) outcomes(ctx context.Context, d Definition, r *cohortResult) error {
	for _, o := range d.Outcomes {
		err := e.table(ctx, d.ID+" "+o.ID, d.place(o.File), o.SQL, `CREATE OR REPLACE TABLE run.followed AS FROM `+authored,
			pidColumn, indexDateColumn, stateColumn, daysColumn, happenedColumn, wholeColumn)
		if err != nil {
			return err
		}
		if err := e.listen.hear(ctx, e, d, heardOutcome, o.ID); err != nil {
			return err
		}
		strata, err := e.followed(ctx, d, o)
		if err != nil {
			return err
		}
		for _, s := range strata {
			outcome, steps := s.estimate(d)
			r.outcomes, r.survival = append(r.outcomes, outcome), append(r.survival, steps...)
		}
		r.comparisons = append(r.comparisons, compare(strata)...)
		if len(o.Adjust) > 0 {
			if err := e.adjust(ctx, d, o, r); err != nil {
				return err
			}
		}
	}
	return nil
}

var (
	stateColumn    = column{"state", []string{"VARCHAR"}}
	daysColumn     = column{"days", wholeNumber}
	happenedColumn = column{"happened", []string{"BOOLEAN"}}
	wholeColumn    = column{"whole", []string{"BOOLEAN"}}
)

// followedStratum is what became of one stratum's people, those alike counted together.
type followedStratum struct {
	Outcome
	people []stats.Follow
}

// followed counts, in one pass for all strata.
func (e *engine) followed(ctx context.Context, d Definition, o Rule) ([]followedStratum, error) {
	columns, sets := groups(d.Strata, ", state, days, happened")
	rows, err := e.db.Query(ctx, d.ID+" "+o.ID, `SELECT `+columns+`, state, days, happened, count(*)
		FROM (SELECT f.state, coalesce(f.days, 0)::BIGINT AS days, f.happened`+renamed(d.Strata)+`
			FROM run.followed f JOIN run.cohort_subject s ON s.pid = f.pid AND s.index_date = f.index_date)
		GROUP BY GROUPING SETS (`+sets+`)
		ORDER BY ALL`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []followedStratum
	for rows.Next() {
		var name, value, state string
		var days, people int64
		var happened bool
		if err := rows.Scan(&name, &value, &state, &days, &happened, &people); err != nil {
			return nil, err
		}
		if n := len(out); n == 0 || out[n-1].Stratum != name || out[n-1].Value != value {
			out = append(out, followedStratum{Outcome: Outcome{Cohort: d.ID, Outcome: o.ID, Title: o.Title, Stratum: name, Value: value}})
		}
		s := &out[len(out)-1]
		switch state {
		case "washed out":
			s.WashedOut += people
		case "no time":
			s.NoTime += people
		default:
			s.AtRisk += people
			s.PersonDays += days * people
			if happened {
				s.Events += people
			}
			s.people = append(s.people, stats.Follow{Time: float64(days), Event: happened, People: people})
		}
	}
	if len(out) == 0 { // nobody is in the cohort
		out = append(out, followedStratum{Outcome: Outcome{Cohort: d.ID, Outcome: o.ID, Title: o.Title, Stratum: stratumAll, Value: stratumAll}})
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return out, e.followedPersons(ctx, d, o, out)
}

// estimate gives the rate over person-time and the curve. Without people at risk both are
// not calculable, and the outcome says why.
func (s followedStratum) estimate(d Definition) (Outcome, []SurvivalPoint) {
	o := s.Outcome
	multiplier := float64(max(1, d.Multiplier))
	rate, method := stats.Rate(o.Events, float64(o.PersonDays)/daysPerYear)
	rate = rate.Scale(multiplier)
	o.Rate, o.CILow, o.CIHigh, o.Method = rate.Value, rate.Low, rate.High, method
	curve, err := stats.KaplanMeier(s.people)
	if err != nil {
		o.Reason, o.Median = err.Error(), notANumber
		return o, nil
	}
	points := []SurvivalPoint{{Cohort: d.ID, Outcome: o.Outcome, Stratum: o.Stratum, Value: o.Value, AtRisk: o.AtRisk, Survival: 1, CILow: 1, CIHigh: 1}}
	for _, step := range curve.Steps {
		points = append(points, SurvivalPoint{Cohort: d.ID, Outcome: o.Outcome, Stratum: o.Stratum, Value: o.Value,
			Day: int64(step.Time), AtRisk: step.Risk, Events: step.Events, Survival: step.S.Value, CILow: step.S.Low, CIHigh: step.S.High})
	}
	if median, err := curve.Median(); err == nil {
		o.Median = median.Value
	} else {
		o.Median = notANumber
	}
	return o, points
}

// compare tests for each stratum whether its groups' curves differ.
func compare(strata []followedStratum) []Comparison {
	var out []Comparison
	for i := 0; i < len(strata); {
		j := i
		for j < len(strata) && strata[j].Stratum == strata[i].Stratum {
			j++
		}
		if s := strata[i]; s.Stratum != stratumAll {
			c := Comparison{Cohort: s.Cohort, Outcome: s.Outcome.Outcome, Stratum: s.Stratum, Groups: j - i}
			var people []stats.Follow
			var groups []int
			for g, group := range strata[i:j] {
				people = append(people, group.people...)
				groups = append(groups, slices.Repeat([]int{g}, len(group.people))...)
			}
			test, _, err := stats.LogRank(people, groups, nil)
			if err != nil {
				c.Reason, c.Chi2, c.P = err.Error(), notANumber, notANumber
			} else {
				c.Chi2, c.DF, c.P = test.Chi2, test.DF, test.P
			}
			out = append(out, c)
		}
		i = j
	}
	return out
}
