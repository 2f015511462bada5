package reports

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"farr/datasets/risk"
	"farr/internal/stats"
	"farr/measures"
)

// constructed is a small world of results: every kind of measure, 24 months in
// both families, all strata, twelve sites, one cohort. Sites are named by the
// caller, so that a test may plant names; only may name the measures wanted.
func constructed(size int, sites []string, only ...string) input {
	r := rand.New(rand.NewPCG(1, uint64(size)))
	var in input
	in.lineage = measures.Lineage{
		Results: "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0",
		Extract: "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
		AsOf:    day(2025, 12, 31), Engine: "farr 0.1", Periods: []string{"2024-01", "2024-02", "P12M/2024-01", "P12M/2024-02"},
		Facts: map[string]any{"study_low": "2023-01-01", "study_high": "2026-01-01"},
		ExtractRecipe: map[string]any{"profile": "shifted", "policy": "3d2c1b", "zone": "America/New_York", "key": "8899aabbccddeeff",
			"source": "riverside", "order": "4534", "observable": "auto", "as_of": "", "step": 1},
		ExtractFacts: map[string]any{"observable": "enrolment-gap45", "read": 512345, "stored": 511900, "superseded": 400, "not_in_policy": 30,
			"dropped_by_policy": 12, "rejected": 3, "patients": 7, "as_of": "2025-12-31",
			"by_type": map[string]any{
				"Patient":      map[string]any{"read": 5035, "stored": 5000, "superseded": 35},
				"Observation":  map[string]any{"read": 507277, "stored": 506900, "superseded": 365, "dropped_by_policy": 12},
				"Practitioner": map[string]any{"read": 30, "not_in_policy": 30},
			},
			"drop_reasons": map[string]any{"implicit-rules": 12}, "reject_reasons": map[string]any{"invalid-json": 3},
			"values_dropped": map[string]any{"Condition.code": 7}, "elements_not_in_policy": map[string]any{"Patient": 40000}},
	}
	in.lineage.Risk, in.lineage.RiskSnapshot = residualRisk(7, 1204), "5a5b5c5d5e5f60718293a4b5c6d7e8f95a5b5c5d5e5f60718293a4b5c6d7e8f9"
	for _, m := range []struct {
		id, title, scoring, basis, direction string
		level                                float64
	}{
		{"blood-pressure-control", "Blood pressure control", "proportion", "patient", "higher", 0.66},
		{"hba1c-poor-control", "HbA1c above 9 % or not tested", "proportion", "patient", "lower", 0.31},
		{"colorectal-cancer-screening", "Colorectal cancer screening", "proportion", "patient", "higher", 0.6},
		{"readmission-30-day", "Readmission within 30 days", "proportion", "Encounter", "lower", 0.11},
		{"emergency-visits", "Emergency visits", "rate", "patient", "lower", 220},
	} {
		if len(only) > 0 && !slices.Contains(only, m.id) {
			continue
		}
		d := measures.Definition{ID: m.id, Kind: "measure", Title: m.title, Scoring: m.scoring, Basis: m.basis, Direction: m.direction, Multiplier: 1,
			Attribution: "plurality-of-visits", AttributionMonths: 24, Strata: []string{"site", "sex", "age", "race", "ethnicity", "payer"},
			Rationale: "Uncontrolled blood pressure is a common cause of stroke and heart disease that care can prevent.",
			Source:    "farr's own definition, after the idea of measures in public use.", Hash: "11aa22bb33cc44dd11aa22bb33cc44dd11aa22bb33cc44dd11aa22bb33cc44dd",
			Populations: []measures.Population{{Name: "denominator", File: "denominator.sql", SQL: "SELECT pid, period\nFROM patient, period\nWHERE birth_date < low -- </script> and 1 < 2"}},
			Lists:       []measures.ValueList{{Name: "hypertension", Hash: "55ee", Codes: []measures.Code{{System: "http://snomed.info/sct", Code: "59621000", Description: "High blood pressure without a known cause"}}}},
		}
		if m.scoring == "rate" {
			d.Multiplier = 1000
		}
		if m.basis == "Encounter" {
			d.FollowUpDays, d.Attribution = 30, "service-provider"
		}
		in.definitions = append(in.definitions, d)
		for month := range 24 {
			low := day(2024, time.Month(1+month), 1)
			high := low.AddDate(0, 1, 0)
			level := m.level * (1 + 0.004*float64(month-12))
			in.add(r, d, low.Format("2006-01"), "disjoint", low, high, size/8, level, sites)
			in.add(r, d, "P12M/"+low.Format("2006-01"), "rolling", high.AddDate(0, -12, 0), high, size, level, sites)
		}
		if m.id == "blood-pressure-control" {
			in.addGaps(m.id)
		}
	}
	in.definitions = append(in.definitions, measures.Definition{ID: "incident-type-2-diabetes", Kind: "cohort", Title: "New type 2 diabetes", Multiplier: 1000,
		Rationale: "Persons whose first record of type 2 diabetes lies in the study window.", Source: "farr's own definition.", Hash: "77",
		Populations: []measures.Population{{Name: "entry", File: "entry.sql", SQL: "SELECT pid, day FROM condition"}, {Name: "at-risk", File: "at-risk.sql", SQL: "SELECT pid FROM observation_period"}},
		Rules:       []measures.Rule{{ID: "entry", Title: "First record of type 2 diabetes", File: "entry.sql"}, {ID: "adult", Title: "18 years or older", File: "adult.sql", SQL: "SELECT pid FROM entry"}}})
	left := int64(size / 4)
	for i, title := range []string{"Entry event: first record of type 2 diabetes", "18 years or older on that day", "Observed for 365 days before it", "No type 1 diabetes at any time", "No diabetes medication before it"} {
		in.attrition = append(in.attrition, measures.Attrition{Cohort: "incident-type-2-diabetes", Ordinal: i, Rule: fmt.Sprint(i), Title: title, Remaining: left})
		left -= left / 7
	}
	for year := 2024; year <= 2025; year++ {
		cases, days := int64(size/16+year-2020), int64(size)*290
		n, method := stats.Count(cases)
		lo, hi := n.Low, n.High
		scale := 1000 * 365.25 / float64(days)
		in.incidence = append(in.incidence, measures.Incidence{Cohort: "incident-type-2-diabetes", Year: year, Cases: cases, PersonDays: days,
			Rate: float64(cases) * scale, CILow: lo * scale, CIHigh: hi * scale, Method: method, Complete: true})
	}
	in.followed("incident-type-2-diabetes", in.attrition[len(in.attrition)-1].Remaining, int64(size))
	return in
}

// followed adds new cases by month, outcomes and Table 1 of a cohort of so many.
func (in *input) followed(cohort string, members, persons int64) {
	for month := range 24 {
		low := day(2024, time.Month(1+month), 1)
		r := measures.Rate{Cohort: cohort, Kind: measures.RateIncidence, Period: low.Format("2006-01"), Family: measures.FamilyDisjoint, Low: low, High: low.AddDate(0, 1, 0),
			Stratum: "all", Value: "all", Numerator: in.incidence[month/12].Cases / 12, Denominator: persons * 24, Complete: true}
		if month%12 == 0 {
			r.Numerator += in.incidence[month/12].Cases % 12
		}
		n, method := stats.Count(r.Numerator)
		n = n.Scale(1000 * 365.25 / float64(r.Denominator))
		r.Rate, r.CILow, r.CIHigh, r.Method = n.Value, n.Low, n.High, method
		in.spans = append(in.spans, r)
	}
	for i, o := range []struct {
		id, title string
		atRisk    int64
	}{{"medication", "First diabetes medication within a year", members}, {"emergency-visit", "Emergency visit within a year", members - members/4}} {
		events := o.atRisk / int64(2+2*i)
		n, method := stats.Count(events)
		n = n.Scale(1000 * 365.25 / float64(o.atRisk*200))
		in.outcomes = append(in.outcomes, measures.Outcome{Cohort: cohort, Outcome: o.id, Title: o.title, Stratum: "all", Value: "all", AtRisk: o.atRisk, NoTime: members - o.atRisk,
			Events: events, PersonDays: o.atRisk * 200, Rate: n.Value, CILow: n.Low, CIHigh: n.High, Method: method})
	}
	in.tables(cohort, members)
	for _, l := range []struct {
		id, title, level string
		people           int64
	}{{"sex", "Sex", "female", members - members/3 - 2}, {"sex", "Sex", "male", members / 3}, {"sex", "Sex", "unknown", 2},
		{"race", "Race", "2106-3", members - members/5}, {"race", "Race", "2054-5", members / 5},
		{"hypertension", "Hypertension", "no", members - members/4}, {"hypertension", "Hypertension", "yes", members / 4}} {
		in.described = append(in.described, measures.Description{Cohort: cohort, Stratum: "all", Value: "all", Characteristic: l.id, Title: l.title, Level: l.level, People: l.people, Share: float64(l.people) / float64(members)})
	}
}

// residualRisk is a report of 5,000 patients of whom so many are alone in their class, and so many unique on three
// of their pairs among 1,300 that were looked at.
func residualRisk(alone, unique int64) *risk.Report {
	return &risk.Report{Profile: "shifted", Quasi: []string{"birth_year", "sex", "zip3"}, Records: 5000, Classes: 117, Smallest: 1, Median: 40, Largest: 130, Uniques: alone,
		Sizes: []risk.Band{{Low: 1, High: 1, Classes: alone, Records: alone}, {Low: 2, High: 2}, {Low: 3, High: 4, Classes: 9, Records: 33}, {Low: 5, High: 10, Classes: 20, Records: 160},
			{Low: 11, High: 19, Classes: 20, Records: 300}, {Low: 20, High: 49, Classes: 40, Records: 1500}, {Low: 50, High: 99}, {Low: 100, Classes: 20, Records: 3000 - alone + 7}},
		Highest: 1, Average: 117.0 / 5000, Diversity: &risk.Diverse{Sensitive: "condition", Distinct: 1, Entropy: 1, Alike: 2, AlikeRows: 6, Share: 6.0 / 5000},
		Traces: &risk.Traces{Persons: 5000, Sampled: 1300, Seed: 1, Pairs: 900, Median: 20, Points: []risk.Point{
			{Pairs: 2, Enough: 1290, Any: risk.Share(400.0 / 1300), Drawn: 0.1}, {Pairs: 3, Enough: 1280, Any: risk.Share(float64(unique) / 1300), Drawn: 0.2}}},
		Attacks: []risk.Attack{{Name: "offset", Patients: 5000, Touched: 4000, Least: 310, Median: 364}, {Name: "all together", Patients: 5000, Touched: 5000, Least: 3, Median: 120, Identified: 0.0006, Few: 0.01}}}
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// add makes everyone's row and the rows of each stratum, which add up to it.
func (in *input) add(r *rand.Rand, d measures.Definition, period, family string, low, high time.Time, n int, level float64, sites []string) {
	complete := high.AddDate(0, 0, d.FollowUpDays).Before(day(2026, 1, 2))
	one := func(stratum, value string, initial, events int64) {
		g := measures.Aggregate{Measure: d.ID, Period: period, Family: family, Low: low, High: high, Stratum: stratum, Value: value,
			InitialPopulation: initial, DenominatorExclusion: initial / 20, Numerator: events, Complete: complete}
		g.Denominator = initial - g.DenominatorExclusion
		if d.Scoring == "rate" {
			g.DenominatorExclusion, g.Denominator = 0, initial*int64(high.Sub(low).Hours()/24)
			c, method := stats.Count(events)
			g.Method = method
			lo, hi := c.Low, c.High
			scale := 1000 * 365.25 / float64(g.Denominator)
			g.Rate, g.CILow, g.CIHigh = float64(events)*scale, lo*scale, hi*scale
		} else {
			g.Numerator = min(events, g.Denominator)
			g.Rate = float64(g.Numerator) / float64(g.Denominator)
			w := stats.Wilson(g.Numerator, g.Denominator)
			g.Method = stats.MethodWilson
			g.CILow, g.CIHigh = w.Low, w.High
		}
		if g.Denominator == 0 {
			g.Rate, g.CILow, g.CIHigh = math.NaN(), math.NaN(), math.NaN()
		}
		in.aggregates = append(in.aggregates, g)
	}
	draw := func(n int64) int64 {
		p := level
		if d.Scoring == "rate" {
			p = level / 1000 * high.Sub(low).Hours() / 24 / 365.25
		}
		return int64(float64(n)*p*0.95 + r.NormFloat64()*math.Sqrt(float64(n)*p*0.3))
	}
	initial := int64(n) + int64(r.IntN(n/10+1))
	one("all", "all", initial, max(0, draw(initial)))
	for _, stratum := range d.Strata {
		values := map[string][]string{"site": sites, "sex": {"female", "male", "unknown"}, "age": {"18-44", "45-64", "65-74", "75-84", "85+"},
			"race": {"2106-3", "2054-5", "2028-9", "unknown"}, "ethnicity": {"2186-5", "2135-2", "unknown"}, "payer": {"medicare", "medicaid", "private", "none"}}[stratum]
		left := initial
		for i, v := range values {
			k := left / 2
			if stratum == "site" {
				k = initial / int64(len(values))
			}
			if i == len(values)-1 {
				k = left
			}
			left -= k
			one(stratum, v, k, max(0, draw(k)))
		}
	}
}

func siteNames() []string {
	var s []string
	for i := range 12 {
		s = append(s, fmt.Sprintf("Clinic %d", i+1))
	}
	return s
}

const targets = `kpis:
  - {measure: blood-pressure-control, target: 70%, owner: Dr Okafor}
  - {measure: hba1c-poor-control, target: 35%, owner: Dr Lindqvist}
  - {measure: readmission-30-day, target: 10%, owner: Nursing office, note: agreed for 2025}
  - {measure: emergency-visits, target: 180}
`

// requestIn asks for a report in a new folder, with the targets of the measures
// named, or of all.
func requestIn(t testing.TB, a Audience, only ...string) Request {
	t.Helper()
	dir := t.TempDir()
	kpi := filepath.Join(dir, "kpi.yaml")
	text := ""
	for _, line := range strings.SplitAfter(targets, "\n") {
		id, _, _ := strings.Cut(strings.TrimPrefix(line, "  - {measure: "), ",")
		if len(only) == 0 || line == "kpis:\n" || slices.Contains(only, id) {
			text += line
		}
	}
	if err := os.WriteFile(kpi, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Request{KPIFile: kpi, Audience: a, Organisation: "Riverside Health", Title: "Quality of care", Out: filepath.Join(dir, "out"),
		Command: "farr report --store store --results 9f8e7d6c --audience " + string(a) + " --out report"}
}

// addGaps parts those not in the numerator of each period by three reasons.
func (in *input) addGaps(measure string) {
	for _, a := range in.aggregates {
		if a.Measure != measure || a.Stratum != "all" {
			continue
		}
		left := a.Denominator - a.Numerator
		for i, title := range []string{"No blood pressure in the period", "Newest systolic pressure 140 mm[Hg] or more", "Newest diastolic pressure 90 mm[Hg] or more"} {
			n := left / int64(2+i)
			if i == 2 {
				n = left
			}
			left -= n
			in.careGaps = append(in.careGaps, measures.CareGap{Measure: measure, Period: a.Period, Ordinal: i, Gap: fmt.Sprint("reason-", i), Title: title, Subjects: n})
		}
	}
}
