package content

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"farr/datasets"
)

// Kind is the kind of a package's snapshot, and the name of the pointer to the newest.
const Kind = "package"

// storeVersion changes when the same package would be stored otherwise.
const storeVersion = 2

// The tables of a package's snapshot. A measure and a library are kept as they were
// published; a value set as the codes it stands for.
type (
	measureRow struct {
		URL     string `parquet:"url"`
		Version string `parquet:"version"`
		JSON    string `parquet:"json"`
	}
	libraryRow struct {
		libraryHead
		libraryText
	}
	libraryHead struct {
		Name    string `parquet:"name"`
		Version string `parquet:"version"`
		URL     string `parquet:"url"`
	}
	libraryText struct {
		ELM []byte `parquet:"elm,string"`
	}
	valueSetRow struct {
		URL     string `parquet:"url"`
		Version string `parquet:"version"`
		Name    string `parquet:"name"`
		Problem string `parquet:"problem"`
	}
	codeRow struct {
		URL     string `parquet:"url"`
		Version string `parquet:"version"`
		System  string `parquet:"system"`
		Code    string `parquet:"code"`
	}
)

var storeTables = []struct {
	name    string
	columns []string
}{
	{"measure", []string{"url", "version", "json"}},
	{"library", []string{"name", "version", "url", "elm"}},
	{"value_set", []string{"url", "version", "name", "problem"}},
	{"value_set_code", []string{"url", "version", "system", "code"}},
}

// Hash is the hex SHA-256 of everything that decides what the package computes. It is asked of a package that was loaded from a folder.
func (p *Package) Hash() string {
	sum := sha256.New()
	part := func(texts ...string) {
		for _, t := range texts {
			fmt.Fprintf(sum, "%d:%s,", len(t), t)
		}
	}
	for _, m := range p.Measures {
		part("measure", string(m.JSON))
	}
	for _, l := range p.Libraries {
		part("library", l.Name, l.Version, l.URL, string(l.elm))
	}
	for _, v := range p.ValueSets {
		part("value set", v.URL, v.Version, v.Name, v.Problem)
		for _, c := range v.Codes {
			part(c.System, c.Code)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Publish stores the package as a snapshot and makes it the current one. The same
// package is stored once.
func (p *Package) Publish(ctx context.Context, s *datasets.Store) (sn *datasets.Snapshot, skipped bool, err error) {
	recipe := map[string]any{"step": storeVersion}
	inputs := []datasets.Input{{Kind: Kind, ID: p.Hash()}}
	key, err := datasets.KeyOf(Kind, recipe, inputs)
	if err != nil {
		return nil, false, err
	}
	if sn, err = s.ByKey(key); err != nil {
		return nil, false, err
	}
	if skipped = sn != nil; !skipped {
		if sn, err = p.store(ctx, s, datasets.Manifest{Kind: Kind, Key: key, Recipe: recipe, Inputs: inputs}); err != nil {
			return nil, false, err
		}
	}
	return sn, skipped, s.SetCurrent(ctx, Kind, sn.ID())
}

func (p *Package) store(ctx context.Context, s *datasets.Store, m datasets.Manifest) (*datasets.Snapshot, error) {
	g, err := s.Begin(ctx, Kind)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	var measures []measureRow
	for _, m := range p.Measures {
		measures = append(measures, measureRow{m.URL, m.Version, string(m.JSON)})
	}
	var libraries []libraryRow
	for _, l := range p.Libraries {
		libraries = append(libraries, libraryRow{libraryHead{l.Name, l.Version, l.URL}, libraryText{l.elm}})
	}
	var sets []valueSetRow
	var codes []codeRow
	for _, v := range p.ValueSets {
		sets = append(sets, valueSetRow{v.URL, v.Version, v.Name, v.Problem})
		for _, c := range v.Codes {
			codes = append(codes, codeRow{v.URL, v.Version, c.System, c.Code})
		}
	}
	for _, write := range []func() error{
		func() error { return writeRows(g, "measure", measures, len(measures)) },
		func() error { return writeRows(g, "library", libraries, 1) }, // a page each, so that one is read without the others
		func() error { return writeRows(g, "value_set", sets, len(sets)) },
		func() error { return writeRows(g, "value_set_code", codes, len(codes)) },
	} {
		if err := write(); err != nil {
			return nil, err
		}
	}
	for _, t := range storeTables {
		one := datasets.Table{Name: t.name, Objects: []datasets.Object{}}
		for _, c := range t.columns {
			one.Columns = append(one.Columns, datasets.Column{Name: c, Type: datasets.Varchar})
		}
		m.Tables = append(m.Tables, one)
	}
	m.Facts = map[string]any{"measures": len(measures), "libraries": len(libraries), "value_sets": len(sets), "codes": len(codes)}
	return g.Publish(ctx, m)
}

// writeRows writes a table as one object, so many rows at once; no rows make none.
func writeRows[T any](g *datasets.Staging, table string, rows []T, atOnce int) error {
	if len(rows) == 0 {
		return nil
	}
	const lastBucket = 63
	o, err := g.Create(table, 0, lastBucket)
	if err != nil {
		return err
	}
	defer o.Abort()
	w := parquet.NewGenericWriter[T](o, parquet.Compression(&zstd.Codec{}), parquet.CreatedBy("farr", "1", "measure package"),
		parquet.SkipPageBounds("elm"), parquet.SkipPageStatistics("elm")) // a page's least and greatest are all of it
	for some := range slices.Chunk(rows, atOnce) {
		if _, err := w.Write(some); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return o.Close(int64(len(rows)))
}

// Open reads a package back from its snapshot.
func Open(ctx context.Context, sn *datasets.Snapshot) (*Package, error) {
	if sn.Manifest().Kind != Kind {
		return nil, fmt.Errorf("snapshot %.12s is of kind %s, not a measure package", sn.ID(), sn.Manifest().Kind)
	}
	if err := sn.Check(ctx); err != nil {
		return nil, err
	}
	l := &loader{}
	measures, err := readRows[measureRow](sn, "measure")
	if err != nil {
		return nil, err
	}
	for _, m := range measures {
		l.measure(m.URL, []byte(m.JSON))
	}
	if err := l.diagnostics.Err(); err != nil {
		return nil, err
	}
	libraries, err := readRows[libraryHead](sn, "library")
	if err != nil {
		return nil, err
	}
	for i, r := range libraries {
		l.pkg.Libraries = append(l.pkg.Libraries, Library{Name: r.Name, Version: r.Version, URL: r.URL, read: func() ([]byte, error) { return readELM(sn, int64(i)) }})
	}
	sets, err := readRows[valueSetRow](sn, "value_set")
	if err != nil {
		return nil, err
	}
	codes, err := readRows[codeRow](sn, "value_set_code")
	if err != nil {
		return nil, err
	}
	for _, r := range sets {
		v := ValueSet{URL: r.URL, Version: r.Version, Name: r.Name, Problem: r.Problem}
		for len(codes) > 0 && codes[0].URL == r.URL && codes[0].Version == r.Version {
			v.Codes = append(v.Codes, Code{codes[0].System, codes[0].Code})
			codes = codes[1:]
		}
		l.pkg.ValueSets = append(l.pkg.ValueSets, v)
	}
	return &l.pkg, nil
}

// readELM reads that of one library, by its row.
func readELM(sn *datasets.Snapshot, row int64) ([]byte, error) {
	for _, path := range sn.Paths("library") {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r := parquet.NewGenericReader[libraryText](f)
		defer r.Close()
		if n := r.NumRows(); row >= n {
			row -= n
			continue
		}
		if err := r.SeekToRow(row); err != nil {
			return nil, err
		}
		var rows [1]libraryText
		if n, err := r.Read(rows[:]); n < 1 {
			return nil, err
		}
		return rows[0].ELM, nil
	}
	return nil, fmt.Errorf("there is no row %d", row)
}

func readRows[T any](sn *datasets.Snapshot, table string) (rows []T, err error) {
	for _, path := range sn.Paths(table) {
		more, err := parquet.ReadFile[T](path)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", table, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}
