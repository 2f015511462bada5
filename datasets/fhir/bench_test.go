package fhir

import (
	"bytes"
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
