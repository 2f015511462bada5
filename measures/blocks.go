package measures

import (
	"fmt"
	"strings"

	"farr/internal/stats"
)

// statement is one step in preparing a session. name is what an error calls it.
type statement struct{ name, sql string }

// Three schemas stand beside fhir. measure holds what authors read by plain name; run
// holds the engine's own tables, which outside SQL cannot name; authored holds the view
// made of outside SQL, alone, because a view also sees what is in its own schema.
//
// periodStatements make the period table and its months. A period's id is an ENUM,
// so that joining on it compares small integers however long the id is.
func periodStatements(periods []Period) []statement {
	var ids, rows []string
	for _, p := range periods {
		ids = append(ids, fmt.Sprintf("'%s'", p.ID))
		rows = append(rows, fmt.Sprintf("('%s', '%s', DATE '%s', DATE '%s')", p.ID, p.Family, day(p.Low), day(p.High)))
	}
	return []statement{
		{"schemas", `CREATE SCHEMA IF NOT EXISTS measure; CREATE SCHEMA run; CREATE SCHEMA authored`},
		{"period ids", `CREATE TYPE run.period_id AS ENUM (` + strings.Join(ids, ", ") + `)`},
		{"period", `CREATE TABLE measure.period AS
			SELECT period::run.period_id AS period, family, low, high
			FROM (VALUES ` + strings.Join(rows, ", ") + `) t(period, family, low, high)`},
		// Every period is made of whole months: events are counted by month once and
		// then spread over the periods by an equality join.
		{"period months", `CREATE TABLE run.month_period AS
			SELECT unnest(generate_series(low, high - INTERVAL 1 MONTH, INTERVAL 1 MONTH))::DATE AS month, period
			FROM measure.period`},
	}
}

// oldest is the greatest age in years that is believed.
const oldest = 130

// block is a step that is taken when somebody needs it, after those that it reads.
type block struct {
	statement
	after []string
}

// blocks are the macros, views and tables on which measure SQL is written, and what the strata
// need to know of persons and periods. A table stands where several measures would otherwise
// repeat a scan.
var blocks = []block{
	// Completed years of age. Who is born on 29 February turns on 1 March in common years.
	{statement{"age_on", `CREATE MACRO measure.age_on(birth_date, day) AS
		year(day) - year(birth_date) -
		CASE WHEN (month(day), day(day)) < (month(birth_date), day(birth_date)) THEN 1 ELSE 0 END`}, nil},
	// That age where somebody can have it. An age that nobody has reached, or that is yet to begin,
	// is a wrong birth date, and so unknown in all strata, tables and models.
	{statement{"known_age", `CREATE MACRO run.known_age(birth_date, day) AS
		CASE WHEN measure.age_on(birth_date, day) BETWEEN 0 AND ` + fmt.Sprint(oldest) + ` THEN measure.age_on(birth_date, day) END`}, []string{"age_on"}},
	// The first day of that age; adding years alone would give 28 February.
	{statement{"birthday", `CREATE MACRO measure.birthday(birth_date, years) AS
		(birth_date + to_years(years))::DATE + CASE WHEN day(birth_date + to_years(years)) < day(birth_date) THEN 1 ELSE 0 END`}, nil},

	// Words that many rows repeat are ENUMs here: a small number a row.
	{statement{"person", `CREATE TABLE run.told AS SELECT pid, birth_date, gender, deceased_start::DATE AS death,
			coalesce(gender, 'unknown') AS sex, coalesce(race, 'unknown') AS race, coalesce(ethnicity, 'unknown') AS ethnicity,
			coalesce(language, 'unknown') AS language, zip3, state
		FROM fhir.patient;` + words("sex_name", "sex", "run.told") + words("race_name", "race", "run.told") +
		words("ethnicity_name", "ethnicity", "run.told") + words("language_name", "language", "run.told") +
		`CREATE TYPE run.age_band AS ENUM ('0-17', '18-44', '45-64', '65-74', '75-84', '85+', 'unknown');
		CREATE TABLE run.person AS SELECT * REPLACE (sex::run.sex_name AS sex, race::run.race_name AS race, ethnicity::run.ethnicity_name AS ethnicity,
			language::run.language_name AS language), (row_number() OVER ())::INTEGER AS number FROM run.told`}, nil},

	{statement{"finished_encounter", `CREATE TABLE measure.finished_encounter AS
		SELECT pid, rid, class, period_start AS start_at, period_end AS end_at,
			period_start::DATE AS start_day, period_end::DATE AS end_day, service_provider_rid, discharge_disposition
		FROM fhir.encounter
		WHERE status = 'finished' AND NOT negated`}, nil},
	{statement{"visit", `CREATE VIEW measure.visit AS
		SELECT pid, rid, start_at AS moment, start_day AS day, service_provider_rid
		FROM measure.finished_encounter
		WHERE class = 'AMB' AND start_at IS NOT NULL`}, []string{"finished_encounter"}},

	{statement{"seen", `CREATE TABLE measure.seen AS
		WITH visit_month AS (SELECT DISTINCT pid, date_trunc('month', moment)::DATE AS month FROM measure.visit),
			visit_period AS (SELECT DISTINCT pid, period FROM visit_month JOIN run.month_period USING (month))
		SELECT pid, period, low, high, gender, birth_date, measure.age_on(birth_date, high - 1) AS age
		FROM visit_period
		JOIN measure.period USING (period)
		JOIN run.person USING (pid)
		WHERE death IS NULL OR death >= low`}, []string{"visit", "person", "age_on"}},

	// What a verification status of "not this" is coded as; the element is bound, so the
	// system need not be compared.
	{statement{"verification", `CREATE TABLE run.unverified AS
		SELECT DISTINCT concept FROM fhir.concept WHERE code IN ('refuted', 'entered-in-error')`}, nil},
	// Diagnoses in ICD-10 of the conditions of Charlson's index, on the day they began. A code that
	// begins with another's letters is of both, which the graver one settles.
	{statement{"comorbidity", `CREATE VIEW measure.comorbidity AS
		WITH known AS (
			SELECT DISTINCT concept, condition FROM fhir.concept JOIN (VALUES ` + comorbidPrefixes() + `) p(prefix, condition)
			ON starts_with(replace(upper(code), '.', ''), prefix)
			WHERE system IN ('http://hl7.org/fhir/sid/icd-10-cm', 'http://hl7.org/fhir/sid/icd-10')
		), told AS (SELECT concept AS id, condition FROM known UNION SELECT list, condition FROM fhir.concept_list JOIN known USING (concept))
		SELECT DISTINCT pid, coalesce(onset_start, recorded_date)::DATE AS day, condition
		FROM fhir.condition JOIN told ON told.id = code
		WHERE NOT negated AND (verification_status IS NULL OR verification_status NOT IN (FROM run.unverified))`}, []string{"verification"}},

	// A provider that the export names but does not hold is still a place of its own.
	{statement{"sites", `CREATE VIEW run.named_site AS
		SELECT rid, label AS site FROM fhir.organization
		UNION ALL
		SELECT DISTINCT service_provider_rid, 'site-' || left(service_provider_rid::VARCHAR, 8)
		FROM measure.finished_encounter
		WHERE service_provider_rid NOT IN (SELECT rid FROM fhir.organization);` +
		words("site_name", "site", "(SELECT site FROM run.named_site UNION ALL SELECT 'unattributed')") +
		`CREATE TABLE run.site AS SELECT rid, site::run.site_name AS site FROM run.named_site`}, []string{"finished_encounter"}},
	// The persons of whom periods are looked at: all, or some at a time.
	{statement{"some", "CREATE TABLE run.some AS SELECT pid FROM run.person"}, []string{"person"}},
	// Each visit counts for its site; a visit without one for none.
	{statement{"visits by site", `CREATE TABLE run.visit_site AS
		SELECT pid, number, site, date_trunc('month', moment)::DATE AS month, count(*) AS visits, max(moment) AS latest
		FROM measure.visit
		JOIN run.site ON run.site.rid = service_provider_rid
		JOIN run.person USING (pid)
		GROUP BY ALL`}, []string{"visit", "sites", "person"}},
	// The coverage with the latest start among those that overlap the period. Its end is
	// a whole day or moment that still belongs to it; of a year or month that is the last day.
	{statement{"payer groups", `CREATE TYPE run.payer_name AS ENUM ('medicaid', 'medicare', 'none', 'other', 'private', 'self-pay');
		CREATE TABLE run.payer_group AS
		SELECT concept, arg_min(CASE
			WHEN code LIKE '1%' THEN 'medicare' WHEN code LIKE '2%' THEN 'medicaid'
			WHEN code LIKE '5%' OR code LIKE '6%' THEN 'private' WHEN code LIKE '81%' THEN 'self-pay'
			ELSE 'other' END, ordinal)::run.payer_name AS payer
		FROM fhir.concept
		WHERE system = 'https://nahdo.org/sopt'
		GROUP BY concept`}, nil},
	{statement{"cover", `CREATE TABLE run.cover AS
		SELECT pid, coalesce(period_start, '-infinity'::TIMESTAMP) AS start_at, coalesce(CASE period_end_prec
				WHEN 1 THEN period_end + INTERVAL 1 YEAR - INTERVAL 1 DAY
				WHEN 2 THEN period_end + INTERVAL 1 MONTH - INTERVAL 1 DAY
				ELSE period_end END, 'infinity'::TIMESTAMP) AS end_at,
			coalesce(payer, 'other'::run.payer_name) AS payer, row_number() OVER (PARTITION BY pid ORDER BY period_start NULLS FIRST, rid) AS rank
		FROM fhir.coverage
		LEFT JOIN run.payer_group ON run.payer_group.concept = type
		WHERE NOT negated AND (status IS NULL OR status <> 'entered-in-error')`}, []string{"payer groups"}},
	{statement{"payer", `CREATE TABLE run.payer AS
		SELECT pid, period, arg_max(payer, rank) AS payer
		FROM run.cover SEMI JOIN run.some USING (pid)
		JOIN measure.period ON start_at < high AND end_at >= low
		GROUP BY ALL`}, []string{"cover", "some"}},
	// Who had a virtual encounter in the year that ends with a period.
	{statement{"telehealth", `CREATE TABLE run.telehealth AS
	SELECT DISTINCT pid, period FROM (SELECT DISTINCT pid, start_day FROM measure.finished_encounter SEMI JOIN run.some USING (pid) WHERE class = 'VR')
	JOIN measure.period ON start_day < high AND start_day >= high - INTERVAL 1 YEAR`}, []string{"finished_encounter", "some"}},
}

// words makes the type run.NAME of the words that a column has, in their order: rows hold
// them as small numbers.
func words(name, column, from string) string {
	return fmt.Sprintf("CREATE TYPE run.%s AS ENUM (SELECT DISTINCT %s FROM %s WHERE %[2]s IS NOT NULL ORDER BY 1);", name, column, from)
}

// comorbidPrefixes are the ICD-10 codes of Charlson's conditions as rows of SQL.
func comorbidPrefixes() string {
	var rows []string
	for _, c := range stats.Comorbidities {
		for _, prefix := range c.Prefixes {
			rows = append(rows, "('"+prefix+"', '"+c.Name+"')")
		}
	}
	return strings.Join(rows, ", ")
}

// coded are the views of what is told by a code. Of each table the rows with a code of
// any definition in the run are kept, in one scan; a definition then sees those with a
// code of its own lists, whatever else runs beside it.
var coded = []block{
	{statement{"condition_course", `SELECT pid, rid, code, coalesce(onset_start, recorded_date) AS onset,
			CASE WHEN abatement_tag IS NULL THEN 'infinity'::TIMESTAMP ELSE coalesce(abatement_end, abatement_start) END AS abatement
		FROM fhir.condition
		WHERE NOT negated AND (verification_status IS NULL OR verification_status NOT IN (FROM run.unverified))`}, []string{"verification"}},
	{statement{"performed", `SELECT pid, rid, code, performed_start AS moment
		FROM fhir.procedure
		WHERE status = 'completed' AND NOT negated`}, nil},
	{statement{"result", `SELECT pid, rid, code, effective_start AS moment, value_tag, value_num, value_unit, value_concept
		FROM fhir.observation
		WHERE status IN ('final', 'amended', 'corrected') AND NOT negated`}, nil},
	{statement{"result_component", `SELECT pid, rid, ordinal, code, value_tag, value_num, value_unit, value_concept
		FROM fhir.observation_component`}, nil},
	{statement{"ordered", `SELECT pid, rid, medication AS code, authored_on AS moment, authored_on::DATE AS day
		FROM fhir.medication_request
		WHERE NOT negated AND (status IS NULL OR status NOT IN ('entered-in-error', 'cancelled', 'draft'))`}, nil},
	{statement{"immunized", `SELECT pid, rid, vaccine_code AS code, occurrence_start AS moment, occurrence_start::DATE AS day
		FROM fhir.immunization
		WHERE status = 'completed' AND NOT negated`}, nil},
}

// attribution gives the site with most visits in the months before each period's end:
// periods that end together share it. Of sites with equally many visits it is that of
// the latest visit, and of two at the same moment the first by name.
//
// Persons, ends and sites are numbers in one, so that a row of the millions that are
// grouped has a key of one word, and the best site is the greatest of one number too.
func attribution(months int) statement {
	return statement{"attribution", fmt.Sprintf(`CREATE TABLE run.attribution_%[1]d AS
		WITH ending AS (SELECT high, row_number() OVER (ORDER BY high) AS place FROM (SELECT DISTINCT high FROM measure.period)),
			lasting AS (
				SELECT place, unnest(generate_series(high - INTERVAL %[1]d MONTH, high - INTERVAL 1 MONTH, INTERVAL 1 MONTH))::DATE AS month FROM ending
			),
			counted AS (
				SELECT (number::BIGINT << 34) | (place << 22) | enum_code(site)::BIGINT AS key, sum(visits)::BIGINT AS visits, max(latest) AS latest
				FROM lasting JOIN run.visit_site USING (month) SEMI JOIN run.some USING (pid)
				GROUP BY key
			),
			best AS (
				SELECT key >> 22 AS subject, max((visits::HUGEINT << 86) | ((epoch_us(latest) + 4611686018427387904)::HUGEINT << 22) | (4194303 - (key & 4194303))) & 4194303 AS site
				FROM counted GROUP BY subject
			)
		SELECT pid, high, name AS site
		FROM best JOIN ending ON place = subject & 4095 JOIN run.person ON number = subject >> 12
		JOIN (SELECT DISTINCT site AS name, 4194303 - enum_code(site)::BIGINT AS code FROM run.site) ON code = best.site`, months)}
}
