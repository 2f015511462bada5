//go:build !duckdb_arrow

package duck

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/uuid"
)

// batchRows is how many rows a record built here has at most.
const batchRows = 8192

// queryArrow builds records from rows, for a build without the driver's Arrow tag.
func (s *Session) queryArrow(ctx context.Context, name, sql string, args []any) (array.RecordReader, error) {
	rows, err := s.conn.QueryContext(ctx, sql, args...)
	if err != nil {
		return nil, scrub(ctx, name, err)
	}
	columns, err := rows.ColumnTypes()
	if err != nil {
		rows.Close()
		return nil, scrub(ctx, name, err)
	}
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		t, err := arrowType(c.DatabaseTypeName())
		if err != nil {
			rows.Close()
			return nil, fmt.Errorf("statement %s: column %s: %w", name, c.Name(), err)
		}
		fields[i] = arrow.Field{Name: c.Name(), Type: t, Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	return &rowReader{ctx: ctx, rows: rows, refs: 1, schema: schema,
		builder: array.NewRecordBuilder(memory.DefaultAllocator, schema)}, nil
}

func arrowType(name string) (arrow.DataType, error) {
	var width, scale int32
	switch name {
	case "BOOLEAN":
		return arrow.FixedWidthTypes.Boolean, nil
	case "TINYINT":
		return arrow.PrimitiveTypes.Int8, nil
	case "SMALLINT":
		return arrow.PrimitiveTypes.Int16, nil
	case "INTEGER":
		return arrow.PrimitiveTypes.Int32, nil
	case "BIGINT":
		return arrow.PrimitiveTypes.Int64, nil
	case "HUGEINT":
		return &arrow.Decimal128Type{Precision: 38}, nil
	case "DOUBLE":
		return arrow.PrimitiveTypes.Float64, nil
	case "VARCHAR", "UUID":
		return arrow.BinaryTypes.String, nil
	case "BLOB":
		return arrow.BinaryTypes.Binary, nil
	case "DATE":
		return arrow.FixedWidthTypes.Date32, nil
	case "TIMESTAMP":
		return &arrow.TimestampType{Unit: arrow.Microsecond}, nil
	}
	if n, _ := fmt.Sscanf(name, "DECIMAL(%d,%d)", &width, &scale); n == 2 {
		return &arrow.Decimal128Type{Precision: width, Scale: scale}, nil
	}
	return nil, fmt.Errorf("type %s has no Arrow form in this build; build with the tag duckdb_arrow", name)
}

// rowReader is an array.RecordReader over rows.
type rowReader struct {
	ctx     context.Context
	rows    *sql.Rows
	schema  *arrow.Schema
	builder *array.RecordBuilder
	batch   arrow.RecordBatch
	err     error
	refs    int
}

func (r *rowReader) Schema() *arrow.Schema          { return r.schema }
func (r *rowReader) RecordBatch() arrow.RecordBatch { return r.batch }
func (r *rowReader) Record() arrow.RecordBatch      { return r.batch }
func (r *rowReader) Err() error                     { return r.err }
func (r *rowReader) Retain()                        { r.refs++ }

func (r *rowReader) Release() {
	if r.refs--; r.refs == 0 {
		r.drop()
		r.builder.Release()
		if err := r.rows.Close(); r.err == nil {
			r.err = err
		}
	}
}

func (r *rowReader) drop() {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
}

func (r *rowReader) Next() bool {
	r.drop()
	if r.err = r.ctx.Err(); r.err != nil {
		return false
	}
	values := make([]any, len(r.schema.Fields()))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	n := 0
	for n < batchRows && r.rows.Next() {
		if r.err = r.rows.Scan(into...); r.err != nil {
			return false
		}
		for i, v := range values {
			appendValue(r.builder.Field(i), v)
		}
		n++
	}
	if r.err = r.rows.Err(); r.err != nil || n == 0 {
		return false
	}
	r.batch = r.builder.NewRecordBatch()
	return true
}

// appendValue relies on the driver's value types, which follow from the column's
// type that chose the builder.
func appendValue(b array.Builder, v any) {
	if v == nil {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(v.(bool))
	case *array.Int8Builder:
		b.Append(v.(int8))
	case *array.Int16Builder:
		b.Append(v.(int16))
	case *array.Int32Builder:
		b.Append(v.(int32))
	case *array.Int64Builder:
		b.Append(v.(int64))
	case *array.Float64Builder:
		b.Append(v.(float64))
	case *array.BinaryBuilder:
		b.Append(v.([]byte))
	case *array.Date32Builder:
		b.Append(arrow.Date32FromTime(v.(time.Time)))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.(time.Time).UnixMicro()))
	case *array.StringBuilder:
		if raw, ok := v.([]byte); ok { // a UUID
			b.Append(uuid.UUID(raw).String())
			return
		}
		b.Append(v.(string))
	case *array.Decimal128Builder:
		if d, ok := v.(Decimal); ok {
			v = d.Value
		}
		b.Append(decimal128.FromBigInt(v.(*big.Int)))
	}
}
