package columnar

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const magic = "PAR1"

// file is one Parquet file being written. It may be used for one after another.
type file struct {
	schema []format.SchemaElement
	out    io.Writer
	offset int64
	rows   int64
	groups []format.RowGroup
	pages  pageWriter
	buffer bytes.Buffer // pages of a row group on their way to out
}

// flushBytes is how much is written at once.
const flushBytes = 256 << 10

// begin turns to a new file.
func (f *file) begin(out io.Writer) {
	f.out, f.offset, f.rows, f.groups = out, 0, 0, nil
	f.buffer.Reset()
	f.buffer.WriteString(magic)
}

// at is the place in the file of the next byte.
func (f *file) at() int64 { return f.offset + int64(f.buffer.Len()) }

// flush hands what is ready to the file.
func (f *file) flush() error {
	n, err := f.out.Write(f.buffer.Bytes())
	f.offset += int64(n)
	f.buffer.Reset()
	return err
}

// group writes a row group.
func (f *file) group(columns []*column, rows int) error {
	g := format.RowGroup{NumRows: int64(rows), FileOffset: f.at(), Ordinal: int16(len(f.groups))}
	for i, c := range columns {
		chunk, err := f.chunk(c, f.schema[1+i], rows)
		if err != nil {
			return err
		}
		g.Columns = append(g.Columns, format.ColumnChunk{MetaData: chunk})
		g.TotalByteSize += chunk.TotalUncompressedSize
		g.TotalCompressedSize += chunk.TotalCompressedSize
		if f.buffer.Len() >= flushBytes {
			if err := f.flush(); err != nil {
				return err
			}
		}
	}
	f.rows += int64(rows)
	f.groups = append(f.groups, g)
	return f.flush()
}

// chunk writes a column of a row group.
func (f *file) chunk(c *column, e format.SchemaElement, rows int) (m format.ColumnMetaData, err error) {
	if !c.optional && c.values != rows {
		return m, fmt.Errorf("column %s must have a value in every row and has %d in %d", e.Name, c.values, rows)
	}
	m = format.ColumnMetaData{
		Type: e.Type.V, PathInSchema: []string{e.Name}, NumValues: int64(rows), Codec: format.Zstd,
		Encoding: []format.Encoding{format.RLE, format.Plain},
	}
	if c.random {
		m.Codec = format.Uncompressed
	}
	m.Statistics.NullCount = int64(rows - c.values)
	m.Statistics.MinValue, m.Statistics.MaxValue = c.bounds()
	start := f.at()
	if c.coding == indexed && c.values > 0 {
		m.DictionaryPageOffset = f.at()
		n, err := f.pages.dictionary(&f.buffer, c)
		if err != nil {
			return m, err
		}
		m.TotalUncompressedSize += n
	}
	m.DataPageOffset = f.at()
	encoding, n, err := f.pages.data(&f.buffer, c, rows)
	m.TotalUncompressedSize += n
	m.TotalCompressedSize = f.at() - start
	if encoding != format.Plain {
		m.Encoding = append(m.Encoding, encoding)
	}
	return m, err
}

// end writes the footer.
func (f *file) end(metadata map[string]string) error {
	meta := format.FileMetaData{
		Version: 2, Schema: f.schema, NumRows: f.rows, RowGroups: f.groups, CreatedBy: "farr",
	}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		meta.KeyValueMetadata = append(meta.KeyValueMetadata, format.KeyValue{Key: key, Value: metadata[key]})
	}
	for range f.schema[1:] {
		meta.ColumnOrders = append(meta.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &meta)
	if err != nil {
		return err
	}
	f.buffer.Write(footer)
	f.buffer.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(footer))))
	f.buffer.WriteString(magic)
	return f.flush()
}
