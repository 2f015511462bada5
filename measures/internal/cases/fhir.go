package cases

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

type object = map[string]any

const terminology = "http://terminology.hl7.org/CodeSystem/"

// Write writes a patient as lines of FHIR R4, by resource type. id is the FHIR id of the Patient,
// and begins those of all that is theirs.
func (p Patient) Write(id string, to func(resourceType string) io.Writer) error {
	y := p.written
	subject := object{"reference": "Patient/" + id}
	write := func(kind string, o object, more ...string) error {
		o["resourceType"], o["id"] = kind, strings.Join(append([]string{id}, more...), "-")
		for name, v := range o { // what is not told is absent
			if v == "" {
				delete(o, name)
			}
		}
		return json.NewEncoder(to(kind)).Encode(o)
	}
	person := object{"birthDate": y.Birth, "gender": y.Sex, "deceasedDateTime": moment(y.Death)}
	if y.Zip != "" || y.State != "" {
		address := object{"use": "home", "country": "US"}
		if y.Zip != "" {
			address["postalCode"] = y.Zip
		}
		if y.State != "" {
			address["state"] = y.State
		}
		person["address"] = []any{address}
	}
	if err := write("Patient", person); err != nil {
		return err
	}
	for i, text := range y.Observed {
		first, last, _ := strings.Cut(text, "..")
		cover := object{"status": "active", "beneficiary": subject, "period": object{"start": first, "end": last}}
		if err := write("Coverage", cover, "coverage", fmt.Sprint(i)); err != nil {
			return err
		}
	}
	for i, e := range y.Events {
		n := fmt.Sprint(i)
		if e.Diagnosis != "" {
			found := p.condition(subject, e.Diagnosis, e.On, "", "")
			if err := write("Condition", found, "diagnosis", n); err != nil {
				return err
			}
		}
		kind, o := p.resource(id, n, subject, e)
		if err := write(kind, o, "event", n); err != nil {
			return err
		}
	}
	return nil
}

// resource is an event as FHIR has it.
func (p Patient) resource(id, n string, subject object, e event) (kind string, o object) {
	status := func(otherwise string) string {
		if e.Status != "" {
			return e.Status
		}
		return otherwise
	}
	switch kinds, code := e.kind(); kinds[0] {
	case "condition":
		return "Condition", p.condition(subject, code, e.On, e.Until, e.Status)
	case "procedure":
		return "Procedure", object{"status": status("completed"), "subject": subject, "code": p.concept(code), "performedDateTime": moment(e.On)}
	case "observation":
		o := object{"status": status("final"), "subject": subject, "code": p.concept(code), "effectiveDateTime": moment(e.On)}
		if e.Value != nil {
			value := object{"value": json.Number(*e.Value)}
			if e.Unit != "" {
				value["unit"], value["code"], value["system"] = e.Unit, e.Unit, "http://unitsofmeasure.org"
			}
			o["valueQuantity"] = value
		}
		return "Observation", o
	case "medication":
		return "MedicationRequest", object{"status": status("active"), "intent": "order", "subject": subject, "medicationCodeableConcept": p.concept(code), "authoredOn": moment(e.On)}
	case "immunization":
		return "Immunization", object{"status": status("completed"), "patient": subject, "vaccineCode": p.concept(code), "occurrenceDateTime": moment(e.On)}
	default:
		o := object{"status": status("finished"), "class": object{"system": terminology + "v3-ActCode", "code": code}, "subject": subject}
		if e.On != "" {
			end := e.Until
			if end == "" {
				end = e.On
			}
			o["period"] = object{"start": moment(e.On), "end": moment(end)}
		}
		if e.Type != "" {
			o["type"] = []any{p.concept(e.Type)}
		}
		if e.Reason != "" {
			o["reasonCode"] = []any{p.concept(e.Reason)}
		}
		if e.Diagnosis != "" {
			o["diagnosis"] = []any{object{"condition": object{"reference": "Condition/" + id + "-diagnosis-" + n}, "rank": 1}}
		}
		return "Encounter", o
	}
}

func (p Patient) condition(subject object, code, on, until, verification string) object {
	if verification == "" {
		verification = "confirmed"
	}
	clinical := "active"
	if until != "" {
		clinical = "resolved"
	}
	o := object{"subject": subject, "code": p.concept(code), "onsetDateTime": moment(on), "abatementDateTime": moment(until),
		"verificationStatus": object{"coding": []any{object{"system": terminology + "condition-ver-status", "code": verification}}}}
	if verification != "entered-in-error" { // FHIR R4, con-5
		o["clinicalStatus"] = object{"coding": []any{object{"system": terminology + "condition-clinical", "code": clinical}}}
	}
	return o
}

func (p Patient) concept(written string) object {
	c := p.codes[written]
	return object{"coding": []any{object{"system": c.System, "code": c.Code}}}
}

// moment is a day as it is, and a day with a time of day as an instant in UTC, the zone of cases.
func moment(text string) string {
	if strings.Contains(text, "T") {
		return text + ":00Z"
	}
	return text
}

// LastDay is the last day that a case speaks of, the study window not among them.
func (p Patient) LastDay() (last time.Time) {
	see := func(text string) {
		if len(text) >= len(time.DateOnly) {
			if day, err := time.Parse(time.DateOnly, text[:len(time.DateOnly)]); err == nil && day.After(last) {
				last = day
			}
		}
	}
	see(p.written.Death)
	for _, text := range p.written.Observed {
		_, end, _ := strings.Cut(text, "..")
		see(end)
	}
	for _, e := range p.written.Events {
		see(e.On)
		see(e.Until)
	}
	return last
}
