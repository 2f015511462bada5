package scale_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"farr/datasets"
	"farr/datasets/scale"
	"farr/internal/duck"
	"farr/internal/synth"
)

// bench is a store with two extracts of a small export, and their key.
type bench struct {
	store *datasets.Store
	key   *datasets.Key
	old   map[string]*datasets.Snapshot // by profile
}

var profiles = []string{"limited", "shifted"}

const originals = 40

func newBench(t *testing.T) bench {
	t.Helper()
	dir := t.TempDir()
	export := filepath.Join(dir, "export")
	_, err := synth.Generate(t.Context(), synth.Options{Patients: originals, Seed: 7, Sites: 3, Out: export,
		Start: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	b := bench{old: map[string]*datasets.Snapshot{}}
	if b.store, err = datasets.CreateStore(t.Context(), filepath.Join(dir, "store")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.store.Close() })
	if b.key, err = datasets.CreateKey(filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	for _, profile := range profiles {
		// In this zone clocks change, so some dates are sealed in profile limited too.
		report, err := datasets.Extract(t.Context(), b.store, datasets.ExtractRequest{
			Source: export, Key: b.key, Profile: profile, Zone: "America/New_York"})
		if err != nil {
			t.Fatal(err)
		}
		if b.old[profile], err = b.store.Open(report.Snapshot); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b bench) replicate(t *testing.T, profile string, r scale.Request) *datasets.Snapshot {
	t.Helper()
	r.From, r.To, r.Key = b.old[profile], b.store, b.key
	report, err := scale.Replicate(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	sn, err := b.store.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return sn
}

// views opens a snapshot with true dates.
func (b bench) views(t *testing.T, sn *datasets.Snapshot) *duck.Session {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Config{AllowedDirs: []string{b.store.ObjectsDir()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := datasets.Attach(t.Context(), db, sn, b.key, datasets.ObservationIssued); err != nil {
		t.Fatal(err)
	}
	return db
}

func ask(t *testing.T, db *duck.Session, sql string) string {
	t.Helper()
	var text string
	if err := db.QueryRow(t.Context(), sql, "SELECT coalesce(CAST(("+sql+") AS VARCHAR), 'NULL')", &text); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return text
}

// noIDs are the columns that are the same in a replica when nothing is altered.
const noIDs = "c NOT IN ('pid', 'rid', 'person_no', 'label') AND c NOT LIKE '%_rid'"

// contents is a line a table: its rows, and a sum over the columns c that are wanted.
func contents(t *testing.T, db *duck.Session, sn *datasets.Snapshot, columns string) string {
	t.Helper()
	var lines []string
	for _, table := range sn.Manifest().Tables {
		lines = append(lines, table.Name+" "+ask(t, db,
			"SELECT (count(*), sum(hash(t)))::VARCHAR FROM (SELECT COLUMNS(c -> "+columns+") FROM fhir."+table.Name+") t"))
	}
	return strings.Join(lines, "\n")
}

// TestExactReplicas holds that as many patients, with nothing altered, are the same records under new ids.
func TestExactReplicas(t *testing.T) {
	b := newBench(t)
	for _, profile := range profiles {
		t.Run(profile, func(t *testing.T) {
			sn := b.replicate(t, profile, scale.Request{Patients: originals, Seed: 1})
			was, is := b.views(t, b.old[profile]), b.views(t, sn)
			if old, now := contents(t, was, b.old[profile], noIDs), contents(t, is, sn, noIDs); old != now {
				t.Errorf("was\n%s\nis\n%s", old, now)
			}
			for _, join := range []string{
				"SELECT count(*) FROM observation o JOIN encounter e ON e.rid = o.encounter_rid AND e.pid = o.pid",
				"SELECT count(*) FROM encounter e JOIN organization o ON o.rid = e.service_provider_rid",
				"SELECT count(*) FROM observation_component c JOIN observation o ON o.rid = c.rid AND o.pid = c.pid",
				"SELECT count(*) FROM patient WHERE pid = rid",
			} {
				if old, now := ask(t, was, join), ask(t, is, join); old != now || old == "0" {
					t.Errorf("%s: was %s, is %s", join, old, now)
				}
			}
			seen := "SELECT list(pid ORDER BY pid)::VARCHAR FROM patient"
			if ask(t, was, seen) == ask(t, is, seen) {
				t.Error("the patients have their old pids")
			}
		})
	}
}

// TestReplicasDiffer holds what changes, that equal requests make equal bytes, and that true dates are the same
// under both profiles.
func TestReplicasDiffer(t *testing.T) {
	const patients, heavy = 320, 5000
	b := newBench(t)
	request := scale.Request{Patients: patients, Seed: 3, Changes: scale.DefaultChanges(), Heavy: heavy}
	pids := "SELECT sum(hash(pid)) FROM patient"
	made := map[string]string{}
	for _, profile := range profiles {
		sn := b.replicate(t, profile, request)
		if again := b.replicate(t, profile, request); again.ID() != sn.ID() {
			t.Errorf("%s: equal requests made %s and %s", profile, sn.ID(), again.ID())
		}
		was, is := b.views(t, b.old[profile]), b.views(t, sn)
		made["pids"] = ask(t, is, pids)
		made[profile] = ask(t, is, `SELECT (sum(hash(e)), count(*), (SELECT sum(hash(o)) FROM (SELECT rid, effective_start_lo, encounter_rid, value_num FROM observation) o),
(SELECT sum(hash(c)) FROM (SELECT rid, period_start_lo, period_end_hi FROM coverage) c))::VARCHAR
FROM (SELECT pid, rid, period_start_lo, period_end_hi, service_provider_rid FROM encounter) e`)
		for sql, want := range map[string]string{
			"SELECT count(DISTINCT pid) FROM patient":                                                       fmt.Sprint(patients),
			"SELECT count(*) FROM observation_component c ANTI JOIN observation o ON o.rid = c.rid":         "0",
			"SELECT max(n) BETWEEN 4800 AND 6500 FROM (SELECT count(*) AS n FROM observation GROUP BY pid)": "true",
			"SELECT count(DISTINCT rid) = count(*) FROM encounter":                                          "true",
			"SELECT count(DISTINCT rid) = count(*) FROM observation":                                        "true",
			"SELECT count(DISTINCT (rid, ordinal)) = count(*) FROM observation_component":                   "true",
		} {
			if got := ask(t, is, sql); got != want {
				t.Errorf("%s: %s: got %s, want %s", profile, sql, got, want)
			}
		}
		// One number of days for all dates: who died lived as long as somebody before.
		span := "SELECT list_sort(list(DISTINCT date_diff('day', birth_date, deceased_start::DATE)))::VARCHAR FROM patient"
		if old, now := ask(t, was, span), ask(t, is, span); old != now || old == "NULL" || old == "[]" {
			t.Errorf("%s: days of life were %s and are %s", profile, old, now)
		}
		births := "SELECT count(DISTINCT birth_date) > 2 * 40 FROM patient"
		if ask(t, was, births) != "false" || ask(t, is, births) != "true" {
			t.Errorf("%s: nobody's dates moved", profile)
		}
		ended := "SELECT count(period_end) / count(*) FROM encounter"
		if ask(t, is, "SELECT "+ask(t, was, ended)+" - ("+ended+") BETWEEN 0.003 AND 0.02") != "true" {
			t.Errorf("%s: of the encounters %s have an end, and had %s", profile, ask(t, is, ended), ask(t, was, ended))
		}
		// Each of the old population eight times, whoever comes first by pseudonym, less what is dropped.
		share := "SELECT count(*) FROM condition"
		if got := ask(t, is, "SELECT ("+share+") / ("+ask(t, was, share)+" * 8) BETWEEN 0.95 AND 0.999"); got != "true" {
			t.Errorf("%s: %s conditions were %s", profile, ask(t, is, share), ask(t, was, share))
		}
	}
	if made["limited"] != made["shifted"] {
		t.Errorf("limited has %s, shifted %s", made["limited"], made["shifted"])
	}
	request.Seed++
	if ask(t, b.views(t, b.replicate(t, "limited", request)), pids) == made["pids"] {
		t.Error("another seed made the same patients")
	}
}

// TestRowsAreInOrder holds the order at rest: by pid in buckets, by date, by rid.
func TestRowsAreInOrder(t *testing.T) {
	b := newBench(t)
	sn := b.replicate(t, "shifted", scale.Request{Patients: 4000, Seed: 3, Changes: scale.DefaultChanges()})
	db, err := duck.Open(t.Context(), duck.Config{AllowedDirs: []string{b.store.ObjectsDir()}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := datasets.AttachTables(t.Context(), db, sn, "rest"); err != nil {
		t.Fatal(err)
	}
	for table, date := range map[string]string{"encounter": "period_start", "observation": "effective_start", "medication_request": "authored_on"} {
		n := ask(t, db, fmt.Sprintf(`SELECT count(*) FROM (SELECT pid, %[2]s AS d, rid, lag(pid) OVER w AS p1, lag(%[2]s) OVER w AS d1, lag(rid) OVER w AS r1
FROM (SELECT *, row_number() OVER () AS n FROM rest.%[1]s) WINDOW w AS (ORDER BY n))
WHERE p1 > pid OR p1 = pid AND (d1 > d OR d1 IS NOT NULL AND d IS NULL OR d1 = d AND r1 >= rid)`, table, date))
		if n != "0" {
			t.Errorf("%s: %s rows are not in order", table, n)
		}
	}
	observation, _ := sn.Table("observation")
	if len(observation.Objects) < 2 {
		t.Errorf("%d objects, 2 or more are wanted", len(observation.Objects))
	}
	for i, o := range observation.Objects {
		got := ask(t, db, "SELECT left(min(pid)::VARCHAR, 2) || ' ' || left(max(pid)::VARCHAR, 2) FROM read_parquet("+duck.Quote(sn.Paths("observation")[i])+")")
		var low, high int
		if _, err := fmt.Sscanf(got, "%x %x", &low, &high); err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		if low>>2 < o.LowBucket || high>>2 > o.HighBucket {
			t.Errorf("object %d has pids from %02x to %02x and says buckets %d to %d", i, low, high, o.LowBucket, o.HighBucket)
		}
	}
}
