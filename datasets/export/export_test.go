package export_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"farr/datasets"
	"farr/datasets/export"
	"farr/internal/leak"
)

// parquet is a table of an export, to be read.
func parquet(dir, table string) string {
	return "read_parquet('" + filepath.Join(dir, table+".parquet") + "')"
}

// TestWhatLeaves: in every profile, no pseudonym of the store leaves, references stay whole, and no column
// that is sealed, or an anchor, or an organisation's own leaves.
func TestWhatLeaves(t *testing.T) {
	for _, profile := range []string{"shifted", "limited", "safe-harbor"} {
		t.Run(profile, func(t *testing.T) {
			h := admit(t, profile, 6)
			dir, m := h.out("registry", profile, export.Parquet, func(r *export.Request) {
				if profile == "safe-harbor" { // where no expert lets six persons leave with them
					r.Config = h.config("leave_out: [birth_year, over_89, sex, zip3, state, race, ethnicity, language]\n")
				}
			})
			stored := map[string]bool{}
			for _, table := range []string{"patient", "encounter", "observation"} {
				for _, path := range h.extract.Paths(table) {
					for _, row := range rows(t, "SELECT rid, pid FROM read_parquet('"+path+"')", h.store.ObjectsDir()) {
						stored[row[0]], stored[row[1]] = true, true
					}
				}
			}
			if len(stored) < 1000 {
				t.Fatalf("%d pseudonyms in the store", len(stored))
			}
			for _, f := range m.Files {
				for _, name := range f.Columns {
					for _, bad := range []string{"seal", "updated", "updated_prec", "issued", "issued_prec", "source", "label"} {
						if name == bad || strings.HasSuffix(name, "_seal") {
							t.Errorf("%s.%s leaves", f.Table, name)
						}
					}
					if !strings.HasSuffix(name, "rid") && name != "pid" {
						continue
					}
					for _, row := range rows(t, "SELECT DISTINCT "+name+" FROM "+parquet(dir, f.Table), dir) {
						if stored[row[0]] {
							t.Fatalf("%s.%s has a pseudonym of the store", f.Table, name)
						}
					}
				}
			}
			whole := rows(t, fmt.Sprintf(`SELECT count(*) FROM %s o JOIN %s e ON e.rid = o.encounter_rid AND e.pid = o.pid JOIN %s p ON p.pid = o.pid AND p.rid = p.pid JOIN %s g ON g.rid = p.managing_organization_rid`,
				parquet(dir, "observation"), parquet(dir, "encounter"), parquet(dir, "patient"), parquet(dir, "organization")), dir)[0][0]
			n := 0
			for _, days := range h.truth {
				n += len(days)
			}
			if whole != strconv.Itoa(n) {
				t.Errorf("%s of %d observations name their encounter, person and site", whole, n)
			}
			if codes := rows(t, "SELECT system, code FROM "+parquet(dir, "concept")+" WHERE code = '29463-7'", dir); len(codes) != 1 {
				t.Errorf("the code of the observations: %v", codes)
			}
			text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
			var read export.Manifest
			if err != nil || json.Unmarshal(text, &read) != nil || read.Checkpoint != m.Checkpoint || read.Persons != 6 || read.Checkpoint == "" {
				t.Errorf("manifest: %v\n%s", err, text)
			}
			entries, err := h.store.LogEntries()
			if err != nil {
				t.Fatal(err)
			}
			if last := entries[len(entries)-1]; last.Kind != "export" || last.Facts["name"] != "registry" || last.Facts["config"] != m.Config {
				t.Errorf("log: %+v", last)
			}
		})
	}
}

// TestTwoExports: two exports of one extract share no pseudonym, and what one shifted by says nothing of the other
// or of the store; one name gives the same export again.
func TestTwoExports(t *testing.T) {
	h := admit(t, "shifted", 150)
	only := func(r *export.Request) { r.Tables = []string{"patient", "observation"} }
	one, _ := h.out("one", "shifted", export.Parquet, only)
	two, _ := h.out("two", "shifted", export.Parquet, only)
	if joined := rows(t, "SELECT count(*) FROM "+parquet(one, "patient")+" a JOIN "+parquet(two, "patient")+" b ON a.pid = b.pid", one, two)[0][0]; joined != "0" {
		t.Errorf("%s persons of two exports join", joined)
	}
	if joined := rows(t, "SELECT count(*) FROM "+parquet(one, "observation")+" a JOIN "+parquet(two, "observation")+" b ON a.rid = b.rid", one, two)[0][0]; joined != "0" {
		t.Errorf("%s rows of two exports join", joined)
	}
	a, _ := h.shifts(parquet(one, "observation"), one)
	b, _ := h.shifts(parquet(two, "observation"), two)
	var paths []string
	for _, p := range h.extract.Paths("observation") {
		paths = append(paths, "'"+p+"'")
	}
	s, _ := h.shifts("read_parquet(["+strings.Join(paths, ", ")+"])", h.store.ObjectsDir())
	if len(a) != 150 || len(b) != 150 || len(s) != 150 {
		t.Fatalf("%d, %d and %d persons", len(a), len(b), len(s))
	}
	if a[0] != a[1] || b[0] != b[1] || a[0] == a[2] && b[0] == b[2] {
		t.Errorf("linked patients are moved by %d and %d days, and by %d and %d", a[0], a[1], b[0], b[1])
	}
	same, differences := 0, map[int]bool{}
	for i := range 150 {
		for _, pair := range [][2]int{{a[i], b[i]}, {a[i], s[i]}, {b[i], s[i]}} {
			if pair[0] < 1 || pair[0] > 365 {
				t.Fatalf("a shift of %d days", pair[0])
			}
			if pair[0] == pair[1] {
				same++
			}
		}
		differences[a[i]-b[i]] = true
	}
	// By chance 450 pairs have 1.2 equal ones, and 150 differences are 125 or more distinct.
	if same > 9 || len(differences) < 100 {
		t.Errorf("%d equal shifts, %d distinct differences", same, len(differences))
	}
	again, _ := h.out("one", "shifted", export.CSV, only, func(r *export.Request) { r.Out += "-again" })
	if joined := rows(t, "SELECT count(*) FROM "+parquet(one, "patient")+" a JOIN read_csv('"+filepath.Join(again, "patient.csv")+"') b ON a.pid = b.pid::UUID", one, again)[0][0]; joined != "150" {
		t.Errorf("%s persons of the same export join", joined)
	}
}

// TestTwoProfiles: a shifted and a limited export of one name share no pseudonym; else true dates less moved
// ones would be the shifts.
func TestTwoProfiles(t *testing.T) {
	h := admit(t, "shifted", 12)
	report, err := datasets.Extract(t.Context(), h.store, datasets.ExtractRequest{Source: filepath.Join(h.dir, "source"), SourceName: "springfield", Profile: "limited", Key: h.key})
	if err != nil {
		t.Fatal(err)
	}
	other, err := h.store.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	one, a := h.out("registry", "shifted", export.Parquet)
	two, b := h.out("registry", "limited", export.Parquet, func(r *export.Request) { r.Extract, r.Out = other, r.Out+"-limited" })
	if a.ExportKey == b.ExportKey {
		t.Error("one key for two profiles")
	}
	for table, column := range map[string]string{"patient": "pid", "encounter": "rid", "observation": "rid", "organization": "rid"} {
		n := rows(t, "SELECT count(*) FROM "+parquet(two, table), two)[0][0]
		joined := rows(t, "SELECT count(*) FROM "+parquet(one, table)+" a JOIN "+parquet(two, table)+" b ON a."+column+" = b."+column, one, two)[0][0]
		if n == "0" || joined != "0" {
			t.Errorf("%s of %s rows of %s join", joined, n, table)
		}
	}
}

// TestEdges: in profile shifted every patient's dates end at the same shifted day, however they were shifted, so
// that the newest tells nothing; and what is not near an edge leaves, with its time of day.
func TestEdges(t *testing.T) {
	h := admit(t, "shifted", 40)
	dir, _ := h.out("registry", "shifted", export.Parquet)
	first, last := h.truth[0][0], h.truth[0][0]
	for _, days := range h.truth {
		for _, day := range days {
			if day.Before(first) {
				first = day
			}
			if day.After(last) {
				last = day
			}
		}
	}
	edge := last.AddDate(0, 0, -365)
	shifts, shown := h.shifts(parquet(dir, "observation"), dir)
	for i, days := range h.truth {
		want := 0
		var newest, oldest time.Time
		for _, day := range days {
			moved := day.AddDate(0, 0, -shifts[i])
			if moved.Before(first) || moved.After(edge) {
				continue
			}
			if want++; want == 1 {
				oldest = moved
			}
			newest = moved
		}
		if shown[i] != want {
			t.Errorf("patient %d shows %d dates, want %d", i, shown[i], want)
		}
		// Seen every 20 days: nobody's dates stop earlier than that from the edges.
		if edge.Sub(newest) >= 20*24*time.Hour || oldest.Sub(first) >= 20*24*time.Hour {
			t.Errorf("patient %d, shifted by %d days, shows dates from %v to %v", i, shifts[i], oldest, newest)
		}
	}
	for _, row := range rows(t, "SELECT DISTINCT effective_start::TIME, effective_start_prec IS NULL FROM "+parquet(dir, "observation"), dir) {
		if row[0] != "10:05:00" && !(row[0] == "" && row[1] == "true") {
			t.Errorf("a time of day %v", row)
		}
	}
}

// TestFormats: the three formats have the same rows, and a spreadsheet runs no text of a CSV.
func TestFormats(t *testing.T) {
	h := admit(t, "limited", 4)
	p, _ := h.out("registry", "limited", export.Parquet)
	c, _ := h.out("registry", "limited", export.CSV)
	a, m := h.out("registry", "limited", export.Arrow)
	cities := rows(t, "SELECT DISTINCT city FROM "+parquet(p, "patient"), p)
	csv, err := os.ReadFile(filepath.Join(c, "patient.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if len(cities) != 1 || cities[0][0] != "+Springfield" || strings.Count(string(csv), ",'+Springfield,") != 4 {
		t.Errorf("cities %v in\n%s", cities, csv)
	}
	for _, f := range m.Files {
		file, err := os.Open(filepath.Join(a, f.Path))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		r, err := ipc.NewFileReader(file)
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for i := range r.NumRecords() {
			batch, err := r.RecordBatch(i)
			if err != nil {
				t.Fatal(err)
			}
			n += batch.NumRows()
			if held := leak.Slots(batch); held > 0 {
				t.Errorf("%s: %d nulls hold something", f.Table, held)
			}
		}
		inParquet := rows(t, "SELECT count(*) FROM "+parquet(p, f.Table), p)[0][0]
		if fmt.Sprint(n) != inParquet || n != f.Rows {
			t.Errorf("%s: %d rows in Arrow, %s in Parquet, %d in the manifest", f.Table, n, inParquet, f.Rows)
		}
	}
}
