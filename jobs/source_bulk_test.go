package jobs

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"farr/datasets"
	"farr/internal/bulktest"
	"farr/internal/synth"
)

// Every mistake of a source that is a server is told at its place.
func TestBulkSourceMistakes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "job.yaml")
	text := `name: nightly
source:
  name: main
  dir: export
  bulk: {url: "http://fhir.example.org", level: all, types: [Patients], client_id: farr}
store: store
key: project.key
periods: [2025]
report: {out: reports, audience: internal}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadJob(path)
	if err == nil {
		t.Fatal("it is taken")
	}
	for _, want := range []string{":4:8: two-sources", ":5:9: missing-zone", ":5:9: not-https", ":5:9: half-a-client", "level \"all\"", "\"Patients\""} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %s:\n%v", want, err)
		}
	}
	good := strings.NewReplacer("  dir: export\n", "  zone: UTC\n", "http://", "https://", "level: all, types: [Patients], client_id: farr", "level: group, group: g1").Replace(text)
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadJob(path); err != nil {
		t.Errorf("it is refused: %v", err)
	}
	alone := filepath.Join(dir, "sources.yaml")
	if err := os.WriteFile(alone, []byte("source: {name: a, zone: UTC, full_load_every: 30d, bulk: {url: \"https://fhir.example.org\"}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadSources(alone); err == nil || !strings.Contains(err.Error(), ":1:47: of-a-job") {
		t.Errorf("a key of jobs, in a file of sources: %v", err)
	}
	limited := strings.Replace(good, "group: g1}", "group: g1, client_id: farr, client_key: env:CLIENT}", 1) + "limits: {memory: 2GB}\n"
	if err := os.WriteFile(path, []byte(limited), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadJob(path); err == nil || !strings.Contains(err.Error(), "key-not-a-file") {
		t.Errorf("a key that can be read once, for a process that reads it again: %v", err)
	}
}

// A job reads from a server to its report, and its ledger names no file of the server.
func TestJobOfAServer(t *testing.T) {
	dir := t.TempDir()
	private, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	client := filepath.Join(dir, "client.pem")
	if err := os.WriteFile(client, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := datasets.ReadClientKey(client)
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(key.JWKS())
	if err != nil {
		t.Fatal(err)
	}
	s := &bulktest.Server{Token: true, JWKS: set, Files: exported(t)}
	s.Start()
	defer s.Close()
	job := serverJob(t, dir, `bulk: {url: "`+s.URL()+`", client_id: `+bulktest.ClientID+`, client_key: client.pem}`)
	s.Faults = []*bulktest.Fault{{At: "status", Do: bulktest.Status(503, "Retry-After", "1")}}
	var log bytes.Buffer
	result, err := Run(t.Context(), job, Options{Logger: NewLogger(&log, true, slog.LevelInfo)})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), `"waits for the server","job":"nightly","run":1,"why":"the server fails (HTTP 503), 1 of 8 times","until":"20`) {
		t.Errorf("the log does not say what is waited for: %s", log.String())
	}
	if b := result.Extract.Bulk; b == nil || b.Files != len(s.Files) || result.Extract.Stored == 0 || s.Deleted() != 1 {
		t.Errorf("of the server %+v, stored %d, %d exports let go", b, result.Extract.Stored, s.Deleted())
	}
	for _, p := range s.Problems() {
		t.Error(p)
	}
	if err := os.Rename(client, client+".gone"); err != nil {
		t.Fatal(err)
	}
	began := 0
	_, err = Run(t.Context(), job, Options{Progress: func(string, int64, int64) { began++ }})
	if ClassOf(err) != ClassKey || began > 0 {
		t.Errorf("without the client's key: %v, after %d signs of work", err, began)
	}
	if err := os.Rename(client+".gone", client); err != nil {
		t.Fatal(err)
	}
	s.Files[0].Name, s.Files[0].Count = "Ann-Example.ndjson", 1
	if _, err := Run(t.Context(), job, Options{}); err == nil || !strings.Contains(err.Error(), "Ann-Example") || strings.Contains(kept(err), "Ann") || !strings.Contains(kept(err), "wrong-count") {
		t.Errorf("a wrong count: %v, kept as %s", err, kept(err))
	}

	// What the server says lacks in its export is told by the run, on the page of data quality and on that of each measure.
	s.Files[0].Count = -1
	s.Files = append(s.Files, bulktest.File{Section: "error", Type: "OperationOutcome", Name: "e",
		Text: `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"of Ann"},{"severity":"warning","code":"informational"}]}` + "\n"})
	if result, err = Run(t.Context(), job, Options{}); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if err := result.WriteText(&said); err != nil || !strings.Contains(said.String(), "the server says that records are missing from its export: error/processing\n") {
		t.Errorf("the run does not say what lacks: %v %s", err, said.String())
	}
	for _, name := range []string{"data-quality.html", "measures/blood-pressure-control.html"} {
		page, err := os.ReadFile(filepath.Join(result.Latest, name))
		if err != nil || !strings.Contains(string(page), "records are missing from its export (error/processing): any figure may rest on them.") || strings.Contains(string(page), "of Ann") {
			t.Errorf("%s does not say what lacks: %v", name, err)
		}
	}
}

// serverJob is a job over a server, with a key, in a folder.
func serverJob(t *testing.T, dir, source string) *Job {
	t.Helper()
	if _, err := datasets.CreateKey(filepath.Join(dir, "project.key")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "job.yaml")
	writeFile(t, path, `name: nightly
source: {name: main, zone: UTC, `+source+`}
store: store
key: project.key
measures: [blood-pressure-control]
cohorts: [incident-type-2-diabetes]
periods: [2025]
report: {out: reports, audience: internal}
`)
	job, err := LoadJob(path)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// A job loads everything, then what changed alone, and everything again where that is refused, as when the full load is too old. Its
// result and log say which, and why; where nothing changed nothing is made.
func TestJobOfChanges(t *testing.T) {
	dir := t.TempDir()
	s := &bulktest.Server{Records: &bulktest.Records{Now: at(t, "2026-03-01T02:00:00Z")}}
	for _, f := range exported(t) {
		packed, err := gzip.NewReader(strings.NewReader(f.Text))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(packed)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			s.Records.Put(line)
		}
	}
	s.Start()
	defer s.Close()
	job := serverJob(t, dir, `full_load_every: 30d, bulk: {url: "`+s.URL()+`"}`)
	for _, night := range []struct {
		day           string
		change        bool
		set           func()
		load, why     string
		read, exports int64
		unchanged     bool
		compactAt     int
	}{
		{day: "2026-03-01", load: loadFull, why: "the store has no extract", exports: 1},
		{day: "2026-03-02", change: true, load: loadChanges, read: 1, exports: 1, compactAt: 1},
		{day: "2026-03-03", load: loadChanges, exports: 1, unchanged: true},
		{day: "2026-04-04", change: true, load: loadFull, why: "its full load is of 2026-03-01T02:00:00Z", exports: 1},
	} {
		s.Records.Now = at(t, night.day+"T02:00:00Z")
		if night.change {
			s.Records.Put(`{"resourceType":"Patient","id":"new-` + night.day + `","birthDate":"1970-01-02"}`)
		}
		before := s.Begun()
		var log bytes.Buffer
		result, err := Run(t.Context(), job, Options{Logger: NewLogger(&log, true, slog.LevelInfo), Clock: func() time.Time { return s.Records.Now.Add(time.Hour) }, compactAt: night.compactAt})
		if err != nil {
			t.Fatalf("%s: %v", night.day, err)
		}
		step := result.Steps[0]
		if step.Load != night.load || !strings.Contains(strings.Join(step.Why, "; "), night.why) || result.Unchanged() != night.unchanged {
			t.Errorf("%s: load %q because %q, unchanged %v", night.day, step.Load, step.Why, result.Unchanged())
		}
		if night.why != "" && !strings.Contains(log.String(), night.why) {
			t.Errorf("%s: the log does not say why: %s", night.day, log.String())
		}
		if night.read > 0 && result.Extract.Read != night.read || int64(s.Begun()-before) != night.exports {
			t.Errorf("%s: %d lines read of %d exports", night.day, result.Extract.Read, s.Begun()-before)
		}
		store, err := datasets.OpenStore(t.Context(), job.Store)
		if err != nil {
			t.Fatal(err)
		}
		sn, err := store.Open(step.Snapshot)
		if err != nil {
			t.Fatal(err)
		}
		if current, err := store.Current("extract"); err != nil || current.ID() != sn.ID() || sn.Increments() > 0 {
			t.Errorf("%s: %s with %d increments, %v", night.day, step.Snapshot, sn.Increments(), err)
		}
		store.Close()
		if s.Begun() != s.Deleted() {
			t.Errorf("%s: %d exports begun and %d let go", night.day, s.Begun(), s.Deleted())
		}
	}
	for _, p := range s.Problems() {
		t.Error(p)
	}
	runs, err := Runs(t.Context(), dir, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	if err := runs.WriteText(&said); err != nil || strings.Count(said.String(), "extract of what changed alone") != 2 || !strings.Contains(said.String(), "extract of everything: its full load is of 2026-03-01") {
		t.Errorf("%v, the runs are\n%s", err, said.String())
	}
}

// exported are the files of a small synthetic population.
func exported(t *testing.T) (files []bulktest.File) {
	t.Helper()
	dir := t.TempDir()
	_, err := synth.Generate(t.Context(), synth.Options{Patients: 20, Seed: 3, Sites: 2, Start: at(t, "2024-01-01T00:00:00Z"), End: at(t, "2025-12-31T00:00:00Z"), Out: dir})
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".gz")
		files = append(files, bulktest.File{Type: strings.TrimSuffix(name, ".ndjson"), Name: name, Text: string(text), Count: -1})
	}
	return files
}
