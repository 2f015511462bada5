package bulk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Open gives the bytes of a file as the server sends them, which may be gzip, whether the server's answer or the file
// itself is. What breaks off is resumed inside Read; an error of Read is for good.
func (e *Export) Open(ctx context.Context, f *File) io.ReadCloser {
	return &reader{ctx: ctx, e: e, f: f, sum: sha256.New(), last: e.client.Clock.Now()}
}

// reader reads one file through any number of answers.
type reader struct {
	ctx  context.Context // of Open: io.Reader has none
	e    *Export
	f    *File
	body io.ReadCloser
	err  error

	n        int64     // bytes delivered
	sum      hash.Hash // of them
	etag     string    // strong, of the answer they came from
	encoding string    // Content-Encoding of it
	total    int64     // bytes of the file as its first answer has it, -1 unknown
	failures int       // without a byte in between
	last     time.Time // when the last byte came, or the file was opened
}

func (r *reader) Close() error {
	r.err = errors.New("the file was closed")
	return r.drop()
}

func (r *reader) drop() error {
	if r.body == nil {
		return nil
	}
	err := r.body.Close()
	r.body = nil
	return err
}

// Read gives more of the file, through as many answers as it takes.
func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.err == nil {
		n, err := r.some(p)
		if n > 0 {
			r.sum.Write(p[:n])
			r.n += int64(n)
			r.failures, r.f.renewed, r.last = 0, 0, r.e.client.Clock.Now()
			if limit := r.e.client.Limits.FileBytes; r.n > limit {
				r.err = r.fail(TooMuch, 0, fmt.Sprintf("a file of more than %d bytes", limit))
				return 0, r.err
			}
		}
		switch {
		case err == io.EOF:
			r.drop()
			r.err = io.EOF
		case err != nil:
			r.drop()
			r.err = r.recover(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, r.err
}

// some reads from the answer at hand, or asks for one.
func (r *reader) some(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if r.body == nil {
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	n, err := r.body.Read(p)
	if err == io.EOF && r.total >= 0 && r.n+int64(n) != r.total {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// again is a failure that another try may mend, and how long the server asks to wait.
type again struct {
	err   *Error
	asked time.Duration
	what  string // is waited for, without the file's name
	link  bool   // the link has expired
	free  bool   // being slower is no failure
}

func (a *again) Error() string { return a.err.Error() }

// recover decides what comes of a failure: nil is another try.
func (r *reader) recover(err error) error {
	var final *Error
	var a *again
	switch {
	case r.ctx.Err() != nil:
		return r.ctx.Err()
	case errors.As(err, &a) && a.link:
		if r.f.renewed++; r.f.renewed > 2 {
			return r.fail(MissingFile, a.err.Status, "the file is not at its address, and the manifest, asked for again, still says so")
		}
		return r.e.renew(r.ctx, r.f)
	case errors.As(err, &a):
	case errors.As(err, &final):
		return err
	}
	if limit := r.e.client.Limits.Wait; r.e.client.Clock.Now().Sub(r.last) > limit { // being slower is no failure, and has an end
		return r.fail(TooLong, 0, fmt.Sprintf("not a byte of a file for %v", limit))
	}
	asked, what := time.Duration(0), "a file broke off ("+told(err)+")"
	if a != nil {
		asked, what = a.asked, a.what
	}
	if a == nil || !a.free {
		if r.failures++; r.failures >= r.e.client.Limits.Tries {
			if a != nil {
				return a.err
			}
			return &Error{Code: NotReached, URL: named(r.f.url), Detail: fmt.Sprintf("the file broke off %d times without a byte in between", r.failures), Err: cause(err)}
		}
	}
	return r.e.client.pause(r.ctx, r.failures, asked, r.e.client.ofTries(what, r.failures))
}

func (r *reader) fail(code Code, status int, detail string) *Error {
	return &Error{Code: code, URL: named(r.f.url), Status: status, Detail: detail}
}

// open asks for the file, or for the rest of it, and stands at its nth byte on return.
func (r *reader) open() error {
	q := r.e.fileCall(r.f)
	if r.n > 0 && r.etag != "" {
		q.ranged, q.ifRange = fmt.Sprintf("bytes=%d-", r.n), r.etag
	}
	resp, err := r.e.client.send(r.ctx, q)
	if err != nil {
		return err
	}
	keep := false
	defer func() {
		if !keep {
			resp.Body.Close()
		}
	}()
	wait := retryAfter(resp.Header, r.e.client.Clock.Now())
	once := func(code Code, detail string) *again {
		return &again{err: r.fail(code, resp.StatusCode, detail), what: fmt.Sprintf("%s (HTTP %d)", detail, resp.StatusCode), asked: wait}
	}
	switch s := resp.StatusCode; {
	case s == http.StatusTooManyRequests:
		slower := once(ServerFailing, "the server asks to be slower")
		slower.free = true
		return slower
	case s == http.StatusRequestTimeout || s >= 500 && s != http.StatusNotImplemented:
		return once(ServerFailing, "the server does not give a file")
	case s == http.StatusUnauthorized || s == http.StatusForbidden || s == http.StatusNotFound || s == http.StatusGone || s == http.StatusBadRequest:
		expired := once(MissingFile, "the file is not at its address")
		expired.link = true
		return expired
	case s == http.StatusRequestedRangeNotSatisfiable && r.n > 0:
		r.etag = "" // read again from the start, which tells what is there now
		return once(Changed, "a file is shorter than it was")
	case s != http.StatusOK && s != http.StatusPartialContent:
		return r.fail(BadAnswer, s, "no answer for a file")
	case html(resp.Header, nil):
		return once(BadAnswer, "a page for people stands where a file should; a proxy or sign-on page is in the way")
	case !framed(resp) && r.f.Count < 0:
		return r.fail(BadAnswer, s, "the answer has neither a length nor parts, and the manifest no count: a cut file could not be told from a whole one")
	case r.n > 0 && resp.Header.Get("Content-Encoding") != r.encoding:
		return r.fail(Changed, s, "the file broke off and is now sent in another encoding")
	case s == http.StatusPartialContent:
		if err := r.part(resp, once); err != nil {
			return err
		}
		keep, r.body = true, resp.Body
		return nil
	}
	if err := r.whole(resp); err != nil {
		return err
	}
	keep = true
	return nil
}

// framed says whether the end of the answer can be told from a lost connection.
func framed(resp *http.Response) bool {
	return resp.ContentLength >= 0 || resp.ProtoMajor >= 2 || len(resp.TransferEncoding) > 0
}

// part checks that an answer of 206 is the rest of what was delivered.
func (r *reader) part(resp *http.Response, once func(Code, string) *again) error {
	span, ok := strings.CutPrefix(resp.Header.Get("Content-Range"), "bytes ")
	bounds, total, _ := strings.Cut(span, "/")
	first, last, _ := strings.Cut(bounds, "-")
	from, err1 := strconv.ParseInt(first, 10, 64)
	to, err2 := strconv.ParseInt(last, 10, 64)
	size, err3 := strconv.ParseInt(total, 10, 64)
	if err3 != nil && r.total < 0 {
		r.etag = ""
		return once(BadAnswer, "a part of a file whose size nobody says: its end could not be told from another break")
	}
	if !ok || r.n == 0 || err1 != nil || err2 != nil || from != r.n || err3 == nil && to != size-1 {
		r.etag = ""
		return once(BadAnswer, "the part sent is not the part asked for")
	}
	if etag := resp.Header.Get("ETag"); etag != "" && etag != r.etag || err3 == nil && r.total >= 0 && size != r.total {
		return r.fail(Changed, resp.StatusCode, "the file broke off and is now another one")
	}
	if err3 == nil {
		r.total = size
	}
	return nil
}

// whole begins with an answer of 200. What was delivered before is compared and passed over.
func (r *reader) whole(resp *http.Response) error {
	if r.n > 0 {
		sum := sha256.New()
		n, err := io.CopyN(sum, resp.Body, r.n)
		switch {
		case err == io.EOF && n < r.n && resp.ContentLength == n:
			return r.fail(Changed, resp.StatusCode, "the file broke off and is now shorter than what was read of it")
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case !bytes.Equal(sum.Sum(nil), r.sum.Sum(nil)):
			return r.fail(Changed, resp.StatusCode, "the file broke off and is now another one")
		}
	}
	r.encoding, r.etag, r.total = resp.Header.Get("Content-Encoding"), "", resp.ContentLength
	if etag := resp.Header.Get("ETag"); strings.HasPrefix(etag, `"`) {
		r.etag = etag
	}
	if r.encoding != "" && r.encoding != "gzip" && r.encoding != "identity" {
		return r.fail(BadAnswer, resp.StatusCode, "the file is sent in an encoding that was not asked for")
	}
	r.body = resp.Body
	return nil
}
