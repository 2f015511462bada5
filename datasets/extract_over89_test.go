package datasets

import (
	"math/big"
	"strings"
	"testing"
)

// Two things that show no age over 89 by themselves may show one together: whatever a person's age is told by, at the
// last day that the extract knows they are over 89 or are not, and by that all of it stands or goes.
func TestOver89IsJoint(t *testing.T) {
	const other = `{"resourceType":"Patient","id":"other","gender":"female","birthDate":"1990-01-01"}`
	newest := `{"resourceType":"Encounter","id":"e","status":"finished","subject":{"reference":"Patient/other"},"period":{"start":"2024-06-01"}}`
	person := func(birth, more string) string {
		if birth != "" {
			birth = `,"birthDate":"` + birth + `"`
		}
		return `{"resourceType":"Patient","id":"p","gender":"male"` + birth + more + `}`
	}
	age := func(day, value string) string {
		if day != "" {
			day = `,"effectiveDateTime":"` + day + `"`
		}
		return observation("o", ageCode+day+`,"valueQuantity":{"value":`+value+`,"code":"a","system":"http://unitsofmeasure.org"}`)
	}
	onset := func(day, value string) string {
		if day != "" {
			day = `,"recordedDate":"` + day + `"`
		}
		return `{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p"}` + day + `,"onsetAge":{"value":` + value + `,"code":"a","system":"http://unitsofmeasure.org"}}`
	}
	component := observation("o", otherCode+`,"effectiveDateTime":"2019-01-01","component":[{"valueInteger":85,`+ageCode+`},{"valueInteger":85,`+otherCode+`}]`)
	integer := observation("o", `"valueInteger":85,"effectiveDateTime":"2019-01-01",`+ageCode)
	// What is open of the person: the birth date, the flag, the ages. Under safe-harbor the years say less, so more goes.
	for name, c := range map[string]struct {
		req              ExtractRequest
		lines            []string
		shifted, harbour string
	}{
		"nothing":                     {lines: []string{person("1940-05-05", "")}, shifted: "open false", harbour: "open false"},
		"91 by birth":                 {lines: []string{person("1933-01-01", "")}, shifted: "- true", harbour: "- true"},
		"90 on the day":               {lines: []string{person("1934-06-01", "")}, shifted: "- true", harbour: "- true"},
		"90 tomorrow":                 {lines: []string{person("1934-06-02", "")}, shifted: "open false", harbour: "- true"},
		"by the year":                 {lines: []string{person("1933", "")}, shifted: "- true", harbour: "- true"},
		"by the month":                {lines: []string{person("1934-06", "")}, shifted: "- true", harbour: "- true"},
		"partial, young":              {lines: []string{person("1940-06", "")}, shifted: "- false", harbour: "open false"},
		"by a pinned as-of day":       {req: ExtractRequest{AsOf: "2026-01-01"}, lines: []string{person("1935-12-01", "")}, shifted: "- true", harbour: "- true"},
		"as-of day before the newest": {req: ExtractRequest{AsOf: "2020-01-01"}, lines: []string{person("1934-05-05", "")}, shifted: "- true", harbour: "- true"},
		"dead at 91":                  {lines: []string{person("1935-05-05", `,"deceasedDateTime":"2026-06-01"`)}, shifted: "- true", harbour: "- true"},
		"dead at 91 by the year":      {lines: []string{person("1935-05-05", `,"deceasedDateTime":"2027"`)}, shifted: "- true", harbour: "- true"},
		"dead at 80":                  {lines: []string{person("1935-05-05", `,"deceasedDateTime":"2015-06-01"`)}, shifted: "open false", harbour: "open false"},
		"to come, for one of 84": {lines: []string{person("1940-05-05", ""), `{"resourceType":"MedicationRequest","id":"m","status":"draft","intent":"order","subject":{"reference":"Patient/p"},"dispenseRequest":{"validityPeriod":{"end":"2031-01-01"}}}`},
			shifted: "- false", harbour: "- false"},
		"to come in a list": {lines: []string{person("1940-05-05", ""), `{"resourceType":"MedicationRequest","id":"m","status":"draft","intent":"order","subject":{"reference":"Patient/p"},"dosageInstruction":[{"timing":{"event":["2031-01-01"]}}]}`},
			shifted: "- false", harbour: "open false"},

		"an age of 91":                 {lines: []string{person("1980-01-01", ""), age("2024-01-01", "91")}, shifted: "open false", harbour: "open false"},
		"an onset at 91":               {lines: []string{person("1980-01-01", ""), onset("2024-01-01", "91")}, shifted: "open false", harbour: "open false"},
		"an age of 85, then 5 years":   {lines: []string{person("1933-12-01", ""), age("2019-01-01", "85")}, shifted: "- true", harbour: "- true"},
		"an onset at 70, at 91 now":    {lines: []string{person("1933-01-01", ""), onset("2003-05-05", "70")}, shifted: "- true", harbour: "- true"},
		"an age of 60, young":          {lines: []string{person("1960-01-01", ""), age("2020-05-05", "60")}, shifted: "open false 60", harbour: "open false 60"},
		"a component":                  {lines: []string{person("1933-12-01", ""), component}, shifted: "- true 85", harbour: "- true 85"},
		"an integer":                   {lines: []string{person("1933-12-01", ""), integer}, shifted: "- true", harbour: "- true"},
		"no birth, 85 five years ago":  {lines: []string{person("", ""), age("2019-01-01", "85")}, shifted: "- <nil>", harbour: "- <nil>"},
		"no birth, an onset":           {lines: []string{person("", ""), onset("2019-01-01", "85")}, shifted: "- <nil>", harbour: "- <nil>"},
		"no birth, perhaps 90":         {lines: []string{person("", ""), age("2023-07-01", "88")}, shifted: "- <nil> 88", harbour: "- <nil>"},
		"no birth, 88 in May":          {lines: []string{person("", ""), age("2023-05-01", "88")}, shifted: "- <nil>", harbour: "- <nil>"},
		"no birth, young":              {lines: []string{person("", ""), age("2020-01-01", "60")}, shifted: "- <nil> 60", harbour: "- <nil> 60"},
		"no birth, no day":             {lines: []string{person("", ""), age("", "60")}, shifted: "- <nil>", harbour: "- <nil>"},
		"no birth, one of two days":    {lines: []string{person("", ""), age("2020-01-01", "60"), onset("", "50")}, shifted: "- <nil>", harbour: "- <nil>"},
		"a birth that the age refutes": {lines: []string{person("1960-01-01", ""), age("2019-01-01", "85")}, shifted: "open false", harbour: "open false"},
		"another's ages":               {lines: []string{person("1933-01-01", ""), strings.ReplaceAll(age("2020-05-05", "30"), "Patient/p", "Patient/other")}, shifted: "- true", harbour: "- true"},
		"by a pinned as-of day, ages":  {req: ExtractRequest{AsOf: "2026-01-01"}, lines: []string{person("1935-12-01", ""), age("2019-01-01", "83")}, shifted: "- true", harbour: "- true"},
		"by death, ages":               {lines: []string{person("1935-05-05", `,"deceasedDateTime":"2026-06-01"`), age("2019-01-01", "83")}, shifted: "- true", harbour: "- true"},
	} {
		for _, profile := range []string{"shifted", "safe-harbor"} {
			for _, last := range []bool{true, false} {
				if last != (profile == "shifted") && !strings.HasPrefix(name, "an ") {
					continue // a few are enough in both orders
				}
				lines := append([]string{other, newest}, c.lines...)
				if last { // the Patient after all of theirs
					lines = append(append([]string{newest}, c.lines[1:]...), other, c.lines[0])
				}
				req := c.req
				req.Source, req.Profile, req.Zone = export(t, map[string][]string{"x.ndjson": lines}), profile, "America/New_York"
				_, sn := extracted(t, req)
				got := shownOf(t, sn)
				want := c.shifted
				if profile == "safe-harbor" {
					want = c.harbour
				}
				if got != want {
					t.Errorf("%s, %s: %q, want %q", name, profile, got, want)
				}
			}
		}
	}
}

// shownOf is what the tables at rest show of the man: whether a birth date is open, the flag, and the ages.
func shownOf(t *testing.T, sn *Snapshot) string {
	t.Helper()
	var shown []string
	var man string
	for _, row := range table(t, sn, "patient") {
		if row["gender"].String() != "male" {
			continue
		}
		man = string(row["pid"].ByteArray())
		birth, flag := "-", "<nil>"
		if _, open := row["birth_date"]; open {
			birth = "open"
		}
		if v, ok := row["over_89"]; ok {
			flag = v.String()
		}
		shown = append(shown, birth, flag)
	}
	for _, name := range []string{"observation", "observation_component", "condition"} {
		for _, row := range table(t, sn, name) {
			for _, column := range []string{"value_num", "onset_num"} {
				if v, ok := row[column]; ok && string(row["pid"].ByteArray()) == man {
					shown = append(shown, decimalOf(v.ByteArray()))
				}
			}
		}
	}
	return strings.Join(shown, " ")
}

// decimalOf is the whole part of a decimal at rest.
func decimalOf(b []byte) string {
	n := new(big.Int).SetBytes(b)
	return n.Div(n, big.NewInt(1e8)).String()
}
