package disclose

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// Audience is who will read the report. There is no default.
type Audience string

const (
	// Internal readers belong to the organisation; nothing is hidden, and every
	// page carries a warning.
	Internal Audience = "internal"
	// External readers do not get what the policy hides.
	External Audience = "external"
)

// ParseAudience refuses everything but the two words.
func ParseAudience(s string) (Audience, error) {
	switch a := Audience(s); a {
	case Internal, External:
		return a, nil
	case "":
		return "", fmt.Errorf("audience is missing: say internal (small numbers are shown) or external (they are hidden)")
	default:
		return "", fmt.Errorf("audience %q is not known: say internal or external", s)
	}
}

// Period is a half-open range of local dates.
type Period struct {
	ID        string // 2024-03, P12M/2024-03
	Family    string // disjoint or rolling
	Low, High time.Time
}

// window names the days of a period.
func (p Period) window() string {
	if p.Low.IsZero() {
		return p.ID
	}
	return p.Low.Format(time.DateOnly) + ".." + p.High.Format(time.DateOnly)
}

// Exact is one aggregate as counted.
type Exact struct {
	Period         Period
	Stratum, Value string
	Initial        int64 // persons or episodes in the initial population
	Excluded       int64
	Excepted       int64
	Denominator    int64 // persons, episodes or person-days
	Numerator      int64
	Rate           float64 // a proportion in 0..1, or in the scale's unit; NaN where there is none
	Low, High      float64 // 95 % interval, in the same unit
	Method         string  // of the interval: wilson, byar or exact-poisson; empty without one
	Complete       bool
}

// ExactMeasure is one measure's aggregates.
type ExactMeasure struct {
	Name string // of the definition, for the ledger of releases
	// Family is the measure that this is one rate of several of; they are attacked together. Criteria tell which of their
	// numbers are one.
	Family   string
	Criteria Criteria
	Scale    Scale
	// Additive: the counts of months add up to the counts of a longer period
	// (episodes and person-time do, patients do not), so a month can be had by
	// subtraction.
	Additive bool
	// Single: the score is the value of one subject (the least or greatest), which no
	// external reader may see.
	Single bool
	// Headline is the period whose populations are published step by step.
	Headline string
	// Gaps are why subjects of the headline period are in a gap; they add up to those who are: the rest of the
	// denominator or, where GapsIn says so, the numerator.
	Gaps   []ExactGap
	GapsIn bool
	Rows   []Exact
}

// Criteria name what the counts of a rate go by: rates of one family with the same name count the same. What is excluded goes
// by that of the denominator.
type Criteria struct{ Initial, Denominator, Numerator string }

// byCriterion is the end of the key of a number that goes by a criterion.
func byCriterion(criterion string) string {
	if criterion == "" {
		return ""
	}
	return fmt.Sprintf(" of %.8x", sha256.Sum256([]byte(criterion)))
}

// ExactGap is how many are in a gap for one reason.
type ExactGap struct {
	ID, Title string
	Subjects  int64
}

// ExactStep is one row of a cohort's attrition. In this and the counts of a cohort below, entries are
// counted and the persons whose they are; where persons are 0, each entry is of another person.
type ExactStep struct {
	Rule, Title string
	Remaining   int64
	Persons     int64 // of those that remain
	Removed     int64 // persons of the entries that the rule removed
	Most        int64 // entries that remain of one person
}

// ExactYear is a cohort's incidence in one calendar year.
type ExactYear struct {
	Year            int
	Cases           int64
	Persons         int64 // of the cases
	PersonDays      int64
	Rate, Low, High float64 // in the cohort's scale
	Method          string  // as in Exact
	Complete        bool
}

// ExactSpan is a cohort's incidence in one period that is shorter than a year.
type ExactSpan struct {
	Period          Period
	Cases           int64
	Persons         int64 // of the cases
	PersonDays      int64
	Rate, Low, High float64 // as in ExactYear
	Method          string
	Complete        bool
}

// ExactOutcome is what became of a cohort's members.
type ExactOutcome struct {
	ID, Title       string
	AtRisk          int64 // members with time at risk
	Events          int64
	PersonDays      int64
	Persons         int64   // of those at risk
	EventPersons    int64   // of those with the event
	FreePersons     int64   // of those at risk without it
	OutsidePersons  int64   // of the members who are not at risk
	Rate, Low, High float64 // in the cohort's scale
	Method          string
}

// Kin is the kind of a characteristic, by what may hold what. Outcomes are Declared.
type Kin int

const (
	Declared  Kin = iota // by a cohort's author: may be a part of any other that is declared, or of a sex
	Sex                  // holds what only one sex can have
	Place                // where persons live: one holds another
	Unrelated            // age, race and the like: no part of another by its meaning
)

// ExactLevel is how many of a cohort's members are at one level of a characteristic, whose
// levels add up to the members.
type ExactLevel struct {
	Characteristic, Title, Level string
	Members                      int64
	Persons                      int64 // of the members
	Kin                          Kin
}

// ExactCohort is one cohort's counts. Spans do not overlap.
type ExactCohort struct {
	Name     string // as in ExactMeasure
	Scale    Scale
	Steps    []ExactStep
	Years    []ExactYear
	Spans    []ExactSpan
	Outcomes []ExactOutcome
	Levels   []ExactLevel

	Groups     ExactGroups
	Prevalence []ExactSpan // persons with the condition are Cases, persons observed PersonDays
	Numbers    []ExactNumber
	Cross      ExactCross
	Curves     []ExactCurve
	Expected   []ExactExpected
	Compared   []ExactCompared // women and men
}

// size is the number of members: who is left after the last step.
func (x ExactCohort) size() int64 {
	if len(x.Steps) == 0 {
		return 0
	}
	return x.Steps[len(x.Steps)-1].Remaining
}

// persons are those whom the members are; most is how many members are one person at the most.
func (x ExactCohort) persons() int64 {
	if len(x.Steps) == 0 {
		return 0
	}
	last := x.Steps[len(x.Steps)-1]
	return personsOf(last.Persons, last.Remaining)
}

func (x ExactCohort) most() int64 {
	if len(x.Steps) == 0 {
		return 1
	}
	return max(1, x.Steps[len(x.Steps)-1].Most)
}

// ExactAccounts is a table of records that the run publishes: a row a kind of
// record, a column an outcome. Rows and columns are published with their sums.
type ExactAccounts [][]int64
