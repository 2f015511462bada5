package datasets

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"farr/internal/synth"
)

// who is a Patient as a source has it: the words are family, given, birth date, sex, ZIP, phone and street, - for none, and then
// further members.
func who(id, words string, more ...string) string {
	w := strings.Fields(words)
	for i := range w {
		w[i] = strings.ReplaceAll(strings.TrimPrefix(w[i], "-"), "_", " ")
	}
	w = append(w, make([]string, 7)...)
	var members []string
	add := func(text, value string) {
		if value != "" {
			members = append(members, fmt.Sprintf(text, value))
		}
	}
	add(`"birthDate":"%s"`, w[2])
	add(`"gender":"%s"`, w[3])
	add(`"telecom":[{"system":"phone","value":"%s"}]`, w[5])
	members = append(members, fmt.Sprintf(`"name":[{"family":"%s","given":["%s"]}]`, w[0], w[1]),
		fmt.Sprintf(`"address":[{"line":["%s"],"postalCode":"%s"}]`, w[6], w[4]))
	return `{"resourceType":"Patient","id":"` + id + `",` + strings.Join(append(members, more...), ",") + `}`
}

// linkedOf extracts sources of lines, named a, b, c.
func linkedOf(t *testing.T, change func(*ExtractRequest), sources ...[]string) (*ExtractReport, *Snapshot) {
	t.Helper()
	req := ExtractRequest{Link: true, AsOf: "2025-06-01"}
	for i, lines := range sources {
		req.Sources = append(req.Sources, ExportSource{Name: string(rune('a' + i)), Zone: "America/New_York", Dir: export(t, map[string][]string{"x.ndjson": lines})})
	}
	if change != nil {
		change(&req)
	}
	return extracted(t, req)
}

// Who is linked, by which rule, and why not.
func TestLinkageRules(t *testing.T) {
	common := []string{} // of names that many have
	for i := range 8 {
		common = append(common, who(fmt.Sprint("tim", i), fmt.Sprintf("Name%c Tim 19%d0-01-02 male", 'a'+i, i+2)), who(fmt.Sprint("tom", i), fmt.Sprintf("Nome%c Tom 19%d0-03-02 male", 'a'+i, i+2)))
	}
	const place, spelling, married, slip, bare = "names, birth date, place", "a name one letter off", "another family name", "birth date one slip off", "names, birth date, sex"
	for name, c := range map[string]struct{ a, b, says string }{
		"the same":             {"Okafor Ann 1960-05-06 female 10027 2125551234 5_Elm_Street", "Okafor Ann 1960-05-06 female 10027 2125551234 5_Elm_Street", place},
		"written otherwise":    {"Müller-Lüdenscheidt Ann 1960-05-06 female 10027", "MULLER_LUDENSCHEIDT ANN_B. 1960-05-06 female 10027-1234", place},
		"a pet name":           {"Okafor William 1960-05-06 male 10027", "Okafor Bill 1960-05-06 male 10027", place},
		"two pet names":        {"Okafor Liz 1960-05-06 female 10027", "Okafor Betty 1960-05-06 female 10027", place},
		"no sex":               {"Okafor Ann 1960-05-06 female 10027", "Okafor Ann 1960-05-06 - 10027", place},
		"moved, same phone":    {"Okafor Ann 1960-05-06 female 10027 2125551234", "Okafor Ann 1960-05-06 female 60601 (212)_555-1234", place},
		"no place":             {"Okafor Ann 1960-05-06 female", "Okafor Ann 1960-05-06 female 10027", bare},
		"no place, no sex":     {"Okafor Ann 1960-05-06 female", "Okafor Ann 1960-05-06", ""},
		"a namesake":           {"Okafor Ann 1960-05-06 female 10027", "Okafor Ann 1960-05-06 female 60601", ""},
		"a letter dropped":     {"Okafor Ann 1960-05-06 female 10027", "Okafr Ann 1960-05-06 female 10027", spelling},
		"two letters swapped":  {"Okafor Cosima 1960-05-06 female 10027", "Okafor Cosmia 1960-05-06 female 10027", ""},
		"sounds alike":         {"Rupert Ann 1960-05-06 female 10027", "Ruberdt Ann 1960-05-06 female 10027", spelling},
		"both names misspelt":  {"Okafor Cosima 1960-05-06 female 10027", "Okafr Cosmia 1960-05-06 female 10027", ""},
		"twins":                {"Okafor Ann 1960-05-06 female 10027 2125551234 5_Elm_Street", "Okafor Eve 1960-05-06 female 10027 2125551234 5_Elm_Street", ""},
		"twins alike":          {"Okafor Annabel 1960-05-06 female 10027 2125551234", "Okafor Annalisa 1960-05-06 female 10027 2125551234", ""},
		"twins one letter off": {"Okafor Tim 1960-05-06 male 10027 2125551234", "Okafor Tom 1960-05-06 male 10027 2125551234", ""},
		"a married name":       {"Okafor Ann 1960-05-06 female 10027 2125551234", "Nguyen Ann 1960-05-06 female 10027 2125551234", married},
		"no proof of marriage": {"Okafor Ann 1960-05-06 female 10027", "Nguyen Ann 1960-05-06 female 10027", ""},
		"day and month":        {"Okafor Ann 1960-05-06 female 10027 2125551234", "Okafor Ann 1960-06-05 female 10027 2125551234", slip},
		"a digit":              {"Okafor Ann 1960-05-06 female 10027 - 5_Elm_Street", "Okafor Ann 1968-05-06 female 10027 - 5_Elm_Street", slip},
		"two digits, a son":    {"Okafor Ben 1960-05-06 male 10027 2125551234", "Okafor Ben 1984-11-16 male 10027 2125551234", ""},
		"sex and birth":        {"Okafor Sam 1960-05-06 male 10027 2125551234", "Okafor Sam 1960-06-05 female 10027 2125551234", "not: sex and birth date both differ"},
		"no birth date":        {"Okafor Ann - female 10027 2125551234", "Okafor Ann - female 10027 2125551234", ""},
		"a month of birth":     {"Okafor Ann 1960-05 female 10027 2125551234", "Okafor Ann 1960-05 female 10027 2125551234", ""},
		"nobody's birth date":  {"Okafor Ann 1900-01-01 female 10027", "Okafor Ann 1900-01-01 female 10027", ""},
		"no name yet":          {"Okafor Baby 1960-05-06 female 10027", "Okafor Baby 1960-05-06 female 10027", ""},
	} {
		report, sn := linkedOf(t, nil, append([]string{who("p", c.a)}, common...), []string{who("p", c.b)})
		got := ""
		for rule := range report.Linkage.ByRule {
			got = rule
		}
		for why := range report.Linkage.NotLinked {
			got += "not: " + why
		}
		if got != c.says {
			t.Errorf("%s: %q, want %q", name, got, c.says)
		}
		want := 2
		if c.says != "" && !strings.HasPrefix(c.says, "not") {
			want = 1
		}
		if rows := len(table(t, sn, "patient")) - len(common); rows != want || report.Linkage.Persons != int64(rows+len(common)) {
			t.Errorf("%s: %d persons, want %d; %+v", name, rows, want, *report.Linkage)
		}
	}
}

// In a store of two, where every name is rare: twins who share all but the given name are two, and so are those whose sex differs, though a
// pet name is both of theirs.
func TestLinkageOfFew(t *testing.T) {
	const home = " 10027 2125551234 5_Elm_Street"
	for name, c := range map[string]struct {
		a, b    string
		persons int64
	}{
		"Jayden and Kayden":      {"Okafor Jayden 2010-05-06 male" + home, "Okafor Kayden 2010-05-06 male" + home, 2},
		"Cosima and Cosmia":      {"Okafor Cosima 2010-05-06 female" + home, "Okafor Cosmia 2010-05-06 female" + home, 2},
		"Chris and Christine":    {"Okafor Chris 2010-05-06 male" + home, "Okafor Christine 2010-05-06 female" + home, 2},
		"Alex and Alexandra":     {"Okafor Alex 2010-05-06 male - 2125551234", "Okafor Alexandra 2010-05-06 female - 2125551234", 2},
		"Alex, of one street":    {"Okafor Alex 2010-05-06 male 10027 - 5_Elm_Street", "Okafor Alexandra 2010-05-06 female 10027 - 5_Elm_Street", 2},
		"a family name misspelt": {"Okafor Jayden 2010-05-06 male" + home, "Okafr Jayden 2010-05-06 male" + home, 1},
		"one sex":                {"Okafor Alex 2010-05-06 female" + home, "Okafor Alexandra 2010-05-06 female" + home, 1},
		"no sex":                 {"Okafor Alex 2010-05-06 -" + home, "Okafor Alex 2010-05-06 female" + home, 1},
	} {
		if report, _ := linkedOf(t, nil, []string{who("p", c.a)}, []string{who("p", c.b)}); report.Linkage.Persons != c.persons {
			t.Errorf("%s: %d persons, want %d; %+v", name, report.Linkage.Persons, c.persons, *report.Linkage)
		}
	}
}

// What contradicts is not linked, and is counted. Nobody is linked within a source.
func TestLinkageContradictions(t *testing.T) {
	const ann = "Okafor Ann 1960-05-06 female 10027 2125551234 5_Elm_Street"
	died := func(day string) string { return `"deceasedDateTime":"` + day + `"` }
	for name, c := range map[string]struct {
		sources [][]string
		persons int64
		not     map[string]int64
	}{
		"two of one source":   {[][]string{{who("p", ann), who("q", ann)}, {who("p", ann)}}, 3, map[string]int64{"several of one source fit as well": 2}},
		"one source alone":    {[][]string{{who("p", ann), who("q", ann)}, {who("p", "Nguyen Bo 1970-01-02 male")}}, 3, map[string]int64{}},
		"one fits better":     {[][]string{{who("p", ann), who("q", "Okafor Ann 1960-05-06 female 10030")}, {who("p", ann)}}, 2, map[string]int64{}},
		"two days of death":   {[][]string{{who("p", ann, died("2021-05-06"))}, {who("p", ann, died("2021-05-07"))}}, 2, map[string]int64{"different days of death": 1}},
		"a month of death":    {[][]string{{who("p", ann, died("2021-05-06"))}, {who("p", ann, died("2021-05"))}}, 1, map[string]int64{}},
		"one death":           {[][]string{{who("p", ann, died("2021-05-06"))}, {who("p", ann)}}, 1, map[string]int64{}},
		"three sources":       {[][]string{{who("p", ann)}, {who("p", ann)}, {who("p", ann)}}, 1, map[string]int64{}},
		"a chain that breaks": {[][]string{{who("p", ann, died("2021-05-06"))}, {who("p", ann)}, {who("p", ann, died("2022-05-07"))}}, 3, map[string]int64{"different days of death": 1, "persons that pairs put together do not fit": 2}},
	} {
		report, sn := linkedOf(t, nil, c.sources...)
		if l := report.Linkage; l.Persons != c.persons || int64(len(table(t, sn, "patient"))) != c.persons || !maps.Equal(l.NotLinked, c.not) {
			t.Errorf("%s: %+v", name, *l)
		}
	}
}

// A linked person's rows are those of its Patients: each record with its true dates by the zone of its source, under one pseudonym and one
// shift. Beside the Patient and observable time, the views show what they show without linkage.
func TestLinkedRowsAreTheSame(t *testing.T) {
	export, dir := t.TempDir(), t.TempDir()
	if _, err := synth.Generate(t.Context(), synth.Options{Patients: 60, Seed: 9, Sites: 3, Out: export,
		Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2025, 3, 31, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	both, err := synth.Divide(export, filepath.Join(dir, "a"), filepath.Join(dir, "b"), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{"shifted", "limited"} {
		req := ExtractRequest{Profile: profile, AsOf: "2025-04-01", Sources: []ExportSource{
			{Name: "a", Dir: filepath.Join(dir, "a"), Zone: "America/New_York"}, {Name: "b", Dir: filepath.Join(dir, "b"), Zone: "Pacific/Honolulu"},
		}}
		_, apart := extracted(t, req)
		req.Link = true
		report, linked := extracted(t, req)
		if int(report.Linkage.Linked) != len(both) || len(both) < 20 {
			t.Fatalf("linked %+v, of %d", *report.Linkage, len(both))
		}
		one, other := personsOf(t, linked, "a"), personsOf(t, linked, "b")
		for _, id := range both {
			if one(id) != other("s-"+id) {
				t.Errorf("%s is two persons", id)
			}
		}
		without := func(sn *Snapshot) map[string][]string {
			db, err := attachTest(t, sn, constantKey(t))
			if err != nil {
				t.Fatal(err)
			}
			all := map[string][]string{}
			for _, tab := range sn.Manifest().Tables {
				if strings.HasPrefix(tab.Name, "patient") || tab.Name == "observation_period" || tab.Name == "person_link" {
					continue
				}
				what := "x"
				if tab.Has("pid") {
					what = "COLUMNS(* EXCLUDE (pid))"
				}
				all[tab.Name] = dump(t, db, "SELECT y::VARCHAR FROM (SELECT "+what+" FROM fhir."+tab.Name+" x) y")
				slices.Sort(all[tab.Name])
			}
			if got := dump(t, db, "SELECT count(*), count(DISTINCT pid) = count(*), bool_and(pid = rid) FROM patient")[0]; got != fmt.Sprintf("%d true true", len(table(t, sn, "patient"))) {
				t.Errorf("patients %s", got)
			}
			return all
		}
		if diff := cmp.Diff(without(apart), without(linked)); diff != "" {
			t.Errorf("%s: %s", profile, diff)
		}
	}
}

// One row says who a person is: the newest Patient, and what it lacks of the next. Age, death and observable time are judged over
// all.
func TestLinkedPatientIsOneRow(t *testing.T) {
	updated := func(day string) string { return `"meta":{"lastUpdated":"` + day + `T00:00:00Z"}` }
	race := func(code string) string {
		return `"extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"ombCategory","valueCoding":{"system":"urn:oid:2.16.840.1.113883.6.238","code":"` + code + `"}}]}]`
	}
	visit := func(day string) string {
		return `{"resourceType":"Encounter","id":"e` + day + `","status":"finished","subject":{"reference":"Patient/p"},"period":{"start":"` + day + `T10:00:00-05:00"}}`
	}
	const ann = "Okafor Ann 1934-05-06 female"
	for name, c := range map[string]struct {
		a, b string
		want string // gender, birth, zip3, death, race, language, over 89
	}{
		"newest first":   {who("p", ann+" 10027", updated("2024-01-01"), race("2106-3")), who("p", ann+" 10030", updated("2025-01-01"), race("2054-5")), "female 1934-05-06 100 <nil> 2054-5 <nil> true"},
		"what it lacks":  {who("p", ann+" 10027 - -", updated("2024-01-01"), race("2106-3"), `"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"es"}]},"preferred":true}]`), who("p", ann, updated("2025-01-01")), "female 1934-05-06 100 <nil> 2106-3 es true"},
		"a day of death": {who("p", ann+" 10027", updated("2024-01-01"), `"deceasedDateTime":"2020-07-08"`), who("p", ann+" 10027", updated("2025-01-01"), `"deceasedBoolean":false`), "female 1934-05-06 100 2020-07-08 <nil> <nil> true"},
		"no lastUpdated": {who("p", ann+" 10027"), who("p", "Okafor Ann 1934-05-06 - 10027", updated("2025-01-01")), "female 1934-05-06 100 <nil> <nil> <nil> true"},
		"a slip of age":  {who("p", "Okafor Ann 1964-05-06 female 10027 2125551234", updated("2025-01-01")), who("p", ann+" 10027 2125551234", updated("2024-01-01")), "female 1964-05-06 100 <nil> <nil> <nil> true"},
	} {
		for _, swap := range []bool{false, true} {
			one, other := []string{c.a, visit("2019-03-04")}, []string{c.b, visit("2023-03-04")}
			if swap {
				one, other = other, one
			}
			report, sn := linkedOf(t, nil, one, other)
			db, err := attachTest(t, sn, constantKey(t))
			if err != nil {
				t.Fatal(err)
			}
			got := dump(t, db, "SELECT gender, birth_date::VARCHAR, zip3, deceased_start::DATE::VARCHAR, race, language, over_89 FROM patient")
			if len(got) != 1 || got[0] != c.want {
				t.Errorf("%s: %v, want %s", name, got, c.want)
			}
			if got := dump(t, db, "SELECT period_start::VARCHAR, period_end::VARCHAR, (SELECT count(DISTINCT pid) FROM encounter), (SELECT count(*) FROM encounter) FROM observation_period"); len(got) != 1 || got[0] != want(c.want) {
				t.Errorf("%s: observed %v, want %s", name, got, want(c.want))
			}
			if open := table(t, sn, "patient")[0]["birth_date"]; !open.IsNull() && open.Kind() >= 0 {
				t.Errorf("%s: the birth date of somebody over 89 stands open", name)
			}
			if report.Merged != 1 || report.Stored != 3 {
				t.Errorf("%s: stored %d, merged %d", name, report.Stored, report.Merged)
			}
		}
	}
}

// What one source says of a time is not read on the clock of another: where zones differ, the day alone is kept.
func TestLinkedDeathInAnotherZone(t *testing.T) {
	const ann = "Okafor Ann 1960-05-06 female 10027 2125551234"
	updated := func(day string) string { return `"meta":{"lastUpdated":"` + day + `T00:00:00Z"}` }
	for _, profile := range []string{"shifted", "limited"} {
		for died, c := range map[string]struct{ zone, want string }{
			"2021-05-06T23:30:00-04:00": {"Pacific/Honolulu", "2021-05-06 00:00:00 3"},
			"2021-05-06T23:30:00Z":      {"Pacific/Honolulu", "2021-05-06 00:00:00 3"},
			"2021-11-07T01:30:00-05:00": {"Pacific/Honolulu", "2021-11-07 00:00:00 3"}, // an hour that is there twice in New York
			"2021-05":                   {"Pacific/Honolulu", "2021-05-01 00:00:00 2"},
			"2021-05-06T23:31:00-04:00": {"America/New_York", "2021-05-06 23:31:00 5"},
		} {
			_, sn := linkedOf(t, func(r *ExtractRequest) { r.Profile, r.Sources[1].Zone = profile, c.zone },
				[]string{who("p", ann, updated("2024-01-01"), `"deceasedDateTime":"`+died+`"`)}, []string{who("p", ann, updated("2025-01-01"), `"deceasedBoolean":false`)})
			db, err := attachTest(t, sn, constantKey(t))
			if err != nil {
				t.Fatal(err)
			}
			if got := dump(t, db, "SELECT deceased_start::VARCHAR, deceased_start_prec FROM patient"); len(got) != 1 || got[0] != c.want {
				t.Errorf("%s, %s: %v, want %s", profile, died, got, c.want)
			}
		}
	}
}

// Of one source under one key, a shifted extract with linkage and one without are not kept side by side: a record would have two shifts.
func TestLinkedAndUnlinkedAreNotInOneStore(t *testing.T) {
	lines := func(id string) string {
		return export(t, map[string][]string{"x.ndjson": {who(id, "Okafor Ann 1960-05-06 female 10027")}})
	}
	both := []ExportSource{{Name: "a", Zone: "UTC", Dir: lines("p")}, {Name: "b", Zone: "UTC", Dir: lines("q")}}
	unlinked := ExtractRequest{Key: constantKey(t), AsOf: "2025-06-01", Sources: both}
	one, other, linked, limited := unlinked, unlinked, unlinked, unlinked
	one.Sources = both[1:]
	other.Sources = []ExportSource{{Name: "c", Zone: "UTC", Dir: both[0].Dir}}
	linked.Link = true
	limited.Profile = "limited"
	for name, c := range map[string]struct {
		first, second ExtractRequest
		refused       bool
	}{
		"linked behind":            {unlinked, linked, true},
		"one source of the linked": {linked, one, true},
		"another source":           {other, linked, false},
		"open dates":               {limited, linked, false},
		"linked again":             {linked, linked, false},
	} {
		s := emptyStore(t)
		if _, err := Extract(t.Context(), s, c.first); err != nil {
			t.Fatal(name, err)
		}
		_, err := Extract(t.Context(), s, c.second)
		var e *Error
		if refused := errors.As(err, &e) && e.Code == CodeLinkedApart; refused != c.refused || !refused && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// want is the observable time of TestLinkedPatientIsOneRow.
func want(patient string) string {
	if strings.Contains(patient, "2020-07-08") {
		return "2019-03-04 2020-07-08 1 2"
	}
	return "2019-03-04 2023-03-04 1 2"
}

// Who opted out in one source is left out of all, with all that is theirs; and so is who was removed from the store, of whom one id
// takes the rows of every source.
func TestLinkedPersonsAreLeftOutWhole(t *testing.T) {
	const ann, bo = "Okafor Ann 1960-05-06 female 10027", "Nguyen Bo 1970-05-06 male 10027"
	lines := func(more string) []string {
		return []string{who("p"+more, ann), who("q"+more, bo),
			`{"resourceType":"Encounter","id":"e","status":"finished","subject":{"reference":"Patient/p` + more + `"},"period":{"start":"2023-01-02"}}`,
			`{"resourceType":"Encounter","id":"f","status":"finished","subject":{"reference":"Patient/q` + more + `"},"period":{"start":"2023-01-02"}}`}
	}
	for _, profile := range Profiles() {
		report, sn := linkedOf(t, func(r *ExtractRequest) { r.Profile, r.Sources[0].OptOut = profile, written(t, "out.txt", "p\n") }, lines(""), lines("x"))
		if report.OptedOut != 4 || report.Sources[0].OptedOut != 2 || report.Sources[1].OptedOut != 2 || report.Linkage.OptedOut != 1 || report.Linkage.Persons != 1 {
			t.Errorf("%s: %+v, %+v", profile, report.Sources, *report.Linkage)
		}
		if patients, visits := len(table(t, sn, "patient")), len(table(t, sn, "encounter")); patients != 1 || visits != 2 {
			t.Errorf("%s: %d patients and %d encounters", profile, patients, visits)
		}
	}
	for _, id := range []string{"p", "px"} {
		_, sn := linkedOf(t, nil, lines(""), lines("x"))
		s := sn.Store()
		removed, err := s.Remove(t.Context(), RemoveRequest{IDs: []string{id}, EverySource: true, Keys: []*Key{constantKey(t)}, Reason: "asked"})
		if err != nil {
			t.Fatal(err)
		}
		left, err := s.Current("extract")
		if err != nil {
			t.Fatal(err)
		}
		if a, b, c := len(table(t, left, "patient")), len(table(t, left, "encounter")), len(table(t, left, "person_link")); a != 1 || b != 2 || c != 1 || removed.Persons != 1 {
			t.Errorf("%s: left %d patients, %d encounters, %d links; %+v", id, a, b, c, *removed)
		}
		var report ExtractReport
		if err := report.recall(left.Manifest().Facts); err != nil {
			t.Fatal(err)
		}
		stored, out := int64(0), int64(0)
		for _, one := range report.Sources {
			stored, out = stored+one.Stored, out+one.OptedOut
		}
		if report.Stored != 3 || report.OptedOut != 3 || stored != report.Stored || out != report.OptedOut || report.Linkage != nil {
			t.Errorf("%s: stored %d, of sources %d, left out %d, of sources %d, linkage %v", id, report.Stored, stored, report.OptedOut, out, report.Linkage)
		}
	}
}

// A Patient who is deleted is nobody's twin: the other's rows stay theirs alone, and open.
func TestLinkedPatientWhoIsDeleted(t *testing.T) {
	for i := range 6 { // of either source the pseudonym may be the smaller
		const words = "Quesenberry Theodora 1970-03-04 female 12345 555-867-5309 12_Orchard_Lane"
		a, b := fmt.Sprint("a", i), fmt.Sprint("b", i)
		gone := `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/` + a + `"}}]}`
		report, sn := linkedOf(t, nil, []string{who(a, words), gone, who("other"+a, "Nobody Else 1950-01-02 male")}, []string{who(b, words),
			fmt.Sprintf(`{"resourceType":"Encounter","id":"e","status":"finished","subject":{"reference":"Patient/%s"},"period":{"start":"2024-02-03"}}`, b)})
		if l := report.Linkage; l.Linked != 0 || l.Patients != 2 || l.Persons != 2 || report.Deleted != 1 {
			t.Errorf("%+v, %d deleted", *l, report.Deleted)
		}
		if _, err := attachTest(t, sn, constantKey(t)); err != nil {
			t.Errorf("its views do not open: %v", err)
		}
	}
}
