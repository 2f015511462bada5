package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"farr/datasets"
	"farr/internal/duck"
	"farr/internal/progress"
	"farr/measures/internal/content"
	"farr/measures/internal/evaluate"
)

// Request is what to test.
type Request struct {
	Dir        string   // package with its cases, or a tree with many
	Measures   []string // URLs or names; empty for all that have cases
	Profile    string   // of the extract: "shifted" (when empty) or "limited"
	Quarantine string   // file of doubtful cases; may be empty
	Key        *datasets.Key
	Profiles   evaluate.Profiles // how a resource's profile is told; inferred when empty
	// Keys is how many more extracts are made, shifted and each with a key of its own, whose
	// counts must be those of the judged extract, which is then limited.
	Keys     int
	KeyDir   string // where those keys are kept, to look into a difference; may be empty
	Progress progress.Func
}

// Run extracts all cases into one snapshot in a private folder, runs each measure on
// them and compares. The folder is gone afterwards.
func Run(ctx context.Context, r Request) (*Report, error) {
	if r.Profiles == "" {
		r.Profiles = evaluate.Inferred
	}
	t := &trial{Request: r, report: &Report{Measures: []MeasureReport{}, Results: []CaseReport{}, Profiles: r.Profiles, Keys: r.Keys}}
	defer t.close()
	for _, stage := range []func(context.Context) error{t.load, t.extract, t.attach, t.measure} {
		if err := stage(ctx); err != nil {
			return nil, fmt.Errorf("measure test: %w", err)
		}
	}
	return t.report, nil
}

// trial is one run of all cases.
type trial struct {
	Request
	pkg     *content.Package
	suites  []suite
	doubts  map[string]string
	dir     string
	store   *datasets.Store
	decks   []deck // the first is judged, the others are compared with it
	db      *duck.Session
	session *evaluate.Session
	report  *Report
	pending int
}

// suite is a measure with its cases.
type suite struct {
	number  int
	measure *content.Measure
	cases   []content.Case
	broken  []content.Case // that cannot be run

	program *evaluate.Program
	mistake error // why there is no program
}

func (t *trial) close() {
	if t.db != nil {
		t.db.Close()
	}
	if t.store != nil {
		t.store.Close()
	}
	if t.dir != "" {
		os.RemoveAll(t.dir)
	}
}

// load reads the package, its cases and the quarantine, and brings cases to measures.
func (t *trial) load(ctx context.Context) error {
	var err error
	if t.pkg, err = content.Load(t.Dir); err != nil {
		if _, err = content.Partial(err); err != nil { // what lacks a library fails the cases of its measures
			return err
		}
	}
	cases, err := content.Cases(t.Dir)
	if err != nil {
		return err
	}
	if t.Quarantine != "" {
		text, err := os.ReadFile(t.Quarantine)
		if err != nil {
			return fmt.Errorf("quarantine: %w", err)
		}
		if t.doubts, err = parseQuarantine(filepath.Base(t.Quarantine), text, t.Profiles); err != nil {
			return err
		}
	}
	var only []*content.Measure
	for _, name := range t.Measures {
		m := t.pkg.MeasureNamed(name)
		if m == nil {
			return fmt.Errorf("the package has no measure %s", name)
		}
		only = append(only, m)
	}
	at := map[*content.Measure]int{}
	for _, c := range cases {
		m := t.pkg.MeasureOf(c)
		if m == nil {
			t.report.Warnings = append(t.report.Warnings, "case "+c.Folder+"/"+c.ID+" is of measure "+c.Measure+", which the package does not have")
			continue
		}
		if len(only) > 0 && !slices.Contains(only, m) {
			continue
		}
		i, known := at[m]
		if !known {
			i = len(t.suites)
			at[m] = i
			t.suites = append(t.suites, suite{number: i, measure: m})
		}
		if c.Mistake != "" {
			t.suites[i].broken = append(t.suites[i].broken, c)
			continue
		}
		t.suites[i].cases = append(t.suites[i].cases, c)
		t.pending++
	}
	if t.pending == 0 {
		return errors.Join(append(t.mistakes(), errors.New("no test cases: a case is a folder with a Patient, its resources and a MeasureReport"))...)
	}
	return ctx.Err()
}

// mistakes are why cases cannot be run.
func (t *trial) mistakes() (list []error) {
	for _, s := range t.suites {
		for _, c := range s.broken {
			list = append(list, fmt.Errorf("case %s/%s: %s", c.Folder, c.ID, c.Mistake))
		}
	}
	return list
}

// attach opens what was extracted in a session, and compiles the measures.
func (t *trial) attach(ctx context.Context) error {
	var err error
	if t.db, err = duck.Open(ctx, duck.Config{TempDir: t.dir, AllowedDirs: []string{t.store.ObjectsDir()}}); err != nil {
		return err
	}
	if err := t.attachDecks(ctx); err != nil {
		return err
	}
	compiler, err := evaluate.NewCompiler(t.pkg, t.Profiles)
	if err != nil {
		return err
	}
	var programs []*evaluate.Program
	for i := range t.suites {
		s := &t.suites[i]
		if s.program, s.mistake = compiler.Compile(s.measure); s.mistake == nil {
			programs = append(programs, s.program)
		}
	}
	// Cases are few, and each measure reads them again: they are held in memory.
	if t.session, err = evaluate.Open(ctx, t.db, programs); err != nil {
		return err
	}
	if err := t.session.Hold(ctx); err != nil {
		return err
	}
	return t.db.Lock(ctx)
}

// measure runs the suites one after the other.
func (t *trial) measure(ctx context.Context) error {
	done := 0
	for _, s := range t.suites {
		if err := t.suite(ctx, s); err != nil {
			return err
		}
		done += len(s.cases)
		t.Progress.Report("test", int64(done), int64(t.pending))
	}
	slices.Sort(t.report.Warnings)
	t.report.Warnings = slices.Compact(t.report.Warnings)
	return nil
}
