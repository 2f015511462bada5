package measures

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"farr/internal/duck"
	"farr/internal/stats"
	"farr/measures/internal/cohort"
)

// Kinds of a cohort's rate.
const (
	RateIncidence  = "incidence"
	RatePrevalence = "prevalence"
)

// unknownAge is the age group of persons without a birth date, and of days on which it cannot be right.
const unknownAge = -1

// ageCuts are the ages at which time is parted: those of the standard populations, of the
// age stratum and of the cohort's own bounds. The last group ends with the ages that are believed.
func ageCuts(d Definition) []int {
	cuts := []int{0, 1, 18}
	for age := 5; age <= 85; age += 5 {
		cuts = append(cuts, age)
	}
	if d.RiskAges != nil {
		cuts = append(cuts, d.RiskAges.From)
		if d.RiskAges.To > 0 {
			cuts = append(cuts, d.RiskAges.To)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	return slices.DeleteFunc(cuts, func(age int) bool { return age > 85 })
}

// cutOf is the age group, as SQL, of a known age in years.
func cutOf(d Definition, years string) string {
	sql := "CASE"
	for _, cut := range slices.Backward(ageCuts(d)) {
		sql += fmt.Sprintf(" WHEN %s >= %d THEN %[2]d", years, cut)
	}
	return sql + fmt.Sprintf(" ELSE %d END", unknownAge)
}

// traits leaves run.trait: what does not change of a person, with the areas of the cohort's
// files.
func (e *engine) traits(ctx context.Context, d Definition) error {
	if err := e.need(ctx, "person"); err != nil {
		return err
	}
	columns, from := "", ""
	for i, a := range d.Areas {
		var rows []string
		for _, m := range a.Members {
			rows = append(rows, fmt.Sprintf("(%s, %s)", duck.Quote(m.Place), duck.Quote(m.Value)))
		}
		of := "p"
		if a.By == byZIP5 { // which the table of persons has not, since most extracts have not
			of = fmt.Sprintf("f%d", i)
			from += " LEFT JOIN fhir.patient " + of + " ON " + of + ".pid = p.pid"
		}
		from += fmt.Sprintf(" LEFT JOIN (VALUES %s) a%d(place, value) ON a%[2]d.place = %s.%s", strings.Join(rows, ", "), i, of, a.By)
		columns += fmt.Sprintf(", coalesce(a%d.value, 'unknown') AS %s", i, cohort.Column(a.ID))
	}
	return e.exec(ctx, statement{"traits", `CREATE OR REPLACE TABLE run.trait AS
		SELECT p.pid, p.birth_date, p.sex, p.race, p.ethnicity, p.language, coalesce(p.zip3, 'unknown') AS zip3, coalesce(p.state, 'unknown') AS state` + columns + `
		FROM run.person p` + from})
}

// cell is what was counted of one age group of a stratum.
type cell struct{ cases, amount int64 }

// cellsOf are the cells of one value of one stratum in one period, by the age at which the
// group begins.
type cellsOf map[int]cell

type cellKey struct{ period, stratum, value string }

// rates are incidence over all periods, by stratum, and prevalence where it is asked, crude
// and standardised.
func (e *engine) rates(ctx context.Context, d Definition) ([]Rate, []Gap, error) {
	var rates []Rate
	cases, persons := map[cellKey]cellsOf{}, map[cellKey]cellsOf{}
	had := map[cellKey]int64{} // persons with a case
	if len(d.Populations) > 1 {
		if err := e.pieces(ctx, d); err != nil {
			return nil, nil, err
		}
	}
	err := e.someAtATime(ctx, func() error {
		if len(d.Populations) > 1 {
			if err := e.personTime(ctx, d, cases); err != nil {
				return err
			}
			if err := e.personsWithCase(ctx, d, had); err != nil {
				return err
			}
		}
		if d.Prevalence {
			return e.prevalent(ctx, d, persons)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if len(d.Populations) > 1 {
		rates = append(rates, e.ratesOf(d, RateIncidence, cases, had)...)
	}
	if d.Prevalence {
		// Cases are some of the persons observed; were a join to repeat them, no interval would tell.
		for k, c := range persons {
			for _, n := range c {
				if n.cases > n.amount {
					return nil, nil, fmt.Errorf("%s: internal error: the prevalence of %s counts more cases than persons by %s", d.ID, k.period, k.stratum)
				}
			}
		}
		rates = append(rates, e.ratesOf(d, RatePrevalence, persons, nil)...)
	}
	return rates, gaps(d, rates), nil
}

// someAtATime counts of one part of the persons after another: what is told of each period, who
// pays and which site it is, would be many rows of all.
func (e *engine) someAtATime(ctx context.Context, count func() error) error {
	var persons int64
	if err := e.db.QueryRow(ctx, "count persons", "SELECT count(*) FROM run.person", &persons); err != nil {
		return err
	}
	if persons <= partPersons {
		return count()
	}
	for low := int64(0); low < persons; low += partPersons {
		if err := e.some(ctx, fmt.Sprintf("WHERE number > %d AND number <= %d", low, low+partPersons)); err != nil {
			return err
		}
		if err := count(); err != nil {
			return err
		}
	}
	return e.some(ctx, "")
}

// some chooses the persons of whom periods are looked at, and forgets what was seen of others.
func (e *engine) some(ctx context.Context, where string) error {
	steps := []statement{{"some persons", "CREATE OR REPLACE TABLE run.some AS SELECT pid FROM run.person " + where}}
	e.made["some"] = true
	for _, table := range []string{"payer", stratumTelehealth} {
		e.made[table] = false
		steps = append(steps, statement{"forget " + table, "DROP TABLE IF EXISTS run." + table})
	}
	for _, months := range e.windows {
		steps = append(steps, statement{"forget sites", fmt.Sprintf("DROP TABLE run.attribution_%d", months)})
	}
	e.windows = nil
	return e.exec(ctx, steps...)
}

// pieces leaves run.piece: time at risk, parted at the birthdays of ageCuts. Days before birth,
// or too long after it, are of unknown age.
func (e *engine) pieces(ctx context.Context, d Definition) error {
	cuts := ageCuts(d)
	const always = 10_000 // years
	rows := []string{fmt.Sprintf("(%d, %d, 0)", unknownAge, -always), fmt.Sprintf("(%d, %d, %d)", unknownAge, oldest+1, always)}
	for i, from := range cuts {
		to := oldest + 1
		if i+1 < len(cuts) {
			to = cuts[i+1]
		}
		rows = append(rows, fmt.Sprintf("(%d, %[1]d, %d)", from, to))
	}
	if err := e.need(ctx, "known_age", "birthday"); err != nil {
		return err
	}
	return e.exec(ctx, statement{"ages", "CREATE OR REPLACE TABLE run.age_group AS FROM (VALUES " + strings.Join(rows, ", ") + ") t(cut, start, next)"},
		statement{"person-time", `CREATE OR REPLACE TABLE run.piece AS
			WITH aged AS (
				SELECT a.pid, a.low, a.high, birth_date, measure.age_on(birth_date, a.low) AS youngest, measure.age_on(birth_date, a.high - 1) AS oldest
				FROM run.at_risk a JOIN run.trait USING (pid)
			)
			SELECT pid, cut, greatest(low, CASE WHEN start <= youngest THEN low ELSE measure.birthday(birth_date, start) END) AS low,
				least(high, CASE WHEN next > oldest THEN high ELSE measure.birthday(birth_date, next) END) AS high
			FROM aged JOIN run.age_group ON next > youngest AND start <= oldest
			UNION ALL
			SELECT pid, ` + fmt.Sprint(unknownAge) + `, low, high FROM aged WHERE birth_date IS NULL`})
}

// caseAtRisk holds of a member m whose index date is a day at risk: a case that arose when nobody
// counted the person's days is no part of a rate over days.
const caseAtRisk = "EXISTS (FROM run.at_risk r WHERE r.pid = m.pid AND m.index_date >= r.low AND m.index_date < r.high)"

// personTime counts days at risk and cases for all periods and strata, each in one pass. A case
// counts at its age on the index date.
func (e *engine) personTime(ctx context.Context, d Definition, cells map[cellKey]cellsOf) error {
	count := func(name, from, amount string, add func(*cell, int64)) error {
		return e.count(ctx, d, name, from, amount, cells, add)
	}
	err := count("person-days", `run.piece x JOIN measure.period p ON x.low < p.high AND x.high > p.low`,
		"sum(least(x.high, p.high) - greatest(x.low, p.low))", func(c *cell, n int64) { c.amount += n })
	if err != nil {
		return err
	}
	return count("cases", fmt.Sprintf(`(SELECT pid, index_date, %s AS cut FROM (
			SELECT m.pid, m.index_date, run.known_age(t.birth_date, m.index_date) AS years FROM run.member m JOIN run.trait t USING (pid) WHERE rules_passed = %d AND `+caseAtRisk+`)) x JOIN measure.period p ON x.index_date >= p.low AND x.index_date < p.high`, cutOf(d, "years"), passesAll(len(d.Rules)-1)),
		"count(*)", func(c *cell, n int64) { c.cases += n })
}

// prevalent counts, of the persons under observation and alive on a period's last day, those
// with an entry event until then.
func (e *engine) prevalent(ctx context.Context, d Definition, cells map[cellKey]cellsOf) error {
	if err := e.need(ctx, "known_age"); err != nil {
		return err
	}
	observed := `(SELECT pid, period, high, ` + cutOf(d, "years") + ` AS cut FROM (
			SELECT DISTINCT o.pid, q.period, q.high, run.known_age(s.birth_date, q.high - 1) AS years
			FROM observation_period o JOIN measure.period q ON o.period_start < q.high AND o.period_end >= q.high - 1
			JOIN run.person s ON s.pid = o.pid WHERE s.death IS NULL OR s.death >= q.high)) x JOIN measure.period p ON p.period = x.period`
	err := e.count(ctx, d, "observed", observed, "count(*)", cells, func(c *cell, n int64) { c.amount += n })
	if err != nil {
		return err
	}
	had := ` JOIN (SELECT pid, min(index_date) AS first_day FROM run.event GROUP BY pid) v ON v.pid = x.pid AND v.first_day < p.high`
	return e.count(ctx, d, "prevalent", observed+had, "count(*)", cells, func(c *cell, n int64) { c.cases += n })
}

// count adds up an amount of rows x(pid, cut) in periods p, by age and each stratum in one
// pass. The site and the payer are those of the period.
func (e *engine) count(ctx context.Context, d Definition, name, from, amount string, cells map[cellKey]cellsOf, add func(*cell, int64)) error {
	columns := map[string]string{"payer": "coalesce(y.payer, 'none'::run.payer_name)", "site": "'unattributed'"}
	if err := e.need(ctx, "some"); err != nil {
		return err
	}
	joins := " JOIN run.trait t ON t.pid = x.pid SEMI JOIN run.some z ON z.pid = x.pid"
	sets := []string{"(p.period, x.cut)"}
	stratum, value := "CASE", ""
	for _, s := range d.Strata {
		switch s {
		case "age":
			continue // made of the groups by age
		case "payer":
			if err := e.need(ctx, "payer"); err != nil {
				return err
			}
			joins += " LEFT JOIN run.payer y ON y.pid = x.pid AND y.period = p.period"
		case stratumTelehealth:
			if err := e.need(ctx, stratumTelehealth); err != nil {
				return err
			}
			columns[s] = "CASE WHEN virtual.pid IS NULL THEN 'no' ELSE 'yes' END"
			joins += " LEFT JOIN run.telehealth virtual ON virtual.pid = x.pid AND virtual.period = p.period"
		case "site":
			table, err := e.attribution(ctx, d.AttributionMonths)
			if err != nil {
				return err
			}
			columns["site"] = "coalesce(s.site, 'unattributed'::run.site_name)"
			joins += " LEFT JOIN " + table + " s ON s.pid = x.pid AND s.high = p.high"
		}
		expression := columns[s]
		if expression == "" {
			expression = "t." + cohort.Column(s)
		}
		sets = append(sets, "(p.period, x.cut, "+expression+")")
		stratum += fmt.Sprintf(" WHEN grouping(%s) = 0 THEN '%s'", expression, s)
		value += expression + "::VARCHAR, "
	}
	stratum += " ELSE 'all' END"
	if len(sets) == 1 {
		stratum = "'all'"
	}
	rows, err := e.db.Query(ctx, d.ID+" "+name, `SELECT p.period::VARCHAR, x.cut, `+stratum+`, coalesce(`+value+`'all'), (`+amount+`)::BIGINT
		FROM `+from+joins+` GROUP BY GROUPING SETS (`+strings.Join(sets, ", ")+`)`)
	if err != nil {
		return err
	}
	defer rows.Close()
	put := func(k cellKey, cut int, n int64) {
		if cells[k] == nil {
			cells[k] = cellsOf{}
		}
		c := cells[k][cut]
		add(&c, n)
		cells[k][cut] = c
	}
	for rows.Next() {
		var k cellKey
		var cut int
		var n int64
		if err := rows.Scan(&k.period, &cut, &k.stratum, &k.value, &n); err != nil {
			return err
		}
		put(k, cut, n)
		if k.stratum == stratumAll && slices.Contains(d.Strata, "age") {
			put(cellKey{k.period, "age", ageBand(cut)}, cut, n)
		}
	}
	return rows.Err()
}

// ageBand is the value of the stratum age that a group of ages is in.
func ageBand(cut int) string {
	switch {
	case cut < 0:
		return "unknown"
	case cut < 18:
		return "0-17"
	case cut < 45:
		return "18-44"
	case cut < 65:
		return "45-64"
	case cut < 75:
		return "65-74"
	case cut < 85:
		return "75-84"
	}
	return "85+"
}

// ratesOf makes rates of cells, with the standardised ones beside. Persons are those of the numerator
// where one may be in it more than once.
func (e *engine) ratesOf(d Definition, kind string, cells map[cellKey]cellsOf, persons map[cellKey]int64) []Rate {
	var out []Rate
	place := places(d)
	for i, p := range e.periods {
		whole := cells[cellKey{p.ID, stratumAll, stratumAll}]
		if whole == nil {
			whole = cellsOf{}
			cells[cellKey{p.ID, stratumAll, stratumAll}] = whole
		}
		for k, c := range cells {
			if k.period != p.ID {
				continue
			}
			r := Rate{Cohort: d.ID, Kind: kind, Period: p.ID, Family: p.Family, Low: p.Low, High: p.High, Stratum: k.stratum, Value: k.value, Complete: e.known(p.High), order: i, place: place(k.stratum, k.value)}
			for _, n := range c {
				r.Numerator, r.Denominator = r.Numerator+n.cases, r.Denominator+n.amount
			}
			r.Persons = r.Numerator
			if kind == RateIncidence && d.recurs() {
				r.Persons = persons[k]
			}
			var crude stats.Estimate
			per := 1.0
			if kind == RateIncidence {
				per = float64(d.Multiplier) * daysPerYear
				crude, r.Method = stats.Rate(r.Numerator, float64(r.Denominator))
				crude = crude.Scale(per)
			} else {
				crude, r.Method = stats.Wilson(r.Numerator, r.Denominator), stats.MethodWilson
			}
			r.Rate, r.CILow, r.CIHigh = crude.Value, crude.Low, crude.High
			r.standardise(d, c, whole, per)
			out = append(out, r)
		}
	}
	slices.SortFunc(out, compareRates)
	return out
}

// standardise adds the directly standardised rate and the ratio of cases to those expected
// at the rates of all people of the period, both within the ages at risk.
func (r *Rate) standardise(d Definition, c, whole cellsOf, per float64) {
	r.Adjusted, r.AdjustedLow, r.AdjustedHigh = notANumber, notANumber, notANumber
	r.Expected, r.Ratio, r.RatioLow, r.RatioHigh = notANumber, notANumber, notANumber, notANumber
	if d.Standard == "" {
		return
	}
	var strata, reference []stats.Stratum
	var observed int64
	cuts := ageCuts(d)
	for i, from := range cuts {
		to := 0
		if i+1 < len(cuts) {
			to = cuts[i+1]
		}
		if d.RiskAges != nil && (from < d.RiskAges.From || d.RiskAges.To > 0 && from >= d.RiskAges.To) {
			continue
		}
		n, all := c[from], whole[from]
		strata = append(strata, stats.Stratum{Events: n.cases, Time: float64(n.amount), Weight: stats.Standards[d.Standard].Between(from, to)})
		if n.cases > 0 {
			r.CaseAges++
		}
		if observed += n.cases; all.amount > 0 {
			reference = append(reference, stats.Stratum{Time: float64(n.amount), Weight: float64(all.cases) / float64(all.amount)})
		}
	}
	direct, err := stats.Direct(strata)
	if err != nil {
		r.Reason = err.Error()
	} else {
		e := direct.Gamma.Scale(per)
		r.Adjusted, r.AdjustedLow, r.AdjustedHigh = e.Value, e.Low, e.High
	}
	if r.Expected = stats.Expected(reference); r.Expected > 0 {
		e := stats.IndirectRatio(observed, r.Expected)
		r.Ratio, r.RatioLow, r.RatioHigh = e.Value, e.Low, e.High
	}
}
