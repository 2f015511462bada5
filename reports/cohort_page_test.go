package reports

import (
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"farr/internal/stats"
	"farr/measures"
)

const cohortPage = "cohorts/incident-type-2-diabetes.html"

// rowsOf reads a data file of the cohort: for each row its fields by column.
func rowsOf(t *testing.T, files map[string]string, name string) []map[string]string {
	t.Helper()
	text, ok := files["data/incident-type-2-diabetes-"+name+".csv"]
	if !ok {
		t.Fatalf("there is no data file %s", name)
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, fields := range rows[1:] {
		row := map[string]string{}
		for i, name := range rows[0] {
			row[name] = fields[i]
		}
		out = append(out, row)
	}
	return out
}

func decimal(t *testing.T, field string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(field, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestCohortStatisticsAreOfReleasedNumbers calculates every statistic of a cohort's page again, from the numbers that
// its own tables show, for both audiences: the curves, observed over expected, and the gaps.
func TestCohortStatisticsAreOfReleasedNumbers(t *testing.T) {
	for _, a := range []Audience{Internal, External} {
		files := built(t, constructed(6000, siteNames(), onePage), requestIn(t, a, onePage))
		same := func(what string, got string, want float64) {
			t.Helper()
			if v := decimal(t, got); math.Abs(v-want) > 0.00006 {
				t.Errorf("%s: %s is %v, and of the released numbers %v", a, what, v, want)
			}
		}
		for _, outcome := range []string{"medication", "emergency-visit"} {
			if a == External && outcome == "emergency-visit" && strings.Contains(words(files[cohortPage]), "Emergency visit within a year: the curve is hidden") {
				continue // too near the other
			}
			var people []stats.Follow
			rows := rowsOf(t, files, "curve-"+outcome)
			for _, r := range rows {
				day := decimal(t, r["until_day"])
				people = append(people, stats.Follow{Time: day, Event: true, People: number(t, r["events"])}, stats.Follow{Time: day, People: number(t, r["left_early"])})
			}
			last := rows[len(rows)-1]
			after := number(t, last["at_risk"]) - number(t, last["events"]) - number(t, last["left_early"])
			km, err := stats.KaplanMeier(append(people, stats.Follow{Time: decimal(t, last["until_day"]), People: after}))
			if err != nil || len(km.Steps) != len(rows) {
				t.Fatalf("%s %s: %d steps of %d rows, %v", a, outcome, len(km.Steps), len(rows), err)
			}
			for i, r := range rows {
				same(fmt.Sprint("survival at ", r["until_day"]), r["share_without_it"], 100*km.Steps[i].S.Value)
				same("its lower limit", r["interval_low"], 100*km.Steps[i].S.Low)
				same("its upper limit", r["interval_high"], 100*km.Steps[i].S.High)
				if a == External && (number(t, r["events"]) < 11 || number(t, r["left_early"]) > 0 && number(t, r["left_early"]) < 11) {
					t.Errorf("an external curve has a step of %s events, and %s who left", r["events"], r["left_early"])
				}
			}
			s := km.Steps[len(rows)-1].S
			if want := fmt.Sprintf("%.1f %% without it after day %s (95 %% interval %.1f to %.1f)", 100*s.Value, last["until_day"], 100*s.Low, 100*s.High); !strings.Contains(words(files[cohortPage]), want) {
				t.Errorf("%s: the heading is not %s", a, want)
			}
			if steps := len(rows); a == Internal && steps != 20 || a == External && (steps < 2 || steps > 13) {
				t.Errorf("%s: the curve of %s has %d steps", a, outcome, steps)
			}
		}
		ratios := 0
		for _, r := range rowsOf(t, files, "expected-medication") {
			if r["observed_over_expected"] == "" {
				continue
			}
			ratios++
			e := stats.IndirectRatio(number(t, r["numerator"]), decimal(t, r["expected"]))
			same("observed over expected", r["observed_over_expected"], e.Value)
			same("its lower limit", r["ratio_low"], e.Low)
			same("its upper limit", r["ratio_high"], e.High)
		}
		if ratios != 3 {
			t.Errorf("%s: %d ratios", a, ratios)
		}
		var rates []stats.GroupRate
		total := 0.0
		for _, r := range rowsOf(t, files, "groups") {
			if r["group"] == "Sex" && r["rate_is"] == "crude" && r["value"] != "Unknown" && r["events"] != "" {
				rates = append(rates, stats.GroupRate{Rate: decimal(t, r["per_1000_person_years"]), Share: decimal(t, r["person_days"])})
				total += rates[len(rates)-1].Share
			}
		}
		for i := range rates {
			rates[i].Share /= total
		}
		d, err := stats.Disparities(rates, false)
		gaps := rowsOf(t, files, "gaps")
		if err != nil || len(gaps) != 1 {
			t.Fatalf("%s: %d gaps, %v", a, len(gaps), err)
		}
		if v := decimal(t, gaps[0]["difference"]); math.Abs(v-d.RangeDifference) > 0.0002 {
			t.Errorf("the gap is %v, and of the released rates %v", v, d.RangeDifference)
		}
		if v := decimal(t, gaps[0]["ratio"]); math.Abs(v-d.RangeRatio) > 0.0002 {
			t.Errorf("the ratio is %v, and of the released rates %v", v, d.RangeRatio)
		}
		last := math.Inf(1)
		for _, r := range rowsOf(t, files, "area-state") {
			if r["rank"] == "" || r["rate_is"] != "standardised" && !strings.Contains(files[cohortPage], "Crude rates per") {
				continue
			}
			v := decimal(t, r["per_1000_person_years"])
			if v > last {
				t.Errorf("the places are not in order: %v after %v", v, last)
			}
			last = v
		}
	}
}

// TestCohortPageInWords: what there is nothing to draw of is told in words, and no drawing is empty.
func TestCohortPageInWords(t *testing.T) {
	of := func(change func(in *input)) string {
		in := constructed(400, siteNames(), onePage)
		change(&in)
		page := built(t, in, requestIn(t, External, onePage))[cohortPage]
		if strings.Contains(page, "NaN") || strings.Contains(page, "Inf ") {
			t.Error("the page shows what is no number")
		}
		return words(page)
	}
	for _, c := range []struct {
		name   string
		change func(in *input)
		want   []string
	}{
		{"all hidden", func(in *input) {}, []string{"Every number by age and sex is hidden", "the curve is hidden, since its steps would be of few persons", "There is no map: fewer than two places have a rate"}},
		{"nobody", func(in *input) {
			in.attrition[len(in.attrition)-1].Remaining = 0
			in.described, in.outcomes, in.survival, in.adjusted, in.grouped = nil, nil, nil, nil, nil
			in.outcomes = []measures.Outcome{{Cohort: "incident-type-2-diabetes", Outcome: "medication", Title: "Medication", Stratum: "all", Value: "all", Rate: math.NaN(), CILow: math.NaN(), CIHigh: math.NaN(), Reason: "there is nobody"}}
		}, []string{"Medication At risk: 0", "The results have no new cases by group"}},
		{"no event", func(in *input) {
			in.survival = in.survival[:1]
			in.outcomes = in.outcomes[:1]
			in.outcomes[0].Events = 0
		}, []string{"nobody had the event, so there is no curve"}},
		{"one place", func(in *input) {
			kept := in.grouped[:0]
			for _, g := range in.grouped {
				if g.Stratum != "state" {
					kept = append(kept, g)
				}
			}
			for _, r := range in.spans {
				if r.Period == "P12M/2025-12" {
					r.Stratum, r.Value = "state", "NY"
					kept = append(kept, r)
				}
			}
			in.grouped = kept
		}, []string{"There is no map: all known persons live in one place."}},
		{"no model", func(in *input) {
			for i := range in.adjusted {
				in.adjusted[i].Reason, in.adjusted[i].Expected = "not calculable: there are no events", math.NaN()
			}
		}, []string{"nothing is expected, since the model is not calculable: there are no events"}},
		{"a stratum that nobody has boundaries of", func(in *input) {
			for i := range in.grouped {
				if g := &in.grouped[i]; g.Stratum == "state" {
					g.Stratum = "zip3"
				}
			}
		}, []string{"There is no map of these places: farr has boundaries of states and counties alone."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := of(c.change)
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("the page does not say: %s\n%s", want, text)
				}
			}
		})
	}
}

// TestWomenAndMen: standardised differences are of the counts, means and deviations of the table, and readers outside have no
// such table.
func TestWomenAndMen(t *testing.T) {
	in := constructed(6000, siteNames(), onePage)
	women, men := int64(0), int64(0)
	var counts [2][]int64
	for _, d := range in.described {
		if d.Stratum == "sex" && d.Characteristic == "age" && d.Value == "female" {
			women, counts[0] = women+d.People, append(counts[0], d.People)
		}
		if d.Stratum == "sex" && d.Characteristic == "age" && d.Value == "male" {
			men, counts[1] = men+d.People, append(counts[1], d.People)
		}
	}
	in.described = append(in.described,
		measures.Description{Cohort: "incident-type-2-diabetes", Stratum: "sex", Value: "female", Characteristic: "ldl", Title: "LDL", People: women, Missing: 10, Mean: 110, SD: 30},
		measures.Description{Cohort: "incident-type-2-diabetes", Stratum: "sex", Value: "male", Characteristic: "ldl", Title: "LDL", People: men, Missing: 20, Mean: 119, SD: 30})
	rows := rowsOf(t, built(t, in, requestIn(t, Internal, onePage)), "women-men")
	want, err := stats.SMDShares(counts[0], counts[1])
	if err != nil {
		t.Fatal(err)
	}
	if got := decimal(t, rows[len(ageGroups)-1]["standardised_difference"]); math.Abs(got-math.Abs(want)) > 0.0001 {
		t.Errorf("ages differ by %v, want %v", got, want)
	}
	last := rows[len(rows)-1]
	if decimal(t, last["standardised_difference"]) != 0.3 || last["women"] != fmt.Sprint(women-10) || last["men"] != fmt.Sprint(men-20) {
		t.Errorf("the number: %v", last)
	}
	for path := range built(t, in, requestIn(t, External, onePage)) {
		if strings.Contains(path, "women-men") {
			t.Errorf("%s is outside", path)
		}
	}
}
