package columnar

import "github.com/klauspost/compress/zstd"

// windowBytes is how far back a match may lie. Most pages are smaller.
const windowBytes = 256 << 10

// leastToCompress is the smallest page that is worth a frame's header and a reader's time.
const leastToCompress = 64

// compressor compresses pages with zstd at its fastest level. It is one for all writers; its
// methods may be called by several goroutines.
var compressor = newCompressor()

func newCompressor() *zstd.Encoder {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(windowBytes), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic("columnar: zstd refuses constant options: " + err.Error())
	}
	return encoder
}
