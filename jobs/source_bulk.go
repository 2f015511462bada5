package jobs

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"farr/datasets"
	"farr/datasets/bulk"
)

// Bulk is a FHIR server that exports by Bulk Data.
type Bulk struct {
	URL         string   `yaml:"url,required"` // base of the server
	Level       string   `yaml:"level"`        // system (when empty), patient or group
	Group       string   `yaml:"group"`        // id, for level group
	Types       Words    `yaml:"types"`        // resource types; all when empty
	TypeFilters []string `yaml:"type_filters"` // Type?query
	Elements    Words    `yaml:"elements"`
	Post        bool     `yaml:"post"`
	ClientID    string   `yaml:"client_id"`
	ClientKey   string   `yaml:"client_key"` // path of the client's private key, env:NAME or fd:N; never the key
	TokenURL    string   `yaml:"token_url"`  // discovered when empty
	Scope       string   `yaml:"scope"`      // made of the types when empty
}

func (b *Bulk) request() bulk.Request {
	return bulk.Request{URL: b.URL, Level: b.Level, Group: b.Group, Types: b.Types, TypeFilters: b.TypeFilters, Elements: b.Elements, Post: b.Post}
}

// bulk checks a source that is a server.
func (c checker) bulk(s *Source, of []any) {
	b := s.Bulk
	if b == nil {
		return
	}
	in := func(names ...any) []any { return slices.Concat(of, names) }
	if c.doc.Has(in("dir")...) {
		c.doc.Report("two-sources", "a folder and a server", "remove dir or bulk", in("dir")...)
	}
	if !c.doc.Has(in("zone")...) {
		c.doc.Report("missing-zone", "a server does not say on which wall clock its local times are", "zone: America/New_York, or whichever it is", in("bulk")...)
	}
	if c.doc.Has(in("bulk", "url")...) {
		errs := []error{b.request().Check()}
		if joined, ok := errs[0].(interface{ Unwrap() []error }); ok { //nolint:errorlint // as Check joins them
			errs = joined.Unwrap()
		}
		for _, err := range errs {
			var e *bulk.Error
			if errors.As(err, &e) {
				c.doc.Report(string(e.Code), e.Detail, "", in("bulk")...)
			}
		}
	}
	if c.doc.Has(in("bulk", "client_id")...) != c.doc.Has(in("bulk", "client_key")...) {
		c.doc.Report("half-a-client", "client_id and client_key go together", "", in("bulk")...)
	}
	if !c.doc.Has(in("bulk", "client_key")...) {
		return
	}
	at := in("bulk", "client_key")
	if !c.keySource(b.ClientKey, at...) {
		return
	}
	if datasets.IsKeyFile(b.ClientKey) {
		c.path(&b.ClientKey, false, at...)
	} else if c.doc.Has("limits", "memory") {
		c.doc.Report("key-not-a-file", "a job with a memory limit runs in a process of its own, which reads the client's key again", "keep it in a file, or remove the limit", at...)
	}
}

// fullLoad checks how often everything is loaded, where else what changed is.
func (c checker) fullLoad(job *Job) {
	for i := range job.Source {
		at := []any{"source"}
		if c.doc.Has("source", i) {
			at = append(at, i)
		}
		s, at := job.Source[i], append(at, "full_load_every")
		if !c.doc.Has(at...) {
			continue
		}
		why, hint := "", "remove full_load_every, and each load is full"
		switch b := s.Bulk; {
		case s.FullLoadEvery == 0:
			why, hint = "with zero no load would be anything but full", "30d, or remove it"
		case len(job.Source) > 1:
			why = "of several sources only reading everything tells who is in which"
		case b == nil:
			why = "nothing says of a folder whether it holds everything or what changed"
			hint += "; for a folder of changes there is farr extract --onto"
		case b.Level == bulk.Group:
			why = "who has come into a group has older records, which what changed since does not have"
		case len(b.TypeFilters) > 0:
			why = "of what a type filter does not take any more no server tells, so that what changed since is not all"
		case job.extractsOnly():
			why = "under profile " + job.Profile + " each extract has a key of its own, so nothing is added to one"
		case s.OptOut != "":
			why = "where persons are left out, what refers to them cannot be told of what changed alone"
		}
		if why != "" {
			c.doc.Report("full-loads-alone", why, hint, at...)
		}
	}
}

// waits tells of a pause on the way to the server.
func (b *building) waits(what string, until time.Time) {
	b.o.Logger.Info(msgServerWaits, "why", what, "until", until.UTC().Format(time.RFC3339))
	b.o.Progress.Report(fmt.Sprintf("%s until %s: %s", msgServerWaits, until.Format(time.TimeOnly), what), 0, 0)
}

// client is the client of a server, nil of a folder.
func (s *Source) client(cfg bulk.Config, read ReadClient) (*bulk.Client, error) {
	b := s.Bulk
	if b == nil {
		return nil, nil
	}
	cfg.Request, cfg.ClientID, cfg.TokenURL, cfg.Scope = b.request(), b.ClientID, b.TokenURL, b.Scope
	if b.ClientKey != "" {
		var err error
		if cfg.Key, err = read(b.ClientKey); err != nil {
			return nil, err
		}
	}
	return bulk.New(cfg)
}
