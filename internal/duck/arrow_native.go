//go:build duckdb_arrow

package duck

import (
	"context"
	"database/sql/driver"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"
)

// queryArrow hands over the engine's own column vectors.
func (s *Session) queryArrow(ctx context.Context, name, sql string, args []any) (array.RecordReader, error) {
	var reader array.RecordReader
	err := s.conn.Raw(func(raw any) error {
		a, err := duckdb.NewArrowFromConn(raw.(driver.Conn))
		if err != nil {
			return err
		}
		reader, err = a.QueryContext(ctx, sql, args...)
		return err
	})
	if err != nil {
		return nil, scrub(ctx, name, err)
	}
	return reader, nil
}
