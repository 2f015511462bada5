package export_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"farr/datasets"
	"farr/datasets/export"
	"farr/internal/duck"
)

var today = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// hospital is a store with one extract, and the truth that it was made from.
type hospital struct {
	t       *testing.T
	dir     string
	store   *datasets.Store
	extract *datasets.Snapshot
	key     *datasets.Key
	truth   map[int][]time.Time // by patient: the true day of each observation, in order
}

// admit extracts n patients who were each seen every 20 days of five years. An observation's value is
// 1000 times the number of the patient and the number of the visit, by which a test, and nobody else, knows what it is.
func admit(t *testing.T, profile string, n int) *hospital {
	t.Helper()
	h := &hospital{t: t, dir: t.TempDir(), truth: map[int][]time.Time{}}
	source := filepath.Join(h.dir, "source")
	if err := os.Mkdir(source, 0o700); err != nil {
		t.Fatal(err)
	}
	var patients, encounters, observations, places strings.Builder
	places.WriteString(`{"resourceType":"Organization","id":"o1","name":"Springfield General"}` + "\n")
	for i := range n {
		link := ""
		if i == 1 { // the same person as the first
			link = `"link":[{"other":{"reference":"Patient/p0"},"type":"seealso"}],`
		}
		fmt.Fprintf(&patients, `{"resourceType":"Patient","id":"p%d",%s"gender":"%s","birthDate":"19%02d-03-04","managingOrganization":{"reference":"Organization/o1"},"address":[{"city":"+Springfield","state":"MA","postalCode":"02139"}],"extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"ombCategory","valueCoding":{"system":"urn:oid:2.16.840.1.113883.6.238","code":"%s"}}]}]}`+"\n",
			i, link, []string{"male", "female"}[i%2], 50+i%3, []string{"2106-3", "2028-9"}[i%2])
		day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i%20)
		for e := 0; day.Year() < 2025; e++ {
			text := day.Format(time.DateOnly)
			fmt.Fprintf(&encounters, `{"resourceType":"Encounter","id":"e%d-%d","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p%d"},"period":{"start":"%sT10:00:00Z"}}`+"\n", i, e, i, text)
			fmt.Fprintf(&observations, `{"resourceType":"Observation","id":"b%d-%d","status":"final","subject":{"reference":"Patient/p%[1]d"},"encounter":{"reference":"Encounter/e%[1]d-%[2]d"},"issued":"2025-01-02T00:00:00Z","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"valueQuantity":{"value":%[3]d,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"},"effectiveDateTime":"%[4]sT10:05:00Z"}`+"\n", i, e, 1000*i+e, text)
			h.truth[i] = append(h.truth[i], day)
			day = day.AddDate(0, 0, 20)
		}
	}
	for name, text := range map[string]string{"Patient": patients.String(), "Encounter": encounters.String(), "Observation": observations.String(), "Organization": places.String()} {
		if err := os.WriteFile(filepath.Join(source, name+".ndjson"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if h.store, err = datasets.CreateStore(t.Context(), filepath.Join(h.dir, "store")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.store.Close() })
	if h.key, err = datasets.CreateKey(filepath.Join(h.dir, "key")); err != nil {
		t.Fatal(err)
	}
	report, err := datasets.Extract(t.Context(), h.store, datasets.ExtractRequest{Source: source, SourceName: "springfield", Profile: profile, Key: h.key})
	if err != nil {
		t.Fatal(err)
	}
	if h.extract, err = h.store.Open(report.Snapshot); err != nil {
		t.Fatal(err)
	}
	return h
}

// config is a file of an export.
func (h *hospital) config(text string) *export.Config {
	h.t.Helper()
	path := filepath.Join(h.dir, "export.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	c, err := export.LoadConfig(path)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// allowed lets every profile leave.
const allowed = "shifted: {expert: file 12, expires: 2026-03-01}\nlimited: {agreement: DUA 17}\nthresholds: {below_k: 1, highest: 1, average: 1, uniques: 1}\n"

// out exports under a name, and gives the folder.
func (h *hospital) out(name, profile, format string, more ...func(*export.Request)) (string, *export.Manifest) {
	h.t.Helper()
	req := export.Request{Extract: h.extract, Key: h.key, Name: name, Profile: profile, Format: format, Out: filepath.Join(h.dir, "out-"+name+"-"+format), Config: h.config(allowed), Today: today}
	for _, set := range more {
		set(&req)
	}
	m, err := export.Run(h.t.Context(), h.store, req)
	if err != nil {
		h.t.Fatal(err)
	}
	return req.Out, m
}

// rows reads a query over files as text.
func rows(t *testing.T, sql string, dirs ...string) [][]string {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Config{AllowedDirs: dirs})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	return ask(t.Context(), t, db, sql)
}

func ask(ctx context.Context, t *testing.T, db *duck.Session, sql string) [][]string {
	t.Helper()
	found, err := db.Query(ctx, "test", "SELECT COLUMNS(*)::VARCHAR FROM ("+sql+")")
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	defer found.Close()
	var all [][]string
	for width := strings.Count(sql, ",") + 1; found.Next(); {
		values := make([]*string, width)
		into := make([]any, width)
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
		var row []string
		for _, v := range values {
			if v == nil {
				row = append(row, "")
			} else {
				row = append(row, *v)
			}
		}
		all = append(all, row)
	}
	return all
}

// listing is what a folder holds, hidden files too.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

// shifts are the days by which a file of observations moved each patient's dates, which must be one number
// for each, and how many dates of each it shows.
func (h *hospital) shifts(file string, dirs ...string) (days, shown map[int]int) {
	h.t.Helper()
	days, shown = map[int]int{}, map[int]int{}
	for _, row := range rows(h.t, "SELECT value_num::INTEGER, effective_start::DATE FROM "+file+" WHERE effective_start IS NOT NULL", dirs...) {
		n, err := strconv.Atoi(row[0])
		if err != nil {
			h.t.Fatal(err)
		}
		patient, visit := n/1000, n%1000
		day, err := time.Parse(time.DateOnly, row[1])
		if err != nil {
			h.t.Fatal(err)
		}
		s := int(h.truth[patient][visit].Sub(day).Hours() / 24)
		if before, known := days[patient]; known && before != s {
			h.t.Fatalf("patient %d is shifted by %d and by %d days", patient, before, s)
		}
		days[patient] = s
		shown[patient]++
	}
	return days, shown
}
