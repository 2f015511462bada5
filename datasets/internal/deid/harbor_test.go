package deid

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// What a profile's name promises is not left to whoever writes a table: a line that breaks it does not compile.
func TestProfileRules(t *testing.T) {
	for _, c := range []struct{ file, line, want string }{
		{"Observation", "note[first].time | dateTime | noted | keep | keep | year | | x", "true date"},
		{"Observation", "note[first].time | dateTime | noted | year | keep | year | | x", "shifted or sealed"},
		{"Observation", "note[first].time | dateTime | noted | shift | year | year | | x", "kept in profile limited"},
		{"Observation", "note[first].time | dateTime | noted | shift | keep | keep | | x", "years in profile safe-harbor"},
		{"Observation", "note[first].time | dateTime | noted | shift | keep | shift | | x", "years in profile safe-harbor"},
		{"Observation", "note[first].time | dateTime | noted | seal | keep | seal | | x", "years in profile safe-harbor"},
		{"Observation", "note[first].time | dateTime | noted | newest | keep | year | | x", "newest"},
		{"Observation", "meta.lastUpdated | instant | seen | hide | hide | hide | | x", "nobody has a key"},
		{"Observation", "component[].valueTiming.event[] | dateTime | event | shift | keep | year | | x", "in order of time"},
		{"Observation", "x | Age | x | keep | keep | age-years | | x", "an age is age"},
		{"Observation", "x | Age | x | age | keep | age | | x", "an age is age"},
		{"Observation", "x | integer | x[x] | measured | keep | measured | | x", "not for profile safe-harbor"},
		{"Observation", "x | Quantity | x | undated | keep | undated | | x", "not for profile shifted"},
		{"Patient", "address[current].postalCode | string | zip | zip5 | zip5 | zip3 | | x", "limited alone"},
		{"Patient", "address[current].city | string | town | - | city | city | | x", "limited alone"},
		{"Patient", "id | id | move | own-shift | - | own-shift | | x", "nobody has a key"},
		{"Organization", "contact[first].period | Period | contact | shift | keep | year | | x", "no single patient"},
		{"Medication", "batch.expirationDate | dateTime | expires | seal | drop | drop | | x", "no single patient"},
		{"Location", "meta.lastUpdated | instant | seen | hide | keep | newest | | x", "no single patient"},
	} {
		folder := policyFolder(t)
		name := c.file + ".policy"
		folder[name] = &fstest.MapFile{Data: append(folder[name].Data, ("\n" + c.line + "\n")...)}
		p, err := parsePolicy(folder, "policy")
		for _, profile := range Profiles {
			_, wrong := Compile(p, profile)
			err = errors.Join(err, wrong)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %s: %v, want %s", c.file, c.line, err, c.want)
		}
	}
}

// An age is in completed years, whatever unit of time it came in, and a time of a day and more that is no age is not
// kept. A number that may be a day counted from some start is not kept either.
func TestHarborNumbers(t *testing.T) {
	const age, other = `"code":{"coding":[{"system":"http://loinc.org","code":"30525-0"}]}`, `"code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}]}`
	quantity := func(value, unit string) string {
		return `"valueQuantity":{"value":` + value + `,"code":"` + unit + `","system":"http://unitsofmeasure.org"}`
	}
	for _, c := range []struct{ members, number, unit string }{
		{age + "," + quantity("44.9", "a"), "44", "a"},
		{quantity("44.9", "a") + "," + age, "44", "a"},
		{age + "," + quantity("35.9", "mo"), "2", "a"},
		{age + "," + quantity("731", "d"), "2", "a"},
		{age + "," + quantity("730", "d"), "1", "a"},
		{age + "," + quantity("20", "d"), "0", "a"},
		{age + "," + quantity("52.1785", "wk"), "0", "a"},
		{age + "," + quantity("52.1787", "wk"), "1", "a"},
		{age + "," + quantity("1079.5", "mo"), "89", "a"},
		{age + "," + quantity("90", "a"), "", "a"},
		{age + `,"valueInteger":61`, "61", ""},
		{age + `,"valueInteger":90`, "", ""},
		{other + "," + quantity("412", "d"), "", ""},
		{other + "," + quantity("3", "wk"), "", ""},
		{other + "," + quantity("18", "mo"), "", ""},
		{other + "," + quantity("1440", "min"), "", ""},
		{other + "," + quantity("100000", "s"), "", ""},
		{other + "," + quantity("412", "{days}"), "", ""},
		{other + "," + quantity("7.5", "h"), "7.5", "h"},
		{other + "," + quantity("12.7", "a"), "12", "a"},
		{other + "," + quantity("45366", "mg/dL"), "45366", "mg/dL"},
		{other + "," + quantity("45366", "{score}"), "", ""},
		{other + "," + quantity("9999", "{score}"), "9999", "{score}"},
		{other + `,"valueInteger":45366`, "", ""},
		{other + `,"valueInteger":19797`, "", ""},
		{other + `,"valueInteger":315`, "315", ""},
	} {
		rows := keptIn(t, SafeHarbor, `{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/p"},`+c.members+`}`)
		row := rows["observation"][0]
		number, unit := "", ""
		if b, ok := row["value_num"].(string); ok {
			number = b
		}
		if u, ok := row["value_unit"].(string); ok {
			unit = u
		}
		if number != c.number || unit != c.unit {
			t.Errorf("%s: %q %q, want %q %q", c.members, number, unit, c.number, c.unit)
		}
	}
}

// No column of a safe-harbor extract holds anything sealed, and no child table a date.
func TestHarborColumns(t *testing.T) {
	p, err := LoadPolicy()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Compile(p, SafeHarbor)
	if err != nil {
		t.Fatal(err)
	}
	main := map[string]bool{}
	for _, e := range plan.Elements() {
		main[e.Table] = true
	}
	dated := map[string]bool{}
	for _, table := range append(plan.Tables(), plan.Observation()) {
		for _, c := range table.Columns {
			if c.Type == Blob {
				t.Errorf("%s.%s is sealed", table.Name, c.Name)
			}
			if c.Type == Timestamp {
				dated[table.Name] = true
				if !main[table.Name] && table != plan.Observation() {
					t.Errorf("%s.%s is a date in a list", table.Name, c.Name)
				}
			}
		}
	}
	if len(dated) < 15 {
		t.Errorf("tables with years: %v", slices.Sorted(maps.Keys(dated)))
	}
}
