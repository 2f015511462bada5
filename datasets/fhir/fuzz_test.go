package fhir

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// expectedLines are what Lines must give of a text, by the plainest way to cut it.
func expectedLines(text []byte, max int) (lines [][]byte, tooLong int) {
	for len(text) > 0 {
		line := text
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		switch {
		case len(line) > max:
			tooLong++
		case len(bytes.Trim(line, " \t\r\n")) > 0:
			lines = append(lines, line)
		}
	}
	return lines, tooLong
}

// FuzzFile reads any bytes as a file: as they are, packed, packed in two members, cut, with something after the end. The
// lines are those that stand in the text, in order, or an error says that the file is not whole; and every line goes through the
// parser, which says why it refuses one in words of its own.
func FuzzFile(f *testing.F) {
	for _, text := range []string{
		"", "\n", "{}\n{}", "{\"resourceType\":\"Patient\",\"id\":\"a\"}\r\n\r\n", "\xef\xbb\xbf{}\n", "\x00\n\x00", "\x1f\x8b", "\x1f\x8b\x08\x00", strings.Repeat("x", 3000) + "\n{}",
		`{"resourceType":"Patient","id":"a","id":"b"}` + "\n" + `{"a":"\ud800"}` + "\n" + strings.Repeat("[", 3000), strings.Repeat("{}\n", 500), "a\rb\r\n\r\r\n",
	} {
		for mode := range uint8(6) {
			f.Add([]byte(text), mode, uint16(40))
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, mode uint8, cut uint16) {
		mode %= 6
		file, whole := packed(text, mode, int(cut))
		name := "x.ndjson"
		if mode%2 == 1 {
			name += ".gz"
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(path)
		source, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(source.Inputs) == 0 {
			return
		}
		in := source.Inputs[0]
		in.MaxLine = 1000
		var lines [][]byte
		var d Doc
		tooLong := 0
		last := int64(-1)
		err = in.Lines(context.Background(), func(l Line) error {
			if l.Offset <= last {
				t.Fatalf("line %d begins at %d, after %d", l.Number, l.Offset, last)
			}
			last = l.Offset
			if l.Reason != "" {
				tooLong++
				return nil
			}
			lines = append(lines, bytes.Clone(l.Bytes))
			if why := d.Parse(l.Bytes); why != "" && strings.ContainsAny(string(why), "{}\"\\") {
				t.Fatalf("the reason %q is of the line's text", why)
			}
			return nil
		})
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%T: %v", err, err)
		}
		if !whole {
			return
		}
		want, long := expectedLines(text, 1000)
		if err != nil {
			t.Fatalf("a whole file gives %v", err)
		}
		if tooLong != long || !slices.EqualFunc(lines, want, bytes.Equal) {
			t.Fatalf("%d lines and %d too long of %q, want %d and %d", len(lines), tooLong, text, len(want), long)
		}
	})
}

// packed is the text as a file, and whether it can be read whole.
func packed(text []byte, mode uint8, cut int) (file []byte, whole bool) {
	pack := func(b []byte) []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		z.Write(b)
		z.Close()
		return out.Bytes()
	}
	half := len(text) / 2
	switch mode {
	case 0:
		return text, !isGzip(text)
	case 1:
		return pack(text), true
	case 2: // gzip under a name that does not say so
		return pack(text), true
	case 3: // two members
		return append(pack(text[:half]), pack(text[half:])...), true
	case 4: // cut
		z := pack(text)
		return z[:len(z)-1-cut%len(z)], false
	}
	return append(pack(text), text...), false // something after the end, or a third member
}
