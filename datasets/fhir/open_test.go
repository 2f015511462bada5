package fhir

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const exportLog = `{"exportId":"e","timestamp":"2024-08-06T14:11:57Z","eventId":"kickoff","eventDetail":{}}` + "\n"

// codeOf gives the code of an *Error, or what else the error is.
func codeOf(err error) string {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return string(e.Code)
	default:
		return err.Error()
	}
}

func TestOpen(t *testing.T) {
	tests := []struct {
		name          string
		files         map[string]string
		want, ignored string
		code          Code
	}{
		{name: "sorted", files: map[string]string{"b.ndjson": "", "a.ndjson.gz": "", "B.ndjson": ""}, want: "B.ndjson a.ndjson.gz b.ndjson"},
		{name: "other names", files: map[string]string{"a.ndjson": "", "a.json": "", "a.ndjson.bz2": "", "a.ndjson.gz.part": "", "ndjson": ""}, want: "a.ndjson", ignored: "a.json a.ndjson.bz2 a.ndjson.gz.part ndjson"},
		{name: "JSON of other things", files: map[string]string{"a.ndjson": "", "b.json": `{"total":1}`, "c.json": `{"text":"` + strings.Repeat("x", 1<<16) + `","resourceType":"Patient"}`, "d.json": `{"id":"a","resourceType":"Patient"}`}, want: "a.ndjson d.json", ignored: "b.json c.json"},
		{name: "export log", files: map[string]string{"a.ndjson": "", "log.ndjson": "\n" + exportLog + "{}"}, want: "a.ndjson", ignored: "log.ndjson"},
		{name: "log of resources", files: map[string]string{"log.ndjson": `{"resourceType":"AuditEvent","id":"a","exportId":"e","eventId":"k"}`}, want: "log.ndjson"},
		{name: "log that is not JSON", files: map[string]string{"log.ndjson": `kickoff`}, want: "log.ndjson"},
		{name: "log without entries", files: map[string]string{"log.ndjson": ``}, want: "log.ndjson"},
		{name: "export log of another name", files: map[string]string{"a.log.ndjson": exportLog}, want: "a.log.ndjson"},
		{name: "nothing", files: nil, code: EmptySource},
		{name: "only other files", files: map[string]string{"a.json": "", "a.gz": ""}, code: EmptySource},
		{name: "only a log", files: map[string]string{"log.ndjson": exportLog}, code: EmptySource},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src, err := Open(folder(t, tt.files))
			if codeOf(err) != string(tt.code) {
				t.Fatalf("error %v, want %q", err, tt.code)
			}
			if err != nil {
				return
			}
			var names, ignored []string
			for _, in := range src.Inputs {
				names = append(names, in.Name)
			}
			for _, ig := range src.Ignored {
				ignored = append(ignored, ig.Name)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("inputs %s, want %s", got, tt.want)
			}
			if got := strings.Join(ignored, " "); got != tt.ignored {
				t.Errorf("ignored %s, want %s", got, tt.ignored)
			}
		})
	}
}

func TestOpenTakesRegularFilesOnly(t *testing.T) {
	dir := folder(t, map[string]string{"a.ndjson": ""})
	if err := os.Mkdir(filepath.Join(dir, "folder.ndjson"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "a.ndjson"), filepath.Join(dir, "link.ndjson")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "a.ndjson"), filepath.Join(dir, "link.json")); err != nil {
		t.Fatal(err)
	}
	src, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(src.Inputs) != 1 || len(src.Ignored) != 3 || src.Ignored[0].Name != "folder.ndjson" || src.Ignored[1].Name != "link.json" || src.Ignored[2].Name != "link.ndjson" {
		t.Errorf("inputs %v, ignored %v", src.Inputs, src.Ignored)
	}
}

func TestOpenMissingFolder(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "absent"))
	if codeOf(err) != string(Unreadable) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestHash(t *testing.T) {
	text := strings.Repeat("{}\n", 200_000)
	in := input(t, "a.ndjson", text)
	sum := sha256.Sum256([]byte(text))
	if got, err := in.Hash(context.Background()); got != hex.EncodeToString(sum[:]) || err != nil {
		t.Errorf("Hash = %s, %v", got, err)
	}
	if in.Size != int64(len(text)) {
		t.Errorf("Size = %d, want %d", in.Size, len(text))
	}
}

func TestSourceChanged(t *testing.T) {
	changes := map[string]func(path string) error{
		"grown": func(path string) error {
			return os.WriteFile(path, []byte("{}\n{}\n{}\n"), 0o600)
		},
		"rewritten with the same size": func(path string) error {
			if err := os.WriteFile(path, []byte("[]\n[]\n"), 0o600); err != nil {
				return err
			}
			return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour))
		},
		"replaced with the same size and time": func(path string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			if err := os.WriteFile(path+"~", []byte("[]\n[]\n"), 0o600); err != nil {
				return err
			}
			if err := os.Chtimes(path+"~", info.ModTime(), info.ModTime()); err != nil {
				return err
			}
			return os.Rename(path+"~", path)
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			in := input(t, "a.ndjson", "{}\n{}\n")
			if _, err := in.Hash(context.Background()); err != nil {
				t.Fatal(err)
			}
			if err := change(in.path); err != nil {
				t.Fatal(err)
			}
			if lines, err := readLines(in); codeOf(err) != string(SourceChanged) || len(lines) > 0 {
				t.Errorf("Lines gave %v, %v", lines, err)
			}
			if _, err := in.Hash(context.Background()); codeOf(err) != string(SourceChanged) {
				t.Errorf("Hash gave %v", err)
			}
		})
	}
	t.Run("while it is read", func(t *testing.T) {
		in := input(t, "a.ndjson", "{}\n{}\n")
		err := in.Lines(context.Background(), func(Line) error {
			return os.Chtimes(in.path, time.Time{}, time.Now().Add(time.Hour))
		})
		if codeOf(err) != string(SourceChanged) {
			t.Errorf("Lines gave %v", err)
		}
	})
	t.Run("removed", func(t *testing.T) {
		in := input(t, "a.ndjson", "{}\n{}\n")
		if err := os.Remove(in.path); err != nil {
			t.Fatal(err)
		}
		if _, err := readLines(in); codeOf(err) != string(Unreadable) || strings.Contains(err.Error(), filepath.Dir(in.path)) {
			t.Errorf("Lines gave %v", err)
		}
	})
}

func TestErrorText(t *testing.T) {
	for want, e := range map[string]*Error{
		"a.ndjson.gz: byte 17: truncated-gzip: cut":     {Code: TruncatedGzip, File: "a.ndjson.gz", Offset: 17, Hint: "cut"},
		"a.ndjson:3: byte 40: not-fhir-r4: R5":          {Code: NotFHIRR4, File: "a.ndjson", Line: 3, Offset: 40, Hint: "R5"},
		"in: empty-source: none":                        {Code: EmptySource, File: "in", Offset: -1, Hint: "none"},
		"in: unreadable: cannot be read: access denied": {Code: Unreadable, File: "in", Offset: -1, Hint: "cannot be read", Err: errors.New("access denied")},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		named := *e
		if named.Input = 3; named.Unnamed() != strings.Replace(want, e.File, "input 3", 1) {
			t.Errorf("unnamed %q", named.Unnamed())
		}
	}
}
