package measures

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"farr/internal/duck"
	"farr/internal/source"
)

// engineVersion is part of every results key: raise it when the same definition on
// the same extract would give other numbers or another table.
const engineVersion = "1"

// engine computes definitions in one session whose schema fhir is attached.
type engine struct {
	db      *duck.Session
	periods []Period
	asOf    time.Time // last day that the data know
	lists   map[string]string
	windows []int // months of attribution that have their table
}

// prepare makes everything that does not depend on a definition. After it the
// session's settings are locked.
func prepare(ctx context.Context, db *duck.Session, periods []Period, asOf time.Time) (*engine, error) {
	e := &engine{db: db, periods: periods, asOf: asOf, lists: map[string]string{}}
	steps := slices.Concat(periodStatements(periods), blocks, attributes, []statement{
		{"names", "SET search_path = 'measure,fhir'"},
	})
	for _, s := range steps {
		if err := db.Exec(ctx, "prepare "+s.name, s.sql); err != nil {
			return nil, err
		}
	}
	return e, db.Lock(ctx)
}

// useLists makes the definition's value lists, and no others, readable as list_name.
// A list is resolved once against the dictionary to concept ids and the ids of lists
// of concepts that hold one, so that every filter in SQL compares integers.
func (e *engine) useLists(ctx context.Context, d Definition) (release func() error, err error) {
	var views []string
	for _, l := range d.Lists {
		table, ok := e.lists[l.Hash]
		if !ok {
			table = fmt.Sprintf("run.codes_%d", len(e.lists))
			if err := e.resolve(ctx, l, table); err != nil {
				return nil, err
			}
			e.lists[l.Hash] = table
		}
		view := "measure." + listPrefix + l.Name
		if err := e.db.Exec(ctx, "list "+l.Name, "CREATE VIEW "+view+" AS SELECT id FROM "+table); err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return func() error {
		for _, v := range views {
			if err := e.db.Exec(ctx, "drop list", "DROP VIEW "+v); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func (e *engine) resolve(ctx context.Context, l ValueList, table string) error {
	var rows []string
	for _, c := range l.Codes {
		rows = append(rows, "("+duck.Quote(c.System)+", "+duck.Quote(c.Code)+")")
	}
	return e.db.Exec(ctx, "list "+l.Name, `CREATE TABLE `+table+` AS
		WITH wanted(system, code) AS (VALUES `+strings.Join(rows, ", ")+`),
			matched AS (SELECT DISTINCT concept FROM fhir.concept JOIN wanted USING (system, code))
		SELECT concept AS id FROM matched
		UNION
		SELECT list FROM fhir.concept_list WHERE concept IN (FROM matched)`)
}

// attribution makes sure that the sites for a window of months are known.
func (e *engine) attribution(ctx context.Context, months int) (table string, err error) {
	table = fmt.Sprintf("run.attribution_%d", months)
	if slices.Contains(e.windows, months) {
		return table, nil
	}
	e.windows = append(e.windows, months)
	s := attribution(months)
	return table, e.db.Exec(ctx, s.name, s.sql)
}

// column is what a SELECT must return: a name and the types that serve.
type column struct {
	name  string
	types []string
}

var (
	wholeNumber   = []string{"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
	pidColumn     = column{"pid", []string{"UUID"}}
	periodColumn  = column{"period", []string{"period_id", "ENUM", "VARCHAR"}}
	episodeColumn = column{"episode", []string{"UUID"}}
	valueColumn   = column{"value", wholeNumber}
)

// view binds a person's SELECT as run.<name> and holds it to the columns it must
// return. Mistakes are source.Diagnostics in file.
func (e *engine) view(ctx context.Context, name, file, sql string, want ...column) error {
	got, err := e.db.CreateView(ctx, "run", name, sql)
	if d, ok := sqlDiagnostic(file, err); ok {
		return source.Diagnostics{d}
	}
	if err != nil {
		return err
	}
	var wanted []string
	for _, w := range want {
		wanted = append(wanted, w.name)
	}
	var mistakes source.Diagnostics
	report := func(format string, args ...any) {
		mistakes = append(mistakes, source.Diagnostic{Pos: source.Pos{File: file, Line: 1, Column: 1}, Code: "sql-columns",
			Message: fmt.Sprintf(format, args...), Hint: "the SELECT returns " + join(wanted)})
	}
	for _, w := range want {
		i := slices.IndexFunc(got, func(c duck.Column) bool { return c.Name == w.name })
		if i < 0 {
			report("no column %s", w.name)
			continue
		}
		if !slices.ContainsFunc(w.types, func(t string) bool { return strings.HasPrefix(strings.TrimPrefix(got[i].Type, "run."), t) }) {
			report("column %s is %s, expected %s", w.name, strings.ToLower(got[i].Type), strings.ToLower(w.types[0]))
		}
	}
	for _, c := range got {
		if !slices.Contains(wanted, c.Name) {
			report("column %s is not wanted", c.Name)
		}
	}
	return mistakes.Err()
}

func day(t time.Time) string { return t.Format(time.DateOnly) }
