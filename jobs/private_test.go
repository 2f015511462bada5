package jobs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/datasets"
)

// A ledger or a store that others can read or write is refused before anything is done, with what to do; farr doctor tells the same.
func TestOpenToOthers(t *testing.T) {
	t.Parallel()
	dir := clinic(t)
	l, err := openLedger(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	store, err := datasets.CreateStore(t.Context(), filepath.Join(dir, "store"))
	if err := errors.Join(err, l.close(), store.Close()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path      string
		open, own os.FileMode
		chmod     string
	}{
		{".farr", 0o755, 0o700, "chmod 700 "},
		{".farr", 0o777, 0o700, "chmod 700 "},
		{".farr/ledger.db", 0o640, 0o600, "chmod 600 "},
		{".farr/ledger.db", 0o606, 0o600, "chmod 600 "},
		{"store", 0o777, 0o700, "chmod 700 "},
		{"store", 0o755, 0o700, "chmod 700 "},
		{"store/objects", 0o750, 0o700, "chmod 700 "},
	} {
		path := filepath.Join(dir, c.path)
		if err := os.Chmod(path, c.open); err != nil {
			t.Fatal(err)
		}
		if _, err := runJob(t, dir); datasets.CodeOf(err) != datasets.CodeOpenToOthers || !strings.Contains(err.Error(), c.chmod) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s with mode %o: %v", c.path, c.open, err)
		}
		d, err := Doctor(t.Context(), dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		if err := d.WriteText(&said); err != nil || d.Well() || !strings.Contains(said.String(), c.chmod) {
			t.Errorf("doctor, %s with mode %o: %s, %v", c.path, c.open, said.String(), err)
		}
		if err := os.Chmod(path, c.own); err != nil {
			t.Fatal(err)
		}
	}
	if d, err := Doctor(t.Context(), dir, Options{}); err != nil || !d.Well() {
		t.Errorf("%+v, %v", d, err)
	}
	s, err := datasets.OpenStore(t.Context(), filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if ids, err := s.Snapshots(); err != nil || len(ids) > 0 {
		t.Errorf("%v, %v", ids, err)
	}
}
