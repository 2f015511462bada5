package random

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
}

// openFarr extracts the persons of a folder as farr extract does, and reads its libraries.
func openFarr(t *testing.T, dir string, programs int) *farr {
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
	store, err := datasets.CreateStore(filepath.Join(work, "store"))
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

	f := &farr{persons: map[string]string{}}
	f.pkg, err = content.Load(dir)
	check(err)
	f.compiler, err = evaluate.NewCompiler(f.pkg, evaluate.Inferred)
	check(err)
	var all []*evaluate.Program
	asked := map[string]bool{}
	for i := range f.pkg.Libraries { // what programs ask for tells which value sets are made
		for k := 0; k < programs && len(asked) < len(f.pkg.ValueSets); k++ {
			p, err := f.compiler.Compile(measureOf(f.pkg.Libraries[i].URL, []int{k}))
			if err != nil || !slices.ContainsFunc(p.ValueSets, func(v *content.ValueSet) bool { return !asked[v.URL] }) {
				continue
			}
			all = append(all, p)
			for _, v := range p.ValueSets {
				asked[v.URL] = true
			}
		}
	}
	if len(asked) < len(f.pkg.ValueSets) {
		t.Fatalf("programs ask for %d value sets of %d", len(asked), len(f.pkg.ValueSets))
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

// answers computes programs of a library.
func (f *farr) answers(ctx context.Context, library string, firstLine int, programs []int, out map[int]*outcome) {
	if len(programs) == 0 {
		return
	}
	p, err := f.compiler.Compile(measureOf(library, programs))
	var mistakes source.Diagnostics
	if errors.As(err, &mistakes) {
		var rest []int
		for _, i := range programs {
			at := slices.IndexFunc(mistakes, func(d source.Diagnostic) bool { return d.Pos.Line == firstLine+i })
			if at < 0 {
				rest = append(rest, i)
				continue
			}
			out[i] = &outcome{refused: mistakes[at].Message}
		}
		if len(rest) < len(programs) {
			f.answers(ctx, library, firstLine, rest, out)
			return
		}
	}
	var told []evaluate.ToldDefine
	if err == nil {
		told, err = f.session.Tell(ctx, p)
	}
	if err != nil {
		if len(programs) == 1 {
			out[programs[0]] = &outcome{broke: err.Error()}
			return
		}
		half := len(programs) / 2
		f.answers(ctx, library, firstLine, programs[:half], out)
		f.answers(ctx, library, firstLine, programs[half:], out)
		return
	}
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
