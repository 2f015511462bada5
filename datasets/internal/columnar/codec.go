package columnar

import (
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
)

// pageCodec compresses pages with zstd at its fastest level. It is not
// parquet-go's own, whose encoders keep a history of 8 MB each for windows of 4 MB:
// a page is far smaller.
type pageCodec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// codec is one for all writers; its methods may be called by several goroutines.
var codec = newPageCodec()

func newPageCodec() *pageCodec {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(2*pageBytes), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true), zstd.WithLowerEncoderMem(true))
	if err == nil {
		var decoder *zstd.Decoder
		if decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true)); err == nil {
			return &pageCodec{encoder, decoder}
		}
	}
	panic("columnar: zstd refuses constant options: " + err.Error())
}

// String implements compress.Codec.
func (c *pageCodec) String() string { return "ZSTD" }

// CompressionCodec implements compress.Codec.
func (c *pageCodec) CompressionCodec() format.CompressionCodec { return format.Zstd }

// Encode implements compress.Codec.
func (c *pageCodec) Encode(dst, src []byte) ([]byte, error) {
	return c.encoder.EncodeAll(src, dst[:0]), nil
}

// Decode implements compress.Codec.
func (c *pageCodec) Decode(dst, src []byte) ([]byte, error) {
	return c.decoder.DecodeAll(src, dst[:0])
}
