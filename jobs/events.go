package jobs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"farr/internal/source"
	"farr/measures"
	"farr/reports"
)

// Annotation is something that happened to a measure on a day, for its chart.
type Annotation struct {
	Measure string `yaml:"measure,required"`
	Date    string `yaml:"date,required"` // calendar day
	Text    string `yaml:"text,required"`

	pos source.Pos
}

// Rebase is a recorded decision to make the limits of a measure's chart again from a day on.
type Rebase struct {
	Measure string `yaml:"measure,required"`
	Date    string `yaml:"date,required"`
	Reason  string `yaml:"reason,required"`

	pos source.Pos
}

// events checks annotations and decisions: the measure is one of the job's, the day is one of the calendar and, where the
// periods are written as dates, within them, and something is said.
func (c checker) events(job *Job) {
	known := []string(job.Measures)
	if len(known) == 0 {
		lib, err := job.loadLibrary()
		if err != nil {
			return // reported already
		}
		known = lib.IDs(measures.KindMeasure)
	}
	low, high := c.fixed(job.Periods)
	one := func(key string, i int, measure, date, text, textKey string) source.Pos {
		if c.doc.Has(key, i, "measure") && !slices.Contains(known, measure) {
			hint := source.DidYouMean(measure, known)
			if hint == "" {
				hint = "the job measures " + strings.Join(known, ", ")
			}
			c.doc.Report("unknown-measure", fmt.Sprintf("no measure %q in this job", measure), hint, key, i, "measure")
		}
		if c.doc.Has(key, i, "date") {
			day, err := time.Parse(time.DateOnly, date)
			switch {
			case err != nil:
				c.doc.Report("bad-date", "date is not a calendar day", "2026-01-31", key, i, "date")
			case !high.IsZero() && (day.Before(low) || !day.Before(high)):
				c.doc.Report("date-outside-periods", date+" is outside the periods of the job", "a day from "+low.Format(time.DateOnly)+" to "+high.AddDate(0, 0, -1).Format(time.DateOnly), key, i, "date")
			}
		}
		if c.doc.Has(key, i, textKey) && strings.TrimSpace(text) == "" {
			c.doc.Report("empty-text", textKey+" says nothing", "one sentence that a reader of the chart understands", key, i, textKey)
		}
		return c.doc.Pos(key, i, "date")
	}
	for i, a := range job.Annotations {
		job.Annotations[i].pos = one("annotations", i, a.Measure, a.Date, a.Text, "text")
	}
	for i, r := range job.Rebases {
		job.Rebases[i].pos = one("rebase", i, r.Measure, r.Date, r.Reason, "reason")
	}
}

// fixed are the first day and the day after the last of periods that are all written as dates; zero where one is counted
// back from the data, and moves on.
func (c checker) fixed(items []string) (low, high time.Time) {
	for _, item := range items {
		if relative.MatchString(item) {
			return time.Time{}, time.Time{}
		}
	}
	periods, err := measures.ParsePeriods(strings.Join(items, ","))
	if err != nil || !c.doc.Has("periods") {
		return time.Time{}, time.Time{}
	}
	for _, p := range periods {
		if low.IsZero() || p.Low.Before(low) {
			low = p.Low
		}
		if p.High.After(high) {
			high = p.High
		}
	}
	return low, high
}

// reported are the annotations and decisions as a report takes them.
func (job *Job) reported() (annotations []reports.Annotation, rebases []reports.Rebase) {
	for _, a := range job.Annotations {
		day, _ := time.Parse(time.DateOnly, a.Date) // checked when the job was loaded
		annotations = append(annotations, reports.Annotation{Measure: a.Measure, Date: day, Text: a.Text, Pos: a.pos})
	}
	for _, r := range job.Rebases {
		day, _ := time.Parse(time.DateOnly, r.Date)
		rebases = append(rebases, reports.Rebase{Measure: r.Measure, Date: day, Reason: r.Reason, Pos: r.pos})
	}
	return annotations, rebases
}
