package fhir

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// Line is one line of an input that is not blank, or one entry of a Bundle.
type Line struct {
	// Number counts from 1, blank lines included, as an editor does; entries of a Bundle by themselves.
	Number int64
	// Offset is that of the line's first byte in the uncompressed text, or behind the last of an entry.
	Offset int64
	// Bytes is the line without its line end (LF or CRLF). It is valid until the function returns; nil
	// when there is a Reason.
	Bytes []byte
	// Reason is TooLong for a line over the cap, of which nothing was kept, else empty.
	Reason Reason
	// Deleted is what the entry of a Bundle deletes that has no resource; then there are no Bytes.
	Deleted []Deletion
	// Done is how many bytes of the file, as it lies on disk, were read so far: at most
	// [Input.Size], and a little ahead of the line. It is for progress.
	Done int64
}

// Lines calls fn for each line that is not blank, in order, until fn fails, and gives fn's error as it is.
// Lines end with LF or CRLF; the last may end with the file. Reading and
// decompressing run one goroutine ahead, with a fixed number of buffers; it has ended when
// Lines returns. Lines before a fault of the file reach fn; the part of a line that a fault
// cuts does not, and the error says that what was read is not the whole.
//
// The error is fn's, ctx's, or an [*Error].
func (in Input) Lines(ctx context.Context, fn func(Line) error) error {
	return in.lines(ctx, nil, fn)
}

// HashLines is [Input.Lines] that also gives the SHA-256 of the file as it lies on disk, in hex: that of the very
// bytes the lines came from, without reading them twice.
func (in Input) HashLines(ctx context.Context, fn func(Line) error) (string, error) {
	sum := sha256.New()
	if err := in.lines(ctx, sum, fn); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func (in Input) lines(ctx context.Context, sum hash.Hash, fn func(Line) error) error {
	f, err := in.open()
	if err != nil {
		return err
	}
	defer f.Close()
	if in.form != ndjsonText {
		return in.documents(ctx, f, sum, fn)
	}
	s := in.splitter(fn)
	if err := readAhead(ctx, in.stream(f, sum), s.chunk); err != nil {
		return err
	}
	if err := in.unchanged(f); err != nil {
		return err
	}
	return s.end()
}

func (in Input) splitter(fn func(Line) error) *splitter {
	return &splitter{max: min(max(in.MaxLine, 1), 1<<30), fn: fn, number: 1}
}

// splitter cuts chunks of text into lines. A line inside one chunk is a view of it; only a line that
// crosses chunks is copied together.
type splitter struct {
	max    int
	fn     func(Line) error
	number int64  // of the line being read
	offset int64  // of its first byte
	part   []byte // what earlier chunks held of it
	skip   bool   // the line is over the cap: pass to its end
	passed int64  // bytes of it passed so
	done   int64
}

const keptPart = 1 << 20 // bytes kept from one long line to the next

func (s *splitter) chunk(b []byte, done int64) error {
	s.done = done
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			s.add(b)
			return nil
		}
		line := b[:i]
		if len(s.part) > 0 || s.skip {
			s.add(line)
			line = s.part
		}
		if err := s.emit(line, 1); err != nil {
			return err
		}
		b = b[i+1:]
	}
	return nil
}

// end emits what follows the last LF.
func (s *splitter) end() error {
	if len(s.part) == 0 && !s.skip {
		return nil
	}
	return s.emit(s.part, 0)
}

// add keeps more of an unfinished line, or no more of it once it is over the cap. One byte over is still kept:
// it may be the CR of the line's end.
func (s *splitter) add(b []byte) {
	if !s.skip && len(s.part)+len(b) > s.max+1 {
		s.skip, s.passed, s.part = true, int64(len(s.part)), nil
	}
	if s.skip {
		s.passed += int64(len(b))
		return
	}
	s.part = append(s.part, b...)
}

// emit gives a whole line to fn and makes ready for the next; eol is the size of the LF after it.
func (s *splitter) emit(line []byte, eol int64) error {
	l := Line{Number: s.number, Offset: s.offset, Done: s.done}
	s.number++
	if s.skip {
		s.offset += s.passed + eol
		s.skip, s.passed = false, 0
		l.Reason = TooLong
		return s.fn(l)
	}
	s.offset += int64(len(line)) + eol
	s.part = s.part[:0]
	if cap(s.part) > keptPart {
		s.part = nil
	}
	if size := len(line); size > 0 && line[size-1] == '\r' {
		line = line[:size-1]
	}
	if len(line) > s.max {
		l.Reason = TooLong
		return s.fn(l)
	}
	if isBlank(line) {
		return nil
	}
	l.Bytes = line
	return s.fn(l)
}

func isBlank(line []byte) bool {
	for _, c := range line {
		if !isSpace(c) {
			return false
		}
	}
	return true
}
