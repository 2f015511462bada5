package leak

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

var marker = Marker{Name: "m", Text: "Quackenbushsky 417"}

// Every form of a marker is found where it stands alone between other bytes, and none where nothing was planted.
func TestEveryFormIsFound(t *testing.T) {
	at := time.Date(2024, 2, 3, 10, 17, 23, 457e6, time.UTC)
	for _, m := range []Marker{marker, {Name: "t", Time: at, UTC: at.Add(5 * time.Hour)}} {
		f := NewFinder(m, Marker{Name: "other", Text: "Wolfeschlegelson"})
		forms := m.Forms()
		if len(forms) < 25 {
			t.Errorf("only %d forms", len(forms))
		}
		for _, form := range forms {
			data := slices.Concat([]byte("xx, "), form.Bytes, []byte("; y"))
			hits, err := f.Search("a", data)
			if err != nil || !slices.ContainsFunc(hits, func(h Hit) bool { return h.Marker == m.Name }) {
				t.Errorf("%s of %s is not found: %v %v", form.Name, m.Name, hits, err)
			}
			if slices.ContainsFunc(hits, func(h Hit) bool { return h.Marker == "other" }) {
				t.Errorf("%s: %v", form.Name, hits)
			}
		}
	}
	if hits, err := NewFinder(marker).Search("a", []byte(strings.Repeat("The quick brown fox. ", 1000))); len(hits) > 0 || err != nil {
		t.Error(hits, err)
	}
}

// In base64 of a longer text the marker's place decides its letters.
func TestBase64Alignment(t *testing.T) {
	f := NewFinder(marker)
	for before := range 7 {
		for after := range 4 {
			text := strings.Repeat("a", before) + marker.Text + strings.Repeat("b", after)
			for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
				if hits := f.Bytes("a", []byte(e.EncodeToString([]byte(text)))); len(hits) == 0 {
					t.Errorf("not found %d bytes in, %d before the end", before, after)
				}
			}
		}
	}
}

// What is packed is unpacked, and what mixes letters and escapes is read.
func TestPacked(t *testing.T) {
	f := NewFinder(marker)
	var gz, zs, zp, gzgz bytes.Buffer
	w := gzip.NewWriter(&gz)
	fmt.Fprint(w, "one ", marker.Text)
	w.Close()
	w = gzip.NewWriter(&gzgz)
	w.Write(gz.Bytes())
	w.Close()
	z, _ := zstd.NewWriter(&zs)
	fmt.Fprint(z, "one ", marker.Text)
	z.Close()
	p := zip.NewWriter(&zp)
	member, _ := p.Create("x")
	fmt.Fprint(member, marker.Text)
	p.Close()
	for name, data := range map[string][]byte{
		"gzip": gz.Bytes(), "gzip in gzip": gzgz.Bytes(), "zstd": zs.Bytes(), "zip": zp.Bytes(), "half JSON": []byte(`"Qu\u0061ckenbushsky 417"`), "half HTML": []byte(`Quack&#101;nbushsky 417`),
		"half URL": []byte(`Quack%65nbushsky%20417`), "Arrow stream": arrowOf(t, false), "Arrow file": arrowOf(t, true),
	} {
		if hits, err := f.Search(name, data); len(hits) == 0 || err != nil {
			t.Errorf("%s: %v %v", name, hits, err)
		}
	}
	if _, err := f.Search("cut", gz.Bytes()[:20]); err == nil {
		t.Error("a cut file is searched without a word")
	}
	if _, err := f.Search("cut", []byte("PAR1 and no more")); err == nil {
		t.Error("no Parquet file, and no word of it")
	}
}

func arrowOf(t *testing.T, file bool) []byte {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	b.Field(0).(*array.StringBuilder).Append(marker.Text)
	batch := b.NewRecordBatch()
	defer batch.Release()
	var out bytes.Buffer
	options := []ipc.Option{ipc.WithSchema(schema), ipc.WithZstd()}
	if file {
		w, err := ipc.NewFileWriter(&out, options...)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(batch); err != nil {
			t.Fatal(err)
		}
		w.Close()
		return out.Bytes()
	}
	w := ipc.NewWriter(&out, options...)
	if err := w.Write(batch); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return out.Bytes()
}

// Pages, dictionaries and metadata of Parquet are read, whatever compresses them.
func TestParquet(t *testing.T) {
	type row struct {
		Plain string    `parquet:"plain"`
		Dict  string    `parquet:"dict,dict"`
		At    time.Time `parquet:"at,timestamp(millisecond)"`
		N     int64     `parquet:"n"`
	}
	at := time.Date(2024, 2, 3, 10, 17, 23, 457e6, time.UTC)
	f := NewFinder(marker, Marker{Name: "t", Time: at}, Marker{Name: "meta", Text: "in the metadata"}, Marker{Name: "n", Text: "7755331199"})
	var rows []row
	for i := range 500 {
		rows = append(rows, row{Plain: fmt.Sprint("p", i), Dict: "d"})
	}
	for name, r := range map[string]row{"m": {Plain: marker.Text}, "t": {At: at}, "n": {N: 7755331199}} {
		var out bytes.Buffer
		if err := parquet.Write(&out, append(rows, r), parquet.Compression(&parquet.Zstd), parquet.KeyValueMetadata("k", "in the metadata")); err != nil {
			t.Fatal(err)
		}
		hits, err := f.Search("x", out.Bytes())
		has := func(m string) bool { return slices.ContainsFunc(hits, func(h Hit) bool { return h.Marker == m }) }
		if err != nil || !has(name) || !has("meta") {
			t.Errorf("%s: %v %v", name, hits, err)
		}
	}
	var out bytes.Buffer
	if err := parquet.Write(&out, append(rows, row{Dict: marker.Text}), parquet.Compression(&parquet.Gzip)); err != nil {
		t.Fatal(err)
	}
	if hits, err := f.Search("x", out.Bytes()); err != nil || len(hits) == 0 {
		t.Errorf("dictionary: %v %v", hits, err)
	}
}
