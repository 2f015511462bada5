package datasets

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"farr/datasets/fhir"
	"farr/internal/synth"
)

// One source in a list is that source: the same snapshot, to the byte.
func TestOneSourceIsTheSameInAList(t *testing.T) {
	dir, _ := small(t)
	maps, sites, out := written(t, "labs.json", labMap), written(t, "sites.csv", "id,label\no1,North\n"), written(t, "out.txt", "nobody\n")
	one := ExtractRequest{Source: dir, SourceName: "north", Zone: "America/New_York", ConceptMaps: []string{maps}, SitesFile: sites, OptOut: out}
	_, alone := extracted(t, one)
	_, listed := extracted(t, ExtractRequest{Sources: []ExportSource{{
		Name: "north", Dir: dir, Zone: "America/New_York", ConceptMaps: []string{maps}, SitesFile: sites, OptOut: out,
	}}})
	if alone.ID() != listed.ID() {
		t.Errorf("%s alone and %s in a list", alone.ID(), listed.ID())
	}
}

// Two sources in one snapshot are what each is alone: every row of every keyed view, each by its own zone, and every count.
func TestSeveralSources(t *testing.T) {
	var list []ExportSource
	for i, zone := range []string{"America/New_York", "Pacific/Honolulu", "UTC"} {
		dir := t.TempDir()
		if _, err := synth.Generate(t.Context(), synth.Options{Patients: 60, Seed: uint64(7 + i), Sites: 3, Out: dir, Dirty: 0.002,
			Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2025, 3, 31, 0, 0, 0, 0, time.UTC)}); err != nil {
			t.Fatal(err)
		}
		list = append(list, ExportSource{Name: string(rune('a' + i)), Dir: dir, Zone: zone})
	}
	// The same ids are other resources in another source, and a time that the clock of one repeats is in the next an hour like
	// any other, in child tables too.
	for i := range list {
		lines := strings.Join([]string{
			`{"resourceType":"Patient","id":"p","birthDate":"1960-04-05"}`,
			`{"resourceType":"Encounter","id":"v","status":"finished","subject":{"reference":"Patient/p"},"period":{"start":"2024-11-03T01:30:00-05:00","end":"2024-11-03T01:45:00-04:00"},` +
				`"location":[{"location":{"reference":"Location/l"},"period":{"start":"2024-11-03T01:40:00-05:00","end":"2024-07-03T11:00:00-04:00"}}]}`,
			`{"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order","subject":{"reference":"Patient/p"},"authoredOn":"2024-07-03",` +
				`"dosageInstruction":[{"timing":{"event":["2024-07-04T08:00:00-04:00","2024-11-03T01:30:00-05:00"]}}]}`,
		}, "\n")
		if err := os.WriteFile(filepath.Join(list[i].Dir, "more.ndjson"), []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, profile := range Profiles() {
		if profile == ProfileSafeHarbor && testing.Short() {
			continue
		}
		t.Run(profile, func(t *testing.T) {
			req := ExtractRequest{Profile: profile, AsOf: "2025-04-01", Observable: "contact", MaxReject: 0.1, Sources: list}
			report, sn := extracted(t, req)
			if got := fmt.Sprint(sn.SourceNames(), sn.Zones()); got != "[a b c] [America/New_York Pacific/Honolulu UTC]" {
				t.Errorf("sources %s", got)
			}
			alone := map[string][]string{}
			sum := ExtractReport{ByType: map[string]TypeCount{}}
			for i, one := range list {
				req := req
				req.Sources = []ExportSource{one}
				r, single := extracted(t, req)
				if profile != ProfileSafeHarbor { // whose pseudonyms are made anew
					for name, rows := range viewsOf(t, single) {
						alone[name] = append(alone[name], rows...)
					}
				}
				want := SourceReport{Name: one.Name, Zone: one.Zone, Read: r.Read, Stored: r.Stored, Superseded: r.Superseded,
					NotInPolicy: r.NotInPolicy, DroppedByPolicy: r.DroppedByPolicy, Rejected: r.Rejected}
				if diff := cmp.Diff(want, report.Sources[i]); diff != "" {
					t.Errorf("source %s: %s", one.Name, diff)
				}
				sum.Read, sum.Stored = sum.Read+r.Read, sum.Stored+r.Stored
			}
			if report.Read != sum.Read || report.Stored != sum.Stored || sum.Stored == 0 {
				t.Errorf("read %d and stored %d of %d and %d", report.Read, report.Stored, sum.Read, sum.Stored)
			}
			if len(report.Rejects) == 0 || !slices.ContainsFunc(report.Rejects, func(r Reject) bool { return r.Source == "b" }) {
				t.Error("no reject names source b")
			}
			together := viewsOf(t, sn)
			if profile == ProfileSafeHarbor {
				return
			}
			for _, name := range slices.Sorted(maps.Keys(together)) {
				want, got := alone[name], together[name]
				if strings.HasPrefix(name, "concept") || name == "profile_set" { // what several have stands once
					slices.Sort(want)
					want = slices.Compact(want)
				}
				slices.Sort(want)
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		})
	}
}

// viewsOf are the rows of every view that measures read.
func viewsOf(t testing.TB, sn *Snapshot) map[string][]string {
	t.Helper()
	db, err := attachTest(t, sn, constantKey(t))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, tab := range sn.Manifest().Tables {
		all[tab.Name] = dump(t, db, "SELECT x::VARCHAR FROM fhir."+tab.Name+" x")
	}
	return all
}

// A child table has the source of its rows in the main table of its type.
func TestMainTableOfEach(t *testing.T) {
	catalogue, err := Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	v := &viewer{sn: &Snapshot{}}
	for _, r := range catalogue {
		v.sn.manifest.Tables = append(v.sn.manifest.Tables, r.Tables...)
	}
	for _, r := range catalogue {
		for _, tab := range r.Tables {
			if got := v.mainOf(tab); got != r.Table {
				t.Errorf("main table of %s is %s, want %s", tab.Name, got, r.Table)
			}
		}
	}
}

// A source that is not what it should be ends the whole, and is named.
func TestSeveralSourcesMistakes(t *testing.T) {
	line := func(text string) string { return export(t, map[string][]string{"x.ndjson": {text}}) }
	good, empty, bad := line(`{"resourceType":"Patient","id":"p"}`), line(`{"resourceType":"Device","id":"d"}`), line(`{"resourceType":`)
	foreign := line(`{"resourceType":"ProcedureRequest","id":"p","status":"active","intent":"order","subject":{"reference":"Patient/p"}}`)
	a := ExportSource{Name: "a", Dir: good, Zone: "UTC"}
	with := func(change func(*ExportSource)) []ExportSource {
		b := ExportSource{Name: "b", Dir: line(`{"resourceType":"Patient","id":"p"}`), Zone: "UTC"}
		change(&b)
		return []ExportSource{a, b}
	}
	for says, list := range map[string][]ExportSource{
		"two sources are called a":                  with(func(b *ExportSource) { b.Name = "a" }),
		"sources a and b are one folder":            with(func(b *ExportSource) { b.Dir = good + "/." }),
		"source b: of several sources each":         with(func(b *ExportSource) { b.Zone = "" }),
		`source name "B"`:                           with(func(b *ExportSource) { b.Name = "B" }),
		`source b: time zone "Mars"`:                with(func(b *ExportSource) { b.Zone = "Mars" }),
		"source b: read sites":                      with(func(b *ExportSource) { b.SitesFile = good + "/none.csv" }),
		"source b: read list of patients":           with(func(b *ExportSource) { b.OptOut = good + "/none.txt" }),
		"source b: 1 of 1 lines rejected":           with(func(b *ExportSource) { b.Dir = bad }),
		"source b: " + empty:                        with(func(b *ExportSource) { b.Dir = empty }),
		"source b: x.ndjson:1: byte 0: not-fhir-r4": with(func(b *ExportSource) { b.Dir = foreign }),
	} {
		s := emptyStore(t)
		_, err := Extract(t.Context(), s, ExtractRequest{Sources: list, Key: constantKey(t)})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
		if all, _ := s.Snapshots(); len(all) > 0 {
			t.Errorf("%s: published", says)
		}
	}
	if _, err := Extract(t.Context(), emptyStore(t), ExtractRequest{Source: good, Sources: []ExportSource{a}, Key: constantKey(t)}); err == nil {
		t.Error("a source and a list were taken")
	}
	var e *fhir.Error
	_, err := Extract(t.Context(), emptyStore(t), ExtractRequest{Sources: with(func(b *ExportSource) { b.Dir = empty }), Key: constantKey(t)})
	if !errors.As(err, &e) || e.Code != fhir.EmptySource {
		t.Errorf("%v is no error of an empty source", err)
	}
}

// What stands beside a source is for it alone: its concept maps, labels of sites and opt-out list.
func TestSourcesKeepTheirOwnFiles(t *testing.T) {
	lines := []string{
		`{"resourceType":"Organization","id":"o"}`,
		`{"resourceType":"Patient","id":"p","managingOrganization":{"reference":"Organization/o"}}`, `{"resourceType":"Patient","id":"q"}`,
		observation("glu", `"code":{"coding":[{"system":"http://lab.example/codes","code":"GLU"}]},"valueInteger":5`),
	}
	from := func(name string) ExportSource {
		return ExportSource{Name: name, Dir: export(t, map[string][]string{"x.ndjson": lines}), Zone: "UTC"}
	}
	a, b := from("a"), from("b")
	a.ConceptMaps, a.SitesFile, b.OptOut = []string{written(t, "labs.json", labMap)}, written(t, "sites.csv", "id,label\no,North\n"), written(t, "out.txt", "p\n")
	report, sn := extracted(t, ExtractRequest{Sources: []ExportSource{a, b}})
	db, err := attachTest(t, sn, constantKey(t))
	if err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]string{
		"SELECT string_agg(source, ' ' ORDER BY source) FROM patient":                                   "a a b",
		"SELECT string_agg(source || ' ' || (label = 'North'), ', ' ORDER BY source) FROM organization": "a true, b false",
		"SELECT string_agg(source || ' ' || (code <> 0), ', ') FROM observation":                        "a true",
	} {
		if got := dump(t, db, sql); got[0] != want {
			t.Errorf("%s: %s, want %s", sql, got[0], want)
		}
	}
	if report.Sources[1].OptedOut != 2 || report.OptedOut != 2 || report.Sources[0].OptedOut != 0 || report.OptOutListed != 1 {
		t.Errorf("opted out %+v", report.Sources)
	}
	// Which source a file is beside is part of what was asked.
	a.SitesFile, b.SitesFile = "", a.SitesFile
	if again, _ := extracted(t, ExtractRequest{Sources: []ExportSource{a, b}}); again.Snapshot == report.Snapshot {
		t.Error("another source's labels give the same snapshot")
	}
}
