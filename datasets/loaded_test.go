package datasets

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A type's feed that stops in one of several sources is told of it with its true day, and of no other; so is a type that a source
// was said to have and never sent. At rest the day is sealed where dates are shifted, a removal keeps it, and of years nothing is told.
func TestSourceFeeds(t *testing.T) {
	day := func(text string) time.Time {
		d, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	const observations, coverages, end = "2024-06-15", "2024-09-03", "2024-12-31"
	from := func(name string, lines ...string) ExportSource {
		lines = append(lines, `{"resourceType":"Patient","id":"p","birthDate":"1970-01-01"}`, `{"resourceType":"Patient","id":"q","birthDate":"1971-01-01"}`,
			// A day that is known to the month alone is none, and one of seven years ago says nothing of what is usual.
			observation("partial", `"effectiveDateTime":"2024-11"`), observation("old", `"effectiveDateTime":"2017-03-04"`))
		for d := day("2024-01-01"); !d.After(day(end)); d = d.AddDate(0, 0, 1) {
			on := d.Format(time.DateOnly)
			lines = append(lines, fmt.Sprintf(`{"resourceType":"Encounter","id":"e%s","status":"finished","subject":{"reference":"Patient/q"},"period":{"start":"%[1]s"}}`, on))
			if name == "a" || on <= observations {
				lines = append(lines, observation("o"+on, `"effectiveDateTime":"`+on+`"`))
			}
			if name == "a" || on <= coverages { // whose days are sealed one by one
				lines = append(lines, fmt.Sprintf(`{"resourceType":"Coverage","id":"c%s","status":"active","beneficiary":{"reference":"Patient/p"},"period":{"start":"%[1]s"}}`, on))
			}
		}
		return ExportSource{Name: name, Dir: export(t, map[string][]string{"x.ndjson": lines}), Zone: "UTC"}
	}
	a := from("a", `{"resourceType":"Procedure","id":"one","status":"completed","subject":{"reference":"Patient/p"},"performedDateTime":"2024-05-05"}`,
		`{"resourceType":"ServiceRequest","id":"old","status":"completed","intent":"order","subject":{"reference":"Patient/p"},"authoredOn":"2016-05-05"}`)
	b := from("b")
	a.Expect, b.Expect = []string{"Immunization"}, []string{"Patient", "Observation", "Immunization", "Procedure"}
	runs := func(source, typ string) SourceFeed {
		return SourceFeed{Source: source, Type: typ, First: day("2024-01-01"), Last: day("2024-12-01"), Usual: 1, Longest: 1, Judged: true}
	}
	stopped := func(typ, last, ended string) SourceFeed {
		f := runs("b", typ)
		f.Last, f.Ended = day(last), day(ended)
		return f
	}
	want := []SourceFeed{
		runs("a", "Coverage"), stopped("Coverage", "2024-09-01", coverages), runs("a", "Encounter"), runs("b", "Encounter"),
		{Source: "a", Type: "Immunization", Never: true}, {Source: "b", Type: "Immunization", Never: true},
		runs("a", "Observation"), stopped("Observation", "2024-06-01", observations),
		{Source: "a", Type: "Procedure"}, {Source: "b", Type: "Procedure", Never: true}, {Source: "a", Type: "ServiceRequest", Before: true},
	}
	told := func(sn *Snapshot, key *Key) {
		t.Helper()
		got, err := sn.SourceFeeds(t.Context(), key)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v, %s", err, diff)
		}
	}
	manifest := func(s *Store, sn *Snapshot) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(s.Dir(), "snapshots", sn.ID()+".json"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	key, _ := freshKey(t)
	another, _ := freshKey(t)
	s := emptyStore(t)

	limited := mustExtract(t, s, ExtractRequest{Sources: []ExportSource{a, b}, Key: key, Profile: "limited"})
	told(limited, nil)
	if !strings.Contains(manifest(s, limited), observations) {
		t.Error("where dates are open the day is not, so that the next test sees nothing")
	}

	shifted := mustExtract(t, s, ExtractRequest{Sources: []ExportSource{a, b}, Key: key})
	told(shifted, key)
	for _, d := range []string{observations, coverages} {
		number := day(d).Unix() / 86400
		for _, form := range []string{d, fmt.Sprint(number), fmt.Sprint(number * 86400)} {
			if strings.Contains(manifest(s, shifted), form) {
				t.Errorf("the manifest says %s", form)
			}
		}
	}
	_, err := shifted.SourceFeeds(t.Context(), nil)
	wantCode(t, err, CodeKeyRequired)
	_, err = shifted.SourceFeeds(t.Context(), another)
	wantCode(t, err, CodeWrongKey)
	// A seal that is moved to another feed does not open there.
	moved := *shifted
	moved.manifest.Facts = map[string]any{factLoaded: []any{}}
	for _, one := range shifted.manifest.Facts[factLoaded].([]any) {
		l := one.(map[string]any)
		if l["ended"] != nil && l["type"] == "Observation" {
			moved.manifest.Facts[factLoaded] = []any{map[string]any{"source": "a", "type": "Observation", "first_month": "2024-01", "last_month": "2024-06", "judged": true, "ended": l["ended"]}}
		}
	}
	_, err = moved.SourceFeeds(t.Context(), key)
	wantCode(t, err, CodeBadManifest)

	if _, err := s.Remove(t.Context(), RemoveRequest{IDs: []string{"q"}, SourceName: "b", Keys: []*Key{key}}); err != nil {
		t.Fatal(err)
	}
	removed, err := s.Current("extract")
	if err != nil || removed.ID() == shifted.ID() {
		t.Fatalf("nobody was removed: %v", err)
	}
	told(removed, key)

	years := mustExtract(t, s, ExtractRequest{Sources: []ExportSource{a, b}, Key: key, Profile: ProfileSafeHarbor})
	if got, err := years.SourceFeeds(t.Context(), key); len(got) > 0 || err != nil || years.Manifest().Facts[factLoaded] != nil {
		t.Errorf("of years %v is told, %v", got, err)
	}
	_, alone := extracted(t, ExtractRequest{Source: a.Dir, Key: key})
	if got, err := alone.SourceFeeds(t.Context(), key); len(got) > 0 || err != nil {
		t.Errorf("of one source %v is told, %v", got, err)
	}
}

// A source whose patients are all persons of another source has sent patients.
func TestSourceFeedsOfLinkedPatients(t *testing.T) {
	person := `{"resourceType":"Patient","id":"%s","name":[{"family":"Quesenberry","given":["Theodora"]}],"birthDate":"1970-03-04","gender":"female","address":[{"line":["12 Orchard Lane"],"postalCode":"12345"}],"telecom":[{"system":"phone","value":"555-867-5309"}]}`
	from := func(name, id string) ExportSource {
		return ExportSource{Name: name, Zone: "UTC", Expect: []string{"Patient"}, Dir: export(t, map[string][]string{"x.ndjson": {fmt.Sprintf(person, id),
			fmt.Sprintf(`{"resourceType":"Encounter","id":"e","status":"finished","subject":{"reference":"Patient/%s"},"period":{"start":"2024-02-03"}}`, id)}})}
	}
	for _, profile := range Profiles() { // also where no days are noted
		report, sn := extracted(t, ExtractRequest{Sources: []ExportSource{from("a", "1"), from("b", "2")}, Link: true, Profile: profile})
		if report.Merged != 1 {
			t.Fatalf("%s: %d patients are merged", profile, report.Merged)
		}
		feeds, err := sn.SourceFeeds(t.Context(), constantKey(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range feeds {
			if f.Type == "Patient" {
				t.Errorf("%s: %+v", profile, f)
			}
		}
	}
}

// Which types a source was said to have and sent none of is told by each of its extracts, also by one that was made already and by an
// increment, which has what came before.
func TestExpectedTypesThatDoNotCome(t *testing.T) {
	const patient, encounter = `{"resourceType":"Patient","id":"p","birthDate":"1970-01-01"}`,
		`{"resourceType":"Encounter","id":"e","status":"finished","subject":{"reference":"Patient/p"},"period":{"start":"2024-01-01"}}`
	key, _ := freshKey(t)
	s := emptyStore(t)
	told := func(req ExtractRequest) *ExtractReport {
		t.Helper()
		req.Key, req.Zone = key, "UTC"
		report, err := Extract(t.Context(), s, req)
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	dir := export(t, map[string][]string{"x.ndjson": {patient}})
	for _, again := range []bool{false, true} {
		r := told(ExtractRequest{Source: dir, Expect: []string{"Procedure", "Encounter", "Patient"}})
		if r.Skipped != again || !slices.Equal(r.Absent, []string{"Encounter", "Procedure"}) {
			t.Errorf("skipped %t: %v", r.Skipped, r.Absent)
		}
	}
	r := told(ExtractRequest{Source: export(t, map[string][]string{"x.ndjson": {encounter}}), Expect: []string{"Procedure", "Encounter", "Patient"}, Onto: OntoCurrent})
	if !slices.Equal(r.Absent, []string{"Procedure"}) {
		t.Errorf("an increment: %v", r.Absent)
	}
	other := export(t, map[string][]string{"x.ndjson": {patient, encounter}})
	r = told(ExtractRequest{Sources: []ExportSource{{Name: "a", Dir: dir, Zone: "UTC", Expect: []string{"Encounter"}}, {Name: "b", Dir: other, Zone: "UTC", Expect: []string{"Encounter"}}}})
	if r.Absent != nil || !slices.Equal(r.Sources[0].Absent, []string{"Encounter"}) || r.Sources[1].Absent != nil {
		t.Errorf("of two sources: %v, %+v", r.Absent, r.Sources)
	}
}
