package bulk

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// KickOff asks the server what it is, begins the export and gives the address to ask how far it is. The caller keeps it
// before Wait, so that a restart goes on with the same export. Before the server is asked to begin, about is called, which may be
// nil: where no answer comes, the server may have an export whose address nobody knows.
func (c *Client) KickOff(ctx context.Context, about func() error) (status string, err error) {
	c.hold(false)
	if err := c.capabilities(ctx); err != nil {
		return "", err
	}
	if about != nil {
		if err := about(); err != nil {
			return "", err
		}
	}
	q := c.kickOff()
	a, err := c.fetch(ctx, q, smallAnswer)
	if err != nil {
		return "", err
	}
	fail := func(code Code, detail string) (string, error) { return "", a.fail(code, q.url, detail) }
	switch {
	case a.status == http.StatusUnauthorized && c.Key == nil:
		return fail(Unauthorised, "the server asks for a token; give a client id and its private key")
	case a.status == http.StatusUnauthorized:
		return fail(Unauthorised, "the server does not take its own token")
	case a.status == http.StatusForbidden:
		return fail(WrongScopes, "the client may not export this; ask the server's keeper for system scopes of what is asked for")
	case !c.Since.IsZero() && refused(a.status):
		return fail(NoSince, noSince)
	case a.status == http.StatusNotFound, a.status == http.StatusMethodNotAllowed, a.status == http.StatusNotImplemented, a.status == http.StatusGone:
		return fail(NoExport, "the server has no $export of level "+c.Level+" by "+q.method+", or no such group")
	case a.status == http.StatusOK:
		return fail(NoExport, "the server answered at once; Bulk Data answers 202 and works in the background")
	case a.status != http.StatusAccepted:
		return fail(NoExport, "the server did not take the request to export")
	}
	at, err := url.Parse(c.base() + "/")
	if err != nil {
		return "", err
	}
	location, err := at.Parse(a.header.Get("Content-Location"))
	if err != nil || a.header.Get("Content-Location") == "" {
		return fail(BadAnswer, "202 without a Content-Location, so nobody can ask how far the export is")
	}
	if err := given(location.String(), q.url, BadAnswer, "the Content-Location of its 202"); err != nil {
		return "", err
	}
	return location.String(), nil
}

// noSince is what a refusal means where everything else was asked for before.
const noSince = "the server does not take a request for what changed since (_since)"

// refused says whether a server takes something of the request for wrong, or cannot do it.
func refused(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusNotAcceptable, http.StatusPreconditionFailed, http.StatusUnprocessableEntity, http.StatusNotImplemented:
		return true
	}
	return false
}

// capabilities refuses what is no FHIR server, and one of another version. One that shows its metadata to nobody without a
// token is judged by its records alone.
func (c *Client) capabilities(ctx context.Context) error {
	q := call{method: http.MethodGet, url: c.base() + "/metadata", accept: "application/fhir+json"}
	a, err := c.fetch(ctx, q, smallAnswer*4)
	if err == nil && (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden) && c.Key != nil {
		q.token = true
		a, err = c.fetch(ctx, q, smallAnswer*4)
	}
	if err != nil {
		return err
	}
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
		return nil
	}
	var m struct{ ResourceType, FHIRVersion string }
	fail := func(code Code, detail string) error {
		return &Error{Code: code, URL: q.url, Status: a.status, Detail: detail}
	}
	switch {
	case a.status != http.StatusOK || json.Unmarshal(a.body, &m) != nil:
		return fail(NotFHIR, "no CapabilityStatement there; the address is that of the FHIR server's base, without a type behind it")
	case m.ResourceType == "Conformance":
		return fail(NotR4, "the server is of FHIR DSTU2; farr reads R4, so ask its keeper for the address of R4")
	case m.ResourceType != "CapabilityStatement":
		return fail(NotFHIR, "no CapabilityStatement there; the address is that of the FHIR server's base, without a type behind it")
	case !strings.HasPrefix(m.FHIRVersion, "4."):
		version := "another version"
		if len(m.FHIRVersion) > 1 && len(m.FHIRVersion) < 10 && strings.Trim(m.FHIRVersion, "0123456789.") == "" {
			version = "version " + m.FHIRVersion
		}
		return fail(NotR4, "the server is of FHIR "+version+"; farr reads R4 (4.0.1), so ask its keeper for the address of R4")
	}
	return nil
}

// poll asks at an address until it has something: 202 is "not yet".
func (c *Client) poll(ctx context.Context, at string, token bool, deadline time.Time) (*answer, error) {
	for n := 0; ; n++ {
		a, err := c.fetch(ctx, call{method: http.MethodGet, url: at, accept: "application/json", token: token}, c.Limits.Manifest)
		if err != nil {
			return nil, err
		}
		fail := func(code Code, detail string) error { return a.fail(code, at, detail) }
		switch {
		case a.status == http.StatusOK:
			return a, nil
		case a.status == http.StatusNotFound, a.status == http.StatusGone:
			return nil, fail(Gone, "the server knows the export no more")
		case a.status == http.StatusUnauthorized:
			return nil, fail(Unauthorised, "the server does not take the token where it tells how far the export is")
		case a.status == http.StatusForbidden:
			return nil, fail(WrongScopes, "the client may not ask how far the export is")
		case !c.Since.IsZero() && refused(a.status):
			return nil, fail(NoSince, noSince)
		case a.status != http.StatusAccepted:
			return nil, fail(ExportFailed, "the export failed at the server; ask its keeper")
		}
		if c.Clock.Now().After(deadline) {
			return nil, fail(TooLong, fmt.Sprintf("the export was not ready within %v; it stays begun, and the next run goes on with it", c.Limits.Wait))
		}
		if err := c.wait(ctx, n+1, 5*time.Minute, retryAfter(a.header, c.Clock.Now()), "the export is not ready"); err != nil {
			return nil, err
		}
	}
}

// Delete tells the server that the export is not needed any more, or is to be stopped. That it knows it no more is as
// good.
func (c *Client) Delete(ctx context.Context, status string) error {
	c.hold(false)
	a, err := c.fetch(ctx, call{method: http.MethodDelete, url: status, accept: "application/json", token: c.ours(status)}, smallAnswer)
	if err != nil {
		return err
	}
	switch a.status {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent, http.StatusNotFound, http.StatusGone:
		return nil
	}
	return &Error{Code: BadAnswer, URL: named(status), Status: a.status, Detail: "the server does not let its export be deleted"}
}

// ours says whether an address is of the FHIR server's own origin, where the token may go.
func (c *Client) ours(address string) bool {
	a, err := secure(address)
	if err != nil {
		return false
	}
	b, err := secure(c.URL)
	return err == nil && origin(a) == origin(b)
}
