package evaluate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"farr/internal/duck"
	"farr/measures/internal/plan"
)

// Session computes programs on the extract in one engine session.
type Session struct {
	db   *duck.Session
	made []string // tables of who is asked for, and when
}

// Period is a measurement period by its days, both of which belong to it.
type Period struct {
	ID          string
	First, Last time.Time
}

// Subject is a person, by pid, in a period, by ID.
type Subject struct{ PID, Period string }

// Open makes what all programs of one package read: the extract in local time, and the
// value sets that they ask for as concepts. With hold the extract is kept in memory.
func Open(ctx context.Context, db *duck.Session, programs []*Program, hold bool) (*Session, error) {
	s := &Session{db: db}
	if err := s.localViews(ctx, hold); err != nil {
		return nil, err
	}
	return s, s.valueSets(ctx, programs)
}

// localViews puts the extract's views under their plain names, with the bounds of each
// date on the local clock in place of UTC.
func (s *Session) localViews(ctx context.Context, hold bool) error {
	rows, err := s.db.Query(ctx, "columns", "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'fhir' ORDER BY table_name, column_index")
	if err != nil {
		return err
	}
	defer rows.Close()
	columns := map[string][]string{}
	var tables []string
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return err
		}
		if columns[table] == nil {
			tables = append(tables, table)
		}
		columns[table] = append(columns[table], column)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	kind := "VIEW"
	if hold {
		kind = "TABLE"
	}
	for _, t := range tables {
		sql := fmt.Sprintf("CREATE TEMP %s %s AS SELECT *%s FROM fhir.%[2]s", kind, t, localBounds(columns[t]))
		if err := s.db.Exec(ctx, "show "+t, sql); err != nil {
			return err
		}
	}
	return nil
}

// localBounds replaces the bounds of each date element among a table's columns: its lower
// one is its wall time, its upper one the last millisecond of its precision. A time to the
// second is exact, as in the extract's views.
func localBounds(columns []string) string {
	var list []string
	for _, x := range columns {
		has := func(suffix string) bool { return slices.Contains(columns, x+suffix) }
		if !has("_prec") || !has("_lo") || !has("_hi") {
			continue
		}
		list = append(list, fmt.Sprintf(`CAST(%[1]s AS TIMESTAMP) AS %[1]s_lo, CAST(CASE %[1]s_prec
			WHEN 1 THEN %[1]s + INTERVAL 1 YEAR - INTERVAL 1 MILLISECOND WHEN 2 THEN %[1]s + INTERVAL 1 MONTH - INTERVAL 1 MILLISECOND
			WHEN 3 THEN %[1]s + INTERVAL 1 DAY - INTERVAL 1 MILLISECOND WHEN 4 THEN %[1]s + INTERVAL 59999 MILLISECOND
			ELSE %[1]s END AS TIMESTAMP) AS %[1]s_hi`, x))
	}
	if len(list) == 0 {
		return ""
	}
	return " REPLACE (" + strings.Join(list, ", ") + ")"
}

// valueSets makes value_set(url, concept): the concepts of the extract that have a code
// of a set that is asked for.
func (s *Session) valueSets(ctx context.Context, programs []*Program) error {
	if err := s.db.Exec(ctx, "create value_set_code", "CREATE TABLE main.value_set_code (url VARCHAR, system VARCHAR, code VARCHAR)"); err != nil {
		return err
	}
	a, err := s.db.Appender(ctx, "main", "value_set_code")
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, p := range programs {
		for _, v := range p.ValueSets {
			if done[v.URL] {
				continue
			}
			done[v.URL] = true
			for _, c := range v.Codes {
				if err := a.AppendRow(v.URL, c.System, c.Code); err != nil {
					a.Close()
					return err
				}
			}
		}
	}
	if err := a.Close(); err != nil {
		return err
	}
	return s.db.Exec(ctx, "resolve value sets",
		"CREATE TEMP TABLE value_set AS SELECT DISTINCT v.url, c.concept FROM main.value_set_code v JOIN concept c ON c.system = v.system AND c.code = v.code")
}

// Ask says for whom and when programs are run from here on: for these subjects, or for
// every person in every period where subjects is nil.
func (s *Session) Ask(ctx context.Context, periods []Period, subjects []Subject) error {
	if err := s.drop(ctx, s.made...); err != nil {
		return err
	}
	s.made = []string{"subject", "person", "subject_period", "period"}
	var rows []string
	for _, p := range periods {
		// A period is closed at both ends; its last moment is the last millisecond of its last day.
		rows = append(rows, fmt.Sprintf("(%s, TIMESTAMP '%s 00:00:00', TIMESTAMP '%s 23:59:59.999')", duck.Quote(p.ID), p.First.Format(time.DateOnly), p.Last.Format(time.DateOnly)))
	}
	steps := []plan.Statement{
		{Name: "period", SQL: "CREATE TEMP TABLE period AS FROM (VALUES " + strings.Join(rows, ", ") + ") t(period, low, high)"},
		{Name: "subjects", SQL: "CREATE TEMP TABLE subject_period AS SELECT pid, period FROM patient, temp.main.period"},
	}
	if subjects != nil {
		var rows []string
		for _, one := range subjects {
			rows = append(rows, "("+duck.Quote(one.PID)+"::UUID, "+duck.Quote(one.Period)+")")
		}
		steps[1].SQL = "CREATE TEMP TABLE subject_period AS FROM (VALUES " + strings.Join(rows, ", ") + ") t(pid, period)"
	}
	for _, x := range append(steps, plan.Setup...) {
		if err := s.db.Exec(ctx, x.Name, x.SQL); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) drop(ctx context.Context, tables ...string) error {
	for _, t := range tables {
		if err := s.db.Exec(ctx, "drop "+t, "DROP TABLE IF EXISTS temp.main."+t); err != nil {
			return err
		}
	}
	return nil
}

// Group is the name of the table that Run leaves for a group: pid, period, episode and
// population.Column of each population, a row for each subject of the initial population.
func Group(i int) string { return fmt.Sprintf("temp.main.group_%d", i) }
