package datasets

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"farr/internal/source"
)

// exported is a folder with the tables that come with farr, one line of a file changed.
func exported(t *testing.T, file, before, after string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "policy")
	if err := ExportPolicy(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), before, after, 1)
	if changed == string(text) && before != "" {
		t.Fatalf("%s has no %q", file, before)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The tables that are written out are those that are used, byte for byte.
func TestExportPolicy(t *testing.T) {
	own, err := OpenPolicy("")
	if err != nil {
		t.Fatal(err)
	}
	dir := exported(t, "Patient.policy", "", "")
	same, err := OpenPolicy(dir)
	if err != nil || same.Hash() != own.Hash() {
		t.Errorf("%v, or another hash", err)
	}
	if err := ExportPolicy(dir); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a folder that is full: %v", err)
	}
}

// A table of the user's own decides what is stored, and its hash is in the manifest, the recipe's key, the footer of
// every file and the log; a table with a mistake stops before anything is read.
func TestOwnPolicy(t *testing.T) {
	dir := exported(t, "Patient.policy", "\ngender ", "\n# gender ")
	req := ExtractRequest{
		Source: export(t, map[string][]string{"x.ndjson": {`{"resourceType":"Patient","id":"p","gender":"female","active":true}`}}),
		Key:    constantKey(t),
	}
	first, _ := extracted(t, req)
	req.Policy = dir
	s := emptyStore(t)
	report, err := Extract(context.Background(), s, req)
	if err != nil {
		t.Fatal(err)
	}
	sn, err := s.Current("extract")
	if err != nil {
		t.Fatal(err)
	}
	patient, _ := sn.Table("patient")
	if patient.Has("gender") || !patient.Has("active") || report.Snapshot == first.Snapshot {
		t.Errorf("columns %v", patient.Columns)
	}
	own, err := OpenPolicy(dir)
	if err != nil {
		t.Fatal(err)
	}
	hash := own.Hash()
	if got := sn.Manifest().Recipe["policy"]; got != hash {
		t.Errorf("the manifest has policy %v, want %s", got, hash)
	}
	files := 0
	for _, tab := range sn.Manifest().Tables {
		for _, path := range sn.Paths(tab.Name) {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			info, _ := f.Stat()
			file, err := parquet.OpenFile(f, info.Size())
			if err != nil {
				t.Fatal(err)
			}
			policy, _ := file.Lookup("farr.policy")
			profile, _ := file.Lookup("farr.profile")
			if policy != hash || profile != "shifted" {
				t.Errorf("the footer of a file of %s has policy %q, profile %q", tab.Name, policy, profile)
			}
			f.Close()
			files++
		}
	}
	if files == 0 {
		t.Error("no files")
	}
	logged := false
	entries, err := s.LogEntries()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Publishes == report.Snapshot {
			logged = strings.Contains(asJSON(t, e.Facts), hash)
		}
	}
	if !logged {
		t.Error("the log entry of the extract does not have the hash of its policy")
	}

	req.Policy = exported(t, "Patient.policy", "gender ", "gendre ")
	s = emptyStore(t)
	_, err = Extract(context.Background(), s, req)
	var found source.Diagnostics
	if !errors.As(err, &found) || len(found) != 1 || found[0].Code != "unknown-element" || found[0].Line == 0 {
		t.Errorf("a table with a mistake: %v", err)
	}
	if ids, _ := s.Snapshots(); len(ids) != 0 {
		t.Error("something is published")
	}
	for _, dir := range []string{filepath.Join(dir, "gone"), filepath.Join(dir, "Patient.policy")} {
		if _, err := OpenPolicy(dir); err == nil {
			t.Errorf("%s opens", dir)
		}
	}
}

// What differs between two profiles and between two folders, tables and lists.
func TestDiffPolicies(t *testing.T) {
	own, err := OpenPolicy("")
	if err != nil {
		t.Fatal(err)
	}
	find := func(all []PolicyDifference, want PolicyDifference) {
		t.Helper()
		if !slices.Contains(all, want) {
			t.Errorf("no %+v in %d differences", want, len(all))
		}
	}
	profiles, err := DiffPolicies(own, "shifted", own, "safe-harbor")
	if err != nil {
		t.Fatal(err)
	}
	find(profiles, PolicyDifference{Type: "Condition", What: "onsetDateTime as onset[x]", Before: "shift", After: "year"})
	find(profiles, PolicyDifference{Type: "Patient", What: "id as shift", Before: "own-shift", After: "-"})
	if none, err := DiffPolicies(own, "limited", own, "limited"); err != nil || len(none) != 0 {
		t.Errorf("with itself: %v, %v", none, err)
	}
	dir := exported(t, "Patient.policy", "\ngender ", "\nrefuse telecom\n# gender ")
	if err := os.WriteFile(filepath.Join(dir, "states.txt"), []byte("NY NEW YORK\nQQ QUACKENBUSH\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	other, err := OpenPolicy(dir)
	if err != nil {
		t.Fatal(err)
	}
	folders, err := DiffPolicies(own, "shifted", other, "shifted")
	if err != nil {
		t.Fatal(err)
	}
	find(folders, PolicyDifference{Type: "Patient", What: "gender as gender", Before: "keep (administrative-gender)"})
	find(folders, PolicyDifference{Type: "Patient", What: "refuse", After: "telecom"})
	find(folders, PolicyDifference{List: "states.txt", What: "QQ QUACKENBUSH", After: "there"})
	find(folders, PolicyDifference{List: "states.txt", What: "CA CALIFORNIA", Before: "there"})
}

// Each line of every table is described under every profile, and what no line lists is named.
func TestDescribePolicy(t *testing.T) {
	own, err := OpenPolicy("")
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range Profiles() {
		types, err := own.Describe(profile)
		if err != nil {
			t.Fatal(err)
		}
		for _, typ := range types {
			for _, l := range typ.Lines {
				if !slices.Contains(Effects, l.Effect) || l.How == "" || l.Why == "" || l.Ground == "" || l.Line == 0 {
					t.Errorf("%s, %s: %+v", profile, typ.Type, l)
				}
			}
			if typ.Type != "Patient" {
				continue
			}
			for _, want := range []string{"name", "telecom", "identifier", "photo", "contact", "text", "address.line", "maritalStatus"} {
				if !slices.Contains(typ.Unlisted, want) {
					t.Errorf("%s: Patient.%s is not named as left out: %v", profile, want, typ.Unlisted)
				}
			}
			for _, not := range []string{"gender", "birthDate", "address.postalCode", "address", "communication"} {
				if slices.Contains(typ.Unlisted, not) {
					t.Errorf("%s: Patient.%s is named as left out", profile, not)
				}
			}
		}
	}
	if _, err := own.Describe("open"); err == nil {
		t.Error("an unknown profile is described")
	}
}

// A record with an element that its table refuses is dropped, and counted by reason. A quantity with a comparator is
// not the number that it names: less than 5 is not 5.
func TestModifierElements(t *testing.T) {
	lines := []string{
		`{"resourceType":"Patient","id":"p"}`, `{"resourceType":"Patient","id":"q","telecom":[{"value":"QUACKENBUSH"}]}`,
		observation("less", otherCode+`,"valueQuantity":{"value":5,"comparator":"<","code":"mg","system":"http://unitsofmeasure.org"}`),
		observation("same", otherCode+`,"valueQuantity":{"value":7,"code":"mg","system":"http://unitsofmeasure.org"}`),
	}
	report, sn := extracted(t, ExtractRequest{
		Source: export(t, map[string][]string{"x.ndjson": lines}), Key: constantKey(t), Policy: exported(t, "Patient.policy", "\nowner id", "\nowner id\nrefuse telecom"),
	})
	if report.DropReasons["refused-modifier"] != 1 || report.Stored != 3 {
		t.Errorf("dropped %v, stored %d", report.DropReasons, report.Stored)
	}
	values := 0
	for _, row := range table(t, sn, "observation") {
		if _, has := row["value_num"]; has {
			values++
		}
		if !bytes.Equal(row["value_tag"].ByteArray(), []byte("Quantity")) {
			t.Errorf("a value of type %s", row["value_tag"])
		}
	}
	if values != 1 {
		t.Errorf("%d values, want 1", values)
	}
}
