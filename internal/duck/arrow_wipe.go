package duck

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// wipe sets to zero what of a batch has no meaning: the slots of nulls, and the bits past the last row. The engine's vectors
// are used again and again, so that there stand values of other rows, columns and tables, and, where a value is held back
// by a null, the value itself; an Arrow file would carry them out.
func wipe(batch arrow.RecordBatch) {
	for _, column := range batch.Columns() {
		wipeData(column.Data())
	}
}

func wipeData(d arrow.ArrayData) {
	for _, child := range d.Children() {
		wipeData(child)
	}
	buffers, rows := d.Buffers(), d.Offset()+d.Len()
	if len(buffers) == 0 {
		return
	}
	var valid []byte // nil where no slot is null
	if buffers[0] != nil {
		valid = buffers[0].Bytes()
		wipeBits(valid, rows)
	}
	fixed, ok := d.DataType().(arrow.FixedWidthDataType)
	if !ok || len(buffers) < 2 || buffers[1] == nil {
		return
	}
	values := buffers[1].Bytes()
	if fixed.ID() == arrow.BOOL {
		wipeBits(values, rows)
		for i := range min(len(valid), len(values)) {
			values[i] &= valid[i]
		}
		return
	}
	width := fixed.Bytes()
	clear(values[min(len(values), rows*width):])
	if valid == nil {
		return
	}
	for row := range rows {
		if bitutil.BitIsNotSet(valid, row) {
			clear(values[row*width : (row+1)*width])
		}
	}
}

// wipeBits clears the bits from one on.
func wipeBits(bits []byte, from int) {
	if from%8 != 0 {
		bits[from/8] &= 1<<(from%8) - 1
		from += 8 - from%8
	}
	clear(bits[min(len(bits), from/8):])
}
