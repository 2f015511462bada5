package measures

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"farr/internal/stats"
)

// People of two places, of which one has older people and no worse outcomes. The numbers that
// are expected are those of the same model fitted to the people as they were made; adjusted,
// the places are alike, and crude they are not.
func TestAdjusted(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 1))
	diagnoses := []string{"I21.9", "E11.9", "E11.21", "C50.9", "C78.0", "K70.30", "I85.0", "J44.9", "Z00.0"}
	type person struct {
		factors  []float64
		happened bool
		place    string
		virtual  bool
	}
	var people []person
	var text strings.Builder
	var charlson float64
	index := time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC)
	for i := range 500 {
		name := fmt.Sprintf("p%d", i)
		p := person{place: "100"}
		born := time.Date(1960+random.IntN(30), time.Month(1+random.IntN(12)), 1+random.IntN(28), 0, 0, 0, 0, time.UTC)
		if random.IntN(2) == 0 {
			p.place, born = "200", born.AddDate(-20, 0, 0)
		}
		age := float64(walked{birth: born}.ageOn(index))
		sex := []string{"female", "female", "male"}[random.IntN(3)]
		fmt.Fprintf(&text, "patient %s birth=%s zip3=%s gender=%s\nobserved %[1]s start=2020-01-01 end=2024-12-31\nencounter %[1]s class=IMP start=2023-05-28 end=2023-06-01 reason=icd:I50.9\n",
			name, born.Format(time.DateOnly), p.place, sex)
		var codes []string
		for range random.IntN(4) {
			code, onset := diagnoses[random.IntN(len(diagnoses))], index.AddDate(0, 0, -random.IntN(800))
			fmt.Fprintf(&text, "condition %s code=icd:%s onset=%s\n", name, code, onset.Format(time.DateOnly))
			if !onset.Before(index.AddDate(0, 0, -365)) {
				codes = append(codes, code)
			}
		}
		comorbid, _ := stats.Charlson(codes)
		charlson += float64(comorbid)
		p.factors = []float64{age / 10, float64(comorbid), 0}
		if sex == "male" {
			p.factors[2] = 1
		}
		if p.virtual = random.IntN(3) == 0; p.virtual {
			fmt.Fprintf(&text, "encounter %s class=VR start=2022-06-01 end=2022-06-01\n", name)
		} else {
			fmt.Fprintf(&text, "encounter %s class=VR start=2023-06-01 end=2023-06-01\nencounter %[1]s class=VR start=2022-05-31 end=2022-05-31\n", name)
		}
		if p.happened = random.Float64() < 1/(1+math.Exp(6-0.9*p.factors[0])); p.happened {
			fmt.Fprintf(&text, "encounter %s class=IMP start=2023-06-20 end=2023-06-24\n", name)
		}
		people = append(people, p)
	}
	// Who leaves before day 30 is left out, with the event and without. Who dies is not.
	for _, name := range []string{"left", "back", "dead"} {
		fmt.Fprintf(&text, "observed %s start=2020-01-01 end=2023-06-10\nencounter %[1]s class=IMP start=2023-05-28 end=2023-06-01 reason=icd:I50.9\n", name)
	}
	text.WriteString("patient left birth=1950-01-01\npatient back birth=1950-01-01\nencounter back class=IMP start=2023-06-05 end=2023-06-06\npatient dead birth=1950-06-01 zip3=100 gender=female death=2023-06-10\n")
	people = append(people, person{factors: []float64{7.3, 0, 0}, place: "100"})
	dir := t.TempDir()
	writeFiles(t, dir, []txtar.File{
		{Name: "admitted/cohort.yaml", Data: []byte(`{id: admitted, title: A, rationale: r, source: s, strata: [zip3, telehealth], prevalence: true,
entry: {title: First, event: {encounter: {class: [IMP], diagnosis: failure, at: end}}}, rules: [{id: adult, require: {age: {at_least: 18}}}],
outcomes: [{id: again, title: Again, event: {encounter: {class: [IMP]}}, to: 30, adjust: [age, charlson, sex]}],
characteristics: [{id: charlson, title: Charlson, charlson: {days: -365..0}}]}`)},
		{Name: "lists/failure.csv", Data: []byte("system,code,description\nhttp://hl7.org/fhir/sid/icd-10-cm,I50.9,f\n")},
	})
	l, err := LoadLibrary(dir)
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := l.pick(KindCohort, []string{"admitted"})
	if err != nil {
		t.Fatal(err)
	}
	if text := chosen[0].Describe(); !strings.Contains(text, "(by its end)") || strings.Contains(text, ",.") || strings.Contains(text, ", .") {
		t.Errorf("an event by its end is described as:\n%s", text)
	}
	r, err := newFixture(t, text.String()).engine("2023", chosen[0]).cohort(t.Context(), chosen[0], window{time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]float64
	var happened []bool
	var events float64
	for _, p := range people {
		rows, happened = append(rows, p.factors), append(happened, p.happened)
		if p.happened {
			events++
		}
	}
	fit, err := stats.Logistic(rows, happened, nil)
	if err != nil {
		t.Fatal(err)
	}
	type group struct {
		people, observed int64
		expected         float64
	}
	want := map[string]*group{}
	for _, p := range people {
		for _, key := range []string{"all all", "zip3 " + p.place, "telehealth " + map[bool]string{true: "yes", false: "no"}[p.virtual]} {
			if want[key] == nil {
				want[key] = &group{}
			}
			want[key].people++
			want[key].expected += fit.Probability(p.factors)
			if p.happened {
				want[key].observed++
			}
		}
	}
	if len(r.adjusted) != len(want) {
		t.Errorf("%d groups, want %d", len(r.adjusted), len(want))
	}
	for _, a := range r.adjusted {
		w := want[a.Stratum+" "+a.Value]
		if w == nil || a.People != w.people || a.Observed != w.observed || math.Abs(a.Expected-w.expected) > 1e-6 {
			t.Errorf("%+v, want %+v", a, w)
			continue
		}
		if a.Stratum == "zip3" && (a.RatioLow > 1 || a.RatioHigh < 1) {
			t.Errorf("adjusted, place %s differs: %+v", a.Value, a)
		}
		if crude := stats.IndirectRatio(a.Observed, events*float64(a.People)/float64(len(people))); a.Stratum == "zip3" && crude.Low < 1 && crude.High > 1 {
			t.Errorf("crude, place %s does not differ: the test tests nothing", a.Value)
		}
	}
	for i, f := range r.factors {
		if odds := fit.Odds(i); math.Abs(odds.Value-f.Odds) > 1e-6 || math.Abs(odds.High-f.CIHigh) > 1e-6 {
			t.Errorf("factor %s %s: %v, want %v", f.Factor, f.Level, f.Odds, odds)
		}
	}
	if n := len(r.rates); n != 5 {
		t.Errorf("%d rates, want prevalence of all, two places and with and without telehealth", n)
	}
	if len(r.factors) != 3 || len(r.calibrations) != 1 {
		t.Fatalf("%d factors, %d calibrations", len(r.factors), len(r.calibrations))
	}
	if c := r.calibrations[0]; c.LeftOut != 2 || c.Observed != int64(events) || math.Abs(c.Expected-events) > 5 || c.C < 0.6 || c.Slope < 0.5 || c.Slope > 1.5 {
		t.Errorf("calibration %+v", c)
	}
	for _, d := range r.table1 {
		if d.Characteristic == "charlson" && d.Stratum == stratumAll && math.Abs(d.Mean*float64(d.People)-charlson) > 1e-6 {
			t.Errorf("Charlson's index adds up to %v of %d people, want %v", d.Mean*float64(d.People), d.People, charlson)
		}
	}
}
