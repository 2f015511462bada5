package datasets

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"farr/internal/duck"
	"farr/internal/synth"
)

// What a view may show in limited and not in shifted: places, and ages of people
// over 89.
var onlyLimited = map[string]bool{"zip5": true, "city": true}

// The same export extracted in both profiles gives the same views: every row and
// every column of every table, dates and their bounds included.
func TestProfilesGiveEqualViews(t *testing.T) {
	source := t.TempDir()
	if _, err := synth.Generate(t.Context(), synth.Options{Patients: 150, Seed: 7, Sites: 4, Out: source,
		Start: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	key := testKey(t)
	s := openTestStore(t, t.TempDir())
	attached := map[string]*duck.Session{}
	var tables []Table
	for _, profile := range []string{"shifted", "limited"} {
		report, err := Extract(t.Context(), s, ExtractRequest{Source: source, Zone: "America/New_York", Profile: profile, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		sn, err := s.Open(report.Snapshot)
		if err != nil {
			t.Fatal(err)
		}
		if attached[profile], err = attachTest(t, sn, key, ObservationIssued); err != nil {
			t.Fatal(err)
		}
		tables = sn.Manifest().Tables
	}
	if open := dump(t, attached["shifted"], "SELECT count(issued), count(issued_seal) > 0 FROM keyed.raw_observation")[0]; open != "0 true" {
		t.Errorf("issued stands open and sealed at rest %s times, want 0 true", open)
	}
	compared, rows := 0, 0
	for _, table := range tables {
		columns := viewColumns(t, attached["shifted"], table.Name)
		want := slices.DeleteFunc(viewColumns(t, attached["limited"], table.Name), func(c string) bool { return onlyLimited[c] })
		if !slices.Equal(columns, want) {
			t.Errorf("%s: columns %v in shifted and %v in limited", table.Name, columns, want)
			continue
		}
		columns = slices.DeleteFunc(columns, func(c string) bool { return c == "profiles" }) // an interned number of its own extract
		sums := []string{"count(*)"}
		for _, c := range columns {
			sums = append(sums, fmt.Sprintf("sum(hash(%s, %s))::VARCHAR", rowName(columns), duck.QuoteName(c)))
		}
		sql := "SELECT " + strings.Join(sums, ", ") + " FROM " + table.Name
		shifted, limited := strings.Fields(dump(t, attached["shifted"], sql)[0]), strings.Fields(dump(t, attached["limited"], sql)[0])
		for i, c := range append([]string{"*"}, columns...) {
			if shifted[i] != limited[i] {
				t.Errorf("%s.%s differs", table.Name, c)
			}
			compared++
		}
		rows += int(table.Rows())
	}
	if rows < 10_000 {
		t.Errorf("only %d rows were compared", rows)
	}
	t.Logf("%d columns of %d tables, %d rows", compared, len(tables), rows)
}

func viewColumns(t testing.TB, db *duck.Session, view string) []string {
	t.Helper()
	return dump(t, db, "SELECT column_name FROM (DESCRIBE fhir."+view+") ORDER BY ALL")
}

// rowName are the columns that name a row of a view.
func rowName(columns []string) string {
	var names []string
	for _, c := range []string{"pid", "rid", "ordinal", "concept", "list"} {
		if slices.Contains(columns, c) {
			names = append(names, c)
		}
	}
	if names == nil {
		return "''"
	}
	return strings.Join(names, ", ")
}
