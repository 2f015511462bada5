package datasets

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// patientWith is a Patient with entries of link.
func patientWith(id string, links ...string) string {
	return `{"resourceType":"Patient","id":"` + id + `","birthDate":"1960-04-05","link":[` + strings.Join(links, ",") + `]}`
}

func linkTo(reference string) string {
	return `{"other":{"reference":"` + reference + `"},"type":"seealso"}`
}

func visit(patient, day string) string {
	return `{"resourceType":"Encounter","id":"e-` + patient + `","status":"finished","subject":{"reference":"Patient/` + patient + `"},"period":{"start":"` + day + `T10:00:00-05:00"},` +
		`"location":[{"location":{"reference":"Location/l"},"period":{"start":"` + day + `T11:00:00-05:00"}}]}`
}

// Linked patients share one shift, whatever form the link has and wherever it stands: the time between an event of one
// and an event of another is true at rest. Nobody else's shift changes.
func TestLinkedPersonsShareAShift(t *testing.T) {
	people := strings.Fields("a b c d e f g h i")
	events := []string{}
	for i, p := range people {
		events = append(events, visit(p, fmt.Sprintf("2022-03-%02d", 2+i)))
	}
	for name, c := range map[string]struct {
		patients map[string]string
		groups   string // who share, by group
		want     Links
	}{
		"none": {},
		"one":  {map[string]string{"a": patientWith("a", linkTo("Patient/b"))}, "ab", Links{Followed: 1, Persons: 2}},
		"both": {map[string]string{"a": patientWith("a", linkTo("Patient/b")), "b": patientWith("b", linkTo("Patient/a"))}, "ab", Links{Followed: 2, Persons: 2}},
		"chain": {map[string]string{"a": patientWith("a", linkTo("Patient/b")), "b": patientWith("b", linkTo("Patient/c")), "d": patientWith("d", linkTo("Patient/c"))},
			"abcd", Links{Followed: 3, Persons: 4}},
		"cycle": {map[string]string{"a": patientWith("a", linkTo("Patient/b")), "b": patientWith("b", linkTo("Patient/c")), "c": patientWith("c", linkTo("Patient/a"))},
			"abc", Links{Followed: 3, Persons: 3}},
		"two groups": {map[string]string{"a": patientWith("a", linkTo("Patient/b"), linkTo("Patient/c")), "h": patientWith("h", linkTo("Patient/i"))},
			"abc hi", Links{Followed: 3, Persons: 5}},
		"forms": {map[string]string{"a": patientWith("a", linkTo("http://x.example/fhir/Patient/b"), linkTo("Patient/c/_history/3"), linkTo("https://x.example/r4/Patient/b/_history/1"))},
			"abc", Links{Followed: 2, Persons: 3}},
		"self": {map[string]string{"a": patientWith("a", linkTo("Patient/a"))}, "", Links{Self: 1}},
		"not there": {map[string]string{"a": patientWith("a", linkTo("Patient/gone")), "b": patientWith("b", linkTo("Patient/gone"))},
			"ab", Links{Followed: 2, Persons: 2, NotInLoad: 2}},
		"one not there": {map[string]string{"a": patientWith("a", linkTo("Patient/gone"))}, "", Links{Followed: 1, NotInLoad: 1}},
		"not followed": {map[string]string{"a": patientWith("a", linkTo("RelatedPerson/b"), linkTo("Patient?identifier=b"), linkTo("#b"),
			`{"other":{"identifier":{"system":"urn:x","value":"b"},"display":"B"},"type":"replaces"}`, `{"type":"refer"}`, `{}`, `"b"`, `null`, `["b"]`)},
			"", Links{Others: 1, Unusable: 8}},
		"no list": {map[string]string{"a": strings.Replace(patientWith("a"), "[]", linkTo("Patient/b"), 1)}, "", Links{}},
		"dropped": {map[string]string{"a": strings.Replace(patientWith("a", linkTo("Patient/b")), `"id"`, `"implicitRules":"http://x.example","id"`, 1)}, "", Links{}},
		"an hour that comes twice": {map[string]string{"a": strings.Replace(patientWith("a", linkTo("Patient/b")), `"link"`, `"deceasedDateTime":"2023-11-05T01:30:00-05:00","link"`, 1)},
			"ab", Links{Followed: 1, Persons: 2}},
	} {
		orders := []string{"patients last"}
		if name == "chain" || name == "both" {
			orders = append(orders, "patients first")
		}
		for _, order := range orders {
			var patients []string
			for _, p := range people {
				line := c.patients[p]
				if line == "" {
					line = `{"resourceType":"Patient","id":"` + p + `","birthDate":"1960-04-05"}`
				}
				patients = append(patients, line)
			}
			lines := slices.Concat(patients, events)
			if order == "patients last" {
				lines = slices.Concat(events, patients)
			}
			report, sn := extracted(t, ExtractRequest{Source: export(t, map[string][]string{"x.ndjson": lines}), Zone: "America/New_York"})
			got := Links{}
			if report.Linked != nil {
				got = *report.Linked
			}
			if got != c.want || (sn.Manifest().Facts["linked"] == nil) != (report.Linked == nil) {
				t.Errorf("%s, %s: %+v, want %+v; fact %v", name, order, got, c.want, sn.Manifest().Facts["linked"])
			}
			db, err := attachTest(t, sn, constantKey(t))
			if err != nil {
				t.Fatal(err)
			}
			// The day at rest of each visit, as days from 2022-01-01 of a clock whose day is the person's.
			moved := map[string]string{}
			for _, one := range dump(t, db, `SELECT day(e.period_start) - 2, date_diff('day', r.period_start, e.period_start), date_diff('day', k.period_start, l.period_start)
				FROM fhir.encounter e JOIN keyed.raw_encounter r USING (rid) JOIN fhir.encounter_location l USING (rid) JOIN keyed.raw_encounter_location k USING (rid)`) {
				f := strings.Fields(one)
				if f[1] != f[2] {
					t.Errorf("%s, %s: rows of one person are moved by %s and by %s days", name, order, f[1], f[2])
				}
				var n int
				fmt.Sscan(f[0], &n)
				moved[people[n]] = f[1]
			}
			for _, p := range people {
				shares := p
				for _, group := range strings.Fields(c.groups) {
					if strings.Contains(group, p) {
						shares = group
					}
				}
				for q, days := range moved {
					if same := days == moved[p]; same != strings.Contains(shares, q) {
						t.Errorf("%s, %s: %s is moved by %s days and %s by %s", name, order, p, moved[p], q, days)
					}
				}
			}
			if got := dump(t, db, "SELECT min(birth_date)::VARCHAR, max(birth_date)::VARCHAR FROM patient"); got[0] != "1960-04-05 1960-04-05" {
				t.Errorf("%s: births %v", name, got)
			}
		}
	}
}

// With the key the views of linked persons show what they do under profile limited, which has no shift to share.
func TestLinkedPersonsInViews(t *testing.T) {
	lines := []string{
		patientWith("a", linkTo("Patient/b")), patientWith("b", linkTo("Patient/c")), `{"resourceType":"Patient","id":"c","birthDate":"1960-04","deceasedDateTime":"2023-11-05T01:30:00-05:00"}`,
		visit("a", "2022-01-01"), visit("b", "2022-03-13"), visit("c", "2022-12-31"),
		`{"resourceType":"Coverage","id":"v","status":"active","beneficiary":{"reference":"Patient/b"},"period":{"start":"2022-01-01","end":"2022-12-31"}}`,
		`{"resourceType":"Condition","id":"x","subject":{"reference":"Patient/c"},"onsetDateTime":"2021","recordedDate":"2022-11-06T01:30:00-04:00"}`,
	}
	req := ExtractRequest{Source: export(t, map[string][]string{"x.ndjson": lines}), Zone: "America/New_York"}
	_, shifted := extracted(t, req)
	req.Profile = "limited"
	limitedReport, limited := extracted(t, req)
	if limitedReport.Linked != nil {
		t.Errorf("limited has no shift to share: %+v", limitedReport.Linked)
	}
	for _, sql := range []string{
		"FROM encounter ORDER BY ALL", "FROM encounter_location ORDER BY ALL", "FROM condition ORDER BY ALL", "FROM coverage ORDER BY ALL",
		"FROM observation_period ORDER BY ALL", "SELECT rid, birth_date, deceased_start_lo, deceased_start_hi, over_89 FROM patient ORDER BY ALL",
	} {
		var views [][]string
		for _, sn := range []*Snapshot{shifted, limited} {
			db, err := attachTest(t, sn, constantKey(t))
			if err != nil {
				t.Fatal(err)
			}
			views = append(views, dump(t, db, sql))
		}
		if len(views[0]) == 0 || !slices.Equal(views[0], views[1]) {
			t.Errorf("%s:\nshifted %q\nlimited %q", sql, views[0], views[1])
		}
	}
}
