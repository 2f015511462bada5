package page

import (
	"time"

	"farr/measures"
	"farr/reports/internal/disclose"
)

// Report is everything the pages say.
type Report struct {
	Organisation, Title string
	Policy              disclose.Policy
	AsOf                time.Time
	Results             string // snapshot ID
	Measures            []Measure
	Cohorts             []Cohort
	Run                 Run
	Notices             string // licences of the parts that drew the charts
}

// Measure is one measure's page.
type Measure struct {
	Definition measures.Definition
	Released   disclose.Measure
	Headline   disclose.Period
	KPI        *KPI // nil without a target
}

// KPI is a target for a measure, in the unit of its rate.
type KPI struct {
	Target float64
	Owner  string
	Note   string
}

// Cohort is one cohort's page.
type Cohort struct {
	Definition measures.Definition
	Released   disclose.Cohort
}

// Run says how the numbers came to be.
type Run struct {
	Facts    []Fact
	Accounts []Account
	Command  string
}

// Fact is a line of the run page; Code facts are hashes and settings.
type Fact struct {
	Name, Value string
	Code        bool
}

// Account is a sum of the run page, with the words for its parts.
type Account struct {
	Name  string
	Parts []string
	Sum   disclose.Account
}
