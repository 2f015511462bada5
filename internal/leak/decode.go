package leak

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Column is what a value of a Parquet file belongs to.
type Column struct {
	Name string
	kind format.LogicalTypeValue
}

// text is a value as a person reads it: a time with its day, a decimal with its digits, bytes as bytes.
func (c Column) text(v parquet.Value) []byte {
	switch kind := c.kind.(type) {
	case *format.TimestampType:
		return []byte(time.UnixMilli(v.Int64()).UTC().Format("2006-01-02T15:04:05.000"))
	case *format.DecimalType:
		b := v.ByteArray()
		n := new(big.Int).SetBytes(b)
		if len(b) > 0 && b[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(kind.Scale)), nil)
		return []byte(new(big.Rat).SetFrac(n, scale).FloatString(int(kind.Scale)))
	}
	switch v.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return v.ByteArray()
	}
	return []byte(v.String())
}

// parquetText decodes a file: its metadata, the dictionary of every column whether its values are used or
// not, and every value, a line each.
func parquetText(data []byte) ([]byte, error) {
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, kv := range file.Metadata().KeyValueMetadata {
		fmt.Fprintln(&out, kv.Key, kv.Value)
	}
	err = eachValue(file, func(c Column, v parquet.Value) {
		out.Write(c.text(v))
		out.WriteByte('\n')
	})
	return out.Bytes(), err
}

func eachValue(file *parquet.File, yield func(Column, parquet.Value)) error {
	fields := file.Schema().Fields()
	for _, group := range file.RowGroups() {
		for i, chunk := range group.ColumnChunks() {
			c := Column{Name: fields[i].Name()}
			if logical := fields[i].Type().LogicalType(); logical != nil {
				c.kind = logical.Value
			}
			if err := eachOfChunk(chunk, func(v parquet.Value) { yield(c, v) }); err != nil {
				return fmt.Errorf("column %s: %w", c.Name, err)
			}
		}
	}
	return nil
}

func eachOfChunk(chunk parquet.ColumnChunk, yield func(parquet.Value)) error {
	pages := chunk.Pages()
	defer pages.Close()
	dictionary := false
	buffer := make([]parquet.Value, 1024)
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if d := page.Dictionary(); d != nil && !dictionary {
			dictionary = true
			for k := range d.Len() {
				yield(d.Index(int32(k)))
			}
		}
		values := page.Values()
		for {
			n, err := values.ReadValues(buffer)
			for _, v := range buffer[:n] {
				if !v.IsNull() {
					yield(v)
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
		}
		parquet.Release(page)
	}
}

// Values gives every value of a Parquet file as a person reads it, row group by row group, column by column.
func Values(data []byte, yield func(column, value string)) error {
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	return eachValue(file, func(c Column, v parquet.Value) { yield(c.Name, string(c.text(v))) })
}

// arrowText prints the batches of an Arrow IPC file or stream. Nulls that hold something are an error.
func arrowText(data []byte) ([]byte, error) {
	var out bytes.Buffer
	if bytes.HasPrefix(data, []byte("ARROW1")) {
		r, err := ipc.NewFileReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		defer r.Close()
		fmt.Fprintln(&out, r.Schema())
		for i := range r.NumRecords() {
			batch, err := r.RecordBatch(i)
			if err != nil {
				return nil, err
			}
			if err := batchText(&out, batch); err != nil {
				return nil, err
			}
		}
		return out.Bytes(), nil
	}
	r, err := ipc.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer r.Release()
	fmt.Fprintln(&out, r.Schema())
	for r.Next() {
		if err := batchText(&out, r.RecordBatch()); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), r.Err()
}

func batchText(out *bytes.Buffer, batch arrow.RecordBatch) error {
	for _, column := range batch.Columns() {
		arrayText(out, column)
	}
	if n := Slots(batch); n > 0 {
		return fmt.Errorf("%d nulls hold something", n)
	}
	return nil
}

func arrayText(out *bytes.Buffer, column interface {
	Len() int
	ValueStr(i int) string
}) {
	for i := range column.Len() {
		if binary, ok := column.(*array.Binary); ok && binary.IsValid(i) {
			out.Write(binary.Value(i))
		} else {
			out.WriteString(column.ValueStr(i))
		}
		out.WriteByte('\n')
	}
}
