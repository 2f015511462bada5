package bulk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"farr/datasets/fhir"
)

// Export is an export that is ready at the server.
type Export struct {
	TransactionTime time.Time // what changed later may not be in it
	Files           []*File   // of records, by type and then as the manifest has them
	Errors          []*File   // of OperationOutcomes
	Deleted         []*File   // of Bundles that name what was deleted
	NamesDeleted    bool      // the manifest has a list of them, be it empty
	Notes           []string  // what was odd and did no harm

	client  *Client
	status  string
	token   bool             // the files need it
	request string           // as the manifest says it
	read    map[string]*File // by section and hash of what it held
}

// Since says whether the export is of what changed since the time that was asked for, and of no later one, as the server
// understood it: its manifest repeats the request. That of a POST is repeated without its parameters, and does not say it.
func (e *Export) Since() bool {
	u, err := url.Parse(e.request)
	if err != nil {
		return false
	}
	since, err := time.Parse(time.RFC3339, strings.ReplaceAll(u.Query().Get("_since"), " ", "+")) // a plus that was not encoded
	return err == nil && !since.After(e.client.Request.Since)
}

// File is one file of an export.
type File struct {
	// Name is of the type and the last part of the address. Such a part may say who the records are about, so it
	// belongs in reports to the operator and in nothing that is kept.
	Name  string
	Type  string // of its resources, "" where the manifest does not say
	Count int64  // of its resources, -1 where the manifest does not say

	section string
	url     string
	renewed int  // how often its link was asked for again without a byte in between
	placed  bool // its link is that of its place in a later manifest, where another file may stand
}

// page is the manifest, or a part of it.
type page struct {
	TransactionTime     string
	Request             string
	RequiresAccessToken *bool
	Output              []entry
	Error               []entry // IG 1 to 3
	Outcome             []entry // IG 4, ballot
	Deleted             []entry
	Link                []struct{ Relation, URL string } // IG 3
	Next                string
}

type entry struct {
	Type, URL string
	Count     *int64
}

// Wait polls until the export is ready and reads all of its manifest.
func (c *Client) Wait(ctx context.Context, status string) (*Export, error) {
	c.hold(true)
	e := &Export{client: c, status: status}
	deadline := c.Clock.Now().Add(c.Limits.Wait)
	seen := map[string]bool{}
	for at := status; at != ""; {
		if seen[at] {
			return nil, &Error{Code: BadManifest, URL: named(at), Detail: "the pages of the manifest lead back to one that was read: its end cannot be reached"}
		}
		if seen[at] = true; len(seen) > c.Limits.Pages {
			return nil, &Error{Code: TooMuch, URL: named(at), Detail: fmt.Sprintf("a manifest of more than %d pages", c.Limits.Pages)}
		}
		p, err := c.page(ctx, at, deadline)
		if err != nil {
			return nil, err
		}
		if err := e.add(p, at, len(seen) == 1); err != nil {
			return nil, err
		}
		if n := len(e.Files) + len(e.Errors) + len(e.Deleted); n > c.Limits.Files {
			return nil, &Error{Code: TooMuch, URL: named(at), Detail: fmt.Sprintf("a manifest of more than %d files", c.Limits.Files)}
		}
		if at, err = p.next(at); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(e.Files, func(a, b *File) int { return cmp.Compare(a.Type, b.Type) })
	e.name()
	return e, nil
}

// page reads one page. One that is cut or no manifest at all is asked for again: proxies answer such things for a while.
func (c *Client) page(ctx context.Context, at string, deadline time.Time) (*page, error) {
	for failures := 0; ; failures++ {
		a, err := c.poll(ctx, at, c.ours(at), deadline)
		if err != nil {
			return nil, err
		}
		var p page
		if err = json.Unmarshal(a.body, &p); err == nil && !html(a.header, a.body) {
			return &p, nil
		}
		what := "the manifest is cut or no JSON"
		if html(a.header, a.body) {
			what = "a page for people stands where the manifest should; a proxy or sign-on page is in the way"
		}
		if failures+1 >= min(c.Limits.Tries, 4) {
			return nil, &Error{Code: BadManifest, URL: named(at), Status: a.status, Detail: what}
		}
		if err := c.pause(ctx, failures, 0, what); err != nil {
			return nil, err
		}
	}
}

// next is the address of the page behind this one, "" at the end.
func (p *page) next(at string) (string, error) {
	next := p.Next
	for _, l := range p.Link {
		if l.Relation == "next" {
			next = l.URL
		}
	}
	if next == "" {
		return "", nil
	}
	from, err := url.Parse(at)
	if err != nil {
		return "", err
	}
	to, err := from.Parse(next)
	if err != nil {
		return "", &Error{Code: BadManifest, URL: named(at), Detail: "a next page without an address"}
	}
	return to.String(), given(to.String(), at, BadManifest, "its next page")
}

// add takes what a page says.
func (e *Export) add(p *page, at string, first bool) error {
	fail := func(detail string) error { return &Error{Code: BadManifest, URL: named(at), Detail: detail} }
	when, err := time.Parse(time.RFC3339, p.TransactionTime)
	switch {
	case err != nil:
		return fail("a manifest without transactionTime: nobody knows of when the records are")
	case p.RequiresAccessToken == nil:
		return fail("a manifest without requiresAccessToken: farr does not guess where a token may go")
	case p.Output == nil:
		return fail("a manifest without output: it is not whole")
	case !first && (!when.Equal(e.TransactionTime) || *p.RequiresAccessToken != e.token):
		return fail("two pages of the manifest are of different exports")
	}
	e.TransactionTime, e.token = when, *p.RequiresAccessToken
	if first {
		e.request = p.Request
	}
	e.NamesDeleted = e.NamesDeleted || p.Deleted != nil
	from, err := url.Parse(at)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, f := range slices.Concat(e.Files, e.Errors, e.Deleted) {
		seen[f.url] = true
	}
	take := func(files *[]*File, section string, entries []entry) error {
		for i, en := range entries {
			to, err := from.Parse(en.URL)
			if err != nil || en.URL == "" {
				return fail(fmt.Sprintf("entry %d of %s has no address", i+1, section))
			}
			if err := given(to.String(), at, BadManifest, fmt.Sprintf("entry %d of %s", i+1, section)); err != nil {
				return err
			}
			if en.Type != "" && !fhir.IsResourceType([]byte(en.Type)) {
				return fail(fmt.Sprintf("entry %d of %s is of no resource type of FHIR R4", i+1, section))
			}
			f := &File{Type: en.Type, Count: -1, section: section, url: to.String()}
			if en.Count != nil {
				f.Count = *en.Count
			}
			if f.Count < -1 {
				return fail(fmt.Sprintf("entry %d of %s has a negative count", i+1, section))
			}
			if seen[f.url] {
				e.Notes = append(e.Notes, fmt.Sprintf("%s: the manifest lists the file twice; it is read once", f.base()))
				continue
			}
			seen[f.url] = true
			*files = append(*files, f)
		}
		return nil
	}
	return errors.Join(take(&e.Files, "output", p.Output), take(&e.Errors, "error", slices.Concat(p.Error, p.Outcome)), take(&e.Deleted, "deleted", p.Deleted))
}

// base is the last part of the file's address, if it can be printed.
func (f *File) base() string {
	u, err := url.Parse(f.url)
	if err != nil {
		return ""
	}
	b := path.Base(u.Path)
	if len(b) > 80 || strings.ContainsFunc(b, func(r rune) bool { return r < ' ' || r > '~' || r == '/' }) {
		return "file"
	}
	return b
}

// name gives each file a name that no other has.
func (e *Export) name() {
	count := map[string]int{}
	for _, f := range slices.Concat(e.Files, e.Errors, e.Deleted) {
		f.Name = f.base()
		if count[f.Name]++; count[f.Name] > 1 {
			f.Name = fmt.Sprintf("%s#%d", f.Name, count[f.Name])
		}
	}
}

// renew asks for the manifest again and gives each file its new link: by its path where all paths are the same as before, else by
// its place, of which [Export.once] sees that no file comes twice. Of another export it gives none.
func (e *Export) renew(ctx context.Context, f *File) error {
	again, err := e.client.Wait(ctx, e.status)
	if err != nil {
		return err
	}
	changed := &Error{Code: Changed, URL: named(e.status), Detail: "the manifest, asked for again for an expired link, is of another export"}
	if !again.TransactionTime.Equal(e.TransactionTime) || again.token != e.token {
		return changed
	}
	for _, section := range []struct{ old, new []*File }{{e.Files, again.Files}, {e.Errors, again.Errors}, {e.Deleted, again.Deleted}} {
		if len(section.old) != len(section.new) {
			return changed
		}
		byPath := map[string]*File{}
		for _, n := range section.new {
			byPath[named(n.url)] = n
		}
		same := len(byPath) == len(section.new)
		for _, o := range section.old {
			same = same && byPath[named(o.url)] != nil
		}
		for i, o := range section.old {
			n := section.new[i]
			if same {
				n = byPath[named(o.url)]
			} else {
				o.placed = true
			}
			if n.Type != o.Type || n.Count != o.Count {
				return changed
			}
			o.url = n.url
		}
	}
	return nil
}

// fileCall is the request of a file.
func (e *Export) fileCall(f *File) call {
	accept := ndjson
	if f.section != "output" {
		accept += ", application/fhir+json"
	}
	return call{method: http.MethodGet, url: f.url, accept: accept, token: e.token, encoded: true}
}
