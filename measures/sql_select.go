package measures

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"farr/internal/duck"
	"farr/internal/source"
)

// Selection is a statement that was found sound, before a row is read. It is there until the next
// one is bound.
type Selection struct {
	session   *SQLSession
	statement SQLStatement
	sql       string // the SELECT of the view, for places of errors
	columns   []duck.Column
}

// Columns are what the statement gives, with the engine's names of types.
func (s *Selection) Columns() []ViewColumn {
	var columns []ViewColumn
	for _, c := range s.columns {
		columns = append(columns, ViewColumn(c))
	}
	return columns
}

// describing are the words that a statement about views may begin with.
var describing = []string{"DESCRIBE", "DESC", "SHOW", "SUMMARIZE"}

// Bind checks a statement: a SELECT in any form that begins with SELECT, FROM, WITH, VALUES or a
// parenthesis; DESCRIBE or SUMMARIZE of a view or a SELECT; SHOW TABLES. Everything else, what reads
// files, clock or chance, and names that do not exist are source.Diagnostics with their place.
func (q *SQLSession) Bind(ctx context.Context, s SQLStatement) (*Selection, error) {
	if err := q.extract.StillOpens(ctx); err != nil {
		return nil, err
	}
	word := strings.ToUpper(identifier(s.Text, 0))
	for _, w := range describing {
		if word == w {
			return q.bindDescription(ctx, s, word)
		}
	}
	columns, err := q.view(ctx, selectionView, s, 0)
	if err != nil {
		return nil, err
	}
	return &Selection{q, s, s.Text, columns}, nil
}

// view makes a view of the statement from an offset on.
func (q *SQLSession) view(ctx context.Context, name string, s SQLStatement, offset int) ([]duck.Column, error) {
	// Blanks in place of what comes before keep every place.
	text := strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}, s.Text[:offset]) + s.Text[offset:]
	columns, err := q.db.CreateView(ctx, selectionSchema, name, text)
	var mistake *duck.SQLError
	if errors.As(err, &mistake) {
		return nil, source.Diagnostics{{Pos: s.at(mistake.Line, mistake.Column), Code: "sql-" + mistake.Code, Message: mistake.Message, Hint: sqlHints[mistake.Code]}}
	}
	return columns, s.failed(err, name, text)
}

var sqlHints = map[string]string{
	"not-one-select": "a session reads: SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES",
	"forbidden":      "the same statement on the same data gives the same rows, and nothing but the views is read",
}

// at is a place in the text that the statement stands in, from one in the statement; its start
// where that is unknown.
func (s SQLStatement) at(line, column int) source.Pos {
	p := s.Start
	switch {
	case line == 1:
		p.Column += column - 1
	case line > 1:
		p.Line, p.Column = p.Line+line-1, column
	}
	return p
}

// bindDescription binds DESCRIBE, SHOW and SUMMARIZE.
func (q *SQLSession) bindDescription(ctx context.Context, s SQLStatement, word string) (*Selection, error) {
	rest := s.Text[len(word):]
	var rows []string
	heading := "column_name, column_type"
	if word == "SHOW" {
		if !strings.EqualFold(strings.TrimSpace(rest), "TABLES") {
			return nil, source.Diagnostics{{Pos: s.Start, Code: "sql-not-one-select", Message: "of SHOW there is SHOW TABLES", Hint: sqlHints["not-one-select"]}}
		}
		heading = "name, kind"
		for _, v := range q.views {
			rows = append(rows, "("+duck.Quote(v.Name)+", "+duck.Quote(v.Kind)+")")
		}
	} else {
		from, columns, err := q.toDescribe(ctx, s, len(s.Text)-len(strings.TrimLeft(rest, " \t\r\n")))
		if err != nil {
			return nil, err
		}
		if word == "SUMMARIZE" {
			return q.made(ctx, s, "SELECT * FROM (SUMMARIZE FROM "+from+")")
		}
		for _, c := range columns {
			rows = append(rows, "("+duck.Quote(c.Name)+", "+duck.Quote(c.Type)+")")
		}
	}
	return q.made(ctx, s, "SELECT * FROM (VALUES "+strings.Join(rows, ", ")+") t("+heading+")")
}

// toDescribe is what is described: a view by name, or a SELECT that begins at an offset.
func (q *SQLSession) toDescribe(ctx context.Context, s SQLStatement, offset int) (from string, columns []duck.Column, err error) {
	name := strings.TrimSpace(s.Text[offset:])
	if name == "" || identifier(name, 0) != name {
		columns, err = q.view(ctx, "described", s, offset)
		return selectionSchema + ".described", columns, err
	}
	var known []string
	for _, v := range q.views {
		if strings.EqualFold(v.Name, name) {
			for _, c := range v.Columns {
				columns = append(columns, duck.Column(c))
			}
			return v.Name, columns, nil
		}
		known = append(known, v.Name)
	}
	at := position(s.Text, offset)
	return "", nil, source.Diagnostics{{Pos: s.at(at.Line, at.Column), Code: "sql-binding", Message: fmt.Sprintf("there is no view %q", name), Hint: source.DidYouMean(name, known)}}
}

// made binds SQL of our own in place of a statement.
func (q *SQLSession) made(ctx context.Context, s SQLStatement, sql string) (*Selection, error) {
	name := selectionSchema + "." + selectionView
	if err := q.db.Exec(ctx, "statement", "CREATE OR REPLACE VIEW "+name+" AS "+sql); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Start, err)
	}
	out := &Selection{session: q, statement: s}
	rows, err := q.db.Query(ctx, "columns", "SELECT column_name, column_type FROM (DESCRIBE "+name+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c duck.Column
		if err := rows.Scan(&c.Name, &c.Type); err != nil {
			return nil, err
		}
		out.columns = append(out.columns, c)
	}
	return out, rows.Err()
}

// SQLFailure is a statement that is well formed and that the engine failed to compute. It quotes no value.
type SQLFailure struct {
	At    source.Pos
	Class string // the engine's: Conversion, Out of Range, Out of Memory
	err   error
}

func (e *SQLFailure) Error() string {
	code := "sql-" + strings.ToLower(strings.ReplaceAll(e.Class, " ", "-"))
	text := "the data make it fail"
	switch e.Class {
	case "Conversion":
		text = "a value cannot be converted (try_cast gives NULL in its place)"
	case "Out of Range":
		text = "a number is beyond what its type holds (cast it to DOUBLE or HUGEINT first)"
	case "Not implemented":
		text = "a value has no form there (cast it to VARCHAR)"
	case "IO":
		text = "what it reads cannot be read: look at the disk, and at whether the store is still there"
	case "Out of Memory":
		text = "it needs more memory than the session has, which keeps all of it off the disk (ask for less at a time, or give more by --memory)"
	}
	return fmt.Sprintf("%s: %s: %s", e.At, code, text)
}

func (e *SQLFailure) Unwrap() error { return e.err }

// failed gives a failure of the engine its place in the statement, of which a view was made by sql;
// a cancelled statement stays what it is.
func (s SQLStatement) failed(err error, view, sql string) error {
	var e *duck.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	line, column := duck.ViewPlace(err, selectionSchema, view, sql)
	return &SQLFailure{At: s.at(line, column), Class: e.Class, err: err}
}

func (s *Selection) failed(err error) error { return s.statement.failed(err, selectionView, s.sql) }
