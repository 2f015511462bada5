package measures

import (
	"context"
	"errors"
	"fmt"

	"farr/datasets"
	"farr/internal/source"
	"farr/measures/internal/content"
	"farr/measures/internal/evaluate"
)

// KindPackage is the kind of a published measure package's snapshot, and the name of
// the pointer to the newest.
const KindPackage = content.Kind

// ImportReport says what a package holds.
type ImportReport struct {
	Snapshot  string            `json:"snapshot"`
	Skipped   bool              `json:"skipped"` // the same package is in the store already
	Measures  []ImportedMeasure `json:"measures"`
	Libraries int               `json:"libraries"`
	ValueSets int               `json:"value_sets"`
	Codes     int               `json:"codes"`
	// Lacking are value sets that a library names and the package has not, or not whole:
	// a measure that needs one does not run unless it is told to.
	Lacking []string `json:"lacking,omitempty"`
	// Problems are the libraries that are not there and that others include, of a package that was imported for all that.
	Problems []string `json:"problems,omitempty"`
}

// ImportedMeasure is a measure of a package.
type ImportedMeasure struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Version string `json:"version"`
	Title   string `json:"title"`
	Scoring string `json:"scoring"` // of its first group
	Basis   string `json:"basis"`

	ID     string          `json:"id"` // of its results; those of several groups end with the group's number
	Groups []ImportedGroup `json:"groups"`
	// Lacking are the value sets that it asks for and the package lacks, and Problems why the
	// measure cannot be run at all. Both are told by Imported.
	Lacking  []string `json:"lacking,omitempty"`
	Problems []string `json:"problems,omitempty"`
}

// ImportedGroup is a group of a measure.
type ImportedGroup struct {
	ID          string   `json:"id,omitempty"`
	Scoring     string   `json:"scoring"`
	Basis       string   `json:"basis"` // boolean, or the type whose resources are counted
	Improvement string   `json:"improvement,omitempty"`
	Populations []string `json:"populations"`
}

// Import reads a published package (a Bundle, a folder of resources, or a repository's
// input tree) into the store, unchanged and pinned by hash. Everything that is broken
// is reported at once. With partial, libraries that are missing are no error: the measures that need one are in the package
// and cannot be run.
func Import(ctx context.Context, s *datasets.Store, path string, partial bool) (*ImportReport, error) {
	p, err := content.Load(path)
	var missing source.Diagnostics
	if partial && err != nil {
		missing, err = content.Partial(err)
	}
	if err != nil {
		return nil, err
	}
	sn, skipped, err := p.Publish(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("measure import: %w", err)
	}
	r := describe(p, sn.ID(), skipped)
	for _, d := range missing {
		r.Problems = append(r.Problems, d.Error())
	}
	return r, nil
}

// Imported describes the package of a snapshot, and of each measure what keeps it from being
// run.
func Imported(ctx context.Context, sn *datasets.Snapshot) (*ImportReport, error) {
	p, err := content.Open(ctx, sn)
	if err != nil {
		return nil, fmt.Errorf("measure package: %w", err)
	}
	r := describe(p, sn.ID(), false)
	compiler, err := evaluate.NewCompiler(p, evaluate.Inferred, takenStrata()...)
	if err != nil {
		return nil, err
	}
	for i := range p.Measures {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		lacking, err := compiler.Lacking(&p.Measures[i])
		var found source.Diagnostics
		if err != nil && !errors.As(err, &found) {
			return nil, err
		}
		for _, d := range found {
			r.Measures[i].Problems = append(r.Measures[i].Problems, d.Error())
		}
		for _, d := range lacking {
			r.Measures[i].Lacking = append(r.Measures[i].Lacking, d.Error())
		}
	}
	return r, nil
}

func describe(p *content.Package, id string, skipped bool) *ImportReport {
	r := &ImportReport{Snapshot: id, Skipped: skipped, Measures: []ImportedMeasure{}, Libraries: len(p.Libraries), ValueSets: len(p.ValueSets)}
	for _, m := range p.Measures {
		one := ImportedMeasure{ID: idOf(m.Name), Name: m.Name, URL: m.URL, Version: m.Version, Title: m.Title}
		for _, g := range m.Groups {
			group := ImportedGroup{ID: g.ID, Scoring: g.Scoring, Basis: g.Basis, Improvement: g.Improvement, Populations: []string{}}
			for _, p := range g.Populations {
				group.Populations = append(group.Populations, p.Code)
			}
			one.Groups = append(one.Groups, group)
		}
		if len(m.Groups) > 0 {
			one.Scoring, one.Basis = m.Groups[0].Scoring, m.Groups[0].Basis
		}
		r.Measures = append(r.Measures, one)
	}
	for _, v := range p.ValueSets {
		r.Codes += len(v.Codes)
	}
	for _, d := range p.Lacking() {
		r.Lacking = append(r.Lacking, d.Error())
	}
	return r
}
