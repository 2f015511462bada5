package datasets

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"farr/datasets/internal/deid"
)

// A constant key, so that goldens and hashes are the same everywhere.
const testKeyText = "farr-key-v1:e7hzpd4h2lwxs4kyq3n6v5tjb2mrc7ofa5guixd2wzkqe4ylh3sq\n"

func constantKey(t testing.TB) *Key {
	t.Helper()
	key, err := deid.ParseKey([]byte(testKeyText))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// export writes an export: file name to its lines.
func export(t testing.TB, files map[string][]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, lines := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func emptyStore(t testing.TB) *Store {
	t.Helper()
	s, err := CreateStore(t.Context(), filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// extracted extracts an export that must succeed, and opens its snapshot.
func extracted(t testing.TB, req ExtractRequest) (*ExtractReport, *Snapshot) {
	t.Helper()
	s := emptyStore(t)
	if req.Key == nil {
		req.Key = constantKey(t)
	}
	report, err := Extract(context.Background(), s, req)
	if err != nil {
		t.Fatal(err)
	}
	current, err := s.Current("extract")
	if err != nil || current.ID() != report.Snapshot {
		t.Fatalf("current extract %v, %v; want %s", current, err, report.Snapshot)
	}
	return report, current
}

// table reads a table back: a row is its columns that are not null.
func table(t testing.TB, sn *Snapshot, name string) []map[string]parquet.Value {
	t.Helper()
	var rows []map[string]parquet.Value
	for _, path := range sn.Paths(name) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		info, _ := f.Stat()
		file, err := parquet.OpenFile(f, info.Size())
		if err != nil {
			t.Fatal(err)
		}
		fields := file.Schema().Fields()
		r := parquet.NewReader(file)
		buffer := make([]parquet.Row, 64)
		for {
			n, err := r.ReadRows(buffer)
			for _, row := range buffer[:n] {
				one := map[string]parquet.Value{}
				for _, v := range row {
					if !v.IsNull() {
						one[fields[v.Column()].Name()] = v.Clone()
					}
				}
				rows = append(rows, one)
			}
			if err != nil {
				break
			}
		}
		f.Close()
	}
	return rows
}

// dumper prints tables as a person reads them: pseudonyms by the ids they were made
// of, dates as they truly were, with ~ where they were shifted and # where sealed.
type dumper struct {
	t      testing.TB
	sn     *Snapshot
	names  map[string]string
	shifts *deid.Shifter
	sealer *deid.Sealer
	prints map[int64]string
}

func newDumper(t testing.TB, sn *Snapshot, key *Key, source string, resources ...string) *dumper {
	d := &dumper{t: t, sn: sn, names: map[string]string{}, prints: map[int64]string{}}
	d.shifts, d.sealer = deid.NewShifter(key), deid.NewSealer(key)
	ids := deid.NewPseudonyms(key, source)
	for _, r := range resources {
		typ, id, _ := strings.Cut(r, "/")
		pseudonym := ids.Of(typ, []byte(id))
		d.names[string(pseudonym[:])] = r
	}
	for _, row := range table(t, sn, "concept") {
		_, code := row["system"].String(), row["code"].String()
		if old := d.prints[row["concept"].Int64()]; old != "" {
			code = old + "+" + code
		}
		d.prints[row["concept"].Int64()] = code
	}
	for _, row := range table(t, sn, "concept_list") {
		id := row["list"].Int64()
		d.prints[id] += "[" + d.prints[row["concept"].Int64()] + "]"
	}
	for _, row := range table(t, sn, "profile_set") {
		url := row["url"].String()
		d.prints[row["profiles"].Int64()] += "<" + url[strings.LastIndex(url, "/")+1:] + ">"
	}
	return d
}

func (d *dumper) dump() string {
	var out strings.Builder
	for _, tab := range d.sn.Manifest().Tables {
		rows := table(d.t, d.sn, tab.Name)
		if len(rows) == 0 || strings.HasPrefix(tab.Name, "concept") || tab.Name == "profile_set" {
			continue
		}
		var text []string
		for _, row := range rows {
			text = append(text, d.row(tab, row))
		}
		slices.Sort(text) // their order is that of the pseudonyms
		fmt.Fprintf(&out, "%s\n%s\n", tab.Name, strings.Join(text, "\n"))
	}
	return out.String()
}

func (d *dumper) row(tab Table, row map[string]parquet.Value) string {
	parts := []string{}
	for _, c := range tab.Columns {
		v, ok := row[c.Name]
		if !ok || c.Name == "source" || strings.HasSuffix(c.Name, "_prec") {
			continue
		}
		parts = append(parts, c.Name+"="+d.value(tab, row, c, v))
	}
	return "  " + strings.Join(parts, " ")
}

func (d *dumper) value(tab Table, row map[string]parquet.Value, c Column, v parquet.Value) string {
	pid, rid := deid.ID{}, deid.ID{}
	copy(pid[:], row["pid"].ByteArray())
	copy(rid[:], row["rid"].ByteArray())
	switch c.Type {
	case UUID:
		name := d.names[string(v.ByteArray())]
		if name == "" {
			d.t.Errorf("%s.%s has a pseudonym of something unknown", tab.Name, c.Name)
		}
		return name
	case Timestamp:
		if d.sn.Manifest().Recipe[RecipeProfile] == "shifted" {
			return "~" + wall(v.Int64()+d.shifts.Days(pid)*deid.DayMs, row[c.Name+"_prec"].Int32())
		}
		return wall(v.Int64(), row[c.Name+"_prec"].Int32())
	case Blob:
		name := strings.TrimSuffix(c.Name, "_seal")
		ordinal := int32(0)
		if o, ok := row["ordinal"]; ok {
			ordinal = o.Int32()
		}
		opened, err := d.sealer.Open(v.ByteArray(), deid.Place{Table: tab.Name, Column: name, Ordinal: ordinal, PID: pid, RID: rid})
		if err != nil {
			d.t.Errorf("%s.%s: %v", tab.Name, c.Name, err)
		}
		if name == "shift" {
			if opened.WallMs != d.shifts.Days(pid) {
				d.t.Errorf("the sealed shift is %d days", opened.WallMs)
			}
			return "#days"
		}
		text := "#" + wall(opened.WallMs, int32(opened.Prec))
		if opened.HasOffset {
			text += fmt.Sprintf("%+03d:%02d", opened.OffsetMinutes/60, max(opened.OffsetMinutes, -opened.OffsetMinutes)%60)
		}
		return text
	case Decimal:
		n := new(big.Int).SetBytes(v.ByteArray())
		return new(big.Rat).SetFrac(n, big.NewInt(1e8)).FloatString(2)
	case Int64:
		if text := d.prints[v.Int64()]; text != "" {
			return text
		}
		return v.String()
	default:
		return v.String()
	}
}

func wall(ms int64, prec int32) string {
	t := time.UnixMilli(ms).UTC()
	layouts := []string{"", "2006", "2006-01", "2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04:05.000"}
	return t.Format(layouts[prec])
}

// asJSON is for comparing and grepping.
func asJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
