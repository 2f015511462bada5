package measures

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"farr/datasets"
	"farr/internal/progress"
	"farr/internal/source"
	"farr/measures/internal/cases"
)

// AssuranceReport is how the assurance cases of cohorts came out.
type AssuranceReport struct {
	Cases  []CaseResult `json:"cases"` // by cohort and file
	Passed int          `json:"passed"`
	Failed int          `json:"failed"`
	// Uncovered are the cohorts that have no case.
	Uncovered []string `json:"uncovered,omitempty"`
}

// CaseResult is how one case came out. It passed when nothing differs.
type CaseResult struct {
	Cohort      string           `json:"cohort"`
	File        string           `json:"file"`
	Title       string           `json:"title"`
	Patients    int              `json:"patients"`
	Differences []CaseDifference `json:"differences,omitempty"`
}

// CaseDifference is something that came out other than expected. Its persons are made up.
type CaseDifference struct {
	At       source.Pos `json:"-"`
	Place    string     `json:"place"`
	Patient  string     `json:"patient"`
	Expected string     `json:"expected"`
	Got      string     `json:"got"`
}

// Err is nil when every case passed, and else source.Diagnostics with the place of each
// expectation that was not met.
func (r *AssuranceReport) Err() error {
	var failed source.Diagnostics
	for _, c := range r.Cases {
		for _, d := range c.Differences {
			failed = append(failed, source.Diagnostic{Pos: d.At, Code: "case-failed", Message: fmt.Sprintf("%s: expected %s, got %s", d.Patient, d.Expected, d.Got),
				Hint: "correct the cohort or the case: farr cohort test " + c.Cohort})
		}
	}
	return failed.Err()
}

// AssuranceRequest is which cases to run.
type AssuranceRequest struct {
	Cohorts  []string           // IDs; nil for all of the library
	Package  *datasets.Snapshot // whose value sets lists may refer to; may be nil
	Progress progress.Func
}

// Assure runs the assurance cases of cohorts. Their persons are extracted into a private folder,
// which is gone afterwards, and computed as in production.
func (l *Library) Assure(ctx context.Context, r AssuranceRequest) (*AssuranceReport, error) {
	chosen, err := l.pick(KindCohort, r.Cohorts)
	if err != nil {
		return nil, err
	}
	t := &assurance{AssuranceRequest: r, library: l, people: map[*cases.Case][]casePerson{}}
	out := &AssuranceReport{Cases: []CaseResult{}}
	for _, d := range chosen {
		if len(l.cases[d.ID]) == 0 {
			out.Uncovered = append(out.Uncovered, d.ID)
		}
		for _, c := range l.cases[d.ID] {
			t.all = append(t.all, oneCase{d, c})
		}
	}
	if len(t.all) == 0 {
		return out, nil
	}
	defer t.close()
	if err := t.extract(ctx); err != nil {
		return nil, fmt.Errorf("cohort test: %w", err)
	}
	results, err := t.judge(ctx)
	if err != nil {
		return nil, fmt.Errorf("cohort test: %w", err)
	}
	for _, r := range results {
		if len(r.Differences) == 0 {
			out.Passed++
		} else {
			out.Failed++
		}
	}
	out.Cases = results
	return out, nil
}

// assurance is one run of cases.
type assurance struct {
	AssuranceRequest
	library *Library
	all     []oneCase
	people  map[*cases.Case][]casePerson

	dir   string
	store *datasets.Store
	key   *datasets.Key
	sn    *datasets.Snapshot
}

type oneCase struct {
	cohort Definition
	*cases.Case
}

// casePerson is a patient of a case with their pseudonym.
type casePerson struct {
	cases.Patient
	pid uuid.UUID
}

func (t *assurance) close() {
	if t.store != nil {
		t.store.Close()
	}
	if t.dir != "" {
		os.RemoveAll(t.dir)
	}
}

const caseSource = "cases"

// extract turns the persons of all cases into one extract of profile limited.
func (t *assurance) extract(ctx context.Context) (err error) {
	if t.dir, err = os.MkdirTemp("", "farr-cases-*"); err != nil {
		return err
	}
	if t.key, err = datasets.CreateKey(filepath.Join(t.dir, "key")); err != nil {
		return err
	}
	export := filepath.Join(t.dir, "export")
	asOf, err := t.write(export)
	if err != nil {
		return err
	}
	if t.store, err = datasets.CreateStore(ctx, filepath.Join(t.dir, "store")); err != nil {
		return err
	}
	made, err := datasets.Extract(ctx, t.store, datasets.ExtractRequest{
		Source: export, SourceName: caseSource, Zone: "UTC", Profile: "limited", Observable: "enrolment-gap45",
		AsOf: day(asOf), Key: t.key, Progress: t.Progress,
	})
	if err != nil {
		return err
	}
	if lost := made.Read - made.Stored; lost > 0 {
		return fmt.Errorf("%d of %d resources of the cases were not extracted: %v %v", lost, made.Read, made.RejectReasons, made.DropReasons)
	}
	t.sn, err = t.store.Open(made.Snapshot)
	return err
}

// write writes the persons as NDJSON, and tells the last day that any of the cases speaks of.
func (t *assurance) write(dir string) (asOf time.Time, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return asOf, err
	}
	files := map[string]*os.File{}
	var failed error
	open := func(kind string) io.Writer {
		f := files[kind]
		if f == nil {
			var err error
			if f, err = os.OpenFile(filepath.Join(dir, kind+".ndjson"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
				failed = errors.Join(failed, err)
				return io.Discard
			}
			files[kind] = f
		}
		return f
	}
	for i, c := range t.all {
		periods, err := ParsePeriods(c.Periods)
		if err != nil {
			return asOf, err
		}
		if last := studyWindow(periods).high.AddDate(0, 0, -1); last.After(asOf) {
			asOf = last
		}
		for _, p := range c.Patients {
			id := fmt.Sprintf("c%d-%s", i, p.Name)
			t.people[c.Case] = append(t.people[c.Case], casePerson{p, datasets.PseudonymOf(t.key, caseSource, "Patient", id)})
			failed = errors.Join(failed, p.Write(id, open))
			if last := p.LastDay(); last.After(asOf) {
				asOf = last
			}
		}
	}
	for _, f := range files {
		failed = errors.Join(failed, f.Close())
	}
	return asOf, failed
}

// judge computes the cohorts, those of one study window together.
func (t *assurance) judge(ctx context.Context) ([]CaseResult, error) {
	results := make([]CaseResult, len(t.all))
	seen := map[string]bool{}
	done := 0
	for _, first := range t.all {
		if seen[first.Periods] {
			continue
		}
		seen[first.Periods] = true
		var cohorts []string
		for _, c := range t.all {
			if c.Periods == first.Periods && !slices.Contains(cohorts, c.cohort.ID) {
				cohorts = append(cohorts, c.cohort.ID)
			}
		}
		found, err := t.compute(ctx, first.Periods, cohorts)
		if err != nil {
			return nil, err
		}
		for i, c := range t.all {
			if c.Periods != first.Periods {
				continue
			}
			r := CaseResult{Cohort: c.cohort.ID, File: c.File, Title: c.Title, Patients: len(c.Patients)}
			for _, p := range t.people[c.Case] {
				r.Differences = append(r.Differences, found.compare(c.cohort, p)...)
			}
			results[i] = r
			done++
			t.Progress.Report("cases", int64(done), int64(len(t.all)))
		}
	}
	return results, nil
}

// MarshalJSON fills in the place.
func (d CaseDifference) MarshalJSON() ([]byte, error) {
	type plain CaseDifference
	d.Place = d.At.String()
	return json.Marshal(plain(d))
}
