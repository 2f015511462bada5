package columnar

import (
	"bytes"

	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// pageWriter makes pages. Its memory is used again for each.
type pageWriter struct {
	values, packed, levels []byte

	rle      rle.DictionaryEncoding
	delta    delta.BinaryPackedEncoding
	protocol thrift.CompactProtocol
}

// dictionary appends a column's dictionary page, and says what it takes uncompressed.
func (p *pageWriter) dictionary(dst *bytes.Buffer, c *column) (int64, error) {
	var entries int
	p.values, entries = c.appendDictionary(p.values[:0])
	p.packed = compressor.EncodeAll(p.values, p.packed[:0])
	header := format.PageHeader{
		Type: format.DictionaryPage, UncompressedPageSize: int32(len(p.values)), CompressedPageSize: int32(len(p.packed)),
		DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(entries), Encoding: format.Plain}),
	}
	return p.page(dst, &header, nil, p.packed)
}

// data appends a column's data page, and says how its values are encoded.
func (p *pageWriter) data(dst *bytes.Buffer, c *column, rows int) (encoding format.Encoding, size int64, err error) {
	if p.levels = p.levels[:0]; c.optional {
		p.levels = c.present.appendLevels(p.levels, rows, c.values)
	}
	values, encoding, err := p.encode(c)
	if err != nil {
		return encoding, 0, err
	}
	header := format.PageHeader{Type: format.DataPageV2, UncompressedPageSize: int32(len(p.levels) + len(values))}
	compressed := false
	if !c.random && len(values) >= leastToCompress {
		p.packed = compressor.EncodeAll(values, p.packed[:0])
		if compressed = len(p.packed) < len(values); compressed {
			values = p.packed
		}
	}
	header.CompressedPageSize = int32(len(p.levels) + len(values))
	header.DataPageHeaderV2 = thrift.New(format.DataPageHeaderV2{
		NumValues: int32(rows), NumNulls: int32(rows - c.values), NumRows: int32(rows), Encoding: encoding,
		DefinitionLevelsByteLength: int32(len(p.levels)), IsCompressed: thrift.New(compressed),
		Statistics: format.Statistics{NullCount: int64(rows - c.values)},
	})
	size, err = p.page(dst, &header, p.levels, values)
	return encoding, size, err
}

// encode gives the values of a column as a data page holds them.
func (p *pageWriter) encode(c *column) (values []byte, encoding format.Encoding, err error) {
	switch {
	case c.values == 0:
		return nil, format.Plain, nil
	case c.coding == indexed:
		p.values, err = p.rle.EncodeInt32(p.values[:0], c.index)
		return p.values, format.RLEDictionary, err
	case c.coding == delta64:
		p.values, err = p.delta.EncodeInt64(p.values[:0], c.times)
		return p.values, format.DeltaBinaryPacked, err
	case c.coding == singleBits:
		p.values = c.yes.appendBits(p.values[:0], c.values)
		return p.values, format.Plain, nil
	}
	return c.plain, format.Plain, nil
}

// page appends a header and what it is of, and says what they take uncompressed.
func (p *pageWriter) page(dst *bytes.Buffer, header *format.PageHeader, levels, values []byte) (int64, error) {
	text, err := thrift.Marshal(&p.protocol, header)
	dst.Write(text)
	dst.Write(levels)
	dst.Write(values)
	return int64(len(text)) + int64(header.UncompressedPageSize), err
}
