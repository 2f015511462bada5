package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"farr/jobs"
)

// TestRunExitCodes: a script tells by the exit code of farr run what to do about it.
func TestRunExitCodes(t *testing.T) {
	p := synthetic(t, 30, 9)
	job := p.job("shifted", oneOfEach)
	type ran struct {
		Steps []struct {
			Name     string `json:"name"`
			Snapshot string `json:"snapshot"`
		} `json:"steps"`
	}
	made := map[string]string{} // snapshot of each step
	for _, step := range answer[ran](t, "run", job).Steps {
		made[step.Name] = step.Snapshot
	}
	if made["extract"] == "" || made["measure"] == "" {
		t.Fatalf("%v", made)
	}
	want := func(name string, code int) {
		t.Helper()
		if e := farr(t, "run", job); e.code != code {
			t.Errorf("%s: exit %d, want %d\n%s", name, e.code, code, e.stderr)
		}
	}
	chmod := func(path string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}

	chmod(p.key, 0o644)
	want("a key that others can read", jobs.ExitFailed)
	chmod(p.key, 0o600)
	if err := os.Rename(p.key, p.key+".away"); err != nil {
		t.Fatal(err)
	}
	want("no key", jobs.ExitFailed)
	if err := os.Rename(p.key+".away", p.key); err != nil {
		t.Fatal(err)
	}

	lock, err := os.OpenFile(filepath.Join(p.dir, ".farr", "nightly.lock"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	want("another run at work", jobs.ExitLocked)
	lock.Close()
	want("none at work", jobs.ExitOK)

	harm := func(snapshot string) (mend func()) {
		t.Helper()
		manifest, err := os.ReadFile(filepath.Join(p.store, "snapshots", snapshot+".json"))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(manifest), `"sha256":"`)
		object := filepath.Join(p.store, "objects", rest[:2], rest[:64])
		data, err := os.ReadFile(object)
		if err != nil {
			t.Fatal(err)
		}
		put := func(data []byte) {
			chmod(object, 0o600)
			if err := os.WriteFile(object, data, 0); err != nil {
				t.Fatal(err)
			}
		}
		data[len(data)/2] ^= 1
		put(data)
		return func() {
			data[len(data)/2] ^= 1
			put(data)
		}
	}
	mend := harm(made["measure"])
	want("damaged results", jobs.ExitIntegrity)
	mend()
	want("mended results", jobs.ExitOK)
	// What the extract made is made again from its source.
	harm(made["extract"])
	want("a damaged extract", jobs.ExitOK)
	must(t, "verify", "--store", p.store)
}
