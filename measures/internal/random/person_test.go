package random

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
)

// persons makes random persons: Bundles with a Patient and a few resources of each type, in
// which elements are absent, dates partial and ends of periods missing.
type persons struct{ *rand.Rand }

type object = map[string]any

func (p persons) one(list ...string) string { return list[p.IntN(len(list))] }

// often is true n times of ten.
func (p persons) often(n int) bool { return p.IntN(10) < n }

func (p persons) bundle(id string) []byte {
	patient := object{"resourceType": "Patient", "id": id}
	if p.often(9) {
		patient["birthDate"] = p.one("1950-02-28", "1984-02-29", "1960-03-01", "1999-12-31", "2001-03-15", "1972-03", "1980", "2023-11-28")
	}
	if p.often(8) {
		patient["gender"] = p.one("female", "male")
	}
	switch {
	case p.often(1):
		patient["deceasedBoolean"] = p.often(5)
	case p.often(2):
		patient["deceasedDateTime"] = p.date()
	}
	entries := []any{object{"resource": patient}}
	for _, make := range []func() object{p.encounter, p.observation, p.condition, p.procedure, p.medicationRequest} {
		for n := range p.IntN(4) {
			r := make()
			r["id"] = fmt.Sprintf("%s-%d", r["resourceType"], n)
			r["subject"] = object{"reference": "Patient/" + id}
			entries = append(entries, object{"resource": r})
		}
	}
	text, err := json.MarshalIndent(object{"resourceType": "Bundle", "type": "collection", "entry": entries}, "", " ")
	if err != nil {
		panic(err)
	}
	return text
}

// date is a dateTime of FHIR: mostly to the millisecond, else a day, a month or a year.
func (p persons) date() string {
	day := p.one("2023-12-31", "2024-01-01", "2024-01-05", "2024-01-15", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-15", "2024-11-05", "2024-12-31", "2025-01-01")
	switch p.IntN(10) {
	case 0:
		return day[:4]
	case 1:
		return day[:7]
	case 2, 3:
		return day
	}
	return day + "T" + p.one("00:00:00.000", "00:00:00.000", "08:00:00.000", "12:30:00.000", "23:59:59.999") + "+00:00"
}

// period is a Period whose ends are in order, or absent.
func (p persons) period() object {
	low, high := p.date(), p.date()
	if high < low {
		low, high = high, low
	}
	o := object{}
	if p.often(9) {
		o["start"] = low
	}
	if p.often(7) {
		o["end"] = high
	}
	return o
}

func (p persons) concept() object {
	coding := func() object {
		return object{"system": "http://terminology.hl7.org/CodeSystem/list-example-use-codes", "code": p.one("alerts", "allergies", "adverserxns", "problems", "plans")}
	}
	list := []any{coding()}
	if p.often(1) {
		if next := coding(); next["code"] != list[0].(object)["code"] {
			list = append(list, next)
		}
	}
	return object{"coding": list}
}

func (p persons) quantity() object {
	q := object{"value": json.Number(p.one("0", "1", "2", "5", "7.5", "10", "100", "120.5"))}
	if unit := p.one("mg/dL", "mg/dL", "g/dL", "mg", "mm[Hg]", ""); unit != "" {
		q["unit"], q["code"], q["system"] = unit, unit, "http://unitsofmeasure.org"
	}
	return q
}

// put puts an element n times of ten.
func (p persons) put(o object, n int, name string, value any) {
	if p.often(n) {
		o[name] = value
	}
}

func (p persons) encounter() object {
	o := object{"resourceType": "Encounter", "status": p.one("finished", "finished", "in-progress", "arrived"), "class": object{"code": p.one("AMB", "IMP", "EMER")}}
	p.put(o, 9, "type", []any{p.concept()})
	p.put(o, 9, "period", p.period())
	return o
}

func (p persons) observation() object {
	o := object{"resourceType": "Observation", "status": p.one("final", "final", "amended", "preliminary")}
	p.put(o, 9, "code", p.concept())
	switch p.IntN(10) {
	case 0:
	case 1, 2, 3:
		o["effectivePeriod"] = p.period()
	default:
		o["effectiveDateTime"] = p.date()
	}
	switch p.IntN(10) {
	case 0:
	case 1, 2:
		o["valueCodeableConcept"] = p.concept()
	default:
		o["valueQuantity"] = p.quantity()
	}
	if p.often(3) {
		o["component"] = []any{object{"code": p.concept(), "valueQuantity": p.quantity()}}
	}
	return o
}

func (p persons) condition() object {
	o := object{"resourceType": "Condition"}
	p.put(o, 9, "code", p.concept())
	p.put(o, 8, "clinicalStatus", object{"coding": []any{object{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": p.one("active", "resolved", "inactive")}}})
	switch p.IntN(10) {
	case 0:
	case 1, 2, 3:
		o["onsetPeriod"] = p.period()
	default:
		o["onsetDateTime"] = p.date()
	}
	p.put(o, 4, "abatementDateTime", p.date())
	p.put(o, 7, "recordedDate", p.date())
	return o
}

func (p persons) procedure() object {
	o := object{"resourceType": "Procedure", "status": p.one("completed", "completed", "in-progress", "stopped")}
	p.put(o, 9, "code", p.concept())
	switch p.IntN(10) {
	case 0:
	case 1, 2, 3, 4:
		o["performedPeriod"] = p.period()
	default:
		o["performedDateTime"] = p.date()
	}
	return o
}

func (p persons) medicationRequest() object {
	o := object{"resourceType": "MedicationRequest", "status": p.one("active", "completed", "stopped"), "intent": p.one("order", "plan")}
	p.put(o, 9, "medicationCodeableConcept", p.concept())
	p.put(o, 8, "authoredOn", p.date())
	return o
}

// valueSets are the value sets of the programs, by name.
func valueSets() map[string][]byte {
	out := map[string][]byte{}
	for name, codes := range map[string][]string{"warm": {"alerts", "allergies", "adverserxns"}, "cool": {"problems", "plans"}} {
		var contains []any
		for _, c := range codes {
			contains = append(contains, object{"system": "http://terminology.hl7.org/CodeSystem/list-example-use-codes", "code": c})
		}
		text, err := json.Marshal(object{"resourceType": "ValueSet", "url": "http://example.org/farr/ValueSet/" + name, "version": "1", "name": name,
			"status": "active", "expansion": object{"timestamp": "2025-01-01", "contains": contains}})
		if err != nil {
			panic(err)
		}
		out[name] = text
	}
	return out
}
