package datasets

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"farr/datasets/internal/deid"
	"farr/internal/duck"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

// The tables at rest that the tests write by hand, in the layout of an extract.
type (
	date struct { // a date element at rest
		Value *int64
		Prec  *int32
		Seal  []byte
	}
	patientRow struct {
		PID       [16]byte `parquet:"pid,uuid"`
		RID       [16]byte `parquet:"rid,uuid"`
		Gender    *string  `parquet:"gender,optional"`
		Birth     *int64   `parquet:"birth_date,optional,timestamp(millisecond:local)"`
		BirthPrec *int32   `parquet:"birth_date_prec,optional"`
		BirthSeal []byte   `parquet:"birth_date_seal,optional"`
		ShiftSeal []byte   `parquet:"shift_seal,optional"`
		Updated   []byte   `parquet:"updated_seal,optional"`
	}
	traitRow struct {
		PID     [16]byte `parquet:"pid,uuid"`
		RID     [16]byte `parquet:"rid,uuid"`
		Ordinal int32    `parquet:"ordinal"`
		URL     string   `parquet:"url"`
		Code    *string  `parquet:"value_code,optional"`
	}
	encounterRow struct {
		PID       [16]byte `parquet:"pid,uuid"`
		RID       [16]byte `parquet:"rid,uuid"`
		Status    *string  `parquet:"status,optional"`
		Start     *int64   `parquet:"period_start,optional,timestamp(millisecond:local)"`
		StartPrec *int32   `parquet:"period_start_prec,optional"`
		StartSeal []byte   `parquet:"period_start_seal,optional"`
	}
	spanRow struct {
		PID       [16]byte `parquet:"pid,uuid"`
		Ordinal   int32    `parquet:"ordinal"`
		Start     *int64   `parquet:"period_start,optional,timestamp(millisecond:local)"`
		StartPrec *int32   `parquet:"period_start_prec,optional"`
		StartSeal []byte   `parquet:"period_start_seal,optional"`
		End       *int64   `parquet:"period_end,optional,timestamp(millisecond:local)"`
		EndPrec   *int32   `parquet:"period_end_prec,optional"`
		EndSeal   []byte   `parquet:"period_end_seal,optional"`
	}
	placeRow struct {
		RID   [16]byte `parquet:"rid,uuid"`
		Label *string  `parquet:"label,optional"`
	}
)

// columnsOf is a row type's schema as a manifest has it.
func columnsOf[T any]() []Column {
	var columns []Column
	for _, f := range parquet.SchemaOf(new(T)).Fields() {
		typ := map[string]Type{"UUID": UUID, "STRING": Varchar, "BOOLEAN": Boolean, "INT32": Int32, "INT64": Int64, "INT(32,true)": Int32,
			"TIMESTAMP(isAdjustedToUTC=false,unit=MILLIS)": Timestamp, "BYTE_ARRAY": Blob}[f.Type().String()]
		if typ == "" {
			panic("column " + f.Name() + " of type " + f.Type().String())
		}
		columns = append(columns, Column{f.Name(), typ})
	}
	return columns
}

func putRows[T any](t testing.TB, g *Staging, m *Manifest, table string, rows ...T) {
	t.Helper()
	m.Tables = append(m.Tables, Table{Name: table, Columns: columnsOf[T]()})
	half := (len(rows) + 1) / 2 // two objects where there are two rows
	for i, part := range [][]T{rows[:half], rows[half:]} {
		if len(part) == 0 {
			continue
		}
		var file bytes.Buffer
		w := parquet.NewGenericWriter[T](&file, parquet.Compression(&parquet.Zstd))
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		o, err := g.Create(table, 32*i, 32*i+31)
		if err != nil {
			t.Fatal(err)
		}
		o.Write(file.Bytes())
		if err := o.Close(int64(len(part))); err != nil {
			t.Fatal(err)
		}
	}
}

func testKey(t testing.TB) *deid.Key {
	t.Helper()
	var text bytes.Buffer
	if err := deid.NewKey(&text); err != nil {
		t.Fatal(err)
	}
	key, err := deid.ParseKey(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// writer writes the same small population in either profile.
type writer struct {
	t       testing.TB
	key     *deid.Key
	sealer  *deid.Sealer
	shifts  *deid.Shifter
	profile deid.Profile
}

// date is a date element at rest. how is "open" for a value that stands open
// (moved, if the profile moves), "anchor" for one that only shifted seals, and an
// offset in minutes for one that the zone does not give back.
func (w writer) date(table, column string, ordinal int32, pid, rid deid.ID, wall string, how any) date {
	layout := map[int]string{4: "2006", 7: "2006-01", 10: "2006-01-02", 16: "2006-01-02T15:04", 19: "2006-01-02T15:04:05", 23: "2006-01-02T15:04:05.000"}[len(wall)]
	at, err := time.Parse(layout, wall)
	if err != nil {
		w.t.Fatal(err)
	}
	prec := map[int]int32{4: 1, 7: 2, 10: 3, 16: 4, 19: 5, 23: 6}[len(wall)]
	value := deid.Value{WallMs: at.UnixMilli(), Prec: deid.Precision(prec)}
	offset, ambiguous := how.(int)
	if ambiguous {
		value.HasOffset, value.OffsetMinutes = true, int16(offset)
	}
	if ambiguous || how == "anchor" && w.profile == deid.Shifted {
		return date{nil, &prec, w.sealer.Seal(nil, deid.Place{Table: table, Column: column, Ordinal: ordinal, PID: pid, RID: rid}, value)}
	}
	if w.profile == deid.Shifted {
		value.WallMs -= w.shifts.Days(pid) * deid.DayMs
	}
	return date{&value.WallMs, &prec, nil}
}

func id(n byte) deid.ID { return deid.ID{0: n, 15: n} }

func text(s string) *string { return &s }

// publishPopulation writes three persons and one stranger, who is in no patient row.
func publishPopulation(t testing.TB, s *Store, key *deid.Key, profile deid.Profile, zone string) *Snapshot {
	t.Helper()
	w := writer{t, key, deid.NewSealer(key), deid.NewShifter(key), profile}
	m := Manifest{Kind: "extract", Recipe: map[string]any{RecipeProfile: string(profile), RecipeZone: zone, RecipeKey: key.ID()}}
	m.Key, _ = KeyOf(m.Kind, m.Recipe, nil)
	g, err := s.Begin(t.Context(), "extract")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()

	patient := func(n byte, born string, how any) patientRow {
		d := w.date("patient", "birth_date", 0, id(n), id(n), born, how)
		shift := w.sealer.Seal(nil, deid.Place{Table: "patient", Column: "shift", PID: id(n), RID: id(n)}, deid.Value{WallMs: w.shifts.Days(id(n))})
		if profile == deid.Limited {
			shift = nil
		}
		return patientRow{id(n), id(n), text("female"), d.Value, d.Prec, d.Seal, shift, []byte("closed")}
	}
	putRows(t, g, &m, "patient", patient(1, "1960-02-29", "open"), patient(2, "1931-05-06", "anchor"), patient(3, "1980", "anchor"))
	putRows(t, g, &m, "patient_extension",
		traitRow{id(1), id(1), 0, "race", text("2054-5")}, traitRow{id(1), id(1), 1, "race", text("2106-3")},
		traitRow{id(1), id(1), 2, "ethnicity", text("2135-2")}, traitRow{id(1), id(1), 3, "birthsex", text("F")},
		traitRow{id(2), id(2), 0, "race", text("2106-3")}, traitRow{id(2), id(2), 1, "race", text("2106-3")},
		traitRow{id(3), id(3), 0, "race", nil})
	encounter := func(n, visit byte, start string, how any) encounterRow {
		d := w.date("encounter", "period_start", 0, id(n), id(visit), start, how)
		return encounterRow{id(n), id(visit), text("finished"), d.Value, d.Prec, d.Seal}
	}
	putRows(t, g, &m, "encounter",
		encounter(1, 11, "2024-03-10T01:59:59.500", "open"),
		encounter(1, 12, "2024-07-01T08:30:00", "open"),
		encounter(2, 13, "2024-11-03T01:30:00", -300), // the second 01:30 of that night
		encounter(2, 14, "2024-11-03", "open"),        // a day of 25 hours
		encounter(3, 15, "2024-02", "anchor"),
		encounter(3, 16, "2024-01-15T08:30", "open"),
		encounterRow{PID: id(3), RID: id(17)},
		encounter(9, 18, "2024-01-15", "open"))
	span := func(n byte, ordinal int32, start, end string) spanRow {
		a := w.date("observation_period", "period_start", ordinal, id(n), deid.ID{}, start, "anchor")
		b := w.date("observation_period", "period_end", ordinal, id(n), deid.ID{}, end, "anchor")
		return spanRow{id(n), ordinal, a.Value, a.Prec, a.Seal, b.Value, b.Prec, b.Seal}
	}
	putRows(t, g, &m, "observation_period", span(1, 0, "2022-01-01", "2022-12-31"), span(1, 1, "2024-01-01", "2024-12-31"), span(2, 0, "2023-05-01", "2024-12-31"))
	putRows[placeRow](t, g, &m, "location")
	putRows(t, g, &m, "organization", placeRow{id(0xf4), nil}, placeRow{id(2), text("North Clinic")})
	sn, err := g.Publish(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return sn
}

func attachTest(t testing.TB, sn *Snapshot, key *deid.Key, open ...string) (*duck.Session, error) {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Config{AllowedDirs: []string{sn.Store().ObjectsDir()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db, Attach(t.Context(), db, sn, key, open...)
}

// dump is a query's rows as text.
func dump(t testing.TB, db *duck.Session, sql string) []string {
	t.Helper()
	var columns int
	if err := db.QueryRow(t.Context(), "columns", "SELECT count(*) FROM (DESCRIBE "+sql+")", &columns); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(t.Context(), "dump", sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		values := make([]any, columns)
		into := make([]any, columns)
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, v := range values {
			switch v := v.(type) {
			case time.Time:
				words = append(words, v.Format("2006-01-02T15:04:05.999"))
			case []byte:
				words = append(words, hex.EncodeToString(v[15:]))
			default:
				words = append(words, fmt.Sprint(v))
			}
		}
		lines = append(lines, strings.Join(words, " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// The expected rows are true local times and UTC bounds, worked out by hand for
// America/New_York: both profiles must give exactly these.
var populationViews = map[string][]string{
	"SELECT pid, gender, birth_date, birth_date_prec, race, ethnicity, birth_sex FROM patient ORDER BY pid": {
		"01 female 1960-02-29T00:00:00 3 multiple 2135-2 F",
		"02 female 1931-05-06T00:00:00 3 2106-3 <nil> <nil>",
		"03 female 1980-01-01T00:00:00 1 <nil> <nil> <nil>",
	},
	"SELECT birth_date_lo, birth_date_hi FROM patient ORDER BY pid": {
		"1960-02-29T05:00:00 1960-03-01T04:59:59.999",
		"1931-05-06T04:00:00 1931-05-07T03:59:59.999",
		"1980-01-01T05:00:00 1981-01-01T04:59:59.999",
	},
	"SELECT rid, status, period_start, period_start_prec, period_start_lo, period_start_hi FROM encounter ORDER BY rid": {
		"0b finished 2024-03-10T01:59:59.5 6 2024-03-10T06:59:59.5 2024-03-10T06:59:59.5",
		"0c finished 2024-07-01T08:30:00 5 2024-07-01T12:30:00 2024-07-01T12:30:00",
		"0d finished 2024-11-03T01:30:00 5 2024-11-03T06:30:00 2024-11-03T06:30:00",
		"0e finished 2024-11-03T00:00:00 3 2024-11-03T04:00:00 2024-11-04T04:59:59.999",
		"0f finished 2024-02-01T00:00:00 2 2024-02-01T05:00:00 2024-03-01T04:59:59.999",
		"10 finished 2024-01-15T08:30:00 4 2024-01-15T13:30:00 2024-01-15T13:30:59.999",
		"11 <nil> <nil> <nil> <nil> <nil>",
	},
	"FROM observation_period ORDER BY ALL": {
		"01 0 2022-01-01T00:00:00 2022-12-31T00:00:00",
		"01 1 2024-01-01T00:00:00 2024-12-31T00:00:00",
		"02 0 2023-05-01T00:00:00 2024-12-31T00:00:00",
	},
	"SELECT label FROM organization ORDER BY ALL":                                         {"North Clinic", "site-f4000000"},
	"SELECT count(*), min(label) FROM location":                                           {"0 <nil>"},
	"SELECT typeof(birth_date), typeof(birth_date_lo) FROM patient LIMIT 1":               {"DATE TIMESTAMP"},
	"SELECT DISTINCT column_name FROM (DESCRIBE patient) WHERE column_name LIKE '%seal%'": nil,
}

func TestAttachGivesTrueDates(t *testing.T) {
	key := testKey(t)
	for _, profile := range []deid.Profile{deid.Shifted, deid.Limited} {
		t.Run(string(profile), func(t *testing.T) {
			s := openTestStore(t, t.TempDir())
			db, err := attachTest(t, publishPopulation(t, s, key, profile, "America/New_York"), key)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Lock(t.Context()); err != nil {
				t.Fatal(err)
			}
			for sql, want := range populationViews {
				if diff := cmp.Diff(want, dump(t, db, sql)); diff != "" {
					t.Errorf("%s: (-want +got)\n%s", sql, diff)
				}
			}
		})
	}
}

// The zone UTC takes another path, without conversion.
func TestAttachInUTC(t *testing.T) {
	key := testKey(t)
	s := openTestStore(t, t.TempDir())
	db, err := attachTest(t, publishPopulation(t, s, key, deid.Shifted, "UTC"), key)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"2024-01-15T08:30:00 2024-01-15T08:30:00 2024-01-15T08:30:59.999"}
	got := dump(t, db, "SELECT period_start, period_start_lo, period_start_hi FROM encounter WHERE period_start_prec = 4")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAttachRefuses(t *testing.T) {
	key := testKey(t)
	s := openTestStore(t, t.TempDir())
	shifted := publishPopulation(t, s, key, deid.Shifted, "UTC")
	limited := publishPopulation(t, s, key, deid.Limited, "UTC")
	for name, c := range map[string]struct {
		sn   *Snapshot
		key  *deid.Key
		want Code
	}{
		"shifted without key":                    {shifted, nil, CodeKeyRequired},
		"limited without key but with seals":     {limited, nil, CodeKeyRequired},
		"another key":                            {shifted, testKey(t), CodeWrongKey},
		"limited and another key":                {limited, testKey(t), CodeWrongKey},
		"not an extract":                         {resultsOf(t, s), key, CodeBadManifest},
		"a seal that was moved from another row": {misplaced(t, s, key), key, CodeWrongKey},
		"a patient whose shift is not with them": {shiftless(t, s, key), key, CodeBadManifest},
	} {
		_, err := attachTest(t, c.sn, c.key)
		if CodeOf(err) != c.want {
			t.Errorf("%s: %v, want code %s", name, err, c.want)
		}
	}
}

func publishRows[T any](t testing.TB, s *Store, kind string, recipe map[string]any, table string, rows ...T) *Snapshot {
	t.Helper()
	g, err := s.Begin(t.Context(), kind)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	m := Manifest{Kind: kind, Recipe: recipe}
	m.Key, _ = KeyOf(kind, recipe, nil)
	putRows(t, g, &m, table, rows...)
	sn, err := g.Publish(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return sn
}

func shiftedRecipe(key *deid.Key) map[string]any {
	return map[string]any{RecipeProfile: "shifted", RecipeZone: "UTC", RecipeKey: key.ID()}
}

func resultsOf(t testing.TB, s *Store) *Snapshot {
	return publishRows(t, s, "results", nil, "patient", patientRow{PID: id(1), RID: id(1)})
}

func misplaced(t testing.TB, s *Store, key *deid.Key) *Snapshot {
	other := deid.NewSealer(key).Seal(nil, deid.Place{Table: "patient", Column: "shift", PID: id(2), RID: id(2)}, deid.Value{WallMs: 5})
	return publishRows(t, s, "extract", shiftedRecipe(key), "patient", patientRow{PID: id(1), RID: id(1), ShiftSeal: other})
}

func shiftless(t testing.TB, s *Store, key *deid.Key) *Snapshot {
	return publishRows(t, s, "extract", shiftedRecipe(key), "patient", patientRow{PID: id(1), RID: id(1)})
}

// The engine itself notices nothing; Attach must.
func TestAttachNoticesDamage(t *testing.T) {
	key := testKey(t)
	s := openTestStore(t, t.TempDir())
	sn := publishPopulation(t, s, key, deid.Shifted, "UTC")
	flipBit(t, sn.Paths("encounter")[1], 100)
	_, err := attachTest(t, sn, key)
	wantCode(t, err, CodeDamagedObject)
	if !IsIntegrity(err) {
		t.Errorf("%v is no integrity error", err)
	}
}

func TestAttachTables(t *testing.T) {
	s := openTestStore(t, t.TempDir())
	sn := mustPublish(t, s, "x")
	db, err := duck.Open(t.Context(), duck.Config{AllowedDirs: []string{s.ObjectsDir()}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := AttachTables(t.Context(), db, sn, "results"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1 x", "2 y"}, dump(t, db, "FROM results.tiny ORDER BY a")); diff != "" {
		t.Error(diff)
	}
}

// A column that a query does not name is not read, and a date that it does not
// name is not computed: this is what makes wide views affordable.
func TestUnusedColumnsCostNothing(t *testing.T) {
	key := testKey(t)
	s := openTestStore(t, t.TempDir())
	db, err := attachTest(t, publishPopulation(t, s, key, deid.Shifted, "America/New_York"), key)
	if err != nil {
		t.Fatal(err)
	}
	explain := func(sql string) string {
		rows, err := db.Query(t.Context(), "explain", "EXPLAIN "+sql)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var kind, plan string
		for rows.Next() {
			if err := rows.Scan(&kind, &plan); err != nil {
				t.Fatal(err)
			}
		}
		return plan
	}
	plan := explain("SELECT count(*) FROM encounter WHERE status = 'finished'")
	if strings.Contains(plan, "period_start") || strings.Contains(plan, "days") {
		t.Errorf("a count reads dates:\n%s", plan)
	}
	plan = explain("SELECT max(period_start_lo) FROM encounter")
	if !strings.Contains(plan, "period_start") || !strings.Contains(plan, "days") {
		t.Errorf("the plan does not show what is read, so this test shows nothing:\n%s", plan)
	}
}

func TestAttachStopsWithItsContext(t *testing.T) {
	key := testKey(t)
	s := openTestStore(t, t.TempDir())
	sn := publishPopulation(t, s, key, deid.Shifted, "UTC")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	db, err := duck.Open(t.Context(), duck.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := Attach(ctx, db, sn, key); err == nil || ctx.Err() == nil {
		t.Errorf("error %v", err)
	}
}
