package fhir

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"testing"
)

const sharedData = "../../../shared/data"

// sharedSource opens a folder of the real exports, or skips.
func sharedSource(tb testing.TB, name string) *Source {
	tb.Helper()
	dir := filepath.Join(sharedData, name)
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("needs the export in %s, which is not there", dir)
	}
	src, err := Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return src
}

// benchLines reads the first lines of each file of a real export, up to 20 MB, into memory.
func benchLines(b *testing.B) (lines [][]byte, size int64) {
	enough := context.Canceled
	for _, in := range sharedSource(b, "synthea-615").Inputs {
		var part int64
		err := in.Lines(context.Background(), func(l Line) error {
			lines = append(lines, bytes.Clone(l.Bytes))
			part += int64(len(l.Bytes))
			if part > 4<<20 {
				return enough
			}
			return nil
		})
		if err != nil && err != enough {
			b.Fatal(err)
		}
		size += part
	}
	return lines, size
}

// BenchmarkParse is the parser alone on real lines of all types, checks included.
func BenchmarkParse(b *testing.B) {
	lines, size := benchLines(b)
	b.SetBytes(size)
	b.ReportAllocs()
	var d Doc
	for b.Loop() {
		for _, line := range lines {
			if why := d.Parse(line); why != "" {
				b.Fatal(why)
			}
		}
	}
}

// BenchmarkLines is the reader alone, plain and gzip: finding, cutting and, for gzip, decompressing.
func BenchmarkLines(b *testing.B) {
	lines, _ := benchLines(b)
	text := append(bytes.Join(lines, []byte("\n")), '\n')
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(text); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	for name, content := range map[string][]byte{"a.ndjson": text, "a.ndjson.gz": packed.Bytes()} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				b.Fatal(err)
			}
			src, err := Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				count := 0
				err := src.Inputs[0].Lines(context.Background(), func(Line) error { count++; return nil })
				if err != nil || count != len(lines) {
					b.Fatal(count, err)
				}
			}
		})
	}
}
