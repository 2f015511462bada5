package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"farr/measures"
	"farr/reports/internal/disclose"
)

// The parts of FHIR R4 that a MeasureReport of released numbers is made of.
type (
	measureReport struct {
		ResourceType        string        `json:"resourceType"`
		ID                  string        `json:"id"`
		Meta                *reportMeta   `json:"meta,omitempty"`
		Status              string        `json:"status"`
		Type                string        `json:"type"`
		Measure             string        `json:"measure"`
		Period              reportPeriod  `json:"period"`
		ImprovementNotation *codeable     `json:"improvementNotation,omitempty"`
		Group               []reportGroup `json:"group"`
	}
	reportMeta struct {
		Security []coding `json:"security,omitempty"`
		Tag      []coding `json:"tag,omitempty"`
	}
	reportPeriod struct {
		Start string `json:"start"`
		End   string `json:"end"`
	}
	reportGroup struct {
		Code       codeable           `json:"code"`
		Population []reportPopulation `json:"population,omitempty"`
		Score      *reportScore       `json:"measureScore,omitempty"`
		Stratifier []reportStratifier `json:"stratifier,omitempty"`
	}
	// reportPopulation has a count, or in its place an extension that says why there is none.
	reportPopulation struct {
		Code    codeable         `json:"code"`
		Count   *int64           `json:"count,omitempty"`
		NoCount *reportExtension `json:"_count,omitempty"`
	}
	reportStratifier struct {
		Code    []codeable      `json:"code"`
		Stratum []reportStratum `json:"stratum"`
	}
	reportStratum struct {
		Value      codeable           `json:"value"`
		Population []reportPopulation `json:"population,omitempty"`
		Score      *reportScore       `json:"measureScore,omitempty"`
	}
	reportScore struct {
		Value json.Number `json:"value"`
		Unit  string      `json:"unit,omitempty"`
	}
	reportExtension struct {
		Extension []extension `json:"extension"`
	}
	extension struct {
		URL   string `json:"url"`
		Value string `json:"valueCode"`
	}
	codeable struct {
		Coding []coding `json:"coding,omitempty"`
		Text   string   `json:"text,omitempty"`
	}
	coding struct {
		System  string `json:"system,omitempty"`
		Code    string `json:"code"`
		Display string `json:"display,omitempty"`
	}
)

// measureReports are the released numbers of the measures as FHIR R4 MeasureReports of type summary, a line each: one for
// each measure and period that a page has, by groups of people in the headline period alone, as on the page.
func (a *artist) measureReports(r *Report) ([]byte, error) {
	var out bytes.Buffer
	for i, m := range r.Measures {
		canonical := m.Definition.Canonical()
		same := func(o Measure) bool { return o.Definition.Canonical() == canonical }
		if slices.ContainsFunc(r.Measures[:i], same) {
			continue // a group of a report that is there
		}
		var groups []Measure
		var periods []disclose.Period
		for _, o := range r.Measures[i:] {
			if !same(o) {
				continue
			}
			groups = append(groups, o)
			for _, row := range o.Released.Rows {
				if row.Stratum == "all" && !slices.ContainsFunc(periods, func(p disclose.Period) bool { return p.ID == row.Period.ID }) {
					periods = append(periods, row.Period)
				}
			}
		}
		for _, p := range periods {
			line, err := json.Marshal(a.measureReport(r, canonical, groups, p))
			if err != nil {
				return nil, fmt.Errorf("MeasureReport of %s: %w", m.Definition.ID, err)
			}
			out.Write(append(line, '\n'))
		}
	}
	return out.Bytes(), nil
}

func (a *artist) measureReport(r *Report, canonical string, groups []Measure, p disclose.Period) measureReport {
	name := strings.Join([]string{"farr released MeasureReport", r.Results, string(r.Policy.Audience), r.Policy.Name, canonical, p.ID}, "\x00")
	out := measureReport{ResourceType: "MeasureReport", ID: uuid.NewSHA1(uuid.Nil, []byte(name)).String(), Status: "complete", Type: measures.ReportSummary,
		Measure: canonical, Period: reportPeriod{p.Low.Format(time.DateOnly), p.High.AddDate(0, 0, -1).Format(time.DateOnly)}}
	var meta reportMeta
	if r.Policy.Audience == disclose.Internal {
		meta.Security = []coding{{"http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R", "restricted"}}
	}
	improves := map[string]string{measures.DirectionHigher: "increase", measures.DirectionLower: "decrease"}[groups[0].Definition.Direction]
	for _, m := range groups {
		if m.Definition.Direction != groups[0].Definition.Direction {
			improves = "" // in R4 it is of the report
		}
		for _, row := range m.Released.Rows {
			if row.Period.ID == p.ID && row.Stratum == "all" {
				if !row.Complete || row.Rate.Lacks() != disclose.NothingLacks {
					meta.Tag = []coding{{Code: "incomplete"}}
				}
				out.Group = append(out.Group, a.reportGroup(m, row))
			}
		}
	}
	if improves != "" {
		out.ImprovementNotation = &codeable{Coding: []coding{{"http://terminology.hl7.org/CodeSystem/measure-improvement-notation", improves, ""}}}
	}
	if len(meta.Security)+len(meta.Tag) > 0 {
		out.Meta = &meta
	}
	return out
}

// reportGroup is a measure in a period: what its pages and their data have of it.
func (a *artist) reportGroup(m Measure, all disclose.Row) reportGroup {
	out := reportGroup{Code: codeable{Text: m.Definition.Title}, Population: ratePopulations(m.Definition, all.Rate), Score: scoreOf(all.Rate)}
	if all.Period.ID != m.Headline.ID {
		return out
	}
	p := m.Released.Populations
	for _, c := range []struct {
		code  string
		count disclose.Count
	}{{initialPopulation, p.Initial}, {denominatorExclusion, p.Excluded}, {denominatorException, p.Excepted}} {
		if m.Released.Scale == disclose.Percent && (c.code == initialPopulation || has(m.Definition, c.code)) {
			out.Population = append(out.Population, populationOf(c.code, c.count)...)
		}
	}
	for _, row := range m.Released.Rows {
		if row.Period.ID != all.Period.ID || row.Stratum == "all" {
			continue
		}
		if n := len(out.Stratifier); n == 0 || out.Stratifier[n-1].Code[0].Text != row.Stratum {
			out.Stratifier = append(out.Stratifier, reportStratifier{Code: []codeable{{Text: row.Stratum}}})
		}
		last := &out.Stratifier[len(out.Stratifier)-1]
		value := row.Value
		if strings.TrimSpace(value) == "" {
			value = "unknown"
		}
		last.Stratum = append(last.Stratum, reportStratum{codeable{Text: value}, ratePopulations(m.Definition, row.Rate), scoreOf(row.Rate)})
	}
	return out
}

// The codes of FHIR's measure-population that a page's populations have.
const (
	initialPopulation    = "initial-population"
	denominatorExclusion = "denominator-exclusion"
	denominatorException = "denominator-exception"
)

func has(d measures.Definition, population string) bool {
	return slices.ContainsFunc(d.Populations, func(p measures.Population) bool { return p.Name == population })
}

// ratePopulations are the counts of a rate that are of subjects: time observed is none. FHIR's populations have those in
// them whom their exclusions and exceptions leave out, and a page's have not: where a measure leaves any out, the page's has
// no code of FHIR's, so that none takes it for the other. The sum of both is not made here: it is on no page.
func ratePopulations(d measures.Definition, r disclose.Rate) []reportPopulation {
	switch {
	case r.Scale() == disclose.Headcount:
		return populationOf(initialPopulation, r.Numerator())
	case r.Scale() == disclose.Observed:
		return less(d, "measure population less exclusions", populationOf("measure-population", r.Denominator()), "measure-population-exclusion")
	}
	above := less(d, "numerator less exclusions", populationOf("numerator", r.Numerator()), "numerator-exclusion")
	if r.Scale().Timed() {
		return above
	}
	return append(above, less(d, "denominator less exclusions and exceptions", populationOf("denominator", r.Denominator()), denominatorExclusion, denominatorException)...)
}

// less gives a population that words say what it is, in place of its code, where the measure has any that leaves out of it.
func less(d measures.Definition, words string, list []reportPopulation, out ...string) []reportPopulation {
	for i := range list {
		if slices.ContainsFunc(out, func(code string) bool { return has(d, code) }) {
			list[i].Code = codeable{Text: words}
		}
	}
	return list
}

// populationOf is a count that is shown, or says that it is masked; what does not apply is no population.
func populationOf(code string, c disclose.Count) []reportPopulation {
	one := reportPopulation{Code: codeable{Coding: []coding{{System: "http://terminology.hl7.org/CodeSystem/measure-population", Code: code}}}}
	if n, ok := c.Value(); ok {
		one.Count = &n
	} else if c.State() == disclose.NotKnown {
		one.NoCount = &reportExtension{[]extension{{"http://hl7.org/fhir/StructureDefinition/data-absent-reason", "unknown"}}}
	} else if c.State() == disclose.Suppressed {
		one.NoCount = &reportExtension{[]extension{{"http://hl7.org/fhir/StructureDefinition/data-absent-reason", "masked"}}}
	} else {
		return nil
	}
	return []reportPopulation{one}
}

// scoreOf is a rate that is shown, as in the data of its figure.
func scoreOf(r disclose.Rate) *reportScore {
	v := rateFields(r)[0]
	if v == "" {
		return nil
	}
	unit := scoreWords[r.Scale()]
	if r.Scale().Timed() {
		unit = fmt.Sprintf("per %d person-years", int64(r.Scale()))
	} else if r.Scale() == disclose.Percent {
		unit = "%"
	}
	return &reportScore{json.Number(v), unit}
}
