package bulk

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// call is one request. It may be sent more than once.
type call struct {
	method, url         string
	body                []byte
	contentType, accept string
	prefer              string
	token               bool // the token goes along, as far as the first origin
	signed              bool // the body is worth a token, and goes to the first origin alone
	encoded             bool // the answer may be gzip
	ranged, ifRange     string
}

const maxRedirects = 10

var errSilence = errors.New("no byte came for too long")

// send sends the call, follows redirects, and has one new token made when the first is refused. The answer's body fails
// when nothing comes for too long. The error is of the network or an *Error.
func (c *Client) send(ctx context.Context, q call) (*http.Response, error) {
	if !q.token || c.Key == nil {
		return c.follow(ctx, q, "")
	}
	value, err := c.authorise(ctx, "")
	if err != nil {
		return nil, err
	}
	resp, err := c.follow(ctx, q, value)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	resp.Body.Close()
	if value, err = c.authorise(ctx, value); err != nil {
		return nil, err
	}
	return c.follow(ctx, q, value)
}

// follow sends the call along its redirects. The token stays behind at the first that leads to another origin, and does
// not come back. A signed call does not follow there.
func (c *Client) follow(ctx context.Context, q call, token string) (*http.Response, error) {
	at, err := secure(q.url)
	if err != nil {
		return nil, err
	}
	first := origin(at)
	for range maxRedirects {
		if origin(at) != first {
			if q.signed {
				return nil, &Error{Code: BadAnswer, URL: named(q.url), Detail: "a redirect to another server, which is not sent what the client has signed; give that server's token endpoint, if it is meant"}
			}
			token = ""
		}
		resp, err := c.once(ctx, q, at, token)
		if err != nil {
			return nil, err
		}
		switch resp.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		default:
			return resp, nil
		}
		resp.Body.Close()
		kept := resp.StatusCode == http.StatusTemporaryRedirect || resp.StatusCode == http.StatusPermanentRedirect
		if q.method != http.MethodGet && !kept {
			return nil, &Error{Code: BadAnswer, URL: named(at.String()), Status: resp.StatusCode, Detail: "a redirect that would turn a " + q.method + " into something else"}
		}
		next, err := at.Parse(resp.Header.Get("Location"))
		if err != nil || resp.Header.Get("Location") == "" {
			return nil, &Error{Code: BadAnswer, URL: named(at.String()), Status: resp.StatusCode, Detail: "a redirect to nowhere"}
		}
		if at, err = secure(next.String()); err != nil {
			return nil, err
		}
	}
	return nil, &Error{Code: BadAnswer, URL: named(q.url), Detail: fmt.Sprintf("more than %d redirects", maxRedirects)}
}

// once sends the call to one address.
func (c *Client) once(ctx context.Context, q call, at *url.URL, token string) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, q.method, at.String(), bytes.NewReader(q.body))
	if err != nil {
		cancel(nil)
		return nil, &Error{Code: BadRequest, URL: named(at.String()), Detail: "not an address"}
	}
	set := func(name, value string) {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	set("Accept", q.accept)
	set("Content-Type", q.contentType)
	set("Prefer", q.prefer)
	set("Range", q.ranged)
	set("If-Range", q.ifRange)
	set("User-Agent", "farr")
	if req.Header.Set("Accept-Encoding", "identity"); q.encoded {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	timer := time.AfterFunc(c.Limits.Silence, func() { cancel(errSilence) })
	resp, err := c.http.RoundTrip(req)
	if err != nil {
		timer.Stop()
		if context.Cause(ctx) == errSilence { //nolint:errorlint // as given
			err = errSilence
		}
		cancel(nil)
		return nil, c.network(at, err)
	}
	resp.Body = &timedBody{resp.Body, timer, c.Limits.Silence, ctx, cancel}
	return resp, nil
}

// timedBody fails a read that is silent for too long.
type timedBody struct {
	io.ReadCloser
	timer   *time.Timer
	silence time.Duration
	ctx     context.Context // only asked why it ended
	cancel  context.CancelCauseFunc
}

func (b *timedBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.silence)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	if err != nil && err != io.EOF && context.Cause(b.ctx) == errSilence { //nolint:errorlint // as given
		err = errSilence
	}
	return n, err
}

func (b *timedBody) Close() error {
	b.timer.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// network passes what may go over, and makes an *Error of what will not.
func (c *Client) network(at *url.URL, err error) error {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	if errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &hostname) {
		return &Error{Code: Untrusted, URL: named(at.String()), Detail: "the server's certificate is not trusted here; add its authority to those of this machine", Err: cause(err)}
	}
	return cause(err)
}

// answer is a response that was read whole.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	outcome outcome // of a body that is an OperationOutcome
}

// fetch sends the call until what comes is no passing failure, and reads it whole. Of 429 it is only slower.
func (c *Client) fetch(ctx context.Context, q call, most int64) (*answer, error) {
	deadline := c.Clock.Now().Add(c.Limits.Wait)
	for failures, n := 0, 0; ; n++ {
		a, err := c.whole(ctx, q, most)
		var final *Error
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.As(err, &final):
			return nil, err
		case err == nil && a.status == http.StatusTooManyRequests:
			failures = 0
		case err == nil && !a.passing():
			return a, nil
		case err == nil && a.outcome.transient():
			failures = 0 // the server says that it will be well again
		default:
			failures++
		}
		if failures >= c.Limits.Tries {
			if err != nil {
				return nil, &Error{Code: NotReached, URL: named(q.url), Detail: fmt.Sprintf("%d times in a row", failures), Err: err}
			}
			return nil, &Error{Code: ServerFailing, URL: named(q.url), Status: a.status, Detail: fmt.Sprintf("%d times in a row", failures)}
		}
		var asked time.Duration
		if a != nil {
			asked = retryAfter(a.header, c.Clock.Now())
		}
		if c.Clock.Now().After(deadline) {
			return nil, &Error{Code: TooLong, URL: named(q.url), Detail: fmt.Sprintf("nothing but pauses for %v", c.Limits.Wait)}
		}
		if err := c.pause(ctx, n, asked, c.ofTries(passed(a), failures)); err != nil {
			return nil, err
		}
	}
}

// whole sends the call once and reads its answer.
func (c *Client) whole(ctx context.Context, q call, most int64) (*answer, error) {
	resp, err := c.send(ctx, q)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, cause(err)
	}
	if int64(len(body)) > most {
		return nil, &Error{Code: TooMuch, URL: named(q.url), Status: resp.StatusCode, Detail: fmt.Sprintf("an answer of more than %d bytes", most)}
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, body: body}
	a.outcome = parseOutcome(body)
	return a, nil
}

// fail is an error about the answer, with what the server says of it in words of the specification.
func (a *answer) fail(code Code, address, detail string) error {
	if names := a.outcome.names(); len(names) > 0 {
		detail += " (the server says " + strings.Join(names, ", ") + ")"
	}
	return &Error{Code: code, URL: named(address), Status: a.status, Detail: detail}
}

// passing says whether the same question may be answered later.
func (a *answer) passing() bool {
	switch a.status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return len(a.outcome.Issue) == 0 || a.outcome.transient()
	}
	return false
}

// html says whether an answer is a page for people.
func html(header http.Header, head []byte) bool {
	typ := header.Get("Content-Type")
	return strings.HasPrefix(typ, "text/html") || strings.HasPrefix(typ, "application/xhtml") ||
		bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n\ufeff"), []byte("<"))
}

// retryAfter reads both forms of Retry-After (RFC 9110 section 10.2.3). A date is held against the server's own clock where
// it tells it.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(time.Duration(seconds)*time.Second, 0)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
		now = theirs
	}
	return max(at.Sub(now), 0)
}
