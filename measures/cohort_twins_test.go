package measures

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"farr/datasets"
	"farr/internal/synth"
)

// twins are the folder's cohorts, each with those that say the same in another way.
var twins = map[string][]string{
	"new-treatment": {"new-treatment-cql", "new-treatment-sql", "new-treatment-mixed"},
	"emergency":     {"emergency-cql", "emergency-sql"},
}

// The same cohort in YAML, in CQL and in SQL has the same people and index dates, and each rule
// passes the same, on 200 random populations and on a synthetic export.
func TestCohortTwins(t *testing.T) {
	library, err := LoadLibrary("testdata/twins")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("random populations", func(t *testing.T) {
		const populations, size = 200, 8
		s := newStudy(t, twinExport(t, 17, populations, size), testKey(t), "shifted")
		compareTwins(t, s, library)
	})
	t.Run("synthetic", func(t *testing.T) {
		export := filepath.Join(t.TempDir(), "export")
		_, err := synth.Generate(t.Context(), synth.Options{
			Patients: 1000, Seed: 3, Sites: 3, Out: export,
			Start: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC),
		})
		if err != nil {
			t.Fatal(err)
		}
		compareTwins(t, newStudy(t, export, testKey(t), "shifted"), library)
	})
}

func compareTwins(t *testing.T, s study, library *Library) {
	t.Helper()
	cohorts := []string{}
	for id, others := range twins {
		cohorts = append(append(cohorts, id), others...)
	}
	_, results := s.run(t, func(r *Request) {
		r.Library, r.Measures, r.Cohorts = library, []string{}, cohorts
	})
	for id, others := range twins {
		want := entriesOf(t, results, s.key, id)
		rules := 0
		for _, d := range results.Definitions() {
			if d.ID == id {
				rules = len(d.Rules)
			}
		}
		in := 0
		passed := make([]int, rules)
		for _, mask := range want {
			if mask == passesAll(rules-1) {
				in++
			}
			for i := range rules {
				passed[i] += int(mask >> i & 1)
			}
		}
		t.Logf("%s: %d entries, %d in; each rule passes %v", id, len(want), in, passed)
		if in == 0 || in == len(want) {
			t.Errorf("%s has %d of %d entries in: it tells nothing", id, in, len(want))
		}
		for i := 1; i < rules; i++ {
			if passed[i] == 0 || passed[i] == len(want) {
				t.Errorf("%s: rule %d passes %d of %d entries: it tells nothing", id, i, passed[i], len(want))
			}
		}
		for _, other := range others {
			if diff := cmp.Diff(want, entriesOf(t, results, s.key, other)); diff != "" {
				t.Errorf("%s and %s (-YAML +twin):\n%.3000s", id, other, diff)
			}
		}
	}
}

// entriesOf are a cohort's entries: person and index date, and the rules that they pass.
func entriesOf(t *testing.T, r *Results, key *datasets.Key, id string) map[string]int64 {
	t.Helper()
	db, err := r.session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(t.Context(), "entries", "SELECT pid, index_seal, rules_passed FROM results.cohort_member WHERE cohort = ?", id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	sealer := datasets.NewDaySealer(key, tableMember, memberColumn)
	entries := map[string]int64{}
	for rows.Next() {
		var pid, sealed []byte
		var mask int64
		if err := rows.Scan(&pid, &sealed, &mask); err != nil {
			t.Fatal(err)
		}
		index, err := sealer.Open(uuid.UUID(pid), sealed)
		if err != nil {
			t.Fatal(err)
		}
		entries[fmt.Sprint(uuid.UUID(pid), " ", day(index))] = mask
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return entries
}

// Twins could all be wrong together: the same cases, worked out by hand at the edges of each rule,
// hold each of them.
func TestCohortTwinsCases(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/twins")); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for id, others := range twins {
		text, err := os.ReadFile("testdata/twins-cases/" + id + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range append([]string{id}, others...) {
			ids = append(ids, one)
			writeFiles(t, dir, oneFile(one+"/cases/edges.yaml", string(text)))
		}
	}
	library, err := LoadLibrary(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := library.Assure(t.Context(), AssuranceRequest{Cohorts: ids})
	if err != nil {
		t.Fatal(err)
	}
	if r.Passed != len(ids) {
		t.Errorf("%d of %d passed: %v", r.Passed, len(ids), r.Err())
	}
}
