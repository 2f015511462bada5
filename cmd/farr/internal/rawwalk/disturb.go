package rawwalk

import (
	"strconv"
	"time"
)

// disturb makes the nth altered record of a type as records are at times: of a period of
// 40, or of 12 for requests, most stay whole.
func (o object) disturb(kind string, n int) {
	switch kind {
	case "Encounter":
		o.disturbEncounter(n % 40)
	case "Condition":
		o.disturbCondition(n % 40)
	case "Procedure":
		o.disturbProcedure(n % 40)
	case "Observation":
		o.disturbObservation(n % 40)
	case "MedicationRequest":
		o.disturbPrescription(n % 12)
	case "ServiceRequest", "DeviceRequest":
		o.disturbOrder(n % 12)
	}
}

// abroad is the New Year's Eve of the time's year in New York: already the next year in UTC.
func abroad(text string) string { return text[:4] + "-12-31T23:30:00-05:00" }

// nextYear is a moment early in the year after the time's.
func nextYear(text string) string {
	y, _ := strconv.Atoi(text[:4])
	return strconv.Itoa(y+1) + "-01-02T08:00:00+00:00"
}

func (o object) disturbEncounter(n int) {
	start := o.object("period").text("start")
	period := func(start, end string) {
		p := map[string]any{}
		if start != "" {
			p["start"] = start
		}
		if end != "" {
			p["end"] = end
		}
		o["period"] = p
	}
	switch n {
	case 1:
		o["status"] = "planned"
	case 2:
		o["status"] = "cancelled"
	case 3:
		o["status"] = "in-progress"
		period(start, "")
	case 4:
		o["status"] = "onleave"
	case 5:
		o["status"] = "entered-in-error"
	case 6:
		period(start[:10], start[:10])
	case 7:
		period(start[:7], start[:7])
	case 8:
		period("", start)
	case 9:
		period(start, nextYear(start))
	case 10:
		period(abroad(start), abroad(start))
	case 11:
		o["class"] = map[string]any{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMER"}
	case 12:
		o["class"] = map[string]any{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "SS"}
	case 13:
		delete(o, "period")
	}
}

func (o object) disturbCondition(n int) {
	clinical := func(code string) {
		o["clinicalStatus"] = conceptOf("http://terminology.hl7.org/CodeSystem/condition-clinical|" + code)
	}
	onset := o.text("onsetDateTime")
	switch n {
	case 1: // ended, nobody knows when
		clinical("resolved")
		delete(o, "abatementDateTime")
	case 2: // the CQL does not ask who confirmed it
		o["verificationStatus"] = conceptOf("http://terminology.hl7.org/CodeSystem/condition-ver-status|refuted")
	case 3:
		o["onsetDateTime"] = onset[:4]
	case 4:
		o["onsetDateTime"] = onset[:7]
	case 5: // neither onset nor end, and active: no interval at all
		clinical("active")
		delete(o, "onsetDateTime")
		delete(o, "abatementDateTime")
	case 6:
		delete(o, "onsetDateTime")
		o["onsetPeriod"] = map[string]any{"start": onset[:10], "end": nextYear(onset)}
	case 7: // began at an unknown time before it ended
		delete(o, "onsetDateTime")
		o["abatementDateTime"] = nextYear(onset)
	case 8:
		delete(o, "clinicalStatus")
		delete(o, "abatementDateTime")
	case 9:
		clinical("recurrence")
	case 10:
		o["onsetDateTime"] = onset[:4] + "-06-30"
	case 11:
		o["onsetDateTime"] = onset[:4] + "-06-30T23:59:59+00:00"
	case 12:
		o["onsetDateTime"] = onset[:4] + "-07-01T00:00:00+00:00"
	case 13:
		o["verificationStatus"] = conceptOf("http://terminology.hl7.org/CodeSystem/condition-ver-status|entered-in-error")
	case 14:
		o["abatementDateTime"] = nextYear(onset)[:4]
	case 15:
		o["onsetDateTime"] = abroad(onset)
	case 16:
		o["abatementDateTime"] = abroad(nextYear(onset))
	}
}

func (o object) disturbProcedure(n int) {
	start := o.object("performedPeriod").text("start")
	at := func(text string) {
		delete(o, "performedPeriod")
		o["performedDateTime"] = text
	}
	switch n {
	case 1:
		o["status"] = "not-done"
	case 2:
		o["status"] = "in-progress"
	case 3:
		at(start)
	case 4:
		o["performedPeriod"] = map[string]any{"start": start}
	case 5:
		at(start[:10])
	case 6:
		at(start[:4])
	case 7:
		o["performedPeriod"] = map[string]any{"end": start}
	case 8:
		at(start[:4] + "-12-31T23:59:59+00:00")
	case 9:
		at(abroad(start))
	case 10:
		o["status"] = "entered-in-error"
	case 11:
		delete(o, "performedPeriod")
	case 12:
		o["performedPeriod"] = map[string]any{"start": start, "end": nextYear(start)}
	case 13:
		at(start[:4] + "-12-31")
	}
}

func (o object) disturbObservation(n int) {
	at := o.text("effectiveDateTime")
	if parts := o.list("component"); n%3 == 0 { // nobody's hypertension is controlled in the export
		for _, part := range parts {
			if q := part.object("valueQuantity"); q != nil {
				q["value"] = q["value"].(float64) - 40
			}
		}
	}
	switch n {
	case 1:
		o["status"] = "preliminary"
	case 2:
		o["status"] = "cancelled"
	case 3:
		o["status"] = "amended"
	case 4:
		delete(o, "category")
	case 5:
		delete(o, "effectiveDateTime")
		o["effectivePeriod"] = map[string]any{"start": at, "end": nextYear(at)}
	case 6:
		o["effectiveDateTime"] = at[:10]
	case 7:
		delete(o, "effectiveDateTime")
		o["effectivePeriod"] = map[string]any{"start": at}
	case 8: // no value; of a pressure, no systolic part
		delete(o, "valueQuantity")
		delete(o, "valueCodeableConcept")
		if parts, ok := o["component"].([]any); ok {
			o["component"] = parts[:len(parts)-1]
		}
	case 9:
		delete(o, "encounter")
	case 10: // two parts of one kind are neither
		if parts, ok := o["component"].([]any); ok {
			o["component"] = append(parts, parts[0])
		}
	case 11:
		o["status"] = "entered-in-error"
	case 12:
		o["effectiveDateTime"] = abroad(at)
	case 13:
		delete(o, "effectiveDateTime")
	case 14:
		if o["component"] == nil {
			delete(o, "valueQuantity")
			delete(o, "valueCodeableConcept")
			o["valueString"] = "seen"
		}
	case 15:
		delete(o, "effectiveDateTime")
		o["effectivePeriod"] = map[string]any{"end": at}
	}
}

// disturbPrescription: how long the supply lasts is stated, computed, or not known.
func (o object) disturbPrescription(n int) {
	o["status"] = "active"
	authored := o.text("authoredOn")
	monthly := map[string]any{"expectedSupplyDuration": map[string]any{"value": 30, "unit": "days", "system": "http://unitsofmeasure.org", "code": "d"}, "numberOfRepeatsAllowed": 2}
	dosage := func(repeat map[string]any) {
		o["dosageInstruction"] = []any{map[string]any{
			"timing":      map[string]any{"repeat": repeat},
			"doseAndRate": []any{map[string]any{"doseQuantity": map[string]any{"value": 2, "unit": "{tbl}", "system": "http://unitsofmeasure.org", "code": "{tbl}"}}},
		}}
	}
	bounds := func() map[string]any {
		from, _ := time.Parse(time.RFC3339, authored)
		return map[string]any{"boundsPeriod": map[string]any{"start": authored, "end": from.AddDate(0, 0, 100).Format(time.RFC3339)}}
	}
	hundred := map[string]any{"quantity": map[string]any{"value": 100, "unit": "{tbl}", "system": "http://unitsofmeasure.org", "code": "{tbl}"}, "numberOfRepeatsAllowed": 1}
	o["dispenseRequest"] = monthly
	delete(o, "dosageInstruction")
	switch n {
	case 1:
		o["status"] = "stopped"
	case 2:
		o["intent"] = "plan"
	case 3:
		o["doNotPerform"] = true
	case 4: // 100 of 2 tablets twice a day: 25 days, and once more
		o["dispenseRequest"] = hundred
		dosage(map[string]any{"frequency": 2, "period": 1, "periodUnit": "d"})
	case 5: // 2 tablets every other week: 700 days, and once more
		o["dispenseRequest"] = hundred
		dosage(map[string]any{"frequency": 1, "period": 2, "periodUnit": "wk"})
	case 6: // how often is not known
		o["dispenseRequest"] = hundred
		dosage(map[string]any{})
	case 7:
		delete(o, "dispenseRequest")
		dosage(bounds())
	case 8: // begins with its bounds
		delete(o, "authoredOn")
		dosage(bounds())
	case 9:
		o["dispenseRequest"] = map[string]any{"expectedSupplyDuration": map[string]any{"value": 60, "unit": "weeks", "system": "http://unitsofmeasure.org", "code": "wk"}}
	case 10:
		delete(o, "dispenseRequest")
	}
}

func (o object) disturbOrder(n int) {
	const doNotPerform = "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-doNotPerform"
	authored := o.text("authoredOn")
	switch n {
	case 1:
		o["status"] = "revoked"
	case 2:
		o["intent"] = "proposal"
	case 3:
		if o.text("resourceType") == "ServiceRequest" {
			o["doNotPerform"] = true
		} else {
			o["modifierExtension"] = []any{map[string]any{"url": doNotPerform, "valueBoolean": true}}
		}
	case 4:
		o["authoredOn"] = authored[:10]
	case 5:
		o["authoredOn"] = abroad(authored)
	case 6:
		o["status"] = "completed"
	}
}
