package duck

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// Column is a column of a view: its name and the engine's name for its type.
type Column struct {
	Name string
	Type string
}

// CreateView makes a view of SQL that a person wrote, after CheckSelect, in the
// given schema and name, and returns its columns. Names that do not exist are an
// *SQLError with their place in sql. The view can be queried like a table, so that
// sql is never pasted into other SQL.
func (s *Session) CreateView(ctx context.Context, schema, name, sql string) ([]Column, error) {
	if err := s.CheckSelect(ctx, sql); err != nil {
		return nil, err
	}
	qualified, head := viewHead(schema, name)
	if _, err := s.conn.ExecContext(ctx, head+sql); err != nil {
		return nil, bindingError(ctx, name, head, sql, err)
	}
	rows, err := s.Query(ctx, name, "SELECT column_name, column_type FROM (DESCRIBE "+qualified+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var columns []Column
	for rows.Next() {
		var c Column
		if err := rows.Scan(&c.Name, &c.Type); err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return columns, rows.Err()
}

// viewHead begins the statement that makes a view.
func viewHead(schema, name string) (qualified, head string) {
	qualified = QuoteName(schema) + "." + QuoteName(name)
	return qualified, "CREATE OR REPLACE VIEW " + qualified + " AS "
}

// ViewPlace is where in sql, of which CreateView made a view, an error of reading that view points
// to: line and column from 1, in characters; 0 when unknown.
func ViewPlace(err error, schema, name, sql string) (line, column int) {
	var e *Error
	_, head := viewHead(schema, name)
	if !errors.As(err, &e) || e.Position < len(head) {
		return 0, 0
	}
	at := locate(sql, strconv.Itoa(e.Position-len(head)), &SQLError{})
	return at.Line, at.Column
}

// bindingError tells what the engine says about names and types in sql. Only
// classes that come from the text alone pass; a Conversion error, for one, may
// quote a value, and is scrubbed.
func bindingError(ctx context.Context, name, head, sql string, err error) error {
	var driverErr *duckdb.Error
	if ctx.Err() != nil || !errors.As(err, &driverErr) {
		return scrub(ctx, name, err)
	}
	e := parseEngineError(err)
	if !slices.Contains([]string{"Binder", "Catalog", "Parser", "Syntax"}, e.Class) {
		return scrub(ctx, name, err)
	}
	message, _, _ := strings.Cut(e.Message, "\nLINE ")
	out := &SQLError{Code: "binding", Message: strings.Join(strings.Fields(message), " ")}
	if offset, err := strconv.Atoi(e.Position); err == nil && offset >= len(head) {
		out = locate(sql, strconv.Itoa(offset-len(head)), out)
	}
	return out
}
