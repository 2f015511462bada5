package source

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the expected sections of testdata")

// sample has one field of each shape that DecodeYAML knows.
type sample struct {
	Name     string             `yaml:"name,required"`
	Schedule schedule           `yaml:"schedule"`
	Days     int                `yaml:"days"`
	Small    int8               `yaml:"small"`
	Count    uint               `yaml:"count"`
	Share    float64            `yaml:"share"`
	Strict   bool               `yaml:"strict"`
	Measures []string           `yaml:"measures"`
	Targets  map[string]float64 `yaml:"targets"`
	Parts    []part             `yaml:"parts"`
	Maybe    *int               `yaml:"maybe"`
	When     time.Time          `yaml:"when"`
	Target   percent            `yaml:"target"`
	common   `yaml:",inline"`
	Skipped  string `yaml:"-"`
}

type schedule struct {
	Cron string `yaml:"cron,required"`
	Zone string `yaml:"zone"`
}

type part struct {
	ID   string `yaml:"id,required"`
	Size int    `yaml:"size"`
}

type common struct {
	Owner string `yaml:"owner"`
}

// percent is written 70% or 0.7.
type percent float64

func (p *percent) UnmarshalSource(v Value) error {
	if v.Kind() == "number" {
		v.Decode((*float64)(p))
		return nil
	}
	var n float64
	if _, err := fmt.Sscanf(v.Text(), "%g%%", &n); err != nil || !strings.HasSuffix(v.Text(), "%") {
		return Diagnostic{Code: "bad-percent", Message: "expected a share", Hint: "70% or 0.7"}
	}
	*p = percent(n / 100)
	return nil
}

func TestDecode(t *testing.T) {
	files, err := filepath.Glob("testdata/decode/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil || len(archive.Files) != 2 {
				t.Fatalf("want the sections in.yaml and want: %v", err)
			}
			var v sample
			_, err = DecodeYAML("in.yaml", archive.Files[0].Data, &v)
			got := ""
			if err != nil {
				got = err.Error() + "\n"
			} else {
				decoded, _ := json.MarshalIndent(v, "", "  ")
				got = string(decoded) + "\n"
			}
			if *update {
				archive.Files[1].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestBytesRefused(t *testing.T) {
	for in, want := range map[string]string{
		"name: a\nb: \xff":             "f:2:4: bad-encoding: byte 0xff is not valid UTF-8 (save the file as plain UTF-8 text)",
		"name: é\x01":                  "f:1:8: bad-encoding: control character U+0001 (save the file as plain UTF-8 text)",
		"":                             "f:1:1: empty-document: the file has no content",
		strings.Repeat("#", 5<<20):     "f:1:1: too-large: the file has 5242880 bytes, more than the 4194304 allowed (is it the file that was meant?)",
		"\ufeffname: a\r\ndays: 1\r\n": "",
	} {
		_, err := DecodeYAML("f", []byte(in), &sample{})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%.20q: got %q, want %q", in, got, want)
		}
	}
}

func TestDocumentPositions(t *testing.T) {
	var v sample
	doc, err := DecodeYAML("f", []byte("name: a\nparts:\n  - id: x\n  - id: y\n    size: no\n"), &v)
	if err == nil {
		t.Fatal("a text for a number was accepted")
	}
	for _, c := range []struct {
		path []any
		pos  string
		has  bool
	}{
		{[]any{"name"}, "f:1:7", true},
		{[]any{"parts", 1, "id"}, "f:4:9", true},
		{[]any{"parts", 1, "size"}, "f:5:11", false},
		{[]any{"parts", 7, "size"}, "f:3:3", false},
		{[]any{"days"}, "f:1:1", false},
		{nil, "f:1:1", true},
	} {
		if got := doc.Pos(c.path...).String(); got != c.pos {
			t.Errorf("Pos(%v) = %s, want %s", c.path, got, c.pos)
		}
		if got := doc.Has(c.path...); got != c.has {
			t.Errorf("Has(%v) = %v", c.path, got)
		}
	}
	doc.Report("bad-value", "too small", "", "parts", 0, "id")
	doc.Report("bad-value", "too small", "", "parts", 0, "id")
	want := "f:3:9: bad-value: too small\nf:5:11: wrong-type: expected a number, found text"
	if got := doc.Err().Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var one Diagnostic
	if !errors.As(doc.Err(), &one) || one.Code != "bad-value" {
		t.Errorf("errors.As found %+v", one)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"name", "schedule", "measures", "max_reject", "HbA1c"}
	for in, want := range map[string]string{
		"nmae": "name", "Name": "name", "shedule": "schedule", "measure": "measures", "max-reject": "max_reject",
		"HBA1C": "HbA1c", "completely": "", "x": "", "": "", "name": "",
	} {
		if got := Nearest(in, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", in, got, want)
		}
	}
}

// One edit to a name of some length never hides it.
func TestNearestFindsOneEdit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z]{4,12}`).Draw(t, "name")
		at := rapid.IntRange(0, len(name)-2).Draw(t, "at")
		edited := rapid.SampledFrom([]string{
			name[:at] + name[at+1:],
			name[:at] + "-" + name[at:],
			name[:at] + "-" + name[at+1:],
			name[:at] + string(name[at+1]) + string(name[at]) + name[at+2:],
		}).Draw(t, "edited")
		if edited != name && Nearest(edited, []string{name}) != name {
			t.Fatalf("%q does not suggest %q", edited, name)
		}
	})
}

func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("testdata/decode/*.txt")
	for _, path := range files {
		if archive, err := txtar.ParseFile(path); err == nil {
			f.Add(archive.Files[0].Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v sample
		doc, err := DecodeYAML("f", data, &v)
		if err == nil && v.Name == "" && !doc.Has("name") {
			t.Fatal("accepted without the required key")
		}
		var ds Diagnostics
		if errors.As(err, &ds) {
			lines := strings.Split(err.Error(), "\n")
			// YAML has five line breaks, and the end of a file is on a line of its own.
			last := 2
			for _, r := range string(data) {
				if strings.ContainsRune("\n\r\u0085\u2028\u2029", r) {
					last++
				}
			}
			if len(lines) != len(ds) || len(slices.Compact(slices.Clone(ds))) != len(ds) {
				t.Fatalf("%d diagnostics in %d lines", len(ds), len(lines))
			}
			for _, d := range ds {
				if d.Line < 1 || d.Column < 1 || d.Line > last {
					t.Fatalf("no such place: %s", d)
				}
			}
		}
	})
}
