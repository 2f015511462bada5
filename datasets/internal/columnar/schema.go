package columnar

import (
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"farr/datasets/internal/deid"
)

// inOrder is a group whose fields keep the order of the table's columns, where
// parquet.Group sorts them by name.
type inOrder struct {
	parquet.Group
	names []string
}

// Fields implements parquet.Node.
func (g inOrder) Fields() []parquet.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(g.names, a.Name()) - slices.Index(g.names, b.Name())
	})
	return fields
}

func schemaOf(t *deid.Table) *parquet.Schema {
	g := inOrder{Group: parquet.Group{}}
	for _, c := range t.Columns {
		node := parquet.Compressed(nodeOf(c), codec)
		if !required(c.Name) {
			node = parquet.Optional(node)
		}
		g.Group[c.Name] = node
		g.names = append(g.names, c.Name)
	}
	return parquet.NewSchema(t.Name, g)
}

// required says which columns have a value in every row.
func required(name string) bool { return name == "pid" || name == "rid" || name == "ordinal" }

// nodeOf gives a column its Parquet type, and an encoding by what is in it: a
// dictionary where values repeat, differences for times, which a patient's rows
// have in order.
func nodeOf(c deid.Column) parquet.Node {
	switch c.Type {
	case deid.UUID:
		if c.Name == "rid" {
			return parquet.Encoded(parquet.UUID(), &parquet.Plain)
		}
		return parquet.Encoded(parquet.UUID(), &parquet.RLEDictionary)
	case deid.Varchar:
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	case deid.Boolean:
		return parquet.Leaf(parquet.BooleanType)
	case deid.Int32:
		return parquet.Encoded(parquet.Leaf(parquet.Int32Type), &parquet.RLEDictionary)
	case deid.Int64:
		return parquet.Encoded(parquet.Leaf(parquet.Int64Type), &parquet.RLEDictionary)
	case deid.Timestamp:
		return parquet.Encoded(parquet.TimestampAdjusted(parquet.Millisecond, false), &parquet.DeltaBinaryPacked)
	case deid.Decimal:
		return parquet.Encoded(parquet.Decimal(8, 28, parquet.FixedLenByteArrayType(16)), &parquet.RLEDictionary)
	case deid.Blob:
		return parquet.Encoded(parquet.Leaf(parquet.ByteArrayType), &parquet.Plain)
	}
	panic("columnar: no Parquet type for " + strings.ToUpper(string(c.Type)))
}
