package jobs

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"farr/datasets"
	"farr/datasets/bulk"
	"farr/internal/disk"
	"farr/measures"
	"farr/reports"
)

// build does the steps of a job. Each is a skip when what it was asked for is there
// already, so that a run that was cut off is resumed by running it again.
func build(ctx context.Context, job *Job, result *RunResult, o Options) error {
	store, err := datasets.CreateStore(ctx, job.Store)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.CheckPrivate(); err != nil {
		return err
	}
	browser := ""
	if job.Report.PDF { // before all work, which would end without what was asked for
		if browser, err = reports.FindBrowser(o.Browser); err != nil {
			return err
		}
	}
	var key *datasets.Key
	if job.Key != "" {
		if key, err = o.Keys.Read(job.Key); err != nil {
			return err
		}
	}
	if err := store.SignLog(key); err != nil {
		return err
	}
	store.KeepWitness(job.Key)
	store.LimitStaging(int64(job.Limits.Disk))
	b := &building{job: job, store: store, key: key, result: result, o: o, browser: browser}
	var closeAll func()
	b.sources, closeAll, err = job.Source.Exports(bulk.Config{Waits: b.waits, Clock: bulk.Clock{Now: o.Clock}}, o.Keys.ReadClient)
	if err != nil { // the key of a client may be missing
		return err
	}
	defer closeAll()
	if err := b.log(ctx, "job-begins", nil); err != nil {
		return err
	}
	err = outcome(ctx, b.steps(ctx))
	ends := map[string]any{"outcome": cmp.Or(string(ClassOf(err)), "done"), "steps": len(result.Steps), "cases_passed": result.CasesPassed}
	// Also of a run that was asked to stop.
	return errors.Join(err, b.log(context.WithoutCancel(ctx), "job-ends", ends))
}

// steps are the job's.
func (b *building) steps(ctx context.Context) error {
	if err := b.assure(ctx); err != nil {
		return err
	}
	var extract *datasets.Snapshot
	var results *measures.Results
	if err := b.bounded(ctx, "extract", func(ctx context.Context) (err error) { extract, err = b.extract(ctx); return err }); err != nil {
		return err
	}
	if err := b.bounded(ctx, "risk", func(ctx context.Context) error { return b.risk(ctx, extract) }); err != nil {
		return err
	}
	if extract.DatesInYears() {
		return nil
	}
	if err := b.bounded(ctx, "measure", func(ctx context.Context) (err error) { results, err = b.measure(ctx, extract); return err }); err != nil {
		return err
	}
	return b.bounded(ctx, "report", func(ctx context.Context) error { return b.report(ctx, results) })
}

// log appends an entry about the run to the store's log.
func (b *building) log(ctx context.Context, kind string, facts map[string]any) error {
	all := map[string]any{"job": b.job.Name, "started": b.result.Started.Format(time.RFC3339)}
	if b.result.Planned != nil { // a ledger that is lost is made again of this
		all["planned"] = planned(*b.result.Planned)
	}
	maps.Copy(all, facts)
	return b.store.Log(ctx, datasets.Event{Kind: kind, Facts: all})
}

// building is one run of build.
type building struct {
	job    *Job
	store  *datasets.Store
	key    *datasets.Key
	result *RunResult
	o      Options
	// browser prints the report; empty where the job asks for no PDF.
	browser string
	sources []datasets.ExportSource
}

// The log's messages about steps, and about a server that one waits for.
const (
	msgStepBegins = "step begins"
	msgStepEnds   = "step ends"

	msgServerWaits  = "waits for the server"
	msgNotCompacted = "the increments of the extract could not be made one"
	msgFullLoad     = "everything is loaded, not what changed alone"
	msgUnanswered   = "an earlier run asked the server for an export and saw no answer: it may still hold one that nobody knows of"
)

// step does one step by the clock and adds it to the result.
func (b *building) step(name string, do func(s *StepResult) error) error {
	began := b.o.Clock()
	b.o.Logger.Info(msgStepBegins, "step", name)
	s := StepResult{Name: name}
	if err := do(&s); err != nil {
		return err
	}
	took := b.o.Clock().Sub(began)
	s.Seconds = took.Seconds()
	b.result.Steps = append(b.result.Steps, s)
	b.o.Logger.Info(msgStepEnds, "step", name, "snapshot", s.Snapshot, "skipped", s.Skipped, "rows", s.Rows, slog.Duration("dur", took))
	return nil
}

func (b *building) extract(ctx context.Context) (sn *datasets.Snapshot, err error) {
	return sn, b.step("extract", func(s *StepResult) error {
		report, err := b.load(ctx, s, datasets.ExtractRequest{
			Sources: b.sources, Link: b.job.Linkage == linkTokens, Profile: b.job.Profile, Observable: b.job.Source.observable(), AsOf: b.job.AsOf, Policy: b.job.Policy,
			Key: b.key, MaxReject: float64(b.job.MaxReject), Hold: true, Progress: b.o.Progress,
		})
		b.unanswered(report)
		if err := errors.Join(err, b.listRejects(report)); err != nil {
			return err
		}
		s.Snapshot, s.Skipped, s.Rows = report.Snapshot, report.Skipped, report.Stored
		b.result.AsOf = report.AsOf
		counts := *report
		counts.Rejects = nil // they are in the file of rejects
		b.result.Extract = &counts
		if sn, err = b.store.Open(report.Snapshot); err != nil {
			return err
		}
		sn, err = b.compact(ctx, s, sn)
		return err
	})
}

// unanswered warns of an export that a server may hold for nobody.
func (b *building) unanswered(report *datasets.ExtractReport) {
	if report.Unanswered() {
		b.o.Logger.Warn(msgUnanswered)
	}
}

// compactFrom is how many increments readers hardly feel.
const compactFrom = 16

// compact makes one of an extract and its increments, where there are many.
func (b *building) compact(ctx context.Context, s *StepResult, sn *datasets.Snapshot) (*datasets.Snapshot, error) {
	if sn.Increments() < b.o.compactAt {
		return sn, nil
	}
	report, err := datasets.Compact(ctx, b.store, datasets.CompactRequest{Extract: sn, Policy: b.job.Policy, Key: b.key, Hold: true, Progress: b.o.Progress})
	if err != nil && ctx.Err() == nil {
		b.o.Logger.Warn(msgNotCompacted, "class", string(ClassOf(err)))
		s.NotCompacted = kept(err) // what is there is as good, and slower to read
		return sn, nil
	}
	if err != nil {
		return nil, err
	}
	s.Snapshot, s.Skipped = report.Snapshot, s.Skipped && report.Skipped
	b.result.Extract.Snapshot = report.Snapshot
	return b.store.Open(report.Snapshot)
}

// Loads.
const (
	loadFull    = "full"
	loadChanges = "changes"
)

// load adds what changed to the newest extract, where the job asks for that. Where it cannot be exact, or the full load is too
// old, everything is loaded.
func (b *building) load(ctx context.Context, s *StepResult, req datasets.ExtractRequest) (*datasets.ExtractReport, error) {
	every := time.Duration(b.job.Source[0].FullLoadEvery)
	if every == 0 {
		return datasets.Extract(ctx, b.store, req)
	}
	s.Load, req.FullFrom = loadChanges, b.o.Clock().Add(-every)
	changes := req
	changes.Onto = datasets.OntoNewest
	report, err := datasets.Extract(ctx, b.store, changes)
	var full *datasets.FullLoadError
	if !errors.As(err, &full) {
		return report, err
	}
	b.unanswered(report) // the full load asks for something else, and does not know of it
	s.Load, s.Why = loadFull, full.Why
	b.o.Logger.Info(msgFullLoad, "why", strings.Join(full.Why, "; "))
	return datasets.Extract(ctx, b.store, req)
}

// listRejects writes where the rejected lines are to .farr/<job>.rejects.csv, also
// when there were too many of them: that is when somebody wants to know. A report
// that was skipped has no list, and leaves the one that its first run wrote.
func (b *building) listRejects(report *datasets.ExtractReport) error {
	if report == nil || report.Skipped {
		return nil
	}
	path := filepath.Join(filepath.Dir(b.job.File), ledgerDir, b.job.Name+".rejects.csv")
	if report.Rejected == 0 {
		if err := disk.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	f, err := disk.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	heading, several := []string{"file", "line", "offset", "reason"}, len(b.job.Source) > 1
	if several {
		heading = append(heading, "source")
	}
	err = w.Write(heading)
	for _, r := range report.Rejects {
		line := []string{r.File, strconv.FormatInt(r.Line, 10), strconv.FormatInt(r.Offset, 10), r.Reason}
		if several {
			line = append(line, r.Source)
		}
		err = errors.Join(err, w.Write(line))
	}
	w.Flush()
	return errors.Join(err, w.Error(), f.Close())
}

func (b *building) measure(ctx context.Context, extract *datasets.Snapshot) (results *measures.Results, err error) {
	return results, b.step("measure", func(s *StepResult) error {
		asOf, err := time.Parse(time.DateOnly, b.result.AsOf)
		if err != nil {
			return errors.New("the extract has no clinical event, so there is nothing to measure")
		}
		periods, err := periodsOf(b.job.Periods, asOf)
		if err != nil {
			return err
		}
		library, err := b.job.loadLibrary()
		if err != nil {
			return err
		}
		pkg, err := b.pkg(library)
		if err != nil {
			return err
		}
		report, err := measures.Run(ctx, b.store, measures.Request{
			Package: pkg, Extract: extract, Key: b.key, Library: library, Measures: b.job.Measures, Cohorts: b.job.Cohorts,
			Periods: periods, Closed: b.job.closed(), MemoryLimit: int64(b.job.Limits.Memory) / 2, Progress: b.o.Progress,
		})
		if err != nil {
			return err
		}
		s.Snapshot, s.Skipped, s.Rows, s.Doubts = report.Snapshot, report.Skipped, report.Aggregates, report.ClosedDoubts
		sn, err := b.store.Open(report.Snapshot)
		if err != nil {
			return err
		}
		results, err = measures.OpenResults(ctx, b.store, sn)
		return err
	})
}

// report builds the bundle, files it under its own hash, and makes it the latest.
// Building takes seconds and equal input gives equal bytes, so it is always built: a
// bundle that is there already is told by its hash, and a damaged one is healed.
func (b *building) report(ctx context.Context, results *measures.Results) error {
	return b.step("report", func(s *StepResult) error {
		out := b.job.Report.Out
		runs := filepath.Join(out, runsName)
		if err := disk.MkdirAll(runs, 0o755); err != nil {
			return err
		}
		held, err := lock(filepath.Join(out, ".lock"), "the report folder "+out)
		if err != nil {
			return err
		}
		defer held.Close()
		if err := putBack(out, filepath.Join(out, latestName)); err != nil { // the report compares itself with it
			return err
		}
		stage, remove, err := disk.Private(runs, stagePrefix)
		if err != nil {
			return err
		}
		defer remove()
		annotations, rebases := b.job.reported()
		var boundaries []reports.Boundaries
		for _, x := range b.job.Report.Boundaries {
			boundaries = append(boundaries, reports.Boundaries(x))
		}
		bundle, err := reports.Build(ctx, reports.Request{
			Results: results, KPIFile: b.job.KPI, Audience: reports.Audience(b.job.Report.Audience), Disclosure: b.job.Report.Disclosure,
			Organisation: b.job.Report.Organisation, Title: b.job.Report.Title, LanguageFile: b.job.Report.Language, Out: filepath.Join(stage, "bundle"), Previous: filepath.Join(out, latestName),
			Annotations: annotations, Rebases: rebases, Boundaries: boundaries, Browser: b.browser,
			Command: "farr run " + filepath.Base(b.job.File), Progress: b.o.Progress,
		})
		if err != nil {
			return err
		}
		s.Snapshot, s.Rows = bundle.ManifestHash, int64(bundle.Files)
		b.result.Unjudged = bundle.Unjudged
		b.result.Bundle = filepath.Join(runs, b.result.AsOf+"-"+bundle.ManifestHash[:12])
		if _, err := os.Lstat(b.result.Bundle); err == nil {
			s.Skipped = true
		}
		if err := disk.Replace(bundle.Dir, b.result.Bundle); err != nil {
			return fmt.Errorf("file the report: %w", err)
		}
		b.result.Latest, err = publishLatest(out, b.result.Bundle)
		return err
	})
}

// stagePrefix begins the names of folders that are not a bundle yet.
const stagePrefix = ".new-"

// loadLibrary is the library that the job measures with.
func (job *Job) loadLibrary() (*measures.Library, error) {
	if len(job.Library) == 0 {
		return shipped()
	}
	return measures.LoadLibrary(job.Library...)
}
