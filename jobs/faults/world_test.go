package faults

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"farr/datasets"
	"farr/internal/synth"
	"farr/jobs"
)

const jobFile = `name: nightly
schedule: {cron: 0 5 * * *, zone: UTC}
source: {dir: export, name: hospital, zone: America/New_York, sites: export/sites.csv}
store: store
key: farr.key
measures: [emergency-visits]
cohorts: []
periods: [2025-12]
retention: {extracts: {newest: 1}}
report: {out: reports, audience: internal, organisation: Example Health, title: Quality}
`

// The days of the world: the job is seen, runs on the first export, and runs on the second.
var (
	seen   = time.Date(2026, 1, 10, 4, 0, 0, 0, time.UTC)
	first  = seen.Add(time.Hour)
	second = first.AddDate(0, 0, 1)
)

// folderVariable lets the test binary be a farr that ticks once in that folder, on the second day.
const folderVariable = "FARR_TEST_FOLDER"

func TestMain(m *testing.M) {
	dir := os.Getenv(folderVariable)
	if dir == "" {
		code := m.Run()
		if shared.dir != "" {
			_ = os.RemoveAll(shared.dir)
		}
		os.Exit(code)
	}
	var err error
	switch ctx := context.Background(); {
	case os.Getenv(incrementVariable) != "":
		err = increment(ctx, dir)
	case os.Getenv(readerVariable) != "":
		err = watcher(ctx, dir, os.Stdin, os.Stdout)
	case os.Getenv(stopVariable) != "":
		err = finish(ctx, dir, second.Add(time.Minute), slog.New(slog.NewJSONHandler(stopAt(os.Getenv(stopVariable)), nil)))
	case os.Getenv(killsVariable) != "":
		err = finish(ctx, dir, second, jobs.NewLogger(os.Stdout, true, 0))
	default:
		_, err = jobs.Tick(ctx, dir, jobs.Options{Clock: func() time.Time { return second }, Logger: slog.New(slog.NewJSONHandler(stepMarks{}, nil))})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(jobs.ExitCode(err))
	}
}

// stopVariable lets it do what finish does, and be killed as that step begins.
const stopVariable = "FARR_TEST_STOP"

// incrementVariable lets the test binary add what changed to the store of its folder, and make one of both.
const incrementVariable = "FARR_TEST_INCREMENT"

// stopAt is a log that kills its process as a step begins.
type stopAt string

func (s stopAt) Write(p []byte) (int, error) {
	var line struct{ Msg, Step string }
	if step := string(s); json.Unmarshal(p, &line) == nil && line.Msg == "step begins" && line.Step == step {
		fmt.Fprint(os.Stderr, stepMark+step)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return len(p), nil
}

// stepMarks writes where each step begins into the list of fault points that are passed.
type stepMarks struct{}

// stepMark begins such a line; the step follows.
const stepMark = "== "

func (stepMarks) Write(p []byte) (int, error) {
	var line struct{ Msg, Step string }
	file := os.Getenv("FARR_FAULT_RECORD")
	if file == "" || json.Unmarshal(p, &line) != nil || line.Msg != "step begins" && line.Msg != "step ends" {
		return len(p), nil
	}
	if line.Msg == "step ends" {
		line.Step = "between"
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	_, err = f.WriteString(stepMark + line.Step + "\n")
	return len(p), err
}

// shared is the world that the tests copy.
var shared struct {
	sync.Mutex
	dir string
}

// sharedWorld is newWorld, made once.
func sharedWorld(t testing.TB) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.dir == "" {
		dir, err := os.MkdirTemp("", "farr-world-")
		if err != nil {
			t.Fatal(err)
		}
		newWorld(t, dir)
		shared.dir = dir
	}
	return shared.dir
}

func tick(ctx context.Context, dir string, now time.Time) (*jobs.TickReport, error) {
	return jobs.Tick(ctx, dir, jobs.Options{Clock: func() time.Time { return now }})
}

// newWorld is a folder in which the job ran well once, with an export that has grown since.
func newWorld(t testing.TB, dir string) {
	t.Helper()
	export(t, filepath.Join(dir, "export"), 4)
	if _, err := datasets.CreateKey(filepath.Join(dir, "farr.key")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "nightly.yaml"), []byte(jobFile), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, now := range []time.Time{seen, first} {
		if _, err := tick(t.Context(), dir, now); err != nil {
			t.Fatal(err)
		}
	}
	export(t, filepath.Join(dir, "export"), 6)
}

// export writes the records of so many persons, the first of which are always the same.
func export(t testing.TB, dir string, patients int) {
	t.Helper()
	_, err := synth.Generate(t.Context(), synth.Options{Patients: patients, Seed: 7, Sites: 2,
		Start: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC), Out: dir})
	if err != nil {
		t.Fatal(err)
	}
}

// copied is a copy of the world that nothing else writes to.
func copied(t testing.TB, world string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "w")
	if out, err := exec.Command("cp", "-a", world, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// child is the test binary as a farr that ticks on the second day.
func child(dir string, env ...string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), append(env, folderVariable+"="+dir)...)
	return c
}

// finish runs what is due on the second day and, where that was reported as failed, the job by hand: as a scheduler and then an
// operator would. What a run could not prune the next prune does.
func finish(ctx context.Context, dir string, now time.Time, log *slog.Logger) error {
	o := jobs.Options{Clock: func() time.Time { return now }, Logger: log}
	if _, err := jobs.Tick(ctx, dir, o); err != nil {
		return fmt.Errorf("tick: %w", err)
	}
	rows, err := ledger(dir)
	if err != nil {
		return err
	}
	job, err := jobs.LoadJob(filepath.Join(dir, "nightly.yaml"))
	if err != nil {
		return err
	}
	if rows[planned(second)] == "failed" {
		if _, err := jobs.Run(ctx, job, o); err != nil {
			return fmt.Errorf("run by hand: %w", err)
		}
	}
	if _, err := jobs.Prune(ctx, job.File, false, o); err != nil {
		return fmt.Errorf("prune: %w", err)
	}
	return nil
}

func request(key *datasets.Key, dir string) datasets.ExtractRequest {
	return datasets.ExtractRequest{Source: dir, SourceName: "hospital", Zone: "America/New_York", Key: key}
}

// increment adds the changes to the extract in force, and makes one of both.
func increment(ctx context.Context, dir string) error {
	steps := slog.New(slog.NewJSONHandler(stepMarks{}, nil))
	steps.Info("step begins", "step", "increment")
	key, err := datasets.ReadKey(filepath.Join(dir, "farr.key"))
	if err != nil {
		return err
	}
	store, err := datasets.OpenStore(ctx, filepath.Join(dir, "store"))
	if err != nil {
		return err
	}
	defer store.Close()
	onto := request(key, filepath.Join(dir, "changes"))
	onto.Onto = datasets.OntoCurrent
	report, err := datasets.Extract(ctx, store, onto)
	if err != nil {
		return err
	}
	steps.Info("step begins", "step", "compact")
	added, err := store.Open(report.Snapshot)
	if err != nil {
		return err
	}
	_, err = datasets.Compact(ctx, store, datasets.CompactRequest{Extract: added, Key: key})
	return err
}

func planned(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// ledger gives the state of each planned time. A planned time that is there twice is an error.
func ledger(dir string) (map[string]string, error) {
	db, err := sql.Open("sqlite", filepath.Join(dir, ".farr", "ledger.db"))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query("SELECT planned, state FROM occurrence WHERE planned IS NOT NULL")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var planned, state string
		if err := rows.Scan(&planned, &state); err != nil {
			return nil, err
		}
		if _, twice := all[planned]; twice {
			return nil, fmt.Errorf("%s is in the ledger twice", planned)
		}
		all[planned] = state
	}
	return all, rows.Err()
}

// sound holds what must be so at every moment: the store verifies, its pointer names a whole snapshot, and the newest
// bundle is complete.
func sound(ctx context.Context, dir string) error {
	if err := verified(ctx, dir); err != nil {
		return err
	}
	return readReport(filepath.Join(dir, "reports", "latest"))
}

// verified is the store's part of sound.
func verified(ctx context.Context, dir string) error {
	s, err := datasets.OpenStore(ctx, filepath.Join(dir, "store"))
	if err != nil {
		return err
	}
	defer s.Close()
	report, err := s.Verify(ctx)
	if err != nil {
		return err
	}
	return report.Err()
}

// result is every file that a run leaves, by name, with what depends on the time of the run left out: the log, and from
// the bundle the checkpoint of the log with the hashes of the pages that print it.
func result(dir string) (map[string]string, error) {
	files, err := filesOf(dir, slices.Concat(storeParts, []string{"reports/runs", "reports/latest"})...)
	if err != nil {
		return nil, err
	}
	bundles := 0
	const manifest = "reports/latest/manifest.json"
	var m struct{ Checkpoint string }
	if err := json.Unmarshal([]byte(files[manifest]), &m); err != nil {
		return nil, fmt.Errorf("%s: %w", manifest, err)
	}
	if m.Checkpoint == "" {
		return nil, fmt.Errorf("%s has no checkpoint", manifest)
	}
	for name := range files { // it is held against the files by readReport
		if strings.HasPrefix(name, "reports/runs/") {
			delete(files, name)
			if path.Base(name) == "index.html" { // the folder is named by a hash of what depends on the time
				files[fmt.Sprintf("bundle %d", bundles)] = ""
				bundles++
			}
		}
	}
	delete(files, manifest)
	for name, text := range files {
		if strings.HasPrefix(name, "reports/") {
			text = strings.ReplaceAll(text, m.Checkpoint, "CHECKPOINT")
			files[name] = strings.ReplaceAll(text, strings.ReplaceAll(m.Checkpoint, "+", "&#43;"), "CHECKPOINT")
		}
	}
	return files, nil
}

// storeParts is what of a store is the same after the same work.
var storeParts = []string{"store/objects", "store/snapshots", "store/by-key", "store/current"}

// filesOf is every file in some parts of a folder, by name.
func filesOf(dir string, parts ...string) (map[string]string, error) {
	files := map[string]string{}
	for _, part := range parts {
		err := filepath.WalkDir(filepath.Join(dir, part), func(file string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			name, err := filepath.Rel(dir, file)
			if err != nil {
				return err
			}
			data, err := os.ReadFile(file)
			files[name] = string(data)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// equal names what two results differ in.
func equal(got, want map[string]string) error {
	for name, text := range want {
		if other, ok := got[name]; !ok || other != text {
			return fmt.Errorf("%s differs from an undisturbed run's (there: %t)", name, ok)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok && !strings.HasPrefix(name, "store/objects/") {
			return fmt.Errorf("%s is not what an undisturbed run leaves", name)
		}
	}
	return nil
}

// leftovers names what nothing should be left of after recovery.
func leftovers(dir string) error {
	for _, pattern := range []string{"store/staging/*", "reports/.latest-*", "reports/runs/.new-*", "*/.*.new"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return fmt.Errorf("left behind: %v", found)
		}
	}
	return nil
}
