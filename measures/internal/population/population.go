// Package population says how the populations of a measure's group lie within each
// other, as SQL over all subjects at once. Production and the measures' own test cases
// count by the same text.
package population

import (
	"fmt"
	"slices"
	"strings"

	"farr/measures/internal/content"
)

// The codes of populations (FHIR R4, measure-population).
const (
	Initial              = "initial-population"
	Denominator          = "denominator"
	DenominatorExclusion = "denominator-exclusion"
	DenominatorException = "denominator-exception"
	Numerator            = "numerator"
	NumeratorExclusion   = "numerator-exclusion"
	Measured             = "measure-population"
	MeasuredExclusion    = "measure-population-exclusion"
	Observation          = "measure-observation"
	scoringRatio         = "ratio"
	nobody               = "false"
)

// Codes are those that FHIR has.
var Codes = []string{Initial, Denominator, DenominatorExclusion, DenominatorException, Numerator, NumeratorExclusion, Measured, MeasuredExclusion, Observation}

// Column is the name of the column that SQL gives a population: whether the subject
// is in it, or of an observation the value, null where none was made.
func Column(i int) string { return fmt.Sprintf("p%d", i) }

// SQL is a SELECT of the subjects in a group's initial population: subject_no, episode
// (null where the patient is the subject) and Column of each population, after what is
// not within a population's own is left out (CQFM IG, "Measure scoring"). members are, in
// the order of the populations, SELECTs of who is in a population by its own define:
// subject_no, and where episodes count episode; an observation's gives value too.
//
// The denominator is within the initial population and the numerator within the
// denominator without its exclusions. In a ratio the two are independent, and all of the
// numerator and its exclusions in the initial population counts, which is also what the
// cases published with such measures expect. An observation is made of what it observes,
// without that one's exclusions. A subject in the numerator is no exception.
func SQL(g content.Group, members []string) string {
	at := func(code string) int {
		return slices.IndexFunc(g.Populations, func(p content.Population) bool { return p.Code == code })
	}
	found := func(code string) string {
		if i := at(code); i >= 0 {
			return fmt.Sprintf("m%d.subject_no IS NOT NULL", i)
		}
		return nobody
	}
	within := map[string]string{Initial: "true"}
	put := func(code, who string, more ...string) {
		within[code] = and(append([]string{who, found(code)}, more...)...)
	}
	put(Denominator, "true")
	put(DenominatorExclusion, within[Denominator])
	rest := and(within[Denominator], not(within[DenominatorExclusion]))
	put(Numerator, rest)
	if g.Scoring == scoringRatio {
		put(Numerator, "true")
	}
	put(NumeratorExclusion, within[Numerator])
	if g.Scoring == scoringRatio {
		put(NumeratorExclusion, "true")
	}
	put(DenominatorException, rest, not(within[Numerator]))
	put(Measured, "true")
	put(MeasuredExclusion, within[Measured])
	observed := map[string]string{
		Denominator: rest,
		Numerator:   and(within[Numerator], not(within[NumeratorExclusion])),
		Measured:    and(within[Measured], not(within[MeasuredExclusion])),
	}

	episode, key := "NULL::UUID", "subject_no"
	if g.Basis != content.BasisBoolean {
		episode, key = "i.episode", "subject_no, episode"
	}
	var ctes, columns, joins []string
	for i, p := range g.Populations {
		value, column := "", within[p.Code]
		if p.Code == Observation {
			// A list may hold an episode twice; its value is one all the same.
			value = ", CAST(max(value) AS DOUBLE) AS value"
			column = fmt.Sprintf("CASE WHEN %s THEN m%d.value END", observed[Observed(g, p)], i)
		}
		ctes = append(ctes, fmt.Sprintf("m%d AS (SELECT %s%s FROM (%s) GROUP BY %[2]s)", i, key, value, members[i]))
		columns = append(columns, column+" AS "+Column(i))
		if i == at(Initial) {
			continue
		}
		join := fmt.Sprintf("LEFT JOIN m%d ON m%[1]d.subject_no = i.subject_no", i)
		if g.Basis != content.BasisBoolean {
			join += fmt.Sprintf(" AND m%d.episode = i.episode", i)
		}
		joins = append(joins, join)
	}
	return fmt.Sprintf("WITH %s\nSELECT i.subject_no, %s AS episode, %s\nFROM m%d i\n%s",
		strings.Join(ctes, ",\n"), episode, strings.Join(columns, ", "), at(Initial), strings.Join(joins, "\n"))
}

// Observed is the code of the population that an observation is made of.
func Observed(g content.Group, p content.Population) string {
	for _, q := range g.Populations {
		if q.ID == p.Observes && p.Observes != "" {
			return q.Code
		}
	}
	return Measured
}

// and and not fold what is known, so that the SQL says no more than the group has.
func and(terms ...string) string {
	var kept []string
	for _, t := range terms {
		switch {
		case t == nobody:
			return nobody
		case t != "true" && !slices.Contains(kept, t):
			kept = append(kept, t)
		}
	}
	switch len(kept) {
	case 0:
		return "true"
	case 1:
		return kept[0]
	}
	return "(" + strings.Join(kept, " AND ") + ")"
}

func not(term string) string {
	if term == nobody {
		return "true"
	}
	return "NOT " + term
}
