package deid

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const (
	loincURI  = "http://loinc.org"
	snomedURI = "http://snomed.info/sct"
)

// Codes of each kind that exist, and what is like them and is no code: a form is held from
// both sides.
func TestCodeForms(t *testing.T) {
	p, err := LoadPolicy()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ system, good, bad string }{
		{loincURI, "4548-4 85354-9 2345-7 LA6752-5 LP7751-3 100000-9", "4548-5 85354-0 45484 4548 -4 LX6752-5 4548-44 12345678-4 MTHU0001"},
		{snomedURI, "44054006 138875005 22298006 900000000000207008 1001000119102 999480561000087100",
			// descriptions (partitions 01 and 11), a relationship (02), a leading zero, a short id of the long form
			"44054007 754786014 2884797023 1011000004119 440540017 044054006 123 4405400 1234567890123456789 555104"},
		{"http://hl7.org/fhir/sid/icd-10-cm", "E11.9 E119 S72.001A M1A.00X0 C7A.010 Z3A.01 U07.1 I82.4Y1 O35.AXX0 T40.411A I10 Z00.00",
			"E 11.9 E11. e11.9 J0HNDOE JOHN EE1.9 E1Z.9 S72.001AB S72.001AI E11.9.1 123"},
		{"http://hl7.org/fhir/sid/icd-10", "E11 E11.9 M10.00", "E11.9A M1A.0 JOE E11.999"},
		{"http://hl7.org/fhir/sid/icd-9-cm", "250.00 25000 V58.67 E950.1 410", "2500000 VV8.67 E9501.1 250.001 X12"},
		{"urn:oid:2.16.840.1.113883.6.104", "39.50 3950 01.0", "395001 39.501 A9.50"},
		{"http://www.cms.gov/Medicare/Coding/ICD10", "0DTJ4ZZ GZJZZZZ HZ2ZZZZ BW03ZZZ DWY5GDZ XW033E5 F07M6ZZ CT13YZZ",
			"PARKERS JANEDXE 0DTJ4ZI 0DTJ4ZO 0DTJ4Z 0DTJ4ZZZ SMYTHEE GANDERS BARKERZ DANHERB"},
		{"http://www.nlm.nih.gov/research/umls/rxnorm", "860975 1 2670377", "0860975 5551234 123456789 A123 123-45-6789"},
		{"http://hl7.org/fhir/sid/cvx", "140 08 998", "1400 A4"},
		{"http://hl7.org/fhir/sid/mvx", "PFR MOD SKB", "pfr PFIZER P1R"},
		{"http://hl7.org/fhir/sid/ndc", "0002-8215-01 50580-449-05 50580-0449-5 00002821501 12345-6789-01", "555-123-4567 123-45-6789 5551234567 000028215012 5555-123-45"},
		{"http://www.ama-assn.org/go/cpt", "99213 3074F 0001U 0031A 0042T 0004M", "9921 992133 JDOE1 3074X"},
		{"http://www.nlm.nih.gov/research/umls/hcpcs", "G0438 J1100 V2020", "W0438 G438 GG438 g0438"},
		{"http://www.ada.org/cdt", "D0120", "D012 E0120 DOE12"},
		{"https://www.cdc.gov/nhsn/cdaportal/terminology/codesystem/hsloc.html", "1108-0 1160-1", "1108-1 11080 108-0"},
		{"urn:oid:2.16.840.1.113883.6.238", "2106-3 2135-2 1002-5", "2106-4 2106 LA06-3"},
		{"http://nucc.org/provider-taxonomy", "207R00000X 163WC0400X", "207R00000 JDOE00000X 207R000000"},
		{"http://www.whocc.no/atc", "A10BA02 A10BA A10B A10 A C09AA05", "W10BA02 A1 A10BA2 JOHN"},
		{"http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl", "C25149 C2991", "C0123 25149 C1234567 CARL"},
		{"http://hl7.org/fhir/ndfrt", "N0000175503", "N0100175503 N000017550 0000175503"},
		{"https://nahdo.org/sopt", "81 121 3812", "081 1234567 A1"},
		{"https://www.nubc.org/CodeSystem/RevenueCodes", "0450 450", "1450 45 04500"},
		{"https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set", "11 02", "111 1A"},
		{"https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/MS-DRG-Classifications-and-Software", "470 001", "47 4700"},
	} {
		for code := range strings.FieldsSeq(c.good) {
			if kept, ok := p.systems.keep(c.system, code); !ok || kept.code != code {
				t.Errorf("%s|%s is dropped", c.system, code)
			}
		}
		for code := range strings.FieldsSeq(c.bad) {
			if _, ok := p.systems.keep(c.system, code); ok {
				t.Errorf("%s|%s is kept", c.system, code)
			}
		}
		for _, code := range []string{"", " ", "Jane Doe", "<b>x</b>", "=1+1", "123-45-6789", "2125551234", "４５４８-4", "4548-4\n", "jane@example.org"} {
			if _, ok := p.systems.keep(c.system, code); ok {
				t.Errorf("%s|%q is kept", c.system, code)
			}
		}
	}
}

// A system has other names: its OID, letters of the host in another case, spaces around it. It
// is stored under the one name.
func TestSystemNames(t *testing.T) {
	p, err := LoadPolicy()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		canonical, code string
		names           []string
	}{
		{loincURI, "4548-4", []string{"urn:oid:2.16.840.1.113883.6.1", "URN:OID:2.16.840.1.113883.6.1", " http://loinc.org", "http://loinc.org ", "HTTP://LOINC.org", "http://loinc.org/", "\thttp://LOINC.ORG/\n"}},
		{snomedURI, "44054006", []string{"urn:oid:2.16.840.1.113883.6.96", "urn:OID:2.16.840.1.113883.6.96 ", "http://SNOMED.info/sct", "Http://snomed.info/sct"}},
		{"http://hl7.org/fhir/sid/icd-10-cm", "E11.9", []string{"urn:oid:2.16.840.1.113883.6.90", "http://HL7.org/fhir/sid/icd-10-cm"}},
		{"http://www.nlm.nih.gov/research/umls/rxnorm", "860975", []string{"urn:oid:2.16.840.1.113883.6.88"}},
		{"http://hl7.org/fhir/sid/cvx", "140", []string{"urn:oid:2.16.840.1.113883.12.292"}},
		{"http://www.ama-assn.org/go/cpt", "99213", []string{"urn:oid:2.16.840.1.113883.6.12"}},
		{"urn:oid:2.16.840.1.113883.6.238", "2106-3", []string{"urn:OID:2.16.840.1.113883.6.238", "http://terminology.hl7.org/CodeSystem/CDCREC"}},
		{"http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB", []string{"http://Terminology.HL7.org/CodeSystem/v3-ActCode", "urn:oid:2.16.840.1.113883.5.4"}},
		{"http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "UNK", []string{"urn:oid:2.16.840.1.113883.5.1008"}},
		{"http://terminology.hl7.org/CodeSystem/v2-0203", "MR", []string{"urn:oid:2.16.840.1.113883.12.203"}},
	} {
		for _, name := range append(c.names, c.canonical) {
			if kept, ok := p.systems.keep(name, c.code); !ok || kept != (coding{c.canonical, c.code}) {
				t.Errorf("%q|%s: kept %v as %+v", name, c.code, ok, kept)
			}
		}
	}
}

// With any one digit changed, or two unlike neighbours swapped where the scheme finds that, a
// code of a system with a check digit is refused.
func TestCheckDigits(t *testing.T) {
	p, err := LoadPolicy()
	if err != nil {
		t.Fatal(err)
	}
	keep := func(system, code string) bool { _, ok := p.systems.keep(system, code); return ok }
	for _, c := range []struct {
		system, form string
		swaps        bool // the scheme finds every swap of neighbours
	}{
		{loincURI, `[1-9][0-9]{0,5}-[0-9]`, false},
		{loincURI, `LA[1-9][0-9]{0,4}-[0-9]`, false},
		{snomedURI, `[1-9][0-9]{2,10}00[0-9]`, true},
		{snomedURI, `[1-9][0-9]{0,7}100011910[0-9]`, true},
		{"urn:oid:2.16.840.1.113883.6.238", `[12][0-9]{3}-[0-9]`, false},
	} {
		valid := 0
		rapid.Check(t, func(t *rapid.T) {
			code := rapid.StringMatching(c.form).Draw(t, "code")
			if !keep(c.system, code) {
				return
			}
			valid++
			for i := range code {
				if code[i] < '0' || code[i] > '9' {
					continue
				}
				for d := byte('0'); d <= '9'; d++ {
					if changed := code[:i] + string(d) + code[i+1:]; d != code[i] && keep(c.system, changed) {
						t.Fatalf("%s and %s are both codes", code, changed)
					}
				}
				if swapped := []byte(code); c.swaps && i > 0 && code[i] != code[i-1] {
					swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
					if keep(c.system, string(swapped)) {
						t.Fatalf("%s and %s are both codes", code, swapped)
					}
				}
			}
		})
		if valid == 0 {
			t.Errorf("%s: no valid code of the form %s was drawn", c.system, c.form)
		}
	}
}
