package measures

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// twinExport writes an export of persons, by population, of whom each rule of the twins lets
// some in and keeps some out: times whole, to the day, to the month or absent, statuses of every
// sort, and what was not done.
func twinExport(t *testing.T, seed uint64, populations, size int) string {
	t.Helper()
	dir := t.TempDir()
	w := twinWriter{random: rand.New(rand.NewPCG(seed, 6)), files: map[string]*strings.Builder{}}
	for i := range populations {
		for k := range size {
			w.person(fmt.Sprintf("p%03d-%d", i, k))
		}
	}
	for kind, text := range w.files {
		if err := os.WriteFile(filepath.Join(dir, kind+".ndjson"), []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "sites.csv"), []byte("id,label\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

type twinWriter struct {
	random *rand.Rand
	files  map[string]*strings.Builder
	who    string
	number int
}

type object map[string]any

func (w *twinWriter) add(kind string, o object) string {
	w.number++
	id := fmt.Sprintf("r%d", w.number)
	o["resourceType"] = kind
	if kind == "Patient" {
		id = w.who
	} else if kind == "Encounter" || kind == "Condition" || kind == "Observation" || kind == "Procedure" || kind == "MedicationRequest" {
		o["subject"] = object{"reference": "Patient/" + w.who}
	}
	o["id"] = id
	if w.files[kind] == nil {
		w.files[kind] = &strings.Builder{}
	}
	line, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	w.files[kind].Write(append(line, '\n'))
	return id
}

// often is true in so many of a hundred.
func (w *twinWriter) often(percent int) bool { return w.random.IntN(100) < percent }

func (w *twinWriter) pick(words ...string) string { return words[w.random.IntN(len(words))] }

// on writes a day in one of the ways in which records do.
func (w *twinWriter) on(day time.Time) string {
	switch w.random.IntN(12) {
	case 0:
		return day.Format("2006-01")
	case 1, 2:
		return day.Format(time.DateOnly)
	}
	return w.at(day)
}

func (w *twinWriter) at(day time.Time) string {
	return day.Format(time.DateOnly) + fmt.Sprintf("T%02d:%02d:00-05:00", w.random.IntN(24), w.random.IntN(60))
}

func (w *twinWriter) near(day time.Time, from, to int) time.Time {
	return day.AddDate(0, 0, from+w.random.IntN(to-from+1))
}

func codedAs(system, code string) object {
	return object{"coding": []object{{"system": system, "code": code}}}
}

const (
	twinICD    = "http://hl7.org/fhir/sid/icd-10-cm"
	twinSNOMED = "http://snomed.info/sct"
	twinRxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm"
	twinLOINC  = "http://loinc.org"
	twinCPT    = "http://www.ama-assn.org/go/cpt"
)

func (w *twinWriter) person(who string) {
	w.who = who
	index := time.Date(2022, 3, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, w.random.IntN(1100))
	p := object{}
	if w.often(92) {
		birth := index.AddDate(-w.random.IntN(90), 0, w.random.IntN(3)-1)
		if w.often(10) {
			birth = time.Date(1988, 2, 29, 0, 0, 0, 0, time.UTC)
		}
		p["birthDate"] = birth.Format(time.DateOnly)
	}
	if w.often(92) {
		p["gender"] = w.pick("female", "male", "female", "male", "female", "male", "other", "unknown")
	}
	w.add("Patient", p)
	var conditions []string
	for _, c := range []struct {
		icd, snomed string
		percent     int
	}{{"E11.9", "44054006", 95}, {"E10.9", "46635009", 10}, {"I10", "59621000", 60}, {"E78.5", "55822004", 40}} {
		if w.often(c.percent) {
			system, code := twinICD, c.icd
			if w.often(50) {
				system, code = twinSNOMED, c.snomed
			}
			conditions = append(conditions, w.condition(system, code, index))
		}
	}
	orders := w.random.IntN(5)
	for i := range orders {
		day := index
		if i > 0 {
			day = w.near(index, 0, 260)
		}
		w.order(day)
	}
	for range 2 + w.random.IntN(6) {
		w.result(w.near(index, -720, 80))
	}
	if w.often(50) {
		o := object{"status": w.pick("completed", "completed", "completed", "in-progress", "not-done"), "code": codedAs(twinSNOMED, "73761001")}
		w.timed(o, "performed", w.near(index, -1600, 60))
		w.add("Procedure", o)
	}
	for range w.random.IntN(3) {
		w.encounter("EMER", w.near(index, -40, 40), conditions)
	}
	for range w.random.IntN(7) {
		w.encounter(w.pick("AMB", "AMB", "AMB", "VR", "HH"), w.near(index, -380, 30), conditions)
	}
	for range w.random.IntN(3) {
		w.encounter(w.pick("IMP", "IMP", "ACUTE", "OBSENC"), w.near(index, -160, 450), conditions)
	}
}

// timed gives an element a time: a moment, a span, or none.
func (w *twinWriter) timed(o object, element string, day time.Time) {
	switch n := w.random.IntN(20); {
	case n == 0:
	case n < 4:
		span := object{"start": w.on(day)}
		if w.often(70) {
			span["end"] = w.at(day.AddDate(0, 0, 40))
		}
		o[element+"Period"] = span
	default:
		o[element+"DateTime"] = w.on(day)
	}
}

func (w *twinWriter) condition(system, code string, index time.Time) string {
	o := object{"code": codedAs(system, code)}
	if w.often(80) {
		o["verificationStatus"] = codedAs("http://terminology.hl7.org/CodeSystem/condition-ver-status", w.pick("confirmed", "confirmed", "confirmed", "provisional", "refuted", "entered-in-error"))
	}
	day := w.near(index, -800, 90)
	if w.often(75) {
		w.timed(o, "onset", day)
	} else if w.often(50) {
		o["onsetAge"] = object{"value": 40, "system": "http://unitsofmeasure.org", "code": "a", "unit": "years"}
	}
	if w.often(40) {
		o["recordedDate"] = w.on(w.near(day, 0, 60))
	}
	return w.add("Condition", o)
}

func (w *twinWriter) order(day time.Time) {
	o := object{"status": w.pick("active", "completed", "stopped", "on-hold", "active", "completed", "active", "cancelled", "draft", "entered-in-error"), "intent": "order",
		"medicationCodeableConcept": codedAs(twinRxNorm, w.pick("860975", "847232", "311034", "311034", "310965"))}
	if w.often(95) {
		o["authoredOn"] = w.on(day)
	}
	if w.often(5) {
		o["doNotPerform"] = true
	}
	w.add("MedicationRequest", o)
}

func (w *twinWriter) result(day time.Time) {
	o := object{"status": w.pick("final", "final", "final", "amended", "corrected", "preliminary", "entered-in-error"), "code": codedAs(twinLOINC, "4548-4")}
	w.timed(o, "effective", day)
	switch w.random.IntN(12) {
	case 0:
		o["valueString"] = "high"
	case 1:
		o["valueQuantity"] = object{"value": 48, "unit": "mmol/mol", "system": "http://unitsofmeasure.org", "code": "mmol/mol"}
	case 2:
	default:
		o["valueQuantity"] = object{"value": float64(55+w.random.IntN(40)) / 10, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
	}
	w.add("Observation", o)
}

func (w *twinWriter) encounter(class string, day time.Time, conditions []string) {
	o := object{"status": w.pick("finished", "finished", "finished", "finished", "in-progress", "cancelled"),
		"class": object{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": class}}
	span := object{}
	if w.often(95) {
		span["start"] = w.on(day)
	}
	if w.often(85) {
		span["end"] = w.at(day.AddDate(0, 0, 32+w.random.IntN(8))) // after a start that is known to the month
	}
	if len(span) > 0 {
		o["period"] = span
	}
	if w.often(80) {
		o["type"] = []object{codedAs(twinCPT, w.pick("99213", "99213", "99396"))}
		if w.often(20) {
			o["type"] = []object{codedAs(twinCPT, "99396"), codedAs(twinSNOMED, "185349003")}
		}
	}
	if w.often(25) {
		o["reasonCode"] = []object{codedAs(twinICD, "M54.50"), codedAs(twinICD, w.pick("I10", "E11.9"))}
	}
	if len(conditions) > 0 && w.often(40) {
		o["diagnosis"] = []object{{"condition": object{"reference": "Condition/" + conditions[w.random.IntN(len(conditions))]}}}
	}
	w.add("Encounter", o)
}
