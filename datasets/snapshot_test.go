package datasets

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A manifest under its own hash is still no snapshot when it is not a manifest, is of another format, or may not be published.
func TestManifestsOfOthers(t *testing.T) {
	dir := t.TempDir()
	s := openTestStore(t, dir)
	for text, want := range map[string]Code{"{": CodeDamagedManifest, `{"format":2}`: CodeStoreFormat, `{"format":1,"kind":"../x"}`: CodeDamagedManifest} {
		id := hexSHA256([]byte(text))
		if err := os.WriteFile(filepath.Join(dir, manifestName(id)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := s.Open(id)
		wantCode(t, err, want)
	}
	if report, err := s.Verify(t.Context()); err != nil || len(report.Problems) < 3 {
		t.Errorf("%v, %v", report.Problems, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("verify of a cancelled context: %v", err)
	}
}

func TestSnapshotLookups(t *testing.T) {
	s := openTestStore(t, t.TempDir())
	sn := mustPublish(t, s, "x")
	if _, ok := sn.Table("none"); ok || len(sn.Paths("none")) > 0 {
		t.Error("a table that is not there was found")
	}
	if err := sn.Check(t.Context(), "none"); err != nil {
		t.Error(err)
	}
	_, err := s.ByKey("../x")
	wantCode(t, err, CodeNotFound)
	// An index entry that names a snapshot of another key.
	other := hexSHA256([]byte("other"))
	if err := os.WriteFile(filepath.Join(s.Dir(), keysDir, other), []byte(sn.ID()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = s.ByKey(other)
	wantCode(t, err, CodeDamagedPointer)
	if report, err := s.Verify(t.Context()); err != nil || CodeOf(report.Err()) != CodeDamagedPointer {
		t.Errorf("%v, %v", report.Problems, err)
	}
}

// What a snapshot was made from may not be retired meanwhile, and whoever guards it has the last word.
func TestPublishAtTheLastMoment(t *testing.T) {
	s := openTestStore(t, t.TempDir())
	if err := s.Log(t.Context(), Event{Kind: "removal", Retires: []string{strings.Repeat("a", 64)}}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Staging, *Manifest){
		"an input that was retired": func(_ *Staging, m *Manifest) {
			m.Inputs = []Input{{Kind: "snapshot", ID: strings.Repeat("a", 64)}}
		},
		"a guard":    func(g *Staging, _ *Manifest) { g.guard = func() error { return errors.New("as it must") } },
		"was closed": func(g *Staging, _ *Manifest) { g.Close() },
	} {
		g, err := s.Begin(t.Context(), "extract")
		if err != nil {
			t.Fatal(err)
		}
		m := tinyManifest(t, "x")
		change(g, &m)
		if _, err := g.Publish(t.Context(), m); err == nil {
			t.Errorf("%s: published", name)
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}
	if ids, err := s.Snapshots(); err != nil || len(ids) > 0 {
		t.Errorf("%v, %v", ids, err)
	}
	g, err := s.Begin(t.Context(), "extract")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	w, err := g.Create("tiny", 0, 63)
	if err != nil {
		t.Fatal(err)
	}
	w.file.Close() // as a disk that is gone
	for range 2 {
		if _, err := w.Write([]byte("x")); err == nil {
			t.Error("wrote to a file that is closed")
		}
	}
	if err := w.Close(1); err == nil {
		t.Error("closed well")
	}
}
