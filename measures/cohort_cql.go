package measures

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"farr/internal/source"
	"farr/measures/internal/cohort"
	"farr/measures/internal/evaluate"
)

// cohortCQL is what a cohort takes from one library in CQL.
type cohortCQL struct {
	cohort  string
	from    *fhirPackage // programs of one package share a session: a value set means one thing in it
	program *evaluate.Program
	parts   []Part
}

// readParts reads the SQL and compiles the CQL that a cohort's rules name.
func (f *folder) readParts(d *Definition) {
	var libraries []string
	byLibrary := map[string][]cohort.Placed{}
	seen := map[string]bool{}
	for _, p := range f.parts {
		switch {
		case p.File != "":
			sql := f.sql(p.File, p.At...)
			if !seen[p.Table()] {
				d.Parts = append(d.Parts, Part{Table: p.Table(), File: p.File, SQL: sql})
			}
			seen[p.Table()] = true
		case f.doc.Has(append(slices.Clone(p.At), "library")...) && f.doc.Has(append(slices.Clone(p.At), "define")...):
			if byLibrary[p.Library] == nil {
				libraries = append(libraries, p.Library)
			}
			byLibrary[p.Library] = append(byLibrary[p.Library], p)
		}
	}
	slices.Sort(libraries)
	for _, library := range libraries {
		f.compileParts(d, library, byLibrary[library])
	}
}

// compileParts compiles what a cohort takes from one library, and holds each define to what it
// must give.
func (f *folder) compileParts(d *Definition, library string, placed []cohort.Placed) {
	at := func(p cohort.Placed, key string) []any { return append(slices.Clone(p.At), key) }
	own := f.loader.packages[f.root.dir]
	if own == nil {
		for _, p := range placed {
			f.doc.Report(evaluate.CodeUnknown, fmt.Sprintf("there is no CQL library %q", library), "the folder fhir of the same library holds CQL, and there is none", at(p, "library")...)
		}
		return
	}
	if own.compiler == nil {
		return // what is wrong with the folder was said
	}
	known, err := own.compiler.Defines(library)
	if err != nil {
		for _, p := range placed {
			f.misnamed(err, at(p, "library"))
		}
		return
	}
	var defines []string
	sound := placed[:0:0]
	for _, p := range placed {
		if !slices.Contains(known, p.Define) {
			f.doc.Report(evaluate.CodeUnknown, fmt.Sprintf("the CQL library %s has no define %q", library, p.Define), source.DidYouMean(p.Define, known), at(p, "define")...)
			continue
		}
		defines, sound = append(defines, p.Define), append(sound, p)
	}
	if len(sound) == 0 {
		return
	}
	slices.Sort(defines)
	program, err := own.compiler.CompileDefines(library, slices.Compact(defines)...)
	if err != nil {
		// What is wrong with one define hides nothing of the others.
		f.misnamed(err, at(sound[0], "library"))
		for _, p := range sound {
			if alone, err := own.compiler.CompileDefines(library, p.Define); err == nil {
				f.fits(alone, p)
				f.lacking(alone, own)
			}
		}
		return
	}
	f.lacking(program, own)
	one := cohortCQL{cohort: d.ID, from: own, program: program}
	for _, p := range sound {
		if !f.fits(program, p) {
			continue
		}
		part := Part{Table: p.Table(), Library: library, Version: program.Version(), Define: p.Define, Days: p.Days, Logic: program.LogicHash(), Program: program.Hash()}
		if !slices.Contains(one.parts, part) {
			one.parts = append(one.parts, part)
		}
	}
	d.Parts = append(d.Parts, one.parts...)
	for _, v := range program.ValueSets {
		l := ValueList{Name: v.URL, Codes: []Code{}}
		for _, c := range v.Codes {
			l.Codes = append(l.Codes, Code{System: c.System, Code: c.Code})
		}
		l.Hash = l.hash()
		if !slices.ContainsFunc(d.ValueSets, func(o ValueList) bool { return o.Name == l.Name }) {
			d.ValueSets = append(d.ValueSets, l)
		}
	}
	f.loader.cohortCQL = append(f.loader.cohortCQL, one)
}

// fits holds a define to what it must give where it is named.
func (f *folder) fits(program *evaluate.Program, p cohort.Placed) bool {
	ok, typ := program.Boolean(p.Define)
	want := "true or false of a person"
	if p.Days {
		ok, typ = program.Days(p.Define)
		want = "days: a Date, a DateTime, an interval of these or a list of them"
	}
	if !ok {
		f.doc.Report("bad-define", fmt.Sprintf("%q gives %s, and must give %s", p.Define, typ, want), "", append(slices.Clone(p.At), "define")...)
	}
	return ok
}

// lacking reports the value sets that a program needs and the library has not.
func (f *folder) lacking(program *evaluate.Program, own *fhirPackage) {
	for _, lack := range program.Lacking {
		lack.Hint = "put the value set into " + own.dir
		f.loader.once(lack)
	}
}

// misnamed reports what the compiler found: what has no place of its own stands at the name.
func (f *folder) misnamed(err error, at []any) {
	var found source.Diagnostics
	if !errors.As(err, &found) {
		found = source.Diagnostics{{Code: "unreadable-cql", Message: err.Error()}}
	}
	for _, x := range found {
		if x.File == "" {
			f.doc.Report(x.Code, x.Message, x.Hint, at...)
		} else {
			f.loader.once(x)
		}
	}
}

// once reports what several cohorts may find, once.
func (l *loader) once(found source.Diagnostic) {
	if !slices.Contains(l.diags, found) {
		l.diags = append(l.diags, found)
	}
}

// cohortCQL is what the cohorts of the run take from CQL, by package.
func (p *plan) cohortCQL() []cohortCQL {
	var list []cohortCQL
	for _, one := range p.Library.cohortCQL {
		if slices.ContainsFunc(p.cohorts, func(d Definition) bool { return d.ID == one.cohort }) {
			list = append(list, one)
		}
	}
	return list
}

// runCohortCQL computes what cohorts take from CQL, for everybody in the study window, before
// any SQL of theirs runs: its session leaves nothing but the tables that their rules read.
func (p *plan) runCohortCQL(ctx context.Context, e *engine, out *output) error {
	all := p.cohortCQL()
	for len(all) > 0 {
		var together, others []cohortCQL
		for _, one := range all {
			if one.from == all[0].from {
				together = append(together, one)
			} else {
				others = append(others, one)
			}
		}
		if err := p.runPackage(ctx, e, out, together); err != nil {
			return err
		}
		all = others
	}
	return nil
}

func (p *plan) runPackage(ctx context.Context, e *engine, out *output, list []cohortCQL) error {
	var programs []*evaluate.Program
	for _, one := range list {
		programs = append(programs, one.program)
	}
	s, err := p.open(ctx, e, programs)
	if err != nil {
		return err
	}
	if err := s.Ask(ctx, []evaluate.Period{{ID: "study window", First: p.study.low, Last: p.study.high.AddDate(0, 0, -1)}}, nil); err != nil {
		return err
	}
	if err := s.Share(ctx); err != nil {
		return err
	}
	for _, one := range list {
		var kept []evaluate.Kept
		for _, part := range one.parts {
			table := fmt.Sprintf("run.part_%d", len(e.parts))
			e.parts[one.cohort+" "+part.Table] = table
			kept = append(kept, evaluate.Kept{Define: part.Define, Table: table, Days: part.Days})
		}
		if err := s.Keep(ctx, one.program, kept); err != nil {
			return err
		}
		if err := p.keepIssues(ctx, e, one.cohort, out); err != nil {
			return err
		}
	}
	return s.Close(ctx)
}
