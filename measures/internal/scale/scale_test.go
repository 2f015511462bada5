package main

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestPersons holds that a person's case has the newest version of each resource, the profiles that measures retrieve by,
// and nobody else's resources; and that who has too few is left out.
func TestPersons(t *testing.T) {
	export, to := t.TempDir(), t.TempDir()
	write := func(name, text string) {
		f, err := os.Create(filepath.Join(export, name))
		if err != nil {
			t.Fatal(err)
		}
		z := gzip.NewWriter(f)
		if _, err := z.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if z.Close() != nil || f.Close() != nil {
			t.Fatal("not written")
		}
	}
	write("Patient.ndjson.gz", `{"resourceType":"Patient","id":"a"}
{"resourceType":"Patient","id":"b"}
`)
	write("Observation.ndjson.gz", `{"resourceType":"Observation","id":"1","meta":{"lastUpdated":"2025-01-02T00:00:00Z"},"status":"final","subject":{"reference":"Patient/a"},"code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]}}
{"resourceType":"Observation","id":"1","meta":{"lastUpdated":"2025-01-01T00:00:00Z"},"status":"amended","subject":{"reference":"Patient/a"}}
`)
	write("Organization.ndjson.gz", `{"resourceType":"Organization","id":"o"}
`)
	args := func(count string) []string {
		return []string{"--export", export, "--to", to, "--count", count, "--least", "2"}
	}
	if err := persons(t.Context(), args("2")); err == nil {
		t.Error("two persons were found where one has two resources")
	}
	if err := persons(t.Context(), args("1")); err != nil {
		t.Fatal(err)
	}
	var bundle struct {
		Entry []struct {
			Resource struct {
				ResourceType, Status string
				Meta                 struct{ Profile []string }
			}
		}
	}
	if err := readJSON(filepath.Join(to, "a", "bundle.json"), &bundle); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(bundle)
	if err != nil {
		t.Fatal(err)
	}
	const qicore = "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-"
	want := `{"Entry":[{"Resource":{"ResourceType":"Observation","Status":"final","Meta":{"Profile":["` + qicore + `observation","http://hl7.org/fhir/StructureDefinition/bp"]}}},` +
		`{"Resource":{"ResourceType":"Patient","Status":"","Meta":{"Profile":["` + qicore + `patient"]}}}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDiffer(t *testing.T) {
	theirs := []map[string]int64{{"initial-population": 1, "numerator": 0}, {"initial-population": 0}}
	if got := differ(theirs, []map[string]int64{{"initial-population": 1, "numerator": 0}}); got != "" {
		t.Errorf("who is in nothing of a group has no counts there, got %q", got)
	}
	if got, want := differ(theirs, nil), "group 1 initial-population: fqm 1, farr 0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestIntoYear counts the days that bring a case's period to the first of a year, over a leap year.
func TestIntoYear(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list.json")
	if err := os.WriteFile(list, []byte(`[{"pid":"p","low":"2025-01-01"},{"pid":"q","low":"2023-07-01"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	moves, err := intoYear(list, "2025")
	if err != nil {
		t.Fatal(err)
	}
	if moves["p"] != 0 || moves["q"] != 550 {
		t.Errorf("got %v, want p 0 and q 550 (184 days of 2023, 366 of 2024)", moves)
	}
}

// TestFresh holds that what is computed in the copy of a store does not reach the store.
func TestFresh(t *testing.T) {
	store, copy := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	if err := os.MkdirAll(filepath.Join(store, "objects", "ab"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store, "objects", "ab", "abc"), []byte("x"), 0o400); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time over what is there
		if err := fresh(store, copy); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copy, "results"), []byte("y"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(copy, "objects", "ab", "abc")); err != nil || string(text) != "x" {
		t.Errorf("got %q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(store, "results")); !os.IsNotExist(err) {
		t.Errorf("the store has the copy's results: %v", err)
	}
}
