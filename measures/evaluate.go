package measures

import (
	"context"
	"fmt"
	"path"
	"strings"
)

// ageBands is the stratum age, by the known age on the last day of the period.
const ageBands = `CASE
	WHEN years IS NULL THEN 'unknown' WHEN years < 18 THEN '0-17' WHEN years < 45 THEN '18-44' WHEN years < 65 THEN '45-64'
	WHEN years < 75 THEN '65-74' WHEN years < 85 THEN '75-84' ELSE '85+' END`

// evaluate computes a measure's populations for all periods and leaves run.subject:
// one row for each subject in the initial population, with what it counts for and its
// strata. Populations are evaluated in FHIR's order, and each sees the initial
// population before it.
func (e *engine) evaluate(ctx context.Context, d Definition) error {
	if err := e.need(ctx, "person"); err != nil {
		return err
	}
	hide, err := e.show(ctx, d)
	if err != nil {
		return err
	}
	tables := map[string]string{} // by population
	byText := map[string]string{} // by SQL: a file that serves two populations runs once
	for i, p := range d.Populations {
		table, ok := byText[p.SQL]
		if !ok {
			table = fmt.Sprintf("run.population_%d", i)
			if err := e.population(ctx, d, p, table); err != nil {
				return err
			}
			byText[p.SQL] = table
		}
		tables[p.Name] = table
		if p.Name == initialPopulation {
			if err := e.showInitialPopulation(ctx, d, table); err != nil {
				return err
			}
		}
	}
	if err := e.roles(ctx, d, tables); err != nil {
		return err
	}
	if err := e.stratify(ctx, d); err != nil {
		return err
	}
	if err := e.careGaps(ctx, d); err != nil {
		return err
	}
	// The next measure must not see this one's.
	for _, table := range byText {
		if err := e.db.Exec(ctx, "drop population", "DROP TABLE "+table); err != nil {
			return err
		}
	}
	if err := e.db.Exec(ctx, "drop initial population", "DROP VIEW measure.initial_population"); err != nil {
		return err
	}
	return hide()
}

// population runs one SELECT into a table with each subject once.
func (e *engine) population(ctx context.Context, d Definition, p Population, table string) error {
	want := []column{pidColumn, periodColumn}
	if d.Basis == BasisEncounter {
		want = append(want, episodeColumn)
	}
	key := subjectKey(d, "")
	values := ""
	if d.Scoring == ScoringRate && p.Name != denominatorExclusion {
		want = append(want, valueColumn)
		values = ", sum(value)::BIGINT AS value"
	}
	// Rows outside the measure's people and periods cannot count, so NULL keys go.
	return e.table(ctx, d.ID+" "+p.Name, path.Join(d.ID, p.File), p.SQL, fmt.Sprintf(`CREATE TABLE %s AS
		SELECT pid, period::run.period_id AS period%s%s
		FROM %s
		WHERE pid IS NOT NULL AND period IS NOT NULL
		GROUP BY ALL`, table, strings.TrimPrefix(key, "pid, period"), values, authored), want...)
}

// subjectKey is the columns that name a subject, each with the prefix.
func subjectKey(d Definition, prefix string) string {
	key := prefix + "pid, " + prefix + "period"
	if d.Basis == BasisEncounter {
		key += ", " + prefix + "episode"
	}
	return key
}

func (e *engine) showInitialPopulation(ctx context.Context, d Definition, table string) error {
	return e.db.Exec(ctx, "initial population", `CREATE VIEW measure.initial_population AS
		SELECT `+subjectKey(d, "i.")+`, family, low, high, gender, birth_date
		FROM `+table+` i
		JOIN measure.period USING (period)
		JOIN run.person USING (pid)`)
}

// roles joins the populations into the view run.role: each subject of the initial
// population with what it counts for. A subject counts in the denominator when it is not
// excluded, and in the numerator only when it counts in the denominator. The column
// populations has bit i where the subject is in the definition's population i.
func (e *engine) roles(ctx context.Context, d Definition, tables map[string]string) error {
	from := ""
	join := func(population, alias string) (present, value string) {
		table, ok := tables[population]
		if !ok {
			return "false", "NULL"
		}
		from += fmt.Sprintf("\nLEFT JOIN %s %s ON %[2]s.pid = i.pid AND %[2]s.period = i.period", table, alias)
		if d.Basis == BasisEncounter {
			from += fmt.Sprintf(" AND %s.episode = i.episode", alias)
		}
		return alias + ".pid IS NOT NULL", alias + ".value"
	}
	episode := "NULL::UUID"
	if d.Basis == BasisEncounter {
		episode = "i.episode"
	}
	present := map[string]string{initialPopulation: "true"}
	var denominatorValue, numeratorValue string
	present[denominator], denominatorValue = join(denominator, "d")
	if tables[denominator] == "" {
		present[denominator] = "true"
	}
	present[denominatorExclusion], _ = join(denominatorExclusion, "x")
	present[numerator], numeratorValue = join(numerator, "n")
	if d.Scoring == ScoringRate {
		present[denominator] += " AND " + denominatorValue + " > 0"
	} else {
		denominatorValue, numeratorValue = "NULL", "NULL"
	}
	present[numerator] += " AND " + present[denominator] + " AND NOT " + present[denominatorExclusion]
	var bits []string
	for i, p := range d.Populations {
		bits = append(bits, bit(present[p.Name], i))
	}
	return e.db.Exec(ctx, d.ID+" roles", fmt.Sprintf(`CREATE OR REPLACE VIEW run.role AS
		SELECT i.pid, i.period, %s AS episode, %s AS populations, %s AND NOT %s AS denominator, %[4]s AS denominator_exclusion,
			false AS denominator_exception, %[5]s AS numerator, false AS numerator_exclusion,
			%[6]s::DOUBLE AS numerator_value, %[7]s::DOUBLE AS denominator_value
		FROM %[8]s i%[9]s`,
		episode, strings.Join(bits, " + "), present[denominator], present[denominatorExclusion], present[numerator],
		numeratorValue, denominatorValue, tables[initialPopulation], from))
}

// bit is 1 shifted to place i where the condition holds, and 0 elsewhere.
func bit(condition string, i int) string {
	return fmt.Sprintf("CASE WHEN %s THEN %d ELSE 0 END", condition, 1<<i)
}

// stratify adds the strata to run.role, as the table run.subject.
func (e *engine) stratify(ctx context.Context, d Definition) error {
	if err := e.need(ctx, "known_age", "person", "payer"); err != nil {
		return err
	}
	site, siteJoin := "'unattributed'", ""
	switch d.Attribution {
	case AttributionPlurality:
		table, err := e.attribution(ctx, d.AttributionMonths)
		if err != nil {
			return err
		}
		site, siteJoin = "coalesce(s.site, 'unattributed'::run.site_name)", "LEFT JOIN "+table+" s ON s.pid = i.pid AND s.high = q.high"
	case AttributionProvider:
		if err := e.need(ctx, "sites"); err != nil {
			return err
		}
		site = "coalesce(s.site, 'unattributed'::run.site_name)"
		siteJoin = "LEFT JOIN measure.finished_encounter e ON e.rid = i.episode LEFT JOIN run.site s ON s.rid = e.service_provider_rid"
	}
	return e.db.Exec(ctx, d.ID+" subjects", fmt.Sprintf(`CREATE OR REPLACE TABLE run.subject AS
		WITH aged AS (
			SELECT i.*, run.known_age(p.birth_date, q.high - 1) AS years,
				%s AS site, p.sex, p.race, p.ethnicity, coalesce(y.payer, 'none'::run.payer_name) AS payer
			FROM run.role i
			JOIN measure.period q ON q.period = i.period
			JOIN run.person p ON p.pid = i.pid
			LEFT JOIN run.payer y ON y.pid = i.pid AND y.period = i.period
			%s
		)
		SELECT * EXCLUDE (years), (%s)::run.age_band AS age FROM aged`, site, siteJoin, ageBands))
}
