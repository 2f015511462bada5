package datasets

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/datasets/fhir"
)

// observation is a line with what stands beside status and subject, in that order.
func observation(id, members string) string {
	return `{"resourceType":"Observation","id":"` + id + `","status":"final","subject":{"reference":"Patient/p"},` + members + `}`
}

const ageCode, birthCode, otherCode = `"code":{"coding":[{"system":"http://loinc.org","code":"30525-0"}]}`,
	`"code":{"coding":[{"system":"http://loinc.org","code":"21112-8"}]}`, `"code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}]}`

// stored extracts lines about Patient/p in New York and gives the snapshot printed, a
// resource in a row, under its id.
func stored(t *testing.T, req ExtractRequest, lines ...string) (map[string]string, *Snapshot) {
	t.Helper()
	req.Source = export(t, map[string][]string{"x.ndjson": append([]string{`{"resourceType":"Patient","id":"anyone"}`}, lines...)})
	req.Zone = "America/New_York"
	_, sn := extracted(t, req)
	var resources []string
	for _, l := range append(lines, `{"resourceType":"Patient","id":"anyone"}`, `{"resourceType":"Patient","id":"p"}`) {
		parts := strings.SplitN(l, `"`, 9)
		resources = append(resources, parts[3]+"/"+parts[7])
	}
	d := newDumper(t, sn, constantKey(t), "main", resources...)
	printed := map[string]string{}
	for _, tab := range sn.Manifest().Tables {
		if !tab.Has("rid") {
			continue
		}
		for _, row := range table(t, sn, tab.Name) {
			_, id, _ := strings.Cut(d.names[string(row["rid"].ByteArray())], "/")
			printed[id] += d.row(tab, row) + " "
		}
	}
	return printed, sn
}

// A source that leaves nothing to store publishes nothing: an empty snapshot would be
// "no patients" in every later number.
func TestExtractOfNothing(t *testing.T) {
	dir, _ := small(t)
	s := emptyStore(t)
	first, err := Extract(context.Background(), s, ExtractRequest{Source: dir, Key: constantKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	snapshots, _ := filepath.Glob(filepath.Join(s.dir, "snapshots", "*"))
	for name, c := range map[string]struct {
		lines []string
		says  string
	}{
		"no line":               {[]string{"", "  "}, "lines 0"},
		"unknown types":         {[]string{`{"resourceType":"Device","id":"a"}`, `{"resourceType":"Device","id":"b"}`}, "without a policy table 2"},
		"dropped":               {[]string{`{"resourceType":"Patient","id":"a","implicitRules":"http://x.example"}`}, "dropped by the policy 1"},
		"rejected and unknown":  {[]string{`{"resourceType":"Device","id":"a"}`, `{`}, "rejected 1"},
		"rejected, all allowed": {[]string{`{`}, "lines 1"},
	} {
		report, err := Extract(context.Background(), s, ExtractRequest{Source: export(t, map[string][]string{"x.ndjson": c.lines}), Key: constantKey(t), MaxReject: 1})
		var e *fhir.Error
		if !errors.As(err, &e) || e.Code != fhir.EmptySource || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "nothing was published") {
			t.Errorf("%s: %v", name, err)
		}
		if report == nil || report.Snapshot != "" {
			t.Errorf("%s: the report names a snapshot: %+v", name, report)
		}
	}
	current, err := s.Current("extract")
	if err != nil || current.ID() != first.Snapshot {
		t.Errorf("current is %v, %v", current, err)
	}
	if after, _ := filepath.Glob(filepath.Join(s.dir, "snapshots", "*")); !slices.Equal(after, snapshots) {
		t.Errorf("snapshots %v, before %v", after, snapshots)
	}
}

// Whether a number is an age is known when the code is read, which may stand after it,
// with rows of a child table in between. An age over 89 in any unit of time, and one
// whose unit is no time, is dropped; so is a date of birth.
func TestExtractAges(t *testing.T) {
	value := func(number, unit string) string {
		return `"valueQuantity":{"value":` + number + `,"code":"` + unit + `","system":"http://unitsofmeasure.org"}`
	}
	component := `"component":[{` + otherCode + `,` + value("5", "%") + `}]`
	gone := map[string]string{
		"late":         value("95", "a") + "," + component + "," + ageCode,
		"first":        ageCode + "," + component + "," + value("95", "a"),
		"in-component": otherCode + `,"component":[{` + value("1140", "mo") + "," + ageCode + "}]",
		"months":       ageCode + "," + value("1140", "mo"),
		"weeks":        ageCode + "," + value("4954", "wk"),
		"minutes":      ageCode + "," + value("49932000", "min"),
		"negative":     ageCode + "," + value("-95", "a"),
		"no-time":      ageCode + "," + value("95", "kg"),
		"compound":     ageCode + "," + value("9.5", "10.a"),
		"score":        ageCode + "," + value("95", "{score}"),
		"no-unit":      ageCode + `,"valueQuantity":{"value":95}`,
		"integer":      `"valueInteger":95,` + ageCode,
		"any-code":     otherCode + "," + value("95", "a"),
		"born":         birthCode + `,"valueDateTime":"1954-07-19"`,
		"born-late":    `"valueDateTime":"1954-07-19","component":[{"valueDateTime":"1954-07-19",` + birthCode + `}],` + birthCode,
	}
	var lines []string
	for _, id := range slices.Sorted(func(yield func(string) bool) {
		for id := range gone {
			if !yield(id) {
				return
			}
		}
	}) {
		lines = append(lines, observation(id, gone[id]))
	}
	lines = append(lines,
		observation("kept", value("88", "a")+","+ageCode), observation("kept-months", ageCode+","+value("1056", "mo")),
		observation("kept-number", otherCode+","+value("95", "kg")), observation("kept-integer", ageCode+`,"valueInteger":88`),
		observation("kept-date", otherCode+`,"valueDateTime":"1954-07-19"`),
		`{"resourceType":"Condition","id":"age-without-unit","onsetAge":{"value":95},"subject":{"reference":"Patient/p"}}`,
		`{"resourceType":"Condition","id":"age-in-months","onsetAge":{"value":1140,"code":"mo"},"subject":{"reference":"Patient/p"}}`,
		`{"resourceType":"Condition","id":"kept-onset","onsetAge":{"value":30,"code":"a"},"subject":{"reference":"Patient/p"}}`)
	lines = append(lines, `{"resourceType":"Patient","id":"p","birthDate":"1980-01-01"}`) // without one, an age without a day is not shown
	rows, _ := stored(t, ExtractRequest{AsOf: "2024-01-01"}, lines...)
	for id := range gone {
		row := strings.ReplaceAll(rows[id], "value_num=5.00", "") // the component's
		if row == "" || strings.Contains(row, "value_num") || strings.Contains(row, "1954") {
			t.Errorf("%s is kept: %s", id, rows[id])
		}
	}
	for _, id := range []string{"age-without-unit", "age-in-months"} {
		if rows[id] == "" || strings.Contains(rows[id], "onset_num") {
			t.Errorf("%s is kept: %s", id, rows[id])
		}
	}
	for id, want := range map[string]string{"kept": "value_num=88.00", "kept-months": "value_num=1056.00", "kept-number": "value_num=95.00",
		"kept-integer": "value_num=88.00", "kept-date": "value_start=~1954-07-19", "kept-onset": "onset_num=30.00", "late": "value_num=5.00"} {
		if !strings.Contains(rows[id], want) {
			t.Errorf("%s: no %s in %s", id, want, rows[id])
		}
	}
}

// What the sender writes as a unit, a code, the URI of a system, a language or a number
// may be an identifier.
func TestExtractHostileValues(t *testing.T) {
	quantity := func(number, unit string) string {
		return otherCode + `,"valueQuantity":{"value":` + number + `,"code":"` + unit + `","system":"http://unitsofmeasure.org"}`
	}
	lines := []string{}
	for i, members := range []string{
		quantity("1", "g123456789"), quantity("1", "123.456.789"), quantity("1", "mg19570321"), quantity("1", "m-555123"), quantity("123456789", "{score}"),
		otherCode + `,"valueInteger":123456789`, otherCode + `,"valueInteger":-123456789`,
		otherCode + `,"valueQuantity":{"value":-123456789}`, otherCode + `,"valueQuantity":{"value":123456789}`,
		otherCode + `,"component":[{` + otherCode + `,"valueInteger":123456789}]`,
		`"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/jane-quackenbush","code":"mrn-77553311"}]}],` + otherCode,
		`"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"123-45-6789"}]}],` + otherCode,
		`"interpretation":[{"coding":[{"system":"http://hl7.org/fhir/jane-quackenbush","code":"final"}]}],` + otherCode,
	} {
		lines = append(lines, observation(fmt.Sprint("o", i), members))
	}
	for i, language := range []string{"kim-john-le", "jo-Quac", "en-US-quackenbush"} {
		lines = append(lines, `{"resourceType":"Patient","id":"l`+fmt.Sprint(i)+`","communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"`+language+`"}]}}]}`)
	}
	lines = append(lines, `{"resourceType":"Coverage","id":"c","order":123456789,"beneficiary":{"reference":"Patient/p"}}`,
		`{"resourceType":"MedicationRequest","id":"m","subject":{"reference":"Patient/p"},"dosageInstruction":[{"sequence":1234567,"timing":{"repeat":{"period":123456789,"count":77553311}}}]}`)
	for _, profile := range []string{"shifted", "limited"} {
		rows, sn := stored(t, ExtractRequest{Profile: profile}, lines...)
		text := fmt.Sprint(rows)
		for _, tab := range []string{"concept", "concept_list"} {
			text += fmt.Sprint(table(t, sn, tab))
		}
		for _, hostile := range []string{"123456789", "456", "19570321", "555123", "quackenbush", "77553311", "45-6789", "1234567", "kim", "john", "language="} {
			if strings.Contains(strings.ToLower(text), hostile) {
				t.Errorf("%s: %q is kept: %s", profile, hostile, text)
			}
		}
	}
}

// A sealed time of day can only be of the hour that a change of clocks repeats, so every
// date beside it is sealed too, and the keyed views give the same times as without.
func TestExtractRepeatedHour(t *testing.T) {
	const subject = `"subject":{"reference":"Patient/p"}`
	lines := []string{
		`{"resourceType":"Patient","id":"p","birthDate":"1960-04-05","deceasedDateTime":"2024-11-03T01:30:00-04:00"}`,
		`{"resourceType":"Patient","id":"q","birthDate":"1960-04-05","deceasedDateTime":"2024-11-03T03:30:00-05:00"}`,
		`{"resourceType":"Encounter","id":"start","status":"finished",` + subject + `,"location":[{"location":{"reference":"Location/a"},"period":{"start":"2024-11-02T09:00:00-04:00"}}],"period":{"start":"2024-11-03T01:15:00-05:00","end":"2024-11-03T05:00:00-05:00"}}`,
		`{"resourceType":"Encounter","id":"child","status":"finished","period":{"start":"2024-11-03T00:15:00-04:00","end":"2024-11-03T05:00:00-05:00"},` + subject + `,"location":[{"location":{"reference":"Location/a"},"period":{"start":"2024-11-03T00:20:00-04:00","end":"2024-11-03T01:59:00-04:00"}}]}`,
		`{"resourceType":"Encounter","id":"open","status":"finished",` + subject + `,"period":{"start":"2024-11-03T00:15:00-04:00","end":"2024-11-03T05:00:00-05:00"}}`,
		`{"resourceType":"Condition","id":"recorded",` + subject + `,"onsetDateTime":"2024-11-01","abatementDateTime":"2024-11-20","recordedDate":"2024-11-03T01:00:00-05:00"}`,
		`{"resourceType":"Location","id":"a"}`,
	}
	rows, shifted := stored(t, ExtractRequest{}, lines...)
	for _, id := range []string{"start", "child", "recorded", "p"} {
		if strings.Contains(rows[id], "=~") || !strings.Contains(rows[id], "=#2024-11-03") {
			t.Errorf("%s has an open date: %s", id, rows[id])
		}
	}
	if !strings.Contains(rows["open"], "=~") || !strings.Contains(rows["q"], "birth_date=~1960-04-05") {
		t.Errorf("dates without doubt are not open: %s %s", rows["open"], rows["q"])
	}
	_, limited := stored(t, ExtractRequest{Profile: "limited"}, lines...)
	for _, sql := range []string{
		"SELECT rid, period_start, period_start_lo, period_start_hi, period_end, period_end_lo, period_end_prec FROM encounter ORDER BY ALL",
		"SELECT rid, ordinal, period_start, period_start_lo, period_end, period_end_hi FROM encounter_location ORDER BY ALL",
		"SELECT rid, onset_start, onset_start_hi, abatement_start, recorded_date_lo FROM condition ORDER BY ALL",
		"SELECT rid, birth_date, deceased_start, deceased_start_lo, over_89 FROM patient ORDER BY ALL",
	} {
		var views [][]string
		for _, sn := range []*Snapshot{shifted, limited} {
			db, err := attachTest(t, sn, constantKey(t))
			if err != nil {
				t.Fatal(err)
			}
			views = append(views, dump(t, db, sql))
		}
		if len(views[0]) == 0 || !slices.Equal(views[0], views[1]) {
			t.Errorf("%s:\nshifted %q\nlimited %q", sql, views[0], views[1])
		}
	}
	facts := fmt.Sprint(shifted.Manifest().Facts["values_dropped"], shifted.Manifest().Facts["elements_not_in_policy"])
	if want := fmt.Sprint(limited.Manifest().Facts["values_dropped"], limited.Manifest().Facts["elements_not_in_policy"]); facts != want {
		t.Errorf("a record that is made again is counted again: %s, want %s", facts, want)
	}
}

// Who is over 89 at the newest event shows it by that event, whatever as-of day was
// given; and so does whoever has an event of before 1940.
func TestExtractOver89(t *testing.T) {
	lines := []string{
		`{"resourceType":"Patient","id":"p","birthDate":"1934-05-10"}`,
		`{"resourceType":"Condition","id":"early","subject":{"reference":"Patient/p"},"onsetDateTime":"1939-12-31","recordedDate":"1940-01-01"}`,
		`{"resourceType":"Encounter","id":"newest","status":"finished","subject":{"reference":"Patient/p"},"period":{"start":"2024-06-01T10:00:00-04:00"}}`,
	}
	rows, _ := stored(t, ExtractRequest{AsOf: "2020-01-01"}, lines...)
	if !strings.Contains(rows["p"], "birth_date_seal=#1934-05-10") || !strings.Contains(rows["p"], "over_89=true") {
		t.Errorf("90 at the newest event: %s", rows["p"])
	}
	if !strings.Contains(rows["early"], "onset_start_seal=#1939-12-31") || !strings.Contains(rows["early"], "recorded_date=~1940-01-01") {
		t.Errorf("before 1940: %s", rows["early"])
	}
	rows, _ = stored(t, ExtractRequest{AsOf: "2020-01-01"}, lines[0])
	if !strings.Contains(rows["p"], "birth_date=~1934-05-10") || !strings.Contains(rows["p"], "over_89=false") {
		t.Errorf("85 at the as-of day, and nothing newer: %s", rows["p"])
	}
}

// An extension may turn a record into its opposite, so one that cannot be read drops it.
func TestExtractMalformedExtensions(t *testing.T) {
	request := func(members string) string {
		return `{"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order","subject":{"reference":"Patient/a"},` + members + `}`
	}
	const not = `{"url":"http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-doNotPerform","valueBoolean":true}`
	for members, reason := range map[string]string{
		`"modifierExtension":` + not:                                                                        "unknown-modifier-extension",
		`"modifierExtension":"x"`:                                                                           "unknown-modifier-extension",
		`"modifierExtension":null`:                                                                          "unknown-modifier-extension",
		`"modifierExtension":[{"url":"http://x.example"}]`:                                                  "unknown-modifier-extension",
		`"modifierExtension":[` + strings.Replace(not, "true", `"true"`, 1) + `]`:                           "unknown-modifier-extension",
		`"modifierExtension":[` + strings.Replace(not, `"valueBoolean"`, `"no"`, 1) + `]`:                   "unknown-modifier-extension",
		`"modifierExtension":[` + strings.Replace(not, `"valueBoolean":true`, `"valueString":"x"`, 1) + `]`: "unknown-modifier-extension",
		`"extension":[` + strings.Replace(not, `"valueBoolean":true`, `"valueCode":"x"`, 1) + `]`:           "unknown-modifier-extension",
		`"dosageInstruction":[{"modifierExtension":{"url":"http://x.example"}}]`:                            "unknown-modifier-extension",
		`"extension":` + not:                "malformed-extension",
		`"implicitRules":null`:              "implicit-rules",
		`"implicitRules":{"x":1}`:           "implicit-rules",
		`"_implicitRules":{"id":"x"}`:       "implicit-rules",
		`"modifierExtension":[` + not + `]`: "",
		`"extension":[` + not + `]`:         "",
		`"modifierExtension":[]`:            "",
	} {
		report, sn := extracted(t, ExtractRequest{Source: export(t, map[string][]string{"x.ndjson": {`{"resourceType":"Patient","id":"a"}`, request(members)}})})
		rows := table(t, sn, "medication_request")
		if reason != "" && (len(rows) > 0 || report.DropReasons[reason] != 1) {
			t.Errorf("%s: %d rows, dropped %v; want %s", members, len(rows), report.DropReasons, reason)
		}
		if reason == "" && (len(rows) != 1 || rows[0]["negated"].Boolean() != strings.Contains(members, "true")) {
			t.Errorf("%s: %v", members, rows)
		}
	}
}
