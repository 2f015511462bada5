package measures

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"farr/internal/source"
	"farr/internal/stats"
	"farr/measures/internal/cohort"
)

// window is a cohort's study window [low, high).
type window struct{ low, high time.Time }

var (
	indexDateColumn = column{"index_date", []string{"DATE"}}
	lowColumn       = column{"low", []string{"DATE"}}
	highColumn      = column{"high", []string{"DATE"}}
)

// cohort evaluates a cohort and leaves run.member: each entry, which is a person and an
// index date in the window, and the rules that it passes, as bits in the order of the
// rules (bit 0 is the entry itself).
func (e *engine) cohort(ctx context.Context, d Definition, w window) (*cohortResult, error) {
	if err := e.need(ctx, "person"); err != nil {
		return nil, err
	}
	hide, err := e.show(ctx, d)
	if err != nil {
		return nil, err
	}
	entry := d.Populations[0]
	err = e.table(ctx, d.ID+" entry", d.place(entry.File), entry.SQL, `CREATE OR REPLACE TABLE run.event AS
		SELECT DISTINCT pid, index_date FROM `+authored+`
		WHERE index_date IS NOT NULL AND pid IN (SELECT pid FROM run.person)`, pidColumn, indexDateColumn)
	if err != nil {
		return nil, err
	}
	err = e.exec(ctx,
		statement{"event", `CREATE OR REPLACE VIEW measure.event AS FROM run.event`},
		statement{"entry", `CREATE OR REPLACE TABLE run.entry AS ` + whichEvent(d.Occurrence, w) + `; CREATE OR REPLACE VIEW measure.entry AS FROM run.entry`})
	if err != nil {
		return nil, err
	}
	shown, err := e.needOfEntries(ctx)
	if err != nil {
		return nil, err
	}
	shown = append(shown, "final", "entry", "event")
	for _, p := range d.Parts {
		if p.File == "" {
			continue
		}
		if err := e.table(ctx, d.ID+" "+p.File, d.place(p.File), p.SQL, "CREATE OR REPLACE TABLE run."+p.Table+" AS SELECT DISTINCT pid FROM "+authored, pidColumn); err != nil {
			return nil, err
		}
		if err := e.exec(ctx, statement{p.File, "CREATE VIEW measure." + p.Table + " AS FROM run." + p.Table}); err != nil {
			return nil, err
		}
		shown = append(shown, p.Table)
	}
	if err := e.members(ctx, d); err != nil {
		return nil, err
	}
	if err := e.listen.hear(ctx, e, d, heardMembers, ""); err != nil {
		return nil, err
	}
	r := &cohortResult{}
	if r.attrition, err = e.attrition(ctx, d); err != nil {
		return nil, err
	}
	if r.incidence, err = e.incidence(ctx, d, w); err != nil {
		return nil, err
	}
	if err := e.traits(ctx, d); err != nil {
		return nil, err
	}
	if r.rates, r.gaps, err = e.rates(ctx, d); err != nil {
		return nil, err
	}
	if err := e.subjects(ctx, d); err != nil {
		return nil, err
	}
	drop, err := e.characteristics(ctx, d)
	if err != nil {
		return nil, err
	}
	if err := e.outcomes(ctx, d, r); err != nil {
		return nil, err
	}
	if r.table1, err = e.describe(ctx, d); err != nil {
		return nil, err
	}
	if err := drop(); err != nil {
		return nil, err
	}
	// Other cohorts may build on this one.
	err = e.exec(ctx, statement{"keep " + d.ID, "CREATE OR REPLACE TABLE measure." + cohort.Table(d.ID) + " AS FROM measure.final"})
	if err != nil {
		return nil, err
	}
	for _, name := range shown {
		if err := e.db.Exec(ctx, "drop "+name, "DROP VIEW measure."+name); err != nil {
			return nil, err
		}
	}
	return r, hide()
}

// cohortResult is what a cohort comes to, beside its members.
type cohortResult struct {
	attrition    []Attrition
	incidence    []Incidence
	rates        []Rate
	gaps         []Gap
	outcomes     []Outcome
	survival     []SurvivalPoint
	comparisons  []Comparison
	adjusted     []Adjusted
	factors      []Factor
	calibrations []Calibration
	table1       []Description
}

// whichEvent selects a person's entries of run.event, which has the entry events of all data:
// prevalence and the time at risk ask for the first of them, whichever is the entry. The
// first ever is sought over all data; only then must it lie in the window.
func whichEvent(occurrence string, w window) string {
	within := fmt.Sprintf("index_date >= DATE '%s' AND index_date < DATE '%s'", day(w.low), day(w.high))
	switch occurrence {
	case occurrenceFirstInWindow:
		return "SELECT pid, min(index_date) AS index_date FROM run.event WHERE " + within + " GROUP BY pid"
	case occurrenceLast:
		return "SELECT pid, max(index_date) AS index_date FROM run.event WHERE " + within + " GROUP BY pid"
	case occurrenceEvery:
		return "FROM run.event WHERE " + within
	}
	return "FROM (SELECT pid, min(index_date) AS index_date FROM run.event GROUP BY pid) WHERE " + within
}

// members leaves run.member: every rule runs once over all entries, and one join brings the
// answers together.
func (e *engine) members(ctx context.Context, d Definition) error {
	mask, from := "1::BIGINT", ""
	for i, r := range d.Rules[1:] {
		table := fmt.Sprintf("run.rule_%d", i+1)
		want, on := []column{pidColumn, indexDateColumn}, "USING (pid, index_date)"
		if r.File != "" { // SQL of authors tells persons
			want, on = want[:1], "USING (pid)"
		}
		err := e.table(ctx, d.ID+" "+r.ID, d.place(r.File), r.SQL, fmt.Sprintf(`CREATE OR REPLACE TABLE %s AS
			SELECT DISTINCT *, true AS passes FROM %s`, table, authored), want...)
		if err != nil {
			return err
		}
		mask += fmt.Sprintf(" + CASE WHEN %s.passes THEN %d ELSE 0 END", table, int64(1)<<(i+1))
		from += " LEFT JOIN " + table + " " + on
	}
	err := e.db.Exec(ctx, d.ID+" members", `CREATE OR REPLACE TABLE run.member AS SELECT entry.pid, entry.index_date, `+mask+` AS rules_passed FROM measure.entry`+from)
	for i := range d.Rules[1:] {
		err = errors.Join(err, e.db.Exec(ctx, "drop rule", fmt.Sprintf("DROP TABLE IF EXISTS run.rule_%d", i+1)))
	}
	return err
}

// place is where a person finds SQL of a cohort: its own file, or the YAML that it was made of.
func (d Definition) place(file string) string {
	if file == "" {
		file = cohortFile
	}
	return path.Join(d.ID, file)
}

// passesAll is the bitmask of a person who passes the first n+1 rules.
func passesAll(n int) int64 { return int64(1)<<(n+1) - 1 }

func (e *engine) attrition(ctx context.Context, d Definition) ([]Attrition, error) {
	var out []Attrition
	for i, r := range d.Rules {
		a := Attrition{Cohort: d.ID, Ordinal: i, Rule: r.ID, Title: r.Title}
		err := e.db.QueryRow(ctx, d.ID+" attrition", fmt.Sprintf(
			`SELECT count(*), %[2]s, (SELECT %[2]s FROM run.member WHERE rules_passed & %[1]d = %[3]d), %[4]s FROM run.member WHERE rules_passed & %[1]d = %[1]d`,
			passesAll(i), personsIn(d, "pid"), passesAll(i-1), mostEntries(d, passesAll(i))), &a.Remaining, &a.Persons, &a.RemovedPersons, &a.MostEntries)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// checkAtRisk refuses time of authors' SQL that runs backwards, or that counts a person's day twice.
func (e *engine) checkAtRisk(ctx context.Context, d Definition, file string) error {
	var backwards, twice int64
	err := e.db.QueryRow(ctx, d.ID+" at risk", `SELECT count(*) FILTER (WHERE low > high), count(*) FILTER (WHERE low < before)
		FROM (SELECT low, high, max(high) OVER (PARTITION BY pid ORDER BY low, high ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM run.at_risk)`, &backwards, &twice)
	if err != nil {
		return err
	}
	var mistakes source.Diagnostics
	report := func(code, message, hint string) {
		mistakes = append(mistakes, source.Diagnostic{Pos: source.Pos{File: d.place(file), Line: 1, Column: 1}, Code: code, Message: message, Hint: hint})
	}
	if backwards > 0 {
		report("backwards", fmt.Sprintf("%d rows end before they begin", backwards), "days at risk are [low, high)")
	}
	if twice > 0 {
		report("overlap", fmt.Sprintf("%d rows overlap another of the same person, whose days would count twice", twice), "unite them")
	}
	return mistakes.Err()
}

// incidence counts the members by calendar year of their index date over the days
// at risk, for each calendar year that lies within the window.
func (e *engine) incidence(ctx context.Context, d Definition, w window) ([]Incidence, error) {
	if len(d.Populations) < 2 {
		return nil, nil
	}
	atRisk := d.Populations[1]
	err := e.table(ctx, d.ID+" at risk", d.place(atRisk.File), atRisk.SQL,
		`CREATE OR REPLACE TABLE run.at_risk AS FROM `+authored+` WHERE pid IS NOT NULL AND low IS NOT NULL AND high IS NOT NULL AND low <> high`, pidColumn, lowColumn, highColumn)
	if err != nil {
		return nil, err
	}
	if atRisk.File != "" {
		if err := e.checkAtRisk(ctx, d, atRisk.File); err != nil {
			return nil, err
		}
	}
	if err := e.exec(ctx, statement{"no time", "DELETE FROM run.at_risk WHERE low > high"}); err != nil {
		return nil, err
	}
	if err := e.listen.hear(ctx, e, d, heardAtRisk, ""); err != nil {
		return nil, err
	}
	var out []Incidence
	for year := w.low.Year(); year < w.high.Year(); year++ {
		low := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		if low.Before(w.low) {
			continue
		}
		high := low.AddDate(1, 0, 0)
		n := Incidence{Cohort: d.ID, Year: year, Complete: e.known(high)}
		err := e.db.QueryRow(ctx, d.ID+" incidence", fmt.Sprintf(`SELECT count(*), `+personsIn(d, "pid")+`,
			(SELECT coalesce(sum(least(high, DATE '%[2]s') - greatest(low, DATE '%[1]s')), 0)::BIGINT
				FROM run.at_risk WHERE low < DATE '%[2]s' AND high > DATE '%[1]s')
			FROM run.member m WHERE `+caseAtRisk+` AND rules_passed = %[3]d AND index_date >= DATE '%[1]s' AND index_date < DATE '%[2]s'`,
			day(low), day(high), passesAll(len(d.Rules)-1)), &n.Cases, &n.Persons, &n.PersonDays)
		if err != nil {
			return nil, err
		}
		estimate, method := stats.Rate(n.Cases, float64(n.PersonDays)/daysPerYear)
		estimate = estimate.Scale(float64(d.Multiplier))
		n.Rate, n.CILow, n.CIHigh, n.Method = estimate.Value, estimate.Low, estimate.High, method
		out = append(out, n)
	}
	return out, nil
}
