package fhir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What lies in an export's folder is read or named: only what always lies beside exports is passed over.
func TestOpenNamesWhatItDoesNotRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"A.NDJSON", "b.ndjson", "c.JSON", "export.data", "nosuffix", "weird name (1).txt.gz", "sites.csv", "job.yaml", "README.md", "below/part.ndjson"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(`{"resourceType":"Patient","id":"a"}`+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	src, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var read, named []string
	for _, in := range src.Inputs {
		read = append(read, in.Name)
	}
	for _, one := range src.Ignored {
		named = append(named, one.Name)
	}
	if got, want := strings.Join(read, ", "), "A.NDJSON, b.ndjson, c.JSON"; got != want {
		t.Errorf("read %s, want %s", got, want)
	}
	if got, want := strings.Join(named, ", "), "below, export.data, nosuffix, weird name (1).txt.gz"; got != want {
		t.Errorf("named %s, want %s", got, want)
	}
}
