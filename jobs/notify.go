package jobs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/mail"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"farr/datasets/bulk"
	"farr/internal/source"
)

// Notify is who is told of a run that failed, and of a job without success for too long.
type Notify struct {
	Webhook *Webhook `yaml:"webhook"`
	SMTP    *SMTP    `yaml:"smtp"`
}

// Webhook is a URL to which each alert is posted as JSON, signed.
type Webhook struct {
	URL    string   `yaml:"url,required"`
	Secret string   `yaml:"secret,required"` // path of a file or env:NAME: the key of the signature
	Limit  Duration `yaml:"limit"`           // what it may take
}

// SMTP is a mail server that takes each alert as a message.
type SMTP struct {
	Server   string   `yaml:"server,required"` // host:port
	From     string   `yaml:"from,required"`
	To       Words    `yaml:"to,required"`
	TLS      string   `yaml:"tls"` // starttls, tls, or none, which loopback alone may
	User     string   `yaml:"user"`
	Password string   `yaml:"password"` // path of a file or env:NAME
	Limit    Duration `yaml:"limit"`
}

// defaultLimit is what a sink may take that says nothing.
const defaultLimit = Duration(10 * time.Second)

// longestLimit bounds what a file may ask for: a run after it waits.
const longestLimit = Duration(2 * time.Minute)

// How the way to a mail server is protected.
const (
	startTLS = "starttls"
	fromTLS  = "tls"
	noTLS    = "none"
)

// notify checks the sinks.
func (c checker) notify(job *Job) {
	if h := job.Notify.Webhook; h != nil {
		c.sinkLimit(&h.Limit, "notify", "webhook", "limit")
		if c.doc.Has("notify", "webhook", "url") {
			u, err := url.Parse(h.URL)
			switch {
			case err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http"):
				c.doc.Report("bad-url", "expected an address that begins with https://, without a user", "", "notify", "webhook", "url")
			case u.Scheme == "http" && !bulk.IsLoopback(u.Hostname()):
				c.doc.Report("bad-url", "an alert goes to another machine by https alone", "https://", "notify", "webhook", "url")
			}
		}
		c.secret(&h.Secret, "notify", "webhook", "secret")
	}
	if m := job.Notify.SMTP; m != nil {
		c.smtp(m)
	}
	if c.doc.Has("notify") && !c.doc.Has("notify", "webhook") && !c.doc.Has("notify", "smtp") {
		c.doc.Report("no-effect", "nobody is told: notify has neither webhook nor smtp", "add one, or remove notify", "notify")
	}
	if c.doc.Has("alert_after") {
		switch {
		case job.AlertAfter == 0:
			c.doc.Report("zero-limit", "with a limit of zero there would always be an alert", "26h for a job that runs daily", "alert_after")
		case job.Notify.Webhook == nil && job.Notify.SMTP == nil && !c.doc.Has("notify"):
			c.doc.Report("no-effect", "nobody is told: the job has no notify", "add notify, or remove alert_after", "alert_after")
		}
	}
}

func (c checker) smtp(m *SMTP) {
	at := func(key string) []any { return []any{"notify", "smtp", key} }
	c.sinkLimit(&m.Limit, at("limit")...)
	if m.TLS == "" {
		m.TLS = startTLS
	}
	c.oneOf(m.TLS, []string{startTLS, fromTLS, noTLS}, at("tls")...)
	host, _, err := net.SplitHostPort(m.Server)
	if c.doc.Has(at("server")...) && (err != nil || host == "") {
		c.doc.Report("bad-server", "expected host:port", "mail.example.org:587", at("server")...)
	}
	if m.TLS == noTLS && err == nil && !bulk.IsLoopback(host) {
		c.doc.Report("bad-value", "an alert goes to another machine over TLS alone", "starttls or tls", at("tls")...)
	}
	if _, err := mail.ParseAddress(m.From); err != nil && c.doc.Has(at("from")...) {
		c.doc.Report("bad-address", "no mail address", "", at("from")...)
	}
	if c.doc.Has(at("to")...) && len(m.To) == 0 {
		c.doc.Report("bad-address", "nobody gets the mail", "", at("to")...)
	}
	for i, to := range m.To {
		if _, err := mail.ParseAddress(to); err != nil {
			c.doc.Report("bad-address", "no mail address", "", append(at("to"), i)...)
		}
	}
	c.secret(&m.Password, at("password")...)
	if (m.User == "") != (m.Password == "") {
		c.doc.Report("bad-value", "user and password belong together", "", at("server")...)
	}
}

func (c checker) sinkLimit(limit *Duration, path ...any) {
	switch {
	case !c.doc.Has(path...):
		*limit = defaultLimit
	case *limit == 0:
		c.doc.Report("zero-limit", "with a limit of zero no alert would arrive", "10s", path...)
	case *limit > longestLimit:
		c.doc.Report("bad-value", fmt.Sprintf("a sink may delay the next run by at most %s", longestLimit), "", path...)
	}
}

const fromVariable = "env:"

var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// secret checks where a secret comes from. That it can be read is seen when it is needed: it may come later.
func (c checker) secret(source *string, path ...any) {
	name, variable := strings.CutPrefix(*source, fromVariable)
	switch {
	case !variable:
		c.path(source, false, path...)
	case !variableForm.MatchString(name):
		c.doc.Report("bad-value", "expected env: and the name of a variable", "env:FARR_WEBHOOK", path...)
	}
}

// maxSecret is the size of the largest file that may hold a secret.
const maxSecret = 4096

// readSecret reads a secret from its file, which its owner alone may read, or its variable.
func readSecret(from string) (string, error) {
	if name, variable := strings.CutPrefix(from, fromVariable); variable {
		text := os.Getenv(name)
		if text == "" {
			return "", fmt.Errorf("the variable %s is empty", name)
		}
		return text, nil
	}
	f, err := source.Open(from)
	var place *fs.PathError
	if errors.As(err, &place) { // its name is left out, since it may be the secret itself
		err = fmt.Errorf("the file that is to have the secret: %w", place.Err)
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", &fs.PathError{Op: "read secret", Path: from, Err: fmt.Errorf("others can read it (mode %04o); chmod 600 it", info.Mode().Perm())}
	}
	all, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	if len(all) > maxSecret {
		return "", &fs.PathError{Op: "read secret", Path: from, Err: fmt.Errorf("it has more than %d bytes, which no secret has", maxSecret)}
	}
	text := strings.TrimSpace(string(all))
	if text == "" {
		return "", &fs.PathError{Op: "read secret", Path: from, Err: fmt.Errorf("it is empty")}
	}
	return text, nil
}
