package datasets

import (
	"context"
	"testing"
)

// What a Claim says of an encounter's diagnoses can be joined, its days are sealed where dates are shifted, and an order for a
// device that says doNotPerform, as R5 is carried back to R4, is none.
func TestExtractClaim(t *testing.T) {
	ctx := context.Background()
	key := constantKey(t)
	dir := caseFolder(t, map[string]string{
		"p.json": `{"resourceType":"Patient","id":"p","extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-sex","valueCode":"248152002"}]}`,
		"e.json": `{"resourceType":"Encounter","id":"e","status":"finished","subject":{"reference":"Patient/p"},"period":{"start":"2024-03-01T10:00:00Z"}}`,
		"c.json": `{"resourceType":"Claim","id":"c","status":"active","use":"claim","patient":{"reference":"Patient/p"},"created":"2024-03-31","billablePeriod":{"start":"2024-03-01","end":"2024-03-31"},
			"diagnosis":[{"sequence":1,"diagnosisCodeableConcept":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"I63.9"}],"text":"stroke of Ann"},
				"onAdmission":{"coding":[{"system":"https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/HospitalAcqCond/Coding","code":"Y"}]}},{"sequence":2,"diagnosisReference":{"reference":"Condition/x"}}],
			"item":[{"sequence":1,"diagnosisSequence":[2,1],"servicedDate":"2024-03-01","encounter":[{"reference":"Encounter/e"}]}]}`,
		"d.json": `{"resourceType":"DeviceRequest","id":"d","status":"completed","intent":"order","subject":{"reference":"Patient/p"},"codeCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"183240000"}]},
			"modifierExtension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-DeviceRequest.doNotPerform","valueBoolean":true}]}`,
		"g.json": `{"resourceType":"DiagnosticReport","id":"g","status":"final","subject":{"reference":"Patient/p"},"effectiveDateTime":"2024-03-02","conclusion":"of Ann","result":[{"reference":"Observation/o"}]}`,
	})
	s := emptyStore(t)
	report, err := Extract(ctx, s, ExtractRequest{Cases: []Case{{"M/one", dir}}, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	sn, err := s.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	db, err := attachTest(t, sn, key)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct{ sql, want string }{
		"diagnoses of the encounter": {`SELECT string_agg(d.sequence || coalesce(' ' || k.code, '') || coalesce(' ' || a.code, ''), ', ' ORDER BY n.ordinal) FROM encounter e JOIN claim_item_encounter i ON i.target_rid = e.rid
			JOIN claim_item_diagnosis n ON n.rid = i.rid AND n.parent_ordinal = i.parent_ordinal JOIN claim_diagnosis d ON d.rid = n.rid AND d.sequence = n.value
			LEFT JOIN concept k ON k.concept = d.diagnosis_concept LEFT JOIN concept a ON a.concept = d.on_admission`, "2, 1 I63.9 Y"},
		"days at rest":      {"SELECT (count(created) + count(billable_period_start) + count(billable_period_end)) || ' of ' || (count(created_seal) + count(billable_period_start_seal) + count(billable_period_end_seal)) FROM keyed.raw_claim", "0 of 3"},
		"days with a key":   {"SELECT strftime(created, '%Y-%m-%d') || ' ' || strftime(billable_period_start, '%Y-%m-%d') FROM claim", "2024-03-31 2024-03-01"},
		"what was not done": {"SELECT string_agg(negated::VARCHAR, ' ') FROM device_request", "true"},
		"sex":               {"SELECT url || ' ' || value_code FROM patient_extension", "sex 248152002"},
		"a report":          {"SELECT min(d.status) || ' ' || strftime(min(d.effective_start), '%Y-%m-%d') || ' ' || count(r.target_rid) FROM diagnostic_report d JOIN diagnostic_report_result r USING (rid)", "final 2024-03-02 1"},
	} {
		var got string
		if err := db.QueryRow(ctx, what, c.sql, &got); err != nil || got != c.want {
			t.Errorf("%s: %q, want %q, %v", what, got, c.want, err)
		}
	}
}
