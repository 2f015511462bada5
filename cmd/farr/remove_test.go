package main

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/datasets"
	"farr/jobs"
)

// A removal through the door: results go, measuring again works, and the person is counted nowhere.
func TestRemoveThroughTheDoor(t *testing.T) {
	p := synthetic(t, 40, 5)
	p.extract()
	p.measure(append(oneMeasure, "--periods", "2024")...)
	patients := func() int {
		n := 0
		for _, line := range strings.Split(must(t, "measure", "results", "--store", p.store, "--table", "subject", "--format", "csv"), "\n") {
			if line != "" {
				n++
			}
		}
		return n
	}
	before := patients()
	ids := filepath.Join(p.dir, "remove.txt")
	if err := os.WriteFile(ids, []byte("Patient/"+somePatient(t, p)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	type report struct {
		Persons   int `json:"persons"`
		Rewritten int `json:"rewritten"`
		Retired   int `json:"retired"`
	}
	r := answer[report](t, "remove", "--store", p.store, "--key", p.key, "--ids", ids, "--reason", "asked on a form")
	if r.Persons != 1 || r.Rewritten != 1 || r.Retired < 2 {
		t.Errorf("%+v", r)
	}
	if e := farr(t, "measure", "results", "--store", p.store); e.code == jobs.ExitOK {
		t.Error("results that count the person are still current")
	}
	must(t, "verify", "--store", p.store)
	p.measure(append(oneMeasure, "--periods", "2024")...)
	if after := patients(); after >= before {
		t.Errorf("%d rows of subjects, %d before", after, before)
	}
	p.extract()
	p.measure(append(oneMeasure, "--periods", "2024")...)
	if after := patients(); after >= before {
		t.Errorf("the next extract brought them back: %d rows of subjects, %d before", after, before)
	}
	must(t, "verify", "--store", p.store)
}

// somePatient is the id of a patient who is in the results.
func somePatient(t *testing.T, p project) string {
	t.Helper()
	pids := map[string]bool{}
	for _, line := range strings.Split(must(t, "measure", "results", "--store", p.store, "--table", "subject", "--format", "csv"), "\n") {
		for _, field := range strings.Split(line, ",") {
			pids[field] = true
		}
	}
	for _, id := range patientIDs(t, p.export) {
		if pids[pidOf(t, p, id)] {
			return id
		}
	}
	t.Fatal("no patient of the export is in the results")
	return ""
}

// patientIDs are the ids of an export's patients.
func patientIDs(t *testing.T, export string) (ids []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(export, "Patient*.ndjson.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no patients in %s: %v", export, err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		for dec := json.NewDecoder(z); dec.More(); {
			var patient struct {
				ID string `json:"id"`
			}
			if err := dec.Decode(&patient); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, patient.ID)
		}
	}
	slices.Sort(ids) // a newer version of a patient is a second line
	return slices.Compact(ids)
}

func pidOf(t *testing.T, p project, id string) string {
	t.Helper()
	key, err := datasets.ReadKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	return datasets.PseudonymOf(key, "main", "Patient", id).String()
}
