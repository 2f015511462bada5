// Package population counts persons and episodes of a measure's group from the
// members of its defines: which population is within which, and how many are left.
package population

import (
	"slices"

	"farr/measures/internal/content"
)

// Members are the rows of one define for one subject: an episode, or the empty
// text where the subject itself is meant, and the value that an observation gives
// it (nil where it is null, or the define gives none).
type Members map[string]*float64

// The codes of populations (FHIR R4, measure-population).
const (
	initialPopulation  = "initial-population"
	denominator        = "denominator"
	denominatorExclude = "denominator-exclusion"
	denominatorExcept  = "denominator-exception"
	numerator          = "numerator"
	numeratorExclude   = "numerator-exclusion"
	population         = "measure-population"
	populationExclude  = "measure-population-exclusion"
	observation        = "measure-observation"
)

// Tally is what a subject adds to one population: how many, and for an observation
// its values, in rising order. Null observations are none.
type Tally struct {
	Count    int64
	Observed []float64
}

// Count is what a subject adds to each population of a group, in the group's order,
// after what is not within a population's own is left out (CQFM IG, "Measure scoring":
// proportion and ratio, continuous variable, cohort). found are the members of each
// population's define. An observation is made of what it observes, without that one's
// exclusions.
func Count(g content.Group, found []Members) []Tally {
	within := make([]Members, len(g.Populations))
	of := func(code string, list []Members) Members {
		for i, p := range g.Populations {
			if p.Code == code {
				return list[i]
			}
		}
		return nil
	}
	put := func(code string, m Members) {
		for i, p := range g.Populations {
			if p.Code == code {
				within[i] = m
			}
		}
	}
	ip := of(initialPopulation, found)
	put(initialPopulation, ip)

	den := both(of(denominator, found), ip)
	out := both(of(denominatorExclude, found), den)
	rest := minus(den, out)
	num := both(of(numerator, found), rest)
	put(denominator, den)
	put(denominatorExclude, out)
	put(numerator, num)
	numOut := both(of(numeratorExclude, found), num)
	put(numeratorExclude, numOut)
	put(denominatorExcept, minus(both(of(denominatorExcept, found), rest), num))

	pop := both(of(population, found), ip)
	popOut := both(of(populationExclude, found), pop)
	put(population, pop)
	put(populationExclude, popOut)

	tallies := make([]Tally, len(g.Populations))
	for i, p := range g.Populations {
		tallies[i].Count = int64(len(within[i]))
		if p.Code != observation {
			continue
		}
		over := map[string]Members{population: minus(pop, popOut), denominator: rest, numerator: minus(num, numOut)}[Observed(g, p)]
		for _, v := range both(found[i], over) {
			if v != nil {
				tallies[i].Observed = append(tallies[i].Observed, *v)
			}
		}
		slices.Sort(tallies[i].Observed)
		tallies[i].Count = int64(len(tallies[i].Observed))
	}
	return tallies
}

// Observed is the code of the population that an observation is made of.
func Observed(g content.Group, p content.Population) string {
	for _, q := range g.Populations {
		if q.ID == p.Observes && p.Observes != "" {
			return q.Code
		}
	}
	return population
}

func both(a, b Members) Members {
	m := Members{}
	for k, v := range a {
		if _, ok := b[k]; ok {
			m[k] = v
		}
	}
	return m
}

func minus(a, b Members) Members {
	m := Members{}
	for k, v := range a {
		if _, ok := b[k]; !ok {
			m[k] = v
		}
	}
	return m
}
