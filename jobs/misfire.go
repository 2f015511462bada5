package jobs

import (
	"fmt"
	"time"
)

// Misfire is what is done about planned times that passed while nothing ran.
type Misfire struct {
	Rule  string   `yaml:"rule"`  // once, all or skip
	Grace Duration `yaml:"grace"` // how late a planned time may still begin; 0: however late
	Cap   int      `yaml:"cap"`   // rule all: the newest so many run
}

// The rules.
const (
	misfireOnce = "once" // of those that wait, the newest runs
	misfireAll  = "all"  // each that waits runs, the oldest first, at most cap
	misfireSkip = "skip" // none is made up for: the newest runs if its grace has not passed
)

const (
	defaultCap   = 24
	maxCap       = 1000
	defaultGrace = Duration(15 * time.Minute) // of rule skip
)

// settled is the rule with what the file need not say.
func (m Misfire) settled() Misfire {
	if m.Rule == "" {
		m.Rule = misfireOnce
	}
	if m.Rule == misfireSkip && m.Grace == 0 {
		m.Grace = defaultGrace
	}
	if m.Rule == misfireAll && m.Cap == 0 {
		m.Cap = defaultCap
	}
	return m
}

// keep is how many planned times may wait.
func (m Misfire) keep() int {
	if m.Rule == misfireAll {
		return m.Cap
	}
	return 1
}

// misfire checks the rule. It is settled then.
func (c checker) misfire(job *Job) {
	m := &job.Misfire
	c.oneOf(m.Rule, []string{misfireOnce, misfireAll, misfireSkip}, "misfire", "rule")
	if c.doc.Has("misfire") && job.Schedule == nil && !c.doc.Has("schedule") {
		c.doc.Report("no-schedule", "a job without a schedule has no planned times that could pass", "add schedule, or remove misfire", "misfire")
	}
	if c.doc.Has("misfire", "grace") && m.Grace == 0 {
		c.doc.Report("zero-limit", "with a grace of zero no planned time could begin", "15m, or remove grace", "misfire", "grace")
	}
	if c.doc.Has("misfire", "cap") {
		switch {
		case m.Rule == "" || m.Rule == misfireOnce || m.Rule == misfireSkip:
			c.doc.Report("no-effect", "cap bounds how many planned times are made up for, which rule all alone does", "rule: all, or remove cap", "misfire", "cap")
		case m.Cap == 0:
			c.doc.Report("zero-limit", "with a cap of zero nothing would run", "rule: skip runs nothing late", "misfire", "cap")
		case m.Cap < 0 || m.Cap > maxCap:
			c.doc.Report("bad-value", fmt.Sprintf("expected a cap from 1 to %d", maxCap), "", "misfire", "cap")
		}
	}
	*m = m.settled()
}
