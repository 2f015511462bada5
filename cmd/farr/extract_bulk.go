package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/datasets/bulk"
)

// bulkFlags say which server exports and how.
type bulkFlags struct {
	request                              bulk.Request
	clientID, clientKey, tokenURL, scope string
}

const bulkHelp = `

--bulk URL reads from a FHIR server by Bulk Data export (HL7 IG 2.0, 3.0) in place of a folder: its records go through the
policy as they come, and are never on disk as they are. A client id and key make a client of SMART Backend Services
(farr keys jwks prints what the server wants to know of it). The server's address for the export is kept in the store, so
that the same command after a stop goes on with it. The zone of the source's clock must be said.`

func (b *bulkFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&b.request.URL, "bulk", "", "base of a FHIR server to export from, in place of --source")
	f.StringVar(&b.request.Level, "level", bulk.System, "with --bulk: system, patient or group")
	f.StringVar(&b.request.Group, "group", "", "with --bulk: id of the group, for level group")
	f.StringSliceVar(&b.request.Types, "type", nil, "with --bulk: resource types to export; all when not given")
	f.StringArrayVar(&b.request.TypeFilters, "type-filter", nil, "with --bulk: search that restricts a type, such as Observation?category=laboratory (repeatable)")
	f.StringSliceVar(&b.request.Elements, "element", nil, "with --bulk: elements to export; all when not given")
	f.BoolVar(&b.request.Post, "post", false, "with --bulk: ask by POST of Parameters, not by GET; what changed since (--onto) is asked for by GET alone")
	f.StringVar(&b.clientID, "client-id", "", "with --bulk: id of the client at the server; none where it asks for no token")
	f.StringVar(&b.clientKey, "client-key", "", "with --bulk: private key of the client, PEM or JWK: its file, fd:3 or env:NAME")
	f.StringVar(&b.tokenURL, "token-url", "", "with --bulk: where tokens are to be had; the server is asked when not given")
	f.StringVar(&b.scope, "scope", "", "with --bulk: scopes to ask for; read of the types when not given")
}

// only are the flags that mean nothing without --bulk.
var bulkOnly = []string{"level", "group", "type", "type-filter", "element", "post", "client-id", "client-key", "token-url", "scope"}

// waits says what is waited for, where a person looks or a file keeps it.
func (a *app) waits(what string, until time.Time) {
	text := fmt.Sprintf("waits for the server until %s: %s", until.Format(time.TimeOnly), what)
	if a.meter.shown() {
		a.meter.report(text, 0, 0)
		return
	}
	fmt.Fprintf(a.stderr, "farr: %s\n", text)
}

// client is the client that the flags say, nil where a folder is read.
func (b *bulkFlags) client(cmd *cobra.Command, waits func(string, time.Time), folder string) (*bulk.Client, error) {
	if b.request.URL == "" {
		for _, name := range bulkOnly {
			if cmd.Flags().Changed(name) {
				return nil, usageError{errors.New("--" + name + " is for --bulk")}
			}
		}
		return nil, nil
	}
	var mistakes []error
	if folder != "" {
		mistakes = append(mistakes, errors.New("--source and --bulk: give one of them"))
	}
	if !cmd.Flags().Changed("zone") {
		mistakes = append(mistakes, errors.New("--bulk needs --zone: a server does not say on which wall clock its local times are, for example America/New_York"))
	}
	cfg := bulk.Config{Request: b.request, ClientID: b.clientID, TokenURL: b.tokenURL, Scope: b.scope, Waits: waits, Clock: bulk.Clock{Now: time.Now}}
	if (b.clientID == "") != (b.clientKey == "") {
		mistakes = append(mistakes, errors.New("--client-id and --client-key go together"))
	}
	if err := b.request.Check(); err != nil {
		mistakes = append(mistakes, err)
	}
	if len(mistakes) > 0 {
		return nil, usageError{errors.Join(mistakes...)}
	}
	if b.clientKey != "" {
		var err error
		if cfg.Key, err = datasets.ReadClientKey(b.clientKey); err != nil {
			return nil, err
		}
	}
	return bulk.New(cfg)
}
