package evaluate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"farr/internal/duck"
	"farr/internal/source"
	"farr/measures/internal/content"
	"farr/measures/internal/elm"
	"farr/measures/internal/plan"
)

// CodeUnknown is that of a library or define which is not there. Diagnostics of it have no place,
// which is where the name is written.
const CodeUnknown = "unknown-cql"

func unknown(message, hint string) error {
	return source.Diagnostics{{Code: CodeUnknown, Message: message, Hint: hint}}
}

// Defines are the names of a library's defines. The error is source.Diagnostics.
func (c *Compiler) Defines(library string) ([]string, error) {
	program, _, err := c.linkedByName(library)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(program.Libraries[library].Defines)), nil
}

// linkedByName is a library by its name, with all that it includes.
func (c *Compiler) linkedByName(library string) (*elm.Program, []*content.Library, error) {
	var main *content.Library
	var names []string
	for i := range c.pkg.Libraries {
		l := &c.pkg.Libraries[i]
		names = append(names, l.Name)
		if l.Name != library {
			continue
		}
		if main != nil {
			return nil, nil, unknown(fmt.Sprintf("the CQL library %s is there in versions %s and %s", library, main.Version, l.Version), "keep one")
		}
		main = l
	}
	if main == nil {
		return nil, nil, unknown(fmt.Sprintf("there is no CQL library %q", library), source.DidYouMean(library, names))
	}
	libraries, err := c.pkg.Closure(main)
	if err != nil {
		return nil, nil, err
	}
	program, err := c.link(libraries, main)
	return program, libraries, err
}

// CompileDefines compiles defines of a library that belongs to no measure. The error is
// source.Diagnostics with every place that cannot be compiled.
func (c *Compiler) CompileDefines(library string, defines ...string) (p *Program, err error) {
	program, libraries, err := c.linkedByName(library)
	if err != nil {
		return nil, err
	}
	p = &Program{Measure: &content.Measure{Name: library}, Library: library, Libraries: libraries, Profiles: c.profiles}
	defer func() {
		if cause := recover(); cause != nil {
			p, err = nil, about(p.Measure, "compiler-broke", fmt.Sprintf("the compiler broke down: %v", cause), "this is a fault of farr: please report it with the library")
		}
	}()
	var wants []plan.Want
	for _, name := range defines {
		wants = append(wants, plan.Want{Define: name})
	}
	p.compiled = plan.CompileMeasure(program, c.model, library, wants)
	var mistakes source.Diagnostics
	for _, d := range p.compiled.Problems {
		mistakes = append(mistakes, source.Diagnostic{Pos: source.Pos{File: d.Library, Line: d.Line, Column: d.Column}, Code: codeCQL, Message: d.Message})
	}
	p.ValueSets, p.Lacking = c.pkg.Terminology(p.Libraries, append([]string{}, p.compiled.ValueSets...))
	return p, mistakes.Err()
}

// Version is that of the library whose defines were asked for.
func (p *Program) Version() string {
	i := slices.IndexFunc(p.Libraries, func(l *content.Library) bool { return l.Name == p.Library })
	return p.Libraries[i].Version
}

// LogicHash is the hex SHA-256 of the ELM of all libraries that the program reaches. That of
// translate.mjs carries the hash of the CQL.
func (p *Program) LogicHash() string {
	sum := sha256.New()
	for _, l := range p.Libraries {
		text, _ := l.ELM() // it was read when the program was compiled
		fmt.Fprintln(sum, l.Name, l.Version, len(text))
		sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Boolean tells whether a define is true or false of each person, and its type in CQL.
func (p *Program) Boolean(define string) (ok bool, typ string) {
	d := p.compiled.Defines[define]
	return !d.List && d.Type == "Boolean" && d.Rows() != "", typeOf(d)
}

// Days tells whether a define gives days: a date, an interval of dates, which is the day on
// which it starts, or a list of these; and its type in CQL.
func (p *Program) Days(define string) (ok bool, typ string) {
	d := p.compiled.Defines[define]
	return dayOf(d.Shape()) != "", typeOf(d)
}

// dayOf is SQL of the day of a value, the first that it may be; "" where it is of no day. A start
// at the beginning of time is a start that nobody knows.
func dayOf(s plan.Shape) string {
	switch {
	case s.Kind == plan.KindDate && (s.Type == "Date" || s.Type == "DateTime"):
		return "nullif(CAST(" + s.Columns[0] + " AS DATE), DATE '0001-01-01')"
	case s.Kind == plan.KindInterval && s.Parts[0].Kind == plan.KindDate:
		if day := dayOf(s.Parts[0]); day != "" {
			return "CASE WHEN " + s.Columns[2] + " AND " + s.Columns[0] + " IS NOT TRUE THEN " + day + " END"
		}
	}
	return ""
}

// Kept is a define whose value is to be kept in a table: (pid) of those of whom it is true, or
// (pid, index_date) of the days that it gives.
type Kept struct {
	Define, Table string
	Days          bool
}

// Share keeps what several programs of the session need until the last of them has run, for
// programs of defines. It goes between Ask and Keep.
func (s *Session) Share(ctx context.Context) error {
	for _, p := range s.programs {
		for _, id := range p.ids() {
			s.uses[id]++
		}
	}
	return s.Hold(ctx)
}

// Keep computes a program of defines on everybody whom Ask named, and leaves the tables. Issues
// has those whose data made a define fail.
func (s *Session) Keep(ctx context.Context, p *Program, kept []Kept) (err error) {
	defer func() {
		if dropping := s.clear(ctx, p); err == nil {
			err = dropping
		}
	}()
	if err := s.make(ctx, p, everything); err != nil {
		return err
	}
	for _, k := range kept {
		d := p.compiled.Defines[k.Define]
		sql := "SELECT DISTINCT p.pid FROM (" + d.Rows() + ") r JOIN subject s USING (subject_no) JOIN people p ON p.person_no = s.person_no"
		if k.Days {
			rows := fmt.Sprintf("SELECT s.person_no, %s AS index_date FROM %s d JOIN subject s ON s.%[3]s = d.%[3]s", dayOf(d.Shape()), d.Table, d.Key())
			sql = "SELECT DISTINCT p.pid, r.index_date FROM (" + rows + ") r JOIN people p USING (person_no) WHERE r.index_date IS NOT NULL"
		}
		if err := s.db.Exec(ctx, p.Library+" "+k.Define, "CREATE TABLE "+k.Table+" AS "+sql); err != nil {
			return err
		}
	}
	return s.issuesOf(ctx, p)
}

// Close drops all that the session made, so that SQL that follows sees what it saw before, and
// another session may be opened.
func (s *Session) Close(ctx context.Context) error {
	rows, err := s.db.Query(ctx, "temporary", `SELECT 'VIEW', view_name FROM duckdb_views() WHERE temporary AND NOT internal
		UNION ALL SELECT 'TABLE', table_name FROM duckdb_tables() WHERE temporary AND NOT internal ORDER BY 1 DESC, 2`)
	if err != nil {
		return err
	}
	defer rows.Close()
	drop := []string{"DROP TABLE main.value_set_code"}
	for rows.Next() {
		var kind, name string
		if err := rows.Scan(&kind, &name); err != nil {
			return err
		}
		drop = append(drop, "DROP "+kind+" temp.main."+duck.QuoteName(name))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return s.exec(ctx, "close", drop...)
}
