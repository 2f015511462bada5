package jobs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	if _, err := datasets.CreateKey(filepath.Join(dir, "project.key")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "job.yaml")
	text := `name: nightly
source: {name: main, zone: UTC, bulk: {url: "` + s.URL() + `", client_id: ` + bulktest.ClientID + `, client_key: client.pem}}
store: store
key: project.key
measures: [blood-pressure-control]
cohorts: [incident-type-2-diabetes]
periods: [2025]
report: {out: reports, audience: internal}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	job, err := LoadJob(path)
	if err != nil {
		t.Fatal(err)
	}
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
