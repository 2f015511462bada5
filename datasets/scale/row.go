package scale

import (
	"fmt"
	"strings"

	"farr/datasets"
)

// Years outside of these are stand-ins for "unknown" and "for ever", and stay where they are.
const lowYear, highYear = 1901, 2099

// rowsSQL is the SELECT of the new rows of a table whose patients are in the pids' range, in order.
func (s *sheet) rowsSQL(change Changes, low, high string) string {
	var columns []string
	for _, c := range s.Columns {
		columns = append(columns, s.columnSQL(change, c)+" AS "+c.Name)
	}
	people, rid, where := "replica", "NULL::UUID", ""
	if s.observed() {
		people = "(FROM replica UNION ALL FROM more)"
	}
	if s.Has("rid") {
		rid = newID("r.own", "b.rid")
		if s.main.Name != "patient" {
			where = fmt.Sprintf("\nWHERE hash(_rid) %% 1000 >= %d", change.DropPerMille)
		}
	}
	return fmt.Sprintf(`SELECT %[1]s
FROM (SELECT r.pid AS _pid, %[2]s AS _rid, r.ref AS _ref, r.move AS _move, r.shift AS _shift, r.open AS _open, b.rowid AS _row, b.*
      FROM %[3]s r JOIN %[4]s b ON b.pid = r.old
      WHERE r.pid BETWEEN '%[5]s' AND '%[6]s')%[7]s
ORDER BY _pid, %[8]s NULLS FIRST, _rid, _row`,
		strings.Join(columns, ", "), rid, people, s.original(), low, high, where, moved("_by", "_by_prec", "_open"))
}

func (s *sheet) columnSQL(change Changes, c datasets.Column) string {
	if x, ok := strings.CutSuffix(c.Name, "_seal"); ok {
		return change.full(s, x, s.sealSQL(x))
	}
	if x, ok := strings.CutSuffix(c.Name, "_prec"); ok {
		return change.full(s, x, c.Name)
	}
	switch {
	case c.Name == "pid":
		return "_pid"
	case c.Name == "rid":
		return "_rid"
	case c.Type == datasets.UUID:
		return fmt.Sprintf("CASE WHEN %[1]s_shared THEN %[1]s ELSE %[2]s END", c.Name, newID("_ref", c.Name))
	case c.Type == datasets.Timestamp:
		return change.full(s, c.Name, moved(c.Name, c.Name+"_prec", "_open")+"::TIMESTAMP_MS")
	case c.Type == datasets.Decimal:
		return change.altered(s, c.Name)
	}
	return c.Name
}

// full is a value of a date element unless it is one of those that are left out: only
// ends of periods are, since resources without a date mean little.
func (change Changes) full(s *sheet, x, value string) string {
	if !strings.HasSuffix(x, "_end") || s.main == nil {
		return value
	}
	return fmt.Sprintf("CASE WHEN %s %% 1000 >= %d THEN %s END", s.drawn(x), change.EmptyPerMille, value)
}

// drawn is a number drawn for a column of a row.
func (s *sheet) drawn(column string) string {
	return "hash(_rid, " + s.ordinal() + ", '" + column + "')"
}

// ordinal is a row's number within its resource.
func (s *sheet) ordinal() string {
	if s.Has("ordinal") {
		return "ordinal"
	}
	return "0"
}

// moved is a wall time that is some days later, cut to its precision.
func moved(wall, prec, days string) string {
	return fmt.Sprintf(`CASE WHEN year(%[1]s) NOT BETWEEN %[4]d AND %[5]d THEN %[1]s ELSE
CASE %[2]s WHEN 1 THEN date_trunc('year', %[1]s + to_days(%[3]s)) WHEN 2 THEN date_trunc('month', %[1]s + to_days(%[3]s)) ELSE %[1]s + to_days(%[3]s) END END`,
		wall, prec, days, lowYear, highYear)
}

// sealSQL seals what was sealed again, for its new place. A patient's own shift is the new one.
func (s *sheet) sealSQL(x string) string {
	rid := "_rid"
	if !s.Has("rid") {
		rid = "'00000000-0000-0000-0000-000000000000'::UUID"
	}
	wall := "epoch_ms(" + moved(x+"_true", x+"_precision", "_move") + ")"
	if s.Name == "patient" && x == "shift" {
		wall = "_shift::BIGINT"
	}
	return fmt.Sprintf("%s(_pid, %s, %s, %s, %s_precision, %s_offset)", sealFunction(s, x), rid, s.ordinal(), wall, x, x)
}

// altered is a number, now and then left out or altered: a whole number stays whole, others keep a digit.
func (change Changes) altered(s *sheet, x string) string {
	return fmt.Sprintf(`CASE WHEN %[2]s %% 1000 < %[3]d THEN NULL
WHEN %[2]s %% 1000 < %[4]d THEN coalesce(TRY_CAST(round(%[1]s::DOUBLE * (1 + %[5]g * ((%[2]s // 1000) %% 2001 / 1000.0 - 1)), CASE WHEN %[1]s = trunc(%[1]s) THEN 0 ELSE 1 END) AS DECIMAL(28,8)), %[1]s)
ELSE %[1]s END`, x, s.drawn(x), change.EmptyPerMille, change.EmptyPerMille+change.AlterPerMille, float64(change.AlterPercent)/100)
}
