package jobs

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"farr/datasets"
	"farr/internal/disk"
)

// Pruned is what went, or would go, by a job's retention.
type Pruned struct {
	Job     string                `json:"job"`
	DryRun  bool                  `json:"dry_run,omitempty"`
	Store   *datasets.PruneReport `json:"store,omitempty"`
	Reports []PrunedReport        `json:"reports"`         // bundles that go
	Bytes   int64                 `json:"bytes"`           // given back, of store and reports
	Error   string                `json:"error,omitempty"` // why it was not, or not wholly, done
}

// PrunedReport is the folder of a bundle.
type PrunedReport struct {
	Dir   string    `json:"dir"`
	Made  time.Time `json:"made"`
	Bytes int64     `json:"bytes"`

	hash string
}

// ErrNoRetention means that no rule says what may go.
var ErrNoRetention = errors.New("no job here says `retention:`, so all is kept")

// Prune removes by their retention what the job in a file, or the jobs in a folder, made. It does what a run does behind its
// last step, and needs the ledger: what the newest success of any job made stays.
func Prune(ctx context.Context, path string, dryRun bool, o Options) ([]*Pruned, error) {
	o = o.withDefaults()
	folder := path
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var only *Job
	if !info.IsDir() {
		if only, err = LoadJob(path); err != nil {
			return nil, err
		}
		folder = filepath.Dir(path)
	}
	all, err := loadWhole(folder)
	if err != nil {
		return nil, err
	}
	jobs := slices.DeleteFunc(slices.Clone(all), func(job *Job) bool {
		return !job.Retention.given() || only != nil && job.Name != only.Name
	})
	if len(jobs) == 0 {
		return nil, ErrNoRetention
	}
	l, err := openKnown(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer l.close()
	if err := l.checkClock(ctx, o.Clock()); err != nil {
		return nil, err
	}
	var list []*Pruned
	var failures []error
	for _, job := range jobs {
		one, err := l.pruneAlone(ctx, job, all, dryRun, o)
		if err != nil {
			one.Error = err.Error()
			failures = append(failures, fmt.Errorf("job %q: %w", job.Name, err))
		}
		list = append(list, one)
	}
	return list, errors.Join(failures...)
}

// loadWhole loads the jobs of a folder. One that cannot be read may say that it keeps what another would let go.
func loadWhole(folder string) ([]*Job, error) {
	all, wrong, err := LoadFolder(folder)
	return all, errors.Join(err, wrong.Err())
}

// pruneAlone prunes a job that does not run.
func (l *ledger) pruneAlone(ctx context.Context, job *Job, all []*Job, dryRun bool, o Options) (*Pruned, error) {
	none := &Pruned{Job: job.Name, DryRun: dryRun, Reports: []PrunedReport{}}
	held, err := l.lockJob(job.Name)
	if err != nil {
		return none, err
	}
	defer held.Close()
	if !dryRun {
		if _, err := l.recover(ctx, job, o.Clock()); err != nil {
			return none, err
		}
	}
	return l.prune(ctx, job, all, attempt{}, nil, dryRun, o)
}

// stepPrune is what a run does behind its steps.
const stepPrune = "prune"

// pruneAfter prunes behind the last step of a run that ended well. What goes wrong in it is told, and is no failure of the run: the
// next one does it.
func (l *ledger) pruneAfter(ctx context.Context, job *Job, a attempt, result *RunResult, o Options) (done *Pruned) {
	if !job.Retention.given() {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			done = &Pruned{Job: job.Name, Reports: []PrunedReport{}, Error: fmt.Sprintf("a defect in farr, please report it: panic of type %T in %s", p, panicPlace())}
		}
	}()
	began := o.Clock()
	o.Logger.Info(msgStepBegins, "step", stepPrune)
	all, err := loadWhole(filepath.Dir(job.File))
	done = &Pruned{Job: job.Name, Reports: []PrunedReport{}}
	if err == nil {
		done, err = l.prune(ctx, job, all, a, result, false, o)
	}
	if err != nil {
		done.Error = err.Error()
		o.Logger.Warn("nothing, or not all, was pruned", "class", string(ClassOf(err)))
	}
	o.Logger.Info(msgStepEnds, "step", stepPrune, "bytes", done.Bytes, "dur", o.Clock().Sub(began))
	return done
}

// prune lets go what the job's rules do not keep. The caller holds the job's lock; a and result are of the run that it belongs
// to, if any.
func (l *ledger) prune(ctx context.Context, job *Job, all []*Job, a attempt, result *RunResult, dryRun bool, o Options) (*Pruned, error) {
	done := &Pruned{Job: job.Name, DryRun: dryRun, Reports: []PrunedReport{}}
	s, err := datasets.OpenStore(ctx, job.Store)
	if datasets.CodeOf(err) == datasets.CodeNotAStore {
		return done, nil
	}
	if err != nil {
		return done, err
	}
	defer s.Close()
	if !dryRun && job.Key != "" {
		key, err := o.Keys.Read(job.Key)
		if err != nil {
			return done, err
		}
		if err := s.SignLog(key); err != nil {
			return done, err
		}
		s.KeepWitness(job.Key)
	}
	k := keeping{ledger: l, job: job, rules: job.Retention.whole(), stay: map[string]string{}, bundles: map[string]bool{}}
	if err := k.read(ctx, all, a, result); err != nil {
		return done, err
	}
	if err := k.newest(ctx, s, all, result); err != nil {
		return done, err
	}
	b, err := k.reports(s, all, o.Clock())
	if err != nil {
		return done, err
	}
	defer b.close()
	var hashes []string
	for _, r := range b.goes {
		hashes = append(hashes, r.hash)
	}
	// The log first: it says what goes.
	report, err := s.Prune(ctx, datasets.PruneRequest{Sources: job.Source.names(), Rules: k.rules.rules(), Stay: k.stay, Since: k.since,
		Now: o.Clock(), DryRun: dryRun, Job: job.Name, Bundles: hashes})
	if err != nil {
		return done, err
	}
	done.Store, done.Bytes = report, report.Bytes
	if !dryRun && b.held != nil { // what an earlier one took out of sight and could not take away
		if err := disk.Sweep(b.runs, stagePrefix); err != nil {
			return done, err
		}
	}
	for _, r := range b.goes {
		if !dryRun {
			if err := b.remove(r); err != nil {
				return done, err
			}
		}
		done.Reports = append(done.Reports, r)
		done.Bytes += r.Bytes
	}
	return done, nil
}

// keeping gathers what a job's rules may not take away.
type keeping struct {
	ledger  *ledger
	job     *Job
	rules   Retention
	stay    map[string]string // snapshots, and why
	bundles map[string]bool   // folders of bundles that stay
	since   time.Time         // begin of the oldest run that is not done with
}

// read takes from the ledger what the newest success of each job made, and what other jobs on the same source made: those without
// retention keep all of it, and with those that have one the looser rule holds, and newest for each job by itself.
func (k *keeping) read(ctx context.Context, all []*Job, a attempt, result *RunResult) error {
	l := k.ledger
	names, err := l.jobs(ctx)
	if err != nil {
		return fmt.Errorf("read the jobs of the ledger: %w", err)
	}
	for _, name := range names {
		if result != nil && name == k.job.Name {
			continue // this run takes its place
		}
		newest, err := l.last(ctx, name, "a.state IN ('succeeded', 'skipped')")
		if err != nil {
			return err
		}
		if newest != nil {
			k.made(newest.Result, fmt.Sprintf("run %d, the newest success of %s", newest.Run, name))
		}
	}
	k.made(result, "this run")
	for _, other := range all {
		if other.Name == k.job.Name || !k.shares(other) {
			continue
		}
		if other.Retention.given() {
			k.rules = k.rules.loosest(other.Retention.whole())
			continue
		}
		if err := k.everything(ctx, other.Name); err != nil {
			return err
		}
	}
	return k.unfinished(ctx, a)
}

// newest keeps the newest so many of each job by itself: a job that runs often would else use up the count of one that runs seldom.
// What is there no more does not count.
func (k *keeping) newest(ctx context.Context, s *datasets.Store, all []*Job, result *RunResult) error {
	entries, err := s.LogEntries()
	if err != nil {
		return err
	}
	next := map[string]string{} // extract to the one without the persons who were removed from it
	for _, e := range entries {
		if replaces, ok := e.Facts["replaces"].(map[string]any); ok && e.Kind == "removal" {
			for before, after := range replaces {
				next[before], _ = after.(string)
			}
		}
	}
	for _, job := range all {
		if !job.Retention.given() || job.Name != k.job.Name && !k.shares(job) {
			continue
		}
		rules, seen := job.Retention.whole().rules(), map[string]map[string]bool{}
		keep := func(r *RunResult) error {
			for _, step := range r.Steps {
				id := step.Snapshot
				for range next {
					id = cmp.Or(next[id], id)
				}
				if step.Name == "report" || id == "" {
					continue
				}
				sn, err := s.Open(id)
				if datasets.CodeOf(err) == datasets.CodeNotFound {
					continue
				}
				if err != nil {
					return err
				}
				kind := sn.Manifest().Kind
				if seen[kind] == nil {
					seen[kind] = map[string]bool{}
				}
				if seen[kind][id] || len(seen[kind]) >= rules[kind].Newest {
					continue
				}
				seen[kind][id] = true
				if k.stay[id] == "" {
					k.stay[id] = "newest of job " + job.Name
				}
			}
			return nil
		}
		if result != nil && job.Name == k.job.Name { // the ledger does not have it yet
			if err := keep(result); err != nil {
				return err
			}
		}
		if err := k.results(ctx, job.Name, " AND a.state IN ('succeeded', 'skipped')", keep); err != nil {
			return err
		}
	}
	return nil
}

// shares tells whether another job writes of the same sources to the same store.
func (k *keeping) shares(other *Job) bool {
	return sameStore(k.job, other) && slices.Equal(other.Source.names(), k.job.Source.names())
}

func sameStore(a, b *Job) bool {
	one, err := os.Stat(a.Store)
	if err != nil {
		return false
	}
	two, err := os.Stat(b.Store)
	return err == nil && os.SameFile(one, two)
}

// made keeps what a run made.
func (k *keeping) made(r *RunResult, why string) {
	if r == nil {
		return
	}
	for _, s := range r.Steps {
		if s.Name != "report" && s.Snapshot != "" {
			k.stay[s.Snapshot] = why
		}
	}
	if r.Bundle != "" {
		k.bundles[filepath.Base(r.Bundle)] = true
	}
}

// everything keeps all that a job ever made.
func (k *keeping) everything(ctx context.Context, job string) error {
	return k.results(ctx, job, "", func(r *RunResult) error {
		k.made(r, "job "+job+", which says nothing of retention")
		return nil
	})
}

// results gives what the attempts of a job made for which a condition of ours holds, the newest first.
func (k *keeping) results(ctx context.Context, job, condition string, f func(*RunResult) error) error {
	rows, err := k.ledger.db.QueryContext(ctx, "SELECT a.result FROM attempt a JOIN occurrence o ON o.id = a.occurrence WHERE o.job = ? AND a.result <> ''"+
		condition+" ORDER BY a.id DESC", job)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		r, err := parseResult(text)
		if err != nil {
			return err
		}
		if r == nil {
			continue
		}
		if err := f(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// unfinished finds when the oldest run began, of any job, that is to go on: what it made is not in the ledger yet.
func (k *keeping) unfinished(ctx context.Context, a attempt) error {
	var first sql.NullString
	err := k.ledger.db.QueryRowContext(ctx, `SELECT min(a.started) FROM occurrence o JOIN attempt a ON a.occurrence = o.id
		WHERE (o.state = 'running' OR o.state IN `+toRun+`) AND o.id <> ?`, a.occurrence).Scan(&first)
	if err != nil {
		return fmt.Errorf("read the runs that are not done with: %w", err)
	}
	k.since, err = parseTime(first)
	return err
}

// WriteText writes for a person what went, or would go.
func (d *Pruned) WriteText(w io.Writer) error {
	p := &printer{w: w}
	goes := "went"
	if d.DryRun {
		goes = "would go"
	}
	if d.Store != nil {
		for _, sn := range d.Store.Goes {
			p.linef("%s: %s %-8s %.12s  last used %s", d.Job, goes, sn.Kind, sn.ID, sn.Used.Format(time.DateOnly))
		}
		if n := d.Store.Unnamed; n > 0 {
			p.linef("%s: %s %d files of publishing that was stopped", d.Job, goes, n)
		}
	}
	for _, r := range d.Reports {
		p.linef("%s: %s report   %s  of %s", d.Job, goes, filepath.Base(r.Dir), r.Made.Format(time.DateOnly))
	}
	if d.Store != nil {
		count := map[string]int{}
		for _, sn := range d.Store.Stays {
			count[sn.Kind]++
			if d.DryRun {
				p.linef("%s: stays %-8s %.12s  last used %s: %s", d.Job, sn.Kind, sn.ID, sn.Used.Format(time.DateOnly), sn.Why)
			}
		}
		kept := ""
		for _, kind := range slices.Sorted(maps.Keys(count)) {
			kept += fmt.Sprintf(", %d of kind %s", count[kind], kind)
		}
		p.linef("%s: %s %d snapshots and %d reports, %s; %d snapshots stay%s", d.Job, goes, len(d.Store.Goes), len(d.Reports), humanize.Bytes(uint64(d.Bytes)), len(d.Store.Stays), kept)
	}
	if d.Error != "" {
		p.linef("%s: not pruned: %s", d.Job, d.Error)
	}
	return p.err
}

// summary is what went in a line; empty where nothing did.
func (d *Pruned) summary() string {
	switch {
	case d == nil:
		return ""
	case d.Error != "":
		return "not pruned, and tried again by the next run: " + d.Error
	case d.Store != nil && len(d.Store.Goes)+len(d.Reports)+d.Store.Unnamed > 0:
		return fmt.Sprintf("%d snapshots and %d reports went by retention, %s", len(d.Store.Goes), len(d.Reports), humanize.Bytes(uint64(d.Bytes)))
	}
	return ""
}
