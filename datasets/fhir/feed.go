package fhir

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// Stream is NDJSON, plain or gzip, that comes from elsewhere than a folder and can be read once. An error of the Reader
// ends the read as it is.
type Stream struct {
	Name    string // as [Input.Name]
	Number  int    // as [Input.Number]
	MaxLine int    // DefaultMaxLine when 0
	Reader  io.Reader
}

// Text is what a stream held, uncompressed.
type Text struct {
	SHA256 string // in hex
	Bytes  int64
}

// Input is the stream's name and number, for errors about a line of it.
func (s Stream) Input() Input {
	in := Input{Name: s.Name, Number: s.Number, MaxLine: s.MaxLine}
	if in.MaxLine == 0 {
		in.MaxLine = DefaultMaxLine
	}
	return in
}

// Lines is [Input.Lines]. It also gives the hash and size of the text, so that one text is known as the same whether it came
// compressed or not. Line.Done is in bytes of the stream as it came.
func (s Stream) Lines(ctx context.Context, fn func(Line) error) (Text, error) {
	in := s.Input()
	split := in.splitter(fn)
	sum := sha256.New()
	var size int64
	err := readAhead(ctx, in.stream(s.Reader, nil), func(text []byte, done int64) error {
		sum.Write(text)
		size += int64(len(text))
		return split.chunk(text, done)
	})
	if err == nil {
		err = split.end()
	}
	if err != nil {
		return Text{}, err
	}
	return Text{hex.EncodeToString(sum.Sum(nil)), size}, nil
}
