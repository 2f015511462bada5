package fhir

import (
	"bytes"
	stdgzip "compress/gzip"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

// gzipped compresses with the standard library, which is not what is tested.
func gzipped(t *testing.T, text string) string {
	t.Helper()
	return gzipFlushed(t, text)
}

// gzipFlushed compresses the parts with a flush point after each but the last.
func gzipFlushed(t *testing.T, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := stdgzip.NewWriter(&b)
	for i, part := range parts {
		if i > 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func records(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "{\"resourceType\":\"Basic\",\"id\":\"b%d\"}\n", i)
	}
	return b.String()
}

// A gzip file cut anywhere gives an error, at a flush point too, where all that was written before
// can be decompressed, and never a short read that looks whole.
func TestCutGzip(t *testing.T) {
	whole := gzipFlushed(t, records(0, 20), records(20, 30), "")
	if lines, err := readLines(input(t, "a.ndjson.gz", whole)); len(lines) != 30 || err != nil {
		t.Fatalf("whole: %d lines, %v", len(lines), err)
	}
	atFlush := 0
	for size := range len(whole) {
		lines, err := readLines(input(t, "a.ndjson.gz", whole[:size]))
		if codeOf(err) != string(TruncatedGzip) {
			t.Fatalf("cut to %d of %d bytes: %d lines, %v", size, len(whole), len(lines), err)
		}
		if strings.HasSuffix(whole[:size], "\x00\x00\xff\xff") {
			atFlush++
			if len(lines) != 20 && len(lines) != 30 {
				t.Errorf("cut at a flush point gave %d lines", len(lines))
			}
		}
		if size >= 2 { // a name without .gz is read by the first bytes
			if _, err := readLines(input(t, "a.ndjson", whole[:size])); codeOf(err) != string(TruncatedGzip) {
				t.Fatalf("a.ndjson cut to %d bytes: %v", size, err)
			}
		}
	}
	if atFlush < 2 {
		t.Errorf("%d flush points were tried, want 2 or more", atFlush)
	}
}

// Of two members, a cut is found everywhere but between them, where plain gzip is a whole file.
func TestCutMembers(t *testing.T) {
	first, second := gzipped(t, records(0, 10)), gzipped(t, records(10, 20))
	whole := first + second
	for size := range len(whole) + 1 {
		lines, err := readLines(input(t, "a.ndjson.gz", whole[:size]))
		want, wantCode := 10, string(TruncatedGzip)
		switch {
		case size == len(whole):
			want, wantCode = 20, ""
		case size == len(first):
			wantCode = ""
		case size < len(first):
			want = len(lines)
		}
		if codeOf(err) != wantCode || size <= len(first) && len(lines) != want || len(lines) < want {
			t.Fatalf("cut to %d of %d+%d bytes: %d lines, %v", size, len(first), len(second), len(lines), err)
		}
	}
}

// BGZF marks its end, so there even a cut between two members is found.
func TestCutBGZF(t *testing.T) {
	block := func(text string) string {
		var b bytes.Buffer
		w := stdgzip.NewWriter(&b)
		w.Extra = []byte{'X', 'X', 1, 0, 9, 'B', 'C', 2, 0, 0, 0}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	whole := block(records(0, 10)) + block(records(10, 20)) + block("")
	if lines, err := readLines(input(t, "a.ndjson.gz", whole)); len(lines) != 20 || err != nil {
		t.Fatalf("whole: %d lines, %v", len(lines), err)
	}
	for size := range len(whole) {
		if lines, err := readLines(input(t, "a.ndjson.gz", whole[:size])); codeOf(err) != string(TruncatedGzip) {
			t.Fatalf("cut to %d of %d bytes: %d lines, %v", size, len(whole), len(lines), err)
		}
	}
}

func TestGzipMembers(t *testing.T) {
	part := records(0, 15)
	half := len(part)/2 + 3 // inside a line
	text := gzipped(t, part[:half]) + gzipped(t, "") + gzipped(t, part[half:])
	lines, err := readLines(input(t, "a.ndjson.gz", text))
	plain, plainErr := readLines(input(t, "a.ndjson", part))
	if strings.Join(lines, "\n") != strings.Join(plain, "\n") || err != nil || plainErr != nil {
		t.Errorf("members gave %d lines, %v; plain %d, %v", len(lines), err, len(plain), plainErr)
	}
}

func TestBadGzip(t *testing.T) {
	whole := gzipped(t, records(0, 10))
	damaged := func(at int) string {
		b := []byte(whole)
		b[at] ^= 0x55
		return string(b)
	}
	tests := []struct {
		name, text string
		code       Code
		lines      int // -1: any
	}{
		{"text after", whole + "{}\n", GzipTrailingGarbage, 10},
		{"zeros after", whole + strings.Repeat("\x00", 512), GzipTrailingGarbage, 10},
		{"one byte after", whole + "x", GzipTrailingGarbage, 10},
		{"half a header after", whole + "\x1f", TruncatedGzip, 10},
		{"bad header after", whole + "\x1f\x8b\x07" + whole[3:], CorruptGzip, 10},
		{"plain text", records(0, 10), CorruptGzip, 0},
		{"empty", "", TruncatedGzip, 0},
		{"checksum", damaged(len(whole) - 8), CorruptGzip, -1},
		{"length", damaged(len(whole) - 2), CorruptGzip, -1},
		{"data", damaged(10), CorruptGzip, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lines, err := readLines(input(t, "a.ndjson.gz", tt.text))
			if codeOf(err) != string(tt.code) || tt.lines >= 0 && len(lines) != tt.lines {
				t.Errorf("%d lines, %v; want %d, %s", len(lines), err, tt.lines, tt.code)
			}
			if err != nil && strings.Contains(err.Error(), "Basic") {
				t.Errorf("the error quotes the input: %v", err)
			}
		})
	}
	var e *Error
	if _, err := readLines(input(t, "a.ndjson.gz", whole+"{}\n")); err != nil {
		e = err.(*Error)
	}
	if e == nil || e.Offset != int64(len(whole)) || e.File != "a.ndjson.gz" {
		t.Errorf("garbage after %d bytes is reported as %+v", len(whole), e)
	}
}

// No single damaged byte of the data or the trailer passes as whole.
func TestDamagedGzip(t *testing.T) {
	text := records(0, 12)
	whole := gzipped(t, text)
	plain, _ := readLines(input(t, "a.ndjson", text))
	for at := range len(whole) {
		b := []byte(whole)
		b[at] ^= 0xff
		lines, err := readLines(input(t, "a.ndjson.gz", string(b)))
		if err == nil && strings.Join(lines, "\n") != strings.Join(plain, "\n") {
			t.Fatalf("byte %d damaged: %d lines and no error", at, len(lines))
		}
	}
}

func TestGzipBomb(t *testing.T) {
	bomb := strings.Repeat(gzipped(t, strings.Repeat("\n", 1<<20)), bombSize>>20*3/2)
	count := 0
	err := input(t, "a.ndjson.gz", bomb).Lines(context.Background(), func(Line) error { count++; return nil })
	if codeOf(err) != string(GzipBomb) || count > 0 {
		t.Errorf("%d lines, %v", count, err)
	}
}

// A file that is still being copied is cut as yet, and says so as what it is.
func TestCutWhileCopied(t *testing.T) {
	whole := gzipped(t, records(0, 100_000)) // more text than the buffers hold
	in := input(t, "a.ndjson.gz", whole[:len(whole)-1])
	grown := false
	err := in.Lines(context.Background(), func(Line) error {
		if grown {
			return nil
		}
		grown = true
		return os.WriteFile(in.path, []byte(whole), 0o600)
	})
	if codeOf(err) != string(SourceChanged) {
		t.Errorf("%v, want %s", err, SourceChanged)
	}
}
