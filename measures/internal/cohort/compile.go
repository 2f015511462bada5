package cohort

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// compare is -1, 0 or 1.
func (d Decimal) compare(other Decimal) int {
	a, _ := new(big.Rat).SetString(string(d))
	b, _ := new(big.Rat).SetString(string(other))
	return a.Cmp(b)
}

// Whole is the number without its decimals, and 0 where there is none.
func (d *Decimal) Whole() int {
	if d == nil {
		return 0
	}
	whole, _, _ := strings.Cut(string(*d), ".")
	n, _ := strconv.Atoi(whole)
	return n
}

// SQL is one SELECT of (pid, index_date): the entries that pass.
func (r Rule) SQL() string {
	switch keys := r.keys(); keys[0] {
	case "age":
		return "SELECT entry.pid, index_date FROM entry JOIN patient ON patient.pid = entry.pid WHERE " + r.Age.sql("age_on(patient.birth_date, index_date)")
	case "sex":
		return "SELECT entry.pid, index_date FROM entry JOIN patient ON patient.pid = entry.pid WHERE coalesce(patient.gender, 'unknown') IN (" + quoted(r.Sex) + ")"
	case "observable":
		return fmt.Sprintf(`SELECT DISTINCT entry.pid, index_date FROM entry JOIN observation_period o ON o.pid = entry.pid
WHERE o.period_start <= index_date + %d AND o.period_end >= index_date + %d`, *r.Observable.From, *r.Observable.To)
	case "cohort":
		return "SELECT DISTINCT entry.pid, entry.index_date FROM entry JOIN " + Table(r.Cohort) + " c ON c.pid = entry.pid" + r.Days.sql(" WHERE ", "c.index_date")
	case "cql", "sql":
		return "SELECT DISTINCT entry.pid, entry.index_date FROM entry JOIN " + r.part().Table() + " x ON x.pid = entry.pid"
	case "any":
		return combine(r.Any, "UNION")
	case "all":
		return combine(r.All, "INTERSECT")
	case "not":
		return "SELECT pid, index_date FROM entry EXCEPT (" + r.Not.SQL() + ")"
	}
	return r.Event.passing()
}

// Excluding is the entries that do not pass.
func (r Rule) Excluding() string { return Rule{Not: &r}.SQL() }

func combine(rules []Rule, operator string) string {
	var parts []string
	for _, r := range rules {
		parts = append(parts, "("+r.SQL()+")")
	}
	return strings.Join(parts, "\n"+operator+"\n")
}

// passing are the entries with the event on enough days of the window. Where neither a
// window nor a count asks for days, an event counts whose day is not known.
func (e Event) passing() string {
	sql := "FROM entry JOIN (" + e.Rows() + ") x ON x.pid = entry.pid" + e.Days.sql(" WHERE ", "x.day")
	if e.Count > 1 {
		return fmt.Sprintf("SELECT entry.pid, index_date %s GROUP BY ALL HAVING count(DISTINCT x.day) >= %d", sql, e.Count)
	}
	return "SELECT DISTINCT entry.pid, index_date " + sql
}

// Rows is one SELECT of (pid, day): every day on which the event happened, null where the
// record does not say when.
func (e Event) Rows() string {
	name, list := e.kind()
	switch name {
	case "encounter":
		return e.Encounter.rows()
	case "end_of_era":
		return e.EndOfEra.rows()
	case "death":
		return "SELECT pid, deceased_start::DATE AS day FROM patient WHERE deceased_start IS NOT NULL OR deceased_bool"
	}
	for _, k := range kinds {
		if k.key == name {
			return fmt.Sprintf(k.from, list) + e.valueSQL()
		}
	}
	panic("cohort: an event of no kind passed its check")
}

// valueSQL is the condition on the value of a result, from AND on.
func (e Event) valueSQL() string {
	if e.Value == nil {
		return ""
	}
	sql := " AND value_tag = 'Quantity'"
	if !e.Value.open() {
		sql += " AND " + e.Value.sql("value_num")
	}
	if e.Value.Unit != "" {
		sql += " AND value_unit = '" + strings.ReplaceAll(e.Value.Unit, "'", "''") + "'"
	}
	return sql
}

func (c *Encounter) rows() string {
	at := "start_day"
	if c.At == "end" {
		at = "end_day"
	}
	var where []string
	if len(c.Class) > 0 {
		where = append(where, "class IN ("+quoted(c.Class)+")")
	}
	if c.Type != "" {
		where = append(where, "rid IN (SELECT rid FROM encounter WHERE type IN (FROM list_"+c.Type+"))")
	}
	if c.Diagnosis != "" {
		where = append(where, "rid IN (SELECT d.rid FROM encounter_diagnosis d JOIN condition_course k ON k.rid = d.condition_rid WHERE k.code IN (FROM list_"+c.Diagnosis+
			") UNION ALL SELECT rid FROM encounter WHERE reason_code IN (FROM list_"+c.Diagnosis+"))")
	}
	return "SELECT pid, " + at + " AS day FROM finished_encounter WHERE " + strings.Join(where, " AND ")
}

// sql is the condition that a day lies in the window, after a word; nothing when the
// window is open.
func (w *Window) sql(word, day string) string {
	if w == nil {
		return ""
	}
	var parts []string
	if w.From != nil {
		parts = append(parts, fmt.Sprintf("%s >= entry.index_date + %d", day, *w.From))
	}
	if w.To != nil {
		parts = append(parts, fmt.Sprintf("%s <= entry.index_date + %d", day, *w.To))
	}
	if len(parts) == 0 {
		return ""
	}
	return word + strings.Join(parts, " AND ")
}

func (r Range) sql(value string) string {
	var parts []string
	for _, end := range []struct {
		operator string
		at       *Decimal
	}{{">=", r.AtLeast}, {">", r.Above}, {"<=", r.AtMost}, {"<", r.Below}} {
		if end.at != nil {
			parts = append(parts, value+" "+end.operator+" "+string(*end.at))
		}
	}
	return strings.Join(parts, " AND ")
}

func quoted(words []string) string {
	return "'" + strings.Join(words, "', '") + "'"
}

// Table is where rules read the members of a cohort, by its ID.
func Table(id string) string { return "cohort_" + strings.ReplaceAll(id, "-", "_") }

// Column is the name of the column of an area, by its ID.
func Column(id string) string { return strings.ReplaceAll(id, "-", "_") }
