package measures

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"farr/datasets"
	"farr/internal/synth"
)

// What is counted of persons whose records are in two sources is what is counted of them where one source has all: each row of
// each measure and cohort, but those by site, since a site is another in each source. And shards merge to the same bytes.
func TestLinkedPersonsCountOnce(t *testing.T) {
	export, key := newExport(t)
	dir := t.TempDir()
	both, err := synth.Divide(export, filepath.Join(dir, "first"), filepath.Join(dir, "second"), 5)
	if err != nil {
		t.Fatal(err)
	}
	whole := newStudy(t, export, key, "shifted")
	store, err := datasets.CreateStore(t.Context(), filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	report, err := datasets.Extract(t.Context(), store, datasets.ExtractRequest{Key: key, Link: true, Sources: []datasets.ExportSource{
		{Name: "first", Dir: filepath.Join(dir, "first"), Zone: "America/New_York"},
		{Name: "second", Dir: filepath.Join(dir, "second"), Zone: "America/New_York"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if l := report.Linkage; l.Linked != int64(len(both)) || l.Linked < 100 {
		t.Fatalf("linked %d of %d: %+v", l.Linked, len(both), *l)
	}
	extract, err := store.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	linked := study{store, key, extract}
	some := func(r *Request) {
		r.Measures, r.Cohorts = []string{"blood-pressure-control", "readmission-30-day", "emergency-visits"}, []string{"incident-type-2-diabetes"}
	}
	wantRun, want := whole.run(t, some)
	gotRun, got := linked.run(t, some)
	if wantRun.Subjects != gotRun.Subjects || wantRun.Subjects < 100 {
		t.Errorf("%d subjects, want %d", gotRun.Subjects, wantRun.Subjects)
	}
	for _, table := range []string{tableAggregate, tableAttrition, tableIncidence, tableRate, tableOutcome, tableSurvival, tableOne} {
		if diff := cmp.Diff(rowsOf(t, want, table), rowsOf(t, got, table)); diff != "" {
			t.Errorf("%s: %s", table, diff)
		}
	}
	t.Run("shards", func(t *testing.T) {
		few := func(r *Request) {
			r.Measures, r.Cohorts = []string{"blood-pressure-control", "readmission-30-day"}, []string{}
		}
		one, _ := linked.run(t, few)
		other, err := datasets.CreateStore(t.Context(), filepath.Join(dir, "other"))
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		again, err := datasets.Extract(t.Context(), other, datasets.ExtractRequest{Key: key, Link: true, Sources: []datasets.ExportSource{
			{Name: "first", Dir: filepath.Join(dir, "first"), Zone: "America/New_York"},
			{Name: "second", Dir: filepath.Join(dir, "second"), Zone: "America/New_York"},
		}})
		if err != nil || again.Snapshot != report.Snapshot {
			t.Fatalf("%v, %v", again, err)
		}
		sn, err := other.Open(again.Snapshot)
		if err != nil {
			t.Fatal(err)
		}
		s := study{other, key, sn}
		r := s.request(t)
		few(&r)
		s.sharded(t, r, 3, one)
	})
}

// rowsOf are the rows of a table of results that are not by site.
func rowsOf(t *testing.T, r *Results, table string) []string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(t.Context(), &b, table, "csv"); err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	records, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) < 2 {
		t.Errorf("no rows in %s", table)
	}
	var rows []string
	for _, record := range records {
		if line := fmt.Sprint(record); !slices.Contains(record, "site") && !strings.Contains(line, "site-") {
			rows = append(rows, line)
		}
	}
	slices.Sort(rows)
	return rows
}
