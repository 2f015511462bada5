package datasets

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func kinds(t testing.TB, s *Store) (kinds []string) {
	t.Helper()
	entries, err := s.LogEntries()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// Whatever is published, pointed to or told is an entry, in the order in which it was done.
func TestLogOrder(t *testing.T) {
	dir := t.TempDir()
	s := openTestStore(t, dir)
	sn := mustPublish(t, s, "x")
	for range 2 { // the second moves nothing
		if err := s.SetCurrent(t.Context(), "extract", sn.ID()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Log(t.Context(), Event{Kind: "crosswalk", Facts: map[string]any{"persons": 3}}); err != nil {
		t.Fatal(err)
	}
	if got, want := kinds(t, s), []string{"log-begin", "extract", "current", "crosswalk"}; !slices.Equal(got, want) {
		t.Errorf("entries %v, want %v", got, want)
	}
	c, err := sn.Checkpoint()
	if err != nil || c.Size != 2 {
		t.Errorf("checkpoint of the snapshot: %v, %v", c, err)
	}
	for _, bad := range []Event{{Kind: "No Name"}, {Kind: "x", Facts: map[string]any{"share": 0.5}}} {
		if err := s.Log(t.Context(), bad); err == nil {
			t.Errorf("%+v was logged", bad)
		}
	}
	if head, err := s.LogHead(); err != nil || head.Size != 4 {
		t.Errorf("head %v, %v", head, err)
	}
}

// A store that lost its log takes nothing more, rather than beginning a new one.
func TestLogRemoved(t *testing.T) {
	dir := t.TempDir()
	s := openTestStore(t, dir)
	mustPublish(t, s, "x")
	if err := os.RemoveAll(filepath.Join(dir, logDir)); err != nil {
		t.Fatal(err)
	}
	_, err := publishTiny(t, s, "y")
	wantCode(t, err, CodeDamagedLog)
	wantCode(t, s.Log(t.Context(), Event{Kind: "x"}), CodeDamagedLog)
}

// A cut-off append is healed: the part of a line goes, and an entry says so.
func TestLogHealed(t *testing.T) {
	dir := t.TempDir()
	s := openTestStore(t, dir)
	mustPublish(t, s, "x")
	file := filepath.Join(dir, logDir, "entries.jsonl")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, torn := range []string{`{"torn`, `{"kind":"x","seq":2}` + "\n"} {
		if err := os.WriteFile(file, append(slices.Clone(good), torn...), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Log(t.Context(), Event{Kind: "after"}); err != nil {
			t.Fatal(err)
		}
		if got := kinds(t, s); !slices.Equal(got[len(got)-2:], []string{"log-healed", "after"}) {
			t.Errorf("%q: entries %v", torn, got)
		}
		if good, err = os.ReadFile(file); err != nil || strings.Contains(string(good), torn) {
			t.Errorf("%q is still there: %v", torn, err)
		}
	}
	two := "{}\n{}\n"
	if err := os.WriteFile(file, append(slices.Clone(good), two...), 0o600); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.Log(t.Context(), Event{Kind: "after"}), CodeDamagedLog)
}

// A copy of a store made of hard links goes its own way: what is done to it is not in the other's log.
func TestLogOfALinkedCopy(t *testing.T) {
	s, dir, key, _ := signedStore(t)
	copied := filepath.Join(t.TempDir(), "copy")
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Mkdir(filepath.Join(copied, rel), 0o700)
		}
		return os.Link(path, filepath.Join(copied, rel))
	})
	if err != nil {
		t.Fatal(err)
	}
	before := logFiles(t, dir)
	other := openTestStore(t, copied)
	if err := other.SignLog(key); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		say(t, other, "copy")
	}
	for name, data := range logFiles(t, dir) {
		if !bytes.Equal(data, before[name]) {
			t.Errorf("%s changed with the copy's", name)
		}
	}
	for _, s := range []*Store{s, other} {
		if report := audit(t, s, AuditRequest{}); report.Err() != nil || report.Unfinished {
			t.Errorf("%+v", report)
		}
	}
}
