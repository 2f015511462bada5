package bulk

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Config is a client and what it exports.
type Config struct {
	Request
	ClientID string // as registered at the server
	Key      *Key   // nil: the server asks for no token
	TokenURL string // discovered when empty
	Scope    string // made of the types when empty

	Limits    Limits
	Waits     func(what string, until time.Time) // is told of each pause, in farr's own words; may be nil
	Clock     Clock                              // the real one when zero
	Rand      io.Reader                          // of jitter and token ids; crypto/rand when nil
	Transport http.RoundTripper                  // one of its own when nil
}

// Limits are what a server may take and send. A zero is the default.
type Limits struct {
	Wait      time.Duration // from kick-off to manifest: 24 hours
	Pause     time.Duration // longest pause between two questions, whatever the server asks for: 1 hour
	Silence   time.Duration // without a byte: 2 minutes
	Tries     int           // failures one after another: 8
	Manifest  int64         // bytes of a page: 64 MiB
	Pages     int           // 1,000
	Files     int           // 100,000
	FileBytes int64         // of one file as sent: 256 GiB
}

func (l Limits) withDefaults() Limits {
	orDefault := func(d *time.Duration, usual time.Duration) {
		if *d <= 0 {
			*d = usual
		}
	}
	orDefault(&l.Wait, 24*time.Hour)
	orDefault(&l.Pause, time.Hour)
	orDefault(&l.Silence, 2*time.Minute)
	if l.Tries <= 0 {
		l.Tries = 8
	}
	if l.Manifest <= 0 {
		l.Manifest = 64 << 20
	}
	if l.Pages <= 0 {
		l.Pages = 1000
	}
	if l.Files <= 0 {
		l.Files = 100_000
	}
	if l.FileBytes <= 0 {
		l.FileBytes = 256 << 30
	}
	return l
}

// Clock tells and passes the time.
type Clock struct {
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// Sleep waits by the real clock.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Client exports from one server. Its calls are made one after another.
type Client struct {
	Config
	http http.RoundTripper

	mu       sync.Mutex
	endpoint string // of tokens, once discovered
	how      string // scopes are written, once discovered: "rs" where the server takes those of SMART 2 alone. Config.Scope stays what was asked for
	token    token
	during   bool // an export is in hand, for which no other scope will do
}

// New checks what is asked for. It asks the server nothing. A clock is needed.
func New(c Config) (*Client, error) {
	if c.Level == "" {
		c.Level = System
	}
	errs := []error{c.Request.Check()}
	if (c.Key == nil) != (c.ClientID == "") {
		errs = append(errs, &Error{Code: BadRequest, Detail: "a client id and a private key go together"})
	}
	if c.TokenURL != "" {
		_, err := secure(c.TokenURL)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	c.Limits = c.Limits.withDefaults()
	if c.Clock.Sleep == nil {
		c.Clock.Sleep = Sleep
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	client := &Client{Config: c, http: c.Transport, endpoint: c.TokenURL}
	if client.http == nil {
		t := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck // it is one
		t.DisableCompression = true                          // what breaks off is resumed in the bytes as sent
		t.MaxResponseHeaderBytes = 1 << 20
		// What a server sends behind the length that it stated is of records. A connection that is used again would give it to the
		// next answer, and net/http quotes it in errors and logs. So each request has its own: a handshake for each file.
		t.DisableKeepAlives = true
		client.http = t
	}
	return client, nil
}

// ChangedSince is a client that asks for the same, and only for what changed since. It shares the transport of the first.
func (c *Client) ChangedSince(since time.Time) *Client {
	cfg := c.Config
	cfg.Since = since
	return &Client{Config: cfg, http: c.http, endpoint: cfg.TokenURL}
}

// Close lets idle connections go.
func (c *Client) Close() {
	if t, ok := c.http.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// fraction is a random number from 0 to 1.
func (c *Client) fraction() (float64, error) {
	var b [8]byte
	if _, err := io.ReadFull(c.Rand, b[:]); err != nil {
		return 0, err
	}
	return float64(binary.BigEndian.Uint64(b[:])>>11) / (1 << 53), nil
}

// backoff is the pause after the nth failure or unfinished answer, from 0: it doubles from a second, and half of it is left
// to chance, so that many clients of one server come apart.
func (c *Client) backoff(n int, most time.Duration) (time.Duration, error) {
	d := min(time.Second<<min(n, 20), most)
	f, err := c.fraction()
	return d/2 + time.Duration(f*float64(d/2)), err
}

// pause waits after the nth failure, which what names: as long as the server says, else by backoff, of a minute at most.
func (c *Client) pause(ctx context.Context, n int, asked time.Duration, what string) error {
	return c.wait(ctx, n, time.Minute, asked, what)
}

func (c *Client) wait(ctx context.Context, n int, most, asked time.Duration, what string) error {
	d, err := c.backoff(n, most)
	if err != nil {
		return err
	}
	if asked > 0 {
		d = asked
	}
	d = min(d, c.Limits.Pause)
	if c.Waits != nil {
		c.Waits(what, c.Clock.Now().Add(d))
	}
	return c.Clock.Sleep(ctx, d)
}

// passed says what a pause follows: no answer, or one of a status that passes.
func passed(a *answer) string {
	switch {
	case a == nil:
		return "no answer"
	case a.status == http.StatusTooManyRequests:
		return "the server asks to be slower"
	case a.outcome.transient():
		return fmt.Sprintf("the server says that it will be well again (HTTP %d)", a.status)
	}
	return fmt.Sprintf("the server fails (HTTP %d)", a.status)
}

// ofTries adds how many failures there were, and how many there may be.
func (c *Client) ofTries(what string, failures int) string {
	if failures == 0 {
		return what
	}
	return fmt.Sprintf("%s, %d of %d times", what, failures, c.Limits.Tries)
}
