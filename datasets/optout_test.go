package datasets

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func listFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// optOutExport has a person who opts out (1), one who stays (2), a resource of each, and what ties them: the other's
// resource points at the one's, and one moved from the one who stays to the one who opts out.
func optOutExport(t testing.TB) string {
	return twoPeople(t,
		`{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/1"},"period":{"start":"2025-06-01"}}`,
		`{"resourceType":"Observation","id":"o2","status":"final","subject":{"reference":"Patient/2"},"encounter":{"reference":"Encounter/e1"},"effectiveDateTime":"2024-07-01"}`,
		`{"resourceType":"Condition","id":"moved","meta":{"lastUpdated":"2024-01-01T00:00:00Z"},"subject":{"reference":"Patient/2"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"38341003"}]}}`,
		`{"resourceType":"Condition","id":"moved","meta":{"lastUpdated":"2024-02-01T00:00:00Z"},"subject":{"reference":"https://x.example/fhir/Patient/1/_history/3"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"44054006"}]}}`,
		`{"resourceType":"Observation","id":"anonymous","status":"final"}`,
	)
}

// Who opted out is in no table: neither rows, nor pseudonyms in others' rows, nor codes, nor dates
// that the whole is judged by. All lines are accounted for, and the skip rule sees the list.
func TestOptOut(t *testing.T) {
	s := emptyStore(t)
	key, _ := freshKey(t)
	source := optOutExport(t)
	req := ExtractRequest{Source: source, Key: key, MaxReject: 1}
	all := mustExtract(t, s, req)
	req.OptOut = listFile(t, "# asked on a form\nPatient/1\n\n  nobody # never seen\n")
	report, err := Extract(t.Context(), s, req)
	if err != nil {
		t.Fatal(err)
	}
	sn, err := s.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if report.Read != 9 || report.OptedOut != 4 || report.Stored != 3 || report.Superseded != 1 || report.Rejected != 1 || report.OptOutListed != 2 || report.OptOutUnmatched != 1 {
		t.Errorf("%+v", report)
	}
	if report.AsOf != "2024-07-01" {
		t.Errorf("as of %s, which only the person's own records say", report.AsOf)
	}
	before, after := ids(t, all), ids(t, sn)
	for _, resource := range []string{"Patient/1", "Observation/1", "Encounter/e1", "Condition/moved"} {
		typ, id, _ := strings.Cut(resource, "/")
		p := PseudonymOf(key, "main", typ, id)
		if !before[string(p[:])] {
			t.Errorf("%s was not there before, so this test sees nothing", resource)
		}
		if after[string(p[:])] {
			t.Errorf("%s is in a table", resource)
		}
	}
	for _, row := range table(t, sn, "concept") {
		if row["code"].String() == "44054006" {
			t.Error("a code of who opted out is in the dictionary")
		}
	}
	if len(table(t, all, "concept")) != 2 {
		t.Error("the codes were not there before, so this test sees nothing")
	}

	// The manifest knows the list by a keyed hash alone.
	text, err := os.ReadFile(filepath.Join(s.Dir(), manifestName(sn.ID())))
	if err != nil {
		t.Fatal(err)
	}
	list, _ := os.ReadFile(req.OptOut)
	for _, plain := range []string{hexSHA256(list), hexSHA256([]byte("1")), hexSHA256([]byte("Patient/1")), "nobody"} {
		if bytes.Contains(text, []byte(plain)) {
			t.Errorf("the manifest has %q", plain)
		}
	}
	again := req
	again.OptOut = listFile(t, "nobody\n1\n") // the same list, written otherwise
	if r, err := Extract(t.Context(), s, again); err != nil || !r.Skipped || r.OptedOut != 4 || r.OptOutUnmatched != 1 {
		t.Errorf("the same list: %+v, %v", r, err)
	}
	again.OptOut = listFile(t, "1\n")
	if r, err := Extract(t.Context(), s, again); err != nil || r.Skipped {
		t.Errorf("another list: %+v, %v", r, err)
	}
	again.OptOut = listFile(t, "")
	if r, err := Extract(t.Context(), s, again); err != nil || r.OptedOut != 0 || r.Stored != 7 {
		t.Errorf("an empty list: %+v, %v", r, err)
	}
	verified(t, s)
}

// Whoever is left out of a shifted extract is left out of the others.
func TestOptOutInEachProfile(t *testing.T) {
	key, _ := freshKey(t)
	for _, profile := range []string{"shifted", "limited", "safe-harbor"} {
		s := emptyStore(t)
		req := ExtractRequest{Source: optOutExport(t), Key: key, Profile: profile, MaxReject: 1, OptOut: listFile(t, "1\n")}
		sn := mustExtract(t, s, req)
		if n := len(table(t, sn, "patient")); n != 1 {
			t.Errorf("%s: %d patients", profile, n)
		}
		for _, row := range table(t, sn, "observation") {
			if _, there := row["encounter_rid"]; there {
				t.Errorf("%s: a reference to who opted out", profile)
			}
		}
	}
	_, err := Extract(t.Context(), emptyStore(t), ExtractRequest{Source: optOutExport(t), Profile: "safe-harbor", MaxReject: 1, OptOut: listFile(t, "1\n")})
	if err == nil || !strings.Contains(err.Error(), "the project key is needed") {
		t.Errorf("a list without a key: %v", err)
	}
}

// All mistakes in a list come at once, by place, and none repeats an id.
func TestOptOutMistakes(t *testing.T) {
	path := listFile(t, "Patient/secret1\nPerson/secret2\n\n  secret 3\nsecret1 # twice\nPatient/\nse\xffcret\n"+strings.Repeat("s", 65)+"\n")
	_, err := ReadPatientIDs(path)
	if err == nil {
		t.Fatal("taken")
	}
	got := strings.ReplaceAll(err.Error(), path, "list")
	for _, want := range []string{"list:2:1: not-a-patient", "list:4:3: bad-id", "list:5:1: duplicate-id: this patient is on line 1, too", "list:6:1: bad-id", "list:7:1: bad-encoding", "list:8:1: bad-id"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "secret") || strings.Count(got, "\n") != 5 {
		t.Errorf("the errors repeat an id, or are not six:\n%s", got)
	}
	ids, err := ReadPatientIDs(listFile(t, "\ufeffPatient/a\r\nb\r\n#c\n"))
	if err != nil || strings.Join(ids, " ") != "a b" {
		t.Errorf("%q, %v", ids, err)
	}
}
