package rawwalk

import (
	"fmt"
	"slices"
	"time"
)

// Libraries are those of the three published measures that declare what the walk reads.
var Libraries = []string{
	"ControllingHighBloodPressureFHIR", "ColonCancerScreeningFHIR", "BreastCancerScreeningFHIR",
	"AdultOutpatientEncounters", "Hospice", "PalliativeCare", "AdvancedIllnessandFrailty", "Status", "QICoreCommon",
}

// Populations hold the FHIR ids of patients, sorted. In each of the three measures the
// denominator is the initial population, here without the excluded, who are then not in
// the numerator either.
type Populations struct{ Initial, Exclusion, Denominator, Numerator []string }

// Export is the walk over one export: its charts, and the terms to read them with.
type Export struct {
	charts map[string]*chart
	terms  Terms
	find   finding
}

// Open reads the export in dir.
func Open(dir string, terms Terms) (*Export, error) {
	for _, name := range names {
		if len(terms[name]) == 0 {
			return nil, fmt.Errorf("the package's CQL declares no %q", name)
		}
	}
	all, err := charts(dir, terms)
	return &Export{all, terms, finding{}}, err
}

// Held counts the records of a type with a code of one of the named sets, of everybody
// and all times.
func (x *Export) Held(kind string, names ...string) int {
	n := 0
	for _, c := range x.charts {
		n += len(x.view(c, 0).all(kind, names...))
	}
	return n
}

// Year walks one calendar year, in UTC, and returns the populations by measure.
func (x *Export) Year(number int) map[string]Populations {
	found := map[string]Populations{}
	for id, c := range x.charts {
		v := x.view(c, number)
		for name, m := range published {
			p := found[name]
			if m.initial(v) == yes {
				p.Initial = append(p.Initial, id)
				if m.exclusion(v) == yes {
					p.Exclusion = append(p.Exclusion, id)
				} else {
					p.Denominator = append(p.Denominator, id)
					if m.numerator(v) == yes {
						p.Numerator = append(p.Numerator, id)
					}
				}
			}
			found[name] = p
		}
	}
	for _, p := range found {
		for _, ids := range [][]string{p.Initial, p.Exclusion, p.Denominator, p.Numerator} {
			slices.Sort(ids)
		}
	}
	return found
}

// published are the measures by name: each define of the CQL is a function of the same
// name, or of what it says.
var published = map[string]struct{ initial, exclusion, numerator func(view) truth }{
	"ControllingHighBloodPressureFHIR": {pressureInitial, pressureExclusion, pressureNumerator},
	"ColonCancerScreeningFHIR":         {colonInitial, colonExclusion, colonNumerator},
	"BreastCancerScreeningFHIR":        {breastInitial, breastExclusion, breastNumerator},
}

// view is one patient in one measurement period.
type view struct {
	*chart
	terms      Terms
	find       finding
	start, end dateTime
	period     interval
	day, clock int
}

func (x *Export) view(c *chart, number int) view {
	start := dateTime{time.Date(number, 1, 1, 0, 0, 0, 0, time.UTC), clock}
	end := dateTime{time.Date(number, 12, 31, 23, 59, 59, 999e6, time.UTC), clock}
	return view{c, x.terms, x.find, start, end, between(start, end), day, clock}
}

// finding remembers what a retrieve found, which no year changes.
type finding map[*chart]map[string][]object

// all is the union of retrieves over the named sets.
func (v view) all(kind string, sets ...string) []object {
	if v.find[v.chart] == nil {
		v.find[v.chart] = map[string][]object{}
	}
	found := v.find[v.chart]
	key := fmt.Sprint(kind, sets)
	if list, ok := found[key]; ok {
		return list
	}
	union := codes{}
	for _, name := range sets {
		for code := range v.terms[name] {
			union[code] = true
		}
	}
	found[key] = v.retrieve(kind, union)
	return found[key]
}

// before is the period from a number of years before its start.
func (v view) before(years int) interval {
	return between(dateTime{v.start.at.AddDate(-years, 0, 0), clock}, v.end)
}

// age is AgeInYearsAt(date from end of the period); -1 where the birth date does not tell.
// At the last day of a year the year of birth alone tells it.
func (v view) age() int {
	if v.birth.isNull() {
		return -1
	}
	return v.end.at.Year() - v.birth.at.Year()
}

func (v view) aged(low, high int) truth { return is(v.age() >= low && v.age() <= high) }

// qualifying is AdultOutpatientEncounters."Qualifying Encounters".
func (v view) qualifying() truth {
	return exists(performed(v.all("Encounter", outpatient...)), func(e object) truth {
		return e.period("period").during(v.period, v.day)
	})
}

var outpatient = []string{"Office Visit", "Annual Wellness Visit", "Preventive Care Services Established Office Visit, 18 and Up",
	"Preventive Care Services Initial Office Visit, 18 and Up", "Home Healthcare Services", "Virtual Encounter", "Telephone Visits"}

// What the library Status calls performed, of each type.

func performed(encounters []object) []object {
	return of(encounters, "finished", "arrived", "triaged", "in-progress", "onleave")
}

func completed(procedures []object) []object { return of(procedures, "completed") }

func resulted(observations []object) []object {
	return of(observations, "final", "amended", "corrected")
}

// categorized keeps the observations of a category.
func (v view) categorized(observations []object, category string) []object {
	return filter(observations, func(o object) truth { return is(v.terms[category].hasAny(o.list("category"))) })
}
