package jobs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRetryByHand(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily)
	if _, err := Again(context.Background(), w.dir, "j", nil); !errors.Is(err, ErrNoLedger) {
		t.Errorf("before anything: %v", err)
	}
	w.tick()
	w.fail = errors.New("no export")
	w.now = at(t, "2026-01-11T06:00:00Z")
	if _, err := Tick(context.Background(), w.dir, w.options()); err == nil {
		t.Error("no failure")
	}
	w.fail = nil
	asked, err := Again(context.Background(), w.dir, "j", nil)
	if err != nil || !asked.Planned.Equal(at(t, "2026-01-11T05:00:00Z")) {
		t.Errorf("%+v, %v", asked, err)
	}
	w.now = at(t, "2026-01-11T06:05:00Z")
	w.tick()
	w.wantStates("j", "2026-01-10T05:00:00Z missed", "2026-01-11T05:00:00Z succeeded")
	first := at(t, "2026-01-10T05:00:00Z")
	if _, err := Again(context.Background(), w.dir, "j", &first); err != nil {
		t.Error(err)
	}
	w.tick()
	w.wantStates("j", "2026-01-10T05:00:00Z succeeded", "2026-01-11T05:00:00Z succeeded")
	if _, err := Again(context.Background(), w.dir, "j", nil); err == nil || !strings.Contains(err.Error(), "no planned time") {
		t.Errorf("nothing to retry: %v", err)
	}
	list, err := Runs(context.Background(), w.dir, "j", 10)
	if err != nil || len(list.Runs) != 3 || list.Runs[2].State != "failed" || list.Runs[2].Outcome != "succeeded" || list.Runs[2].Advice != "" {
		t.Errorf("%+v, %v", list, err)
	}
	var text bytes.Buffer
	if err := list.WriteText(&text); err != nil || !strings.Contains(text.String(), "failed: no export") || !strings.Contains(text.String(), "for 2026-01-10T05:00:00Z, attempt 1") {
		t.Errorf("%v\n%s", err, &text)
	}
}

// A run that is cancelled ends at its next sign of life, and is not run again by itself; what waits can be cancelled too.
func TestCancel(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily)
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	o := w.options()
	o.beat = time.Millisecond
	o.build = func(ctx context.Context, _ *Job, _ *RunResult, _ Options) error {
		asked, err := Cancel(context.Background(), w.dir, "j", o)
		if err != nil || !strings.Contains(asked.Did, "is asked to end") || !asked.Planned.Equal(w.now) {
			t.Errorf("%+v, %v", asked, err)
		}
		<-ctx.Done()
		return ctx.Err()
	}
	if _, err := Tick(context.Background(), w.dir, o); ClassOf(err) != ClassCancelled {
		t.Errorf("%v", err)
	}
	w.wantStates("j", "2026-01-10T05:00:00Z cancelled")
	s, err := Status(context.Background(), w.dir, w.options())
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := s.WriteText(&text); err != nil || !strings.Contains(text.String(), "was ended by a person") {
		t.Errorf("%v, and status does not say what became of it:\n%s", err, &text)
	}
	w.tick()
	if _, err := Cancel(context.Background(), w.dir, "j", o); err == nil {
		t.Error("nothing to cancel, and no error")
	}
	if _, err := Again(context.Background(), w.dir, "j", nil); err != nil {
		t.Error(err)
	}
	if asked, err := Cancel(context.Background(), w.dir, "j", o); err != nil || !strings.Contains(asked.Did, "1 waiting") {
		t.Errorf("%+v, %v", asked, err)
	}
	w.wantStates("j", "2026-01-10T05:00:00Z cancelled")
}

func TestBackup(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily)
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	w.tick()
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := Backup(context.Background(), w.dir, to); err != nil {
		t.Fatal(err)
	}
	if err := Backup(context.Background(), w.dir, to); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file that is there: %v", err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	// The copy is a ledger.
	if err := os.RemoveAll(filepath.Join(w.dir, ledgerDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(w.dir, ledgerDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(to, filepath.Join(w.dir, ledgerDir, ledgerFile)); err != nil { // with its mode
		t.Fatal(err)
	}
	w.wantStates("j", "2026-01-10T05:00:00Z succeeded")
}

func TestDoctor(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	key := filepath.Join(w.dir, "farr.key")
	writeFile(t, filepath.Join(w.dir, "j.yaml"), strings.Replace(minimal("j", daily), "/etc/farr/farr.key", "farr.key", 1))
	writeFile(t, filepath.Join(w.dir, "broken.yaml"), "name: [\n")
	writeFile(t, key, "no key, and all can read it")
	w.now = at(t, "2026-01-10T05:00:00Z")
	if _, err := Tick(context.Background(), w.dir, w.options()); ExitCode(err) != ExitUsage {
		t.Errorf("%v", err)
	}
	w.now = at(t, "2026-01-10T04:00:00Z")
	d, err := Doctor(context.Background(), w.dir, w.options())
	if err != nil || d.Well() {
		t.Fatalf("%+v, %v", d, err)
	}
	var text bytes.Buffer
	if err := d.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"wrong    job file: ", "wrong    clock: ", "wrong    j: source: ", "wrong    j: key: ", "ok       ledger: version 3", "ok       ledger's pages: sound", "ok       locks: ", "j: store: none yet"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
}

func TestDoctorOfAServerAndSinks(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	secret := filepath.Join(w.dir, "hook.secret")
	if err := os.WriteFile(secret, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const sinks = `
notify:
  webhook: {url: "https://hooks.example.org/farr", secret: hook.secret}
  smtp: {server: "mail.example.org:587", from: a@example.org, to: [b@example.org], user: u, password: mail.secret}
`
	text := strings.Replace(minimal("j", daily), "dir: export", "bulk: {url: https://fhir.example.org/r4, client_id: c, client_key: client.pem}, zone: UTC", 1)
	if !strings.Contains(text, "bulk") {
		t.Fatal(text)
	}
	writeFile(t, filepath.Join(w.dir, "j.yaml"), text+sinks)
	says := func() string {
		d, err := Doctor(context.Background(), w.dir, w.options())
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := d.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		return text.String()
	}
	got := says()
	for _, want := range []string{"ok       j: source: a FHIR server", "wrong    j: client key: ", "ok       j: secret of the webhook: ", "wrong    j: password of the mail server: "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if err := os.Chmod(secret, 0o640); err != nil {
		t.Fatal(err)
	}
	if got = says(); !strings.Contains(got, "wrong    j: secret of the webhook: ") || strings.Contains(got, "secret\n") {
		t.Errorf("a secret that others can read is passed, or quoted:\n%s", got)
	}
}

func TestDoctorWithoutAJobThatRuns(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	writeFile(t, filepath.Join(w.dir, "broken.yaml"), "name: [\n")
	d, err := Doctor(context.Background(), w.dir, w.options())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Findings {
		if f.What == "job files" && f.Level == "ok" {
			t.Errorf("%+v: none can be run", f)
		}
	}
}

func TestRunsOfAJobThatIsNot(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("good", daily)
	w.tick()
	list, err := Runs(context.Background(), w.dir, "good", 20)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := list.WriteText(&text); err != nil || text.String() != "no run of a job \"good\" in "+w.dir+"\n" {
		t.Errorf("%q, %v", &text, err)
	}
	for what, err := range map[string]error{
		"runs":   func() error { _, err := Runs(context.Background(), w.dir, "goood", 20); return err }(),
		"cancel": func() error { _, err := Cancel(context.Background(), w.dir, "goood", w.options()); return err }(),
		"retry":  func() error { _, err := Again(context.Background(), w.dir, "goood", nil); return err }(),
	} {
		if err == nil || !strings.Contains(err.Error(), "there is no job \"goood\" in "+w.dir+"; there are: good") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestClockOfAFolderWithoutLedger(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mistyped")
	if err := AcceptClock(context.Background(), dir, Options{}); !errors.Is(err, ErrNoLedger) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
}

// A planned time that is cancelled between two of several that are made up for is not begun.
func TestCancelledBetweenRuns(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily+"misfire: {rule: all, cap: 5}\n")
	w.tick()
	w.now = at(t, "2026-01-12T06:00:00Z")
	o := w.options()
	inner := o.build
	o.build = func(ctx context.Context, job *Job, r *RunResult, o Options) error {
		if r.Planned.Day() == 10 { // as Cancel does where nothing runs
			if _, err := w.open().db.Exec("UPDATE occurrence SET state = 'cancelled' WHERE planned = '2026-01-11T05:00:00Z'"); err != nil {
				t.Error(err)
			}
		}
		return inner(ctx, job, r, o)
	}
	report, err := Tick(context.Background(), w.dir, o)
	if err != nil {
		t.Fatal(err)
	}
	w.wantStates("j", "2026-01-10T05:00:00Z succeeded", "2026-01-11T05:00:00Z cancelled", "2026-01-12T05:00:00Z succeeded")
	if len(w.built) != 2 || len(report.Jobs) != 2 {
		t.Errorf("built %v, told %+v", w.built, report.Jobs)
	}
}

// What a run left that died is cancelled, too.
func TestCancelAfterADeath(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily)
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	w.killedTick()
	asked, err := Cancel(context.Background(), w.dir, "j", w.options())
	if err != nil || !strings.Contains(asked.Did, "1 waiting") {
		t.Fatalf("%+v, %v", asked, err)
	}
	w.now = at(t, "2026-01-10T06:00:00Z")
	w.tick()
	w.wantStates("j", "2026-01-10T05:00:00Z cancelled")
	if len(w.built) > 0 {
		t.Errorf("built %v", w.built)
	}
}

// A missed time that a person asked for and a later one overtakes is missed again, and told.
func TestRetryThatIsOvertaken(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily)
	w.tick()
	w.now = at(t, "2026-01-11T06:00:00Z")
	w.tick()
	first := at(t, "2026-01-10T05:00:00Z")
	if _, err := Again(context.Background(), w.dir, "j", &first); err != nil {
		t.Fatal(err)
	}
	w.now = at(t, "2026-01-12T06:00:00Z")
	if report := w.tick(); report.Jobs[0].Missed != 1 {
		t.Errorf("%+v", report.Jobs)
	}
	w.wantStates("j", "2026-01-10T05:00:00Z missed", "2026-01-11T05:00:00Z succeeded", "2026-01-12T05:00:00Z succeeded")
}
