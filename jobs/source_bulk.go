package jobs

import (
	"errors"
	"fmt"
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

// MayLack implements source.Lacking: a server is read in place of a folder.
func (s *Source) MayLack(key string) bool { return key == "dir" && s.Bulk != nil }

func (b *Bulk) request() bulk.Request {
	return bulk.Request{URL: b.URL, Level: b.Level, Group: b.Group, Types: b.Types, TypeFilters: b.TypeFilters, Elements: b.Elements, Post: b.Post}
}

// bulk checks a source that is a server.
func (c checker) bulk(s *Source) {
	b := s.Bulk
	if b == nil {
		return
	}
	if c.doc.Has("source", "dir") {
		c.doc.Report("two-sources", "a folder and a server", "remove dir or bulk", "source", "dir")
	}
	if !c.doc.Has("source", "zone") {
		c.doc.Report("missing-zone", "a server does not say on which wall clock its local times are", "zone: America/New_York, or whichever it is", "source", "bulk")
	}
	if c.doc.Has("source", "bulk", "url") {
		errs := []error{b.request().Check()}
		if joined, ok := errs[0].(interface{ Unwrap() []error }); ok { //nolint:errorlint // as Check joins them
			errs = joined.Unwrap()
		}
		for _, err := range errs {
			var e *bulk.Error
			if errors.As(err, &e) {
				c.doc.Report(string(e.Code), e.Detail, "", "source", "bulk")
			}
		}
	}
	if c.doc.Has("source", "bulk", "client_id") != c.doc.Has("source", "bulk", "client_key") {
		c.doc.Report("half-a-client", "client_id and client_key go together", "", "source", "bulk")
	}
	if !c.doc.Has("source", "bulk", "client_key") {
		return
	}
	at := []any{"source", "bulk", "client_key"}
	if err := datasets.CheckKeySource(b.ClientKey); err != nil {
		c.doc.Report("bad-key-source", err.Error(), "a path, env:NAME or fd:3", at...)
	} else if datasets.IsKeyFile(b.ClientKey) {
		c.path(&b.ClientKey, false, at...)
	} else if c.doc.Has("limits", "memory") {
		c.doc.Report("key-not-a-file", "a job with a memory limit runs in a process of its own, which reads the client's key again", "keep it in a file, or remove the limit", at...)
	}
}

// waits tells of a pause on the way to the server.
func (b *building) waits(what string, until time.Time) {
	b.o.Logger.Info(msgServerWaits, "why", what, "until", until.UTC().Format(time.RFC3339))
	b.o.Progress.Report(fmt.Sprintf("%s until %s: %s", msgServerWaits, until.Format(time.TimeOnly), what), 0, 0)
}

// client is the job's client of its server, nil where it reads a folder.
func (b *building) client() (*bulk.Client, error) {
	s := b.job.Source.Bulk
	if s == nil {
		return nil, nil
	}
	cfg := bulk.Config{Request: s.request(), ClientID: s.ClientID, TokenURL: s.TokenURL, Scope: s.Scope, Waits: b.waits, Clock: bulk.Clock{Now: b.o.Clock}}
	if s.ClientKey != "" {
		var err error
		if cfg.Key, err = b.o.Keys.ReadClient(s.ClientKey); err != nil {
			return nil, err
		}
	}
	return bulk.New(cfg)
}
