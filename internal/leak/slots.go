package leak

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// Slots counts the nulls of a batch whose slots are not zero. No reader shows what stands there; whoever opens the file
// with another program sees it.
func Slots(batch arrow.RecordBatch) (n int) {
	for _, column := range batch.Columns() {
		n += slots(column.Data())
	}
	return n
}

func slots(d arrow.ArrayData) (n int) {
	for _, child := range d.Children() {
		n += slots(child)
	}
	fixed, ok := d.DataType().(arrow.FixedWidthDataType)
	if buffers := d.Buffers(); ok && len(buffers) > 1 && buffers[0] != nil && buffers[1] != nil {
		width := fixed.BitWidth()
		for row := d.Offset(); row < d.Offset()+d.Len(); row++ {
			if bitutil.BitIsNotSet(buffers[0].Bytes(), row) && bitutil.CountSetBits(buffers[1].Bytes(), row*width, width) > 0 {
				n++
			}
		}
	}
	return n
}
