package deid

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"farr/datasets/fhir"
)

// kept runs one resource through the policy and gives the cells of its rows by
// table: the text of bytes, or the number.
func kept(t *testing.T, json string) map[string][]map[string]any {
	t.Helper()
	return keptIn(t, Limited, json)
}

func keptIn(t *testing.T, profile Profile, json string) map[string][]map[string]any {
	t.Helper()
	policy, err := LoadPolicy()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Compile(policy, profile)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := LoadZone("UTC")
	if err != nil {
		t.Fatal(err)
	}
	x := NewExtractor(Config{Plan: plan, Key: testKey(t, keyText), Zone: zone, Source: "main", Dictionary: NewDictionary()})
	var d fhir.Doc
	if why := d.Parse([]byte(json)); why != "" {
		t.Fatal(why)
	}
	record, verdict := x.Extract(&d, 1)
	if verdict != Stored {
		t.Fatalf("%s %s", verdict, x.Reason())
	}
	rows := map[string][]map[string]any{}
	read := func(table *Table, b []byte) []byte {
		r := newOutRow(table)
		b = r.decode(b)
		cells := map[string]any{}
		for _, i := range r.Set() {
			c := r.Cell(i)
			switch table.Columns[i].Type {
			case Varchar:
				cells[table.Columns[i].Name] = string(c.Bytes)
			case Decimal:
				text := new(big.Rat).SetFrac(new(big.Int).SetBytes(c.Bytes), big.NewInt(1e8)).FloatString(4)
				cells[table.Columns[i].Name] = strings.TrimRight(strings.TrimRight(text, "0"), ".")
			default:
				cells[table.Columns[i].Name] = c.Number
			}
		}
		rows[table.Name] = append(rows[table.Name], cells)
		return b
	}
	tables := plan.types[record.kind].tables
	for rest := read(tables[0], record.body[bodyHead:]); len(rest) > 0; {
		rest = read(tables[rest[0]], rest[1:])
	}
	return rows
}

// A list in a list is a table that names the row around it; a list of dates has
// its values in a column of that name.
func TestNestedChildTables(t *testing.T) {
	rows := kept(t, `{"resourceType":"MedicationRequest","id":"m","subject":{"reference":"Patient/p"},"dosageInstruction":[
		{"timing":{"event":["2024-01-02","2024-01-05"],"repeat":{"timeOfDay":["08:00:00","20:00:00"]}}},
		{"timing":{"event":["2024-02-01"]}}]}`)
	var around []any
	for _, r := range rows["medication_request_dosage_event"] {
		around = append(around, r["parent_ordinal"])
		if r["value"] == nil || r["value_prec"] != int64(fhir.Day) {
			t.Errorf("an event without its day: %v", r)
		}
	}
	if !slices.Equal(around, []any{int64(0), int64(0), int64(1)}) {
		t.Errorf("events of the dosages %v", around)
	}
	dosage := rows["medication_request_dosage"]
	if len(dosage) != 2 || dosage[0]["timing_time_of_day_count"] != int64(2) || dosage[1]["timing_time_of_day_count"] != nil {
		t.Errorf("dosages %v", dosage)
	}
}

// An extension of an element is a column beside it, a complex one of the resource
// a row of its own table; an element with an extension alone is there without value.
func TestElementExtensions(t *testing.T) {
	rows := kept(t, `{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/p"},
		"diagnosis":[{"rank":1,"extension":[{"url":"http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-encounter-diagnosisPresentOnAdmission",
			"valueCodeableConcept":{"coding":[{"system":"https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/HospitalAcqCond/Coding","code":"Y"}]}}]},{"rank":2}],
		"extension":[{"url":"http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-encounter-procedure","extension":[
			{"url":"rank","valuePositiveInt":1},{"url":"procedure","valueReference":{"reference":"Procedure/x"}}]}]}`)
	diagnosis := rows["encounter_diagnosis"]
	if len(diagnosis) != 2 || diagnosis[0]["present_on_admission"] == nil || diagnosis[0]["present_on_admission"] == int64(0) || diagnosis[1]["present_on_admission"] != nil {
		t.Errorf("present on admission: %v", diagnosis)
	}
	procedure := rows["encounter_procedure"]
	if len(procedure) != 1 || procedure[0]["rank"] != int64(1) || procedure[0]["procedure_rid"] == nil {
		t.Errorf("procedures: %v", procedure)
	}
	rows = kept(t, `{"resourceType":"Procedure","id":"q","status":"not-done","subject":{"reference":"Patient/p"},
		"code":{"extension":[{"url":"http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-notDoneValueSet","valueCanonical":"http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.464.1003.1|20240101"}]},
		"_performedDateTime":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}}`)
	r := rows["procedure"][0]
	if r["performed_tag"] != "dateTime" || r["performed_start"] != nil || r["not_done_value_set"] != "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.464.1003.1" || r["negated"] != int64(1) {
		t.Errorf("not done: %v", r)
	}
}

// The URL of a value set ends in an OID, or it is text that someone wrote.
func TestPublishedValueSet(t *testing.T) {
	for text, want := range map[string]bool{
		"http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113762.1.4.1111.143": true, "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840": false,
		"http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.123456789": false, "http://cts.nlm.nih.gov/fhir/ValueSet/": false,
		"http://cts.nlm.nih.gov/fhir/ValueSet/Jane": false, "http://cts.nlm.nih.gov/fhir/ValueSet/.1": false, "http://local/ValueSet/1.2": false,
	} {
		if _, ok := publishedValueSet([]byte(text)); ok != want {
			t.Errorf("%s: %v", text, ok)
		}
	}
}

// Every negation that a modifier can say is read, misspelt or not, and none of
// them makes a resource unknown.
func TestNegationByModifier(t *testing.T) {
	for _, c := range []struct{ head, url string }{
		{`"resourceType":"DeviceRequest"`, "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-doNotPerform"},
		{`"resourceType":"DeviceRequest"`, "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-doNotPeform"},
		{`"resourceType":"ServiceRequest"`, "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-doNotPerform"},
		{`"resourceType":"Communication"`, "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-notDone"},
		{`"resourceType":"Observation"`, "http://Hl7.org/fhir/us/qicore/StructureDefinition/qicore-notDone"},
	} {
		rows := kept(t, `{`+c.head+`,"id":"x","subject":{"reference":"Patient/p"},"modifierExtension":[{"url":"`+c.url+`","valueBoolean":true}]}`)
		for _, r := range rows {
			if r[0]["negated"] != int64(1) {
				t.Errorf("%s %s: not negated", c.head, c.url)
			}
		}
	}
}

// An age over 89 stays out in whatever unit of time it stands, calendar units too.
func TestAgeInCalendarUnits(t *testing.T) {
	for value, open := range map[string]bool{
		`"value":89,"unit":"years"`: true, `"value":95,"unit":"years"`: false, `"value":95,"unit":"year"`: false, `"value":1200,"unit":"months"`: false,
		`"value":95,"system":"http://hl7.org/fhirpath/CodeSystem/calendar-units","code":"years"`: false, `"value":4000000000,"unit":"seconds"`: false,
	} {
		rows := keptIn(t, Shifted, `{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/p"},
			"code":{"coding":[{"system":"http://loinc.org","code":"30525-0"}]},"valueQuantity":{`+value+`}}`)
		if got := rows["observation"][0]["value_num"] != nil; got != open {
			t.Errorf("%s: kept %v", value, got)
		}
	}
}
