package synth

import "strconv"

// Rendering of event state as FHIR R4 JSON, one function a type. Shapes follow what
// US systems export: US Core extensions, UCUM quantities, displays and texts
// beside the codes. Names, addresses and narratives are there to be found by whoever
// looks for leaks.

const terminology = "http://terminology.hl7.org/CodeSystem/"

// open begins a resource with what all have.
func (b text) open(typ string, r *resource, profile string) text {
	b = b.raw(`{"resourceType":"`, typ, `","id":"`).uid(r.id).raw(`","meta":{"lastUpdated":"`)
	b = moment{wall: r.updated, prec: toMilli, zulu: true}.append(b)
	b = append(b, '"')
	if profile != "" && r.id[0]&3 == 0 { // some systems claim the profile, most do not
		b = b.raw(`,"profile":["http://hl7.org/fhir/us/core/StructureDefinition/`, profile, `"]`)
	}
	return append(b, '}')
}

// subject names the patient; some systems write absolute or versioned references.
func (b text) subject(element string, p *person, id uid) text {
	b = b.raw(`,"`, element, `":{"reference":"`)
	switch id[1] & 63 {
	case 0:
		b = b.raw(`https://ehr.example.org/fhir/`)
	case 1:
		return b.raw(`Patient/`).uid(p.id).raw(`/_history/2"}`)
	case 2:
		return b.raw(`Patient/`).uid(p.id).raw(`","display":`).str(p.given + " " + p.family).raw(`}`)
	}
	return b.raw(`Patient/`).uid(p.id).raw(`"}`)
}

func (b text) visit(p *person, encounter int) text {
	if encounter < 0 {
		return b
	}
	return b.reference("encounter", "Encounter", p.encounters[encounter].id)
}

func (b text) patient(_ *world, _, p *person) text {
	b = b.open("Patient", &p.resource, "us-core-patient")
	b = b.raw(`,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">`, p.given, ` `, p.family, `, `, p.street, `, `, p.city, `</div>"}`)
	b = b.raw(`,"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName","valueString":"`, p.given, ` `, p.family, `-Maiden"}`)
	if len(p.races) > 0 || p.raceText {
		b = b.raw(`,{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[`)
		for _, r := range p.races {
			b = b.category("ombCategory", r).raw(`,`)
		}
		if p.raceDetail {
			b = b.category("detailed", &omb{code: "2036-2", display: "Filipino"}).raw(`,`)
		}
		b = b.raw(`{"url":"text","valueString":"as told by `, p.given, `"}]}`)
	}
	if p.ethnicity != nil {
		b = b.raw(`,{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity","extension":[`)
		b = b.category("ombCategory", p.ethnicity).raw(`,{"url":"text","valueString":"`, p.ethnicity.display, `"}]}`)
	}
	switch p.gender {
	case "female":
		b = b.raw(`,{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex","valueCode":"F"}`)
	case "male":
		b = b.raw(`,{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex","valueCode":"M"}`)
	}
	b = b.raw(`],"identifier":[{"type":{"coding":[{"system":"`, terminology, `v2-0203","code":"MR"}]},"system":"urn:oid:1.3.6.1.4.1.99999.2","value":"`, p.mrn,
		`"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"`, p.ssn, `"}],"active":true,"name":[{"use":"official","family":`)
	b = b.str(p.family).raw(`,"given":[`).str(p.given).raw(`]}],"telecom":[{"system":"phone","value":"`, p.phone, `","use":"home"},{"system":"email","value":`).str(p.email).raw(`}]`)
	if p.gender != "" {
		b = b.raw(`,"gender":"`, p.gender, `"`)
	}
	b = b.when("birthDate", p.birth)
	if !p.birth.present() && p.id[0]&1 == 0 { // a time of birth that must not stand in for the date
		b = b.raw(`,"_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"1960-07-08T04:05:06-04:00"}]}`)
	}
	switch {
	case p.death.present():
		b = b.when("deceasedDateTime", p.death)
	case p.deceased == 1:
		b = b.raw(`,"deceasedBoolean":true`)
	case p.deceased == 2:
		b = b.raw(`,"deceasedBoolean":false`)
	}
	b = b.raw(`,"address":[{"use":"home","line":[`).str(p.street).raw(`],"city":`).str(p.city)
	if p.state != "" {
		b = b.raw(`,"state":"`, p.state, `"`)
	}
	if p.zip != "" {
		b = b.raw(`,"postalCode":`).str(p.zip)
	}
	b = b.raw(`,"country":"`, p.country, `"}]`)
	if p.language != "" {
		b = b.raw(`,"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"`, p.language, `"}],"text":"`, p.language, `"},"preferred":true}]`)
	}
	return b.raw("}\n")
}

func (b text) category(url string, c *omb) text {
	system := "urn:oid:2.16.840.1.113883.6.238"
	if c.nullFlavour {
		system = terminology + "v3-NullFlavor"
	}
	return b.raw(`{"url":"`, url, `","valueCoding":{"system":"`, system, `","code":"`, c.code, `","display":"`, c.display, `"}}`)
}

func (b text) encounter(w *world, p *person, e *encounter) text {
	b = b.open("Encounter", &e.resource, "us-core-encounter")
	b = b.raw(`,"status":"`, e.status, `"`)
	if e.class != "" {
		b = b.raw(`,"class":{"system":"`, actCode, `","code":"`, e.class, `"}`)
	}
	b = b.raw(`,"type":[`, e.kind.json, `]`).subject("subject", p, e.id)
	b = b.raw(`,"participant":[{"individual":{"display":"Dr. `, p.family, `"}}]`)
	if e.start.present() || e.end.present() {
		b = b.raw(`,"period":{`)
		at := len(b)
		b = b.when("start", e.start).when("end", e.end)
		b = append(append(b[:at], b[at+1:]...), '}') // without the first comma
	}
	if e.disposition != "" {
		b = b.raw(`,"hospitalization":{"dischargeDisposition":{"coding":[{"system":"`, terminology, `discharge-disposition","code":"`, e.disposition, `"}]}}`)
	}
	if e.reason != nil {
		b = b.raw(`,"reasonCode":[`, e.reason.json, `]`)
	}
	if len(e.diagnoses) > 0 {
		b = b.raw(`,"diagnosis":[`)
		for i, c := range e.diagnoses {
			if i > 0 {
				b = b.raw(`,`)
			}
			b = b.raw(`{"condition":{"reference":"Condition/`).uid(p.conditions[c].id).raw(`"},"rank":`, rank(i), `}`)
		}
		b = b.raw(`]`)
	}
	if e.site >= 0 {
		b = b.raw(`,"location":[{"location":{"reference":"Location/`).uid(w.sites[e.site].location).raw(`"}}]`)
		b = b.reference("serviceProvider", "Organization", w.sites[e.site].id)
	}
	return b.raw("}\n")
}

// rank of a diagnosis is a positiveInt.
func rank(i int) string { return strconv.Itoa(i + 1) }

func (b text) condition(_ *world, p *person, c *condition) text {
	b = b.open("Condition", &c.resource, "us-core-condition")
	if c.verification != "entered-in-error" { // con-5: no clinical status then
		b = b.coding("clinicalStatus", terminology+"condition-clinical", c.clinical)
	}
	if c.verification != "" {
		b = b.coding("verificationStatus", terminology+"condition-ver-status", c.verification)
	}
	b = b.raw(`,"category":[{"coding":[{"system":"`, terminology, `condition-category","code":"problem-list-item"}]}],"code":`, c.code.json)
	b = b.subject("subject", p, c.id).visit(p, c.encounter)
	if c.onsetPeriod {
		b = b.choice("onset", c.onset, asPeriod)
	} else {
		b = b.choice("onset", c.onset, asDateTime)
	}
	b = b.choice("abatement", c.abatement, asDateTime).when("recordedDate", c.recorded)
	if c.id[1]&31 == 5 {
		b = b.raw(`,"note":[{"text":`).str(p.given + " " + p.family + " first told us by phone, " + p.phone).raw(`}]`)
	}
	return b.raw("}\n")
}

func (b text) observation(_ *world, p *person, o *observation) text {
	b = b.open("Observation", &o.resource, "us-core-observation-lab")
	category := "laboratory"
	if o.code.kind == pressurePanel || o.value.unit != nil && o.code.kind == other && vitalUnits[o.value.unit] {
		category = "vital-signs"
	}
	b = b.raw(`,"status":"`, o.status, `","category":[{"coding":[{"system":"`, terminology, `observation-category","code":"`, category, `"}]}],"code":`, o.code.json)
	b = b.subject("subject", p, o.id).visit(p, o.encounter).choice("effective", o.effective, o.shape)
	if o.effective.prec >= toSecond {
		b = append(moment{wall: o.effective.utc(), prec: toMilli, zulu: true}.append(b.raw(`,"issued":"`)), '"')
	}
	b = b.value(o.value, p)
	if o.code.kind == pressurePanel {
		b = b.raw(`,"component":[`)
		if o.systolic.form != noValue {
			b = b.raw(`{"code":{"coding":[{"system":"`, loinc, `","code":"8480-6","display":"Systolic blood pressure"}]}`).value(o.systolic, p).raw(`}`)
		}
		if o.diastolic.form != noValue {
			if o.systolic.form != noValue {
				b = b.raw(`,`)
			}
			b = b.raw(`{"code":{"coding":[{"system":"`, loinc, `","code":"8462-4","display":"Diastolic blood pressure"}]}`).value(o.diastolic, p).raw(`}`)
		}
		b = b.raw(`]`)
	}
	if o.note {
		b = b.raw(`,"note":[{"text":`).str("Taken by the bed of " + p.given + " " + p.family + ", " + p.street).raw(`}]`)
	}
	return b.raw("}\n")
}

// vitalUnits says which routine units belong to vital signs.
var vitalUnits = func() map[*unit]bool {
	m := map[*unit]bool{}
	for _, r := range vitals {
		m[r.unit] = true
	}
	return m
}()

// value appends value[x] or its reason to be absent.
func (b text) value(q quantity, p *person) text {
	switch q.form {
	case measured:
		return b.raw(`,"valueQuantity":{"value":`).decimal(q.number, q.digits).raw(`,"unit":"`, q.unit.text, `","system":"http://unitsofmeasure.org","code":"`, q.unit.code, `"}`)
	case unitText:
		return b.raw(`,"valueQuantity":{"value":`).decimal(q.number, q.digits).raw(`,"unit":"`, q.unit.loose(), `"}`)
	case masked:
		return b.raw(`,"dataAbsentReason":{"coding":[{"system":"`, terminology, `data-absent-reason","code":"unknown"}]}`)
	case wordy:
		return b.raw(`,"valueString":`).str("see letter to " + p.given + " " + p.family)
	case coded:
		return b.raw(`,"valueCodeableConcept":`, smokingAnswers[q.number].json)
	}
	return b
}

func (b text) procedure(_ *world, p *person, x *procedure) text {
	b = b.open("Procedure", &x.resource, "us-core-procedure")
	b = b.raw(`,"status":"`, x.status, `"`)
	if x.status == "not-done" {
		b = b.coding("statusReason", snomed, "183944003")
	}
	return b.raw(`,"code":`, x.code.json).subject("subject", p, x.id).visit(p, x.encounter).choice("performed", x.performed, x.shape).raw("}\n")
}

func (b text) medicationRequest(_ *world, p *person, m *medicationRequest) text {
	b = b.open("MedicationRequest", &m.resource, "us-core-medicationrequest")
	b = b.raw(`,"status":"`, m.status, `","intent":"`, m.intent, `"`)
	switch { // two ways to say it
	case m.doNotPerform && m.id[0]&1 == 0:
		b = b.raw(`,"modifierExtension":[{"url":"http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-doNotPerform","valueBoolean":true}]`)
	case m.doNotPerform:
		b = b.raw(`,"doNotPerform":true`)
	}
	b = b.raw(`,"medicationCodeableConcept":`, m.code.json).subject("subject", p, m.id).visit(p, m.encounter).when("authoredOn", m.authored)
	return b.raw(`,"requester":{"display":"Dr. `, p.family, `"},"dosageInstruction":[{"sequence":1,"text":"one daily for `, p.given,
		`","timing":{"repeat":{"frequency":1,"period":1,"periodUnit":"d"}},"doseAndRate":[{"doseQuantity":{"value":1}}]}]`, "}\n")
}

func (b text) immunization(_ *world, p *person, x *immunization) text {
	b = b.open("Immunization", &x.resource, "us-core-immunization")
	b = b.raw(`,"status":"`, x.status, `"`)
	if x.status == "not-done" {
		b = b.coding("statusReason", terminology+"v3-ActReason", "PATOBJ")
	}
	b = b.raw(`,"vaccineCode":`, x.code.json).subject("patient", p, x.id).visit(p, x.encounter)
	return b.choice("occurrence", x.occurrence, asDateTime).raw(`,"primarySource":true,"lotNumber":"LOT-`, p.ssn, `"`, "}\n")
}

func (b text) coverage(_ *world, p *person, c *coverage) text {
	b = b.open("Coverage", &c.resource, "us-core-coverage")
	if c.status != "" {
		b = b.raw(`,"status":"`, c.status, `"`)
	}
	if c.code != nil {
		b = b.raw(`,"type":`, c.code.json)
	}
	b = b.raw(`,"subscriberId":"S`, p.ssn, `"`).subject("beneficiary", p, c.id)
	b = append(c.start.append(b.raw(`,"period":{"start":"`)), '"')
	return b.when("end", c.end).raw(`},"payor":[{"display":"Payer of `, p.family, `"}]`, "}\n")
}

func (b text) report(_ *world, p *person, r *report) text {
	b = b.open("DiagnosticReport", &r.resource, "us-core-diagnosticreport-lab")
	b = b.raw(`,"status":"final","code":{"coding":[{"system":"`, loinc, `","code":"24323-8","display":"Comprehensive metabolic panel"}]}`)
	b = b.subject("subject", p, r.id).visit(p, r.encounter).when("effectiveDateTime", r.when)
	return b.raw(`,"conclusion":`).str("Dear " + p.given + " " + p.family + ", all is well.").raw("}\n")
}
