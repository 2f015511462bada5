package deid

import (
	"strings"
	"testing"
)

func TestSystems(t *testing.T) {
	p, err := LoadPolicy()
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]string{ // system|code -> canonical system
		"http://loinc.org|4548-4":               "http://loinc.org",
		"urn:oid:2.16.840.1.113883.6.1|85354-9": "http://loinc.org",
		"http://loinc.org|LA6752-5":             "http://loinc.org",
		"http://loinc.org|LA33-6":               "http://loinc.org",
		"http://loinc.org|LA31753-9":            "http://loinc.org",
		"http://loinc.org|LA27538-0":            "http://loinc.org",
		"http://loinc.org|LA30193-9":            "http://loinc.org", "http://loinc.org|LP7751-3": "http://loinc.org",
		"http://www.ada.org/cdt|D0120":                                         "http://www.ada.org/cdt",
		"urn:oid:2.16.840.1.113883.6.259|1108-0":                               "https://www.cdc.gov/nhsn/cdaportal/terminology/codesystem/hsloc.html",
		"http://snomed.info/sct|44054006":                                      "http://snomed.info/sct",
		"http://snomed.info/sct|10509002":                                      "http://snomed.info/sct",
		"http://snomed.info/sct|900000000000207008":                            "http://snomed.info/sct",
		"http://hl7.org/fhir/sid/icd-10-cm|E11.9":                              "http://hl7.org/fhir/sid/icd-10-cm",
		"http://hl7.org/fhir/sid/icd-10-cm|S72.001A":                           "http://hl7.org/fhir/sid/icd-10-cm",
		"http://www.nlm.nih.gov/research/umls/rxnorm|860975":                   "http://www.nlm.nih.gov/research/umls/rxnorm",
		"http://hl7.org/fhir/sid/cvx|140":                                      "http://hl7.org/fhir/sid/cvx",
		"http://www.ama-assn.org/go/cpt|99213":                                 "http://www.ama-assn.org/go/cpt",
		"http://www.ama-assn.org/go/cpt|3074F":                                 "http://www.ama-assn.org/go/cpt",
		"https://nahdo.org/sopt|81":                                            "https://nahdo.org/sopt",
		"http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB":                 "http://terminology.hl7.org/CodeSystem/v3-ActCode",
		"http://terminology.hl7.org/CodeSystem/discharge-disposition|aadvice":  "http://terminology.hl7.org/CodeSystem/discharge-disposition",
		"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation|<": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
		"http://terminology.hl7.org/CodeSystem/v2-0203|MR":                     "http://terminology.hl7.org/CodeSystem/v2-0203",
		"http://terminology.hl7.org/CodeSystem/v3-ReligiousAffiliation|1013":   "http://terminology.hl7.org/CodeSystem/v3-ReligiousAffiliation",
		"http://terminology.hl7.org/CodeSystem/v3-ActReason|PATREQ":            "http://terminology.hl7.org/CodeSystem/v3-ActReason",
		"http://terminology.hl7.org/CodeSystem/service-type|57":                "http://terminology.hl7.org/CodeSystem/service-type",
		"http://hl7.org/fhir/task-code|fulfill":                                "http://hl7.org/fhir/task-code",
		"urn:oid:2.16.840.1.113883.6.238|2106-3":                               "urn:oid:2.16.840.1.113883.6.238",
	}
	for text, want := range kept {
		system, code, _ := strings.Cut(text, "|")
		if c, ok := p.systems.keep(system, code); !ok || c.system != want || c.code != code {
			t.Errorf("%s: kept %v as %v", text, ok, c)
		}
	}
	for _, text := range []string{
		"http://loinc.org|4548-5", "http://loinc.org|LA30193-0", "http://loinc.org|Jane Doe", "http://loinc.org|4548", "http://loinc.org|",
		"http://snomed.info/sct|44054007", "http://snomed.info/sct|123", "http://snomed.info/sct|４４０５４００６",
		"http://hl7.org/fhir/sid/icd-10-cm|DOE", "http://hl7.org/fhir/sid/icd-10-cm|e11.9",
		"http://www.nlm.nih.gov/research/umls/rxnorm|123456789", "http://www.ama-assn.org/go/cpt|JDOE1",
		"http://terminology.hl7.org/CodeSystem/v3-RoleCode|quackenbush", "http://terminology.hl7.org/CodeSystem/v3-ActCode|JDOE", "http://terminology.hl7.org/CodeSystem/v2-0203|SMITH",
		"http://terminology.hl7.org/CodeSystem/v3-ActCode|21612-7", "http://terminology.hl7.org/CodeSystem/v3-ActCode|Jane Doe", "http://terminology.hl7.org/CodeSystem/x|JaneDoe",
		"http://terminology.hl7.org/CodeSystem/jane-quackenbush|active", "http://terminology.hl7.org/CodeSystem/v3-JaneDoe|A", "http://hl7.org/fhir/jane-doe|final",
		"http://terminology.hl7.org/CodeSystem/condition-clinical|mrn-77553311", "http://terminology.hl7.org/CodeSystem/condition-clinical|123-45-6789",
		"http://terminology.hl7.org/CodeSystem/condition-clinical|jane-doe", "http://terminology.hl7.org/CodeSystem/device-type|m-123-45-67",
		"http://terminology.hl7.org/CodeSystem/service-type|1234", "http://terminology.hl7.org/CodeSystem/service-type|MRN7755",
		"http://terminology.hl7.org/CodeSystem/v2-12345|A", "http://terminology.hl7.org/CodeSystem/v2-0###|A", "http://terminology.hl7.org/CodeSystem/*|A",
		"http://terminology.hl7.org/CodeSystem/Jane_Doe|a", "http://terminology.hl7.org/CodeSystem/a/b|a",
		"http://vendor.example/codes|4548-4", "|4548-4", "http://loinc.org.example/|4548-4", "http://hl7.org/fhir/SID/icd-10-cm|E11.9",
		"urn:oid:2.16.840.1.113883.6.1.7|4548-4", "urn:uuid:2.16.840.1.113883.6.1|4548-4", "ftp://loinc.org|4548-4", "http://loinc.org|4548-4 ",
	} {
		system, code, _ := strings.Cut(text, "|")
		if c, ok := p.systems.keep(system, code); ok {
			t.Errorf("%s is kept as %v", text, c)
		}
	}
}

func TestUnits(t *testing.T) {
	p, err := LoadPolicy()
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range strings.Fields(`mm[Hg] mg/dL kg/m2 {score} /min 10*3/uL 10*6/uL % mmol/L mL/min/{1.73_m2} [degF] Cel cm kg fL pg
		U/L [IU]/L m[IU]/mL ug/L [pH] {#} {#}/d /[HPF] /100{WBCs} /a s-1 m+2 10*-3/L 10^9/L dyn.s.cm-5/m2 ug/kg/min [in_i'H2O] cm[H2O]/L/s meq/L mosm/kg a wk [lb_av] [in_i] 10*9/L mm/h {nominal} mL/min {INR} [arb'U]/mL mg/(24.h) m/s2 [hnsf'U] day years`) {
		if !p.units.valid(unit) {
			t.Errorf("%s is no unit", unit)
		}
	}
	for _, text := range []string{"SSN", "MRN", "Jane", "Doe", "{Jane}", "mg{Jane Doe}", "mm[Jane]", "mm[Hg", "123-45-6789", "mg//dL", "", "()", "(mg", "mmHg",
		"g123456789", "123.456.789", "mg19570321", "m-555123", "m12", "m--1", "g1.g2.g3", "10*12.123/L", "10*", "10*6", "123", "/123", "1.2.3.mg",
		"mg.555.123", "(123)", "years/mL", "2.years", "m.m.m.m.m.m", "10*123/L", "mg.10*12.10*3",
		"1234", strings.Repeat("mg.", 20) + "mg"} {
		if p.units.valid(text) {
			t.Errorf("%q is a unit", text)
		}
	}
}

func TestPlaces(t *testing.T) {
	p, err := LoadPolicy()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"12180": "121", "12180-1234": "121", "121801234": "121", "03601": "000", "20301": "000", "09012": "000", "00000": "000",
		"1218": "", "12180-": "", "SW1A 1AA": "", "１２１８０": "", "1218A": "", "": "", "12180 ": "",
	} {
		if got, ok := p.places.zip3([]byte(text)); got != want || ok != (want != "") {
			t.Errorf("ZIP3 of %q is %q", text, got)
		}
	}
	for text, want := range map[string]string{
		"NY": "NY", "ny": "NY", "New York": "NY", " massachusetts ": "MA", "VI": "VI", "York": "", "Jane Doe": "", "XX": "", "": "", "N": "", "A|AK": "",
	} {
		if got, ok := p.places.state([]byte(text)); got != want || ok != (want != "") {
			t.Errorf("state of %q is %q", text, got)
		}
	}
}

func TestReferences(t *testing.T) {
	for text, want := range map[string]string{
		"Patient/1": "Patient/1", "Patient/1/_history/3": "Patient/1", "https://a.example/fhir/Patient/1": "Patient/1",
		"http://a.example/Patient/1/_history/2": "Patient/1", "urn:uuid:018f428e-34f6-4707-8009-5ad742f901e7": "/018f428e-34f6-4707-8009-5ad742f901e7",
		"#p": "", "Patient?identifier=x|1": "", "urn:oid:1.2.3": "", "Patient": "", "Patient/": "", "": "", "a/Patient/1": "",
		"patient/1": "Patient/1", "Resource/1": "/1", "Nobody/1": "", "Patient/a b": "", "javascript:Patient/1": "", "https://a.example/fhir?x=Patient/1": "",
	} {
		got := ""
		if target, ok := parseReference([]byte(text)); ok {
			got = string(target.typ) + "/" + string(target.id)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestProfiles(t *testing.T) {
	p, err := LoadPolicy()
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{
		"http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-procedurenotdone", "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-servicenotrequested",
		"http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-observationcancelled|6.0.0",
	} {
		if !p.profiles.negates(url) {
			t.Errorf("%s does not negate", url)
		}
	}
	for url, want := range map[string]string{
		"http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|6.1.0": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient",
		"http://hl7.org/fhir/us/core/StructureDefinition/JaneDoe":               "", "http://hl7.org/fhir/us/core/StructureDefinition/jane-doe": "",
		"http://vendor.example/us-core-patient": "", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-jane-doe": "",
	} {
		got, ok := p.profiles.keep(url)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s is kept as %q, %v", url, got, ok)
		}
		if p.profiles.negates(url) {
			t.Errorf("%s negates", url)
		}
	}
}

func TestAges(t *testing.T) {
	day := func(text string) int64 {
		d, ok := ParseDay(text)
		if !ok {
			t.Fatal(text)
		}
		return d
	}
	for _, c := range []struct {
		born, on string
		want     int64
	}{
		{"1934-05-10", "2024-05-09", 89}, {"1934-05-10", "2024-05-10", 90}, {"2004-02-29", "2023-02-28", 18}, {"2004-02-29", "2023-03-01", 19},
		{"2004-02-29", "2024-02-29", 20}, {"1969-12-31", "1970-01-01", 0},
	} {
		if got := ageYears(day(c.born), day(c.on)); got != c.want {
			t.Errorf("born %s, on %s: %d, want %d", c.born, c.on, got, c.want)
		}
	}
	for d := day("1600-01-01"); d < day("2200-01-01"); d++ {
		if back := day(FormatDay(d)); back != d {
			t.Fatalf("day %d is %s and that is %d", d, FormatDay(d), back)
		}
	}
}

func TestLanguages(t *testing.T) {
	p, err := LoadPolicy()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"en": "en", "EN-us": "en-US", "zh-hant-TW": "zh-Hant-TW", "sr-Latn": "sr-Latn", "es-419": "es-419", "hmn": "hmn",
		"kim-john-le": "", "jo-Doe": "", "en-US-john": "", "en-": "", "zh-Hant-": "", "": "", "en-Jane": "", "en-Latn-Jane": "", "en-QZ": "", "jane": "", "doe": "",
	} {
		if got, ok := p.languages.tag(text); ok != (want != "") || ok && got != want {
			t.Errorf("%q is %q, %v; want %q", text, got, ok, want)
		}
	}
}
