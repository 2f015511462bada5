package datasets

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"farr/internal/source"
)

// written is a file with that text.
func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const labMap = `{"resourceType":"ConceptMap","status":"active","group":[{"source":"http://lab.example/codes","target":"http://loinc.org","element":[
	{"code":"GLU","target":[{"code":"2345-7","equivalence":"equivalent"},{"code":"41653-7","equivalence":"wider"}]},
	{"code":"NOTHING","target":[{"equivalence":"unmatched"}]},
	{"code":"AGE","target":[{"code":"30525-0","equivalence":"equal"}]}]}]}`

// A local code becomes the standard codes that a map gives it, before the policy's rules for codes; it is never itself
// stored. What was mapped and what was not is counted by path.
func TestConceptMaps(t *testing.T) {
	const csvMap = `source_system,source_code,target_system,target_code,equivalence
http://lab.example/codes,A1C QUACKENBUSH,http://loinc.org,4548-4,equal
urn:oid:1.2.3.4,77,http://snomed.info/sct,44054006,equivalent
http://loinc.org,2345-7,http://snomed.info/sct,33747003,equivalent
http://lab.example/codes,NARROW,http://loinc.org,4548-4,narrower
http://race.example,W,urn:oid:2.16.840.1.113883.6.238,2106-3,equal
`
	coded := func(id, system, code string) string {
		return observation(id, `"code":{"coding":[{"system":"`+system+`","code":"`+code+`","display":"QUACKENBUSH"}]},"valueInteger":95`)
	}
	lines := []string{
		`{"resourceType":"Patient","id":"p","extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[` +
			`{"url":"ombCategory","valueCoding":{"system":"http://race.example","code":"W","display":"QUACKENBUSH"}}]}]}`,
		coded("glu", "http://lab.example/codes", "GLU"), coded("a1c", "HTTP://LAB.example/codes", "A1C QUACKENBUSH"),
		coded("none", "http://lab.example/codes", "NOTHING"), coded("other", "http://other.example", "GLU"), coded("narrow", "http://lab.example/codes", "NARROW"),
		coded("oid", "urn:OID:1.2.3.4 ", "77"), coded("std", "http://loinc.org", "2345-7"), coded("age", "http://lab.example/codes", "AGE"),
	}
	req := ExtractRequest{
		Source: export(t, map[string][]string{"x.ndjson": lines}), Key: constantKey(t),
		ConceptMaps: []string{written(t, "labs.json", labMap), written(t, "more.csv", csvMap)},
	}
	report, sn := extracted(t, req)
	want := map[string]string{
		"glu": "http://loinc.org|2345-7", "a1c": "http://loinc.org|4548-4", "oid": "http://snomed.info/sct|44054006",
		"std": "http://loinc.org|2345-7 http://snomed.info/sct|33747003", "age": "http://loinc.org|30525-0",
		"none": "", "other": "", "narrow": "",
	}
	concepts := map[int64][]string{}
	for _, row := range table(t, sn, "concept") {
		id := row["concept"].Int64()
		concepts[id] = append(concepts[id], string(row["system"].ByteArray())+"|"+string(row["code"].ByteArray()))
	}
	var resources []string
	for id := range want {
		resources = append(resources, "Observation/"+id)
	}
	d := newDumper(t, sn, constantKey(t), "main", resources...)
	got := map[string]string{}
	for _, row := range table(t, sn, "observation") {
		_, id, _ := strings.Cut(d.names[string(row["rid"].ByteArray())], "/")
		got[id] = strings.Join(concepts[row["code"].Int64()], " ")
		// Of a code that is an age by its map the value over 89 goes, as of that code itself.
		if _, has := row["value_num"]; has == (id == "age") {
			t.Errorf("%s has its value: %v", id, has)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("codes %v\nwant  %v", got, want)
	}
	if race := table(t, sn, "patient_extension")[0]["value_concept"].Int64(); !slices.Equal(concepts[race], []string{"urn:oid:2.16.840.1.113883.6.238|2106-3"}) {
		t.Errorf("race is %v", concepts[race])
	}
	if !maps.Equal(report.CodesMapped, map[string]int64{"Observation.code": 5, "Patient.extension(http://hl7.org/fhir/us/core/StructureDefinition/us-core-race).ombCategory": 1}) ||
		!maps.Equal(report.CodesUnmapped, map[string]int64{"Observation.code": 2}) {
		t.Errorf("mapped %v, unmapped %v", report.CodesMapped, report.CodesUnmapped)
	}
	// The maps are inputs of the step, and nothing of theirs but the targets is in the store.
	n := 0
	for _, in := range sn.Manifest().Inputs {
		if in.Kind == "concept_map" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d inputs are concept maps", n)
	}
	for _, tab := range sn.Manifest().Tables {
		for _, path := range sn.Paths(tab.Name) {
			text, err := os.ReadFile(path)
			if err != nil || bytes.Contains(text, []byte("QUACKENBUSH")) || bytes.Contains(text, []byte("lab.example")) {
				t.Errorf("table %s: %v, or a local code is in it", tab.Name, err)
			}
		}
	}
	// Other maps, or other equivalences, are another question.
	wider := req
	wider.MapBy = []string{"equal", "equivalent", "wider"}
	r2, sn2 := extracted(t, wider)
	if r2.Snapshot == report.Snapshot || sn2.Manifest().Key == sn.Manifest().Key {
		t.Error("other equivalences give the same snapshot")
	}
	if !slices.ContainsFunc(table(t, sn2, "concept"), func(row map[string]parquet.Value) bool { return string(row["code"].ByteArray()) == "41653-7" }) {
		t.Error("a wider target is not used where it is asked for")
	}
}

// Everything wrong in the maps is told at once, with its place, and no local code is quoted.
func TestConceptMapMistakes(t *testing.T) {
	dir := export(t, map[string][]string{"x.ndjson": {`{"resourceType":"Patient","id":"p"}`}})
	for _, c := range []struct {
		name, text string
		want       []string // place and code of each
	}{
		{"a.csv", "source_system,source_code,target_system,target_code\nhttp://l.example,SECRET,http://loinc.org,4548-5\nhttp://l.example,SECRET,http://vendor.example,X\n,SECRET,http://loinc.org,4548-4\nhttp://l.example,SECRET\n",
			[]string{"a.csv:2:42: target-not-kept", "a.csv:3:47: target-not-kept", "a.csv:4:1: missing-value", "a.csv:5:1: bad-csv"}},
		{"b.csv", "system,code\n", []string{"b.csv:1:1: bad-heading"}},
		{"c.csv", "", []string{"c.csv:1:1: bad-heading"}},
		{"d.csv", "source_system,source_code,target_system,target_code,equivalence\nhttp://l.example,SECRET,http://loinc.org,4548-4,equivalant\n", []string{"d.csv:2:49: unknown-equivalence"}},
		{"e.json", `{"resourceType":"ConceptMap",` + "\n" + `"group":[{"source":"http://l.example","target":"http://loinc.org","unmapped":{"mode":"fixed","code":"4548-4"},"element":[` + "\n" +
			`{"code":"SECRET","target":[{"code":"4548-5","equivalence":"equal"}]},` + "\n" + `{"code":"SECRET","target":[{"code":"4548-4","equivalence":"equal","dependsOn":[{}]}]},` + "\n" +
			`{"target":[]},{"code":"SECRET","target":[{"code":"4548-4"}]}]},{"target":"x"}]}`,
			[]string{"e.json:2:86: not-supported", "e.json:3:36: target-not-kept", "e.json:4:79: not-supported", "e.json:5:1: missing-value", "e.json:5:42: missing-value", "e.json:5:64: missing-value"}},
		{"f.json", `{"resourceType":"Bundle"}`, []string{"f.json:1:1: not-a-concept-map"}},
		{"g.json", `{"resourceType":"ConceptMap","group":[`, []string{"g.json:1:39: bad-json"}},
		{"h.json", `{"resourceType":"ConceptMap","status":"active"}`, []string{"h.json:1:1: missing-value"}},
		{"i.json", strings.Repeat(`{"a":`, 100), []string{"i.json:1:167: bad-json"}},
		{"j.json", `{"resourceType":"ConceptMap","resourceType":"SECRET"}`, []string{"j.json:1:53: bad-json"}},
	} {
		s := emptyStore(t)
		_, err := Extract(context.Background(), s, ExtractRequest{Source: dir, Key: constantKey(t), ConceptMaps: []string{written(t, c.name, c.text)}})
		var found source.Diagnostics
		if !errors.As(err, &found) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, d := range found {
			got = append(got, d.Pos.String()+": "+d.Code)
			if strings.Contains(d.Error(), "SECRET") {
				t.Errorf("a local code is quoted: %v", d)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q\nwant %q\n%v", c.name, got, c.want, err)
		}
		if ids, _ := s.Snapshots(); len(ids) != 0 {
			t.Errorf("%s: something is published", c.name)
		}
	}
}
