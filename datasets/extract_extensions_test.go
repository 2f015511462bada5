package datasets

import (
	"bytes"
	"os"
	"testing"
)

// An extension passes by its URL, the type of its value, and, where its line names a list, the value: each of
// the three alone lets a name through, and nothing of what is left out is stored.
func TestExtensionValues(t *testing.T) {
	const race, birthsex = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
	part := func(url, value string) string {
		return `{"url":"` + race + `","extension":[{"url":"` + url + `",` + value + `}]}`
	}
	const white = `{"system":"urn:oid:2.16.840.1.113883.6.238","code":"2106-3","display":"QUACKENBUSH"}`
	for name, c := range map[string]struct {
		extension string
		rows      int
	}{
		"a category":                 {part("ombCategory", `"valueCoding":`+white), 1},
		"valueString of the whole":   {`{"url":"` + race + `","valueString":"QUACKENBUSH"}`, 0},
		"its text":                   {part("text", `"valueString":"QUACKENBUSH"`), 0},
		"text nested deeper":         {`{"url":"` + race + `","extension":[{"url":"ombCategory","extension":[{"url":"text","valueString":"QUACKENBUSH"}]}]}`, 0},
		"a category as text":         {part("ombCategory", `"valueString":"2106-3"`), 0},
		"a category as a concept":    {part("ombCategory", `"valueCodeableConcept":{"coding":[`+white+`],"text":"QUACKENBUSH"}`), 0},
		"a category as a code":       {part("ombCategory", `"valueCode":"2106-3"`), 0},
		"a category as an object":    {part("ombCategory", `"valueString":`+white), 0},
		"a code that is not listed":  {part("ombCategory", `"valueCoding":{"system":"urn:oid:2.16.840.1.113883.6.238","code":"2108-9"}`), 0},
		"a code of another system":   {part("ombCategory", `"valueCoding":{"system":"http://x.example","code":"2106-3"}`), 0},
		"a code without a system":    {part("ombCategory", `"valueCoding":{"code":"2106-3"}`), 0},
		"another part":               {part("detailed", `"valueCoding":`+white), 0},
		"the part at the top":        {`{"url":"ombCategory","valueCoding":` + white + `}`, 0},
		"a name that is like its":    {`{"url":"` + race + `/QUACKENBUSH","extension":[{"url":"ombCategory","valueCoding":` + white + `}]}`, 0},
		"a code":                     {`{"url":"` + birthsex + `","valueCode":"F"}`, 1},
		"a code as text":             {`{"url":"` + birthsex + `","valueString":"F"}`, 0},
		"a code that no list has":    {`{"url":"` + birthsex + `","valueCode":"QUACKENBUSH"}`, 1},
		"a date of birth with hours": {`{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"2024-01-01T01:02:03Z"}`, 0},
	} {
		report, sn := extracted(t, ExtractRequest{Key: constantKey(t), Source: export(t, map[string][]string{"x.ndjson": {`{"resourceType":"Patient","id":"p","extension":[` + c.extension + `]}`}})})
		rows := table(t, sn, "patient_extension")
		if report.Stored != 1 || len(rows) != c.rows {
			t.Errorf("%s: %d rows, want %d", name, len(rows), c.rows)
		}
		for _, row := range rows {
			if code, has := row["value_code"]; has && !bytes.Contains([]byte("2106-3 F"), code.ByteArray()) {
				t.Errorf("%s: %s is kept", name, code)
			}
		}
		for _, tab := range sn.Manifest().Tables {
			for _, path := range sn.Paths(tab.Name) {
				if text, err := os.ReadFile(path); err != nil || bytes.Contains(text, []byte("QUACKENBUSH")) {
					t.Errorf("%s: %v, or the name is in table %s", name, err, tab.Name)
				}
			}
		}
	}
}
