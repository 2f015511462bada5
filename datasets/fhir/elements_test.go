package fhir_test

import (
	"slices"
	"testing"

	"farr/datasets/fhir"
)

// What the table says, held against the pages of the specification (R4, 4.0.1).
func TestElementModel(t *testing.T) {
	for _, c := range []struct {
		inside, member, path, typ, within string
		repeats, modifier                 bool
	}{
		{"Patient", "gender", "Patient.gender", "code", "", false, false},
		{"Patient", "active", "Patient.active", "boolean", "", false, true},
		{"Patient", "_birthDate", "Patient.birthDate", "date", "", false, false},
		{"Patient", "deceasedDateTime", "Patient.deceased[x]", "dateTime", "", false, true},
		{"Patient", "contact", "Patient.contact", "BackboneElement", "Patient.contact", true, false},
		{"Patient.contact", "gender", "Patient.contact.gender", "code", "", false, false},
		{"Patient.contact", "modifierExtension", "BackboneElement.modifierExtension", "Extension", "Extension", true, true},
		{"Patient", "meta", "Resource.meta", "Meta", "Meta", false, false},
		{"Patient", "implicitRules", "Resource.implicitRules", "uri", "", false, true},
		{"Observation", "valueQuantity", "Observation.value[x]", "Quantity", "Quantity", false, false},
		{"Observation.component", "referenceRange", "Observation.component.referenceRange", "BackboneElement", "Observation.referenceRange", true, false},
		{"Age", "comparator", "Quantity.comparator", "code", "", false, true},
		{"MedicationRequest", "dosageInstruction", "MedicationRequest.dosageInstruction", "Dosage", "Dosage", true, false},
		{"Timing", "repeat", "Timing.repeat", "Element", "Timing.repeat", false, false},
		{"Timing.repeat", "boundsPeriod", "Timing.repeat.bounds[x]", "Period", "Period", false, false},
	} {
		e, typ, ok := fhir.ElementOf(c.inside, c.member)
		if !ok {
			t.Errorf("%s has no %s", c.inside, c.member)
			continue
		}
		if e.Path != c.path || typ.Name != c.typ || typ.Inside != c.within || e.Repeats != c.repeats || e.Modifier != c.modifier {
			t.Errorf("%s.%s is %+v as %+v, want %+v", c.inside, c.member, e, typ, c)
		}
	}
	for inside, member := range map[string]string{
		"Patient": "birthdate", "Observation": "valueAddress", "Condition": "value", "Timing": "boundsPeriod", "Nobody": "id", "Patient.gender": "id", "Encounter": "contact",
	} {
		if e, _, ok := fhir.ElementOf(inside, member); ok {
			t.Errorf("%s.%s is %s", inside, member, e.Path)
		}
	}
	_, typ, _ := fhir.ElementOf("Observation", "subject")
	if !slices.Equal(typ.Targets, []string{"Device", "Group", "Location", "Patient"}) {
		t.Errorf("targets of a subject: %v", typ.Targets)
	}
	if n := len(fhir.ResourceTypes()); n != 146 || !fhir.IsResource("Observation") || fhir.IsResource("Quantity") || fhir.IsResource("DomainResource") {
		t.Errorf("%d resource types", n)
	}
	for _, typ := range fhir.ResourceTypes() {
		if len(fhir.ElementsOf(typ)) < 5 {
			t.Errorf("%s has %d elements", typ, len(fhir.ElementsOf(typ)))
		}
	}
	if !fhir.IsDataType("Quantity") || !fhir.IsDataType("base64Binary") || fhir.IsDataType("Patient") || fhir.IsDataType("string2") {
		t.Error("data types")
	}
}
