package columnar

import (
	"strings"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"farr/datasets/internal/deid"
)

// schemaOf gives the footer's elements of a table: the root, and each column in its order.
func schemaOf(t *deid.Table) []format.SchemaElement {
	schema := []format.SchemaElement{{Name: t.Name, NumChildren: thrift.New(int32(len(t.Columns)))}}
	for _, c := range t.Columns {
		e := elementOf(c.Type)
		e.Name = c.Name
		e.RepetitionType = thrift.New(format.Optional)
		if required(c.Name) {
			e.RepetitionType = thrift.New(format.Required)
		}
		schema = append(schema, e)
	}
	return schema
}

// required says which columns have a value in every row.
func required(name string) bool { return name == "pid" || name == "rid" || name == "ordinal" }

// fixedBytes is the length of a UUID and of a decimal.
const fixedBytes = 16

// elementOf is a column's type in Parquet.
func elementOf(t deid.Type) (e format.SchemaElement) {
	switch t {
	case deid.UUID:
		e.Type, e.TypeLength = thrift.New(format.FixedLenByteArray), thrift.New[int32](fixedBytes)
		e.LogicalType.Value = &format.UUIDType{}
	case deid.Decimal:
		const precision, scale = 28, 8
		e.Type, e.TypeLength = thrift.New(format.FixedLenByteArray), thrift.New[int32](fixedBytes)
		e.LogicalType.Value = &format.DecimalType{Scale: scale, Precision: precision}
		e.ConvertedType = thrift.New(deprecated.Decimal)
		e.Scale, e.Precision = thrift.New[int32](scale), thrift.New[int32](precision)
	case deid.Varchar:
		e.Type = thrift.New(format.ByteArray)
		e.LogicalType.Value = &format.StringType{}
		e.ConvertedType = thrift.New(deprecated.UTF8)
	case deid.Blob:
		e.Type = thrift.New(format.ByteArray)
	case deid.Boolean:
		e.Type = thrift.New(format.Boolean)
	case deid.Int32:
		e.Type = thrift.New(format.Int32)
	case deid.Int64:
		e.Type = thrift.New(format.Int64)
	case deid.Timestamp: // wall time: not adjusted to UTC
		e.Type = thrift.New(format.Int64)
		e.LogicalType.Value = &format.TimestampType{Unit: format.TimeUnit{Value: &format.MilliSeconds{}}}
	default:
		panic("columnar: no Parquet type for " + strings.ToUpper(string(t)))
	}
	return e
}
