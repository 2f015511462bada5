package datasets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/internal/duck"
)

// history makes loads of one source, each the files of a folder. Ids are few, so that versions, moves and deletions
// of one resource meet.
type history struct{ *rand.Rand }

func (h history) one(from ...string) string { return from[h.IntN(len(from))] }

// maybe is a text, once in n times.
func (h history) maybe(n int, text string) string {
	if h.IntN(n) == 0 {
		return text
	}
	return ""
}

func (h history) date() string {
	day := fmt.Sprintf("20%02d-%02d-%02d", 10+h.IntN(16), 1+h.IntN(12), 1+h.IntN(28))
	switch h.IntN(14) {
	case 0:
		return day[:7]
	case 1:
		return day[:4]
	case 2:
		return "2023-11-05T01:30:00-05:00" // an hour that comes twice
	case 3:
		return h.one("9999-12-31", "1900-01-01", "2099-06-30")
	case 4, 5:
		return day
	}
	return day + fmt.Sprintf("T%02d:%02d:00-05:00", h.IntN(24), h.IntN(60))
}

func (h history) patient() string { return fmt.Sprintf("p%d", h.IntN(9)) }

// resource is a line of some type.
func (h history) resource() string {
	typ := h.one("Patient", "Patient", "Encounter", "Encounter", "Observation", "Observation", "Observation", "Condition", "Coverage", "Coverage", "MedicationRequest", "Organization", "Location", "Device", "Procedure")
	id := fmt.Sprintf("%s%d", strings.ToLower(typ[:3]), h.IntN(12))
	subject := `"subject":{"reference":"Patient/` + h.patient() + `"},`
	meta := h.maybe(2, fmt.Sprintf(`"meta":{"lastUpdated":"2025-0%d-1%dT00:00:00Z"},`, 1+h.IntN(3), h.IntN(4)))
	code := `{"coding":[{"system":"http://loinc.org","code":"` + h.one("8480-6", "8462-4", "4548-4", "2093-3") + `"}]}`
	period := `"period":{"start":"` + h.date() + `"` + h.maybe(2, `,"end":"`+h.date()+`"`) + `}`
	status := func(codes ...string) string { return `"status":"` + h.one(codes...) + `",` }
	var rest string
	switch typ {
	case "Patient":
		id = h.patient()
		rest = h.maybe(2, fmt.Sprintf(`"birthDate":"%d-%02d-%02d",`, h.one2(1930+h.IntN(10), 1960+h.IntN(50)), 1+h.IntN(12), 1+h.IntN(28))) +
			h.maybe(3, `"deceasedDateTime":"`+h.date()+`",`) + h.maybe(2, `"gender":"`+h.one("male", "female")+`",`) +
			h.maybe(2, `"extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"ombCategory","valueCoding":{"system":"urn:oid:2.16.840.1.113883.6.238","code":"`+h.one("2106-3", "2028-9")+`"}}]}],`) +
			`"address":[{"postalCode":"02139","state":"` + h.one("MA", "VT") + `"}]`
	case "Encounter":
		rest = subject + status("finished", "finished", "finished", "planned", "entered-in-error") + h.maybe(2, `"participant":[{"individual":{"reference":"Practitioner/x"}}],`) +
			h.maybe(2, `"diagnosis":[{"condition":{"reference":"Condition/con1"},"rank":1}],`) + period
	case "Observation":
		rest = subject + status("final", "final", "final", "cancelled", "entered-in-error") + `"code":` + code + `,"encounter":{"reference":"Encounter/enc` + fmt.Sprint(h.IntN(12)) + `"},` +
			h.maybe(2, `"component":[{"code":`+code+`,"valueQuantity":{"value":12,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}},{"code":`+code+`,"valueDateTime":"`+h.date()+`"}],`) +
			h.maybe(12, `"implicitRules":"http://x.org",`) + `"effectiveDateTime":"` + h.date() + `"`
	case "Condition":
		rest = subject + `"code":` + code + `,"onsetDateTime":"` + h.date() + `"` + h.maybe(2, `,"abatementDateTime":"`+h.date()+`"`)
	case "Coverage":
		rest = `"beneficiary":{"reference":"Patient/` + h.patient() + `"},` + status("active", "active", "cancelled", "entered-in-error") + `"payor":[{"reference":"Organization/org1"}],` + period
	case "MedicationRequest":
		rest = subject + status("active", "draft") + `"intent":"order","medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"` + h.one("197361", "314076") + `"}]},"authoredOn":"` + h.date() + `"`
	case "Procedure":
		rest = subject + status("completed", "not-done") + `"code":` + code + `,"performedDateTime":"` + h.date() + `"`
	case "Organization":
		rest = `"name":"x"`
	default:
		rest = `"status":"active"`
	}
	return `{"resourceType":"` + typ + `","id":"` + id + `",` + meta + rest + `}`
}

func (h history) one2(a, b int) int {
	if h.IntN(2) == 0 {
		return a
	}
	return b
}

func (h history) deletion() string {
	typ := h.one("Patient", "Encounter", "Observation", "Observation", "Condition", "Coverage", "Organization", "Basic")
	id := fmt.Sprintf("%s%d", strings.ToLower(typ[:3]), h.IntN(12))
	if typ == "Patient" {
		id = h.patient()
	}
	return `{"request":{"method":"DELETE","url":"` + h.one("", "http://x.org/fhir/") + typ + "/" + id + `"}}`
}

// load is the files of one load by name, which begins with its number.
func (h history) load(number, resources int) map[string][]string {
	files := map[string][]string{fmt.Sprintf("%02d-9.ndjson", number): {h.resource(), patientWith("p1")}}
	for range 1 + h.IntN(3) {
		name := fmt.Sprintf("%02d-%d.ndjson", number, h.IntN(5))
		for range h.IntN(resources) {
			line := h.resource()
			if h.IntN(30) == 0 {
				line = line[:len(line)/2] // rejected
			}
			files[name] = append(files[name], line)
		}
		if number > 0 {
			for range h.IntN(4) {
				files[name] = append(files[name], `{"resourceType":"Bundle",`+h.maybe(2, `"id":"b",`)+`"type":"transaction","entry":[`+h.deletion()+`,`+h.deletion()+`]}`)
			}
		}
		h.Shuffle(len(files[name]), func(i, j int) { files[name][i], files[name][j] = files[name][j], files[name][i] })
	}
	if number > 0 && h.IntN(3) == 0 {
		files[fmt.Sprintf("%02d-2.json", number)] = []string{`{"resourceType":"Bundle","type":"transaction","entry":[` + h.deletion() + `,{"resource":` + h.resource() + `},` + h.deletion() + `]}`}
	}
	return files
}

// folderOf writes loads into one folder.
func folderOf(t testing.TB, loads ...map[string][]string) string {
	t.Helper()
	all := map[string][]string{}
	for _, l := range loads {
		maps.Copy(all, l)
	}
	return export(t, all)
}

// rowsOf are the number of rows of each table of a snapshot that has any, and a sum over their hashes.
func rowsOf(t testing.TB, db *duck.Session, sn *Snapshot) map[string]string {
	t.Helper()
	var sql []string
	for _, tab := range sn.manifest.Tables {
		if tab.Rows() > 0 {
			sql = append(sql, fmt.Sprintf("SELECT '%s', count(*), sum(hash(t)::HUGEINT)::VARCHAR FROM (%s) t", tab.Name, sn.Scan(tab.Name, 0, Buckets-1)))
		}
	}
	all := map[string]string{}
	rows, err := db.Query(context.Background(), "rows", strings.Join(sql, " UNION ALL "))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, sum string
		var n int64
		if err := rows.Scan(&name, &n, &sum); err != nil {
			t.Fatal(err)
		}
		if tab, _ := sn.Table(name); tab.Rows() != n {
			t.Errorf("table %s: the manifest has %d rows, and %d are there", name, tab.Rows(), n)
		}
		all[name] = fmt.Sprint(n, " rows ", sum)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// sameRows compares all tables of two snapshots, as they are at rest, without an order.
func sameRows(t testing.TB, db *duck.Session, got, want *Snapshot) {
	t.Helper()
	a, b := rowsOf(t, db, got), rowsOf(t, db, want)
	for _, tab := range want.manifest.Tables {
		if a[tab.Name] != b[tab.Name] {
			t.Errorf("table %s: %s, want %s", tab.Name, a[tab.Name], b[tab.Name])
		}
	}
}

// sameFacts compares what is found, without what an increment says of itself.
func sameFacts(t testing.TB, got, want *Snapshot) {
	t.Helper()
	facts := maps.Clone(got.manifest.Facts)
	delete(facts, factLoad)
	if a, b := asJSON(t, facts), asJSON(t, want.manifest.Facts); a != b {
		t.Errorf("facts:\n%s\nwant:\n%s", a, b)
	}
}

// storeIn makes an empty store in a folder.
func storeIn(t testing.TB, dir, name string) *Store {
	t.Helper()
	s, err := CreateStore(t.Context(), filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// readerOf is a session that may read the stores in a folder.
func readerOf(t testing.TB, dir string) *duck.Session {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Config{Threads: 1, AllowedDirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// compacted is an extract without increments, in force.
func compacted(t testing.TB, s *Store, sn *Snapshot) *Snapshot {
	t.Helper()
	report, err := Compact(t.Context(), s, CompactRequest{Extract: sn, Key: constantKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	now, err := s.Current("extract")
	if err != nil {
		t.Fatal(err)
	}
	if now.ID() != report.Snapshot || now.Increments() > 0 {
		t.Fatalf("in force is %s with %d increments; report %s", now.ID(), now.Increments(), asJSON(t, report))
	}
	return now
}

// Random histories of adds, changes, moves and deletions: extracts on top of extracts have the rows and facts of one
// extract of all files, and compacted its very objects.
func TestOntoIsTheWhole(t *testing.T) {
	dir := t.TempDir()
	db := readerOf(t, dir)
	histories := uint64(10)
	if os.Getenv("FARR_ONTO") == "all" {
		histories = 50
	}
	for seed := range histories {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := history{rand.New(rand.NewPCG(seed, 7))}
			req := ExtractRequest{
				Key: constantKey(t), Zone: "America/New_York", MaxReject: 1, Profile: h.one("shifted", "shifted", "limited"),
				Observable: h.one("auto", "auto", "enrolment-gap45", "contact"), AsOf: h.one("", "", "", "2024-06-30"),
			}
			s := storeIn(t, dir, fmt.Sprint(seed))
			var loads []map[string][]string
			var got *Snapshot
			for n := range 2 + h.IntN(3) {
				size := 60
				if n > 0 {
					size = 12
					req.Onto = OntoCurrent
				}
				loads = append(loads, h.load(n, size))
				req.Source = folderOf(t, loads[n])
				got = mustExtract(t, s, req)
				if n > 0 && h.IntN(4) == 0 {
					compacted(t, s, got)
				}
			}
			req.Onto, req.Source = "", folderOf(t, loads...)
			want := mustExtract(t, storeIn(t, dir, fmt.Sprint(seed, "-whole")), req)
			sameRows(t, db, got, want)
			sameFacts(t, got, want)
			if a, b := asJSON(t, compacted(t, s, got).manifest.Tables), asJSON(t, want.manifest.Tables); a != b {
				t.Errorf("compacted:\n%s\nwant the objects of the full load:\n%s", a, b)
			}
			if seed%10 == 0 {
				verified(t, s)
			}
		})
	}
}

// onlyViews are the number of rows of each view that measures read, and a sum over their hashes.
func onlyViews(t testing.TB, dir string, sn *Snapshot, low, high int) map[string]string {
	t.Helper()
	db := readerOf(t, dir)
	if err := Attach(t.Context(), db, sn, constantKey(t)); err != nil {
		t.Fatal(err)
	}
	if err := Only(t.Context(), db, sn, low, high); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, tab := range sn.manifest.Tables {
		if tab.Rows() == 0 {
			continue
		}
		var n int64
		var sum *string
		if err := db.QueryRow(t.Context(), "view "+tab.Name, "SELECT count(*), sum(hash(t)::HUGEINT)::VARCHAR FROM fhir."+tab.Name+" t", &n, &sum); err != nil {
			t.Fatal(err)
		}
		if all[tab.Name] = fmt.Sprint(n); sum != nil {
			all[tab.Name] += " rows " + *sum
		}
	}
	return all
}

// What measures read of an extract that was added to is what they read of the whole, in all shards; and who is removed from it is
// gone from its dead rows and tombstones, too.
func TestOntoIsReadAsTheWhole(t *testing.T) {
	h := history{rand.New(rand.NewPCG(3, 3))}
	dir := t.TempDir()
	db := readerOf(t, dir)
	req := ExtractRequest{Key: constantKey(t), Zone: "America/New_York", MaxReject: 1}
	s, whole := storeIn(t, dir, "s"), storeIn(t, dir, "whole")
	var loads []map[string][]string
	var got *Snapshot
	for n := range 4 {
		size := 150
		if n > 0 {
			size, req.Onto = 40, OntoCurrent
		}
		loads = append(loads, h.load(n, size))
		req.Source = folderOf(t, loads[n])
		got = mustExtract(t, s, req)
	}
	req.Onto, req.Source = "", folderOf(t, loads...)
	want := mustExtract(t, whole, req)
	dead := int64(0)
	for _, tab := range got.manifest.Tables {
		dead += tab.Dead
	}
	if dead < 20 {
		t.Errorf("%d dead rows are no test", dead)
	}
	sameRows(t, db, got, want)
	for _, part := range [][2]int{{0, Buckets - 1}, {0, 31}, {32, Buckets - 1}} {
		if a, b := onlyViews(t, dir, got, part[0], part[1]), onlyViews(t, dir, want, part[0], part[1]); !maps.Equal(a, b) {
			t.Errorf("buckets %v: views\n%v\nwant\n%v", part, a, b)
		}
	}

	var gone [][16]byte
	for _, id := range []string{"p0", "p3", "p5"} {
		gone = append(gone, PseudonymOf(req.Key, "main", "Patient", id))
	}
	for _, one := range []*Store{s, whole} {
		if _, err := one.Remove(t.Context(), RemoveRequest{IDs: []string{"p0", "p3", "p5"}, Keys: []*Key{req.Key}}); err != nil {
			t.Fatal(err)
		}
		if files := holds(t, one, gone...); len(files) > 0 {
			t.Errorf("%d files hold who was removed", len(files))
		}
		verified(t, one)
		audited(t, one)
	}
	var err error
	if got, err = s.Current("extract"); err != nil {
		t.Fatal(err)
	}
	if want, err = whole.Current("extract"); err != nil {
		t.Fatal(err)
	}
	a, b := rowsOf(t, db, got), rowsOf(t, db, want)
	for _, tab := range want.manifest.Tables {
		if a[tab.Name] != b[tab.Name] && !isDictionary(tab.Name) { // dead rows keep their codes
			t.Errorf("table %s after the removal: %s, want %s", tab.Name, a[tab.Name], b[tab.Name])
		}
	}
	req.Onto, req.Source = OntoCurrent, folderOf(t, h.load(9, 5))
	var full *FullLoadError
	if _, err := Extract(t.Context(), s, req); !errors.As(err, &full) {
		t.Errorf("persons were removed: %v", err)
	}
}

// The same increment again is a skip, whatever is in force by then, with the counts of its own lines.
func TestOntoAgain(t *testing.T) {
	s := emptyStore(t)
	req := ExtractRequest{Key: constantKey(t), Source: export(t, map[string][]string{"a.ndjson": {patientWith("1"), patientWith("2"), visit("1", "2024-01-01")}})}
	base := mustExtract(t, s, req)
	req.Onto, req.Source = OntoCurrent, export(t, map[string][]string{
		"a.ndjson": {visit("2", "2024-05-01"), `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/1"}}]}`},
	})
	first, err := Extract(t.Context(), s, req)
	if err != nil {
		t.Fatal(err)
	}
	if first.Read != 1 || first.Stored != 1 || first.Removed != 1 || first.Onto != base.ID() || first.AsOf != "2024-05-01" {
		t.Errorf("report %s", asJSON(t, first))
	}
	for _, onto := range []string{OntoCurrent, base.ID()} {
		req.Onto = onto
		again, err := Extract(t.Context(), s, req)
		if err != nil {
			t.Fatal(err)
		}
		if !again.Skipped || again.Snapshot != first.Snapshot || again.Read != 1 || again.Removed != 1 || again.AsOf != first.AsOf {
			t.Errorf("onto %.12s again: %s", onto, asJSON(t, again))
		}
	}
	// Compacted, it is known, too.
	now, err := s.Current("extract")
	if err != nil {
		t.Fatal(err)
	}
	one := compacted(t, s, now)
	if again, err := Compact(t.Context(), s, CompactRequest{Extract: now, Key: req.Key}); err != nil || !again.Skipped || again.Snapshot != one.ID() {
		t.Errorf("compacted again: %s, %v", asJSON(t, again), err)
	}
	req.Onto = OntoCurrent
	again, err := Extract(t.Context(), s, req)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Skipped || again.Snapshot != one.ID() || again.Read != 1 {
		t.Errorf("onto what was compacted: %s", asJSON(t, again))
	}
}

// What would not be exactly the whole is refused with the reason, and nothing is published.
func TestOntoRefuses(t *testing.T) {
	age := `{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/1"},"onsetAge":{"value":40,"system":"http://unitsofmeasure.org","code":"a"}}`
	plain := []string{patientWith("1"), patientWith("2"), visit("1", "2024-01-01")}
	for _, c := range []struct {
		name       string
		base, next []string
		change     func(*ExtractRequest)
		want       string
	}{
		{"zone", plain, plain, func(r *ExtractRequest) { r.Zone = "Europe/Berlin" }, "the zone is another"},
		{"profile", plain, plain, func(r *ExtractRequest) { r.Profile = "limited" }, "the profile is another"},
		{"source", plain, plain, func(r *ExtractRequest) { r.SourceName = "north" }, "the source is another"},
		{"safe harbor", plain, plain, func(r *ExtractRequest) { r.Profile = ProfileSafeHarbor }, "a key of its own"},
		{"opt-out", plain, plain, func(r *ExtractRequest) { r.OptOut = listFile(t, "1\n") }, "persons are left out"},
		{"sites", plain, plain, func(r *ExtractRequest) { r.SitesFile = written(t, "sites.csv", "id,label\n1,North\n") }, "labels of sites"},
		{"ages before", append([]string{age}, plain...), plain, nil, "it states ages"},
		{"an age now", plain, append([]string{age}, plain...), nil, "a record states an age"},
		{"links before", append([]string{patientWith("3", linkTo("Patient/1"))}, plain...), plain, nil, "its patients are linked"},
		{"a link now", plain, append([]string{patientWith("3", linkTo("Patient/1"))}, plain...), nil, "a patient is linked to another"},
		{"a vague DELETE", plain, append([]string{`{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Encounter?patient=1"}}]}`}, plain...),
			func(r *ExtractRequest) { r.MaxReject = 0.5 }, "1 DELETEs do not name one resource"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := emptyStore(t)
			req := ExtractRequest{Key: constantKey(t), Source: export(t, map[string][]string{"a.ndjson": c.base})}
			base := mustExtract(t, s, req)
			req.Onto, req.Source = OntoCurrent, export(t, map[string][]string{"b.ndjson": c.next})
			if c.change != nil {
				c.change(&req)
			}
			_, err := Extract(t.Context(), s, req)
			var full *FullLoadError
			if !errors.As(err, &full) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if ids, _ := s.Snapshots(); len(ids) != 1 || ids[0] != base.ID() {
				t.Errorf("snapshots %v", ids)
			}
		})
	}
}

// What is not to be compacted is refused, and nothing is published; what is not in force leaves the one that is.
func TestCompactRefuses(t *testing.T) {
	s := emptyStore(t)
	req := ExtractRequest{Key: constantKey(t), Source: export(t, map[string][]string{"a.ndjson": {patientWith("1"), patientWith("2"), visit("1", "2024-01-01")}})}
	base := mustExtract(t, s, req)
	if report, err := Compact(t.Context(), s, CompactRequest{Extract: base, Key: req.Key}); err != nil || !report.Skipped || report.Snapshot != base.ID() {
		t.Errorf("without increments: %s, %v", asJSON(t, report), err)
	}
	req.Onto, req.Source = OntoCurrent, export(t, map[string][]string{"a.ndjson": {visit("2", "2024-05-01")}})
	more := mustExtract(t, s, req)
	other, err := CreateKey(filepath.Join(t.TempDir(), "other"))
	if err != nil {
		t.Fatal(err)
	}
	for want, r := range map[string]CompactRequest{
		"the key is not that of the extract": {Extract: more, Key: other},
		"another policy":                     {Extract: more, Key: req.Key, Policy: exported(t, "Patient.policy", "\nowner id", "\nowner id\nrefuse telecom")},
	} {
		if _, err := Compact(t.Context(), s, r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if ids, err := s.Snapshots(); err != nil || len(ids) != 2 {
		t.Errorf("snapshots %v, %v", ids, err)
	}
	// An older extract that is compacted does not come in force.
	if err := s.SetCurrent(t.Context(), "extract", base.ID()); err != nil {
		t.Fatal(err)
	}
	if _, err := Compact(t.Context(), s, CompactRequest{Extract: more, Key: req.Key}); err != nil {
		t.Fatal(err)
	}
	if now, err := s.Current("extract"); err != nil || now.ID() != base.ID() {
		t.Errorf("in force is %v, %v", now, err)
	}
}

// Who is removed while an extract is compacted does not come back with what is made of it.
func TestCompactBesideARemoval(t *testing.T) {
	s := emptyStore(t)
	req := ExtractRequest{Key: constantKey(t), Source: export(t, map[string][]string{"a.ndjson": {patientWith("1"), patientWith("2"), visit("1", "2024-01-01")}})}
	mustExtract(t, s, req)
	req.Onto, req.Source = OntoCurrent, export(t, map[string][]string{"a.ndjson": {visit("2", "2024-05-01")}})
	more := mustExtract(t, s, req)
	removed := false
	_, err := Compact(t.Context(), s, CompactRequest{Extract: more, Key: req.Key, Progress: func(string, int64, int64) {
		if !removed {
			removed = true
			if _, err := s.Remove(t.Context(), RemoveRequest{IDs: []string{"2"}, Keys: []*Key{req.Key}}); err != nil {
				t.Error(err)
			}
		}
	}})
	if !removed || err == nil { // the extract is gone, or objects of it are
		t.Errorf("removed %t, %v", removed, err)
	}
	if files := holds(t, s, PseudonymOf(req.Key, "main", "Patient", "2")); len(files) > 0 {
		t.Errorf("%d files hold who was removed", len(files))
	}
	verified(t, s)
}
