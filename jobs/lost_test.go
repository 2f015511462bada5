package jobs

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"farr/datasets"
)

// statusText is what a person reads, and whether all is well.
func (w *world) statusText() (string, bool) {
	w.t.Helper()
	s, err := Status(context.Background(), w.dir, w.options())
	if err != nil {
		w.t.Fatal(err)
	}
	var text bytes.Buffer
	if err := s.WriteText(&text); err != nil {
		w.t.Fatal(err)
	}
	return text.String(), s.Healthy()
}

// A ledger that is gone or empty where jobs have run is not taken for that of a new folder, which owes nothing for the past.
func TestLedgerThatIsLost(t *testing.T) {
	for name, lose := range map[string]func(path string) error{
		"removed": os.Remove, "emptied": func(path string) error { return os.Truncate(path, 0) },
		"cut": func(path string) error { return os.Truncate(path, 5000) },
		"a page of the jobs' index": func(path string) error { // which tells that a job is known
			db, err := sql.Open("sqlite", path)
			if err != nil {
				return err
			}
			var page int64
			err = db.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_job_1'").Scan(&page)
			if err := errors.Join(err, db.Close()); err != nil {
				return err
			}
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			// A leaf of an index without entries.
			leaf := append([]byte{10, 0, 0, 0, 0, 16, 0, 0}, make([]byte, 4088)...)
			_, err = f.WriteAt(leaf, (page-1)*4096)
			return errors.Join(err, f.Close())
		},
		"other": func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("x"), 9000), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "2026-01-10T04:00:00Z")
			w.job("j", daily)
			w.tick()
			w.now = at(t, "2026-01-10T05:00:00Z")
			w.tick()
			for _, of := range []string{"-wal", "-shm"} {
				if err := os.Remove(filepath.Join(w.dir, ledgerDir, ledgerFile+of)); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
			}
			if err := lose(filepath.Join(w.dir, ledgerDir, ledgerFile)); err != nil {
				t.Fatal(err)
			}
			job, err := LoadJob(filepath.Join(w.dir, "j.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			w.now = at(t, "2026-01-11T06:00:00Z")
			for what, do := range map[string]func() error{
				"tick":   func() error { _, err := Tick(context.Background(), w.dir, w.options()); return err },
				"status": func() error { _, err := Status(context.Background(), w.dir, w.options()); return err },
				"run":    func() error { _, err := Run(context.Background(), job, w.options()); return err },
			} {
				if strings.HasPrefix(name, "a page") && what != "tick" {
					continue // what they ask for does not rest on it
				}
				err := do()
				if ClassOf(err) != ClassLedger || ExitCode(err) != ExitIntegrity || !strings.Contains(Todo(err), "farr ledger rebuild") {
					t.Errorf("%s: %v", what, err)
				}
			}
			if len(w.built) != 1 {
				t.Errorf("built %v", w.built)
			}
			d, err := Doctor(context.Background(), w.dir, w.options())
			if err != nil || d.Well() {
				t.Errorf("the doctor finds nothing: %+v, %v", d, err)
			}
		})
	}
}

// Of a run that a ledger was rebuilt from there is no result.
func TestStatusOfARebuiltLedger(t *testing.T) {
	t.Parallel()
	w, o := ranOnce(t)
	if err := os.RemoveAll(filepath.Join(w.dir, "export")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(w.dir, "export", "sites.csv"), "id,label\n")
	w.now = at(t, "2026-03-02T10:00:00Z")
	if _, err := Tick(context.Background(), w.dir, o); err == nil {
		t.Fatal("an export that is away is no failure")
	}
	if err := os.RemoveAll(filepath.Join(w.dir, ledgerDir)); err != nil {
		t.Fatal(err)
	}
	if _, err := Rebuild(context.Background(), w.dir, o); err != nil {
		t.Fatal(err)
	}
	if text, well := w.statusText(); well || !strings.Contains(text, "last ended well") {
		t.Errorf("well %t\n%s", well, text)
	}
}

// Where every tick refuses for the clock, status says so.
func TestStatusOfAClockThatWentBack(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily)
	w.tick()
	w.now = at(t, "2026-01-09T04:00:00Z")
	if text, well := w.statusText(); well || !strings.HasPrefix(text, "WRONG    the clock shows 2026-01-09T04:00:00Z") {
		t.Errorf("well %t\n%s", well, text)
	}
}

// What becomes of a run that died is told as it is: a planned time is run again while it may be, a run by hand is not.
func TestWhatBecomesOfADeadRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily+"retries: {crashed: {attempts: 2}}\n")
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	again, never := "the next tick runs it again", "it is not run again by itself"
	for i, want := range []string{again, never} {
		w.killedTick()
		if text, _ := w.statusText(); !strings.Contains(text, want) {
			t.Errorf("killed %d times:\n%s", i+1, text)
		}
		list, err := Runs(context.Background(), w.dir, "j", 1)
		if err != nil || list.Runs[0].State != "lost" {
			t.Errorf("killed %d times: %+v, %v", i+1, list, err)
		}
		w.now = w.now.Add(time.Minute)
	}
	w.tick()
	w.wantStates("j", "2026-01-10T05:00:00Z failed")
	if text, _ := w.statusText(); !strings.Contains(text, never) || strings.Contains(text, again) {
		t.Errorf("failed:\n%s", text)
	}
	if _, err := Again(context.Background(), w.dir, "j", nil); err != nil {
		t.Fatal(err)
	}
	if text, _ := w.statusText(); !strings.HasPrefix(text, "retrying j") {
		t.Errorf("asked for again:\n%s", text)
	}
	if _, err := Again(context.Background(), w.dir, "j", nil); err == nil || !strings.Contains(err.Error(), "waits to be run again already") {
		t.Errorf("%v", err)
	}
}

// What is due and no tick has noted yet can be cancelled, too.
func TestCancelBeforeTheTick(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily)
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	if asked, err := Cancel(context.Background(), w.dir, "j", w.options()); err != nil || !strings.Contains(asked.Did, "1 waiting") {
		t.Errorf("%+v, %v", asked, err)
	}
	w.tick()
	w.wantStates("j", "2026-01-10T05:00:00Z cancelled")
	list, err := Runs(context.Background(), w.dir, "j", 5)
	if err != nil || len(list.Runs) != 0 || len(list.Missed) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

// A job that never runs since it is always too late is not well.
func TestStatusOfAJobThatIsAlwaysMissed(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily+"misfire: {rule: skip, grace: 20s}\n")
	w.tick()
	w.now = at(t, "2026-01-10T06:00:00Z")
	w.tick()
	if text, well := w.statusText(); well || !strings.HasPrefix(text, "LATE     j") || !strings.Contains(text, "1 planned time(s) missed") {
		t.Errorf("well %t\n%s", well, text)
	}
}

// A file that was meant for a job is not passed over in silence.
func TestFilesThatAreMeantForJobs(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "A.YAML"), minimal("a", daily))
	writeFile(t, filepath.Join(dir, "capitals.yaml"), "Name: b\nStore: s\n")
	writeFile(t, filepath.Join(dir, "nested.yaml"), "job:\n  name: c\n")
	writeFile(t, filepath.Join(dir, "folder.yaml", "x"), "")
	jobs, wrong, err := LoadFolder(dir)
	if err != nil || len(jobs) != 1 || jobs[0].Name != "a" {
		t.Fatalf("%v, %v", jobs, err)
	}
	for _, place := range []string{"capitals.yaml:1:1: unknown-key", "nested.yaml:1:1: unknown-key", "folder.yaml: not-a-file"} {
		if !strings.Contains(wrong.Err().Error(), place) {
			t.Errorf("%v does not name %s", wrong, place)
		}
	}
}

// The doctor tells another project's key before a run does, and quotes no secret that stands where a file's name belongs.
func TestDoctorOfKeysAndSecrets(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.dir = hospital(t, 0)
	o := w.options()
	o.build = nil
	job, err := LoadJob(filepath.Join(w.dir, "nightly.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.now = at(t, "2026-03-01T10:00:00Z")
	if _, err := Run(context.Background(), job, o); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(job.Key); err != nil {
		t.Fatal(err)
	}
	if _, err := datasets.CreateKey(job.Key); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(job.File)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, job.File, string(text)+"notify: {webhook: {url: 'https://example.org/x', secret: hunter2-S3cret}}\n")
	d, err := Doctor(context.Background(), w.dir, o)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if err := d.WriteText(&said); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"wrong    nightly: key of the store: ", "wrong    nightly: secret of the webhook: the file that is to have the secret: no such file"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in\n%s", want, &said)
		}
	}
	if strings.Contains(said.String(), "hunter2") {
		t.Errorf("the secret is told:\n%s", &said)
	}
}

// Where the ledger's folder is none, or a file beside it cannot be looked at, nothing is made; and the clock is accepted by nobody
// while a tick is at work.
func TestLedgerInTheWay(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	writeFile(t, filepath.Join(w.dir, ledgerDir), "a file")
	if _, err := openLedger(context.Background(), w.dir); err == nil {
		t.Error("a file was taken for the ledger's folder")
	}
	w = newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily)
	w.tick()
	held, err := w.open().lockFolder()
	if err != nil {
		t.Fatal(err)
	}
	var busy *LockedError
	if err := AcceptClock(context.Background(), w.dir, w.options()); !errors.As(err, &busy) {
		t.Errorf("beside a tick: %v", err)
	}
	held.Close()
	if _, err := w.open().db.Exec("DROP TABLE alert"); err != nil {
		t.Fatal(err)
	}
	if err := AcceptClock(context.Background(), w.dir, w.options()); err == nil {
		t.Error("in a ledger without alerts the clock is accepted")
	}
	around := filepath.Join(t.TempDir(), ledgerDir)
	if err := os.Mkdir(around, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(ledgerFile+"-wal", filepath.Join(around, ledgerFile+"-wal")); err != nil {
		t.Fatal(err)
	}
	if _, err := openLedger(context.Background(), filepath.Dir(around)); err == nil {
		t.Error("a link that leads to itself was taken for a part of the ledger")
	}
}
