package measures_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/measures"
)

// CQL that was changed and not translated again is a mistake: its old ELM would run.
func TestStaleELM(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "fhir"), os.DirFS(libraryFHIR)); err != nil {
		t.Fatal(err)
	}
	files := glob(t, filepath.Join(dir, "fhir/cql/*.cql"))
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], append(text, "\n// changed\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = measures.LoadLibrary(dir)
	if err == nil || !strings.Contains(err.Error(), filepath.Base(files[0])+": stale-elm: the CQL has changed") {
		t.Errorf("%v", err)
	}
}
