package jobs

import (
	"fmt"
	"time"

	"farr/datasets"
	"farr/measures"
)

// Retention is how long what a job makes is kept. What stays keeps what it was made of, so results are kept at most as long as
// extracts, and reports at most as long as results. What is not said is as what comes before it; without Extracts they are kept
// for ever.
type Retention struct {
	Extracts *Keep `yaml:"extracts"`
	Results  *Keep `yaml:"results"`
	Reports  *Keep `yaml:"reports"`
}

// Keep is how many, and how long. What one of the two keeps stays.
type Keep struct {
	Newest int      `yaml:"newest"` // so many
	For    Duration `yaml:"for"`    // since it was last made, found made already, put in force or reported
}

// given tells whether anything is ever to go.
func (r Retention) given() bool { return r.Extracts != nil || r.Results != nil || r.Reports != nil }

// whole fills in what is not said.
func (r Retention) whole() Retention {
	if r.Results == nil {
		r.Results = r.Extracts
	}
	if r.Reports == nil {
		r.Reports = r.Results
	}
	return r
}

// rules are those of the store. What else was made of an extract (its risk, shards of results) goes with it.
func (r Retention) rules() map[string]datasets.KeepRule {
	rules := map[string]datasets.KeepRule{}
	for kind, keep := range map[string]*Keep{"extract": r.Extracts, measures.KindResults: r.Results} {
		if keep != nil {
			rules[kind] = datasets.KeepRule{Newest: keep.Newest, For: time.Duration(keep.For)}
		}
	}
	return rules
}

// loosest keeps what one of two retentions keeps.
func (r Retention) loosest(other Retention) Retention {
	both := func(a, b *Keep) *Keep {
		if a == nil || b == nil {
			return nil // for ever
		}
		return &Keep{max(a.Newest, b.Newest), max(a.For, b.For)}
	}
	return Retention{both(r.Extracts, other.Extracts), both(r.Results, other.Results), both(r.Reports, other.Reports)}
}

// retention checks the rules.
func (c checker) retention(job *Job) {
	r := job.Retention
	if c.doc.Has("retention") && !r.given() && !c.doc.Has("retention", "extracts") && !c.doc.Has("retention", "results") && !c.doc.Has("retention", "reports") {
		c.doc.Report("keeps-nothing", "retention does not say of what", "extracts: {newest: 3}, or remove retention", "retention")
	}
	for _, one := range []struct {
		name string
		keep *Keep
	}{{"extracts", r.Extracts}, {"results", r.Results}, {"reports", r.Reports}} {
		if one.keep == nil {
			continue
		}
		if job.extractsOnly() && one.name != "extracts" {
			c.doc.Report("dates-in-years", "profile "+job.Profile+" makes extracts alone", "remove "+one.name, "retention", one.name)
		}
		c.keep(job, *one.keep, one.name)
	}
	whole := r.whole()
	c.withinRetention(r.Results, whole.Extracts, "results", "extracts")
	c.withinRetention(r.Reports, whole.Results, "reports", "results")
}

// keep refuses a rule that would take away what is in force.
func (c checker) keep(job *Job, keep Keep, name string) {
	newest, within := c.doc.Has("retention", name, "newest"), c.doc.Has("retention", name, "for")
	said := func(key string) bool { // also what did not decode
		return c.doc.Pos("retention", name, key) != c.doc.Pos("retention", name)
	}
	switch {
	case !said("newest") && !said("for"):
		c.doc.Report("keeps-nothing", "nothing says which "+name+" are kept", "newest: 3, for: 90d or both", "retention", name)
		return
	case newest && keep.Newest < 1:
		c.doc.Report("keeps-nothing", "what is in force is the newest, and would go", "newest: 1 at least, or remove it", "retention", name, "newest")
	}
	switch longest := longestPause(job.Schedule); {
	case !within:
	case keep.For == 0:
		c.doc.Report("keeps-nothing", "what is in force would go with the next run", "for: 90d, or remove it", "retention", name, "for")
	case !said("newest") && time.Duration(keep.For) < longest:
		days := (longest + 24*time.Hour - 1) / (24 * time.Hour)
		c.doc.Report("keeps-nothing", fmt.Sprintf("the job is due after up to %d days, when what is in force would be too old", days),
			fmt.Sprintf("for: %dd at least, or newest: 1 beside it", days), "retention", name, "for")
	}
}

// withinRetention refuses to keep what is made for longer than what it is made of: that would stay as long, whatever its own
// rule says.
func (c checker) withinRetention(made, of *Keep, name, ofName string) {
	if made == nil || of == nil || max(made.Newest, int(made.For)) < 1 || max(of.Newest, int(of.For)) < 1 { // told already
		return
	}
	if made.Newest > of.Newest || made.For > of.For {
		c.doc.Report("outlives-its-source", fmt.Sprintf("%s would be kept longer than the %s that they are made of, which stay as long as they do", name, ofName),
			"newest and for of "+ofName+" are to be as much at least", "retention", name)
	}
}

// longestPause is the longest time between two planned times in a row, of some hundreds; 0 without a schedule.
func longestPause(s *Schedule) (longest time.Duration) {
	if s == nil || s.set == nil || s.zone == nil {
		return 0
	}
	begin := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	t := s.Next(begin)
	for range 500 {
		next := s.Next(t)
		if longest = max(longest, next.Sub(t)); next.Sub(begin) > 9*366*24*time.Hour {
			break
		}
		t = next
	}
	return longest
}
