package jobs

import (
	"context"
	"slices"
	"sync"

	"farr/datasets"
	"farr/internal/progress"
	"farr/measures"
)

// shippedCases are the cases of cohorts of the library within farr, by cohort, once they ran to the end in
// this process: neither they nor what they are of can change.
var shippedCases = struct {
	sync.Mutex
	of map[string][]measures.CaseResult
}{of: map[string][]measures.CaseResult{}}

// assureShipped runs the cases of these cohorts that have not run yet; those of others would only take time.
func assureShipped(ctx context.Context, within *measures.Library, cohorts []string, progress progress.Func) (*measures.AssuranceReport, error) {
	shippedCases.Lock()
	defer shippedCases.Unlock()
	var missing []string
	for _, id := range cohorts {
		if _, ran := shippedCases.of[id]; !ran {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		report, err := within.Assure(ctx, measures.AssuranceRequest{Cohorts: missing, Progress: progress})
		if err != nil {
			return nil, err
		}
		for _, id := range missing {
			shippedCases.of[id] = nil
		}
		for _, c := range report.Cases {
			shippedCases.of[c.Cohort] = append(shippedCases.of[c.Cohort], c)
		}
	}
	out := &measures.AssuranceReport{}
	for _, id := range cohorts {
		for _, c := range shippedCases.of[id] {
			out.Cases = append(out.Cases, c)
			if len(c.Differences) == 0 {
				out.Passed++
			} else {
				out.Failed++
			}
		}
	}
	return out, nil
}

// assure runs the assurance cases of the cohorts that the job computes, before anything is read. One
// that fails is a mistake at its place, and the job does not run.
func (b *building) assure(ctx context.Context) error {
	if b.job.extractsOnly() {
		return nil
	}
	library, err := b.job.loadLibrary()
	if err != nil {
		return err
	}
	chosen, err := cohortsOf(b.job, library)
	if err != nil {
		return err
	}
	within, err := shipped()
	if err != nil {
		return err
	}
	known := within.IDs(measures.KindCohort)
	var ours, own []string
	for _, id := range chosen {
		if slices.Contains(known, id) {
			ours = append(ours, id)
		} else {
			own = append(own, id)
		}
	}
	if err := b.passed(assureShipped(ctx, within, ours, b.o.Progress)); err != nil {
		return err
	}
	if len(own) == 0 {
		return nil
	}
	pkg, err := b.pkg(library)
	if err != nil {
		return err
	}
	return b.passed(library.Assure(ctx, measures.AssuranceRequest{Cohorts: own, Package: pkg, Progress: b.o.Progress}))
}

// passed takes a report of cases.
func (b *building) passed(r *measures.AssuranceReport, err error) error {
	if err != nil {
		return err
	}
	b.result.CasesPassed += r.Passed
	return r.Err()
}

// cohortsOf are the IDs of the cohorts that a job computes, and of those they build on.
func cohortsOf(job *Job, library *measures.Library) ([]string, error) {
	if job.Cohorts != nil && len(job.Cohorts) == 0 {
		return nil, nil
	}
	chosen, err := library.Cohorts(job.Cohorts...)
	var ids []string
	for _, d := range chosen {
		ids = append(ids, d.ID)
	}
	return ids, err
}

// pkg is the imported package that the library's value lists refer to; nil where they refer to none,
// or none is there.
func (b *building) pkg(library *measures.Library) (*datasets.Snapshot, error) {
	if !library.NeedsPackage() {
		return nil, nil
	}
	pkg, err := b.store.Current(measures.KindPackage)
	if datasets.CodeOf(err) == datasets.CodeNotFound {
		return nil, nil
	}
	return pkg, err
}
