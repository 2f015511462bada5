package measures

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The words of a measure file.
const (
	ScoringProportion = "proportion"
	ScoringRate       = "rate"
	ScoringRatio      = "ratio" // of published measures alone, as are the next two
	ScoringContinuous = "continuous-variable"
	ScoringCohort     = "cohort"

	BasisPatient   = "patient"
	BasisEncounter = "Encounter"

	DirectionHigher = "higher"
	DirectionLower  = "lower"

	AttributionPlurality = "plurality-of-visits"
	AttributionProvider  = "service-provider"
)

// Population names, which are FHIR's codes.
const (
	initialPopulation    = "initial-population"
	denominator          = "denominator"
	denominatorExclusion = "denominator-exclusion"
	denominatorException = "denominator-exception"
	numerator            = "numerator"
	numeratorExclusion   = "numerator-exclusion"
)

// Strata are the one-way strata that a measure may ask for, in the order of results.
var Strata = []string{"site", "sex", "age", "race", "ethnicity", "payer"}

type attributionYAML struct {
	Method string `yaml:"method,required"`
	Months int    `yaml:"months"`
}

// measureYAML is measure.yaml as written. See the package documentation.
type measureYAML struct {
	ID          string `yaml:"id,required"`
	Title       string `yaml:"title,required"`
	Scoring     string `yaml:"scoring,required"`
	Basis       string `yaml:"basis,required"`
	Direction   string `yaml:"direction,required"`
	Populations struct {
		InitialPopulation    string `yaml:"initial-population,required"`
		Denominator          string `yaml:"denominator"`
		DenominatorExclusion string `yaml:"denominator-exclusion"`
		Numerator            string `yaml:"numerator,required"`
	} `yaml:"populations,required"`
	CareGaps    []careGapYAML    `yaml:"care_gaps"`
	Attribution *attributionYAML `yaml:"attribution"`
	Strata      []string         `yaml:"strata"`
	Lists       []string         `yaml:"lists"`
	FollowUp    string           `yaml:"follow_up"`
	PerPerson   bool             `yaml:"per_person"`
	Unit        string           `yaml:"unit"`
	Multiplier  int              `yaml:"multiplier"`
	Rationale   string           `yaml:"rationale,required"`
	Source      string           `yaml:"source,required"`
}

// CohortStrata are the one-way strata that a cohort may ask for beside areas of its own
// files, in the order of results: of members as they are on the index date, of rates in the period.
// Telehealth is whether there was a virtual encounter in the year before the index date, or in the
// year that ends with the period.
var CohortStrata = []string{"site", "sex", "age", "race", "ethnicity", "payer", "language", stratumTelehealth, "zip3", "state"}

const stratumTelehealth = "telehealth"

// cohortStratumOrder puts everybody first, then CohortStrata in their order, then areas.
func cohortStratumOrder(stratum string) int {
	if stratum == stratumAll {
		return -1
	}
	if i := slices.Index(CohortStrata, stratum); i >= 0 {
		return i
	}
	return len(CohortStrata)
}

// strata checks the names of strata.
func (f *folder) strata(names, known []string) {
	for i, s := range names {
		if f.oneOf(s, known, "strata", i) && slices.Contains(names[:i], s) {
			f.doc.Report("bad-value", fmt.Sprintf("stratum %q is named twice", s), "", "strata", i)
		}
	}
}

// measure reads measure.yaml and all it names.
func (f *folder) measure() Definition {
	var y measureYAML
	if !f.decode(measureFile, &y) {
		return Definition{}
	}
	d := Definition{
		ID: y.ID, Kind: KindMeasure, Title: y.Title, Scoring: y.Scoring, Basis: y.Basis, Direction: y.Direction,
		Unit: y.Unit, Multiplier: 1, PerPerson: y.PerPerson, Strata: y.Strata, Rationale: strings.TrimSpace(y.Rationale), Source: strings.TrimSpace(y.Source),
	}
	f.checkID(y.ID)
	f.oneOf(y.Scoring, []string{ScoringProportion, ScoringRate}, "scoring")
	f.oneOf(y.Basis, []string{BasisPatient, BasisEncounter}, "basis")
	f.oneOf(y.Direction, []string{DirectionHigher, DirectionLower}, "direction")
	for _, p := range []Population{
		{Name: initialPopulation, File: y.Populations.InitialPopulation},
		{Name: denominator, File: y.Populations.Denominator},
		{Name: denominatorExclusion, File: y.Populations.DenominatorExclusion},
		{Name: numerator, File: y.Populations.Numerator},
	} {
		if p.File != "" {
			p.SQL = f.sql(p.File, "populations", p.Name)
			d.Populations = append(d.Populations, p)
		}
	}
	f.careGaps(y.CareGaps, &d)
	f.checkScoring(y, &d)
	f.checkAttribution(y, &d)
	f.strata(y.Strata, Strata)
	if f.doc.Has("follow_up") {
		days, ok := parseDays(y.FollowUp)
		if !ok {
			f.doc.Report("bad-value", fmt.Sprintf("%q is no time of follow-up", y.FollowUp), "write a number of days, such as 30 days", "follow_up")
		}
		d.FollowUpDays = days
	}
	d.Lists = f.useLists(y.Lists)
	f.loader.collect(f.doc.Err())
	return d
}

// checkScoring holds a rate to what person-time needs.
func (f *folder) checkScoring(y measureYAML, d *Definition) {
	if y.Scoring != ScoringRate {
		if f.doc.Has("multiplier") {
			f.doc.Report("bad-value", "a proportion has no multiplier", "remove it", "multiplier")
		}
		return
	}
	d.Multiplier = y.Multiplier
	if y.Multiplier < 1 {
		f.doc.Report("missing-key", "a rate needs a multiplier of 1 or more person-years", "multiplier: 1000", "multiplier")
	}
	if y.Unit == "" {
		f.doc.Report("missing-key", "a rate needs a unit in words", "unit: visits per 1,000 person-years", "unit")
	}
	if y.Populations.Denominator == "" {
		f.doc.Report("missing-key", "a rate needs a denominator that gives days at risk as value", "", "populations")
	}
	if y.Basis == BasisEncounter {
		f.doc.Report("bad-value", "a rate over person-time has basis patient", "", "basis")
	}
}

// checkAttribution pairs the method with the basis: a patient belongs to a site by
// counting visits, an episode took place at one.
func (f *folder) checkAttribution(y measureYAML, d *Definition) {
	if y.Attribution == nil {
		if i := slices.Index(y.Strata, "site"); i >= 0 && f.doc.Has("strata", i) {
			f.doc.Report("missing-key", "stratum site needs an attribution", "attribution: {method: plurality-of-visits, months: 24}", "strata", i)
		}
		return
	}
	d.Attribution, d.AttributionMonths = y.Attribution.Method, y.Attribution.Months
	if !f.oneOf(d.Attribution, []string{AttributionPlurality, AttributionProvider}, "attribution", "method") {
		return
	}
	switch d.Attribution {
	case AttributionPlurality:
		if d.AttributionMonths < 1 || d.AttributionMonths > maxMonths {
			f.doc.Report("bad-value", fmt.Sprintf("plurality-of-visits needs a window of 1 to %d months", maxMonths), "months: 24", "attribution", "months")
		}
		if y.Basis == BasisEncounter {
			f.doc.Report("bad-value", "an episode belongs to the site it took place at", "method: service-provider", "attribution", "method")
		}
	case AttributionProvider:
		if f.doc.Has("attribution", "months") {
			f.doc.Report("bad-value", "service-provider has no window", "remove it", "attribution", "months")
		}
		if y.Basis == BasisPatient {
			f.doc.Report("bad-value", "service-provider needs basis Encounter", "method: plurality-of-visits", "attribution", "method")
		}
	}
}

var daysForm = regexp.MustCompile(`^([1-9][0-9]{0,3}) days?$`)

func parseDays(s string) (int, bool) {
	m := daysForm.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(m[1])
	return n, true
}

func join(words []string) string { return strings.Join(words, ", ") }
