package fhir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// folder writes files into a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// input writes one file and opens it.
func input(t *testing.T, name, text string) Input {
	t.Helper()
	src, err := Open(folder(t, map[string]string{name: text}))
	if err != nil {
		t.Fatal(err)
	}
	return src.Inputs[0]
}

// readLines gives each line as number@offset=text, or number@offset!reason.
func readLines(in Input) ([]string, error) {
	var lines []string
	err := in.Lines(context.Background(), func(l Line) error {
		s := fmt.Sprintf("%d@%d=%s", l.Number, l.Offset, l.Bytes)
		if l.Reason != "" {
			s = fmt.Sprintf("%d@%d!%s", l.Number, l.Offset, l.Reason)
			if l.Bytes != nil {
				return errors.New("bytes with a reason")
			}
		}
		lines = append(lines, s)
		return nil
	})
	return lines, err
}

func TestLines(t *testing.T) {
	tests := []struct {
		name, text, want string
		max              int
	}{
		{name: "empty", text: "", want: ""},
		{name: "one", text: "{}\n", want: "1@0={}"},
		{name: "no line end", text: "{}\n[]", want: "1@0={} 2@3=[]"},
		{name: "CRLF", text: "{}\r\n[]\r\n", want: "1@0={} 2@4=[]"},
		{name: "CR at the end of the file", text: "{}\r", want: "1@0={}"},
		{name: "only one CR belongs to the line end", text: "{}\r\r\n", want: "1@0={}\r"},
		{name: "blank lines", text: "\n\r\n \t\r\n{}\n\n\n[]\n\n", want: "4@7={} 7@12=[]"},
		{name: "byte order mark is part of the line", text: "\ufeff{}\n{}\n", want: "1@0=\ufeff{} 2@6={}"},
		{name: "too long", text: "1234\n12345\n1234\r\n12345\r\n1", max: 4, want: "1@0=1234 2@5!too-long 3@11=1234 4@17!too-long 5@24=1"},
		{name: "too long at the end", text: "1\n12345", max: 4, want: "1@0=1 2@2!too-long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range []string{"a.ndjson", "a.ndjson.gz"} {
				text := tt.text
				if strings.HasSuffix(name, ".gz") {
					text = gzipped(t, text)
				}
				in := input(t, name, text)
				if tt.max > 0 {
					in.MaxLine = tt.max
				}
				lines, err := readLines(in)
				if got := strings.Join(lines, " "); got != tt.want || err != nil {
					t.Errorf("%s: %q, %v; want %q", name, got, err, tt.want)
				}
			}
		})
	}
}

// Lines that begin, end and run anywhere across the chunks of the reader have the same text and place.
func TestLinesAcrossChunks(t *testing.T) {
	var text strings.Builder
	var want []string
	for i, size := range []int{10, chunkSize - 12, chunkSize - 1, chunkSize, chunkSize + 1, 1, 3*chunkSize + 7, 2, 2 * chunkSize, 5} {
		line := strings.Repeat(string(rune('a'+i)), size)
		want = append(want, fmt.Sprintf("%d@%d=%s", i+1, text.Len(), line))
		text.WriteString(line + []string{"\n", "\r\n"}[i%2])
	}
	for _, name := range []string{"a.ndjson", "a.ndjson.gz"} {
		s := text.String()
		if strings.HasSuffix(name, ".gz") {
			s = gzipped(t, s)
		}
		lines, err := readLines(input(t, name, s))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(lines, " ") != strings.Join(want, " ") {
			t.Errorf("%s: lines across chunks differ", name)
		}
	}
	in := input(t, "a.ndjson", text.String())
	for _, limit := range []int{1, 11, chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize} {
		in.MaxLine = limit
		lines, err := readLines(in)
		if err != nil || len(lines) != len(want) {
			t.Fatalf("cap %d: %d lines, %v", limit, len(lines), err)
		}
		for i, line := range lines {
			place, text, _ := strings.Cut(want[i], "=")
			if len(text) > limit {
				if line != place+"!too-long" {
					t.Errorf("cap %d: line %d of %d bytes gave %.40q", limit, i+1, len(text), line)
				}
			} else if line != want[i] {
				t.Errorf("cap %d: line %d of %d bytes gave %.40q", limit, i+1, len(text), line)
			}
		}
	}
}

func TestLinesStops(t *testing.T) {
	in := input(t, "a.ndjson", strings.Repeat(strings.Repeat("x", 1000)+"\n", 5000))
	before := runtime.NumGoroutine()
	stop := errors.New("stop")
	count := 0
	err := in.Lines(context.Background(), func(Line) error {
		if count++; count == 3 {
			return stop
		}
		return nil
	})
	if err != stop || count != 3 {
		t.Errorf("after fn failed: %v, %d lines", err, count)
	}
	ctx, cancel := context.WithCancel(context.Background())
	count = 0
	err = in.Lines(ctx, func(Line) error {
		if count++; count == 10 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || count >= 5000 {
		t.Errorf("after cancel: %v, %d lines", err, count)
	}
	if _, err := in.Hash(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Hash after cancel: %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = in.Lines(context.Background(), func(Line) error { panic("in fn") })
	}()
	for wait := time.Duration(0); runtime.NumGoroutine() > before && wait < time.Second; wait += time.Millisecond {
		time.Sleep(time.Millisecond)
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("%d goroutines before, %d after", before, now)
	}
}

func TestDone(t *testing.T) {
	in := input(t, "a.ndjson.gz", gzipped(t, strings.Repeat("{}\n", 1000)))
	var last int64
	if err := in.Lines(context.Background(), func(l Line) error {
		if l.Done < last || l.Done > in.Size {
			return fmt.Errorf("done %d after %d of %d", l.Done, last, in.Size)
		}
		last = l.Done
		return nil
	}); err != nil {
		t.Error(err)
	}
	if last != in.Size {
		t.Errorf("done %d at the end of %d bytes", last, in.Size)
	}
}

// A line far over the cap is passed without being held.
func TestLongLineMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 128 MB")
	}
	path := filepath.Join(t.TempDir(), "a.ndjson")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	block := []byte(strings.Repeat("x", 1<<20))
	for range 128 {
		if _, err := f.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.WriteString("\n{}\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	src, err := Open(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	in := src.Inputs[0]
	in.MaxLine = 1 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	lines, err := readLines(in)
	runtime.ReadMemStats(&after)
	if want := fmt.Sprintf("1@0!too-long 2@%d={}", 128<<20+1); strings.Join(lines, " ") != want || err != nil {
		t.Errorf("%q, %v; want %q", lines, err, want)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("%d bytes were allocated to pass a line of 128 MB", used)
	}
}
