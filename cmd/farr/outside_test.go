package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

// TestOutsideStore: rows and reports are not written into the store, by a link or two dots neither, and nothing is
// left there; beside it the same command gets further.
func TestOutsideStore(t *testing.T) {
	p := synthetic(t, 30, 3)
	p.extract("--risk=false")
	link := filepath.Join(p.dir, "link")
	if err := os.Symlink(p.store, link); err != nil {
		t.Fatal(err)
	}
	key := []string{"--key", p.key, "--name", "registry", "--profile", "shifted"}
	before := names(t, p.store)
	for _, out := range []string{
		p.store, filepath.Join(p.store, "a"), filepath.Join(p.store, "a", "b"), filepath.Join(link, "a"), p.store + "/../" + filepath.Base(p.store) + "/a", p.store + "/objects/../a",
	} {
		for _, args := range [][]string{append([]string{"export"}, key...), {"report", "--audience", "internal"}} {
			e := farr(t, append(args, "--store", p.store, "--out", out)...)
			if e.code != jobs.ExitPrivacy || !strings.Contains(e.stderr, "does not lie in the store") {
				t.Errorf("%s to %s: exit %d\n%s", args[0], out, e.code, e.stderr)
			}
		}
	}
	if after := names(t, p.store); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("the store has %v, and had %v", after, before)
	}
	for _, args := range [][]string{append([]string{"export"}, key...), {"report", "--audience", "internal"}} {
		e := farr(t, append(args, "--store", p.store, "--out", filepath.Join(p.dir, "beside", "a"))...)
		if e.code == 0 || strings.Contains(e.stderr, "does not lie in the store") {
			t.Errorf("%s beside the store: exit %d\n%s", args[0], e.code, e.stderr)
		}
	}
}

// names are those of what a folder has.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}
