package columnar

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"farr/datasets/internal/deid"
)

// cellMaker draws values of a type, of so many different ones.
func cellMaker(t deid.Type, random *rand.Rand, different int) *deid.Cell {
	n := random.IntN(different)
	switch t {
	case deid.Boolean:
		return &deid.Cell{Number: int64(n % 2)}
	case deid.Int32, deid.Timestamp:
		return &deid.Cell{Number: int64(n - different/2)}
	case deid.Int64:
		return &deid.Cell{Number: int64(n) * -0x123456789ab}
	case deid.UUID, deid.Decimal:
		b := make([]byte, fixedBytes)
		binary.BigEndian.PutUint64(b, uint64(n-different/2))
		binary.BigEndian.PutUint64(b[8:], uint64(n)*0x9e3779b97f4a7c15)
		return &deid.Cell{Bytes: b}
	default:
		return &deid.Cell{Bytes: bytes.Repeat([]byte{byte('a' + n%26)}, n%40+n/1000)}
	}
}

// valueOf is a cell as parquet-go gives it.
func valueOf(t deid.Type, c *deid.Cell) parquet.Value {
	switch t {
	case deid.Boolean:
		return parquet.BooleanValue(c.Number != 0)
	case deid.Int32:
		return parquet.Int32Value(int32(c.Number))
	case deid.Int64, deid.Timestamp:
		return parquet.Int64Value(c.Number)
	case deid.UUID, deid.Decimal:
		return parquet.FixedLenByteArrayValue(c.Bytes)
	default:
		return parquet.ByteArrayValue(c.Bytes)
	}
}

var everyType = &deid.Table{Name: "every_type", Columns: []deid.Column{
	{Name: "pid", Type: deid.UUID}, {Name: "rid", Type: deid.UUID}, {Name: "ordinal", Type: deid.Int32},
	{Name: "uuid", Type: deid.UUID}, {Name: "varchar", Type: deid.Varchar}, {Name: "boolean", Type: deid.Boolean},
	{Name: "int32", Type: deid.Int32}, {Name: "int64", Type: deid.Int64}, {Name: "decimal", Type: deid.Decimal},
	{Name: "timestamp", Type: deid.Timestamp}, {Name: "blob", Type: deid.Blob},
}}

// nullPatterns say where a column has values.
var nullPatterns = map[string]func(row int, random *rand.Rand) bool{
	"all":    func(int, *rand.Rand) bool { return true },
	"none":   func(int, *rand.Rand) bool { return false },
	"half":   func(_ int, r *rand.Rand) bool { return r.IntN(2) == 0 },
	"sparse": func(_ int, r *rand.Rand) bool { return r.IntN(500) == 0 },
	"runs":   func(row int, _ *rand.Rand) bool { return row/200%2 == 1 },
	"last":   func(row int, _ *rand.Rand) bool { return row%65 == 64 },
}

// What parquet-go, another implementation, reads is what was written: each type, with nulls in
// patterns that meet every kind of run, values that repeat and values that leave the dictionary, in two
// files of two row groups written by one file after the other. The statistics hold for the values.
func TestFileAgainstParquetGo(t *testing.T) {
	for name, pattern := range nullPatterns {
		for _, c := range []struct{ rows, different int }{
			{1, 1}, {64, 1}, {65, 3}, {1000, 300}, {10_000, 20}, {GroupRows, 1 << 20},
		} {
			if c.rows == GroupRows && name != "all" && name != "half" {
				continue // slow, and the pattern was met
			}
			t.Run(fmt.Sprint(name, c), func(t *testing.T) {
				random := rand.New(rand.NewPCG(7, uint64(c.rows)))
				f := file{schema: schemaOf(everyType)}
				var columns []*column
				for _, d := range everyType.Columns {
					columns = append(columns, newColumn(d))
				}
				for range 2 {
					var out bytes.Buffer
					f.begin(&out)
					var want [][]parquet.Value // by column
					for range columns {
						want = append(want, nil)
					}
					for _, rows := range []int{c.rows, (c.rows + 1) / 2} {
						for i, d := range everyType.Columns {
							for row := range rows {
								if required(d.Name) || pattern(row, random) {
									cell := cellMaker(d.Type, random, c.different)
									columns[i].add(row, cell)
									want[i] = append(want[i], valueOf(d.Type, cell))
								} else {
									want[i] = append(want[i], parquet.Value{})
								}
							}
						}
						if err := f.group(columns, rows); err != nil {
							t.Fatal(err)
						}
						for _, col := range columns {
							col.reset()
						}
					}
					if err := f.end(map[string]string{"b": "2", "a": "1"}); err != nil {
						t.Fatal(err)
					}
					checkFile(t, out.Bytes(), want)
				}
			})
		}
	}
}

// A required column that misses a value would shift all rows after it: it is an error.
func TestRequiredColumn(t *testing.T) {
	f := file{schema: schemaOf(everyType)}
	f.begin(&bytes.Buffer{})
	var columns []*column
	for i, d := range everyType.Columns {
		columns = append(columns, newColumn(d))
		if i != 1 {
			columns[i].add(0, cellMaker(d.Type, rand.New(rand.NewPCG(1, 1)), 1))
		}
	}
	if err := f.group(columns, 1); err == nil {
		t.Error("a row without its rid is written")
	}
}

func checkFile(t *testing.T, text []byte, want [][]parquet.Value) {
	t.Helper()
	in, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if in.NumRows() != int64(len(want[0])) || len(in.RowGroups()) != 2 {
		t.Fatalf("%d rows in %d groups", in.NumRows(), len(in.RowGroups()))
	}
	if a, _ := in.Lookup("a"); a != "1" {
		t.Errorf("metadata a is %q", a)
	}
	from := 0
	for n, g := range in.RowGroups() {
		for i, chunk := range g.ColumnChunks() {
			name := everyType.Columns[i].Name
			expected := want[i][from : from+int(g.NumRows())]
			got := chunkValues(t, chunk, len(expected))
			for row, v := range expected {
				if got[row].IsNull() != v.IsNull() || !v.IsNull() && !parquet.Equal(got[row], v) {
					t.Fatalf("group %d, column %s, row %d: %v, want %v", n, name, row, got[row], v)
				}
			}
			checkStatistics(t, in.Metadata().RowGroups[n].Columns[i].MetaData, chunk.Type(), name, expected)
		}
		from += int(g.NumRows())
	}
}

func chunkValues(t *testing.T, chunk parquet.ColumnChunk, rows int) (values []parquet.Value) {
	t.Helper()
	pages := chunk.Pages()
	defer pages.Close()
	for len(values) < rows {
		page, err := pages.ReadPage()
		if err != nil {
			t.Fatal(err)
		}
		more := make([]parquet.Value, page.NumValues())
		n, _ := page.Values().ReadValues(more)
		for _, v := range more[:n] {
			values = append(values, v.Clone())
		}
	}
	return values
}

// checkStatistics compares a chunk's statistics with its values. A column that left its dictionary and random
// bytes may have no bounds; any other with a value must.
func checkStatistics(t *testing.T, m format.ColumnMetaData, typ parquet.Type, name string, values []parquet.Value) {
	t.Helper()
	compare := typ.Compare
	if name == "decimal" { // as the format says; parquet-go compares their bytes without the sign
		compare = func(a, b parquet.Value) int { return signed(a).Cmp(signed(b)) }
	}
	var low, high parquet.Value
	nulls := int64(0)
	for _, v := range values {
		switch {
		case v.IsNull():
			nulls++
		case low.IsNull():
			low, high = v, v
		case compare(v, low) < 0:
			low = v
		case compare(v, high) > 0:
			high = v
		}
	}
	s := m.Statistics
	if s.NullCount != nulls || m.NumValues != int64(len(values)) {
		t.Errorf("column %s: %d nulls of %d values, want %d of %d", name, s.NullCount, m.NumValues, nulls, len(values))
	}
	if s.MinValue == nil && s.MaxValue == nil {
		plain := len(m.Encoding) == 2
		if !low.IsNull() && name != "rid" && name != "blob" && !plain {
			t.Errorf("column %s has no bounds", name)
		}
		return
	}
	if !parquet.Equal(typ.Kind().Value(s.MinValue), low) || !parquet.Equal(typ.Kind().Value(s.MaxValue), high) {
		t.Errorf("column %s: bounds %x to %x, want %v to %v", name, s.MinValue, s.MaxValue, low, high)
	}
}

// signed is a decimal's number.
func signed(v parquet.Value) *big.Int {
	n := new(big.Int).SetBytes(v.ByteArray())
	if n.Bit(8*fixedBytes-1) == 1 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 8*fixedBytes))
	}
	return n
}
