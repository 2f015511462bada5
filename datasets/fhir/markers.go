package fhir

// markers are, for each resource type, what tells another release from R4: read from the definitions of DSTU2 (1.0.2),
// STU3 (3.0.2), R4 (4.0.1), R4B (4.3.0) and R5 (5.0.0). Few and sure is the rule: an element that servers add to R4
// under the same name has no place here, nor one that differs only in being a list or not, which servers get wrong.
var markers = map[string][]marker{
	"AllergyIntolerance": {
		{element: "clinicalStatus", kind: String, release: STU3},
		{element: "verificationStatus", kind: String, release: STU3},
		{element: "type", kind: Object, release: R5},
		{element: "assertedDate", release: STU3},
	},
	"CarePlan": {
		{element: "context", release: STU3},
		{element: "activity", inItems: true, within: "plannedActivityReference", release: R5},
	},
	"CareTeam": {{element: "context", release: STU3}},
	"Condition": {
		{element: "clinicalStatus", kind: String, release: STU3},
		{element: "verificationStatus", kind: String, release: STU3},
		{element: "context", release: STU3},
		{element: "assertedDate", release: STU3},
		{element: "patient", release: DSTU2},
		{element: "dateRecorded", release: DSTU2},
		{element: "participant", release: R5},
		{element: "evidence", inItems: true, within: "concept", release: R5},
		{element: "evidence", inItems: true, within: "reference", release: R5},
	},
	"Coverage": {
		{element: "grouping", release: STU3},
		{element: "kind", release: R5},
		{element: "insurer", release: R5},
		{element: "paymentBy", release: R5},
		{element: "subscriberId", kind: Array, release: R5},
		{element: "subscriberId", kind: Object, release: DSTU2},
	},
	"Device": {
		{element: "udi", release: STU3},
		{element: "name", release: R5},
	},
	"DiagnosticReport": {
		{element: "context", release: STU3},
		{element: "codedDiagnosis", release: STU3},
		{element: "supportingInfo", release: R5},
	},
	"DocumentReference": {
		{element: "indexed", release: STU3},
		{element: "class", release: STU3},
		{element: "context", kind: Array, release: R5},
		{element: "attester", release: R5},
	},
	"Encounter": {
		{element: "class", kind: Array, release: R5},
		{element: "class", kind: String, release: DSTU2},
		{element: "actualPeriod", release: R5},
		{element: "admission", release: R5},
		{element: "patient", release: DSTU2},
		{element: "reason", inItems: true, within: "coding", release: STU3},
		{element: "reason", inItems: true, within: "value", release: R5},
		{element: "participant", inItems: true, within: "actor", release: R5},
	},
	"Goal": {{element: "status", release: STU3}},
	"Immunization": {
		{element: "notGiven", release: STU3},
		{element: "wasNotGiven", release: DSTU2},
		{element: "date", release: STU3},
		{element: "explanation", release: STU3},
		{element: "informationSource", release: R5},
		{element: "reason", inItems: true, within: "concept", release: R5},
	},
	"Location": {
		{element: "form", release: R5},
		{element: "contact", release: R5},
	},
	"Medication": {
		{element: "isBrand", release: STU3},
		{element: "product", release: DSTU2},
		{element: "doseForm", release: R5},
	},
	"MedicationAdministration": {
		{element: "medication", kind: Object, release: R5},
		{element: "notGiven", release: STU3},
		{element: "wasNotGiven", release: DSTU2},
		{element: "occurenceDateTime", release: R5}, // R5 misspells it
		{element: "occurencePeriod", release: R5},
	},
	"MedicationDispense": {
		{element: "medication", kind: Object, release: R5},
		{element: "notDone", release: STU3},
	},
	"MedicationRequest": {
		{element: "medication", kind: Object, release: R5},
		{element: "context", release: STU3},
		{element: "requester", within: "agent", release: STU3},
		{element: "effectiveDosePeriod", release: R5},
	},
	"MedicationStatement": {
		{element: "medication", kind: Object, release: R5},
		{element: "taken", release: STU3},
		{element: "wasNotTaken", release: DSTU2},
		{element: "patient", release: DSTU2},
	},
	"Observation": {
		{element: "context", release: STU3},
		{element: "comment", release: STU3},
		{element: "related", release: STU3},
		{element: "comments", release: DSTU2},
		{element: "triggeredBy", release: R5},
		{element: "instantiatesCanonical", release: R5},
	},
	"Organization": {
		{element: "contact", inItems: true, within: "name", kind: Array, release: R5},
	},
	"Patient": {
		{element: "animal", release: STU3},
		{element: "careProvider", release: DSTU2},
	},
	"Procedure": {
		{element: "notDone", release: STU3},
		{element: "notDoneReason", release: STU3},
		{element: "context", release: STU3},
		{element: "notPerformed", release: DSTU2},
		{element: "occurrenceDateTime", release: R5},
		{element: "occurrencePeriod", release: R5},
		{element: "performer", inItems: true, within: "role", release: STU3},
	},
	"ServiceRequest": {{element: "code", within: "concept", release: R5}},
}
