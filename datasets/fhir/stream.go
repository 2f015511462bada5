package fhir

import (
	"bufio"
	"context"
	"errors"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

const (
	chunkSize  = 256 << 10
	chunkCount = 4

	// A gzip of an export is 10 to 30 times smaller than its text; deflate ends at 1,032 times. Past
	// bombSize bytes of text, more than bombRatio times the file read so far is no export.
	bombRatio = 400
	bombSize  = 64 << 20
)

// stream gives the uncompressed text of a file and counts the bytes taken from the file.
type stream struct {
	in   Input
	f    *os.File // nil where the bytes are no file's
	raw  *counter
	buf  *bufio.Reader
	text int64 // bytes given so far

	gz     *gzip.Reader // nil for plain text
	begun  bool         // the first bytes were looked at
	bgzf   bool         // the first member says the file is BGZF
	member int64        // bytes of text in the member being read
}

type counter struct {
	r   io.Reader
	n   int64
	sum hash.Hash // of what was read; nil for none
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.sum != nil {
		c.sum.Write(p[:n])
	}
	return n, err
}

func (in Input) stream(r io.Reader, sum hash.Hash) *stream {
	raw := &counter{r: r, sum: sum}
	f, _ := r.(*os.File)
	return &stream{in: in, f: f, raw: raw, buf: bufio.NewReaderSize(raw, 64<<10)}
}

// Read gives text. Its errors are io.EOF, after a file that is whole, or an *Error.
func (s *stream) Read(p []byte) (int, error) {
	if !s.begun {
		s.begun = true
		if err := s.begin(); err != nil {
			return 0, err
		}
	}
	if s.gz == nil {
		n, err := s.buf.Read(p)
		if err != nil && err != io.EOF {
			err = s.in.unreadable(err)
		}
		return n, err
	}
	return s.readGzip(p)
}

// begin decides by the first two bytes whether the file is gzip: some tools name a gzip *.ndjson.
// A file named *.gz must be gzip, or a cut to nothing would pass as an empty file.
func (s *stream) begin() error {
	head, err := s.buf.Peek(2)
	if err != nil && err != io.EOF {
		return s.in.unreadable(err)
	}
	if !isGzip(head) && !s.in.Gzip() {
		return nil
	}
	s.gz = new(gzip.Reader)
	if err := s.nextMember(); err != nil {
		return s.fail(err)
	}
	s.bgzf = isBGZF(s.gz.Extra)
	return nil
}

func (s *stream) nextMember() error {
	s.member = 0
	err := s.gz.Reset(s.buf)
	s.gz.Multistream(false)
	if err == io.EOF { // not even a header
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (s *stream) readGzip(p []byte) (int, error) {
	for {
		n, err := s.gz.Read(p)
		s.text += int64(n)
		s.member += int64(n)
		if s.text > bombSize && s.text/bombRatio > s.raw.n {
			return 0, s.fault(GzipBomb, "the text is over 400 times the size of the file; no export is")
		}
		if err == io.EOF {
			err = s.endMember()
		} else if err != nil {
			err = s.fail(err)
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// endMember follows a member whose checksum and length were right: io.EOF at the end of the
// file, nil when another member has begun. A file cut between two members can be told only from BGZF, which ends with an
// empty member by its specification (SAM v1 section 4.1.2).
func (s *stream) endMember() error {
	empty := s.member == 0
	head, err := s.buf.Peek(2)
	switch {
	case len(head) == 0 && err == io.EOF:
		if s.bgzf && !empty {
			return s.fault(TruncatedGzip, "the file is BGZF and its end marker is missing; copy it again")
		}
		return io.EOF
	case err != nil && err != io.EOF:
		return s.in.unreadable(err)
	case len(head) == 1 && head[0] == 0x1f:
		return s.fail(io.ErrUnexpectedEOF)
	case !isGzip(head):
		return s.fault(GzipTrailingGarbage, "there are bytes after the end of the gzip data")
	}
	if err := s.nextMember(); err != nil {
		return s.fail(err)
	}
	return nil
}

// fail gives the *Error for an error of the decompressor.
func (s *stream) fail(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return s.fault(TruncatedGzip, "the file ends before its data do; copy it again")
	case errors.Is(err, gzip.ErrHeader):
		return s.fault(CorruptGzip, "not gzip data; name the file *.ndjson if it is plain text")
	case errors.Is(err, gzip.ErrChecksum):
		return s.fault(CorruptGzip, "the checksum is wrong; copy the file again")
	case errors.As(err, &corrupt):
		return s.fault(CorruptGzip, "the compressed data are damaged; copy the file again")
	default:
		return s.in.unreadable(err)
	}
}

// fault gives an *Error at the place in the file, or one that says the file changed meanwhile: a file
// that is still being copied looks cut.
func (s *stream) fault(code Code, hint string) error {
	if s.in.info != nil {
		if err := s.in.unchanged(s.f); err != nil {
			return err
		}
	}
	return &Error{Code: code, File: s.in.Name, Input: s.in.Number, Offset: s.raw.n - int64(s.buf.Buffered()), Hint: hint}
}

// isBGZF looks for the extra field "BC" of two bytes.
func isBGZF(extra []byte) bool {
	for len(extra) >= 4 {
		size := int(extra[2]) | int(extra[3])<<8
		if extra[0] == 'B' && extra[1] == 'C' && size == 2 {
			return true
		}
		if len(extra) < 4+size {
			return false
		}
		extra = extra[4+size:]
	}
	return false
}

// chunk is one buffer of text on its way to the splitter.
type chunk struct {
	buf  []byte // the whole buffer
	n    int    // bytes of text in it
	done int64
	err  error // after the text
}

// readAhead reads the stream in a goroutine of its own, a fixed number of buffers ahead of fn, and has ended it on
// return.
func readAhead(ctx context.Context, s *stream, fn func(text []byte, done int64) error) error {
	full, free := make(chan chunk, chunkCount), make(chan []byte, chunkCount)
	for range chunkCount {
		free <- nil // made when it is needed: a small file needs one
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(full)
		for {
			select {
			case <-ctx.Done():
				return
			case buf := <-free:
				if buf == nil {
					buf = make([]byte, chunkSize)
				}
				n, err := fill(s, buf)
				full <- chunk{buf, n, s.raw.n, err} // has room for every buffer there is
				if err != nil {
					return
				}
			}
		}
	}()
	defer func() {
		cancel()
		for range full {
		}
	}()
	for c := range full {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(c.buf[:c.n], c.done); err != nil {
			return err
		}
		if c.err == io.EOF {
			return nil
		}
		if c.err != nil {
			return c.err
		}
		free <- c.buf
	}
	return ctx.Err()
}

// fill reads until the buffer is full or the stream ends.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	return n, err
}
