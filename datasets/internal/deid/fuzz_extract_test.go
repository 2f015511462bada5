package deid

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"farr/datasets/fhir"
)

// What a fuzzed resource may hold and no record may: a name, digits that pass for no code, and a moment.
const (
	fuzzName   = "Quackenbushsky"
	fuzzDigits = "770553311" // fails SNOMED CT's check digit
	fuzzMoment = "2024-02-03T10:17:23.457-05:00"
)

var fuzzInstant = time.Date(2024, 2, 3, 15, 17, 23, 457e6, time.UTC)

// choices draws from the bytes of a fuzzed input; when they are used up, it draws zeros.
type choices struct {
	bytes []byte
	size  int // of what was made so far
}

func (c *choices) below(n int) int {
	if len(c.bytes) == 0 || n < 2 {
		return 0
	}
	b := int(c.bytes[0])
	c.bytes = c.bytes[1:]
	if n > 256 && len(c.bytes) > 0 {
		b = b<<8 | int(c.bytes[0])
		c.bytes = c.bytes[1:]
	}
	return b % n
}

func pickOf[T any](c *choices, from []T) T { return from[c.below(len(from))] }

// texts are strings with and without markers, and JSON that is no string.
var fuzzTexts = []string{
	fuzzName, strings.ToLower(fuzzName), fuzzDigits, "770-55-3311", fuzzName + " " + fuzzDigits, "urn:" + fuzzName, "Patient/" + fuzzName, "http://x.example/" + fuzzName,
	"4548-4", "38341003", "final", "finished", "female", "a", "mg", "{" + fuzzName + "}", "mg." + fuzzDigits, "1", "", " ", "en-" + fuzzName, "MA", "02139", "10025" + fuzzName,
	"2024", "2024-05", "2024-05-06", "1907-02-03", fuzzMoment, "9999-12-31", "2024-11-03T01:30:00-04:00", "2024-03-10T02:30:00", fuzzName + "2024-05-06",
	"Patient/p", "Encounter/e", "#c", "urn:uuid:770553311", "Patient?identifier=" + fuzzDigits, "Patient/p/_history/" + fuzzDigits, "=1+1", "<script>" + fuzzName, "\u0000", "\\ud800",
}

var fuzzSystems = []string{
	"http://loinc.org", "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-9-cm", "http://www.nlm.nih.gov/research/umls/rxnorm",
	"http://hl7.org/fhir/sid/cvx", "http://hl7.org/fhir/sid/ndc", "http://www.ama-assn.org/go/cpt", "urn:oid:2.16.840.1.113883.6.238", "http://unitsofmeasure.org",
	"http://terminology.hl7.org/CodeSystem/v3-ActCode", "http://terminology.hl7.org/CodeSystem/condition-clinical", "http://terminology.hl7.org/CodeSystem/observation-category",
	"http://nucc.org/provider-taxonomy", "http://terminology.hl7.org/CodeSystem/" + strings.ToLower(fuzzName), "http://hl7.org/fhir/" + fuzzName, "urn:" + fuzzName, "urn:ietf:bcp:47", "",
}

func (c *choices) text() any {
	if c.below(6) == 5 {
		return pickOf(c, []any{1, -1, 5.5, json.Number(fuzzDigits), json.Number(fuzzDigits + ".0"), json.Number(fuzzDigits + "e0"), true, false, nil, []any{fuzzName}, map[string]any{fuzzName: fuzzName}})
	}
	return pickOf(c, fuzzTexts)
}

func (c *choices) coding() map[string]any {
	return c.some(map[string]any{"system": pickOf(c, fuzzSystems), "code": c.text(), "display": fuzzName, "version": fuzzName, "userSelected": true, "id": fuzzName})
}

// some leaves out a member now and then.
func (c *choices) some(m map[string]any) map[string]any {
	for _, name := range []string{"system", "code", "value", "unit", "reference", "start", "end", "url"} {
		if _, ok := m[name]; ok && c.below(8) == 7 {
			delete(m, name)
		}
	}
	return m
}

// value is one of a FHIR type, or now and then of another.
func (c *choices) value(typ string) any {
	base, _, _ := strings.Cut(typ, "(")
	if c.below(8) == 7 {
		base = pickOf(c, []string{"CodeableConcept", "Reference", "Quantity", "Period", "dateTime", "string", "boolean", "Timing", "Annotation"})
	}
	switch base {
	case "CodeableConcept":
		codings := []any{}
		for range c.below(4) {
			codings = append(codings, c.coding())
		}
		return map[string]any{"coding": codings, "text": fuzzName}
	case "Coding":
		return c.coding()
	case "Reference":
		return c.some(map[string]any{"reference": c.text(), "display": fuzzName, "type": fuzzName, "identifier": map[string]any{"value": fuzzDigits, "system": "urn:" + fuzzName}})
	case "Quantity", "Age", "Duration", "SimpleQuantity":
		// A number with a real unit passes for a measurement, so the digits that must not pass have none.
		number, code := c.text(), pickOf(c, []any{"mg", "a", "{" + fuzzName + "}", "1", "%", fuzzName, "mo", nil})
		if text, ok := number.(json.Number); ok && strings.HasPrefix(string(text), fuzzDigits) {
			code = fuzzName
		}
		quantity := map[string]any{"value": number, "unit": fuzzName, "code": code, "system": pickOf(c, fuzzSystems)}
		if c.below(16) == 15 {
			quantity["comparator"] = c.text()
		}
		return c.some(quantity)
	case "Period":
		return c.some(map[string]any{"start": c.text(), "end": c.text(), "id": fuzzName, "_start": map[string]any{"id": fuzzName}})
	case "Timing":
		return map[string]any{"event": []any{c.text(), c.text()}, "code": c.value("CodeableConcept"), "repeat": map[string]any{"boundsPeriod": c.value("Period"), "count": c.text(), "period": c.text(), "periodUnit": c.text(), "when": []any{c.text()}}}
	case "Dosage":
		return map[string]any{"text": fuzzName, "sequence": c.text(), "timing": c.value("Timing"), "doseAndRate": []any{map[string]any{"doseQuantity": c.value("Quantity")}}}
	case "boolean":
		return pickOf(c, []any{true, false, fuzzName, nil, 1})
	case "dateTime", "date", "instant":
		return pickOf(c, []any{fuzzMoment, "2024-05-06", "2024", "1907-02-03", "2024-11-03T01:30:00-04:00", fuzzName, fuzzDigits, 20240506, "2024-05-06T" + fuzzName})
	case "Annotation":
		return map[string]any{"text": fuzzName, "time": fuzzMoment, "authorString": fuzzName}
	case "BackboneElement", "Extension":
		return map[string]any{fuzzName: fuzzName, "id": fuzzName}
	}
	return c.text()
}

// resource is a resource of a type that has elements of the policy, and others.
func (c *choices) resource(types []TypeElements) map[string]any {
	t := pickOf(c, types)
	r := map[string]any{"resourceType": t.Type, "id": pickOf(c, []any{"x", fuzzName, fuzzDigits})}
	for range 2 + c.below(14) {
		e := pickOf(c, t.Elements)
		c.place(r, strings.ReplaceAll(e.Path, ".extension(", "|extension("), e.Type, c.value(e.Type))
	}
	if t.Owner != "id" && t.Owner != "none" && c.below(16) != 15 {
		r[t.Owner] = map[string]any{"reference": "Patient/" + pickOf(c, []string{"p", fuzzName}), "display": fuzzName}
	}
	for range c.below(4) {
		switch c.below(8) {
		case 0:
			r["text"] = map[string]any{"div": fuzzName}
		case 1:
			r["contained"] = []any{map[string]any{"resourceType": "Patient", "id": "c", "name": []any{map[string]any{"family": fuzzName}}}}
		case 2:
			r["meta"] = map[string]any{"source": fuzzName, "lastUpdated": fuzzMoment, "tag": []any{c.coding()}, "profile": []any{"http://hl7.org/fhir/us/core/StructureDefinition/us-core-" + strings.ToLower(fuzzName), c.text()}}
		case 3:
			r["extension"] = []any{map[string]any{"url": "urn:" + fuzzName, "valueString": fuzzName}}
		case 4:
			r[fuzzName] = c.value("CodeableConcept")
		case 5:
			r["_status"] = map[string]any{"id": fuzzName, "extension": []any{map[string]any{"url": fuzzName, "valueString": fuzzName}}}
		case 6:
			r["note"] = []any{c.value("Annotation")}
		case 7:
			r["identifier"] = []any{map[string]any{"value": fuzzDigits, "system": fuzzName}}
		}
	}
	return r
}

// valueName is the member that holds an extension's value, mostly that of the type.
func (c *choices) valueName(typ string) string {
	base, _, _ := strings.Cut(typ, "(")
	if base == "" || c.below(8) == 7 {
		return pickOf(c, []string{"valueCodeableConcept", "valueCode", "valueBoolean", "valueString", "valueCanonical", "valueDateTime", "valueInteger", "valueCoding", "valueReference"})
	}
	return "value" + strings.ToUpper(base[:1]) + base[1:]
}

// place puts a value at a policy's path: name, name[], name[pick], name(URL).
func (c *choices) place(into map[string]any, path, typ string, v any) {
	path = strings.ReplaceAll(path, "|extension(", ".extension(")
	name, rest := path, ""
	url := ""
	if at := strings.IndexAny(path, ".(["); at >= 0 {
		name, rest = path[:at], path[at:]
	}
	list := false
	if strings.HasPrefix(rest, "[") {
		list = true
		_, rest, _ = strings.Cut(rest, "]")
	}
	if strings.HasPrefix(rest, "(") {
		url, rest, _ = strings.Cut(rest[1:], ")")
	}
	rest = strings.TrimPrefix(rest, ".")
	switch {
	case url != "":
		e := map[string]any{"url": url}
		if rest == "" {
			e[c.valueName(typ)] = v
		} else {
			e["extension"] = []any{map[string]any{"url": rest, c.valueName(typ): v}}
		}
		items, _ := into[name].([]any)
		into[name] = append(items, e)
	case rest == "" && list:
		items, _ := into[name].([]any)
		into[name] = append(items, v)
	case rest == "":
		into[name] = v
	case list:
		items, _ := into[name].([]any)
		var inner map[string]any
		if len(items) > 0 && c.below(3) > 0 {
			inner, _ = items[len(items)-1].(map[string]any)
		}
		if inner == nil {
			inner = map[string]any{}
			items = append(items, inner)
		}
		into[name] = items
		c.place(inner, rest, typ, v)
	default:
		inner, ok := into[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			into[name] = inner
		}
		c.place(inner, rest, typ, v)
	}
}

// fuzzer is what fuzzed resources go through, for each profile.
type fuzzer struct {
	plans map[Profile]*Plan
	types []TypeElements
	zone  *Zone
	key   *Key
}

var newFuzzer = sync.OnceValues(func() (*fuzzer, error) {
	f := &fuzzer{plans: map[Profile]*Plan{}}
	policy, err := LoadPolicy()
	if err != nil {
		return nil, err
	}
	for _, profile := range Profiles {
		if f.plans[profile], err = Compile(policy, profile); err != nil {
			return nil, err
		}
	}
	f.types = f.plans[Limited].Elements()
	if f.zone, err = LoadZone("America/New_York"); err != nil {
		return nil, err
	}
	f.key, err = ParseKey([]byte(keyText))
	return f, err
})

// leaks extracts a parsed resource in every profile and says what of the markers is in the record, the
// dictionary or the counts. Where limited keeps a city as it is, cities are not looked at.
func (f *fuzzer) leaks(line []byte) (found []string) {
	for _, profile := range Profiles {
		dictionary := NewDictionary()
		x := NewExtractor(Config{Plan: f.plans[profile], Key: f.key, Zone: f.zone, Source: "main", Dictionary: dictionary})
		var d fhir.Doc
		if d.Parse(line) != "" {
			return nil
		}
		record, verdict := x.Extract(&d, 1)
		var out bytes.Buffer
		if verdict == Stored {
			f.printRecord(&out, f.plans[profile], record)
		}
		dictionary.Rows(func(r *Row) error { printRow(&out, r, ""); return nil })
		counts := map[string]int64{}
		x.AddLost(counts)
		x.AddUnread(counts)
		fmt.Fprint(&out, counts, verdict, x.Reason())
		text := strings.ToLower(out.String())
		for _, marker := range []string{strings.ToLower(fuzzName), fuzzDigits, "770-55-3311"} {
			if strings.Contains(text, marker) {
				found = append(found, fmt.Sprintf("%s in profile %s", marker, profile))
			}
		}
		if profile == Limited {
			continue
		}
		for _, at := range []int64{fuzzInstant.UnixMilli(), fuzzInstant.Add(-5 * time.Hour).UnixMilli()} {
			if bytes.Contains(record.body[min(bodySequence, len(record.body)):], binary.LittleEndian.AppendUint64(nil, uint64(at))) {
				found = append(found, fmt.Sprintf("the true moment in profile %s", profile))
			}
		}
	}
	return found
}

func (f *fuzzer) printRecord(out *bytes.Buffer, plan *Plan, record Record) {
	tables := plan.types[record.kind].tables
	skip := ""
	if plan.profile == Limited {
		skip = "city"
	}
	rest := record.body[bodyHead:]
	for table := tables[0]; ; {
		r := newOutRow(table)
		rest = r.decode(rest)
		printRow(out, r, skip)
		if len(rest) == 0 {
			return
		}
		table, rest = tables[rest[0]], rest[1:]
	}
}

func printRow(out *bytes.Buffer, r *Row, skip string) {
	for _, i := range r.Set() {
		column := r.Table().Columns[i]
		switch cell := r.Cell(i); {
		case column.Name == skip:
		case column.Type == Varchar || column.Type == Blob || column.Type == UUID:
			fmt.Fprintf(out, "%s ", cell.Bytes)
		case column.Type == Decimal:
			fmt.Fprintf(out, "%s ", decimalText(cell.Bytes))
		default:
			fmt.Fprintf(out, "%d ", cell.Number)
		}
	}
}

// decimalText are the digits of a decimal without its point's zeros: whole numbers as people write them.
func decimalText(b []byte) string {
	var n int64
	for _, c := range b[len(b)-8:] {
		n = n<<8 | int64(c)
	}
	return fmt.Sprint(n / 1e8)
}

// FuzzExtract extracts resources that are drawn from the fuzzed bytes, with markers in every place: nothing crashes,
// and no marker is in a record of any profile.
func FuzzExtract(f *testing.F) {
	for i := range 64 {
		seed := make([]byte, 200)
		for k := range seed {
			seed[k] = byte((i*31 + k*k*7 + k*i) ^ (k >> 2))
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		f, err := newFuzzer()
		if err != nil {
			t.Fatal(err)
		}
		c := &choices{bytes: b}
		line, err := json.Marshal(c.resource(f.types))
		if err != nil {
			t.Fatal(err)
		}
		if found := f.leaks(line); len(found) > 0 {
			t.Fatalf("%v\n%s", found, line)
		}
	})
}

// FuzzRecord extracts any bytes that are a resource.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Patient","id":"a","birthDate":"1960-04-05","address":[{"postalCode":"10025","state":"NY","city":"` + fuzzName + `"}],"name":[{"family":"` + fuzzName + `"}]}`))
	f.Add([]byte(`{"resourceType":"Observation","id":"a","status":"final","subject":{"reference":"Patient/` + fuzzName + `"},"code":{"coding":[{"system":"http://loinc.org","code":"` + fuzzName + `"}]},"valueQuantity":{"value":1,"code":"` + fuzzName + `"},"effectiveDateTime":"` + fuzzMoment + `"}`))
	f.Add([]byte(`{"resourceType":"MedicationRequest","id":"` + fuzzDigits + `","status":"active","intent":"order","subject":{"reference":"Patient/a"},"dosageInstruction":[{"text":"` + fuzzName + `","timing":{"event":["` + fuzzMoment + `"],"repeat":{"count":2}}}],"modifierExtension":[{"url":"http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-doNotPerform","valueBoolean":true}]}`))
	f.Add([]byte(`{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/a"},"period":{"start":"` + fuzzMoment + `"},"diagnosis":[{"rank":1,"condition":{"reference":"` + fuzzName + `"}}],"extension":[{"url":"` + fuzzName + `"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		f, err := newFuzzer()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsAny(b, "\n\r") {
			return
		}
		for _, found := range f.leaks(b) {
			// A mutation may make a code of the digits, and a number with a unit; the name passes nowhere.
			if strings.HasPrefix(found, strings.ToLower(fuzzName)) || strings.HasPrefix(found, "the true moment") {
				t.Fatalf("%s\n%s", found, b)
			}
		}
	})
}

// The fuzzed resources reach what they are to test: most are stored, in every type.
func TestFuzzedResourcesAreStored(t *testing.T) {
	f, err := newFuzzer()
	if err != nil {
		t.Fatal(err)
	}
	stored, columns := map[string]int{}, map[string]bool{}
	const n = 800
	for i := range n {
		b := make([]byte, 300)
		x := uint64(i)*0x9e3779b97f4a7c15 + 1
		for k := range b {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			b[k] = byte(x >> 32)
		}
		line, err := json.Marshal((&choices{bytes: b}).resource(f.types))
		if err != nil {
			t.Fatal(err)
		}
		if found := f.leaks(line); len(found) > 0 {
			t.Fatalf("%v\n%s", found, line)
		}
		extractor := NewExtractor(Config{Plan: f.plans[Shifted], Key: f.key, Zone: f.zone, Source: "main", Dictionary: NewDictionary()})
		var d fhir.Doc
		if d.Parse(line) != "" {
			continue
		}
		record, verdict := extractor.Extract(&d, 1)
		if verdict != Stored {
			continue
		}
		stored[d.Type()]++
		tables := f.plans[Shifted].types[record.kind].tables
		rest := record.body[bodyHead:]
		for table := tables[0]; ; {
			r := newOutRow(table)
			rest = r.decode(rest)
			for _, i := range r.Set() {
				columns[table.Name+"."+table.Columns[i].Name] = true
			}
			if len(rest) == 0 {
				break
			}
			table, rest = tables[rest[0]], rest[1:]
		}
	}
	total, all := 0, 0
	for _, k := range stored {
		total += k
	}
	for _, table := range f.plans[Shifted].Tables() {
		all += len(table.Columns)
	}
	t.Logf("%d of %d stored, of %d types; %d of %d columns were filled", total, n, len(stored), len(columns), all)
	if total < n/3 || len(stored) != len(f.types) || len(columns) < all/2 {
		t.Errorf("%d of %d stored, of %d of %d types; %d of %d columns were filled", total, n, len(stored), len(f.types), len(columns), all)
	}
}
