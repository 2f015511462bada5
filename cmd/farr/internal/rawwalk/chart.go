package rawwalk

import (
	"fmt"
	"slices"
	"strings"
)

// chart is what a published measure may see of one patient. Of the types with a code
// only what is in some set of the terms, and blood pressures, are kept.
type chart struct {
	birth   dateTime
	gender  string
	records map[string][]object // by resource type
	visits  map[string][]object // encounters by id
}

// vitalSign is what the profile of a blood pressure fixes: QICore's observation-bp is
// http://hl7.org/fhir/StructureDefinition/bp, with this code and this category.
const (
	pressurePanel = "http://loinc.org|85354-9"
	vitalSigns    = "http://terminology.hl7.org/CodeSystem/observation-category|vital-signs"
)

// charts reads an export into a chart for each patient.
func charts(dir string, terms Terms) (map[string]*chart, error) {
	known := codes{pressurePanel: true}
	for _, set := range terms {
		for code := range set {
			known[code] = true
		}
	}
	all := map[string]*chart{}
	of := func(id string) *chart {
		if all[id] == nil {
			all[id] = &chart{records: map[string][]object{}, visits: map[string][]object{}}
		}
		return all[id]
	}
	patients := map[string]bool{}
	err := each(dir, func(o object) error {
		kind := o.text("resourceType")
		switch kind {
		case "Patient":
			c := of(o.text("id"))
			c.birth, c.gender = read(o.text("birthDate")), o.text("gender")
			patients[o.text("id")] = true
		case "Encounter":
			c := of(o.patient())
			c.visits[o.text("id")] = append(c.visits[o.text("id")], o)
			c.records[kind] = append(c.records[kind], o)
		case "Medication":
			if known.has(o.object("code")) {
				return fmt.Errorf("medication %q of a value set: the walk follows no medicationReference", o.text("id"))
			}
		case "Condition", "Procedure", "Observation", "MedicationRequest", "ServiceRequest", "DeviceRequest":
			if known.has(o.object(codeElement[kind])) {
				c := of(o.patient())
				c.records[kind] = append(c.records[kind], o)
			}
		}
		return nil
	})
	for id := range all {
		if !patients[id] {
			delete(all, id)
		}
	}
	return all, err
}

var codeElement = map[string]string{
	"Condition": "code", "Procedure": "code", "Observation": "code", "ServiceRequest": "code",
	"MedicationRequest": "medicationCodeableConcept", "DeviceRequest": "codeCodeableConcept",
}

// has is whether one coding of the concept is in the set.
func (c codes) has(concept object) bool {
	return slices.ContainsFunc(concept.list("coding"), func(coding object) bool {
		return c[coding.text("system")+"|"+coding.text("code")]
	})
}

// hasAny is whether one of the concepts is in the set.
func (c codes) hasAny(concepts []object) bool { return slices.ContainsFunc(concepts, c.has) }

// retrieve is CQL's [Type: "set"]. QI-Core keeps what was asked not to be done in profiles
// of its own, which a retrieve of the plain profile does not match.
func (c *chart) retrieve(kind string, set codes) []object {
	var found []object
	for _, o := range c.records[kind] {
		if kind == "Encounter" && !set.hasAny(o.list("type")) || kind != "Encounter" && !set.has(o.object(codeElement[kind])) {
			continue
		}
		if o["doNotPerform"] != true {
			found = append(found, o)
		}
	}
	return found
}

// of keeps the resources of the given statuses.
func of(list []object, statuses ...string) []object {
	return filter(list, func(o object) truth { return is(slices.Contains(statuses, o.text("status"))) })
}

// filter keeps what a condition is true of.
func filter(list []object, condition func(object) truth) []object {
	var kept []object
	for _, o := range list {
		if condition(o) == yes {
			kept = append(kept, o)
		}
	}
	return kept
}

// exists is whether a condition is true of one.
func exists(list []object, condition func(object) truth) truth {
	return is(len(filter(list, condition)) > 0)
}

// reference is the id that a reference ends with.
func (o object) reference(key string) string {
	text := o.object(key).text("reference")
	return text[strings.LastIndexByte(text, '/')+1:]
}

// when is the choice element name[x] as an interval: QICoreCommon's toInterval(). The
// other types that FHIR allows there are not in the data, and the walk would not see them.
func (o object) when(name string) interval {
	for _, other := range []string{"Age", "Range", "Timing", "Instant", "String"} {
		if o[name+other] != nil {
			panic("the walk does not read " + name + other)
		}
	}
	if s := o.text(name + "DateTime"); s != "" {
		return point(read(s))
	}
	return o.period(name + "Period")
}

// period is FHIRHelpers' ToInterval of a Period: one without a start started at an
// unknown time, one without an end goes on.
func (o object) period(key string) interval {
	start, end := read(o.object(key).text("start")), read(o.object(key).text("end"))
	if start.isNull() {
		return until(end)
	}
	return between(start, end)
}

// prevalence is QICoreCommon's prevalenceInterval(): an active condition without an
// abatement goes on, another one ended at an unknown time.
func (o object) prevalence(terms Terms) interval {
	onset, end := o.when("onset"), o.abatement()
	start := dateTime{}
	if onset.there {
		start = onset.low.value()
	}
	status := o.object("clinicalStatus")
	active := terms["active"].has(status) || terms["recurrence"].has(status) || terms["relapse"].has(status)
	if end.isNull() && !active {
		return from(start)
	}
	return between(start, end)
}

// abatement is `end of abatementInterval()`; that of a Period is open at its end, so the
// moment before it.
func (o object) abatement() dateTime {
	i := o.when("abatement")
	if !i.there {
		return dateTime{}
	}
	end := i.high.value()
	if o["abatementPeriod"] == nil || end.isNull() {
		return end
	}
	panic("the walk does not read abatementPeriod")
}
