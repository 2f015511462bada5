package jobs

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"farr/datasets"
	"farr/datasets/risk"
	"farr/internal/source"
)

// Job is one job file: what is extracted, measured and reported, and when. Paths
// are absolute or relative to the working folder once loaded; in the file they are
// relative to the file's own folder.
type Job struct {
	File string `yaml:"-"`

	Name       string    `yaml:"name,required"`
	Schedule   *Schedule `yaml:"schedule"` // nil: run by hand only
	Misfire    Misfire   `yaml:"misfire"`
	After      Words     `yaml:"after"` // names of jobs of the folder whose planned times come first
	Limits     Limits    `yaml:"limits"`
	Retries    Retries   `yaml:"retries"`
	Retention  Retention `yaml:"retention"` // nothing said: all is kept for ever
	Notify     Notify    `yaml:"notify"`
	AlertAfter Duration  `yaml:"alert_after"` // without a success for so long, there is an alert; 0: never
	Source     Sources   `yaml:"source,required"`
	Linkage    string    `yaml:"linkage"` // tokens: the same person in several sources is found and counts once
	Store      string    `yaml:"store,required"`
	Key        string    `yaml:"key,required"` // path of the key file, env:NAME or fd:N; never the key
	Profile    string    `yaml:"profile"`      // shifted, limited or safe-harbor
	Policy     string    `yaml:"policy"`       // folder of policy tables; those that come with farr when empty
	AsOf       string    `yaml:"as_of"`        // calendar day; empty: the newest event of the extract
	MaxReject  Share     `yaml:"max_reject"`
	Risk       Risk      `yaml:"risk"`
	Library    Words     `yaml:"library"`  // folders of measures and cohorts beside those that come with farr
	Measures   Words     `yaml:"measures"` // empty: all of the library
	Cohorts    Words     `yaml:"cohorts"`  // empty: all of the library
	Periods    Words     `yaml:"periods,required"`
	// Closed are the last days of sites, by label, and of several sources, by name, that were closed: from then on nothing is missed of them.
	Closed map[string]Day `yaml:"closed"`
	KPI    string         `yaml:"kpi"` // path of the file of targets and owners
	Report Report         `yaml:"report,required"`

	Annotations []Annotation `yaml:"annotations"`
	Rebases     []Rebase     `yaml:"rebase"`

	at places
}

// places are where things stand in the file that the folder's other jobs decide about.
type places struct {
	name, out source.Pos
	after     []source.Pos
}

// MayLack implements source.Lacking: a job on profile safe-harbor is an extract alone, which needs no key.
func (job *Job) MayLack(key string) bool {
	return job.extractsOnly() && slices.Contains([]string{"key", "periods", "report"}, key)
}

// extractsOnly is whether the job's extract can be measured by nothing.
func (job *Job) extractsOnly() bool { return job.Profile == datasets.ProfileSafeHarbor }

// closed is as measures take it.
func (job *Job) closed() map[string]time.Time {
	days := map[string]time.Time{}
	for name, last := range job.Closed {
		days[name] = last.Time
	}
	return days
}

// Report is the bundle that a job makes.
type Report struct {
	Out          string `yaml:"out,required"`
	Audience     string `yaml:"audience,required"` // internal or external
	Disclosure   string `yaml:"disclosure"`        // policy for an external audience
	Organisation string `yaml:"organisation"`
	Title        string `yaml:"title"`
	Language     string `yaml:"language"` // path of a language file; English without one

	Boundaries []Boundaries `yaml:"boundaries"` // of places that farr has none of
	PDF        bool         `yaml:"pdf"`        // print all pages as report.pdf too, by Chromium
}

// Boundaries is a GeoJSON file with the boundaries of a cohort's places.
type Boundaries struct {
	Area     string `yaml:"area,required"` // zip3, state, or the id of an area of a cohort
	File     string `yaml:"file,required"`
	Property string `yaml:"property,required"` // of a feature: the name of its place
}

// Risk is what is done about the residual risk of the extract.
type Risk struct {
	Gate            string `yaml:"gate"` // record, or enforce: beyond the thresholds nothing is published
	risk.Thresholds `yaml:",inline"`
}

// What a gate does.
const (
	gateRecord  = "record"
	gateEnforce = "enforce"
)

// Day is a day of the calendar, written 2025-12-31.
type Day struct{ time.Time }

// UnmarshalSource reads the form above.
func (d *Day) UnmarshalSource(v source.Value) (err error) {
	if d.Time, err = time.Parse(time.DateOnly, v.Text()); err != nil {
		return source.Diagnostic{Code: "bad-date", Message: "not a day of the calendar", Hint: "2025-12-31"}
	}
	return nil
}

// Share is a part of a whole, 0 to 1, written 1% or 0.01.
type Share float64

// UnmarshalSource reads both forms.
func (s *Share) UnmarshalSource(v source.Value) error {
	text, percent := strings.CutSuffix(v.Text(), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if percent {
		f /= 100
	}
	if err != nil || !(f >= 0 && f <= 1) {
		return source.Diagnostic{Code: "bad-share", Message: "expected a share from 0% to 100%", Hint: "1% or 0.01"}
	}
	*s = Share(f)
	return nil
}

// Words is a list of names, written as a list or as text with commas.
type Words []string

// UnmarshalSource reads both forms.
func (w *Words) UnmarshalSource(v source.Value) error {
	if k := v.Kind(); k != "text" && k != "number" && k != "date" {
		v.Decode((*[]string)(w))
		return nil
	}
	for word := range strings.SplitSeq(v.Text(), ",") {
		*w = append(*w, strings.TrimSpace(word))
	}
	return nil
}

// defaultJob is what a file need not say.
func defaultJob() Job {
	return Job{Profile: "shifted", MaxReject: 0.01, Risk: Risk{gateRecord, risk.DefaultThresholds()}}
}

// LoadJob reads and checks a job file. The error is source.Diagnostics, every
// mistake at its place.
func LoadJob(path string) (*Job, error) {
	data, err := source.ReadFile(path)
	if err != nil {
		return nil, source.Diagnostic{Pos: source.Pos{File: path}, Code: "unreadable-file", Message: "cannot read the file: " + cause(err)}
	}
	job := defaultJob()
	job.File = path
	doc, _ := source.DecodeYAML(path, data, &job)
	check(doc, &job)
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return &job, nil
}
