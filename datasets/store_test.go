package datasets

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

type tinyRow struct {
	A int64  `parquet:"a"`
	B string `parquet:"b"`
}

var tinyColumns = []Column{{"a", Int64}, {"b", Varchar}}

func tinyParquet(t testing.TB, rows ...tinyRow) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[tinyRow](&out)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func openTestStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := CreateStore(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// tinyManifest asks for seed; what is asked and what is made need not agree.
func tinyManifest(t testing.TB, seed string) Manifest {
	t.Helper()
	recipe := map[string]any{"seed": seed}
	key, err := KeyOf("extract", recipe, nil)
	if err != nil {
		t.Fatal(err)
	}
	return Manifest{Kind: "extract", Key: key, Recipe: recipe, Facts: map[string]any{"rows": 2},
		Tables: []Table{{Name: "tiny", Columns: tinyColumns}}}
}

// publishTiny prepares and publishes a snapshot of one table with two rows.
func publishTiny(t testing.TB, s *Store, seed string) (*Snapshot, error) {
	t.Helper()
	g, err := s.Begin(t.Context(), "extract")
	if err != nil {
		return nil, err
	}
	defer g.Close()
	w, err := g.Create("tiny", 0, 63)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(tinyParquet(t, tinyRow{1, seed}, tinyRow{2, "y"})); err != nil {
		return nil, err
	}
	if err := w.Close(2); err != nil {
		return nil, err
	}
	return g.Publish(context.Background(), tinyManifest(t, seed))
}

func mustPublish(t testing.TB, s *Store, seed string) *Snapshot {
	t.Helper()
	sn, err := publishTiny(t, s, seed)
	if err != nil {
		t.Fatal(err)
	}
	return sn
}

func wantCode(t *testing.T, err error, want Code) {
	t.Helper()
	if CodeOf(err) != want {
		t.Errorf("error %v has code %q, want %q", err, CodeOf(err), want)
	}
}

// staged lists what is left in staging.
func staged(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "staging"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestPublishAndOpen(t *testing.T) {
	dir := t.TempDir()
	s := openTestStore(t, dir)
	sn := mustPublish(t, s, "x")
	if err := s.SetCurrent(t.Context(), "extract", sn.ID()); err != nil {
		t.Fatal(err)
	}

	again := openTestStore(t, dir)
	for name, open := range map[string]func() (*Snapshot, error){
		"id":      func() (*Snapshot, error) { return again.Open(sn.ID()) },
		"prefix":  func() (*Snapshot, error) { return again.Open(sn.ID()[:8]) },
		"current": func() (*Snapshot, error) { return again.Current("extract") },
		"key":     func() (*Snapshot, error) { return again.ByKey(sn.Manifest().Key) },
	} {
		got, err := open()
		if err != nil {
			t.Fatalf("by %s: %v", name, err)
		}
		if got.ID() != sn.ID() {
			t.Errorf("by %s: snapshot %s, want %s", name, got.ID(), sn.ID())
		}
		if err := got.Check(t.Context()); err != nil {
			t.Errorf("by %s: %v", name, err)
		}
	}
	table, ok := sn.Table("tiny")
	if !ok || table.Rows() != 2 || len(sn.Paths("tiny")) != 1 {
		t.Errorf("table tiny: %v, paths %v", table, sn.Paths("tiny"))
	}
	info, err := os.Stat(sn.Paths("tiny")[0])
	if err != nil || info.Mode().Perm() != 0o444 {
		t.Errorf("object: mode %v, error %v, want -r--r--r--", info.Mode(), err)
	}
	if left := staged(t, dir); len(left) > 0 {
		t.Errorf("staging holds %v", left)
	}
	report, err := s.Verify(t.Context())
	if err != nil || report.Err() != nil || report.Snapshots != 1 || report.Objects != 1 {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

// The ID depends on content alone: not on the time or the folder.
func TestEqualContentHasEqualID(t *testing.T) {
	a, b := openTestStore(t, t.TempDir()), openTestStore(t, t.TempDir())
	first, second, third := mustPublish(t, a, "x"), mustPublish(t, b, "x"), mustPublish(t, a, "x")
	if first.ID() != second.ID() || first.ID() != third.ID() {
		t.Errorf("IDs %s, %s and %s of equal content", first.ID(), second.ID(), third.ID())
	}
	if other := mustPublish(t, a, "z"); other.ID() == first.ID() {
		t.Error("other content has the same ID")
	}
}

func TestLookupsThatFindNothing(t *testing.T) {
	s := openTestStore(t, t.TempDir())
	sn := mustPublish(t, s, "x")
	missing := strings.Repeat("0", 64)
	if got, err := s.ByKey(missing); got != nil || err != nil {
		t.Errorf("unknown key: %v, %v, want nothing", got, err)
	}
	for _, id := range []string{missing, "00000000", sn.ID()[:7], "../../etc", ""} {
		_, err := s.Open(id)
		wantCode(t, err, CodeNotFound)
	}
	for _, name := range []string{"extract", "../snapshots", "a/b"} {
		_, err := s.Current(name)
		wantCode(t, err, CodeNotFound)
	}
	wantCode(t, s.SetCurrent(t.Context(), "extract", missing), CodeNotFound)
	wantCode(t, s.SetCurrent(t.Context(), "../x", sn.ID()), CodeBadManifest)
}

func TestOpenStoreRefuses(t *testing.T) {
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := CreateStore(t.Context(), other)
	wantCode(t, err, CodeNotAStore)
	if names, _ := os.ReadDir(other); len(names) != 1 {
		t.Errorf("a refused folder now holds %v", names)
	}

	newer := t.TempDir()
	openTestStore(t, newer)
	mark := filepath.Join(newer, formatFile)
	os.Chmod(mark, 0o600)
	for text, want := range map[string]Code{`{"format":2}`: CodeStoreFormat, `{`: CodeStoreFormat, `{"format":1}`: ""} {
		if err := os.WriteFile(mark, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := CreateStore(t.Context(), newer)
		wantCode(t, err, want)
	}
}

// Whoever opens a fresh folder first makes the store, and the others find it.
func TestOpenStoreTogether(t *testing.T) {
	for range 40 {
		dir := filepath.Join(t.TempDir(), "store")
		start, errs := make(chan struct{}), make(chan error)
		const openers = 12
		for range openers {
			go func() {
				<-start
				s, err := CreateStore(t.Context(), dir)
				if err == nil {
					s.Close()
				}
				errs <- err
			}()
		}
		close(start)
		for range openers {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		openTestStore(t, dir)
	}
}

// Begin removes what the dead left, and nothing whose lock it cannot ask.
func TestSweepSparesWhatItCannotAsk(t *testing.T) {
	dir := t.TempDir()
	s := openTestStore(t, dir)
	at := func(name ...string) string { return filepath.Join(append([]string{dir, stagingDir}, name...)...) }
	for _, folder := range []string{at("nolock", "objects"), at("asked", "objects")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{at("asked", "lock"), at("file-1")} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, at("link")); err != nil {
		t.Fatal(err)
	}
	g, err := s.Begin(t.Context(), "extract")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if left := staged(t, dir); len(left) != 1 || stagingDir+"/"+left[0] != g.name {
		t.Errorf("staging holds %v", left)
	}
	// A folder where the lock is looks like any error of opening that is not absence.
	if err := os.MkdirAll(at("unknown", "lock"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(t.Context(), "extract"); err == nil {
		t.Error("began beside a staging that could not be asked")
	}
	if left := staged(t, dir); len(left) != 2 {
		t.Errorf("staging holds %v", left)
	}
}

func TestPublishRefuses(t *testing.T) {
	good := tinyParquet(t, tinyRow{1, "x"})
	for name, c := range map[string]struct {
		data   []byte
		rows   int64
		change func(*Manifest)
	}{
		"a wrong row count":    {good, 2, func(*Manifest) {}},
		"bytes not Parquet":    {[]byte("PAR1"), 1, func(*Manifest) {}},
		"a missing column":     {good, 1, func(m *Manifest) { m.Tables[0].Columns = append(m.Tables[0].Columns, Column{"c", Int64}) }},
		"an extra column":      {good, 1, func(m *Manifest) { m.Tables[0].Columns = m.Tables[0].Columns[:1] }},
		"a table not declared": {good, 1, func(m *Manifest) { m.Tables = nil }},
		"a path as table":      {good, 1, func(m *Manifest) { m.Tables[0].Name = "../tiny" }},
		"SQL as column":        {good, 1, func(m *Manifest) { m.Tables[0].Columns[0].Name = `a" --` }},
		"no key":               {good, 1, func(m *Manifest) { m.Key = "" }},
		"another kind":         {good, 1, func(m *Manifest) { m.Kind = "results" }},
		"a fraction":           {good, 1, func(m *Manifest) { m.Facts["share"] = 0.5 }},
		"a kind of no name":    {good, 1, func(m *Manifest) { m.Kind = "Extract" }},
		"an input of no kind":  {good, 1, func(m *Manifest) { m.Inputs = []Input{{ID: strings.Repeat("a", 64)}} }},
		"a table twice":        {good, 1, func(m *Manifest) { m.Tables = append(m.Tables, m.Tables[0]) }},
		"an unknown type":      {good, 1, func(m *Manifest) { m.Tables[0].Columns[0].Type = "int128" }},
		"a table of nothing":   {good, 1, func(m *Manifest) { m.Tables = append(m.Tables, Table{Name: "empty"}) }},
		"an object of no hash": {good, 1, func(m *Manifest) { m.Tables[0].Objects = []Object{{SHA256: "x"}} }},
		"no JSON":              {good, 1, func(m *Manifest) { m.Facts["f"] = func() {} }},
		"an object not there":  {good, 1, func(m *Manifest) { m.Tables[0].Objects = []Object{{SHA256: strings.Repeat("a", 64), Bytes: 1}} }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openTestStore(t, dir)
			g, err := s.Begin(t.Context(), "extract")
			if err != nil {
				t.Fatal(err)
			}
			w, err := g.Create("tiny", 0, 63)
			if err != nil {
				t.Fatal(err)
			}
			w.Write(c.data)
			if err := w.Close(c.rows); err != nil {
				t.Fatal(err)
			}
			m := tinyManifest(t, "x")
			m.Tables[0].Columns = append([]Column(nil), tinyColumns...)
			c.change(&m)
			if _, err := g.Publish(t.Context(), m); err == nil {
				t.Fatal("published")
			}
			g.Close()
			if ids, _ := s.Snapshots(); len(ids) > 0 || len(staged(t, dir)) > 0 {
				t.Errorf("left snapshots %v and staging %v", ids, staged(t, dir))
			}
		})
	}
}

func TestObjectWriterLifecycle(t *testing.T) {
	s := openTestStore(t, t.TempDir())
	g, err := s.Begin(t.Context(), "extract")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	w, _ := g.Create("tiny", 0, 63)
	if _, err := g.Publish(t.Context(), tinyManifest(t, "x")); err == nil {
		t.Error("published while an object was open")
	}
	w.Abort()
	if err := w.Close(0); err == nil {
		t.Error("closed after Abort")
	}
	if w, err = g.Create("tiny", 0, 63); err != nil {
		t.Fatal(err)
	}
	w.Write(tinyParquet(t, tinyRow{1, "x"}))
	if err := w.Close(1); err != nil {
		t.Fatal(err)
	}
	w.Abort() // after Close it does nothing
	if err := w.Close(1); err == nil {
		t.Error("closed twice")
	}
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("wrote after Close")
	}
	sn, err := g.Publish(t.Context(), tinyManifest(t, "x"))
	if err != nil {
		t.Fatal(err)
	}
	if table, _ := sn.Table("tiny"); table.Rows() != 1 {
		t.Errorf("table %+v", table)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

func TestCanonicalJSON(t *testing.T) {
	type pair struct {
		Z int `json:"z"`
		A any `json:"a"`
	}
	got, err := canonicalJSON(pair{1 << 60, map[string]any{"é<": []int{2, 1}, "b": nil}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"a":{"b":null,"é<":[2,1]},"z":1152921504606846976}`; string(got) != want {
		t.Errorf("canonical %s, want %s", got, want)
	}
	if _, err := KeyOf("extract", map[string]any{"f": 0.5}, nil); err == nil {
		t.Error("a fraction has a key")
	}
	for _, bad := range []any{0.1, map[string]any{"x": []float64{1e300}}, json.Number("1e3"), func() {}} {
		if got, err := canonicalJSON(bad); err == nil {
			t.Errorf("canonical %s of %v", got, bad)
		}
	}
	forward, _ := KeyOf("extract", nil, []Input{{Kind: "file", ID: "a"}, {Kind: "file", ID: "b"}})
	backward, _ := KeyOf("extract", nil, []Input{{Kind: "file", ID: "b"}, {Kind: "file", ID: "a"}})
	if forward != backward {
		t.Error("the key depends on the order of the inputs")
	}
	if other, _ := KeyOf("results", nil, nil); other == forward {
		t.Error("the key does not depend on the kind")
	}
}

func TestErrorText(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", &Error{Code: CodeDamagedObject, Subject: "object 12", Detail: "gone", Err: os.ErrNotExist})
	if got, want := err.Error(), "wrapped: damaged-object: object 12: gone: file does not exist"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if !IsIntegrity(err) || IsIntegrity(&Error{Code: CodeLocked}) || IsIntegrity(os.ErrNotExist) {
		t.Error("integrity is judged wrongly")
	}
}
