package datasets

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"farr/datasets/internal/deid"
)

// harbored extracts lines under safe-harbor, and opens the views without a key.
func harbored(t *testing.T, req ExtractRequest, lines ...string) (*Snapshot, func(sql string) []string) {
	t.Helper()
	req.Source, req.Profile, req.Zone = export(t, map[string][]string{"x.ndjson": lines}), "safe-harbor", "America/New_York"
	s := emptyStore(t)
	report, err := Extract(context.Background(), s, req)
	if err != nil {
		t.Fatal(err)
	}
	sn, err := s.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	db, err := attachTest(t, sn, nil)
	if err != nil {
		t.Fatal(err)
	}
	return sn, func(sql string) []string { return dump(t, db, sql) }
}

func harborLines() []string {
	about := func(typ, id, members string) string {
		return `{"resourceType":"` + typ + `","id":"` + id + `","status":"finished","subject":{"reference":"Patient/p"},` + members + `}`
	}
	return []string{
		`{"resourceType":"Organization","id":"g","active":true}`,
		`{"resourceType":"Patient","id":"p","meta":{"lastUpdated":"2024-05-06T07:08:09Z"},"birthDate":"1960-04-05","gender":"female","address":[{"postalCode":"10025","city":"New York","state":"NY"}]}`,
		`{"resourceType":"Patient","id":"q","birthDate":"1961","deceasedDateTime":"2023-12-31T23:30:00-05:00"}`,
		about("Encounter", "e1", `"period":{"start":"2022-03-04T10:11:12-05:00","end":"2022-03-09"},"length":{"value":5,"code":"d","system":"http://unitsofmeasure.org"},"location":[{"location":{"reference":"Location/a"},"period":{"start":"2022-03-04"}}]`),
		about("Encounter", "e2", `"period":{"start":"2024-01-01T01:00:00Z"}`), // in New York it is 2023 still
		about("Encounter", "e3", `"period":{"start":"2022-09-09"}`),
		about("Observation", "o1", otherCode+`,"effectiveDateTime":"2022-07-08T09:10:11.123Z","issued":"2022-07-09T00:00:00Z","valueQuantity":{"value":7.1,"code":"%"}`),
		about("Condition", "c1", `"onsetDateTime":"1939-05-06","abatementDateTime":"9999-12-31","recordedDate":"2022-02-02"`),
		about("Condition", "c2", `"onsetAge":{"value":499,"code":"mo"}`),
		`{"resourceType":"Coverage","id":"v1","status":"active","beneficiary":{"reference":"Patient/p"},"period":{"start":"2020-01-01","end":"2020-03-31"}}`,
		`{"resourceType":"Coverage","id":"v2","status":"active","beneficiary":{"reference":"Patient/p"},"period":{"start":"2021-11-01","end":"2022-06-30"}}`,
		`{"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order","authoredOn":"2022-08-08","subject":{"reference":"Patient/p"},"dosageInstruction":[{"timing":{"event":["2022-08-08","2022-08-09"],"repeat":{"boundsPeriod":{"start":"2022-08-08"}}}}]}`,
	}
}

// Of every date the year is there and no more; nothing is sealed; no column says more of a place than three digits
// and a state.
func TestHarborShowsYears(t *testing.T) {
	sn, ask := harbored(t, ExtractRequest{}, harborLines()...)
	dates := 0
	for _, tab := range sn.Manifest().Tables {
		for _, row := range table(t, sn, tab.Name) {
			for _, c := range tab.Columns {
				v, ok := row[c.Name]
				switch {
				case !ok:
				case c.Type == Blob:
					t.Errorf("%s.%s is sealed", tab.Name, c.Name)
				case c.Type == Timestamp:
					dates++
					if day := deid.FormatDay(v.Int64() / deid.DayMs); v.Int64()%deid.DayMs != 0 || !strings.HasSuffix(day, "-01-01") || row[c.Name+"_prec"].Int32() != 1 {
						t.Errorf("%s.%s is %s", tab.Name, c.Name, day)
					}
				}
			}
		}
	}
	if dates < 15 {
		t.Errorf("only %d dates were looked at", dates)
	}
	for sql, want := range map[string]string{
		"SELECT period_start_lo, period_start_hi FROM encounter ORDER BY ALL":                                        "2022-01-01T05:00:00 2023-01-01T04:59:59.999|2022-01-01T05:00:00 2023-01-01T04:59:59.999|2023-01-01T05:00:00 2024-01-01T04:59:59.999",
		"SELECT year(period_end), period_end_prec FROM encounter WHERE period_end IS NOT NULL":                       "2022 1",
		"SELECT onset_tag, onset_start, abatement_start, year(recorded_date), onset_num FROM condition ORDER BY ALL": "Age <nil> <nil> <nil> 41|dateTime <nil> <nil> 2022 <nil>",
		"SELECT year(birth_date), birth_date_prec, zip3, state, over_89 FROM patient ORDER BY ALL":                   "1960 1 100 NY false|1961 1 <nil> <nil> false",
		"SELECT year(deceased_start) FROM patient WHERE deceased_tag = 'dateTime'":                                   "2023",
		"SELECT year(period_start), year(period_end) FROM observation_period ORDER BY ALL":                           "2020 2022",
		"SELECT count(*) FROM medication_request_dosage":                                                             "1",
	} {
		got := strings.Join(ask(sql), "|")
		if got != want {
			t.Errorf("%s:\n%s\nwant %s", sql, got, want)
		}
	}
	for _, column := range []string{"zip5", "city", "issued", "length_num", "updated_seal"} {
		for _, tab := range sn.Manifest().Tables {
			if tab.Has(column) {
				t.Errorf("%s.%s is there", tab.Name, column)
			}
		}
	}
	if facts := fmt.Sprint(sn.Manifest().Facts, sn.Manifest().Recipe); !strings.Contains(facts, "as_of:2023-12-31") || strings.Contains(facts, constantKey(t).ID()) {
		t.Errorf("the manifest says %s", facts)
	}
}

// Two safe-harbor extracts of one input have no pseudonym in common, neither with each other nor with one under the
// project's key; and the same request in one store is answered once.
func TestHarborPseudonyms(t *testing.T) {
	req := ExtractRequest{Source: export(t, map[string][]string{"x.ndjson": harborLines()}), Profile: "safe-harbor", Zone: "America/New_York"}
	ids := func(sn *Snapshot) (all []string) {
		for _, tab := range sn.Manifest().Tables {
			for _, row := range table(t, sn, tab.Name) {
				for _, c := range tab.Columns {
					if v, ok := row[c.Name]; ok && c.Type == UUID {
						all = append(all, string(v.ByteArray()))
					}
				}
			}
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	first, one := extracted(t, req)
	second, two := extracted(t, req)
	shifted := req
	shifted.Profile = ""
	_, three := extracted(t, shifted)
	if first.Snapshot == second.Snapshot {
		t.Error("two extracts are one snapshot")
	}
	for _, pair := range [][2]*Snapshot{{one, two}, {one, three}} {
		a, b := ids(pair[0]), ids(pair[1])
		if len(a) < 12 || len(b) < 12 {
			t.Fatalf("%d and %d pseudonyms", len(a), len(b))
		}
		for _, id := range a {
			if slices.Contains(b, id) {
				t.Errorf("two extracts have a pseudonym in common")
			}
		}
	}
	req.Key = constantKey(t)
	again, err := Extract(context.Background(), one.Store(), req)
	if err != nil || !again.Skipped || again.Snapshot != first.Snapshot {
		t.Errorf("the same request: %+v, %v", again, err)
	}
	req.AsOf = "2024-12-31"
	other, err := Extract(context.Background(), one.Store(), req)
	if err != nil || other.Skipped || other.Snapshot == first.Snapshot {
		t.Errorf("another request: %+v, %v", other, err)
	}
}

// The newest version counts, by lastUpdated, which no file of the extract has; and a resource that moved is there once.
func TestHarborNewestVersion(t *testing.T) {
	version := func(patient, updated, status string) string {
		if updated != "" {
			updated = `"meta":{"lastUpdated":"` + updated + `"},`
		}
		return `{"resourceType":"Encounter","id":"e",` + updated + `"status":"` + status + `","subject":{"reference":"Patient/` + patient + `"},"period":{"start":"2022-03-04"}}`
	}
	const p, q = `{"resourceType":"Patient","id":"p","gender":"male"}`, `{"resourceType":"Patient","id":"q","gender":"female"}`
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"newer first":    {[]string{version("p", "2024-01-02T00:00:00.001Z", "finished"), version("p", "2024-01-02T00:00:00Z", "cancelled")}, "finished male"},
		"newer last":     {[]string{version("p", "2024-01-02T00:00:00Z", "finished"), version("p", "2024-01-02T00:00:00.001Z", "cancelled")}, "cancelled male"},
		"by offset":      {[]string{version("p", "2024-01-02T00:30:00+02:00", "finished"), version("p", "2024-01-01T23:00:00Z", "cancelled")}, "cancelled male"},
		"without":        {[]string{version("p", "", "finished"), version("p", "", "cancelled")}, "cancelled male"},
		"one without":    {[]string{version("p", "1971-01-01T00:00:00Z", "finished"), version("p", "", "cancelled")}, "finished male"},
		"moved":          {[]string{version("q", "2024-03-01T00:00:00Z", "finished"), version("p", "2024-02-01T00:00:00Z", "cancelled")}, "finished female"},
		"moved, by line": {[]string{version("q", "", "finished"), version("p", "", "cancelled")}, "cancelled male"},
	} {
		_, ask := harbored(t, ExtractRequest{}, append([]string{p, q}, c.lines...)...)
		if got := strings.Join(ask("SELECT e.status, p.gender FROM encounter e JOIN patient p USING (pid)"), "|"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// Rows of a patient are in order of their pseudonyms: any order of the input, of ids or of dates could say what came
// first in a year.
func TestHarborRowOrder(t *testing.T) {
	lines := []string{`{"resourceType":"Patient","id":"p"}`}
	for month := range 12 {
		for day := range 28 {
			lines = append(lines, fmt.Sprintf(`{"resourceType":"Encounter","id":"e%02d-%02d","status":"finished","subject":{"reference":"Patient/p"},"period":{"start":"2022-%02d-%02d"}}`, month+1, day+1, month+1, day+1))
		}
	}
	sn, _ := harbored(t, ExtractRequest{}, lines...)
	rows := table(t, sn, "encounter")
	if len(rows) != 12*28 {
		t.Fatal(len(rows))
	}
	if !slices.IsSortedFunc(rows, func(a, b map[string]parquet.Value) int {
		return bytes.Compare(a["rid"].ByteArray(), b["rid"].ByteArray())
	}) {
		t.Error("rows are not in the order of their pseudonyms")
	}
}

// A birth year goes where it would show an age over 89, with any year that is there: of the newest event, of the
// as-of day, of death, of an event that is yet to come.
func TestHarborOver89(t *testing.T) {
	const newest = `{"resourceType":"Encounter","id":"e","status":"finished","subject":{"reference":"Patient/other"},"period":{"start":"2024-06-01"}}`
	const other = `{"resourceType":"Patient","id":"other","birthDate":"2000-01-01"}`
	for name, c := range map[string]struct {
		req   ExtractRequest
		birth string
		more  string // of the person
		want  string
	}{
		"89 this year":                {birth: "1935-12-31", want: "1935 false"},
		"90 by the end of the year":   {birth: "1934-12-31", want: "<nil> true"},
		"90 already":                  {birth: "1934-01-01", want: "<nil> true"},
		"120":                         {birth: "1904-01-01", want: "<nil> true"},
		"the year alone":              {birth: "1934", want: "<nil> true"},
		"the month":                   {birth: "1935-01", want: "1935 false"},
		"by the as-of day":            {req: ExtractRequest{AsOf: "2026-01-01"}, birth: "1936-05-05", want: "<nil> true"},
		"as-of day before the newest": {req: ExtractRequest{AsOf: "2020-01-01"}, birth: "1934-05-05", want: "<nil> true"},
		"a death":                     {birth: "1940-05-05", more: `,"deceasedDateTime":"2030-01-01"`, want: "<nil> true"},
		"an early death":              {birth: "1940-05-05", more: `,"deceasedDateTime":"2029-01-01"`, want: "1940 false"},
	} {
		_, ask := harbored(t, c.req, other, newest, `{"resourceType":"Patient","id":"p","gender":"male","birthDate":"`+c.birth+`"`+c.more+`}`)
		if got := strings.Join(ask("SELECT year(birth_date), over_89 FROM patient WHERE gender = 'male'"), "|"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	const person = `{"resourceType":"Patient","id":"p","gender":"male","birthDate":"1940-05-05"}`
	for name, c := range map[string]struct{ line, want string }{
		"coverage":  {`{"resourceType":"Coverage","id":"c","status":"active","beneficiary":{"reference":"Patient/p"},"period":{"start":"2020-01-01","end":"2030-12-31"}}`, "<nil> false"},
		"covered":   {`{"resourceType":"Coverage","id":"c","status":"active","beneficiary":{"reference":"Patient/p"},"period":{"start":"2020-01-01","end":"2029-12-31"}}`, "1940 false"},
		"for ever":  {`{"resourceType":"Coverage","id":"c","status":"active","beneficiary":{"reference":"Patient/p"},"period":{"start":"2020-01-01","end":"9999-12-31"}}`, "1940 false"},
		"validity":  {`{"resourceType":"MedicationRequest","id":"m","status":"draft","intent":"order","subject":{"reference":"Patient/p"},"dispenseRequest":{"validityPeriod":{"end":"2031-01-01"}}}`, "<nil> false"},
		"void":      {`{"resourceType":"Observation","id":"o","status":"entered-in-error","subject":{"reference":"Patient/p"},` + otherCode + `,"effectiveDateTime":"2031-01-01"}`, "<nil> false"},
		"the value": {`{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/p"},` + otherCode + `,"valueDateTime":"2031-01-01"}`, "<nil> false"},
		"of others": {`{"resourceType":"Coverage","id":"c","status":"active","beneficiary":{"reference":"Patient/other"},"period":{"start":"2020-01-01","end":"2031-12-31"}}`, "1940 false"},
	} {
		_, ask := harbored(t, ExtractRequest{}, other, newest, person, c.line)
		if got := strings.Join(ask("SELECT year(birth_date), over_89 FROM patient WHERE gender = 'male'"), "|"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// Who died in a coverage without an end, or whose coverage ends after the data do, was there to a year, not to the
// day of death or of the newest event.
func TestHarborCoverageWithoutEnd(t *testing.T) {
	sn, _ := harbored(t, ExtractRequest{}, `{"resourceType":"Patient","id":"p","birthDate":"1960-04-05","deceasedDateTime":"2023-06-07T08:09:10Z"}`,
		`{"resourceType":"Patient","id":"q","birthDate":"1961-04-05"}`,
		`{"resourceType":"Encounter","id":"e","status":"finished","subject":{"reference":"Patient/q"},"period":{"start":"2024-08-09"}}`,
		`{"resourceType":"Coverage","id":"v1","status":"active","beneficiary":{"reference":"Patient/p"},"period":{"start":"2020-03-04"}}`,
		`{"resourceType":"Coverage","id":"v2","status":"active","beneficiary":{"reference":"Patient/q"},"period":{"start":"2020-03-04","end":"2027-01-02"}}`)
	rows := table(t, sn, "observation_period")
	if len(rows) != 2 {
		t.Fatalf("%d spans", len(rows))
	}
	var ends []string
	for _, row := range rows {
		ends = append(ends, deid.FormatDay(row["period_end"].Int64()/deid.DayMs))
	}
	slices.Sort(ends)
	if want := []string{"2023-01-01", "2024-01-01"}; !slices.Equal(ends, want) {
		t.Errorf("spans end on %s, want %s", ends, want)
	}
}
