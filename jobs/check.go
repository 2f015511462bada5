package jobs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"farr/datasets"
	"farr/internal/source"
	"farr/jobs/internal/cron"
	"farr/reports"
)

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// check reports what a job means wrongly, in the order of the file, and makes its
// paths relative to the folder of the file. Values that did not decode are passed
// over: they are reported already.
func check(doc *source.Document, job *Job) {
	c := checker{doc, filepath.Dir(job.File)}
	if doc.Has("name") && !nameForm.MatchString(job.Name) {
		doc.Report("bad-name", "a job's name is 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit", "", "name")
	}
	if job.Schedule != nil {
		c.schedule(job.Schedule)
	}
	c.misfire(job)
	c.after(job)
	c.limits(job)
	c.retries(job)
	c.retention(job)
	c.notify(job)
	c.sources(job.Source)
	c.expected(job)
	c.fullLoad(job)
	c.linkage(job.Linkage, job.Source)
	c.path(&job.Store, false, "store")
	if c.keySource(job.Key, "key") && datasets.IsKeyFile(job.Key) {
		c.path(&job.Key, false, "key")
	}
	c.oneOf(job.Profile, datasets.Profiles(), "profile")
	c.countsNothing(job)
	c.path(&job.Policy, true, "policy")
	if doc.Has("policy") {
		c.policy(job.Policy)
	}
	if doc.Has("as_of") {
		if _, err := time.Parse(time.DateOnly, job.AsOf); err != nil {
			doc.Report("bad-date", "as_of is not a calendar day", "2026-01-31", "as_of")
		}
	}
	c.oneOf(job.Risk.Gate, []string{gateRecord, gateEnforce}, "risk", "gate")
	job.Risk.Check(doc, "risk")
	for i := range job.Library {
		c.path(&job.Library[i], true, "library", i)
	}
	c.library(job)
	c.periods(job.Periods)
	if _, nobody := job.Closed[""]; nobody {
		c.doc.Report("no-site", "a last day needs a site or source that has it", "closed: {Clinic 12: 2025-05-31}", "closed")
	}
	c.path(&job.KPI, true, "kpi")
	c.events(job)
	c.path(&job.Report.Out, false, "report", "out")
	c.path(&job.Report.Language, true, "report", "language")
	c.language(job.Report.Language)
	for i := range job.Report.Boundaries {
		c.path(&job.Report.Boundaries[i].File, true, "report", "boundaries", i, "file")
	}
	c.oneOf(job.Report.Audience, []string{"internal", "external"}, "report", "audience")
	c.oneOf(job.Report.Disclosure, reports.DisclosurePolicies(), "report", "disclosure")
	if job.Report.Audience == string(reports.Internal) && doc.Has("report", "disclosure") {
		doc.Report("no-disclosure", "nothing is hidden from an internal audience, so it has no policy", "remove disclosure, or say audience: external", "report", "disclosure")
	}
	c.outputsOutside(job)
	job.at.name, job.at.out = doc.Pos("name"), doc.Pos("report", "out")
}

// countsNothing refuses what a job cannot do on an extract that has years in place of dates.
func (c checker) countsNothing(job *Job) {
	if !job.extractsOnly() {
		return
	}
	for _, key := range []string{"measures", "cohorts", "library", "periods", "kpi", "report", "annotations", "rebase"} {
		if c.doc.Has(key) {
			c.doc.Report("dates-in-years", "profile "+job.Profile+" keeps of every date the year alone, so no measure or cohort can be computed and nothing reported",
				"remove "+key+", or extract with profile shifted or limited", key)
		}
	}
}

// policy tells of everything wrong in the job's own tables, each at its place in them.
func (c checker) policy(dir string) {
	err := datasets.LintPolicy(dir)
	var found source.Diagnostics
	if !errors.As(err, &found) {
		c.report(err, "bad-policy", "policy")
		return
	}
	for _, d := range found {
		c.doc.Add(d)
	}
}

// keySource says whether something can be where a key is, and is no key itself.
func (c checker) keySource(source string, at ...any) bool {
	err := datasets.CheckKeySource(source)
	switch {
	case errors.Is(err, datasets.ErrKeyItself):
		c.doc.Report("secret-in-file", "this is a key itself", "keep it in a file that only the job's user can read, give that file's path here, and replace the key", at...)
	case err != nil && c.doc.Has(at...):
		c.doc.Report("bad-key-source", err.Error(), "a path, env:NAME or fd:3", at...)
	}
	return err == nil
}

type checker struct {
	doc *source.Document
	dir string // of the job file
}

// report places an error that may be a Diagnostic with its own code and hint.
func (c checker) report(err error, code string, path ...any) {
	if err == nil {
		return
	}
	var d source.Diagnostic
	if errors.As(err, &d) {
		c.doc.Report(d.Code, d.Message, d.Hint, path...)
		return
	}
	c.doc.Report(code, err.Error(), "", path...)
}

func (c checker) schedule(s *Schedule) {
	var err error
	if c.doc.Has("schedule", "cron") {
		s.set, err = cron.Parse(s.Cron)
		c.report(err, "bad-cron", "schedule", "cron")
	}
	if c.doc.Has("schedule", "zone") {
		s.zone, err = loadZone(s.Zone)
		c.report(err, "unknown-zone", "schedule", "zone")
	}
}

// expected holds the types that sources are said to have against those of the policy.
func (c checker) expected(job *Job) {
	if !slices.ContainsFunc(job.Source, func(s Source) bool { return len(s.Expect) > 0 }) {
		return
	}
	policy, err := datasets.OpenPolicy(job.Policy)
	if err != nil {
		return // of a folder of its own, which the extract tells about
	}
	for i, s := range job.Source {
		at := []any{"source"}
		if c.doc.Has("source", i) {
			at = append(at, i)
		}
		for j, name := range s.Expect {
			c.oneOf(name, policy.Types(), append(slices.Clone(at), "expect", j)...)
		}
	}
}

func (c checker) oneOf(value string, allowed []string, path ...any) {
	if !c.doc.Has(path...) || slices.Contains(allowed, value) {
		return
	}
	hint := source.DidYouMean(value, allowed)
	if hint == "" {
		hint = "one of " + strings.Join(allowed, ", ")
	}
	name := ""
	for _, step := range path {
		if key, isKey := step.(string); isKey {
			name = key
		}
	}
	c.doc.Report("unknown-value", "no such "+name+` "`+value+`"`, hint, path...)
}

// path makes *p relative to the job's folder. A file that exists before the job runs
// is looked for here; sources, stores and outputs come and go.
func (c checker) path(p *string, mustExist bool, at ...any) {
	if !c.doc.Has(at...) {
		return
	}
	switch {
	case *p == "" || strings.ContainsRune(*p, 0):
		c.doc.Report("bad-path", "expected a path", "", at...)
		return
	case *p == "~" || strings.HasPrefix(*p, "~/"):
		c.doc.Report("bad-path", "~ is not the home folder here", "write the path from /, or relative to this file", at...)
		return
	}
	if !filepath.IsAbs(*p) {
		*p = filepath.Join(c.dir, *p)
	}
	if !mustExist {
		return
	}
	if _, err := os.Stat(*p); err != nil {
		c.doc.Report("missing-file", *p+": "+cause(err), "paths are relative to this file", at...)
	}
}

// language reads a language file, so that its mistakes are told before anything is read.
func (c checker) language(path string) {
	if !c.doc.Has("report", "language") {
		return
	}
	err := reports.CheckLanguage(path)
	var found source.Diagnostics
	switch {
	case errors.As(err, &found):
		for _, d := range found {
			c.doc.Add(d)
		}
	case err != nil:
		c.doc.Report("bad-language-file", cause(err), "", "report", "language")
	}
}

// outputsOutside keeps what is written out of what is read, and bundles out of the store.
func (c checker) outputsOutside(job *Job) {
	others := []struct{ what, dir string }{{"store", job.Store}}
	for _, one := range job.Source {
		if inside(job.Store, one.Dir) && c.doc.Has("store") {
			c.doc.Report("bad-path", "the store is inside the source folder", "", "store")
			break
		}
	}
	for _, one := range job.Source {
		others = append(others, struct{ what, dir string }{"source", one.Dir})
	}
	slices.Reverse(others)
	for _, other := range others {
		if inside(job.Report.Out, other.dir) && c.doc.Has("report", "out") {
			c.doc.Report("bad-path", "the report is inside the "+other.what+" folder", "", "report", "out")
		}
	}
}

// inside tells whether path is dir or below it.
func inside(path, dir string) bool {
	if path == "" || dir == "" {
		return false
	}
	p, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	d, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(d, p)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// cause is a path error without its path.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
