package measures

import (
	"context"
	"errors"
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
const engineVersion = "13"

// engine computes definitions in one session whose schema fhir is attached.
type engine struct {
	db      *duck.Session
	periods []Period
	asOf    time.Time // last day that the data know
	lists   map[string]string
	windows []int             // months of attribution that have their table
	made    map[string]bool   // the blocks that are there
	parts   map[string]string // what cohorts take from CQL: tables by cohort and name
	listed  string            // ids of all lists, for IN
	only    string            // a condition on the persons of what is made now
	text    string            // the SQL of all definitions, where all of it was made of YAML
	listen  *listener
	gaps    []CareGap // of the measure that was evaluated last
}

// prepare makes an engine with what SQL of authors reads in definitions. After it the session's
// settings are locked.
func prepare(ctx context.Context, db *duck.Session, definitions []Definition, periods []Period, asOf time.Time) (*engine, error) {
	e := &engine{db: db, periods: periods, asOf: asOf}
	if err := e.begin(ctx, definitions); err != nil {
		return nil, err
	}
	if err := e.exec(ctx, statement{"names", "SET search_path = 'measure,fhir'"}); err != nil {
		return nil, err
	}
	return e, db.Lock(ctx)
}

// begin makes what does not depend on one definition, for the persons whom the views show.
func (e *engine) begin(ctx context.Context, definitions []Definition) error {
	e.lists, e.parts, e.made, e.windows, e.text = map[string]string{}, map[string]string{}, map[string]bool{}, nil, ""
	if err := e.exec(ctx, periodStatements(e.periods)...); err != nil {
		return err
	}
	var lists []ValueList
	for _, d := range definitions {
		lists = append(lists, d.Lists...)
	}
	if err := e.resolve(ctx, lists...); err != nil {
		return err
	}
	err := e.exec(ctx, statement{"listed", "CREATE TABLE run.listed AS " + union(slices.Sorted(maps.Values(e.lists)))})
	if err != nil {
		return err
	}
	if e.listed, err = e.listedIDs(ctx); err != nil {
		return err
	}
	text, written := textOf(definitions)
	if !written {
		e.text = text
		if len(definitions) == 1 { // what is of its entries alone waits for them
			text, _ = textOf([]Definition{{Populations: definitions[0].Populations}})
		}
	}
	return e.need(ctx, mentioned(text)...)
}

// maxLiteral is how many ids stand in a statement by themselves.
const maxLiteral = 2000

// listedIDs are the ids of all lists for IN: one by one, which a scan compares in its dictionary,
// or the table where they are many.
func (e *engine) listedIDs(ctx context.Context) (string, error) {
	var n int64
	var ids string
	err := e.db.QueryRow(ctx, "listed", "SELECT count(*), coalesce(string_agg(id::VARCHAR, ', ' ORDER BY id), 'NULL') FROM run.listed", &n, &ids)
	if err != nil || n > maxLiteral {
		return "FROM run.listed", err
	}
	return ids, nil
}

// again forgets all that was made, and begins with other definitions or other persons.
func (e *engine) again(ctx context.Context, definitions []Definition) error {
	// The schema measure stays, since names are sought in it.
	rows, err := e.db.Query(ctx, "what is there", `SELECT 'VIEW', view_name FROM duckdb_views() WHERE schema_name = 'measure'
		UNION ALL SELECT 'TABLE', table_name FROM duckdb_tables() WHERE schema_name = 'measure'
		UNION ALL SELECT DISTINCT 'MACRO', function_name FROM duckdb_functions() WHERE schema_name = 'measure'`)
	if err != nil {
		return err
	}
	var drops []statement
	for rows.Next() {
		var kind, name string
		if err := rows.Scan(&kind, &name); err != nil {
			rows.Close()
			return err
		}
		drops = append(drops, statement{"forget " + name, "DROP " + kind + " measure." + name})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	drops = append(drops, statement{"forget the rest", "DROP SCHEMA authored CASCADE; DROP SCHEMA run CASCADE"})
	if err := e.exec(ctx, drops...); err != nil {
		return err
	}
	return e.begin(ctx, definitions)
}

// need makes blocks that are not there yet, each after those that it reads. What is told by a
// code is a table of the rows with a code of any definition in the run.
func (e *engine) need(ctx context.Context, names ...string) error {
	for _, name := range names {
		if e.made[name] {
			continue
		}
		e.made[name] = true
		if i := slices.IndexFunc(coded, func(c block) bool { return c.name == name }); i >= 0 {
			c := coded[i]
			if err := e.need(ctx, c.after...); err != nil {
				return err
			}
			if err := e.exec(ctx, statement{name, "CREATE TABLE run." + name + " AS SELECT *" + e.unread(c.sql) + " FROM (" + c.sql + ") WHERE code IN (" + e.listed + ")" + e.only}); err != nil {
				return err
			}
			continue
		}
		b := blocks[slices.IndexFunc(blocks, func(b block) bool { return b.name == name })]
		if err := e.need(ctx, b.after...); err != nil {
			return err
		}
		if e.text != "" && b.name == "finished_encounter" { // of which rules in YAML read few columns
			b.sql = strings.Replace(b.sql, "CREATE TABLE", "CREATE VIEW", 1)
		}
		if err := e.exec(ctx, b.statement); err != nil {
			return err
		}
	}
	return nil
}

// needOfEntries makes what only rules about entries read, of persons with an entry, and shows it:
// a run of one cohort in YAML knows that nobody else is asked for.
func (e *engine) needOfEntries(ctx context.Context) (shown []string, err error) {
	if e.text == "" {
		return nil, nil
	}
	before := maps.Clone(e.made)
	e.only = " AND pid IN (SELECT pid FROM run.entry)"
	err = e.need(ctx, mentioned(e.text)...)
	e.only = ""
	if err != nil {
		return nil, err
	}
	for _, c := range coded {
		if e.made[c.name] && !before[c.name] {
			shown = append(shown, c.name)
			if err := e.exec(ctx, showCoded(c.name)); err != nil {
				return nil, err
			}
		}
	}
	return shown, nil
}

// showCoded lets SQL see the rows with a code of the definition's own lists.
func showCoded(name string) statement {
	return statement{name, "CREATE VIEW measure." + name + " AS FROM run." + name + " WHERE code IN (FROM run.own)"}
}

// authoredNames are the blocks that SQL of authors can name.
func authoredNames() []string {
	names := []string{"age_on", "birthday", "seen", "visit", "finished_encounter", "comorbidity"}
	for _, c := range coded {
		names = append(names, c.name)
	}
	return names
}

// textOf is the SQL of definitions, in small letters, and whether people wrote some of it.
func textOf(definitions []Definition) (text string, written bool) {
	var b strings.Builder
	for _, d := range definitions {
		written = written || d.Kind == KindMeasure
		add := func(sql, file string) {
			b.WriteString(sql + "\n")
			written = written || file != ""
		}
		for _, p := range d.Populations {
			add(p.SQL, p.File)
		}
		for _, r := range slices.Concat(d.Rules, d.Outcomes, d.CareGaps) {
			add(r.SQL, r.File)
		}
		for _, c := range d.Characteristics {
			add(c.SQL, c.File)
		}
		for _, p := range d.Parts {
			add(p.SQL, p.File)
		}
	}
	return strings.ToLower(b.String()), written
}

// mentioned are the blocks whose names stand in the SQL, in whatever sense: what is not
// mentioned cannot be read.
func mentioned(text string) []string {
	return slices.DeleteFunc(authoredNames(), func(name string) bool { return !strings.Contains(text, name) })
}

// unread leaves the columns out that no SQL reads, where all of it was made of YAML: people may
// read columns without their names. Of these the ids of rows are dear, since nothing compresses them.
func (e *engine) unread(sql string) string {
	var names []string
	for _, name := range []string{"rid", "abatement", "value_tag", "value_num", "value_unit", "value_concept"} {
		if e.text != "" && strings.Contains(sql, name) && !strings.Contains(e.text, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " EXCLUDE (" + strings.Join(names, ", ") + ")"
}

func (e *engine) exec(ctx context.Context, steps ...statement) error {
	for _, s := range steps {
		if err := e.db.Exec(ctx, "prepare "+s.name, s.sql); err != nil {
			return err
		}
	}
	return nil
}

// resolve looks lists up in the dictionary, all in one pass and each once: its table holds the ids of the
// concepts that have one of its codes and of the lists of concepts that hold such a
// concept, so that every filter in SQL compares integers.
func (e *engine) resolve(ctx context.Context, lists ...ValueList) error {
	var rows []string
	var tables []statement
	for _, l := range lists {
		if e.lists[l.Hash] != "" {
			continue
		}
		number := len(e.lists)
		e.lists[l.Hash] = fmt.Sprintf("run.codes_%d", number)
		for _, c := range l.Codes {
			rows = append(rows, fmt.Sprintf("(%d, %s, %s)", number, duck.Quote(c.System), duck.Quote(c.Code)))
		}
		tables = append(tables, statement{"list " + l.Name, fmt.Sprintf("CREATE TABLE %s AS SELECT id FROM run.matched WHERE number = %d", e.lists[l.Hash], number)})
	}
	if len(tables) == 0 {
		return nil
	}
	steps := []statement{{"wanted codes", "CREATE TABLE run.wanted (number INTEGER, system VARCHAR, code VARCHAR)"}}
	for chunk := range slices.Chunk(rows, 5000) {
		steps = append(steps, statement{"wanted codes", "INSERT INTO run.wanted VALUES " + strings.Join(chunk, ", ")})
	}
	steps = append(steps, statement{"lists", `CREATE TABLE run.matched AS
		WITH matched AS (SELECT DISTINCT number, concept FROM fhir.concept JOIN run.wanted USING (system, code))
		SELECT number, concept AS id FROM matched
		UNION
		SELECT m.number, l.list FROM fhir.concept_list l JOIN matched m USING (concept)`})
	return e.exec(ctx, slices.Concat(steps, tables, []statement{{"forget wanted codes", "DROP TABLE run.wanted; DROP TABLE run.matched"}})...)
}

// union gives the ids of all tables, each of which has an id once; without tables there are none.
func union(tables []string) string {
	switch len(tables) {
	case 0:
		return "SELECT NULL::BIGINT AS id WHERE false"
	case 1:
		return "SELECT id FROM " + tables[0]
	}
	return "SELECT DISTINCT id FROM (SELECT id FROM " + strings.Join(tables, " UNION ALL SELECT id FROM ") + ")"
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
		if !e.made[c.name] {
			continue
		}
		made = append(made, "measure."+c.name)
		if err := e.exec(ctx, showCoded(c.name)); err != nil {
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
	if err := e.need(ctx, "visits by site", "some"); err != nil {
		return "", err
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
