package measures

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// element is a FHIR R4 element: its type, how often it may be there, and the codes that it is
// bound to.
type element struct {
	typ   string
	min   int
	many  bool
	codes string
}

// r4 are the types that a MeasureReport is made of, as R4 (4.0.1) has them. Elements that
// farr does not write are left out: they are found as unknown.
var r4 = map[string]map[string]element{
	"Bundle":       {"resourceType": {"code", 1, false, "Bundle"}, "meta": {typ: "Meta"}, "type": {"code", 1, false, "collection"}, "entry": {typ: "Bundle.entry", many: true}},
	"Bundle.entry": {"fullUrl": {typ: "uri"}, "resource": {typ: "MeasureReport"}},
	"MeasureReport": {"resourceType": {"code", 1, false, "MeasureReport"}, "id": {typ: "id"}, "meta": {typ: "Meta"}, "contained": {typ: "List", many: true},
		"identifier": {typ: "Identifier", many: true}, "status": {"code", 1, false, "complete pending error"}, "type": {"code", 1, false, "individual subject-list summary data-collection"},
		"measure": {typ: "uri", min: 1}, "subject": {typ: "Reference"}, "period": {typ: "Period", min: 1}, "improvementNotation": {typ: "improvement"}, "group": {typ: "group", many: true}},
	"Meta":            {"security": {typ: "Coding", many: true}, "tag": {typ: "Coding", many: true}},
	"group":           {"id": {typ: "string"}, "code": {typ: "CodeableConcept"}, "population": {typ: "population", many: true}, "measureScore": {typ: "Quantity"}, "stratifier": {typ: "stratifier", many: true}},
	"population":      {"id": {typ: "string"}, "code": {typ: "populationCode"}, "count": {typ: "integer"}, "subjectResults": {typ: "Reference"}},
	"stratifier":      {"id": {typ: "string"}, "code": {typ: "CodeableConcept", many: true}, "stratum": {typ: "stratum", many: true}},
	"stratum":         {"value": {typ: "CodeableConcept"}, "component": {typ: "component", many: true}, "population": {typ: "population", many: true}, "measureScore": {typ: "Quantity"}},
	"List":            {"resourceType": {"code", 1, false, "List"}, "id": {typ: "id", min: 1}, "status": {"code", 1, false, "current retired entered-in-error"}, "mode": {"code", 1, false, "working snapshot changes"}, "entry": {typ: "List.entry", many: true}},
	"List.entry":      {"item": {typ: "Reference", min: 1}},
	"Reference":       {"reference": {typ: "string"}, "type": {typ: "uri"}, "identifier": {typ: "Identifier"}, "display": {typ: "string"}},
	"Identifier":      {"system": {typ: "uri"}, "value": {typ: "string"}},
	"Period":          {"start": {typ: "date"}, "end": {typ: "date"}},
	"Quantity":        {"value": {typ: "decimal"}, "unit": {typ: "string"}, "system": {typ: "uri"}, "code": {typ: "string"}},
	"CodeableConcept": {"coding": {typ: "Coding", many: true}, "text": {typ: "string"}},
	"Coding":          {"system": {typ: "uri"}, "code": {typ: "string"}, "display": {typ: "string"}},
	"improvement":     {"coding": {typ: "improvementCoding", min: 1, many: true}},
	"improvementCoding": {"system": {"uri", 1, false, "http://terminology.hl7.org/CodeSystem/measure-improvement-notation"},
		"code": {"code", 1, false, "increase decrease"}, "display": {typ: "string"}},
	"populationCode":   {"coding": {typ: "populationCoding", min: 1, many: true}},
	"populationCoding": {"system": {"uri", 1, false, "http://terminology.hl7.org/CodeSystem/measure-population"}, "code": {"code", 1, false, "initial-population numerator numerator-exclusion denominator denominator-exclusion denominator-exception measure-population measure-population-exclusion measure-observation"}},
}

// primitives are R4's rules for the text of primitive types.
var primitives = map[string]*regexp.Regexp{
	"code": regexp.MustCompile(`^[^\s]+(\s[^\s]+)*$`), "string": regexp.MustCompile(`^[ \r\n\t\S]+$`), "uri": regexp.MustCompile(`^\S+$`),
	"id": regexp.MustCompile(`^[A-Za-z0-9\-\.]{1,64}$`), "date": regexp.MustCompile(`^\d{4}-\d\d-\d\d$`),
}

// conform reports where a value is not of its R4 type.
func conform(path, typ string, v any) (wrong []string) {
	report := func(format string, args ...any) { wrong = append(wrong, path+" "+fmt.Sprintf(format, args...)) }
	fields, complex := r4[typ]
	if !complex {
		switch v := v.(type) {
		case string:
			if primitives[typ] == nil || !primitives[typ].MatchString(v) {
				report("%q is no %s", v, typ)
			}
		case json.Number:
			if typ == "integer" && strings.ContainsAny(v.String(), ".eE-") || typ != "integer" && typ != "decimal" {
				report("%s is no %s", v, typ)
			}
		default:
			report("%v is no %s", v, typ)
		}
		return wrong
	}
	object, ok := v.(map[string]any)
	if !ok || len(object) == 0 { // ele-1: an element has a value or children
		report("is empty or no object")
		return wrong
	}
	for name, e := range fields {
		if e.min > 0 && object[name] == nil {
			report("has no %s", name)
		}
	}
	for name, value := range object {
		e, known := fields[name]
		if !known {
			report("has an element %s, which R4 has not", name)
			continue
		}
		list := []any{value}
		if e.many {
			if list, ok = value.([]any); !ok || len(list) == 0 {
				report("%s is no list, or an empty one", name)
				continue
			}
		}
		for i, one := range list {
			wrong = append(wrong, conform(fmt.Sprintf("%s.%s[%d]", path, name, i), e.typ, one)...)
			if e.codes != "" && !slices.Contains(strings.Fields(e.codes), fmt.Sprint(one)) {
				report("%s is %v, which is not one of %s", name, one, e.codes)
			}
		}
	}
	return append(wrong, invariants(path, typ, object)...)
}

// invariants are R4's rules of an element that its type does not say.
func invariants(path, typ string, o map[string]any) (wrong []string) {
	has := func(name string) bool { return o[name] != nil }
	check := func(rule string, holds bool) {
		if !holds {
			wrong = append(wrong, path+" breaks "+rule)
		}
	}
	switch typ {
	case "MeasureReport":
		check("mrp-1: data collection has no groups", o["type"] != "data-collection" || !has("group"))
		check("a subject is of an individual report, and only of one", has("subject") == (o["type"] == "individual"))
		text, _ := json.Marshal(o)
		for _, c := range asList(o["contained"]) {
			id := c.(map[string]any)["id"]
			check(fmt.Sprintf("dom-3: contained %v is referred to once", id), strings.Count(string(text), fmt.Sprintf(`"reference":"#%v"`, id)) == 1)
		}
		for _, ref := range regexp.MustCompile(`"reference":"#([^"]*)"`).FindAllStringSubmatch(string(text), -1) {
			check("ref-1: "+ref[1]+" is contained", slices.ContainsFunc(asList(o["contained"]), func(c any) bool { return c.(map[string]any)["id"] == ref[1] }))
		}
		ids := map[string]int{}
		for _, m := range regexp.MustCompile(`"id":"([^"]*)"`).FindAllStringSubmatch(string(text), -1) {
			if ids[m[1]]++; ids[m[1]] > 1 {
				check("ids are unique: "+m[1], false)
			}
		}
		if o["type"] == "individual" {
			check("a score is of a population", !strings.Contains(string(text), "measureScore"))
		}
		check("subject lists are of a subject-list", o["type"] == "subject-list" || !strings.Contains(string(text), "subjectResults"))
	case "stratum":
		check("mrp-2: a value or components", has("value") != has("component"))
	case "Quantity":
		check("qty-3: a code has a system", !has("code") || has("system"))
	case "Period":
		check("per-1: the start is not after the end", fmt.Sprint(o["start"]) <= fmt.Sprint(o["end"]))
	case "Reference":
		check("a reference says what it refers to", has("reference") || has("identifier"))
	case "Bundle":
		seen := map[any]bool{}
		for _, e := range asList(o["entry"]) {
			url := e.(map[string]any)["fullUrl"]
			check(fmt.Sprintf("bdl-7: %v is unique", url), !seen[url])
			seen[url] = true
		}
	}
	return wrong
}

func asList(v any) []any { list, _ := v.([]any); return list }

// decode reads FHIR as it stands: whole numbers stay whole.
func decode(t *testing.T, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return v
}

func reportsOf(t *testing.T, r *Results, q MeasureReportRequest) (list []measureReport) {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteMeasureReports(t.Context(), &b, q); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		for _, wrong := range conform("MeasureReport", "MeasureReport", decode(t, []byte(line))) {
			t.Errorf("%s: %s", q.Type, wrong)
		}
		var one measureReport
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		list = append(list, one)
	}
	return list
}

// told is a group's counts in the order of its populations, and its score.
func told(populations []reportPopulation, score *quantity) string {
	var b strings.Builder
	for _, p := range populations {
		fmt.Fprintf(&b, "%d ", p.Count)
	}
	if score == nil {
		return b.String() + "-"
	}
	return fmt.Sprintf("%s%.4g", b.String(), score.Value)
}

// Counts and scores are those that were worked out for TestPublished; in FHIR the denominator
// has its exclusions and exceptions in it.
func TestMeasureReports(t *testing.T) {
	s := newStudy(t, staysExport(t), testKey(t), "shifted")
	_, results := s.published(t, "2024,2025-01", append(everyPublished, "blood-pressure-control", "emergency-visits")...)

	want := map[string]string{
		"http://example.org/Measure/PatientsWhoStay|1.0.0 2024": "6 6 1 4 1 1",
		"http://example.org/Measure/OperatedStays|1.0.0 2024":   "5 5 1 1 0.25, 5 3 0 0",
		"http://example.org/Measure/LengthOfStay|1.0.0 2024":    "5 5 1 4 1.5",
		"http://example.org/Measure/PatientsSeen|1.0.0 2024":    "6 -",
		"http://example.org/Measure/PatientsSeen|1.0.0 2025":    "0 -",
	}
	summaries := reportsOf(t, results, MeasureReportRequest{Type: ReportSummary})
	if len(summaries) != 2*7 {
		t.Errorf("%d summaries of 7 measures and 2 periods", len(summaries))
	}
	noObservations := "" // the persons of this test have none, so that what rests on them is incomplete
	for _, d := range results.Definitions() {
		if d.ID == "blood-pressure-control" {
			noObservations = d.Canonical()
		}
	}
	found := map[string]string{}
	for _, r := range summaries {
		var groups []string
		for _, g := range r.Group {
			groups = append(groups, told(g.Population, g.MeasureScore))
		}
		found[r.Measure+" "+r.Period.Start[:4]] = strings.Join(groups, ", ")
		if r.Type != "summary" || r.Status != "complete" || r.Contained != nil || len(r.Meta.Security) != 3 || (r.Meta.Tag != nil) != (r.Period.End > "2026-01-05" || r.Measure == noObservations) {
			t.Errorf("%+v", r)
		}
		if r.Period.Start == "2024-01-01" && r.Period.End != "2024-12-31" || r.Period.Start == "2025-01-01" && r.Period.End != "2025-01-31" {
			t.Errorf("period %v", r.Period)
		}
	}
	for name, counts := range want {
		if found[name] != counts {
			t.Errorf("%s: %s, want %s", name, found[name], counts)
		}
	}

	one := reportsOf(t, results, MeasureReportRequest{Type: ReportSummary, Measures: []string{"OperatedStays"}, Periods: []string{"2024"}})
	if len(one) != 1 || one[0].ImprovementNotation.Coding[0].Code != "increase" || one[0].Group[0].ID != "all" || one[0].Group[0].Population[3].Code.Coding[0].Code != "numerator" {
		t.Fatalf("%+v", one)
	}
	strata := map[string]string{}
	for _, x := range one[0].Group[0].Stratifier {
		for _, v := range x.Stratum {
			strata[x.Code[0].Text+"="+v.Value.Text] = told(v.Population, v.MeasureScore)
		}
	}
	if len(strata) != 4 || strata["Weekend Stays=true"] != "3 3 0 0 0" || strata["Weekend Stays=false"] != "2 2 1 1 1" || strata["Women=true"] != "2 2 1 1 1" {
		t.Errorf("strata %v", strata)
	}

	sql := reportsOf(t, results, MeasureReportRequest{Type: ReportSummary, Measures: []string{"blood-pressure-control"}, Periods: []string{"2024"}})
	if len(sql) != 1 || !strings.HasPrefix(sql[0].Measure, "urn:uuid:") || len(sql[0].Group[0].Population) < 3 {
		t.Errorf("a library's measure: %+v", sql)
	}
}

// The individual reports add up to the summary, and are those that the subject list names.
func TestMeasureReportsOfSubjects(t *testing.T) {
	s := newStudy(t, staysExport(t), testKey(t), "shifted")
	_, results := s.published(t, "2024", append(everyPublished, "blood-pressure-control")...)
	pids := map[string]bool{}
	for _, name := range []string{"PatientsWhoStay", "OperatedStays", "LengthOfStay", "OperationsPerDay", "PatientsSeen", "blood-pressure-control"} {
		q := MeasureReportRequest{Measures: []string{name}}
		q.Type = ReportSummary
		summary := reportsOf(t, results, q)[0]
		q.Type = ReportIndividual
		individual := reportsOf(t, results, q)
		q.Type = ReportSubjectList
		list := reportsOf(t, results, q)
		if len(list) != len(individual)+1 || list[0].Type != "subject-list" {
			t.Fatalf("%s: %d individual reports, and with the list %d", name, len(individual), len(list))
		}
		byID := map[string]measureReport{}
		for i, r := range individual {
			byID["MeasureReport/"+r.ID] = r
			pid := r.Subject.Display
			pids[pid] = true
			if r.Subject.Type != "Patient" || r.Subject.Identifier.Value != "urn:uuid:"+pid || list[i+1].ID != r.ID {
				t.Errorf("%s: subject %+v", name, r.Subject)
			}
		}
		for g, group := range summary.Group {
			for p, population := range group.Population {
				var sum int64
				in := map[string]bool{}
				for id, r := range byID {
					if n := r.Group[g].Population[p].Count; n > 0 {
						sum, in[id] = sum+n, true
					}
				}
				if sum != population.Count || list[0].Group[g].Population[p].Count != population.Count {
					t.Errorf("%s group %d population %d: %d, and the patients' %d", name, g, p, population.Count, sum)
				}
				ref := list[0].Group[g].Population[p].SubjectResults
				if (ref == nil) != (len(in) == 0) {
					t.Errorf("%s group %d population %d: list %v of %d patients", name, g, p, ref, len(in))
				}
				if ref == nil {
					continue
				}
				i := slices.IndexFunc(list[0].Contained, func(l reportList) bool { return "#"+l.ID == ref.Reference })
				for _, e := range list[0].Contained[i].Entry {
					if !in[e.Item.Reference] || byID[e.Item.Reference].Subject.Display != e.Item.Display {
						t.Errorf("%s group %d population %d lists %+v", name, g, p, e.Item)
					}
					delete(in, e.Item.Reference)
				}
				if len(in) > 0 {
					t.Errorf("%s group %d population %d does not list %v", name, g, p, in)
				}
			}
		}
	}
	if len(pids) != 6 { // all but fay and hal
		t.Errorf("patients %v", pids)
	}
}

func TestMeasureReportBundle(t *testing.T) {
	s := newStudy(t, staysExport(t), testKey(t), "limited")
	_, results := s.published(t, "2024", everyPublished...)
	var b bytes.Buffer
	q := MeasureReportRequest{Type: ReportSubjectList, Bundle: true}
	if err := results.WriteMeasureReports(t.Context(), &b, q); err != nil {
		t.Fatal(err)
	}
	bundle := decode(t, b.Bytes())
	for _, wrong := range conform("Bundle", "Bundle", bundle) {
		t.Error(wrong)
	}
	q.Bundle = false
	if lines := reportsOf(t, results, q); len(asList(bundle.(map[string]any)["entry"])) != len(lines) {
		t.Errorf("the Bundle has %d reports, and there are %d", len(asList(bundle.(map[string]any)["entry"])), len(lines))
	}
	// What a List refers to is in the Bundle.
	for _, ref := range regexp.MustCompile(`"reference":"(urn:uuid:[^"]*)"`).FindAllStringSubmatch(b.String(), -1) {
		if !strings.Contains(b.String(), `{"fullUrl":"`+ref[1]+`"`) {
			t.Errorf("%s is not in the Bundle", ref[1])
		}
	}
	var again bytes.Buffer
	q.Bundle = true
	if err := results.WriteMeasureReports(t.Context(), &again, q); err != nil || again.String() != b.String() {
		t.Errorf("the same results give another Bundle (%v)", err)
	}
	err := results.WriteMeasureReports(t.Context(), &again, MeasureReportRequest{Type: "all", Measures: []string{"Nothing"}, Periods: []string{"1999"}})
	for _, want := range []string{`type "all"`, `measure "Nothing"`, `period "1999"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
