package cohort

import (
	"fmt"
	"slices"
	"strings"

	"farr/internal/stats"
)

// Charlson is Charlson's comorbidity index of a person, from the ICD-10 codes of diagnoses in
// a window. See stats.Comorbidities for the codes, weights and sources.
type Charlson struct {
	Days    *Window `yaml:"days"`
	Weights int     `yaml:"weights"` // 1987, which is Charlson's own and what is taken when absent, or 2011
}

func (c Charlson) check(report Report, at ...any) {
	if c.Weights != 0 && c.Weights != 1987 && c.Weights != 2011 {
		report("bad-value", fmt.Sprintf("there are no weights of %d", c.Weights), "1987 or 2011", append(slices.Clone(at), "weights")...)
	}
}

// sql is one SELECT of (pid, index_date, value): 0 for an entry without any of the conditions.
func (c Charlson) sql() string {
	var had, weights []string
	place := map[string]int{}
	for i, m := range stats.Comorbidities {
		place[m.Name] = i
		had = append(had, fmt.Sprintf("coalesce(bool_or(x.condition = '%s'), false) AS c%d", m.Name, i))
	}
	for i, m := range stats.Comorbidities {
		weight, when := m.Weight, fmt.Sprintf("c%d", i)
		if c.Weights == 2011 {
			weight = m.Updated
		}
		if m.Under != "" {
			when += fmt.Sprintf(" AND NOT c%d", place[m.Under])
		}
		if weight > 0 {
			weights = append(weights, fmt.Sprintf("CASE WHEN %s THEN %d ELSE 0 END", when, weight))
		}
	}
	return "SELECT pid, index_date, (" + strings.Join(weights, " + ") + ")::DOUBLE AS value FROM (\n\tSELECT entry.pid, entry.index_date, " + strings.Join(had, ", ") +
		"\n\tFROM entry LEFT JOIN comorbidity x ON x.pid = entry.pid" + c.Days.sql(" AND ", "x.day") + "\n\tGROUP BY ALL)"
}

func (c Charlson) describe() string {
	weights := "1987"
	if c.Weights == 2011 {
		weights = "2011"
	}
	text := "Charlson's comorbidity index of ICD-10 diagnoses, with the weights of " + weights
	if c.Days != nil {
		text += ", " + c.Days.describe()
	}
	return text
}
