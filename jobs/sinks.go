package jobs

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/mail"
	"net/smtp"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader is where a webhook finds the signature: t=SECONDS,v1=HEX. HEX is the HMAC-SHA256, under the shared secret, of
// the seconds since 1970 as written, a full stop, and the body. Who receives it compares it, and refuses what is old.
const SignatureHeader = "Farr-Signature"

// Sign is the value of SignatureHeader for a body.
func Sign(secret string, body []byte, now time.Time) string {
	t := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// webhooks follows no redirect: a signed body goes where the file says and nowhere else.
var webhooks = &http.Client{
	Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, ForceAttemptHTTP2: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (h *Webhook) send(ctx context.Context, a Alert, now time.Time) error {
	secret, err := readSecret(h.Secret)
	if err != nil {
		return err
	}
	body, err := json.Marshal(a)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "farr")
	req.Header.Set(SignatureHeader, Sign(secret, body, now))
	answer, err := webhooks.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // the address may hold a token, and stays out of logs
			return u.Err
		}
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16)) // only its status matters
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the answer is %d", answer.StatusCode)
	}
	return nil
}

// subject is what a mail's reader sees first.
func (a Alert) subject() string {
	if a.Kind == alertSilent {
		return fmt.Sprintf("farr: no success of job %s since %s", a.Job, a.Since.Format(time.RFC3339))
	}
	if a.Kind == alertUnjudged {
		return fmt.Sprintf("farr: targets of job %s cannot be judged", a.Job)
	}
	return fmt.Sprintf("farr: job %s failed (%s)", a.Job, a.Class)
}

func (m *SMTP) send(ctx context.Context, a Alert) (err error) {
	from, err := mail.ParseAddress(m.From)
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(m.Server)
	if err != nil {
		return err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	secure := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if m.TLS == fromTLS {
		conn = tls.Client(conn, secure)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if m.TLS == startTLS {
		if err := c.StartTLS(secure); err != nil {
			return err
		}
	}
	if m.User != "" {
		password, err := readSecret(m.Password)
		if err != nil {
			return err
		}
		if err := c.Auth(smtp.PlainAuth("", m.User, password, host)); err != nil {
			return err
		}
	}
	if err := c.Mail(from.Address); err != nil {
		return err
	}
	var to []string
	for _, text := range m.To {
		address, err := mail.ParseAddress(text)
		if err != nil {
			return err
		}
		if err := c.Rcpt(address.Address); err != nil {
			return err
		}
		to = append(to, address.String())
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, a.mail(from.String(), to, host)); err != nil {
		return err
	}
	if err := w.Close(); err != nil { // it is taken
		return err
	}
	_ = c.Quit() // whatever the server says now
	return nil
}

// mail is the message. An alert that is sent again has the same Message-ID.
func (a Alert) mail(from string, to []string, host string) string {
	lines := []string{
		"From: " + from, "To: " + strings.Join(to, ", "), "Subject: " + a.subject(), "Date: " + a.At.Format(time.RFC1123Z),
		fmt.Sprintf("Message-ID: <farr-%s-%d-%d@%s>", a.Job, a.At.UnixMilli(), a.ID, host),
		"Auto-Submitted: auto-generated", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "", a.subject() + ".", "",
	}
	if a.Planned != nil {
		lines = append(lines, "Planned for "+a.Planned.Format(time.RFC3339)+".")
	}
	if a.Run != 0 {
		lines = append(lines, fmt.Sprintf("It is run %d of farr runs.", a.Run))
	}
	return strings.Join(append(lines, "To do: "+a.Advice, ""), "\r\n")
}
