package measures

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"farr/datasets"
	"farr/internal/duck"
)

// qualityHistory is how many months before the first period volume and completeness are told, so that
// limits have something to go by.
const qualityHistory = 12

// quality looks at the data behind the results: one pass over each table, by site and month, for all
// checks and for volume. Records of one part of the persons are counted at a time, as measures are; what is
// counted of parts adds up. Nothing of one person leaves the session.
func (p *plan) quality(ctx context.Context, db *duck.Session, parts []part, out *output) error {
	q := &qualityRun{db: db, asOf: "TIMESTAMP '" + day(p.asOf) + "'", low: p.study.low.AddDate(0, -qualityHistory, 0), high: p.asOf,
		counts: map[countPlace]*qualityTally{}, volume: map[volumePlace]*qualityTally{}, days: map[feedPlace]*feedDays{}, earlier: map[int]bool{}}
	if err := q.begin(ctx, p.allDefinitions()); err != nil {
		return err
	}
	sources, err := p.sourceFeeds(ctx, db)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if len(parts) > 1 {
			if err := datasets.Only(ctx, db, p.Extract, part.low, part.high); err != nil {
				return err
			}
		}
		if err := q.part(ctx, p.Extract); err != nil {
			return err
		}
	}
	feeds, err := q.feeds(ctx, p.Extract, parts)
	if err != nil {
		return err
	}
	if len(parts) > 1 {
		if err := datasets.Only(ctx, db, p.Extract, 0, datasets.Buckets-1); err != nil {
			return err
		}
	}
	if err := q.exec(ctx, "forget quality", "DROP SCHEMA quality CASCADE"); err != nil {
		return err
	}
	if err := q.keep(p.uses(), out); err != nil {
		return err
	}
	return p.incomplete(feeds, sources, q.sites[1:], out)
}

func (p *plan) allDefinitions() []Definition { return slices.Concat(p.allMeasures(), p.cohorts) }

type (
	countPlace  struct{ table, check, site, year int }
	volumePlace struct{ table, site, month int }
)

// qualityRun is the pass over the extract. Sites are numbers: 0 has none.
type qualityRun struct {
	db        *duck.Session
	asOf      string // SQL
	low, high time.Time
	sites     []string // by number
	ids       qualityCodes
	counts    map[countPlace]*qualityTally
	volume    map[volumePlace]*qualityTally
	days      map[feedPlace]*feedDays
	earlier   map[int]bool // tables with records before low
}

func (q *qualityRun) exec(ctx context.Context, name, sql string) error {
	return q.db.Exec(ctx, name, sql)
}

// begin numbers the sites and finds the codes of checks and of value lists.
func (q *qualityRun) begin(ctx context.Context, definitions []Definition) error {
	err := q.exec(ctx, "sites of records", `CREATE SCHEMA quality;
		CREATE TABLE quality.named AS SELECT rid, label FROM fhir.organization UNION ALL
		SELECT DISTINCT service_provider_rid, 'site-' || left(service_provider_rid::VARCHAR, 8) FROM fhir.encounter
		WHERE service_provider_rid IS NOT NULL AND service_provider_rid NOT IN (SELECT rid FROM fhir.organization); -- without organizations, NULL is not in them
		CREATE TABLE quality.site AS SELECT rid, dense_rank() OVER (ORDER BY label)::USMALLINT AS site, label FROM quality.named;
		CREATE TABLE quality.valued AS SELECT DISTINCT code FROM `+datasets.NumberedSchema+`.raw_observation WHERE value_tag IS NOT NULL AND code IS NOT NULL`)
	if err != nil {
		return err
	}
	if q.sites, err = q.words(ctx, "SELECT DISTINCT label, site FROM quality.site ORDER BY site"); err != nil {
		return err
	}
	q.sites = append([]string{Unattributed}, q.sites...)
	var wanted []string // codes by the number of what asks for them: limits, then those of one sex
	want := func(number int, system, code string, begin bool) {
		wanted = append(wanted, fmt.Sprintf("(%d, %s, %s, %t)", number, duck.Quote(system), duck.Quote(code), begin))
	}
	for i, l := range limits {
		want(i, "http://loinc.org", l.code, false)
	}
	for i, s := range sexed {
		for _, code := range strings.Fields(s.codes) {
			want(len(limits)+i, s.system, code, s.begin)
		}
	}
	found, err := q.coded(ctx, wanted)
	if err != nil {
		return err
	}
	limited := map[string]int{} // by id
	for i := range limits {
		q.ids.limits = append(q.ids.limits, len(found[i]) > 0)
		for _, id := range found[i] {
			limited[id] = i + 1
		}
	}
	ids := map[string][]string{}
	for i, s := range sexed {
		ids[s.gender] = append(ids[s.gender], found[len(limits)+i]...)
	}
	q.ids.female, q.ids.male = idList(ids["female"]), idList(ids["male"])
	return q.listed(ctx, definitions, limited)
}

// listed makes quality.code: the concepts that value lists of the definitions have, and those with limits.
func (q *qualityRun) listed(ctx context.Context, definitions []Definition, limited map[string]int) error {
	if err := q.exec(ctx, "listed codes", "CREATE TABLE quality.wanted (system VARCHAR, code VARCHAR)"); err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, d := range definitions {
		for _, l := range slices.Concat(d.Lists, d.ValueSets) {
			for _, c := range l.Codes {
				wanted["("+duck.Quote(c.System)+", "+duck.Quote(c.Code)+")"] = true
			}
		}
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(wanted)), 5000) {
		if err := q.exec(ctx, "listed codes", "INSERT INTO quality.wanted VALUES "+strings.Join(chunk, ", ")); err != nil {
			return err
		}
	}
	ids, err := q.concepts(ctx, "(system, code) IN (SELECT (system, code) FROM quality.wanted)")
	if err != nil {
		return err
	}
	var rows []string
	for _, id := range ids {
		limits := "NULL"
		if n := limited[id]; n > 0 {
			limits = fmt.Sprint(n)
		}
		delete(limited, id)
		rows = append(rows, "("+id+", true, "+limits+")")
	}
	for _, id := range slices.Sorted(maps.Keys(limited)) {
		rows = append(rows, fmt.Sprintf("(%s, NULL, %d)", id, limited[id]))
	}
	if err := q.exec(ctx, "codes", "CREATE TABLE quality.code (id BIGINT, listed BOOLEAN, limits UTINYINT)"); err != nil {
		return err
	}
	for chunk := range slices.Chunk(rows, 5000) {
		if err := q.exec(ctx, "codes", "INSERT INTO quality.code VALUES "+strings.Join(chunk, ", ")); err != nil {
			return err
		}
	}
	return nil
}

// idList is a list for IN; without ids nothing is in it.
func idList(ids []string) string {
	if len(ids) == 0 {
		return "NULL::BIGINT"
	}
	return strings.Join(ids, ", ")
}

// coded are the ids of concepts that have a code or, where that is asked, one that begins so, and of lists with one, by number.
func (q *qualityRun) coded(ctx context.Context, wanted []string) (map[int][]string, error) {
	rows, err := q.db.Query(ctx, "codes of checks", `WITH matched AS (SELECT DISTINCT w.number, c.concept FROM fhir.concept c
			JOIN (VALUES `+strings.Join(wanted, ", ")+`) w(number, system, code, begin) ON c.system = w.system AND CASE WHEN w.begin THEN starts_with(c.code, w.code) ELSE c.code = w.code END)
		SELECT number::INTEGER, id::VARCHAR FROM (SELECT number, concept AS id FROM matched UNION SELECT m.number, l.list FROM fhir.concept_list l JOIN matched m USING (concept)) ORDER BY number, id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[int][]string{}
	for rows.Next() {
		var number int
		var id string
		if err := rows.Scan(&number, &id); err != nil {
			return nil, err
		}
		found[number] = append(found[number], id)
	}
	return found, rows.Err()
}

// concepts are the ids of concepts that fit, and of lists with one.
func (q *qualityRun) concepts(ctx context.Context, fit string) ([]string, error) {
	return q.words(ctx, `WITH matched AS (SELECT DISTINCT concept FROM fhir.concept WHERE `+fit+`)
		SELECT id::VARCHAR, id FROM (SELECT concept AS id FROM matched UNION SELECT list FROM fhir.concept_list WHERE concept IN (FROM matched)) ORDER BY id`)
}

// words are the first column of an answer of two.
func (q *qualityRun) words(ctx context.Context, sql string) ([]string, error) {
	rows, err := q.db.Query(ctx, "words for quality", sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var word string
		var order any
		if err := rows.Scan(&word, &order); err != nil {
			return nil, err
		}
		list = append(list, word)
	}
	return list, rows.Err()
}

// part counts the records of the persons whom the views show.
func (q *qualityRun) part(ctx context.Context, extract *datasets.Snapshot) error {
	next := func(x string) string {
		return "CASE t." + x + "_prec WHEN 1 THEN t." + x + " + INTERVAL 1 YEAR WHEN 2 THEN t." + x + " + INTERVAL 1 MONTH ELSE date_trunc('day', t." + x + ") + INTERVAL 1 DAY END"
	}
	told := func(trait string) string {
		return "t.rid IN (SELECT rid FROM " + datasets.NumberedSchema + "." + datasets.TraitTable + " WHERE trait = '" + trait + "') AS " + trait
	}
	err := q.exec(ctx, "persons of records", `CREATE OR REPLACE TABLE quality.person AS
		SELECT t.`+datasets.PersonNumber+`, t.gender, t.state, t.language, t.birth_date, `+told("race")+", "+told("ethnicity")+`,
			t.birth_date::TIMESTAMP AS birth_low, `+next("birth_date")+` AS birth_high, `+next("deceased_start")+` AS death_high
		FROM `+datasets.NumberedSchema+`.patient t;
		CREATE OR REPLACE TABLE quality.place AS SELECT e.rid, s.site FROM `+datasets.NumberedSchema+`.encounter e JOIN quality.site s ON s.rid = e.service_provider_rid`)
	if err != nil {
		return err
	}
	for i, t := range qualityTables {
		if table, ok := extract.Table(t.name); !ok || table.Rows() == 0 {
			continue
		}
		if err := q.table(ctx, i, t); err != nil {
			return err
		}
	}
	return nil
}

// table counts the records of one table, in one pass: each row becomes a word of bits, which say of what
// checks it is and which it fails, and rows with the same word are counted together, as are those of one day. So the engine holds few
// groups, however many persons there are.
func (q *qualityRun) table(ctx context.Context, number int, t qualityTable) error {
	site, join := "0::USMALLINT", ""
	switch {
	case t.provider != "":
		site, join = "coalesce(s.site, 0)", " LEFT JOIN quality.site s ON s.rid = t."+t.provider
	case t.link != "":
		site, join = "coalesce(s.site, 0)", " LEFT JOIN quality.place s ON s.rid = t."+t.link
	}
	if t.code != "" {
		join += " LEFT JOIN quality.code k ON k.id = t." + t.code
	}
	month, date := "0", fmt.Sprint(noDay)
	if t.date != "" {
		month = fmt.Sprintf("CASE WHEN %[1]s >= TIMESTAMP '%[2]s' AND %[1]s < %[3]s + INTERVAL 1 DAY AND %[4]s > 1 THEN year(%[1]s) * 12 + month(%[1]s) - 1 ELSE 0 END",
			t.moment(), day(q.low), q.asOf, t.prec())
		date = q.dayOf(t)
	}
	w := wordOf(t.checks(q.ids, q.asOf))
	from := datasets.NumberedSchema + "." + t.name
	if t.patient {
		from = "quality.person"
	}
	err := q.each(ctx, "records of "+t.name, 7, "SELECT site, month, word, day, grouping(day), count(*), bit_or(bit) FROM (SELECT "+
		site+" AS site, ("+month+")::USMALLINT AS month, "+w.sql()+" AS word, "+date+" AS day, "+partOf("t."+datasets.PersonNumber)+" AS bit FROM "+from+" t"+
		join+" JOIN quality.person p ON p."+datasets.PersonNumber+" = t."+datasets.PersonNumber+") GROUP BY GROUPING SETS ((site, month, word), (site, day))", func(v []int64) {
		place, month, word, n, persons := int(v[0]), int(v[1]), uint64(v[2]), v[5], uint64(v[6])
		if v[4] == 0 {
			q.onDay(feedPlace{number, place}, int(v[3]), n)
			return
		}
		if t.sited() {
			q.volumeAt(volumePlace{number, place, month}).add(n, 0, persons)
		}
		for i := range w.checks {
			if of := w.of[i]; of >= 0 && word>>of&1 == 0 {
				continue
			}
			failing := int64(0)
			if word>>w.fails[i]&1 == 1 {
				failing = n
			}
			q.countAt(countPlace{number, i, place, month / 12}).add(n, failing, persons)
		}
	})
	if err != nil || t.same == "" {
		return err
	}
	return q.duplicates(ctx, number, len(w.checks), t)
}

// partOf is the SQL of the bit of the part that a person is in, of 64.
func partOf(number string) string { return "1::UBIGINT << (" + number + " & 63)::UBIGINT" }

// duplicates counts the records beyond the first of those that are the same, of any site and year. Where a table
// has codes, it is those that a definition asks for. Rows are told apart by a hash of 64 bits, which of a
// thousand million rows has two wrongly together with a chance of 3 in 100.
func (q *qualityRun) duplicates(ctx context.Context, number, check int, t qualityTable) error {
	where := ""
	if t.code != "" {
		where = " WHERE t." + t.code + " IN (SELECT id FROM quality.code WHERE listed)"
	}
	return q.each(ctx, "duplicates of "+t.name, 4, fmt.Sprintf(`SELECT sum(n)::BIGINT, sum(n - 1)::BIGINT, bit_or(bit), bit_or(bit) FILTER (n > 1)
		FROM (SELECT count(*) AS n, any_value(bit) AS bit FROM (SELECT %[1]s AS bit, hash(t.%[2]s, %[5]s) AS same FROM %[3]s.%[4]s t%[6]s) GROUP BY same)`,
		partOf("t."+datasets.PersonNumber), datasets.PersonNumber, datasets.NumberedSchema, t.name, t.same, where), func(v []int64) {
		c := q.countAt(countPlace{number, check, -1, 0})
		c.add(v[0]-v[1], 0, uint64(v[2]))
		c.add(v[1], v[1], uint64(v[3]))
	})
}

// each gives the rows of an answer of whole numbers.
func (q *qualityRun) each(ctx context.Context, name string, width int, sql string, add func([]int64)) error {
	rows, err := q.db.Query(ctx, name, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	values, dest, row := make([]any, width), make([]any, width), make([]int64, width)
	for i := range dest {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		for i, v := range values {
			switch v := v.(type) {
			case nil:
				row[i] = 0
			case int64:
				row[i] = v
			case uint64:
				row[i] = int64(v)
			case uint16:
				row[i] = int64(v)
			case int32:
				row[i] = int64(v)
			default:
				return fmt.Errorf("%s: a column of %T", name, v)
			}
		}
		add(row)
	}
	return rows.Err()
}
