//go:build linux

package jobs

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"farr/datasets"
)

// What a run would refuse of a store's place the doctor says before.
func TestDoctorOfAStoresPlace(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	writeFile(t, filepath.Join(w.dir, "j.yaml"), minimal("j", daily))
	job, err := LoadJob(filepath.Join(w.dir, "j.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := datasets.CreateStore(t.Context(), job.Store)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	folder := filepath.Join(job.Store, "current")
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=64k,mode=700"); err != nil {
		t.Skipf("a file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	d, err := Doctor(context.Background(), w.dir, w.options())
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := d.WriteText(&text); err != nil || !strings.Contains(text.String(), "current: it is on another file system") {
		t.Errorf("%v\n%s", err, &text)
	}
}
