package synth

import (
	"fmt"
	"testing"
)

// Every rule of every cohort takes somebody away, every outcome happens to some and not to
// others, and both sides of the days at which an answer changes occur.
func TestStudiesAreRich(t *testing.T) {
	truth, err := population()
	if err != nil {
		t.Fatal(err)
	}
	if len(truth.Cohorts) != len(studies) {
		t.Fatalf("%d cohorts", len(truth.Cohorts))
	}
	for _, c := range truth.Cohorts {
		t.Logf("%s: %+v, characteristics %+v", c.ID, c.Attrition, c.Characteristics)
		for i := 1; i < len(c.Attrition); i++ {
			if c.Attrition[i].Remaining >= c.Attrition[i-1].Remaining {
				t.Errorf("%s: rule %s removes nobody: %+v", c.ID, c.Attrition[i].Rule, c.Attrition)
			}
		}
		if last := c.Attrition[len(c.Attrition)-1].Remaining; last < 50 || int(last) != len(c.Members) {
			t.Errorf("%s: %d members, attrition %+v", c.ID, len(c.Members), c.Attrition)
		}
		for _, h := range c.Characteristics {
			if h.Members == 0 || int(h.Members) == len(c.Members) {
				t.Errorf("%s: %s of %d", c.ID, h.Characteristic, h.Members)
			}
		}
	}
	washed, late := int64(0), int64(0)
	for _, o := range truth.Outcomes {
		if o.Stratum != "all" {
			continue
		}
		t.Logf("%+v", o)
		washed, late = washed+o.WashedOut, late+o.NoTime
		if o.Events == 0 || o.Events >= o.AtRisk || o.PersonDays <= o.AtRisk {
			t.Errorf("%+v", o)
		}
	}
	if washed == 0 || late == 0 {
		t.Errorf("%d washed out, %d without a day at risk", washed, late)
	}
}

// The season is plain to see: autumn has at least half as many visits again as summer.
func TestAsthmaHasASeason(t *testing.T) {
	truth, err := population()
	if err != nil {
		t.Fatal(err)
	}
	byMonth := map[string]int64{}
	for _, r := range truth.Rates {
		if r.Cohort == asthmaVisits.id && r.Stratum == "all" && isMonth(r.Period) {
			byMonth[r.Period[5:]] += r.Cases
		}
	}
	summer, autumn := byMonth["06"]+byMonth["07"]+byMonth["08"], byMonth["09"]+byMonth["10"]+byMonth["11"]
	if summer == 0 || 2*autumn < 3*summer {
		t.Errorf("%d visits in summer, %d in autumn", summer, autumn)
	}
}

// The values of each stratum add up to the whole.
func TestStudyMarginsAddUp(t *testing.T) {
	truth, err := population()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string][5]int64{}
	add := func(key, stratum string, numbers ...int64) {
		key += " by " + stratum
		sum := sums[key]
		for i, n := range numbers {
			sum[i] += n
		}
		sums[key] = sum
	}
	wholes := map[string]string{}
	for _, o := range truth.Outcomes {
		key := o.Cohort + " " + o.Outcome
		add(key, o.Stratum, o.AtRisk, o.WashedOut, o.NoTime, o.Events, o.PersonDays)
		wholes[key+" by "+o.Stratum] = key + " by all"
	}
	for _, r := range truth.Rates {
		key := r.Cohort + " " + r.Period
		add(key, r.Stratum, r.Cases, r.PersonDays)
		wholes[key+" by "+r.Stratum] = key + " by all"
	}
	for key, whole := range wholes {
		if sums[key] != sums[whole] {
			t.Errorf("%s: %v, %s %v", key, sums[key], whole, sums[whole])
		}
	}
	if len(wholes) < 1000 {
		t.Errorf("%d margins", len(wholes))
	}
}

// Events lie on both sides of the days at which a study's answer changes.
func TestStudyBoundariesHaveBothSides(t *testing.T) {
	seen := map[string]int{}
	see := func(what string, from []day, to []day, distances ...day) {
		for _, n := range distances {
			for _, d := range from {
				if anyIn(to, d+n, d+n) {
					seen[fmt.Sprint(what, " ", int(n))]++
				}
			}
		}
	}
	wanted := []string{
		"readmitted on day 30", "readmitted on day 31", "died on the day of discharge 0", "next statin on day 150", "next statin on day 151",
		"LDL on day 27", "LDL on day 28", "LDL on day 84", "LDL on day 85", "prenatal visit before birth on day -183", "prenatal visit before birth on day -182",
		"visit after birth on day 6", "visit after birth on day 7", "visit after birth on day 84", "visit after birth on day 85",
		"asthma again on day 30", "asthma again on day 31", "controller on day 0", "controller on day 30", "controller on day 31",
		"another delivery on day 1", "15 on the day of birth 0", "15 on the day of birth 1", "50 on the day of birth 0", "50 on the day of birth 1",
	}
	for _, p := range people(t, testWorld(t), 8000) {
		see("readmitted on day", staysFor(heartFailure, true)(p), stays(false)(p), 30, 31)
		see("died on the day of discharge", staysFor(heartFailure, true)(p), p.died(), 0)
		statins := p.ordered(statin)
		see("next statin on day", statins, statins, 150, 151)
		if start, ok := earliest(statins); ok {
			see("LDL on day", []day{start}, p.resulted(ldlCholesterol), 27, 28, 84, 85)
		}
		births := p.done(delivery)
		_, prenatal := p.prenatal()
		see("prenatal visit before birth on day", births, prenatal, -183, -182)
		see("visit after birth on day", births, birthsAndCare.outcomes[0].event(p), 6, 7, 84, 85)
		see("another delivery on day", births, births, 1)
		attacks := emergenciesFor(asthma)(p)
		see("asthma again on day", attacks, attacks, 30, 31)
		see("controller on day", attacks, p.ordered(asthmaController), 0, 30, 31)
		if y, m, d := p.birth.day().date(); p.birth.prec == toDay {
			see("15 on the day of birth", births, []day{civil(y+15, m, d)}, 0, 1)
			see("50 on the day of birth", births, []day{civil(y+50, m, d)}, 0, 1)
		}
	}
	for _, what := range wanted {
		if seen[what] == 0 {
			t.Errorf("no case of: %s", what)
		}
	}
}
