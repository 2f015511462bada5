package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"farr/datasets"
)

// lawRuns are how many populations of how many patients are extracted under how many keys. With FARR_LAW=all (make
// law) the populations are so large that every measure has at least 100 patients in the numerator and 100 excluded.
func lawRuns() (seeds []uint64, patients, keys, least int) {
	if os.Getenv("FARR_LAW") == "all" {
		return []uint64{1, 2, 3}, 24_000, 20, 100
	}
	return []uint64{4}, 400, 2, 1
}

// TestLaw holds the law of the shift for keys drawn at random: for every patient (and episode), period, measure and
// cohort the result on the shifted store, with its key, is the result on the same records with true dates.
func TestLaw(t *testing.T) {
	seeds, patients, keys, least := lawRuns()
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			p := synthetic(t, patients, seed)
			ids := sourceIDs(t, p.export)
			p.extract("--profile", "limited", "--risk=false")
			p.measure("--periods", "2023,2024,2025,P12M/2024-06")
			enough(t, p, least)
			want := resultsByID(t, p, ids)
			if len(want) < 5*patients {
				t.Fatalf("only %d results of %d patients", len(want), patients)
			}
			for k := range keys {
				shifted := p
				shifted.key = filepath.Join(p.dir, fmt.Sprint("key", k))
				shifted.store = filepath.Join(p.dir, fmt.Sprint("store", k))
				must(t, "keys", "new", "--out", shifted.key)
				shifted.extract("--profile", "shifted", "--risk=false")
				shifted.measure("--periods", "2023,2024,2025,P12M/2024-06")
				sameResults(t, k, want, resultsByID(t, shifted, ids))
				if err := os.RemoveAll(shifted.store); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("seed %d: %d patients, %d keys, %d results each compared", seed, patients, keys, len(want))
		})
	}
}

// enough checks that the population tries every measure, in one period at least. A measure without exclusions
// cannot exclude anyone.
func enough(t *testing.T, p project, least int) {
	t.Helper()
	type most struct{ numerator, excluded int }
	found := map[string]most{}
	for _, r := range p.table("aggregate") {
		if r["stratum"] != "all" {
			continue
		}
		n, _ := strconv.Atoi(r["numerator"])
		e, _ := strconv.Atoi(r["denominator_exclusion"])
		m := found[r["measure"]]
		found[r["measure"]] = most{max(m.numerator, n), max(m.excluded, e)}
	}
	if len(found) < 7 {
		t.Errorf("only %d measures ran", len(found))
	}
	for measure, m := range found {
		text, err := os.ReadFile(filepath.Join("../../measures/library", measure, "measure.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		excludes := strings.Contains(string(text), "denominator-exclusion:")
		t.Logf("%-30s numerator %d, excluded %d (defines exclusions: %v)", measure, m.numerator, m.excluded, excludes)
		if m.numerator < least || excludes && m.excluded < least {
			t.Errorf("%s: %d in the numerator and %d excluded, want %d each", measure, m.numerator, m.excluded, least)
		}
	}
}

// sourceIDs are the ids of an export's patients and encounters, as Type/id.
func sourceIDs(t testing.TB, export string) (ids [][2]string) {
	t.Helper()
	for _, typ := range []string{"Patient", "Encounter"} {
		files, err := filepath.Glob(filepath.Join(export, typ+"*.ndjson.gz"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files of %s: %v", typ, err)
		}
		for _, name := range files {
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			z, err := gzip.NewReader(f)
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(z)
			lines.Buffer(nil, 1<<24)
			for lines.Scan() {
				var r struct{ ID string }
				if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
					t.Fatal(err)
				}
				ids = append(ids, [2]string{typ, r.ID})
			}
			if err := lines.Err(); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
	}
	return ids
}

// resultsByID are the rows of subjects and of cohorts, a line each, with the ids of the source in place of
// pseudonyms, in order.
func resultsByID(t *testing.T, p project, ids [][2]string) []string {
	t.Helper()
	key, err := datasets.ReadKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]string, len(ids))
	for _, id := range ids {
		names[datasets.PseudonymOf(key, "main", id[0], id[1]).String()] = id[0] + "/" + id[1]
	}
	var lines []string
	// The day on which a person entered a cohort is sealed in results of a shifted extract; its year counts in the incidence.
	for _, table := range []string{"subject", "cohort_member", "cohort_attrition", "cohort_incidence"} {
		rows := p.table(table)
		if len(rows) == 0 {
			t.Fatalf("no rows in %s", table)
		}
		for _, row := range rows {
			for _, column := range []string{"pid", "episode"} {
				if row[column] == "" {
					continue
				}
				name := names[row[column]]
				if name == "" {
					t.Fatalf("%s: a %s that is of nobody in the export", table, column)
				}
				row[column] = name
			}
			var columns []string
			for column, value := range row {
				if column != "index_date" && !strings.HasSuffix(column, "_seal") {
					columns = append(columns, column+"="+value)
				}
			}
			slices.Sort(columns)
			lines = append(lines, table+" "+strings.Join(columns, " "))
		}
	}
	slices.Sort(lines)
	return lines
}

// sameResults compares results, and shows the first rows that differ.
func sameResults(t *testing.T, key int, want, got []string) {
	t.Helper()
	if slices.Equal(want, got) {
		return
	}
	shown := 0
	for i, j := 0, 0; (i < len(want) || j < len(got)) && shown < 6; {
		switch {
		case j == len(got) || i < len(want) && cmp.Compare(want[i], got[j]) < 0:
			t.Errorf("key %d: only with true dates: %s", key, want[i])
			i++
			shown++
		case i == len(want) || cmp.Compare(want[i], got[j]) > 0:
			t.Errorf("key %d: only shifted: %s", key, got[j])
			j++
			shown++
		default:
			i++
			j++
		}
	}
}
