package datasets

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// overwrite replaces a read-only file's bytes in place, as bad hardware would.
func overwrite(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func flipBit(t testing.TB, path string, at int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 1
	overwrite(t, path, data)
}

func TestVerifyReportsAllAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := openTestStore(t, dir)
	a, b, c := mustPublish(t, s, "a"), mustPublish(t, s, "b"), mustPublish(t, s, "c")
	for name, sn := range map[string]*Snapshot{"one": a, "two": b, "three": c} {
		if err := s.SetCurrent(t.Context(), name, sn.ID()); err != nil {
			t.Fatal(err)
		}
	}
	flipBit(t, a.Paths("tiny")[0], 7)
	if err := os.Remove(b.Paths("tiny")[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, manifestName(c.ID()))); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, keysDir, b.Manifest().Key)); err != nil {
		t.Fatal(err)
	}
	for _, stray := range []string{"objects/note.txt", "objects/aa", "snapshots/x.json"} {
		path := filepath.Join(dir, stray)
		if stray == "objects/aa" {
			os.Mkdir(path, 0o700)
			path = filepath.Join(path, "bb")
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	report, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[Code]int{}
	for _, p := range report.Problems {
		got[p.Code]++
	}
	want := map[Code]int{CodeDamagedObject: 2, CodeDamagedPointer: 2, CodeDamagedLayout: 3}
	for code, n := range want {
		if got[code] != n {
			t.Errorf("%d problems %s, want %d: %v", got[code], code, n, report.Problems)
		}
	}
	if report.Unreferenced != 1 {
		t.Errorf("%d objects that nothing names, want that of the lost manifest", report.Unreferenced)
	}
}

// A link is refused wherever it stands, also one that leads to the right bytes.
func TestLinksAreNotFollowed(t *testing.T) {
	outside := t.TempDir()
	dir := t.TempDir()
	s := openTestStore(t, dir)
	sn := mustPublish(t, s, "x")
	object := sn.Paths("tiny")[0]
	copied := filepath.Join(outside, "copy")
	if err := os.Rename(object, copied); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(copied, object); err != nil {
		t.Fatal(err)
	}
	wantCode(t, sn.Check(t.Context()), CodeDamagedObject)

	// A folder of objects that leads out is neither written through nor read.
	pool := filepath.Dir(object)
	if err := os.RemoveAll(pool); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, pool); err != nil {
		t.Fatal(err)
	}
	if _, err := publishTiny(t, s, "x"); err == nil {
		t.Error("published through a link")
	}
	wantCode(t, sn.Check(t.Context()), CodeDamagedObject)
	if names, _ := os.ReadDir(outside); len(names) != 1 {
		t.Errorf("outside now holds %v", names)
	}
	report, err := s.Verify(t.Context())
	if err != nil || len(report.Problems) == 0 {
		t.Errorf("verify: %v, %v", report, err)
	}

	staging := filepath.Join(dir, stagingDir)
	os.RemoveAll(staging)
	os.Symlink(outside, staging)
	if _, err := s.Begin(t.Context(), "extract"); err == nil {
		t.Error("staged through a link")
	}
	_, err = CreateStore(t.Context(), dir)
	wantCode(t, err, CodeDamagedLayout)
	if !strings.Contains(err.Error(), stagingDir) {
		t.Errorf("error %v does not say where", err)
	}
}
