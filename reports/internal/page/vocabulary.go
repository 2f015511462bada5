package page

import (
	"strings"

	"farr/reports/internal/text"
)

// vocabulary are the texts that come with results, as farr's measure engine writes them, and are said in the language
// of the page. What is not among them is data: titles of measures, cohorts, rules and outcomes, names of sites, paths
// of FHIR, definitions in their own words.
var vocabulary = []text.Message{
	// Strata and characteristics.
	"Age in years", "Age group", "Sex", "Race", "Ethnicity", "Payer", "Language", "Site", "ZIP code, three digits", "State", "Virtual encounter in the year before",
	// The last care gap.
	"None of these",
	// Populations and queries.
	"Initial population", "Denominator", "Denominator exclusion", "Denominator exception", "Numerator", "Numerator exclusion", "Measure population", "Measure population exclusion", "Measure observation", "Entry", "At risk",
	// Records.
	"patients", "coverages", "encounters", "conditions", "observations", "components of observations", "procedures", "medication requests", "immunizations", "medication administrations", "medication dispenses",
	"service requests", "device requests", "diagnostic reports", "claims", "allergies and intolerances", "adverse events", "communications", "tasks",
	// Data quality: kinds of checks, what is wrong, and who says so.
	"conformance", "completeness", "plausibility",
	"dated before the person's birth", "dated after the day of the person's death, of persons who died", "dated after the last day that the data know", "ends before it begins, of those with an end",
	"older than 120 years and not known to have died", "born after the last day that the data know", "died before being born, of those who died", "of a kind that the recorded sex cannot have",
	"with a code that no value list of these definitions has", "the same as another record of the person in all that is looked at", "of finished ones", "of codes that have one", "of quantities",
	"systolic blood pressure", "diastolic blood pressure", "body weight", "body height", "body mass index", "heart rate", "respiratory rate", "body temperature", "creatinine", "LDL cholesterol, measured", "LDL cholesterol, calculated",
	"Kahn et al. 2016, plausibility in time; asked as OHDSI's Data Quality Dashboard asks", "Kahn et al. 2016, uniqueness", "farr's own limit; the oldest person whose age is proven died at 122",
	"farr's own limits, wide of what is measured in a living person", "ICD-10-CM, ICD-10-PCS, SNOMED CT and LOINC: codes that name organs or pregnancy",
	"yes", "no",
}

// inWords says a text that comes with results; what is not in the vocabulary stays as it is.
func (w words) inWords(s string) string {
	for _, m := range vocabulary {
		if string(m) == s {
			return w.Say(m)
		}
	}
	return s
}

// checkWords say what is wrong with a record that fails a check, with the limits of a value as they are.
func (w words) checkWords(title string) string {
	if what, limits, ok := strings.Cut(title, " outside "); ok {
		return w.Say("{what} outside {limits}", w.inWords(what), w.eitherOf(limits))
	}
	if what, units, ok := strings.Cut(title, " in another unit than "); ok {
		return w.Say("{what} in another unit than {units}", w.inWords(what), w.eitherOf(units))
	}
	return w.inWords(title)
}

// eitherOf says "2.5 to 25 % or 4 to 250 mmol/mol".
func (w words) eitherOf(list string) string {
	one, more, several := strings.Cut(list, " or ")
	if low, high, ok := strings.Cut(one, " to "); ok {
		one = w.fromTo(w.Number(low), w.Number(high))
	}
	if several {
		return w.Say("{some} or {more}", one, w.eitherOf(more))
	}
	return one
}

// elementWords are an element's path with which records should have it.
func (w words) elementWords(title string) string {
	path, of, some := strings.Cut(title, ", ")
	if some {
		return w.Join([]string{path, w.inWords(of)})
	}
	return w.either(path)
}

// either says the paths of which one is enough.
func (w words) either(paths string) string {
	a, b, several := strings.Cut(paths, " or ")
	if several {
		return w.Say("{some} or {more}", a, w.either(b))
	}
	return paths
}

// populationWords name a population of a definition.
func (w words) populationWords(code string) string {
	return w.inWords(capital(strings.ReplaceAll(code, "-", " ")))
}
