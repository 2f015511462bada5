package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"farr/datasets"
	"farr/internal/source"
	"farr/reports"
)

// Finding is one thing that was looked at before a run.
type Finding struct {
	Job   string `json:"job,omitempty"` // empty: of the folder
	What  string `json:"what"`
	Level string `json:"level"` // ok, warning, or wrong: a run would fail
	Says  string `json:"says"`
	Todo  string `json:"todo,omitempty"`
}

// Diagnosis is what a look at a folder of jobs found.
type Diagnosis struct {
	Folder   string    `json:"folder"`
	Findings []Finding `json:"findings"`
}

// Well tells whether nothing is wrong.
func (d *Diagnosis) Well() bool {
	for _, f := range d.Findings {
		if f.Level == "wrong" {
			return false
		}
	}
	return true
}

// WriteText writes the findings for a person, what is wrong first.
func (d *Diagnosis) WriteText(w io.Writer) error {
	p := &printer{w: w}
	for _, level := range []string{"wrong", "warning", "ok"} {
		for _, f := range d.Findings {
			if f.Level != level {
				continue
			}
			of := ""
			if f.Job != "" {
				of = f.Job + ": "
			}
			p.linef("%-8s %s%s: %s", f.Level, of, f.What, f.Says)
			if f.Todo != "" {
				p.linef("         to do: %s", f.Todo)
			}
		}
	}
	return p.err
}

func (d *Diagnosis) add(job, what, level, says, todo string) {
	d.Findings = append(d.Findings, Finding{job, what, level, says, todo})
}

// check adds what err says, or that all is well.
func (d *Diagnosis) check(job, what, well string, err error, todo string) {
	if err != nil {
		d.add(job, what, "wrong", err.Error(), todo)
		return
	}
	d.add(job, what, "ok", well, "")
}

// Doctor looks at all that a run of the folder's jobs needs, and runs nothing: files, ledger, locks, clock, and for each job
// its source, key, store, room on the disk, browser and the secrets of alerts.
func Doctor(ctx context.Context, folder string, o Options) (*Diagnosis, error) {
	o = o.withDefaults()
	jobs, wrong, err := LoadFolder(folder)
	if err != nil {
		return nil, err
	}
	d := &Diagnosis{Folder: folder, Findings: []Finding{}}
	for _, w := range wrong {
		d.add("", "job file", "wrong", w.Error(), advice[ClassUsage])
	}
	if len(jobs) > 0 || len(wrong) == 0 {
		d.check("", "job files", fmt.Sprintf("%d can be run", len(jobs)), noJobs(jobs, wrong), "write a job file: jobs/examples has one with every key")
	}
	d.ledger(ctx, folder, o)
	for _, job := range jobs {
		d.job(ctx, job, o)
	}
	return d, nil
}

func noJobs(jobs []*Job, wrong source.Diagnostics) error {
	if len(jobs)+len(wrong) == 0 {
		return errors.New("there is none in the folder")
	}
	return nil
}

// ledger looks at what belongs to the folder as a whole.
func (d *Diagnosis) ledger(ctx context.Context, folder string, o Options) {
	l, err := openKnown(ctx, folder)
	if errors.Is(err, ErrNoLedger) {
		d.add("", "ledger", "ok", "none yet: the first tick makes it", "")
		return
	}
	d.check("", "ledger", fmt.Sprintf("version %d", ledgerVersion), err, ledgerAdvice(folder, err))
	if err != nil {
		return
	}
	defer l.close()
	var says string
	if err = l.db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&says); err == nil && says != "ok" {
		err = errors.New(says)
	}
	d.check("", "ledger's pages", "sound", err, advice[ClassLedger])
	d.check("", "clock", "not before the ledger's last instant", l.checkClock(ctx, o.Clock()), advice[ClassClock])
	held, err := l.lockFolder()
	var locked *LockedError
	switch {
	case errors.As(err, &locked):
		d.add("", "locks", "ok", err.Error(), "")
	default:
		d.check("", "locks", "the file system keeps them", err, "put the folder on a local disk")
		if held != nil {
			held.Close()
		}
	}
	d.room("", "room for the ledger", folder, 0)
}

// ledgerAdvice is what to do about a ledger that cannot be opened.
func ledgerAdvice(folder string, err error) string {
	if datasets.CodeOf(err) == datasets.CodeOpenToOthers {
		return "make it its owner's alone, as the error says"
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return "run farr as the user whom " + filepath.Join(folder, ledgerDir) + " belongs to, or give it and what is in it to the jobs' user (chown -R), on a file system that can be written"
	}
	if ledgerDamaged(err) {
		return advice[ClassLedger]
	}
	return "use the farr that its version belongs to, or restore a copy made with farr ledger backup"
}

// job looks at what one job needs.
func (d *Diagnosis) job(ctx context.Context, job *Job, o Options) {
	d.source(job, o)
	if job.Key != "" {
		_, err := o.Keys.Read(job.Key)
		d.check(job.Name, "key", "can be read, and by nobody else", err, "keep the key in a file of the job's user with mode 0600")
	}
	d.store(ctx, job, o)
	d.room(job.Name, "room for the store", job.Store, job.Limits.Disk)
	if job.Report.Out != "" {
		d.room(job.Name, "room for reports", job.Report.Out, job.Limits.Disk)
	}
	if job.Report.PDF {
		_, err := reports.FindBrowser(o.Browser)
		d.check(job.Name, "browser", "is there for the PDF", err, "install Chromium, or name it as CHROMIUM")
	}
	d.sinks(job)
}

// source looks for the folder, or for what a server's client needs: the server itself is not asked.
func (d *Diagnosis) source(job *Job, o Options) {
	for _, one := range job.Source {
		what, key := "source", "client key"
		if len(job.Source) > 1 {
			what, key = what+" "+one.Name, key+" of "+one.Name
		}
		if b := one.Bulk; b != nil {
			d.add(job.Name, what, "ok", "a FHIR server, which is asked by a run alone", "")
			if b.ClientKey != "" {
				_, err := o.Keys.ReadClient(b.ClientKey)
				d.check(job.Name, key, "can be read, and by nobody else", err, "keep the client's key in a file of the job's user with mode 0600")
			}
			continue
		}
		entries, err := os.ReadDir(one.Dir)
		if err == nil && len(entries) == 0 {
			err = fmt.Errorf("%s is empty", one.Dir)
		}
		d.check(job.Name, what, fmt.Sprintf("%d files or folders in %s", len(entries), one.Dir), err, "look whether the export has arrived and the job's user may read it")
	}
}

// sinks looks whether the secrets of alerts can be read: a failed run is too late to find that nobody is told.
func (d *Diagnosis) sinks(job *Job) {
	secret := func(what, from string) {
		_, err := readSecret(from)
		d.check(job.Name, what, "can be read, and by nobody else", err, "keep it in a file of the job's user with mode 0600, or in a variable that the scheduler has")
	}
	if job.Notify.Webhook != nil {
		secret("secret of the webhook", job.Notify.Webhook.Secret)
	}
	if m := job.Notify.SMTP; m != nil && m.Password != "" {
		secret("password of the mail server", m.Password)
	}
}

func (d *Diagnosis) store(ctx context.Context, job *Job, o Options) {
	s, err := datasets.OpenStore(ctx, job.Store)
	if datasets.CodeOf(err) == datasets.CodeNotAStore {
		d.add(job.Name, "store", "ok", "none yet: the first run makes it", "")
		return
	}
	d.check(job.Name, "store", "can be opened", err, "read the error; `farr verify --store "+job.Store+"` recomputes every hash in it")
	if err != nil {
		return
	}
	defer s.Close()
	if key, err := o.Keys.Read(job.Key); err == nil { // else that is told
		d.check(job.Name, "key of the store", "is the job's", s.Takes(ctx, key), advice[ClassKey])
	}
	if err := s.CheckPlace(); err != nil {
		d.add(job.Name, "store", "wrong", err.Error(), "do as the error says, before anything is added")
	}
	for _, part := range []string{"staging", "objects", "snapshots", "writer.lock"} {
		if err := syscall.Access(filepath.Join(job.Store, part), 2); err != nil && !errors.Is(err, fs.ErrNotExist) { // W_OK
			d.add(job.Name, "store", "wrong", "nothing can be written to "+part+": "+err.Error(), "let the job's user write to the store, and look whether its file system is mounted read-only")
			break
		}
	}
}

// smallRoom is when a disk is nearly full: a share of it, and bytes.
const (
	smallShare = 0.05
	smallRoom  = 1 << 30
)

// room looks how much is free where path is or will be; least is what a run may need of it.
func (d *Diagnosis) room(job, what, path string, least Bytes) {
	free, all, at, err := freeAt(path)
	if err != nil {
		d.add(job, what, "wrong", err.Error(), "make the folder, or let the job's user into it")
		return
	}
	says := fmt.Sprintf("%.1f GB of %.1f GB free at %s", float64(free)/1e9, float64(all)/1e9, at)
	switch {
	case free < int64(least):
		d.add(job, what, "wrong", fmt.Sprintf("%s, and limits.disk says that a run may need %s", says, least), advice[ClassDisk])
	case free < smallRoom || float64(free) < smallShare*float64(all):
		d.add(job, what, "warning", says, "make room: a run that fills the disk fails, and leaves the report before in force")
	default:
		d.add(job, what, "ok", says, "")
	}
}
