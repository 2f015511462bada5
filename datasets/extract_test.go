package datasets

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/datasets/fhir"
	"farr/datasets/internal/deid"
)

var update = flag.Bool("update", false, "rewrite golden files")

// small is the hand-written export with one of each case, and the resources in it.
func small(t testing.TB) (dir string, resources []string) {
	t.Helper()
	text, err := os.ReadFile("testdata/extract/small.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, typ := range []string{"Patient", "Encounter", "Condition", "Observation", "Procedure", "MedicationRequest",
		"Immunization", "Organization", "Location", "Coverage", "Medication"} {
		for _, letter := range "pecbrmiolvx" {
			for n := 1; n < 6; n++ {
				resources = append(resources, fmt.Sprintf("%s/%c%d", typ, letter, n))
			}
		}
	}
	return export(t, map[string][]string{"export.ndjson": lines}), resources
}

// The golden shows, in each profile, every value that is kept of the small export.
func TestExtractGolden(t *testing.T) {
	dir, resources := small(t)
	sites := filepath.Join(t.TempDir(), "sites.csv")
	if err := os.WriteFile(sites, []byte("id,label\no1,North clinic\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{"shifted", "limited"} {
		t.Run(profile, func(t *testing.T) {
			report, sn := extracted(t, ExtractRequest{Source: dir, Zone: "America/New_York", Profile: profile, SitesFile: sites})
			got := newDumper(t, sn, constantKey(t), "main", resources...).dump()
			for _, tab := range sn.Manifest().Tables {
				if strings.Contains(fmt.Sprint(table(t, sn, tab.Name)), "Marker") || strings.Contains(fmt.Sprint(table(t, sn, tab.Name)), "vendor") {
					t.Errorf("table %s has free text", tab.Name)
				}
			}
			counts := *report
			counts.Snapshot = ""
			got += "report\n" + asJSON(t, counts) + "\nfacts\n" + asJSON(t, sn.Manifest().Facts["values_dropped"]) + "\n"
			golden := filepath.Join("testdata", "extract", profile+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("differs from %s; look at the difference after -update\n%s", golden, got)
			}
		})
	}
}

func TestExtractIsReproducible(t *testing.T) {
	dir, _ := small(t)
	var ids []string
	for range 2 {
		_, sn := extracted(t, ExtractRequest{Source: dir, Zone: "America/New_York"})
		ids = append(ids, sn.ID())
	}
	if ids[0] != ids[1] {
		t.Errorf("two runs gave %s and %s", ids[0], ids[1])
	}
}

// Whatever decides the result decides the skip, and nothing else does.
func TestExtractSkips(t *testing.T) {
	dir, _ := small(t)
	s := emptyStore(t)
	base := ExtractRequest{Source: dir, Key: constantKey(t), Zone: "America/New_York"}
	first, err := Extract(context.Background(), s, base)
	if err != nil || first.Skipped {
		t.Fatal(first, err)
	}
	again, err := Extract(context.Background(), s, base)
	if err != nil || !again.Skipped || again.Snapshot != first.Snapshot {
		t.Fatalf("the same request again: %+v, %v", again, err)
	}
	if again.Read != first.Read || again.Stored != first.Stored || !maps.Equal(again.ByType, first.ByType) || again.AsOf != first.AsOf {
		t.Errorf("a skip reports other counts than the run it stands for:\n%s\n%s", asJSON(t, again), asJSON(t, first))
	}
	for name, change := range map[string]func(*ExtractRequest){
		"zone":       func(r *ExtractRequest) { r.Zone = "UTC" },
		"profile":    func(r *ExtractRequest) { r.Profile = "limited" },
		"source":     func(r *ExtractRequest) { r.SourceName = "other" },
		"observable": func(r *ExtractRequest) { r.Observable = "contact" },
		"as-of":      func(r *ExtractRequest) { r.AsOf = "2024-01-01" },
		"input": func(r *ExtractRequest) {
			r.Source, _ = small(t)
			appendLine(t, r.Source, `{"resourceType":"Device","id":"d2"}`)
		},
	} {
		req := base
		change(&req)
		r, err := Extract(context.Background(), s, req)
		if err != nil || r.Skipped || r.Snapshot == first.Snapshot {
			t.Errorf("another %s: skipped %v, same snapshot %v, %v", name, r.Skipped, r.Snapshot == first.Snapshot, err)
		}
	}
}

func appendLine(t testing.TB, dir, line string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "export.ndjson"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(line + "\n"); err != nil {
		t.Fatal(err)
	}
}

// The newest lastUpdated wins whatever the order; without one, the later line. A
// resource that moved to another patient is stored under the newest only.
func TestExtractKeepsNewest(t *testing.T) {
	patient := func(id string) string { return `{"resourceType":"Patient","id":"` + id + `"}` }
	encounter := func(id, patient, updated, status string) string {
		meta := ""
		if updated != "" {
			meta = `"meta":{"lastUpdated":"` + updated + `"},`
		}
		return `{"resourceType":"Encounter","id":"` + id + `",` + meta + `"status":"` + status + `","subject":{"reference":"Patient/` + patient +
			`"},"period":{"start":"2024-01-01T10:00:00Z"}}`
	}
	lines := []string{
		patient("a"), patient("b"), patient("c"),
		encounter("dated", "a", "2024-03-01T00:00:00+02:00", "finished"), // 22:00Z on 29 February: the newest
		encounter("dated", "a", "2024-02-29T21:00:00Z", "planned"),
		encounter("dated", "a", "", "planned"),
		encounter("undated", "a", "", "planned"),
		encounter("undated", "a", "", "finished"),
		encounter("moved", "a", "2024-01-02T00:00:00Z", "planned"),
		encounter("moved", "b", "2024-01-03T00:00:00Z", "finished"),
		encounter("moved", "c", "2024-01-01T00:00:00Z", "planned"),
		encounter("moved", "c", "", "planned"),
	}
	for range 2 {
		report, sn := extracted(t, ExtractRequest{Source: export(t, map[string][]string{"x.ndjson": lines})})
		d := newDumper(t, sn, constantKey(t), "main", "Patient/a", "Patient/b", "Patient/c", "Encounter/dated", "Encounter/undated", "Encounter/moved")
		var got []string
		for _, row := range table(t, sn, "encounter") {
			got = append(got, d.names[string(row["pid"].ByteArray())]+" "+d.names[string(row["rid"].ByteArray())]+" "+row["status"].String())
		}
		slices.Sort(got)
		want := []string{"Patient/a Encounter/dated finished", "Patient/a Encounter/undated finished", "Patient/b Encounter/moved finished"}
		if !slices.Equal(got, want) {
			t.Errorf("stored %q\nwant   %q", got, want)
		}
		if report.Superseded != 6 || report.Stored != 6 || report.Read != 12 {
			t.Errorf("superseded %d stored %d read %d", report.Superseded, report.Stored, report.Read)
		}
		// The order of lines does not matter where dates decide.
		slices.Reverse(lines[:3])
		slices.Reverse(lines[3:6])
		slices.Reverse(lines[8:])
	}
}

func TestExtractRejects(t *testing.T) {
	good := make([]string, 400)
	for i := range good {
		good[i] = fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, i)
	}
	bad := map[int]struct{ line, reason string }{
		3:  {`{"resourceType":"Patient","id":"Secret"`, "invalid-json"},
		10: {`{"resourceType":"Encounter","id":"e"}`, "missing-subject"},
		11: {`{"resourceType":"Encounter","id":"e","subject":{"display":"Secret"}}`, "missing-subject"},
		12: {`{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient?name=Secret"}}`, "missing-subject"},
	}
	for at, b := range bad {
		good[at] = b.line
	}
	dir := export(t, map[string][]string{"x.ndjson": good})
	s := emptyStore(t)
	req := ExtractRequest{Source: dir, Key: constantKey(t), MaxReject: 0.01}
	report, err := Extract(context.Background(), s, req)
	if err != nil {
		t.Fatal(err)
	}
	if report.Rejected != 4 || report.Stored != 396 || report.Read != 400 {
		t.Errorf("rejected %d stored %d read %d", report.Rejected, report.Stored, report.Read)
	}
	for _, r := range report.Rejects {
		want := bad[int(r.Line)-1]
		offset := 0
		for _, line := range good[:r.Line-1] {
			offset += len(line) + 1
		}
		if r.Reason != want.reason || r.File != "x.ndjson" || r.Offset != int64(offset) {
			t.Errorf("reject %+v, want %s at %d", r, want.reason, offset)
		}
	}
	if strings.Contains(asJSON(t, report), "Secret") {
		t.Error("the report quotes a line")
	}

	req.MaxReject = 0.009
	report2, err := Extract(context.Background(), emptyStore(t), req)
	var tooMany *TooManyRejectsError
	if !errors.As(err, &tooMany) || report2 == nil || report2.Rejected != 4 || report2.Snapshot != "" {
		t.Errorf("4 of 400 and at most 0.9 %%: %v, %+v", err, report2)
	}
	// What is there already answers only a request that would have taken it.
	if _, err := Extract(context.Background(), s, req); !errors.As(err, &tooMany) || tooMany.Rejected != 4 || tooMany.Read != 400 {
		t.Errorf("made already with 4 of 400, and at most 0.9 %%: %v", err)
	}
}

// Whatever fails, the earlier extract stays current and no staging is left.
func TestExtractFailsWhole(t *testing.T) {
	dir, _ := small(t)
	s := emptyStore(t)
	base := ExtractRequest{Source: dir, Key: constantKey(t)}
	first, err := Extract(context.Background(), s, base)
	if err != nil {
		t.Fatal(err)
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	lines := func(l ...string) string { return export(t, map[string][]string{"x.ndjson": l}) }
	for name, c := range map[string]struct {
		ctx    context.Context
		change func(*ExtractRequest)
		want   func(error) bool
	}{
		"not R4": {context.Background(), func(r *ExtractRequest) {
			r.Source = lines(`{"resourceType":"Patient","id":"a"}`, `{"resourceType":"Encounter","id":"b","class":[{"coding":[]}],"subject":{"reference":"Patient/a"}}`)
		}, isCode(fhir.NotFHIRR4)},
		"empty folder":   {context.Background(), func(r *ExtractRequest) { r.Source = t.TempDir() }, isCode(fhir.EmptySource)},
		"all rejected":   {context.Background(), func(r *ExtractRequest) { r.Source = lines("{", "{") }, anyError},
		"stopped":        {stopped, func(r *ExtractRequest) { r.Zone = "Europe/Berlin" }, func(err error) bool { return errors.Is(err, context.Canceled) }},
		"no key":         {context.Background(), func(r *ExtractRequest) { r.Key = nil }, anyError},
		"unknown zone":   {context.Background(), func(r *ExtractRequest) { r.Zone = "Mars/Olympus" }, anyError},
		"wrong profile":  {context.Background(), func(r *ExtractRequest) { r.Profile = "open" }, anyError},
		"wrong as-of":    {context.Background(), func(r *ExtractRequest) { r.AsOf = "2024-02-30" }, anyError},
		"wrong rule":     {context.Background(), func(r *ExtractRequest) { r.Observable = "always" }, anyError},
		"wrong name":     {context.Background(), func(r *ExtractRequest) { r.SourceName = "../x" }, anyError},
		"no sites file":  {context.Background(), func(r *ExtractRequest) { r.SitesFile = filepath.Join(dir, "none.csv") }, anyError},
		"reject above 1": {context.Background(), func(r *ExtractRequest) { r.MaxReject = 1.5 }, anyError},
	} {
		req := base
		c.change(&req)
		if _, err := Extract(c.ctx, s, req); !c.want(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	current, err := s.Current("extract")
	if err != nil || current.ID() != first.Snapshot {
		t.Errorf("current is %v, %v", current, err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, "staging", "*")); len(left) > 0 {
		t.Errorf("staging left: %v", left)
	}
}

func anyError(err error) bool { return err != nil }

func isCode(code fhir.Code) func(error) bool {
	return func(err error) bool {
		var e *fhir.Error
		return errors.As(err, &e) && e.Code == code
	}
}

// Enrolment: gaps of 45 days are bridged, of 46 are not; death and the as-of day
// cut; persons without a Patient resource have none.
func TestExtractObservableTime(t *testing.T) {
	coverage := func(id, patient, status, start, end string) string {
		period := `"start":"` + start + `"`
		if end != "" {
			period += `,"end":"` + end + `"`
		}
		return `{"resourceType":"Coverage","id":"` + id + `","status":"` + status + `","beneficiary":{"reference":"Patient/` + patient + `"},"period":{` + period + `}}`
	}
	lines := []string{
		`{"resourceType":"Patient","id":"bridged"}`, `{"resourceType":"Patient","id":"parted"}`,
		`{"resourceType":"Patient","id":"dead","deceasedDateTime":"2023-06-15T12:00:00Z"}`,
		`{"resourceType":"Patient","id":"open"}`, `{"resourceType":"Patient","id":"void"}`, `{"resourceType":"Patient","id":"month"}`,
		coverage("1", "bridged", "active", "2022-01-01", "2022-03-31"), coverage("2", "bridged", "cancelled", "2022-05-16", "2022-06-30"),
		coverage("3", "parted", "active", "2022-01-01", "2022-03-31"), coverage("4", "parted", "active", "2022-05-17", "2022-06-30"),
		coverage("5", "dead", "active", "2023-01-01", "2023-12-31"), coverage("6", "dead", "active", "2024-01-01", ""),
		coverage("7", "open", "active", "2023-01-01", ""), coverage("8", "void", "entered-in-error", "2023-01-01", ""),
		coverage("9", "month", "active", "2023-02", "2023-02"), coverage("10", "nobody", "active", "2023-01-01", ""),
		`{"resourceType":"Encounter","id":"last","status":"finished","subject":{"reference":"Patient/open"},"period":{"start":"2024-04-30T23:00:00Z"}}`,
		`{"resourceType":"Encounter","id":"planned","status":"planned","subject":{"reference":"Patient/open"},"period":{"start":"2025-04-30"}}`,
		`{"resourceType":"Encounter","id":"never","status":"finished","subject":{"reference":"Patient/open"},"period":{"start":"9999-12-31"}}`,
	}
	dir := export(t, map[string][]string{"x.ndjson": lines})
	for _, c := range []struct {
		rule, asOf string
		want       []string
	}{
		{"", "", []string{"bridged 0 2022-01-01..2022-06-30", "dead 0 2023-01-01..2023-06-15", "month 0 2023-02-01..2023-02-28",
			"open 0 2023-01-01..2024-04-30", "parted 0 2022-01-01..2022-03-31", "parted 1 2022-05-17..2022-06-30"}},
		{"enrolment-gap45", "2022-05-20", []string{"bridged 0 2022-01-01..2022-05-20", "parted 0 2022-01-01..2022-03-31", "parted 1 2022-05-17..2022-05-20"}},
		{"contact", "", []string{"open 0 2024-04-30..2024-04-30"}},
	} {
		for _, profile := range []string{"shifted", "limited"} {
			report, sn := extracted(t, ExtractRequest{Source: dir, Observable: c.rule, AsOf: c.asOf, Profile: profile})
			d := newDumper(t, sn, constantKey(t), "main", "Patient/bridged", "Patient/parted", "Patient/dead", "Patient/open", "Patient/void", "Patient/month")
			var got []string
			for _, row := range table(t, sn, "observation_period") {
				day := func(name string) string {
					tab, _ := sn.Table("observation_period")
					column, typ := name, Timestamp
					if profile == "shifted" {
						column, typ = name+"_seal", Blob
					}
					return strings.Trim(d.value(tab, row, Column{column, typ}, row[column]), "#")
				}
				got = append(got, fmt.Sprintf("%s %d %s..%s", strings.TrimPrefix(d.names[string(row["pid"].ByteArray())], "Patient/"),
					row["ordinal"].Int32(), day("period_start"), day("period_end")))
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("rule %q as of %q, %s:\n got %q\nwant %q", c.rule, c.asOf, profile, got, c.want)
			}
			if c.asOf == "" && report.AsOf != "2024-04-30" {
				t.Errorf("as of %q", report.AsOf)
			}
		}
	}
}

// The table's order is (pid, date, rid) in every object, and buckets are whole.
func TestExtractOrder(t *testing.T) {
	dir := filepath.Join("..", "..", "shared", "data", "synthea-615")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the data folder synthea-615 is not here")
	}
	report, sn := extracted(t, ExtractRequest{Source: dir, MaxReject: 0})
	if report.Read != 147_871 || report.Rejected != 0 {
		t.Errorf("read %d rejected %d, want 147871 and 0", report.Read, report.Rejected)
	}
	if sum := report.Stored + report.Superseded + report.NotInPolicy + report.DroppedByPolicy + report.Rejected; sum != report.Read {
		t.Errorf("%d of %d lines accounted for", sum, report.Read)
	}
	var last string
	seen := map[string]bool{}
	for _, row := range table(t, sn, "observation") {
		pid, rid := string(row["pid"].ByteArray()), string(row["rid"].ByteArray())
		date := int64(0) // none open: first
		if start, open := row["effective_start"]; open {
			date = start.Int64() + 1<<50
		}
		key := fmt.Sprintf("%x %020d %x", pid, date, rid)
		if key <= last || seen[rid] {
			t.Fatal("rows are out of order or there twice")
		}
		last, seen[rid] = key, true
	}
	if len(seen) != 88_674 {
		t.Errorf("%d observations", len(seen))
	}
	tab, _ := sn.Table("observation")
	if first, end := tab.Objects[0], tab.Objects[len(tab.Objects)-1]; first.LowBucket != 0 || end.HighBucket != 63 {
		t.Errorf("buckets %d to %d", first.LowBucket, end.HighBucket)
	}
}

// Two sources, two keys and two types have different pseudonyms for one id.
func TestPseudonymsSeparate(t *testing.T) {
	var text strings.Builder
	if err := NewKey(&text); err != nil {
		t.Fatal(err)
	}
	other, err := deid.ParseKey([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	key := constantKey(t)
	seen := map[deid.ID]string{}
	for name, id := range map[string]deid.ID{
		"base":   deid.NewPseudonyms(key, "main").Of("Patient", []byte("1")),
		"source": deid.NewPseudonyms(key, "mainx").Of("Patient", []byte("1")),
		"type":   deid.NewPseudonyms(key, "main").Of("Person", []byte("1")),
		"split":  deid.NewPseudonyms(key, "mai").Of("nPatient", []byte("1")),
		"id":     deid.NewPseudonyms(key, "main").Of("Patient", []byte("2")),
		"key":    deid.NewPseudonyms(other, "main").Of("Patient", []byte("1")),
	} {
		if seen[id] != "" {
			t.Errorf("%s and %s are one", name, seen[id])
		}
		seen[id] = name
	}
}
