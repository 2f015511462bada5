package measures

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"farr/internal/duck"
	"farr/internal/source"
)

// engineVersion is part of every results key: raise it when the same definition on
// the same extract would give other numbers or another table.
const engineVersion = "5"

// engine computes definitions in one session whose schema fhir is attached.
type engine struct {
	db      *duck.Session
	periods []Period
	asOf    time.Time // last day that the data know
	lists   map[string]string
	windows []int             // months of attribution that have their table
	blocked bool              // whether the blocks are there
	parts   map[string]string // what cohorts take from CQL: tables by cohort and name
	listen  *listener
}

// prepare makes what does not depend on one definition; where no SQL of authors runs, blocks
// does most of that later. After it the session's settings are locked.
func prepare(ctx context.Context, db *duck.Session, definitions []Definition, periods []Period, asOf time.Time) (*engine, error) {
	e := &engine{db: db, periods: periods, asOf: asOf, lists: map[string]string{}, parts: map[string]string{}}
	if err := e.exec(ctx, periodStatements(periods)...); err != nil {
		return nil, err
	}
	if len(definitions) > 0 {
		if err := e.blocks(ctx); err != nil {
			return nil, err
		}
		if err := e.exec(ctx, authoredBlocks...); err != nil {
			return nil, err
		}
	}
	for _, d := range definitions {
		for _, l := range d.Lists {
			if err := e.resolve(ctx, l); err != nil {
				return nil, err
			}
		}
	}
	if err := e.exec(ctx, statement{"listed", "CREATE TABLE run.listed AS " + union(slices.Sorted(maps.Values(e.lists)))}); err != nil {
		return nil, err
	}
	for _, c := range coded {
		if len(definitions) == 0 {
			break
		}
		if err := e.exec(ctx, statement{c.name, "CREATE TABLE run." + c.name + " AS FROM (" + c.sql + ") WHERE code IN (FROM run.listed)"}); err != nil {
			return nil, err
		}
	}
	if err := e.exec(ctx, statement{"names", "SET search_path = 'measure,fhir'"}); err != nil {
		return nil, err
	}
	return e, db.Lock(ctx)
}

// blocks makes what SQL of authors and the strata are made of, once. Where only published
// measures run it waits until they have left few persons.
func (e *engine) blocks(ctx context.Context) error {
	if e.blocked {
		return nil
	}
	if err := e.exec(ctx, slices.Concat(blocks, attributes)...); err != nil {
		return err
	}
	e.blocked = true
	return nil
}

func (e *engine) exec(ctx context.Context, steps ...statement) error {
	for _, s := range steps {
		if err := e.db.Exec(ctx, "prepare "+s.name, s.sql); err != nil {
			return err
		}
	}
	return nil
}

// resolve looks a list up in the dictionary, once: its table holds the ids of the
// concepts that have one of its codes and of the lists of concepts that hold such a
// concept, so that every filter in SQL compares integers.
func (e *engine) resolve(ctx context.Context, l ValueList) error {
	if e.lists[l.Hash] != "" {
		return nil
	}
	table := fmt.Sprintf("run.codes_%d", len(e.lists))
	e.lists[l.Hash] = table
	var rows []string
	for _, c := range l.Codes {
		rows = append(rows, "("+duck.Quote(c.System)+", "+duck.Quote(c.Code)+")")
	}
	return e.exec(ctx, statement{"list " + l.Name, `CREATE TABLE ` + table + ` AS
		WITH wanted(system, code) AS (VALUES ` + strings.Join(rows, ", ") + `),
			matched AS (SELECT DISTINCT concept FROM fhir.concept JOIN wanted USING (system, code))
		SELECT concept AS id FROM matched
		UNION
		SELECT list FROM fhir.concept_list WHERE concept IN (FROM matched)`})
}

// union gives the ids of all tables; without tables there are none.
func union(tables []string) string {
	sql := "SELECT NULL::BIGINT AS id WHERE false"
	for _, t := range tables {
		sql += " UNION SELECT id FROM " + t
	}
	return sql
}

// show lets SQL see the definition's value lists as list_name, and of what is told by
// a code the rows with a code of these lists. hide takes it all away again.
func (e *engine) show(ctx context.Context, d Definition) (hide func() error, err error) {
	var own, made []string
	view := func(name, sql string) error {
		made = append(made, "measure."+name)
		return e.exec(ctx, statement{name, "CREATE VIEW measure." + name + " AS " + sql})
	}
	for _, l := range d.Lists {
		own = append(own, e.lists[l.Hash])
		if err := view(listPrefix+l.Name, "SELECT id FROM "+e.lists[l.Hash]); err != nil {
			return nil, err
		}
	}
	if err := e.exec(ctx, statement{"own codes", "CREATE OR REPLACE TABLE run.own AS " + union(own)}); err != nil {
		return nil, err
	}
	for _, p := range d.Parts {
		if p.File != "" {
			continue // its SQL reads entries, which are not known yet
		}
		if err := view(p.Table, "FROM "+e.parts[d.ID+" "+p.Table]); err != nil {
			return nil, err
		}
	}
	for _, c := range coded {
		if err := view(c.name, "FROM run."+c.name+" WHERE code IN (FROM run.own)"); err != nil {
			return nil, err
		}
	}
	return func() error {
		for _, name := range made {
			if err := e.exec(ctx, statement{"drop view", "DROP VIEW " + name}); err != nil {
				return err
			}
		}
		return nil
	}, nil
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

// authored is the name of the view made of outside SQL, one at a time.
const authored = "authored.selection"

// table binds a person's SELECT, holds it to the columns it must return, and runs it
// into a table by into, which reads the view authored. name is what an error of the
// run calls it; mistakes in the SQL are source.Diagnostics in file.
func (e *engine) table(ctx context.Context, name, file, sql, into string, want ...column) error {
	if err := e.bind(ctx, file, sql, want); err != nil {
		return err
	}
	if err := e.db.Exec(ctx, name, into); err != nil {
		return err
	}
	return e.exec(ctx, statement{"drop view", "DROP VIEW " + authored})
}

func (e *engine) bind(ctx context.Context, file, sql string, want []column) error {
	schema, view, _ := strings.Cut(authored, ".")
	got, err := e.db.CreateView(ctx, schema, view, sql)
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
