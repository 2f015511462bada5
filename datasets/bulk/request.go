package bulk

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"farr/datasets/fhir"
)

// What is exported.
const (
	System  = "system"  // everything
	Patient = "patient" // all patients and what is theirs
	Group   = "group"   // the patients of a group and what is theirs
)

// levels are the values of [Request.Level].
var levels = []string{System, Patient, Group}

// Request is what to export from where.
type Request struct {
	URL         string    // base of the FHIR server
	Level       string    // System when empty
	Group       string    // id of the group, for level Group
	Types       []string  // resource types; all when empty
	Since       time.Time // what changed since; everything when zero
	TypeFilters []string  // Type?query
	Elements    []string  // element or Type.element
	Post        bool      // ask by POST of Parameters
}

var elementForm = regexp.MustCompile(`^([A-Z][A-Za-z]*\.)?[a-z][A-Za-z]*$`)

// Check finds every mistake of a request.
func (r Request) Check() error {
	var mistakes []error
	wrong := func(format string, args ...any) {
		mistakes = append(mistakes, &Error{Code: BadRequest, Detail: fmt.Sprintf(format, args...)})
	}
	if u, err := secure(r.URL); err != nil {
		mistakes = append(mistakes, err)
	} else if u.RawQuery != "" || u.Fragment != "" {
		wrong("the base of a FHIR server has no query and no fragment")
	}
	if r.Level != "" && !slices.Contains(levels, r.Level) {
		wrong("level %q: one of %s", r.Level, strings.Join(levels, ", "))
	}
	switch {
	case r.Level == Group && !fhir.ValidID([]byte(r.Group)):
		wrong("level group needs the id of a group: 1 to 64 letters, digits, - and .")
	case r.Level != Group && r.Group != "":
		wrong("a group is for level group")
	}
	for _, t := range r.Types {
		if !fhir.IsResourceType([]byte(t)) {
			wrong("type %q: no resource type of FHIR R4", t)
		}
	}
	for _, f := range r.TypeFilters {
		typ, query, ok := strings.Cut(f, "?")
		if _, err := url.ParseQuery(query); !ok || err != nil || query == "" || !fhir.IsResourceType([]byte(typ)) {
			wrong("a type filter is written as a search, such as Observation?category=laboratory")
		}
	}
	for _, e := range r.Elements {
		if !elementForm.MatchString(e) {
			wrong("element %q: write element or Type.element", e)
		}
	}
	return errors.Join(mistakes...)
}

// secure takes an address that is https, or http on the loopback.
func secure(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, &Error{Code: BadRequest, Detail: "not a whole address such as https://fhir.example.org/r4"}
	}
	if u.User != nil {
		return nil, &Error{Code: BadRequest, Detail: "an address with a name or password in it"}
	}
	if u.Scheme == "https" || u.Scheme == "http" && IsLoopback(u.Hostname()) {
		return u, nil
	}
	return nil, &Error{Code: NotSecure, URL: named(address), Detail: "only https is used, save for http on this machine's loopback"}
}

// given takes an address that a server gives, as secure does. What is none is the server's fault, of a code, and not that of who asked.
func given(address, at string, code Code, what string) error {
	_, err := secure(address)
	var e *Error
	if errors.As(err, &e) && e.Code == BadRequest {
		return &Error{Code: code, URL: named(at), Detail: what + ": " + e.Detail}
	}
	return err
}

// IsLoopback says whether a host, by its name or address, is this machine alone.
func IsLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// origin is what a token is kept to: scheme, host and port.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// Overlaps says whether some record is in the answer to both requests. Which patients two groups share, and which records two type filters,
// only the server knows.
func (r Request) Overlaps(other Request) bool {
	level := func(r Request) string { return cmp.Or(r.Level, System) }
	where := func(r Request) string {
		u, err := url.Parse(r.base())
		if err != nil {
			return r.base()
		}
		return origin(u) + u.EscapedPath()
	}
	if where(r) != where(other) || level(r) == Group && level(other) == Group && r.Group != other.Group {
		return false
	}
	if len(r.TypeFilters) > 0 && len(other.TypeFilters) > 0 {
		return false
	}
	shared := func(typ string) bool { return slices.Contains(other.Types, typ) }
	return len(r.Types) == 0 || len(other.Types) == 0 || slices.ContainsFunc(r.Types, shared)
}

// base is the server's address without a slash at its end.
func (r Request) base() string { return strings.TrimRight(r.URL, "/") }

const ndjson = "application/fhir+ndjson"

// kickOff is the request that begins the export.
func (r Request) kickOff() call {
	address := r.base() + "/$export"
	switch r.Level {
	case Patient:
		address = r.base() + "/Patient/$export"
	case Group:
		address = r.base() + "/Group/" + r.Group + "/$export"
	}
	c := call{method: http.MethodGet, url: address, accept: "application/fhir+json", prefer: "respond-async", token: true}
	since := ""
	if !r.Since.IsZero() {
		since = r.Since.Format("2006-01-02T15:04:05.000Z07:00")
	}
	if !r.Post {
		q := url.Values{"_outputFormat": {ndjson}}
		if len(r.Types) > 0 {
			q.Set("_type", strings.Join(r.Types, ","))
		}
		if since != "" {
			q.Set("_since", since)
		}
		if len(r.TypeFilters) > 0 {
			q["_typeFilter"] = r.TypeFilters
		}
		if len(r.Elements) > 0 {
			q.Set("_elements", strings.Join(r.Elements, ","))
		}
		c.url += "?" + q.Encode()
		return c
	}
	type parameter map[string]string
	all := []parameter{{"name": "_outputFormat", "valueString": ndjson}}
	add := func(name, kind string, values ...string) {
		for _, v := range values {
			all = append(all, parameter{"name": name, kind: v})
		}
	}
	add("_type", "valueString", r.Types...)
	if since != "" {
		add("_since", "valueInstant", since)
	}
	add("_typeFilter", "valueString", r.TypeFilters...)
	add("_elements", "valueString", r.Elements...)
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(map[string]any{"resourceType": "Parameters", "parameter": all}) // texts alone
	c.method, c.body, c.contentType = http.MethodPost, body.Bytes(), "application/fhir+json"
	return c
}
