package page

import (
	"time"

	"farr/measures"
	"farr/reports/internal/chart"
	"farr/reports/internal/control"
	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// Report is everything the pages say.
type Report struct {
	Organisation, Title string
	Policy              disclose.Policy
	AsOf                time.Time
	Results             string // snapshot ID
	Source              Source
	Measures            []Measure
	Cohorts             []Cohort
	Run                 func(w *text.Words) Run
	Privacy             func(w *text.Words) Privacy
	Quality             *Quality     // nil in results of an older farr
	Notices             string       // licences of the parts that drew the charts
	Previous            *State       // of the report before; nil without one
	PreviousNote        text.Message // why there is none although a report stood there
}

// Measure is one measure's page.
type Measure struct {
	Definition measures.Definition
	Released   disclose.Measure
	Headline   disclose.Period
	KPI        *KPI // nil without a target
	// Annotations are what happened, by the job file; Rebases are its recorded decisions to make limits
	// again. Both in order of date.
	Annotations []Annotation
	Rebases     []control.Rebase
}

// Annotation is something that happened on a day, to be seen on a chart.
type Annotation struct {
	Date time.Time
	Text string
}

// KPI is what the file of targets says of a measure, in the unit of its rate.
type KPI struct {
	Target    *float64   // nil without one
	Benchmark *Benchmark // nil without one
	Owner     string
	Note      string
	Group     string // heading on the index
	// Direction is which is better, where the file of targets says it in place of a
	// published measure; Declared is what the measure says.
	Direction, Declared string
}

// Benchmark is what others reach.
type Benchmark struct {
	Value  float64
	Source string
}

// hasTarget tells whether there is a target to compare with.
func (m Measure) hasTarget() bool { return m.KPI != nil && m.KPI.Target != nil }

// Cohort is one cohort's page.
type Cohort struct {
	Definition measures.Definition
	Released   disclose.Cohort
	// StudyLow and StudyHigh are the first and the last day on which an entry event
	// counts; empty when not known.
	StudyLow, StudyHigh string
	// Boundaries are those that the reader of results brings, by stratum.
	Boundaries map[string]chart.Regions
}

// Run says how the numbers came to be.
type Run struct {
	Chain       []Stage   // from the report back to the input
	Accounting  *Table    // records by type; nil when the extract is gone
	Losses      *Table    // what was left out; nil when nothing was, or not to be told
	Linkage     *Table    // who was found in several sources; nil when nobody was looked for, or not to be told
	Definitions []Version // of measures and cohorts
	Command     string
}

// Stage is a link of the chain: something kept, by the hash that names it.
type Stage struct {
	Name, ID string
	Note     string
	Facts    []Fact
}

// Fact is a line about a stage; Code facts are hashes.
type Fact struct {
	Name, Value string
	Code        bool
}

// Version is a definition and the hash of all in it that can change a number.
type Version struct{ Kind, Title, ID, Hash string }
