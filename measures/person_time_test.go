package measures

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// walked is a person of TestPersonTime: days are of observed time, both ends in it, and of
// events.
type walked struct {
	place    string
	birth    time.Time // zero where it is not known
	observed [][2]time.Time
	disease  []time.Time
	drug     []time.Time
	never    bool
}

// TestPersonTime compares person-days and cases of SQL with a walk over each day of each
// person, for 200 random populations, which are places, in months and in rolling years; and
// what months have together with what the year has.
func TestPersonTime(t *testing.T) {
	const populations, size = 200, 8
	random := rand.New(rand.NewPCG(20, 26))
	day := func(from, to string) time.Time {
		a, _ := time.Parse(time.DateOnly, from)
		b, _ := time.Parse(time.DateOnly, to)
		return a.AddDate(0, 0, random.IntN(int(b.Sub(a).Hours()/24)+1))
	}
	var people []walked
	var text strings.Builder
	for place := range populations {
		for range size {
			w := walked{place: fmt.Sprintf("%03d", place), never: random.IntN(10) == 0}
			name := fmt.Sprintf("p%d", len(people))
			birth := ""
			if random.IntN(12) > 0 {
				w.birth = day("1998-01-01", "2008-12-31")
				if random.IntN(8) == 0 {
					w.birth = time.Date(2004, 2, 29, 0, 0, 0, 0, time.UTC)
				}
				birth = " birth=" + w.birth.Format(time.DateOnly)
			}
			fmt.Fprintf(&text, "patient %s zip3=%s%s\n", name, w.place, birth)
			for at := day("2020-01-01", "2022-06-30"); at.Before(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)) && len(w.observed) < 3; {
				end := at.AddDate(0, 0, random.IntN(900))
				w.observed = append(w.observed, [2]time.Time{at, end})
				fmt.Fprintf(&text, "observed %s start=%s end=%s\n", name, at.Format(time.DateOnly), end.Format(time.DateOnly))
				at = end.AddDate(0, 0, 2+random.IntN(200))
			}
			for range random.IntN(3) {
				at := day("2021-01-01", "2024-12-31")
				w.disease = append(w.disease, at)
				fmt.Fprintf(&text, "condition %s code=icd:I63.9 onset=%s\n", name, at.Format(time.DateOnly))
			}
			if random.IntN(4) == 0 {
				at := day("2021-01-01", "2024-12-31")
				w.drug = append(w.drug, at)
				fmt.Fprintf(&text, "medication %s code=rx:617311 on=%s\n", name, at.Format(time.DateOnly))
			}
			if w.never {
				fmt.Fprintf(&text, "procedure %s code=sct:86259008\n", name)
			}
			people = append(people, w)
		}
	}
	dir := t.TempDir()
	writeFiles(t, dir, []txtar.File{
		{Name: "walk/cohort.yaml", Data: []byte(`{id: walk, title: W, rationale: r, source: s, multiplier: 1000, strata: [age, zip3],
entry: {title: First, event: {condition: disease}}, rules: [{id: never, exclude: {procedure: biopsy}}],
at_risk: {history: 100, age: {at_least: 17, below: 22}, until: [{medication: drug}], never: [{procedure: biopsy}]}}`)},
		{Name: "lists/disease.csv", Data: []byte("system,code,description\nhttp://hl7.org/fhir/sid/icd-10-cm,I63.9,d\n")},
		{Name: "lists/drug.csv", Data: []byte("system,code,description\nhttp://www.nlm.nih.gov/research/umls/rxnorm,617311,d\n")},
		{Name: "lists/biopsy.csv", Data: []byte("system,code,description\nhttp://snomed.info/sct,86259008,d\n")},
	})
	l, err := LoadLibrary(dir)
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := l.pick(KindCohort, []string{"walk"})
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, text.String())
	e := f.engine("2023,2023-01..2023-12,P12M/2023-06..2024-03", chosen[0])
	r, err := e.cohort(t.Context(), chosen[0], window{time.Date(2022, 7, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	got, byMonth := map[string]string{}, map[string]int64{}
	for _, rate := range r.rates {
		if rate.Numerator+rate.Denominator > 0 {
			got[rate.Period+" "+rate.Stratum+" "+rate.Value] = fmt.Sprintf("%d in %d", rate.Numerator, rate.Denominator)
		}
		if key := rate.Stratum + " " + rate.Value; rate.Period == "2023" {
			byMonth[key] -= rate.Denominator
		} else if rate.Family == FamilyDisjoint {
			byMonth[key] += rate.Denominator
		}
	}
	want := map[string]string{}
	counts := map[string][2]int64{}
	for _, w := range people {
		w.walk(e.periods, func(period Period, band string, cases, days int64) {
			for _, key := range []string{"all all", "age " + band, "zip3 " + w.place} {
				n := counts[period.ID+" "+key]
				counts[period.ID+" "+key] = [2]int64{n[0] + cases, n[1] + days}
			}
		})
	}
	for key, n := range counts {
		want[key] = fmt.Sprintf("%d in %d", n[0], n[1])
	}
	if len(want) < 1000 {
		t.Fatalf("only %d figures", len(want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-walk +SQL):\n%s", diff)
	}
	for key, n := range byMonth {
		if n != 0 {
			t.Errorf("%s: the months have %d days more than the year", key, n)
		}
	}
	t.Logf("%d figures of %d populations", len(want), populations)
}

// walk goes through the days of a person, one by one, and tells of each at risk and of each case.
func (w walked) walk(periods []Period, tell func(p Period, band string, cases, days int64)) {
	slices.SortFunc(w.disease, time.Time.Compare)
	tellOn := func(day time.Time, cases, days int64) {
		for _, p := range periods {
			if !day.Before(p.Low) && day.Before(p.High) {
				tell(p, w.bandOn(day), cases, days)
			}
		}
	}
	isCase := func(day time.Time) bool {
		return len(w.disease) > 0 && day.Equal(w.disease[0]) && !day.Before(time.Date(2022, 7, 1, 0, 0, 0, 0, time.UTC)) && day.Before(time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC))
	}
	if w.never || w.birth.IsZero() {
		return
	}
	for _, o := range w.observed {
		for day := o[0].AddDate(0, 0, 100); !day.After(o[1]); day = day.AddDate(0, 0, 1) {
			after := func(events []time.Time) bool { return len(events) > 0 && day.After(events[0]) }
			if age := w.ageOn(day); age >= 17 && age < 22 && !after(w.disease) && !after(w.drug) {
				tellOn(day, 0, 1)
				if isCase(day) {
					tellOn(day, 1, 0)
				}
			}
		}
	}
}

func (w walked) ageOn(day time.Time) int {
	age := day.Year() - w.birth.Year()
	if day.Month() < w.birth.Month() || day.Month() == w.birth.Month() && day.Day() < w.birth.Day() {
		age--
	}
	return age
}

func (w walked) bandOn(day time.Time) string {
	if w.birth.IsZero() {
		return "unknown"
	}
	return ageBand(w.ageOn(day))
}
