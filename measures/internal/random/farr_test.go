package random

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"farr/datasets"
	"farr/internal/duck"
	"farr/internal/source"
	"farr/measures/internal/content"
	"farr/measures/internal/evaluate"
)

// farr is the extract of all persons, open to compute programs on.
type farr struct {
	pkg      *content.Package
	session  *evaluate.Session
	compiler *evaluate.Compiler
	persons  map[string]string // by pid
	subjects []evaluate.Subject
	compiled map[string]*compiled // by library
}

// compiled are the programs of a library that farr does not refuse: as one, and each by itself for
// where that cannot be run.
type compiled struct {
	all     *evaluate.Program
	alone   map[int]*evaluate.Program
	refused map[int]string // what the compiler says of the others
}

// openFarr extracts the persons of a folder as farr extract does, and compiles the programs of its
// libraries.
func openFarr(t *testing.T, dir string, libraries []written) *farr {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var cases []datasets.Case
	entries, err := os.ReadDir(filepath.Join(dir, "persons"))
	check(err)
	for _, e := range entries {
		cases = append(cases, datasets.Case{Source: e.Name(), Dir: filepath.Join(dir, "persons", e.Name())})
	}
	work := t.TempDir()
	key, err := datasets.CreateKey(filepath.Join(work, "key"))
	check(err)
	store, err := datasets.CreateStore(t.Context(), filepath.Join(work, "store"))
	check(err)
	t.Cleanup(func() { store.Close() })
	report, err := datasets.Extract(ctx, store, datasets.ExtractRequest{Cases: cases, Key: key, Profile: "shifted"})
	check(err)
	snapshot, err := store.Open(report.Snapshot)
	check(err)
	pids, err := datasets.PIDs(key, cases)
	check(err)
	db, err := duck.Open(ctx, duck.Config{TempDir: work, AllowedDirs: []string{store.ObjectsDir()}})
	check(err)
	t.Cleanup(func() { db.Close() })
	check(datasets.Attach(ctx, db, snapshot, key, datasets.ObservationIssued))

	f := &farr{persons: map[string]string{}, compiled: map[string]*compiled{}}
	f.pkg, err = content.Load(dir)
	check(err)
	f.compiler, err = evaluate.NewCompiler(f.pkg, evaluate.Inferred)
	check(err)
	var all []*evaluate.Program // a session holds what its programs read
	for _, l := range libraries {
		c, err := f.compile(l)
		check(err)
		f.compiled[l.name] = c
		if c.all != nil {
			all = append(all, c.all)
		}
		for _, i := range l.good {
			if p := c.alone[i]; p != nil {
				all = append(all, p)
			}
		}
	}
	f.session, err = evaluate.Open(ctx, db, all)
	check(err)
	check(f.session.Hold(ctx))
	check(db.Lock(ctx))
	for i, pid := range pids {
		f.persons[pid] = cases[i].Source
		f.subjects = append(f.subjects, evaluate.Subject{PID: pid, Period: "2024"})
	}
	period := evaluate.Period{ID: "2024", First: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Last: time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC)}
	check(f.session.Ask(ctx, []evaluate.Period{period}, f.subjects))
	return f
}

// measureOf is a measure that reaches some of the programs of a library.
func measureOf(library string, programs []int) *content.Measure {
	m := &content.Measure{Name: "Random", URL: "http://example.org/farr/Measure/Random", Library: library}
	for _, i := range programs {
		m.Groups = append(m.Groups, content.Group{Scoring: "cohort", Basis: content.BasisBoolean,
			Populations: []content.Population{{Code: "initial-population", Define: fmt.Sprintf("K%d", i)}}})
	}
	return m
}

// outcome is what farr makes of a program: its value for each person, or why it has none.
type outcome struct {
	refused string // by the compiler
	broke   string // what it compiled to cannot be run: always a fault
	list    bool
	values  map[string][]string // by person; none where it is null
}

// compile compiles the programs of a library that are CQL.
func (f *farr) compile(l written) (*compiled, error) {
	c := &compiled{alone: map[int]*evaluate.Program{}, refused: map[int]string{}}
	url := "http://example.org/farr/Library/" + l.name
	var kept []int
	for _, i := range l.good {
		p, err := f.compiler.Compile(measureOf(url, []int{i}))
		var mistakes source.Diagnostics
		switch {
		case errors.As(err, &mistakes):
			c.refused[i] = mistakes[0].Message
		case err != nil:
			return nil, err
		default:
			c.alone[i], kept = p, append(kept, i)
		}
	}
	if len(kept) == 0 {
		return c, nil
	}
	var err error
	c.all, err = f.compiler.Compile(measureOf(url, kept))
	return c, err
}

// answers computes the programs of a library.
func (f *farr) answers(ctx context.Context, library string) map[int]*outcome {
	c, out := f.compiled[library], map[int]*outcome{}
	for i, why := range c.refused {
		out[i] = &outcome{refused: why}
	}
	if c.all == nil {
		return out
	}
	if told, err := f.session.Tell(ctx, c.all); err == nil {
		f.take(told, out)
		return out
	}
	for i, p := range c.alone {
		told, err := f.session.Tell(ctx, p)
		if err != nil {
			out[i] = &outcome{broke: err.Error()}
			continue
		}
		f.take(told, out)
	}
	return out
}

// take takes the outcomes of programs from what was told of their defines.
func (f *farr) take(told []evaluate.ToldDefine, out map[int]*outcome) {
	for _, d := range told {
		var i int
		if n, _ := fmt.Sscanf(d.Name, "R%d", &i); n != 1 || !strings.HasPrefix(d.Name, "R") {
			continue
		}
		o := &outcome{list: d.List, values: map[string][]string{}}
		for pid, values := range d.ByPID {
			o.values[f.persons[pid]] = values
		}
		for _, person := range f.persons {
			if !d.List && o.values[person] == nil {
				o.values[person] = []string{d.Rest}
			}
		}
		out[i] = o
	}
}
