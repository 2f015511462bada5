package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/datasets"
)

// twins are a measure in SQL and the same in CQL.
var twins = [2]string{"blood-pressure-control", "BloodPressureControlCQL"}

// TestTwin: for three seeds the measure in CQL gives every patient in every period what its
// twin in SQL gives: the same populations, and the same strata.
func TestTwin(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			t.Parallel()
			p := synthetic(t, 1200, seed, "--dirty", "0.002")
			p.extract("--profile", []string{"shifted", "limited"}[seed%2])
			p.measure("--periods="+strings.Join(readTruth(t, p.export).Periods, ","), "--measure="+strings.Join(twins[:], ","))
			sql, cql := p.subjects(twins[0]), p.subjects(twins[1])
			reportDiff(t, sql, cql)

			pids, periods, in := map[string]bool{}, map[string]bool{}, map[string]int{}
			for key, row := range sql {
				pid, period, _ := strings.Cut(key, " ")
				pids[pid], periods[period] = true, true
				for _, f := range strings.Fields(row) {
					if name, ok := strings.CutSuffix(f, "=true"); ok {
						in[name]++
					}
				}
			}
			t.Logf("compared: %d patients of the initial population, %d periods, %d rows with %d in denominators, %d excluded and %d in numerators",
				len(pids), len(periods), len(sql), in["denominator"], in["denominator_exclusion"], in["numerator"])
			for _, population := range []string{"initial_population", "denominator", "denominator_exclusion", "numerator"} {
				if in[population] < 100 {
					t.Errorf("only %d times %s, which proves little", in[population], population)
				}
			}
		})
	}
}

// subjects are the rows of a measure's subjects by pid and period: every column, except the
// bits of populations, whose meaning is the definition's own.
func (p project) subjects(measure string) map[string]string {
	p.t.Helper()
	all := map[string]string{}
	for _, r := range p.table("subject") {
		if r["measure"] != measure {
			continue
		}
		var fields []string
		for name, v := range r {
			if !slices.Contains([]string{"measure", "pid", "period", "populations"}, name) {
				fields = append(fields, name+"="+v)
			}
		}
		slices.Sort(fields)
		all[r["pid"]+" "+r["period"]] = strings.Join(fields, " ")
	}
	return all
}

// corners are patients on whom the twins may part, with what each counts for in 2024. Every
// one is a woman with hypertension and a visit in 2024, and with a controlled pressure
// unless the line says otherwise. What it says takes the place of that, by resource.
var corners = []struct {
	who, want string
	resources []string // type and members, without id and subject
}{
	{"plain", "numerator", nil},
	{"born-18-years-before-the-last-day", "numerator", []string{`Patient "gender":"female","birthDate":"2006-12-31"`}},
	{"born-a-day-later", "", []string{`Patient "gender":"female","birthDate":"2007-01-01"`}},
	{"turned-86-on-the-last-day", "", []string{`Patient "gender":"female","birthDate":"1938-12-31"`}},
	{"born-in-a-month", "numerator", []string{`Patient "gender":"female","birthDate":"2006-12"`}},
	{"born-in-a-year", "", []string{`Patient "gender":"female","birthDate":"2007"`}},
	{"born-who-knows-when", "", []string{`Patient "gender":"female"`}},
	{"dead-who-knows-when", "numerator", []string{`Patient "birthDate":"1960-02-29","deceasedBoolean":true`}},
	{"died-before", "", []string{`Patient "birthDate":"1960-02-29","deceasedDateTime":"2023-12-31T23:30:00-05:00"`}},
	{"died-on-the-first-day", "numerator", []string{`Patient "birthDate":"1960-02-29","deceasedDateTime":"2024-01-01T00:10:00-05:00"`}},
	{"died-in-the-year", "numerator", []string{`Patient "birthDate":"1960-02-29","deceasedDateTime":"2024"`}},

	{"visit-in-the-last-minute", "numerator", []string{`Encounter "status":"finished","class":{"code":"AMB"},"period":{"start":"2024-12-31T23:59:00-05:00"}`}},
	{"visit-next-year-there", "", []string{`Encounter "status":"finished","class":{"code":"AMB"},"period":{"start":"2025-01-01T00:00:00-05:00"}`}},
	{"visit-in-a-month", "numerator", []string{`Encounter "status":"finished","class":{"code":"AMB"},"period":{"start":"2024-06"}`}},
	{"visit-without-a-start", "", []string{`Encounter "status":"finished","class":{"code":"AMB"},"period":{"end":"2024-06-01"}`}},
	{"visit-planned", "", []string{`Encounter "status":"planned","class":{"code":"AMB"},"period":{"start":"2024-06-01"}`}},
	{"a-stay", "", []string{`Encounter "status":"finished","class":{"code":"IMP"},"period":{"start":"2024-06-01"}`}},

	{"onset-on-the-last-day", "numerator", []string{hypertensionOf(`"onsetDateTime":"2024-12-31"`)}},
	{"onset-in-the-year", "numerator", []string{hypertensionOf(`"onsetDateTime":"2024"`)}},
	{"onset-after", "", []string{hypertensionOf(`"onsetDateTime":"2025-01-01"`)}},
	{"onset-after-but-recorded-before", "", []string{hypertensionOf(`"onsetDateTime":"2025-02-01","recordedDate":"2024-02-01"`)}},
	{"onset-as-a-span", "numerator", []string{hypertensionOf(`"onsetPeriod":{"start":"2024-12-01","end":"2025-03-01"}`)}},
	{"onset-as-an-age", "numerator", []string{hypertensionOf(`"onsetAge":{"value":40,"unit":"a","system":"http://unitsofmeasure.org","code":"a"},"recordedDate":"2024-02-01"`)}},
	{"onset-in-words", "", []string{hypertensionOf(`"onsetString":"long ago"`)}},
	{"over-before", "", []string{hypertensionOf(`"onsetDateTime":"2015","abatementDateTime":"2023-12-31"`)}},
	{"over-on-the-first-day", "numerator", []string{hypertensionOf(`"onsetDateTime":"2015","abatementDateTime":"2024-01-01"`)}},
	{"over-in-the-month-before", "", []string{hypertensionOf(`"onsetDateTime":"2015","abatementDateTime":"2023-12"`)}},
	{"over-in-a-span", "numerator", []string{hypertensionOf(`"onsetDateTime":"2015","abatementPeriod":{"start":"2023-11-01","end":"2024-02-01"}`)}},
	{"over-in-an-open-span", "", []string{hypertensionOf(`"onsetDateTime":"2015","abatementPeriod":{"start":"2023-11-01"}`)}},
	{"over-in-a-span-open-before", "numerator", []string{hypertensionOf(`"onsetDateTime":"2015","abatementPeriod":{"end":"2024-11-01"}`)}},
	{"over-in-words", "", []string{hypertensionOf(`"onsetDateTime":"2015","abatementString":"gone"`)}},
	{"refuted", "", []string{hypertensionOf(`"onsetDateTime":"2015",` + verification("refuted"))}},
	{"refuted-by-the-second-code", "", []string{hypertensionOf(`"onsetDateTime":"2015",` + verification("differential", "refuted"))}},
	{"provisional", "numerator", []string{hypertensionOf(`"onsetDateTime":"2015",` + verification("provisional"))}},

	{"pregnant", "excluded", []string{conditionOf("http://hl7.org/fhir/sid/icd-10-cm", "Z33.1", `"onsetDateTime":"2024-12-31T22:00:00-05:00"`), hypertensionOf(`"onsetDateTime":"2015"`)}},
	{"kidneys", "excluded", []string{conditionOf("http://snomed.info/sct", "46177005", `"recordedDate":"2020"`), hypertensionOf(`"onsetDateTime":"2015"`)}},
	{"pregnant-before", "numerator", []string{conditionOf("http://snomed.info/sct", "77386006", `"onsetDateTime":"2023-01-01","abatementDateTime":"2023-10-01"`), hypertensionOf(`"onsetDateTime":"2015"`)}},

	{"no-reading", "denominator", []string{`Observation "status":"final","code":{"text":"nothing"}`}},
	{"exactly-140", "denominator", []string{pressureOf("2024-06-01", "140.00", "70", "")}},
	{"a-hair-below", "numerator", []string{pressureOf("2024-06-01", "139.99999999", "89.99999999", "")}},
	{"lowest-of-the-newest-day", "numerator", []string{pressureOf("2024-06-01T09:00:00-04:00", "150", "80", ""), pressureOf("2024-06-01T10:00:00-04:00", "130", "95", "")}},
	{"a-newer-day-is-worse", "denominator", []string{pressureOf("2024-06-01", "120", "70", ""), pressureOf("2024-06-02", "150", "70", "")}},
	{"late-in-the-evening", "denominator", []string{pressureOf("2024-06-01T08:00:00-04:00", "120", "70", ""), pressureOf("2024-06-02T03:00:00Z", "150", "70", ""), pressureOf("2024-06-02T05:00:00Z", "160", "70", "")}},
	{"the-day-alone", "numerator", []string{pressureOf("2024-06-01T10:00:00-04:00", "150", "95", ""), pressureOf("2024-06-01", "120", "70", "")}},
	{"a-month-alone", "denominator", []string{pressureOf("2024-06", "120", "70", ""), pressureOf("2024-06-01", "150", "95", ""), pressureOf("2024-06-02", "150", "95", "")}},
	{"half-a-reading", "denominator", []string{pressureOf("2024-06-01", "150", "95", ""), `Observation "status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"effectiveDateTime":"2024-06-02","component":[` + component("8480-6", "120", "mm[Hg]") + `]`}},
	{"another-unit", "denominator", []string{strings.ReplaceAll(pressureOf("2024-06-01", "16", "9", ""), "mm[Hg]", "kPa")}},
	{"a-unit-in-words", "denominator", []string{strings.ReplaceAll(pressureOf("2024-06-01", "120", "70", ""), `"system":"http://unitsofmeasure.org","code":"mm[Hg]"`, `"unit":"mmHg"`)}},
	{"preliminary", "denominator", []string{strings.Replace(pressureOf("2024-06-01", "120", "70", ""), "final", "preliminary", 1)}},
	{"cancelled", "denominator", []string{strings.Replace(pressureOf("2024-06-01", "120", "70", ""), "final", "cancelled", 1)}},
	{"corrected", "numerator", []string{strings.Replace(pressureOf("2024-06-01", "120", "70", ""), "final", "corrected", 1)}},
	{"not-done", "denominator", []string{pressureOf("2024-06-01", "120", "70", `,"modifierExtension":[{"url":"http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-notDone","valueBoolean":true}]`)}},
	{"as-a-span", "numerator", []string{strings.Replace(pressureOf("2024-06-01", "120", "70", ""), `"effectiveDateTime":"2024-06-01"`, `"effectivePeriod":{"start":"2024-12-31T23:00:00-05:00","end":"2025-01-01T01:00:00-05:00"}`, 1)}},
	{"as-an-instant", "numerator", []string{strings.Replace(pressureOf("2024-06-01", "120", "70", ""), `"effectiveDateTime":"2024-06-01"`, `"effectiveInstant":"2025-01-01T04:59:59Z"`, 1)}},
	{"systolic-twice", "numerator", []string{strings.Replace(pressureOf("2024-06-01", "150", "70", ""), `"component":[`, `"component":[`+component("8480-6", "120", "mm[Hg]")+`,`, 1)}},
}

func hypertensionOf(members string) string {
	return conditionOf("http://snomed.info/sct", "59621000", members)
}

func conditionOf(system, code, members string) string {
	return fmt.Sprintf(`Condition "code":{"coding":[{"system":"%s","code":"%s"}]},%s`, system, code, members)
}

func verification(codes ...string) string {
	var list []string
	for _, c := range codes {
		list = append(list, `{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"`+c+`"}`)
	}
	return `"verificationStatus":{"coding":[` + strings.Join(list, ",") + `]}`
}

func pressureOf(when, systolic, diastolic, more string) string {
	return `Observation "status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"effectiveDateTime":"` + when +
		`","component":[` + component("8480-6", systolic, "mm[Hg]") + `,` + component("8462-4", diastolic, "mm[Hg]") + `]` + more
}

func component(code, value, unit string) string {
	return fmt.Sprintf(`{"code":{"coding":[{"system":"http://loinc.org","code":"%s"}]},"valueQuantity":{"value":%s,"system":"http://unitsofmeasure.org","code":"%s"}}`, code, value, unit)
}

// writeCorners writes the corners as an export.
func writeCorners(t *testing.T, dir string) {
	t.Helper()
	files := map[string]*strings.Builder{}
	n := 0
	add := func(who, resource string) {
		kind, members, _ := strings.Cut(resource, " ")
		if files[kind] == nil {
			files[kind] = &strings.Builder{}
		}
		n++
		id, subject := fmt.Sprint("r", n), fmt.Sprintf(`,"subject":{"reference":"Patient/%s"}`, who)
		if kind == "Patient" {
			id, subject = who, ""
		}
		fmt.Fprintf(files[kind], `{"resourceType":"%s","id":"%s"%s,%s}`+"\n", kind, id, subject, members)
	}
	usual := []string{`Patient "gender":"female","birthDate":"1960-02-29"`, hypertensionOf(`"onsetDateTime":"2015-03"`), pressureOf("2024-06-01T10:00:00-04:00", "120", "70", ""),
		`Encounter "status":"finished","class":{"code":"AMB"},"period":{"start":"2024-06-01T10:00:00-04:00","end":"2024-06-01T11:00:00-04:00"}`}
	for _, c := range corners {
		has := map[string]bool{}
		for _, r := range c.resources {
			has[strings.Fields(r)[0]] = true
			add(c.who, r)
		}
		for _, r := range usual {
			if !has[strings.Fields(r)[0]] {
				add(c.who, r)
			}
		}
	}
	// So that the data know the whole of 2024.
	add("plain", `Encounter "status":"finished","class":{"code":"AMB"},"period":{"start":"2026-01-05T10:00:00-05:00"}`)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for kind, text := range files {
		if err := os.WriteFile(filepath.Join(dir, kind+".ndjson"), []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTwinCorners: where times are partial, missing or spans, where a status, a code or a unit
// says that something does not count, both count a patient for what the definition says.
func TestTwinCorners(t *testing.T) {
	p := newProject(t)
	p.zone = "America/New_York"
	writeCorners(t, p.export)
	key, err := datasets.ReadKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, c := range corners {
		if c.want != "" {
			want[c.who] = c.want
		}
	}
	for _, profile := range []string{"shifted", "limited"} {
		if got := p.extract("--profile", profile); got.Rejected > 0 {
			t.Fatalf("rejected: %+v", got.Rejects)
		}
		p.measure("--periods=2024", "--measure="+strings.Join(twins[:], ","))
		for _, measure := range twins {
			subjects, got := p.subjects(measure), map[string]string{}
			for _, c := range corners {
				row, in := subjects[datasets.PseudonymOf(key, "main", "Patient", c.who).String()+" 2024"]
				switch {
				case strings.Contains(row, " numerator=true"):
					got[c.who] = "numerator"
				case strings.Contains(row, "denominator=true"):
					got[c.who] = "denominator"
				case strings.Contains(row, "denominator_exclusion=true"):
					got[c.who] = "excluded"
				case in:
					got[c.who] = "not counted"
				}
			}
			t.Logf("%s, %s: %d patients compared", measure, profile, len(corners))
			reportDiff(t, want, got)
		}
	}
}
