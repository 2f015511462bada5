package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"farr/jobs"
)

// TestDirty: every planted bad line is found with its reason at its place, none else is,
// the good ones survive, and two runs on one input and key make one snapshot.
func TestDirty(t *testing.T) {
	p := synthetic(t, 200, 7, "--dirty", "0.004")
	want := readTruth(t, p.export)
	got := p.extract("--max-reject", "0.05")

	place := func(file string, line, offset int64, reason string) string {
		return fmt.Sprintf("%s:%d:%d: %s", file, line, offset, reason)
	}
	var planted, found []string
	kinds := map[string]bool{}
	for _, d := range want.Dirty {
		planted = append(planted, place(d.File, d.Line, d.Offset, d.Reason))
		kinds[d.Reason] = true
	}
	for _, r := range got.Rejects {
		found = append(found, place(filepath.Base(r.File), r.Line, r.Offset, r.Reason))
	}
	slices.Sort(planted)
	slices.Sort(found)
	if len(kinds) < 10 || len(planted) < 20 {
		t.Errorf("only %d bad lines of %d kinds were planted", len(planted), len(kinds))
	}
	if !slices.Equal(planted, found) || got.Rejected != int64(len(planted)) {
		t.Errorf("%d bad lines planted, %d rejected:\nplanted %s\nfound   %s", len(planted), got.Rejected,
			strings.Join(without(planted, found), "\n        "), strings.Join(without(found, planted), "\n        "))
	}
	if got.Read != got.Stored+got.Superseded+got.NotInPolicy+got.DroppedByPolicy+got.Rejected {
		t.Errorf("the accounting identity fails: %+v", got)
	}

	again := p.extract("--max-reject", "0.05")
	if !again.Skipped || again.Snapshot != got.Snapshot {
		t.Errorf("the same request again: skipped %v, snapshot %s, want a skip of %s", again.Skipped, again.Snapshot, got.Snapshot)
	}
	elsewhere := p
	elsewhere.store = filepath.Join(p.dir, "another")
	if other := elsewhere.extract("--max-reject", "0.05"); other.Skipped || other.Snapshot != got.Snapshot {
		t.Errorf("another store: snapshot %s, want %s made afresh", other.Snapshot, got.Snapshot)
	}

	strict := p
	strict.store = filepath.Join(p.dir, "strict")
	e := farr(t, strict.extractArgs("--max-reject", "0.001")...)
	if e.code != jobs.ExitFailed || !strings.Contains(e.stderr, "reject") {
		t.Errorf("above --max-reject: exit %d, %s", e.code, e.stderr)
	}
	nothingPublished(t, strict.store)
}

func without(a, b []string) (out []string) {
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

func nothingPublished(t *testing.T, store string) {
	t.Helper()
	for _, dir := range []string{"snapshots", "objects", "staging"} {
		_ = filepath.WalkDir(filepath.Join(store, dir), func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Base(path)[0] != '.' {
				t.Errorf("%s was left behind", path)
			}
			return nil
		})
	}
}

// TestBadSources: a source or key that cannot be trusted is refused with a clear error,
// nothing is published, and the earlier snapshot stays the current one.
func TestBadSources(t *testing.T) {
	p := synthetic(t, 30, 3)
	first := p.extract()
	periods := "--periods=2024"
	p.measure(append(oneMeasure, periods)...)
	before := p.table("aggregate")

	copyExport := func(t *testing.T) project {
		q := p
		q.t = t
		q.export = filepath.Join(t.TempDir(), "export")
		if err := os.CopyFS(q.export, os.DirFS(p.export)); err != nil {
			t.Fatal(err)
		}
		return q
	}
	replace := func(t *testing.T, file string, change func([]byte) []byte) {
		t.Helper()
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, change(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, q *project)
		want   string
	}{
		{"cut gzip", func(t *testing.T, q *project) {
			replace(t, filepath.Join(q.export, "Observation.ndjson.gz"), func(b []byte) []byte { return b[:len(b)/2] })
		}, "truncated-gzip"},
		{"gzip cut at a flush point", func(t *testing.T, q *project) { cutAtFlush(t, filepath.Join(q.export, "Observation.ndjson.gz")) }, "truncated-gzip"},
		{"trailing garbage", func(t *testing.T, q *project) {
			replace(t, filepath.Join(q.export, "Condition.ndjson.gz"), func(b []byte) []byte { return append(b, "rest"...) })
		}, "trailing-garbage"},
		{"empty folder", func(t *testing.T, q *project) { q.export = t.TempDir() }, "empty-source"},
		{"no folder", func(t *testing.T, q *project) { q.export = filepath.Join(t.TempDir(), "absent") }, "no such file"},
		{"not R4", func(t *testing.T, q *project) {
			line := `{"resourceType":"Condition","id":"c1","clinicalStatus":"active","verificationStatus":"confirmed","subject":{"reference":"Patient/1"}}`
			replace(t, filepath.Join(q.export, "sites.csv"), func(b []byte) []byte { return b })
			if err := os.WriteFile(filepath.Join(q.export, "more.ndjson"), []byte(line+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "not-fhir-r4"},
		{"a key others can read", func(t *testing.T, q *project) {
			q.key = filepath.Join(t.TempDir(), "open.key")
			must(t, "keys", "new", "--out", q.key)
			if err := os.Chmod(q.key, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "key"},
		{"a constant key", func(t *testing.T, q *project) {
			q.key = filepath.Join(t.TempDir(), "weak.key")
			if err := os.WriteFile(q.key, []byte("farr-key-v1:"+strings.Repeat("a", 52)+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := copyExport(t)
			c.change(t, &q)
			e := farr(t, q.extractArgs()...)
			if e.code == jobs.ExitOK || !strings.Contains(e.stderr, c.want) {
				t.Errorf("exit %d, want a failure that says %q:\n%s", e.code, c.want, e.stderr)
			}
			if len(strings.Split(e.stderr, "\n")) > 12 || strings.Contains(e.stderr, "goroutine") {
				t.Errorf("not a message for a user:\n%s", e.stderr)
			}
		})
	}
	if again := p.extract(); again.Snapshot != first.Snapshot || !again.Skipped {
		t.Errorf("the earlier snapshot %s is no longer there: %+v", first.Snapshot, again)
	}
	if after := p.table("aggregate"); len(after) != len(before) {
		t.Error("the current results changed")
	}
	must(t, "verify", "--store", p.store)
}

// cutAtFlush rewrites a gzip file so that it ends cleanly at a flush point, without the
// trailer, as a copy that stopped between two writes does.
func cutAtFlush(t *testing.T, file string) {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	w := gzip.NewWriter(&b)
	half := len(text) / 2
	half += strings.IndexByte(string(text[half:]), '\n') + 1
	if _, err := w.Write(text[:half]); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestWrongKeyAndDamage: results are refused rather than wrong.
func TestWrongKeyAndDamage(t *testing.T) {
	p := synthetic(t, 30, 4)
	p.extract()

	other := filepath.Join(p.dir, "other.key")
	must(t, "keys", "new", "--out", other)
	e := farr(t, "measure", "run", "--store", p.store, "--key", other, "--periods", "2024")
	if e.code == jobs.ExitOK || !strings.Contains(e.stderr, "wrong-key") {
		t.Errorf("another project's key: exit %d\n%s", e.code, e.stderr)
	}
	e = farr(t, "measure", "run", "--store", p.store, "--periods", "2024")
	if e.code == jobs.ExitOK || !strings.Contains(e.stderr, "key") {
		t.Errorf("no key on shifted dates: exit %d\n%s", e.code, e.stderr)
	}

	objects, err := filepath.Glob(filepath.Join(p.store, "objects", "*", "*"))
	if err != nil || len(objects) == 0 {
		t.Fatalf("no objects in the store: %v", err)
	}
	largest := slices.MaxFunc(objects, func(a, b string) int {
		x, _ := os.Stat(a)
		y, _ := os.Stat(b)
		return int(x.Size() - y.Size())
	})
	data, err := os.ReadFile(largest)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.Chmod(largest, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(largest, data, 0o444); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--store", p.store},
		{"measure", "run", "--store", p.store, "--key", p.key, "--periods", "2024"},
	} {
		if e := farr(t, args...); e.code != jobs.ExitIntegrity {
			t.Errorf("farr %s on a damaged object: exit %d\n%s", args[0], e.code, e.stderr)
		}
	}
	if again := p.extract(); again.Skipped {
		t.Error("a damaged extract was taken for made already")
	}
	must(t, "verify", "--store", p.store)
}

// TestFullDisk fills a small file system while extracting.
func TestFullDisk(t *testing.T) {
	p := synthetic(t, 60, 5)
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("skipped: a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(small, syscall.MNT_DETACH) })
	p.store = filepath.Join(small, "store")
	e := farr(t, p.extractArgs()...)
	if e.code != jobs.ExitFailed || !strings.Contains(e.stderr, "no space left") {
		t.Errorf("exit %d\n%s", e.code, e.stderr)
	}
	nothingPublished(t, p.store)
}

// TestNoStore: only extract makes a store; what reads one says that there is none.
func TestNoStore(t *testing.T) {
	for _, verb := range []string{"verify", "measure results", "measure run --periods 2024", "report --audience internal --out x"} {
		dir := filepath.Join(t.TempDir(), "nowhere")
		e := farr(t, append(strings.Fields(verb), "--store", dir)...)
		if e.code == jobs.ExitOK || !strings.Contains(e.stderr, "not-a-store") || exists(dir) {
			t.Errorf("farr %s: exit %d, folder made: %v\n%s", verb, e.code, exists(dir), e.stderr)
		}
	}
}
