package measures

import (
	"cmp"
	"slices"
	"time"

	"farr/datasets/risk"
)

// Aggregate is one measure in one period for one value of one stratum. Every
// measure and period has a row of stratum "all", also when nobody was in it;
// other strata have a row for each value that occurs in the initial population.
type Aggregate struct {
	Measure string
	Period  string // a Period.ID
	Family  string
	Low     time.Time // first day of the period, as UTC midnight
	High    time.Time // day after the last
	Stratum string    // all, site, sex, age, race, ethnicity, payer or a stratifier of a published measure
	Value   string    // the stratum's value; "all" in stratum all

	InitialPopulation    int64 // persons, or episodes where the basis is a type of resource
	Denominator          int64 // the same, without exclusions and exceptions; person-days where the measure is a rate
	DenominatorExclusion int64
	DenominatorException int64
	Numerator            int64 // persons or episodes, without exclusions; events where the measure is a rate
	NumeratorExclusion   int64

	// Rate is the score: numerator over denominator, 0 to 1, for a proportion; events per the
	// measure's multiplier of person-years for a rate; of a ratio the numerator, or what was
	// observed of it, over the denominator's; of a continuous variable the aggregate of what
	// was observed. Of the last, the denominator is the measure population and the numerator
	// those of it that were observed. Rate is NaN where nothing is to be divided by, and for
	// a cohort. So are its 95 % limits, and where there is no Method.
	Rate, CILow, CIHigh float64
	Method              string // of the interval: wilson, byar or exact-poisson; empty without one
	// Complete is false where the period, or the follow-up that the measure needs
	// after it, goes past the last day that the data know, and where value sets that a
	// published measure needs were lacking.
	Complete bool
}

// Attrition is a row of a cohort's attrition table: how many persons are left
// after the rule and all before it. Ordinal 0 is the entry event.
type Attrition struct {
	Cohort    string
	Ordinal   int
	Rule      string
	Title     string
	Remaining int64
	// Persons are those of the entries that remain, RemovedPersons those of the entries that the rule
	// removed; MostEntries are how many remain of one person. They tell where a person has several.
	Persons, RemovedPersons, MostEntries int64
}

// Incidence is a cohort's incidence in one calendar year.
type Incidence struct {
	Cohort              string
	Year                int
	Cases               int64
	PersonDays          int64
	Rate, CILow, CIHigh float64 // per the cohort's multiplier of person-years; NaN without time at risk
	Method              string
	Complete            bool  // false where the year goes past the last day that the data know
	Persons             int64 // whom the cases are of
}

// Rate is a cohort's incidence or prevalence in one period, for one value of one stratum.
type Rate struct {
	Cohort, Kind   string // incidence or prevalence
	Period, Family string
	Low, High      time.Time // days [Low, High)
	Stratum, Value string
	// Numerator and Denominator are cases and person-days at risk; of prevalence persons with
	// an entry event until the last day, and persons observed on it.
	Numerator, Denominator int64
	Rate, CILow, CIHigh    float64
	Method                 string
	// Adjusted is the rate directly standardised to the cohort's standard, with gamma limits.
	Adjusted, AdjustedLow, AdjustedHigh float64
	// Expected are cases at the rates of all persons of the period by age; Ratio is cases
	// over them.
	Expected, Ratio, RatioLow, RatioHigh float64
	Reason                               string // why it is not standardised
	Complete                             bool
	Persons                              int64 // whom the numerator is of
	CaseAges                             int   // age groups of the standard with a case
	order                                int   // of the period
	place                                int   // of the value in an ordered area
}

// Gap says how far the groups of a stratum are apart in one period: those that are known and
// have somebody in them.
type Gap struct {
	Cohort, Kind, Period, Stratum   string
	Groups                          int
	Difference, Ratio, Theil, Index float64 // greatest minus least rate, over it; Theil's index; index of disparity, percent
	Slope, SlopeLow, SlopeHigh      float64 // of an ordered area: from the first value to the last
	RelativeSlope                   float64
	Reason                          string
	order                           int
}

func compareRates(a, b Rate) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), a.order-b.order, cmp.Compare(cohortStratumOrder(a.Stratum), cohortStratumOrder(b.Stratum)),
		cmp.Compare(a.Stratum, b.Stratum), a.place-b.place, cmp.Compare(a.Value, b.Value))
}

// Area is a stratum by where persons live, from a file.
type Area struct {
	ID      string       `json:"id"`
	Title   string       `json:"title"`
	By      string       `json:"by"`                // zip3, zip5 or state
	Ordered bool         `json:"ordered,omitempty"` // its values are in the order of an advantage, from least to most, as its file first names them
	Members []AreaMember `json:"members"`
}

// AreaMember is the value of one place.
type AreaMember struct {
	Place string `json:"place"`
	Value string `json:"value"`
}

// Ages are completed years [From, To); To is 0 where there is no end.
type Ages struct {
	From int `json:"from"`
	To   int `json:"to,omitempty"`
}

// Outcome is what became of a cohort's people, for one value of one stratum.
type Outcome struct {
	Cohort, Outcome, Title string
	Stratum, Value         string
	AtRisk                 int64 // entries with time at risk
	WashedOut, NoTime      int64 // entries left out: with the event before, without a day at risk
	Events, PersonDays     int64
	Rate, CILow, CIHigh    float64 // events per the cohort's multiplier of person-years
	Method                 string
	Median                 float64 // days until half have had the event; NaN where that is not reached
	Reason                 string  // why there is no curve
	// Persons are those of the entries at risk, EventPersons of those with the event, FreePersons of
	// those at risk without it, and OutsidePersons of those not at risk. One may be among several.
	Persons, EventPersons, FreePersons, OutsidePersons int64
}

// SurvivalPoint is a step of an outcome's Kaplan-Meier curve; day 0 is where it begins.
type SurvivalPoint struct {
	Cohort, Outcome, Stratum, Value string
	Day, AtRisk, Events             int64
	Survival, CILow, CIHigh         float64
}

// Comparison is the log-rank test of a stratum's curves.
type Comparison struct {
	Cohort, Outcome, Stratum string
	Groups, DF               int
	Chi2, P                  float64
	Reason                   string // why there is none
}

// Adjusted is an outcome of one group beside the number that a model of all people expects
// there. It is about entries whose follow-up nothing but death would have ended before the time at risk.
type Adjusted struct {
	Cohort, Outcome, Stratum, Value string
	People, Observed                int64
	Expected                        float64
	Ratio, RatioLow, RatioHigh      float64 // observed over expected, with exact Poisson limits
	Reason                          string  // why nothing is expected
}

// Factor is the odds ratio of one factor of an outcome's model.
type Factor struct {
	Cohort, Outcome, Factor, Level string // Level is of a category, against Reference; else the unit
	Reference                      string
	Odds, CILow, CIHigh            float64 // with Wald's limits
}

// Calibration says how well an outcome's model foretells people that it was not fitted to: each
// fifth of the persons is foretold by the other four.
type Calibration struct {
	Cohort, Outcome     string
	People, LeftOut     int64 // LeftOut were not followed to the end
	Observed            int64
	Expected            float64
	Slope, Intercept, C float64 // 1, 0 and 1 are perfect
	Brier               float64
	HosmerChi2, HosmerP float64
	HosmerDF            int
	Reason              string
}

// Description is a row of Table 1. Of a number it has mean, sd and quartiles, of a category
// a row a level with its share; SMD is the greatest standardised difference between two
// groups of the stratum. What does not apply is NaN.
type Description struct {
	Cohort, Stratum, Value       string
	Characteristic, Title, Level string
	People, Missing              int64
	Share                        float64
	Mean, SD, Q1, Median, Q3     float64
	SMD                          float64
	Persons                      int64 // whom the people, who are entries, are of
}

// Definition is what a measure or cohort meant when its results were computed:
// everything a page needs to explain a number without the library it came from.
type Definition struct {
	ID        string `json:"id"`
	Kind      string `json:"kind"` // measure or cohort
	Title     string `json:"title"`
	Scoring   string `json:"scoring,omitempty"`   // proportion or rate; ratio, continuous-variable or cohort of a published one
	Basis     string `json:"basis,omitempty"`     // patient, or the type whose resources are counted: Encounter, ...
	Direction string `json:"direction,omitempty"` // higher or lower is better; empty where a published measure does not say
	Unit      string `json:"unit,omitempty"`      // of the rate, for people
	// Multiplier is the person-years that a rate is per; 1 for a proportion.
	Multiplier        int      `json:"multiplier"`
	Attribution       string   `json:"attribution,omitempty"` // plurality-of-visits or service-provider
	AttributionMonths int      `json:"attribution_months,omitempty"`
	FollowUpDays      int      `json:"follow_up_days,omitempty"`
	Strata            []string `json:"strata,omitempty"`
	PerPerson         bool     `json:"per_person,omitempty"` // its SQL tells of each person from that person's records alone
	Rationale         string   `json:"rationale"`
	Source            string   `json:"source"`

	// Occurrence is which of a person's events is a cohort's entry.
	Occurrence string `json:"occurrence,omitempty"`

	Populations []Population `json:"populations"` // for a cohort: entry, at-risk
	Rules       []Rule       `json:"rules,omitempty"`
	// CareGaps are the reasons for which a subject of a measure may be in a gap, the first that holds; see CareGap.
	CareGaps []Rule   `json:"care_gaps,omitempty"`
	Uses     []string `json:"uses,omitempty"` // other cohorts whose members its rules ask for
	Parts    []Part   `json:"parts,omitempty"`
	// Of a cohort: ages at risk, the standard population, whether prevalence is asked, areas.
	RiskAges   *Ages  `json:"risk_ages,omitempty"`
	Standard   string `json:"standard,omitempty"`
	Prevalence bool   `json:"prevalence,omitempty"`
	Areas      []Area `json:"areas,omitempty"`
	// Of a cohort: what ends a follow-up, in words; what is waited for; what Table 1 tells.
	Exit            string           `json:"exit,omitempty"`
	Outcomes        []Rule           `json:"outcomes,omitempty"`
	Characteristics []Characteristic `json:"characteristics,omitempty"`
	Lists           []ValueList      `json:"lists"`
	ValueSets       []ValueList      `json:"value_sets,omitempty"` // that its CQL reads, by URL
	Published       *Published       `json:"published,omitempty"`
	Hash            string           `json:"hash"` // hex SHA-256 of everything above that can change a number
}

// Episodic tells whether the subjects are episodes, not persons.
func (d Definition) Episodic() bool { return d.Basis != BasisPatient }

// GapsIn tells whether those in a care gap are in the numerator, since lower is better, and not those of the
// denominator that are not.
func (d Definition) GapsIn() bool { return d.Direction == DirectionLower }

// lacking tells whether value sets were missing or not whole.
func (d Definition) lacking() bool { return d.Published != nil && len(d.Published.Lacking) > 0 }

// packaged tells whether something of it comes from an imported package.
func (d Definition) packaged() bool {
	return d.Published != nil && d.Published.Package != "" ||
		slices.ContainsFunc(d.Lists, func(l ValueList) bool { return l.Reference != nil && l.Reference.Package != "" })
}

// Population is a named SELECT of a definition.
type Population struct {
	Name string `json:"name"` // initial-population, denominator, ...; entry, at-risk
	File string `json:"file"` // within the definition's folder; the library of a published measure
	SQL  string `json:"sql"`
	// English says what a cohort's event or rule in YAML means.
	English string `json:"english,omitempty"`

	// Of a published measure: the group's own id of the population, its define, and of an
	// observation the population that is observed and how the values are brought together.
	ID        string `json:"id,omitempty"`
	Define    string `json:"define,omitempty"`
	Observes  string `json:"observes,omitempty"`
	Aggregate string `json:"aggregate,omitempty"`
}

// Rule is one rule of a cohort, in order.
type Rule struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	File  string `json:"file,omitempty"` // "" where it is written in YAML
	SQL   string `json:"sql"`
	// English says what a rule in YAML means.
	English string   `json:"english,omitempty"`
	Adjust  []string `json:"adjust,omitempty"` // what an outcome is adjusted for
}

// Part is CQL, or SQL in a file, that a cohort's rules read as a table.
type Part struct {
	Table string `json:"table"`          // its name in the SQL of rules
	File  string `json:"file,omitempty"` // of SQL
	SQL   string `json:"sql,omitempty"`

	Library string `json:"library,omitempty"` // of CQL
	Version string `json:"version,omitempty"`
	Define  string `json:"define,omitempty"`
	Days    bool   `json:"days,omitempty"`    // it gives index dates
	Logic   string `json:"logic,omitempty"`   // hex SHA-256 of the ELM of all libraries that it reaches
	Program string `json:"program,omitempty"` // hex SHA-256 of the SQL that it was compiled to, and of its codes
}

// Characteristic is a row of Table 1: something that a person has or has not, or a number.
type Characteristic struct {
	Rule
	Number bool `json:"number,omitempty"`
}

// ValueList is a named list of codes.
type ValueList struct {
	Name  string `json:"name"`
	Hash  string `json:"hash"` // hex SHA-256 of its sorted systems and codes
	Codes []Code `json:"codes"`
	// Reference says which value set it is, where it is written as a reference to one.
	Reference *ValueSetReference `json:"value_set,omitempty"`
}

// Code is one code of a value list; the description is farr's own words.
type Code struct {
	System      string `json:"system"`
	Code        string `json:"code"`
	Description string `json:"description"`
}

// Lineage says where results came from.
type Lineage struct {
	Results string    // snapshot ID of the results
	Extract string    // snapshot ID of the extract they were computed from
	AsOf    time.Time // last day that the data know, as UTC midnight
	Periods []string
	Engine  string // version of the measure engine
	Recipe  map[string]any
	Facts   map[string]any
	// ExtractRecipe and ExtractFacts are those of the extract (profile, source,
	// zone, rule of observable time); nil when the extract is no longer in the store.
	ExtractRecipe map[string]any
	ExtractFacts  map[string]any
	// Checkpoint is the head of the store's log right behind the entry of the results, in one
	// line; "" for results older than the log.
	Checkpoint string
	// Risk is the report on the residual risk of the extract, and RiskSnapshot where it is kept; nil and ""
	// when none was made.
	Risk         *risk.Report
	RiskSnapshot string
}
