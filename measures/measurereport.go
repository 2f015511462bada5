package measures

import (
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// The types of MeasureReport that can be written (FHIR R4, measure-report-type).
const (
	ReportSummary     = "summary"      // a report for each measure and period
	ReportIndividual  = "individual"   // and for each patient of the initial population
	ReportSubjectList = "subject-list" // a summary with who is in each population, and the individual reports
)

// ReportTypes are the types of MeasureReport.
var ReportTypes = []string{ReportSummary, ReportIndividual, ReportSubjectList}

// The parts of FHIR R4 that a MeasureReport is made of. Only what is written here is in them.
type (
	measureReport struct {
		ResourceType        string           `json:"resourceType"`
		ID                  string           `json:"id"`
		Meta                reportMeta       `json:"meta"`
		Contained           []reportList     `json:"contained,omitempty"`
		Identifier          []fhirIdentifier `json:"identifier"`
		Status              string           `json:"status"`
		Type                string           `json:"type"`
		Measure             string           `json:"measure"`
		Subject             *reference       `json:"subject,omitempty"`
		Period              reportPeriod     `json:"period"`
		ImprovementNotation *codeableConcept `json:"improvementNotation,omitempty"`
		Group               []reportGroup    `json:"group"`
	}
	reportMeta struct {
		Security []coding `json:"security"`
		Tag      []coding `json:"tag,omitempty"`
	}
	reportGroup struct {
		ID           string             `json:"id,omitempty"`
		Code         codeableConcept    `json:"code"`
		Population   []reportPopulation `json:"population"`
		MeasureScore *quantity          `json:"measureScore,omitempty"`
		Stratifier   []reportStratifier `json:"stratifier,omitempty"`
	}
	reportPopulation struct {
		ID             string          `json:"id,omitempty"`
		Code           codeableConcept `json:"code"`
		Count          int64           `json:"count"`
		SubjectResults *reference      `json:"subjectResults,omitempty"`
	}
	reportStratifier struct {
		ID      string            `json:"id,omitempty"`
		Code    []codeableConcept `json:"code"`
		Stratum []reportStratum   `json:"stratum,omitempty"`
	}
	// reportStratum has a value, or else components (mrp-2): farr computes none of those.
	reportStratum struct {
		Value        codeableConcept    `json:"value"`
		Population   []reportPopulation `json:"population"`
		MeasureScore *quantity          `json:"measureScore,omitempty"`
	}
	reportList struct {
		ResourceType string      `json:"resourceType"`
		ID           string      `json:"id"`
		Status       string      `json:"status"`
		Mode         string      `json:"mode"`
		Entry        []listEntry `json:"entry"`
	}
	listEntry struct {
		Item reference `json:"item"`
	}
	reference struct {
		Reference  string          `json:"reference,omitempty"`
		Type       string          `json:"type,omitempty"`
		Identifier *fhirIdentifier `json:"identifier,omitempty"`
		Display    string          `json:"display,omitempty"`
	}
	fhirIdentifier struct {
		System string `json:"system"`
		Value  string `json:"value"`
	}
	codeableConcept struct {
		Coding []coding `json:"coding,omitempty"`
		Text   string   `json:"text,omitempty"`
	}
	coding struct {
		System  string `json:"system,omitempty"`
		Code    string `json:"code,omitempty"`
		Display string `json:"display,omitempty"`
	}
	quantity struct {
		Value  float64 `json:"value"`
		Unit   string  `json:"unit,omitempty"`
		System string  `json:"system,omitempty"`
		Code   string  `json:"code,omitempty"`
	}
	reportPeriod struct {
		Start string `json:"start"`
		End   string `json:"end"`
	}
)

// Systems of the codes in a MeasureReport.
const (
	systemPopulation  = "http://terminology.hl7.org/CodeSystem/measure-population"
	systemImprovement = "http://terminology.hl7.org/CodeSystem/measure-improvement-notation"
	systemUCUM        = "http://unitsofmeasure.org"
	systemOfURIs      = "urn:ietf:rfc:3986"
)

// reportSecurity marks every report: counts are exact and persons are told apart, so that
// it is not to leave the organisation on its own, and not to be joined to who they are.
var reportSecurity = []coding{
	{"http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R", "restricted"},
	{"http://terminology.hl7.org/CodeSystem/v3-ActCode", "NOORGPOL", "no disclosure without organizational authorization"},
	{"http://terminology.hl7.org/CodeSystem/v3-ActCode", "NORELINK", "no relinking"},
}

// incompleteTag says that a number will change, or lacks something.
var incompleteTag = coding{Code: "incomplete", Display: "The data do not reach the end of the period, value sets were missing, or records that it rests on: a type was never loaded, or a feed had stopped"}

// reported is a measure as it is reported: one report has all its groups.
type reported struct {
	canonical   string
	definitions []Definition // a group each, in order
}

// reportedMeasures are the measures of results, in the order of their definitions.
func reportedMeasures(definitions []Definition) (list []reported) {
	for _, d := range definitions {
		if d.Kind != KindMeasure {
			continue
		}
		canonical := d.Canonical()
		i := slices.IndexFunc(list, func(r reported) bool { return r.canonical == canonical })
		if i < 0 {
			list = append(list, reported{canonical: canonical})
			i = len(list) - 1
		}
		list[i].definitions = append(list[i].definitions, d)
	}
	for _, r := range list {
		slices.SortFunc(r.definitions, func(a, b Definition) int { return groupOf(a) - groupOf(b) })
	}
	return list
}

func groupOf(d Definition) int {
	if d.Published == nil {
		return 0
	}
	return d.Published.Group
}

// Canonical names the measure in a MeasureReport: a published measure by its canonical URL. One of a library has no
// Measure resource: its name is a UUID made of its ID, its version the beginning of its hash.
func (d Definition) Canonical() string {
	if p := d.Published; p != nil {
		return strings.TrimSuffix(p.URL+"|"+p.Version, "|")
	}
	return "urn:uuid:" + nameUUID("farr measure", d.ID) + "|" + d.Hash[:min(12, len(d.Hash))]
}

// nameUUID is the same UUID for the same words (RFC 9562, version 5).
func nameUUID(words ...string) string {
	return uuid.NewSHA1(uuid.Nil, []byte(strings.Join(words, "\x00"))).String()
}

// named tells whether the measure is meant by an ID, a name or a URL.
func (r reported) named(name string) bool {
	return slices.ContainsFunc(r.definitions, func(d Definition) bool {
		return d.ID == name || d.Canonical() == name || d.Published != nil && (d.Published.Name == name || d.Published.URL == name)
	})
}

// improvement is what is better. In R4 it is of the report, so that groups that differ have none.
func (r reported) improvement() *codeableConcept {
	for _, d := range r.definitions {
		if d.Direction != r.definitions[0].Direction {
			return nil
		}
	}
	switch r.definitions[0].Direction {
	case DirectionHigher:
		return &codeableConcept{Coding: []coding{{systemImprovement, "increase", "Increased score indicates improvement"}}}
	case DirectionLower:
		return &codeableConcept{Coding: []coding{{systemImprovement, "decrease", "Decreased score indicates improvement"}}}
	}
	return nil
}

// scoreQuantity is an aggregate's score; none for a cohort, and where there is nothing to divide by.
func scoreQuantity(d Definition, rate float64) *quantity {
	if math.IsNaN(rate) {
		return nil
	}
	q := &quantity{Value: rate}
	switch d.Scoring {
	case ScoringProportion:
		q.Unit, q.System, q.Code = "1", systemUCUM, "1"
	case ScoringRate:
		q.Unit = d.Unit
	}
	return q
}

// strataOf are the stratifiers of a definition that are reported: a published measure's own,
// which its Measure has, and all of a library's measure.
func strataOf(d Definition) (list []Stratifier) {
	if d.Published == nil {
		for _, s := range d.Strata {
			list = append(list, Stratifier{ID: s, Name: s})
		}
		return list
	}
	for _, s := range d.Published.Stratifiers {
		if s.Problem == "" {
			list = append(list, s)
		}
	}
	return list
}

// reportedPopulation is a population of a definition and the bit of the subjects in it.
type reportedPopulation struct {
	id, code string
	bit      int
}

// populationsIn are the populations that are reported: those of the definition. A library's
// proportion whose denominator is its initial population says so once; FHIR wants both.
func populationsIn(d Definition) (list []reportedPopulation) {
	has := func(name string) bool {
		return slices.ContainsFunc(d.Populations, func(p Population) bool { return p.Name == name })
	}
	for i, p := range d.Populations {
		list = append(list, reportedPopulation{p.ID, p.Name, i})
		if p.Name == initialPopulation && d.Published == nil && !has(denominator) {
			list = append(list, reportedPopulation{"", denominator, i})
		}
	}
	return list
}

// keepIDs drops the ids of elements that stand for two in one report, and those with blanks,
// neither of which FHIR allows; measures are published with such. Of two the group keeps it,
// by which it is found in its measure, then the population.
func (r *measureReport) keepIDs() {
	taken := map[string]bool{}
	keep := func(id *string) {
		if taken[*id] || strings.ContainsAny(*id, " \t\r\n") {
			*id = ""
		}
		taken[*id] = true
	}
	for i := range r.Group {
		keep(&r.Group[i].ID)
	}
	for _, g := range r.Group {
		for i := range g.Population {
			keep(&g.Population[i].ID)
		}
	}
	for _, g := range r.Group {
		for i := range g.Stratifier {
			keep(&g.Stratifier[i].ID)
		}
	}
}
