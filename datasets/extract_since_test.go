package datasets

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"farr/datasets/bulk"
	"farr/internal/bulktest"
)

// changing is a server whose records change, and a client of it.
func changing(t testing.TB, change func(*bulk.Config)) (*bulktest.Server, *bulk.Client) {
	t.Helper()
	s := &bulktest.Server{Records: &bulktest.Records{Now: time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)}}
	s.Start()
	t.Cleanup(s.Close)
	cfg := bulk.Config{Request: bulk.Request{URL: s.URL()}, Clock: bulk.Clock{Now: time.Now}}
	if change != nil {
		change(&cfg)
	}
	c, err := bulk.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return s, c
}

// asFolder is all that a server has, as a folder.
func asFolder(t testing.TB, r *bulktest.Records) string {
	files := map[string][]string{}
	for _, f := range r.Export(time.Time{}) {
		files[f.Name] = []string{strings.TrimSuffix(f.Text, "\n")}
	}
	return export(t, files)
}

// whatCounts are facts that say what is there, and not how it came there.
func whatCounts(m Manifest) map[string]any {
	stored := map[string]any{}
	byType, _ := m.Facts["by_type"].(map[string]any)
	for typ, one := range byType {
		if counts, _ := one.(map[string]any); number(counts["stored"]) > 0 {
			stored[typ] = counts["stored"]
		}
	}
	return map[string]any{"stored": m.Facts["stored"], "by_type": stored, "as_of": m.Facts["as_of"], "observable": m.Facts["observable"]}
}

// sinceFrom are the times of which the server was asked for what changed since, "" for all.
func sinceFrom(s *bulktest.Server) (times []string) {
	for _, one := range s.Seen() {
		if one.What == "kickoff" {
			times = append(times, one.Since)
		}
	}
	return times
}

// The law: whatever is put, changed, moved and deleted at a server between rounds, the full load and what changed since each
// round before have the rows of a full load of what the server has in the end. Every line of a resource tells what it is now,
// so what the policy drops now, or has no subject any more, is gone.
func TestSinceIsTheWhole(t *testing.T) {
	dir := t.TempDir()
	db := readerOf(t, dir)
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := history{rand.New(rand.NewPCG(seed, 11))}
			server, client := changing(t, nil)
			records := server.Records
			req := ExtractRequest{Key: constantKey(t), Zone: "America/New_York", MaxReject: 1, Profile: h.one("shifted", "limited"), Observable: h.one("auto", "contact"), Bulk: client}
			s := storeIn(t, dir, fmt.Sprint(seed))
			want := []string{""}
			var got *Snapshot
			for round := range 5 {
				for range 100/(1+5*round) + 3 {
					line := h.resource()
					if h.IntN(25) == 0 {
						line = strings.ReplaceAll(line, `"subject":`, `"performer":`)
					}
					records.Put(line)
				}
				for range 3 * round {
					_, name, _ := strings.Cut(h.deletion(), `"url":"`)
					records.Delete(strings.TrimPrefix(strings.TrimRight(name, `"}`), "http://x.org/fhir/"))
				}
				records.Put(patientWith("p1"))
				if got = mustExtract(t, s, req); len(begunIn(t, s)) > 0 {
					t.Errorf("round %d: an export is kept", round)
				}
				req.Onto = []string{OntoCurrent, OntoNewest, got.ID()}[h.IntN(3)]
				want = append(want, records.Now.Format("2006-01-02T15:04:05.000Z07:00"))
				records.Now = records.Now.Add(time.Duration(1+h.IntN(1e9)) * time.Microsecond)

				if round != 2 && round != 4 {
					continue
				}
				whole := req
				whole.Bulk, whole.Onto, whole.Source = nil, "", asFolder(t, records)
				full := mustExtract(t, storeIn(t, dir, fmt.Sprint(seed, "-whole-", round)), whole)
				a, b := rowsOf(t, db, got), rowsOf(t, db, full)
				for _, tab := range full.manifest.Tables {
					if a[tab.Name] != b[tab.Name] && !isDictionary(tab.Name) { // what is gone keeps its codes
						t.Errorf("round %d: table %s: %s, want %s", round, tab.Name, a[tab.Name], b[tab.Name])
					}
				}
				if a, b := asJSON(t, whatCounts(got.manifest)), asJSON(t, whatCounts(full.manifest)); a != b {
					t.Errorf("round %d: facts %s, want %s", round, a, b)
				}
			}
			if seen := sinceFrom(server); !slices.Equal(seen, want[:5]) {
				t.Errorf("asked since %q, want %q", seen, want[:5])
			}
			for _, p := range server.Problems() {
				t.Error(p)
			}
			verified(t, s)
		})
	}
}

// begunIn are the exports that a store keeps.
func begunIn(t testing.TB, s *Store) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.Dir(), exportsDir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// What was begun under one scope and is gone on with under another is begun anew: what the first did not show is in no later change.
func TestResumedByAnotherScope(t *testing.T) {
	s, plain := changing(t, nil)
	cfg := plain.Config
	signing(t, s, &cfg)
	s.Scope = "system/Patient.read"
	s.Records.Put(patientWith("1"))
	store := emptyStore(t)
	run := func(ctx context.Context, progress func(string, int64, int64)) (*ExtractReport, error) {
		client, err := bulk.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		return Extract(ctx, store, ExtractRequest{Key: constantKey(t), Bulk: client, Progress: progress})
	}
	stopped := func() error {
		ctx, stop := context.WithCancel(t.Context())
		_, err := run(ctx, func(stage string, _, _ int64) {
			if stage == "publish" {
				stop()
			}
		})
		return err
	}
	for range 2 { // by the same scope it is gone on with
		if err := stopped(); !errors.Is(err, context.Canceled) || s.Begun() != 1 || len(begunIn(t, store)) != 1 {
			t.Fatalf("%v, %d begun", err, s.Begun())
		}
	}
	s.Scope = "system/*.read"
	if got, err := run(t.Context(), nil); err != nil || got.Bulk.Resumed || s.Begun() != 2 || len(begunIn(t, store)) != 0 {
		t.Errorf("%v: %s, %d begun", err, asJSON(t, got), s.Begun())
	}
}

// What a server answers that may not be all that changed is refused with the reason, nothing is published, its export is let go, and a full load
// goes on.
func TestSinceRefuses(t *testing.T) {
	other := func(change func(*bulk.Config)) func(*testing.T, *Store, *bulktest.Server, *ExtractRequest) {
		return func(t *testing.T, _ *Store, _ *bulktest.Server, r *ExtractRequest) {
			cfg := bulk.Config{Request: r.Bulk.Request, Clock: bulk.Clock{Now: time.Now}}
			change(&cfg)
			var err error
			if r.Bulk, err = bulk.New(cfg); err != nil {
				t.Fatal(err)
			}
		}
	}
	server := func(change func(s *bulktest.Server)) func(*testing.T, *Store, *bulktest.Server, *ExtractRequest) {
		return func(_ *testing.T, _ *Store, s *bulktest.Server, _ *ExtractRequest) { change(s) }
	}
	issue := func(severity string) func(*testing.T, *Store, *bulktest.Server, *ExtractRequest) {
		return server(func(s *bulktest.Server) {
			s.Faults = []*bulktest.Fault{{At: "kickoff", Do: func(s *bulktest.Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
				next(w, r)
				s.Files = append(s.Files, bulktest.File{Section: "error", Type: "OperationOutcome", Name: "e", Text: `{"resourceType":"OperationOutcome","issue":[{"severity":"` + severity + `","code":"processing"}]}` + "\n"})
			}}}
		})
	}
	line := func(text string) func(*testing.T, *Store, *bulktest.Server, *ExtractRequest) {
		return server(func(s *bulktest.Server) {
			s.Faults = []*bulktest.Fault{{At: "kickoff", Do: func(s *bulktest.Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
				next(w, r)
				s.Files = append(s.Files, bulktest.File{Type: "Observation", Name: "o", Text: text + "\n", Count: -1})
			}}}
		})
	}
	for name, c := range map[string]struct {
		ask   func(*bulk.Config)
		then  func(*testing.T, *Store, *bulktest.Server, *ExtractRequest)
		want  string // "" is none
		asked bool   // the server was asked
	}{
		"plain":             {nil, nil, "", true},
		"level patient":     {func(c *bulk.Config) { c.Level, c.Types = bulk.Patient, []string{"Patient", "Encounter"} }, nil, "", true},
		"of no patient":     {func(c *bulk.Config) { c.Level, c.Types = bulk.Patient, []string{"Patient", "Medication"} }, nil, "belongs to no patient", false},
		"of all types":      {func(c *bulk.Config) { c.Level = bulk.Patient }, nil, "belongs to no patient", false},
		"a patient deleted": {func(c *bulk.Config) { c.Level, c.Types = bulk.Patient, []string{"Patient", "Encounter"} }, server(func(s *bulktest.Server) { s.Records.Delete("Patient/2") }), "a patient was deleted", true},
		"group":             {func(c *bulk.Config) { c.Level, c.Group = bulk.Group, "g" }, nil, "come into a group", false},
		"filter":            {func(c *bulk.Config) { c.TypeFilters = []string{"Encounter?status=finished"} }, nil, "a type filter does not take", false},
		"by POST":           {func(c *bulk.Config) { c.Post = true }, nil, "ask by GET", false},
		"old server":        {nil, server(func(s *bulktest.Server) { s.NoSince = true }), "does not take a request for what changed since", true},
		"old server, later": {nil, server(func(s *bulktest.Server) {
			s.Faults = []*bulktest.Fault{{At: "status", Do: bulktest.Outcome(400, "not-supported")}}
		}),
			"does not take a request for what changed since", true},
		"clock back":         {nil, server(func(s *bulktest.Server) { s.Records.Now = s.Records.Now.Add(-48 * time.Hour) }), "2026-02-27T02:00:01Z, before that in the extract, of 2026-03-01T02:00:00Z", true},
		"no list of deleted": {nil, server(func(s *bulktest.Server) { s.NoDeleted = true }), "no list of what was deleted", true},
		"ignores the time":   {nil, server(func(s *bulktest.Server) { s.Ignores = true }), "repeats the request without the time", true},
		"records lack":       {nil, issue("error"), "records lack in its export: error/processing", true},
		"a warning":          {nil, issue("warning"), "", true},
		"bad line":           {nil, line(`{"resourceType":"Observation","id":`), "1 lines of what changed cannot be read", true},
		"older version":      {nil, line(strings.Replace(visit("1", "2024-01-01"), `"id":`, `"meta":{"lastUpdated":"2020-01-01T00:00:00Z"},"id":`, 1)), "lastUpdated before", true},
		"rejected too much":  {nil, line(`{"resourceType":"Observation","id":"o"}`), "more than the share", true},
		"other address":      {nil, other(func(c *bulk.Config) { c.URL = strings.Replace(c.URL, "127.0.0.1", "localhost", 1) }), "the server's address is another", false},
		"a slash more":       {nil, other(func(c *bulk.Config) { c.URL += "/" }), "", true},
		"other types":        {nil, other(func(c *bulk.Config) { c.Types = []string{"Patient"} }), "the list of types is another", false},
		"other level":        {nil, other(func(c *bulk.Config) { c.Level = bulk.Patient }), "the level is another", false},
		"full load too old": {nil, func(_ *testing.T, _ *Store, _ *bulktest.Server, r *ExtractRequest) {
			r.FullFrom = time.Date(2026, 3, 1, 2, 0, 0, 1, time.UTC)
		},
			"its full load is of 2026-03-01T02:00:00Z", false},
		"of a folder": {nil, func(t *testing.T, store *Store, s *bulktest.Server, r *ExtractRequest) { // the extract in force is one
			mustExtract(t, store, ExtractRequest{Key: r.Key, Source: asFolder(t, s.Records)})
		}, "does not say of when", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, client := changing(t, c.ask)
			for _, line := range []string{patientWith("1"), patientWith("2"), visit("1", "2024-01-01")} {
				s.Records.Put(line)
			}
			store := emptyStore(t)
			req := ExtractRequest{Key: constantKey(t), Bulk: client}
			mustExtract(t, store, req)
			s.Records.Now = s.Records.Now.Add(time.Second)
			s.Records.Put(patientWith("3"))
			req.Onto = OntoCurrent
			if c.then != nil {
				c.then(t, store, s, &req)
			}
			before, err := store.Current("extract")
			if err != nil {
				t.Fatal(err)
			}
			_, err = Extract(t.Context(), store, req)
			var full *FullLoadError
			if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &full) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "load everything")) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if asked := s.Count("kickoff") > 1; asked != c.asked {
				t.Errorf("the server was asked: %v", asked)
			}
			if now, _ := store.Current("extract"); c.want != "" && now.ID() != before.ID() {
				t.Errorf("in force is %s", now.ID())
			}
			if left := begunIn(t, store); len(left) > 0 || s.Begun() != s.Deleted() {
				t.Errorf("kept %v; %d exports begun and %d let go", left, s.Begun(), s.Deleted())
			}
			if req.Onto, req.FullFrom = "", (time.Time{}); c.want != "" {
				mustExtract(t, store, req)
			}
			if seen := sinceFrom(s); c.want != "" && seen[len(seen)-1] != "" {
				t.Errorf("the full load asked since %s", seen[len(seen)-1])
			}
		})
	}
}

// What was read and not published is asked for again, since the same time, and of the same export.
func TestSinceStopped(t *testing.T) {
	s, client := changing(t, nil)
	s.Records.Put(patientWith("1"))
	store := emptyStore(t)
	req := ExtractRequest{Key: constantKey(t), Bulk: client}
	base := mustExtract(t, store, req)
	s.Records.Now = s.Records.Now.Add(time.Hour)
	s.Records.Put(patientWith("2"))
	req.Onto = OntoCurrent
	ctx, stop := context.WithCancel(t.Context())
	stopped := req
	stopped.Progress = func(stage string, _, _ int64) {
		if stage == "publish" {
			stop()
		}
	}
	if _, err := Extract(ctx, store, stopped); !errors.Is(err, context.Canceled) || len(begunIn(t, store)) != 1 {
		t.Fatalf("stopped: %v, kept %v", err, begunIn(t, store))
	}
	s.Records.Now = s.Records.Now.Add(time.Hour)
	got, err := Extract(t.Context(), store, req)
	if err != nil || !got.Bulk.Resumed || got.Onto != base.ID() || got.Stored != 1 || s.Begun() != 2 {
		t.Errorf("%v: %s, %d exports begun", err, asJSON(t, got), s.Begun())
	}
	again, err := Extract(t.Context(), store, req)
	if err != nil || !again.Skipped || again.Snapshot != got.Snapshot {
		t.Errorf("nothing changed: %v: %s", err, asJSON(t, again))
	}
	if seen := sinceFrom(s); !slices.Equal(seen, []string{"", "2026-03-01T02:00:00.000Z", "2026-03-01T03:00:00.000Z"}) {
		t.Errorf("asked since %q", seen)
	}
}

// What an earlier run asked for of what changed since an extract that is not the base any more is let go, here and at the server; an
// export that nobody saw begin is told.
func TestSinceOutdated(t *testing.T) {
	s, client := changing(t, nil)
	s.Records.Put(patientWith("1"))
	store := emptyStore(t)
	req := ExtractRequest{Key: constantKey(t), Bulk: client}
	mustExtract(t, store, req)
	change := func(id string) {
		s.Records.Now = s.Records.Now.Add(time.Hour)
		s.Records.Put(patientWith(id))
	}
	change("2")
	stopped := req
	stopped.Onto = OntoCurrent
	ctx, stop := context.WithCancel(t.Context())
	stopped.Progress = func(stage string, _, _ int64) {
		if stage == "publish" {
			stop()
		}
	}
	if _, err := Extract(ctx, store, stopped); !errors.Is(err, context.Canceled) || len(begunIn(t, store)) != 1 {
		t.Fatalf("stopped: %v, kept %v", err, begunIn(t, store))
	}
	change("3")
	mustExtract(t, store, req) // of all: another base
	if len(begunIn(t, store)) != 1 || s.Deleted() != 2 {
		t.Fatalf("a full load let %v stay and %d go", begunIn(t, store), s.Deleted())
	}
	unanswered, err := KeyOf("bulk-export", map[string]any{"never": "answered"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := store.allPending()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range kept {
		p.Status = ""
		if err := store.keepPending(t.Context(), unanswered, p); err != nil {
			t.Fatal(err)
		}
	}
	change("4")
	req.Onto = OntoCurrent
	s.NoSince = true // the server answers no: its own mark goes, those of others stay until something replaces them
	if _, err := Extract(t.Context(), store, req); err == nil || len(begunIn(t, store)) != 2 {
		t.Errorf("refused: %v, kept %v", err, begunIn(t, store))
	}
	s.NoSince = false
	report, err := Extract(t.Context(), store, req)
	if err != nil || report.Stored != 1 || report.Bulk.Resumed || !report.Unanswered() || len(begunIn(t, store)) != 0 || s.Deleted() != 4 {
		t.Errorf("%v: %s, kept %v, %d let go", err, asJSON(t, report), begunIn(t, store), s.Deleted())
	}
}

// Records that a server gives again are the extract that is there, with its time, unless the server's clock went back.
func TestSameExportAgain(t *testing.T) {
	s, client := changing(t, nil)
	s.Records.Put(patientWith("1"))
	store := emptyStore(t)
	req := ExtractRequest{Key: constantKey(t), Bulk: client}
	first := mustExtract(t, store, req)
	s.Records.Now = s.Records.Now.Add(time.Hour)
	again, err := Extract(t.Context(), store, req)
	if err != nil || !again.Skipped || again.Snapshot != first.ID() || again.Stored != 1 || len(begunIn(t, store)) > 0 {
		t.Errorf("%v: %s", err, asJSON(t, again))
	}
	req.FullFrom = s.Records.Now
	if anew := mustExtract(t, store, req); anew.ID() == first.ID() || exportsOf(anew.manifest)["main"].FullLoad != "2026-03-01T03:00:00Z" {
		t.Errorf("the full load was too old, and %v is kept", exportsOf(anew.manifest))
	}
	req.FullFrom = time.Time{}
	s.Records.Now = s.Records.Now.Add(-2 * time.Hour)
	if back := mustExtract(t, store, req); back.ID() == first.ID() || exportsOf(back.manifest)["main"].TransactionTime != "2026-03-01T01:00:00Z" {
		t.Errorf("the clock went back, and %v is kept", exportsOf(back.manifest))
	}
}

// signing makes the client one that asks the server for tokens.
func signing(t testing.TB, s *bulktest.Server, cfg *bulk.Config) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P384(), cryptorand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Key, err = bulk.ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		t.Fatal(err)
	}
	s.Token, cfg.ClientID = true, bulktest.ClientID
	if s.JWKS, err = json.Marshal(cfg.Key.JWKS()); err != nil {
		t.Fatal(err)
	}
}

// Each run has a client of its own, made of the same words. What changed since is added, by scopes of either SMART, as long as the server
// grants what it did.
func TestSinceByToken(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*bulktest.Server)
		then func(*bulktest.Server)
		want string
	}{
		"SMART 1":       {},
		"SMART 2 alone": {set: func(s *bulktest.Server) { s.PermissionV2 = true }},
		"another order": {
			set:  func(s *bulktest.Server) { s.Scope = "system/Patient.read system/*.read" },
			then: func(s *bulktest.Server) { s.Scope = "system/*.read system/Patient.read" },
		},
		"another scope": {
			set:  func(s *bulktest.Server) { s.Scope = "system/Patient.read" },
			then: func(s *bulktest.Server) { s.Scope = "system/*.read" },
			want: "the server grants another scope than it did",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, plain := changing(t, nil)
			if c.set != nil {
				c.set(s)
			}
			cfg := bulk.Config{Request: plain.Request, Clock: bulk.Clock{Now: time.Now}}
			signing(t, s, &cfg)
			client := func() *bulk.Client {
				c, err := bulk.New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				return c
			}
			s.Records.Put(patientWith("1"))
			store := emptyStore(t)
			req := ExtractRequest{Key: constantKey(t), Bulk: client()}
			first := mustExtract(t, store, req)
			s.Records.Now = s.Records.Now.Add(time.Hour)
			if c.want == "" {
				s.Records.Put(patientWith("2"))
			}
			if c.then != nil {
				c.then(s)
			}
			req.Onto, req.Bulk = OntoCurrent, client()
			got, err := Extract(t.Context(), store, req)
			if c.want == "" {
				if err != nil || got.Onto != first.ID() {
					t.Errorf("%v: %s", err, asJSON(t, got))
				}
			} else {
				var full *FullLoadError
				if !errors.As(err, &full) || !strings.Contains(err.Error(), c.want) || s.Begun() != s.Deleted() {
					t.Errorf("%v; %d exports begun and %d let go", err, s.Begun(), s.Deleted())
				}
				// The same records by the other scope are an extract that says so, and is added to from then on.
				req.Onto, req.Bulk = "", client()
				whole := mustExtract(t, store, req)
				s.Records.Now = s.Records.Now.Add(time.Hour)
				s.Records.Put(patientWith("3"))
				req.Onto, req.Bulk = OntoCurrent, client()
				if got, err := Extract(t.Context(), store, req); err != nil || got.Onto != whole.ID() {
					t.Errorf("after the full load: %v: %s", err, asJSON(t, got))
				}
			}
			for _, p := range s.Problems() {
				t.Error(p)
			}
		})
	}
}

// An extract of before the granted scope was kept is not refused for that.
func TestGrantedByAnOldExtract(t *testing.T) {
	for kept, want := range map[string]bool{"": false, "one": false, "another": true} {
		all := map[string]any{"main": map[string]any{"granted": kept}}
		o := &onto{x: &extraction{sources: []*feed{{ExportSource: ExportSource{Name: "main"}}}}, base: &Snapshot{manifest: Manifest{Facts: map[string]any{factExports: all}}}}
		if got := o.anotherScope("one"); got != want {
			t.Errorf("kept %q: another is %v", kept, got)
		}
	}
}
