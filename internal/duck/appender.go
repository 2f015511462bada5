package duck

import (
	"context"
	"database/sql/driver"

	"github.com/duckdb/duckdb-go/v2"
)

// UUID is 16 bytes as the engine's UUID, for arguments, appended rows and Scan.
type UUID = duckdb.UUID

// Decimal is what a DECIMAL scans into by way of any.
type Decimal = duckdb.Decimal

// Appender adds rows to a table of the session, in batches. It is for one
// goroutine, and Close makes the last rows visible.
type Appender struct {
	session *Session
	name    string
	a       *duckdb.Appender
}

// Appender opens a table for appending.
func (s *Session) Appender(ctx context.Context, schema, table string) (*Appender, error) {
	out := &Appender{session: s, name: "append " + table}
	err := s.conn.Raw(func(raw any) error {
		var err error
		out.a, err = duckdb.NewAppenderFromConn(raw.(driver.Conn), schema, table)
		return err
	})
	if err != nil {
		return nil, scrub(ctx, out.name, err)
	}
	return out, nil
}

// AppendRow adds one row; its values are in the order of the table's columns,
// nil for NULL.
func (a *Appender) AppendRow(values ...driver.Value) error {
	return scrub(context.Background(), a.name, a.a.AppendRow(values...))
}

// Close flushes the rows and ends the appending. Rows that were not flushed are
// lost when it fails.
func (a *Appender) Close() error {
	err := a.session.conn.Raw(func(any) error { return a.a.Close() })
	return scrub(context.Background(), a.name, err)
}
