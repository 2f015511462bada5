package duck

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// QueryArrow runs a statement and returns its result as Arrow records: UUID as
// text, DECIMAL as decimal128, TIMESTAMP in microseconds without a zone. The
// slots of nulls are zero. The caller releases the reader. name is what an
// error calls the statement.
func (s *Session) QueryArrow(ctx context.Context, name, sql string, args ...any) (array.RecordReader, error) {
	r, err := s.queryArrow(ctx, name, sql, args)
	if err != nil {
		if e, ok := err.(*Error); ok {
			e.InMemory = s.inMemory
		}
		return nil, err
	}
	return &scrubbedReader{RecordReader: r, ctx: ctx, name: name}, nil
}

// scrubbedReader keeps the engine's text out of a reader's error, and the
// engine's memory out of its records.
type scrubbedReader struct {
	array.RecordReader
	ctx  context.Context
	name string
}

func (r *scrubbedReader) Err() error { return scrub(r.ctx, r.name, r.RecordReader.Err()) }

func (r *scrubbedReader) Next() bool {
	if !r.RecordReader.Next() {
		return false
	}
	wipe(r.RecordBatch())
	return true
}
