// Package rawwalk counts measures from raw FHIR JSON in the plainest way there is: every
// resource into memory, one patient and one calendar year at a time, in UTC. Two are farr's
// own (Year of Records), three are published ones, by their CQL (Year of Export). It is
// the outside opinion on farr's own answers, for tests only, so it shares no code with
// farr, imports none of it, and decodes with encoding/json.
package rawwalk

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Counts holds FHIR ids of patients, sorted.
type Counts struct{ Denominator, Numerator []string }

// Lists gives the codes that a walk looks for, as "system|code", by list name.
type Lists map[string][]string

// Load reads every *.ndjson.gz of dir, by resource type.
func Load(dir string) (Records, error) {
	records := Records{}
	err := each(dir, func(o object) error {
		kind := o.text("resourceType")
		records[kind] = append(records[kind], o)
		return nil
	})
	return records, err
}

// Records holds decoded resources by type.
type Records map[string][]object

type object map[string]any

// each gives every resource of every *.ndjson.gz of dir.
func each(dir string, visit func(object) error) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.ndjson.gz"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := eachOf(file, visit); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func eachOf(file string, visit func(object) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var o object
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}
		if err := visit(o); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (o object) text(key string) string { s, _ := o[key].(string); return s }

func (o object) object(key string) object { m, _ := o[key].(map[string]any); return m }

func (o object) list(key string) []object {
	items, _ := o[key].([]any)
	var out []object
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func (o object) patient() string {
	return strings.TrimPrefix(o.object("subject").text("reference"), "Patient/")
}

func (o object) coded(key string, codes []string) bool {
	return slices.ContainsFunc(o.object(key).list("coding"), func(c object) bool {
		return slices.Contains(codes, c.text("system")+"|"+c.text("code"))
	})
}

// moment reads a date or dateTime; the zero time means there is none.
func moment(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly, "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// start reads the choice element name[x] as dateTime or Period.
func (o object) start(name string) time.Time {
	if s := o.text(name + "DateTime"); s != "" {
		return moment(s)
	}
	return moment(o.object(name + "Period").text("start"))
}

type person struct {
	birth, death time.Time
	visited      bool
	holds        map[string]bool
	pressures    []reading
	hba1c        []reading
}

type reading struct {
	at                  time.Time
	systolic, diastolic float64
	value               *float64
}

// Year walks one calendar year and returns blood pressure control and HbA1c over 9 %.
func (r Records) Year(year int, lists Lists) (pressure, hba1c Counts) {
	low := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	high := low.AddDate(1, 0, 0)
	within := func(t time.Time) bool { return !t.IsZero() && !t.Before(low) && t.Before(high) }
	good := func(o object) bool {
		return slices.Contains([]string{"final", "amended", "corrected"}, o.text("status"))
	}

	people := map[string]*person{}
	for _, o := range r["Patient"] {
		people[o.text("id")] = &person{birth: moment(o.text("birthDate")), death: moment(o.text("deceasedDateTime")), holds: map[string]bool{}}
	}
	for _, o := range r["Encounter"] {
		if p := people[o.patient()]; p != nil && o.text("status") == "finished" && o.object("class").text("code") == "AMB" && within(moment(o.object("period").text("start"))) {
			p.visited = true
		}
	}
	for _, o := range r["Condition"] {
		p := people[o.patient()]
		if p == nil || o.coded("verificationStatus", []string{
			"http://terminology.hl7.org/CodeSystem/condition-ver-status|refuted",
			"http://terminology.hl7.org/CodeSystem/condition-ver-status|entered-in-error"}) {
			continue
		}
		onset := o.start("onset")
		if onset.IsZero() {
			onset = moment(o.text("recordedDate"))
		}
		end := o.start("abatement")
		if onset.IsZero() || !onset.Before(high) || !end.IsZero() && end.Before(low) {
			continue
		}
		for name, codes := range lists {
			if o.coded("code", codes) {
				p.holds[name] = true
			}
		}
	}
	for _, o := range r["Observation"] {
		p, at := people[o.patient()], o.start("effective")
		if p == nil || !good(o) || !within(at) {
			continue
		}
		if o.coded("code", lists["blood_pressure_panel"]) {
			seen := reading{at: at, systolic: -1, diastolic: -1}
			for _, c := range o.list("component") {
				q := c.object("valueQuantity")
				value, ok := q["value"].(float64)
				if !ok || q.text("code") != "mm[Hg]" {
					continue
				}
				if c.coded("code", lists["systolic_blood_pressure"]) {
					seen.systolic = value
				}
				if c.coded("code", lists["diastolic_blood_pressure"]) {
					seen.diastolic = value
				}
			}
			if seen.systolic >= 0 && seen.diastolic >= 0 {
				p.pressures = append(p.pressures, seen)
			}
		}
		if o.coded("code", lists["hba1c_lab"]) {
			seen := reading{at: at}
			q := o.object("valueQuantity")
			if value, ok := q["value"].(float64); ok && q.text("code") == "%" {
				seen.value = &value
			}
			p.hba1c = append(p.hba1c, seen)
		}
	}

	for id, p := range people {
		age := ageAt(p.birth, high.AddDate(0, 0, -1))
		alive := p.death.IsZero() || !p.death.Before(low)
		if p.birth.IsZero() || !alive || !p.visited {
			continue
		}
		if age >= 18 && age <= 85 && p.holds["hypertension"] && !p.holds["end_stage_renal_disease"] && !p.holds["pregnancy"] {
			pressure.Denominator = append(pressure.Denominator, id)
			if controlled(p.pressures) {
				pressure.Numerator = append(pressure.Numerator, id)
			}
		}
		if age >= 18 && age <= 75 && (p.holds["type_1_diabetes"] || p.holds["type_2_diabetes"]) {
			hba1c.Denominator = append(hba1c.Denominator, id)
			if poor(p.hba1c) {
				hba1c.Numerator = append(hba1c.Numerator, id)
			}
		}
	}
	for _, c := range []*Counts{&pressure, &hba1c} {
		slices.Sort(c.Denominator)
		slices.Sort(c.Numerator)
	}
	return pressure, hba1c
}

func ageAt(birth, day time.Time) int {
	years := day.Year() - birth.Year()
	if day.Month() < birth.Month() || day.Month() == birth.Month() && day.Day() < birth.Day() {
		years--
	}
	return years
}

// controlled: on the newest day with a reading, the lowest of each is below 140 and 90.
func controlled(readings []reading) bool {
	var newest string
	for _, r := range readings {
		newest = max(newest, r.at.Format(time.DateOnly))
	}
	systolic, diastolic := 1e9, 1e9
	for _, r := range readings {
		if r.at.Format(time.DateOnly) == newest {
			systolic, diastolic = min(systolic, r.systolic), min(diastolic, r.diastolic)
		}
	}
	return systolic < 140 && diastolic < 90
}

// poor: the newest test is above 9 % or without a usable value, or there is none.
func poor(tests []reading) bool {
	if len(tests) == 0 {
		return true
	}
	newest := slices.MaxFunc(tests, func(a, b reading) int { return a.at.Compare(b.at) })
	return newest.value == nil || *newest.value > 9
}
