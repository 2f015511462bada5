package reports

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A report that cannot be logged is not published, and an earlier one stays.
func TestUnloggedIsNotPublished(t *testing.T) {
	req := requestIn(t, Internal, onePage)
	earlier := built(t, constructed(50, siteNames(), onePage), req)
	full := errors.New("the disk is full")
	var logged map[string]any
	req.record = func(facts map[string]any, _ []byte) error {
		logged = facts
		return full
	}
	if _, err := build(t.Context(), constructed(60, siteNames(), onePage), req); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	if logged["bundle"] == "" || logged["audience"] != "internal" || logged["results"] == "" {
		t.Errorf("logged %v", logged)
	}
	if now := read(t, req.Out); now["manifest.json"] != earlier["manifest.json"] || len(now) != len(earlier) {
		t.Error("the earlier report changed")
	}
	if entries, err := os.ReadDir(filepath.Dir(req.Out)); err != nil || len(entries) != 2 { // the file of targets, and the report
		t.Errorf("beside the report: %v, %v", entries, err)
	}
}
