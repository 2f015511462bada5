package datasets

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"farr/datasets/internal/deid"
	"farr/internal/duck"
)

// BenchmarkAttach opens a store of 50,000 persons, 2 million encounters and
// 100,000 sealed periods, and then asks it two questions.
func BenchmarkAttach(b *testing.B) {
	const persons, encounters = 50_000, 2_000_000
	key := testKey(b)
	s := openTestStore(b, b.TempDir())
	sn := publishMany(b, s, key, persons, encounters)
	for _, q := range []struct{ name, sql string }{
		{"views", ""},
		{"count", "SELECT count(*) FROM encounter WHERE status = 'finished'"},
		{"dates", "SELECT count(*) FROM encounter WHERE period_start >= TIMESTAMP '2024-01-01'"},
		{"bounds", "SELECT max(period_start_lo), max(period_start_hi) FROM encounter"},
	} {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				db, err := duck.Open(b.Context(), duck.Config{AllowedDirs: []string{s.ObjectsDir()}})
				if err != nil {
					b.Fatal(err)
				}
				if q.sql == "" {
					b.StartTimer()
				}
				if err := Attach(b.Context(), db, sn, key); err != nil {
					b.Fatal(err)
				}
				if q.sql != "" {
					b.StartTimer()
					dump(b, db, q.sql)
				}
				b.StopTimer()
				db.Close()
				b.StartTimer()
			}
		})
	}
}

// publishMany writes a large population: encounters by the engine itself, the
// sealed values here.
func publishMany(b *testing.B, s *Store, key *deid.Key, persons, encounters int) *Snapshot {
	b.Helper()
	w := writer{b, key, deid.NewSealer(key), deid.NewShifter(key), deid.Shifted}
	m := Manifest{Kind: "extract", Recipe: map[string]any{RecipeProfile: "shifted", RecipeZone: "America/New_York", RecipeKey: key.ID()}}
	m.Key, _ = KeyOf(m.Kind, m.Recipe, nil)
	g, err := s.Begin(b.Context(), "extract")
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	person := func(i int) (id deid.ID) {
		copy(id[:], fmt.Sprintf("%016x", uint64(i)*0x9e3779b97f4a7c15))
		return id
	}
	patients := make([]patientRow, persons)
	spans := make([]spanRow, 2*persons)
	for i := range patients {
		p := person(i)
		patients[i] = patientRow{PID: p, RID: p, ShiftSeal: w.sealer.Seal(nil, deid.Place{Table: "patient", Column: "shift", PID: p, RID: p}, deid.Value{WallMs: w.shifts.Days(p)})}
		for k := range 2 {
			start := w.date("observation_period", "period_start", int32(k), p, deid.ID{}, "2022-01-01", "anchor")
			end := w.date("observation_period", "period_end", int32(k), p, deid.ID{}, "2024-12-31", "anchor")
			spans[2*i+k] = spanRow{p, int32(k), start.Value, start.Prec, start.Seal, end.Value, end.Prec, end.Seal}
		}
	}
	putRows(b, g, &m, "patient", patients...)
	putRows(b, g, &m, "observation_period", spans...)

	m.Tables = append(m.Tables, Table{Name: "encounter", Columns: columnsOf[encounterRow]()})
	db, err := duck.Open(b.Context(), duck.Config{AllowedDirs: []string{g.Dir()}})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(b.Context(), "persons", "CREATE TABLE person (i INTEGER, pid UUID)"); err != nil {
		b.Fatal(err)
	}
	a, err := db.Appender(b.Context(), "main", "person")
	if err != nil {
		b.Fatal(err)
	}
	for i := range persons {
		if err := a.AppendRow(int32(i), duck.UUID(person(i))); err != nil {
			b.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		b.Fatal(err)
	}
	const slices = 8
	for k := range slices {
		file := filepath.Join(g.Dir(), fmt.Sprintf("%d.parquet", k))
		err := db.Exec(b.Context(), "encounters", fmt.Sprintf(`COPY (
			SELECT pid, CAST(md5(n::VARCHAR) AS UUID) AS rid, 'finished' AS status,
				TIMESTAMP_MS '2020-01-01' + to_seconds(hash(n) %% 157680000) AS period_start, 5::INTEGER AS period_start_prec, NULL::BLOB AS period_start_seal
			FROM range(%d, %d) r(n) JOIN person ON i = n %% %d ORDER BY pid, period_start) TO %s (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 65536)`,
			k*encounters/slices, (k+1)*encounters/slices, persons, duck.Quote(file)))
		if err != nil {
			b.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		w, err := g.Create("encounter", 8*k, 8*k+7)
		if err != nil {
			b.Fatal(err)
		}
		w.Write(data)
		if err := w.Close(int64(encounters / slices)); err != nil {
			b.Fatal(err)
		}
	}
	sn, err := g.Publish(b.Context(), m)
	if err != nil {
		b.Fatal(err)
	}
	return sn
}
