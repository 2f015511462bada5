package measures

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"farr/datasets"
	"farr/internal/source"
	"farr/measures/internal/content"
	"farr/measures/internal/evaluate"
)

// The stages of a published measure on its way to SQL.
const (
	StageELM  = "elm"  // the definitions that it reaches, as trees
	StagePlan = "plan" // the tables that it makes, as relations and expressions
	StageSQL  = "sql"  // the statements
)

// Stages are the stages in their order.
var Stages = []string{StageELM, StagePlan, StageSQL}

// CompileRequest is which measures to compile and what to show of them. The package is
// files, or a snapshot of a store.
type CompileRequest struct {
	Path     string
	Package  *datasets.Snapshot
	Measures []string // names or URLs; all of the package when empty
	Stage    string   // one of Stages
	Profiles Profiles // how a resource's profile is told; inferred when empty
}

// Compilation is a measure as it is at a stage.
type Compilation struct {
	Measure string `json:"measure"`
	URL     string `json:"url"`
	Version string `json:"version"`
	Stage   string `json:"stage"`
	Text    string `json:"text"`
	// Lacking are the value sets that it reads and the package lacks, or has not whole.
	Lacking []string `json:"lacking,omitempty"`
}

// Compile compiles published measures and shows a stage of each. The error has every mistake
// of the package, and of each measure whose libraries can be brought together; beside it
// come the measures that could be shown all the same.
func Compile(ctx context.Context, r CompileRequest) ([]Compilation, error) {
	pkg, mistakes, err := r.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("measure compile: %w", err)
	}
	wanted, err := measuresOf(pkg, r.Measures)
	if err != nil {
		return nil, errors.Join(mistakes.Err(), err)
	}
	compiler, err := evaluate.NewCompiler(pkg, r.Profiles, takenStrata()...)
	if err != nil {
		return nil, err
	}
	broken := len(mistakes) > 0
	var list []Compilation
	for _, m := range wanted {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		program, err := compiler.Compile(m)
		var found source.Diagnostics
		if errors.As(err, &found) {
			// That libraries do not fit together was said of the package already.
			if broken {
				found = slices.DeleteFunc(slices.Clone(found), func(d source.Diagnostic) bool { return d.Code == evaluate.CodeLink })
			}
			mistakes = append(mistakes, found...)
		} else if err != nil {
			return nil, err
		}
		one, ok := show(compiler, m, program, r.Stage)
		if ok {
			list = append(list, one)
		}
	}
	return list, mistakes.Err()
}

// load reads the package, and every mistake in it that does not keep it from being read.
func (r CompileRequest) load(ctx context.Context) (*content.Package, source.Diagnostics, error) {
	if r.Path == "" {
		pkg, err := content.Open(ctx, r.Package)
		return pkg, nil, err
	}
	pkg, err := content.Load(r.Path)
	var found source.Diagnostics
	if errors.As(err, &found) && len(pkg.Measures) > 0 {
		return pkg, found, nil
	}
	return pkg, nil, err
}

// show gives a measure at a stage; not ok where it did not get there. A measure that does
// not compile still has its ELM, without the types that compiling finds.
func show(c *evaluate.Compiler, m *content.Measure, p *evaluate.Program, stage string) (one Compilation, ok bool) {
	one = Compilation{Measure: m.Name, URL: m.URL, Version: m.Version, Stage: stage}
	switch {
	case stage == StageELM:
		var b strings.Builder
		if err := c.WriteELM(&b, m, p); err != nil {
			return one, false // as Compile said
		}
		one.Text = b.String()
	case p == nil:
		return one, false
	case stage == StagePlan:
		one.Text = p.PlanText()
	default:
		one.Text = p.SQLText()
	}
	if p != nil {
		for _, lack := range p.Lacking {
			one.Lacking = append(one.Lacking, lack.Error())
		}
	}
	return one, true
}

// measuresOf finds measures of a package by name or URL; all without names. Every name that
// does not tell is named.
func measuresOf(pkg *content.Package, names []string) (list []*content.Measure, err error) {
	if len(names) == 0 {
		for i := range pkg.Measures {
			list = append(list, &pkg.Measures[i])
		}
		return list, nil
	}
	var mistakes []error
	for _, name := range names {
		m, err := measureNamed(pkg, name)
		if err != nil {
			mistakes = append(mistakes, err)
		} else if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list, errors.Join(mistakes...)
}

// measureNamed is the one measure of a package that a name or URL stands for.
func measureNamed(pkg *content.Package, name string) (*content.Measure, error) {
	found := pkg.MeasuresNamed(name)
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		var known []string
		for _, m := range pkg.Measures {
			known = append(known, m.Name)
		}
		if hint := source.DidYouMean(name, known); hint != "" {
			return nil, fmt.Errorf("the package has no measure %q (%s)", name, hint)
		}
		return nil, fmt.Errorf("the package has no measure %q", name)
	}
	var which []string
	for _, m := range found {
		which = append(which, m.URL+"|"+m.Version)
	}
	return nil, fmt.Errorf("measure %q is not one of the package's but %d: name one of %s", name, len(found), join(which))
}

// takenStrata are the names of strata that a measure's own stratifiers do not get.
func takenStrata() []string { return append([]string{stratumAll}, Strata...) }
