package bulk

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"syscall"
)

// Code is the stable name of a failure.
type Code string

// The codes.
const (
	BadRequest    Code = "bad-bulk-request"   // what was asked for cannot be meant
	NotSecure     Code = "not-https"          // an address is neither https nor on the loopback
	NotFHIR       Code = "not-fhir"           // what answers is no FHIR server
	NotR4         Code = "not-fhir-r4"        // it is one of another version
	NoExport      Code = "no-bulk-export"     // it does not export, or not so
	NoSince       Code = "no-changed-since"   // it exports, and does not take _since
	NoDiscovery   Code = "no-token-endpoint"  // it does not say where a token is to be had
	Unauthorised  Code = "not-authorised"     // no token, or the token is not taken
	ClockSkew     Code = "clock-skew"         // no token, and the clocks differ
	WrongScopes   Code = "wrong-scopes"       // the token does not reach what was asked for
	ExportFailed  Code = "export-failed"      // the server says that its export failed
	Gone          Code = "export-gone"        // the server knows the export no more
	BadManifest   Code = "bad-manifest"       // the manifest cannot be trusted
	BadAnswer     Code = "bad-answer"         // an answer is not what the specification says
	MissingFile   Code = "missing-file"       // a file of the manifest is not there
	WrongCount    Code = "wrong-count"        // a file has not as many resources as the manifest says
	CutFile       Code = "cut-file"           // a file ends within a resource
	Changed       Code = "export-changed"     // the export is not the one that was begun with
	TooMuch       Code = "beyond-a-limit"     // larger than a limit
	TooLong       Code = "server-too-slow"    // slower than a limit
	NotReached    Code = "server-not-reached" // no connection, again and again
	BadClientKey  Code = "bad-client-key"     // a key that cannot sign for a client
	Untrusted     Code = "certificate"        // the server's certificate is not trusted
	ServerFailing Code = "server-failing"     // 5xx again and again
)

// passing are the codes of failures that are the server's or of the way to it, and may not be there the next time. The others are
// mistakes of what was asked for, or for a person to settle.
var passing = []Code{ExportFailed, Gone, BadManifest, BadAnswer, MissingFile, WrongCount, CutFile, Changed, TooLong, NotReached, ServerFailing}

// Passing says whether a failure is the server's or of the way to it, and may not be there the next time.
func (c Code) Passing() bool { return slices.Contains(passing, c) }

// Error is a failure at a server.
type Error struct {
	Code   Code
	URL    string // without its query; empty where there is none
	Status int    // of HTTP, 0 where there is none
	Detail string // what is wrong and what helps, of farr's own words
	Err    error  // of the network, where there is one
}

func (e *Error) Error() string { return e.text(e.URL) }

// Unnamed is the text of Error with the server alone in place of the whole address, for what is kept: the name of a file
// may say who the records are about.
func (e *Error) Unnamed() string {
	u, err := url.Parse(e.URL)
	if err != nil || u.Host == "" {
		return e.text("")
	}
	return e.text(u.Scheme + "://" + u.Host)
}

func (e *Error) text(address string) string {
	s := string(e.Code) + ": " + e.Detail
	if e.Status != 0 {
		s = fmt.Sprintf("%s (HTTP %d)", s, e.Status)
	}
	if address != "" {
		s = address + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the failure of the network.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of an error, "" when it is none of a server's.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// named is an address as an error may say it: signatures are in queries.
func named(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that cannot be read"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).Redacted()
}

// cause is what the network says, as text alone: neither an address, whose query may hold a signature, nor an end of file that
// a reader might take for that of the file.
func cause(err error) error {
	return errors.New(told(err))
}

// told is the text of a failure of a kind whose text is of Go's words, names of hosts and those of certificates. What net/http says
// of an answer that it cannot read quotes that, and may be of records: of all other failures there is one text.
func told(err error) string {
	var u *url.Error // is a net.Error itself, whatever is in it
	if errors.As(err, &u) {
		return told(u.Err)
	}
	for _, known := range []error{errSilence, context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded, net.ErrClosed, http.ErrSchemeMismatch, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		outer := *op
		if outer.Err = errors.New(told(op.Err)); op.Op == "remote error" || op.Op == "local error" { // alerts of TLS, each a fixed text
			outer.Err = op.Err
		}
		return outer.Error()
	}
	for _, of := range []func(error) (string, bool){
		textOf[*net.DNSError], textOf[*net.AddrError], textOf[*os.SyscallError], textOf[syscall.Errno], textOf[*tls.CertificateVerificationError],
		textOf[x509.UnknownAuthorityError], textOf[x509.HostnameError], textOf[x509.CertificateInvalidError], textOf[tls.RecordHeaderError],
	} {
		if text, is := of(err); is {
			return text
		}
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return timeout.Error()
	}
	return "the answer is no HTTP"
}

// textOf is the text of the failure of kind E within another.
func textOf[E error](err error) (string, bool) {
	var e E
	if !errors.As(err, &e) {
		return "", false
	}
	return e.Error(), true
}
