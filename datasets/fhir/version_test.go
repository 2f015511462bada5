package fhir

import (
	"fmt"
	"strings"
	"testing"
)

func TestNotR4(t *testing.T) {
	tests := []struct {
		body string // members after resourceType and id
		want string // release and proof
	}{
		// What R4 and R4B say, next to what is told from it.
		{`"resourceType":"Patient","gender":"female","birthDate":"1970"`, ""},
		{`"resourceType":"Condition","clinicalStatus":{"coding":[{"code":"active"}]},"recordedDate":"2020","evidence":[{"code":[{}],"detail":[{}]}]`, ""},
		{`"resourceType":"Encounter","class":{"code":"AMB"},"period":{},"participant":[{"individual":{}}],"reasonCode":[{}],"serviceType":{}`, ""},
		{`"resourceType":"MedicationRequest","medicationReference":{"reference":"Medication/1"},"requester":{"reference":"Practitioner/1"}`, ""},
		{`"resourceType":"DocumentReference","context":{"encounter":[{}]}`, ""},
		{`"resourceType":"MedicationAdministration","context":{"reference":"Encounter/1"},"medicationCodeableConcept":{}`, ""},
		{`"resourceType":"AllergyIntolerance","type":"allergy","clinicalStatus":{}`, ""},
		{`"resourceType":"ServiceRequest","code":{"coding":[{}]}`, ""},
		{`"resourceType":"Organization","contact":[{"name":{"family":"x"}}]`, ""},
		{`"resourceType":"CapabilityStatement","fhirVersion":"4.0.1"`, ""},
		{`"resourceType":"CapabilityStatement","fhirVersion":"4.3.0"`, ""},
		{`"resourceType":"CapabilityStatement"`, ""},
		{`"resourceType":"Observation","component":[{"context":1}],"note":[{"text":"context"}]`, ""},
		{`"resourceType":"Patiant"`, ""},
		{`"resourceType":"SubscriptionTopic"`, ""}, // R4B has it

		{`"resourceType":"Condition","clinicalStatus":"active"`, "STU3 Condition.clinicalStatus as a string"},
		{`"resourceType":"Condition","assertedDate":"2017"`, "STU3 Condition.assertedDate"},
		{`"resourceType":"Condition","evidence":[{"concept":{}}]`, "R5 Condition.evidence.concept"},
		{`"resourceType":"Encounter","class":[{"coding":[{"code":"AMB"}]}]`, "R5 Encounter.class as a list"},
		{`"resourceType":"Encounter","class":"inpatient"`, "DSTU2 Encounter.class as a string"},
		{`"resourceType":"Encounter","actualPeriod":{}`, "R5 Encounter.actualPeriod"},
		{`"resourceType":"Encounter","reason":[{"coding":[{}]}]`, "STU3 Encounter.reason.coding"},
		{`"resourceType":"Encounter","reason":[{"use":[{}],"value":[{}]}]`, "R5 Encounter.reason.value"},
		{`"resourceType":"MedicationRequest","medication":{"concept":{}}`, "R5 MedicationRequest.medication as an object"},
		{`"resourceType":"MedicationRequest","requester":{"agent":{}}`, "STU3 MedicationRequest.requester.agent"},
		{`"resourceType":"Observation","context":{"reference":"Encounter/1"}`, "STU3 Observation.context"},
		{`"resourceType":"Procedure","notDone":false`, "STU3 Procedure.notDone"},
		{`"resourceType":"Procedure","occurrenceDateTime":"2023"`, "R5 Procedure.occurrenceDateTime"},
		{`"resourceType":"Immunization","notGiven":false`, "STU3 Immunization.notGiven"},
		{`"resourceType":"Immunization","wasNotGiven":false`, "DSTU2 Immunization.wasNotGiven"},
		{`"resourceType":"Patient","careProvider":[{}]`, "DSTU2 Patient.careProvider"},
		{`"resourceType":"Goal","status":"in-progress"`, "STU3 Goal.status"},
		{`"resourceType":"CapabilityStatement","fhirVersion":"3.0.2"`, "STU3 CapabilityStatement.fhirVersion"},
		{`"resourceType":"CapabilityStatement","fhirVersion":"5.0.0"`, "R5 CapabilityStatement.fhirVersion"},
		{`"resourceType":"CapabilityStatement","fhirVersion":"1.0.2"`, "DSTU2 CapabilityStatement.fhirVersion"},
		{`"resourceType":"MedicationOrder"`, "DSTU2 a resource type of that release"},
		{`"resourceType":"ProcedureRequest"`, "STU3 a resource type of that release"},
		{`"resourceType":"NutritionIntake"`, "R5 a resource type of that release"},
	}
	var d Doc
	for _, tt := range tests {
		why := d.Parse([]byte(`{"id":"a",` + tt.body + `}`))
		if why != "" && why != WrongResourceType {
			t.Fatalf("%s: %s", tt.body, why)
		}
		f, ok := d.NotR4()
		got := ""
		if ok {
			got = f.Release + " " + f.What
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.body, got, tt.want)
		}
	}
	e := Foreign{STU3, "Goal.status"}.At(Input{Name: "g.ndjson"}, Line{Number: 3, Offset: 40})
	if got, want := e.Error(), "g.ndjson:3: byte 40: not-fhir-r4: the resource is of FHIR STU3 (Goal.status); farr reads R4, so export again as R4"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	// What an earlier line proved is not said of the next.
	_ = d.Parse([]byte(`{"resourceType":"Patient","id":"a"}`))
	if f, ok := d.NotR4(); ok {
		t.Errorf("after a foreign line: %v", f)
	}
	_ = d.Parse([]byte(`{`))
	if f, ok := d.NotR4(); ok {
		t.Errorf("after a bad line: %v", f)
	}
}

// Every marker fires on the least resource that has it, and is of a type that R4 has.
func TestMarkers(t *testing.T) {
	forms := map[Kind]string{Absent: `true`, String: `"x"`, Array: `[{}]`, Object: `{}`}
	var d Doc
	for typ, list := range markers {
		for _, m := range list {
			body := forms[m.kind]
			if m.within != "" {
				body = fmt.Sprintf(`{%q:%s}`, m.within, body)
			}
			if m.inItems {
				body = "[" + body + "]"
			}
			line := fmt.Sprintf(`{"resourceType":%q,"id":"a",%q:%s}`, typ, m.element, body)
			if why := d.Parse([]byte(line)); why != "" {
				t.Fatalf("%s: %s", line, why)
			}
			f, ok := d.NotR4()
			if !ok || f.Release != m.release || !strings.HasPrefix(f.What, typ+"."+m.element) {
				t.Errorf("%s: %v %v", line, f, ok)
			}
		}
	}
}

func TestResourceTypes(t *testing.T) {
	// The concrete types of the R4 (4.0.1) definitions.
	if len(r4Types) != 146 {
		t.Errorf("%d types, want 146", len(r4Types))
	}
	for name := range foreignTypes {
		if IsResourceType([]byte(name)) {
			t.Errorf("%s is both of R4 and not", name)
		}
	}
	if !IsResourceType([]byte("Patient")) || IsResourceType([]byte("patient")) || IsResourceType(nil) {
		t.Error("IsResourceType is wrong")
	}
}
