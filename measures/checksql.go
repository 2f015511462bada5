package measures

import (
	"context"
	"errors"

	"farr/internal/duck"
	"farr/internal/source"
)

// checker tells what is wrong with SQL before there is anything to run it on. It
// opens one session for all files of a library.
type checker struct{ session *duck.Session }

func (c *checker) check(file, sql string) (source.Diagnostics, error) {
	ctx := context.Background()
	if c.session == nil {
		s, err := duck.Open(ctx, duck.Config{MemoryLimit: 64 << 20, Threads: 1})
		if err != nil {
			return nil, err
		}
		c.session = s
	}
	err := c.session.CheckSelect(ctx, sql)
	if d, ok := sqlDiagnostic(file, err); ok {
		return source.Diagnostics{d}, nil
	}
	return nil, err
}

func (c *checker) close() {
	if c.session != nil {
		c.session.Close()
	}
}

// sqlDiagnostic gives an error about a person's SQL its file.
func sqlDiagnostic(file string, err error) (source.Diagnostic, bool) {
	var e *duck.SQLError
	if !errors.As(err, &e) {
		return source.Diagnostic{}, false
	}
	return source.Diagnostic{Pos: source.Pos{File: file, Line: max(1, e.Line), Column: max(1, e.Column)}, Code: "sql-" + e.Code, Message: e.Message}, true
}
