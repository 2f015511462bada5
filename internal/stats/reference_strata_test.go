package stats

import (
	"errors"
	"testing"
)

// berkeley are admissions by department, men being group 1.
var berkeley = []Table{
	{512, 825, 89, 108}, {353, 560, 17, 25}, {120, 325, 202, 593}, {138, 417, 131, 375}, {53, 191, 94, 393}, {22, 373, 24, 341},
}

// doctors are coronary deaths of British doctors by age, smokers being group 1.
var doctors = []TimeTable{
	{32, 52407, 2, 18790}, {104, 43248, 12, 10673}, {206, 28612, 28, 5710}, {186, 12663, 28, 2585}, {102, 5317, 31, 1462},
}

func referencesOfStrata(t *testing.T) (out []reference) {
	const bickel = "Bickel, Hammel and O'Connell 1975 (admissions to Berkeley)"
	e, test := must[Estimate](t), must[Test](t)
	out = append(out, estimate(bickel, "Mantel-Haenszel odds ratio", "all departments", e(MantelHaenszelOdds(berkeley)), 0.904696828, 0.771907362, 1.060329764, 8)...)
	out = append(out, estimate(bickel, "Mantel-Haenszel odds ratio", "without A", e(MantelHaenszelOdds(berkeley[1:])), 1.03103, 0.870128762, 1.221684539, 5)...)
	plain, corrected := test(CochranMantelHaenszel(berkeley, false)), test(CochranMantelHaenszel(berkeley, true))
	rest, alike, apart := test(CochranMantelHaenszel(berkeley[1:], false)), test(BreslowDay(berkeley[1:])), test(BreslowDay(berkeley))
	for _, r := range []reference{
		{what: "chi-squared", got: plain.Chi2, want: 1.524607, decimals: 6}, {what: "p", got: plain.P, want: 0.216924, decimals: 6},
		{what: "chi-squared corrected", got: corrected.Chi2, want: 1.426946, decimals: 6}, {what: "p corrected", got: corrected.P, want: 0.232263, decimals: 6},
		{what: "chi-squared without A", got: rest.Chi2, want: 0.1249841, decimals: 7}, {what: "p without A", got: rest.P, want: 0.723691, decimals: 6},
	} {
		r.source, r.procedure = bickel, "Cochran-Mantel-Haenszel"
		out = append(out, r)
	}
	for _, r := range []reference{
		{what: "chi-squared", got: apart.Chi2, want: 18.8255013, decimals: 6}, {what: "p", got: apart.P, want: 0.0020714, decimals: 7}, {what: "df", got: float64(apart.DF), want: 5},
		{what: "chi-squared without A", got: alike.Chi2, want: 2.5582068, decimals: 6}, {what: "p without A", got: alike.P, want: 0.634244, decimals: 6},
	} {
		r.source, r.procedure = bickel, "Breslow-Day-Tarone"
		out = append(out, r)
	}

	const doll = "Doll and Hill 1966; Rothman and Greenland 1998, page 259 (British doctors)"
	out = append(out, estimate(doll, "Mantel-Haenszel rate ratio", "all ages", e(MantelHaenszelRate(doctors)), 1.424682, 1.154703, 1.757784, 6)...)
	for i, want := range [][3]float64{{5.736638, 1.463557, 49.404680}, {2.138812, 1.173714, 4.272545}, {1.468240, 0.986362, 2.264107}, {1.356060, 0.908193, 2.096412}, {0.904730, 0.600076, 1.399687}} {
		d := doctors[i]
		out = append(out, estimate(doll, "exact rate ratio", "age group", e(RateRatioExact(d.Events1, d.Time1, d.Events0, d.Time0)), want[0], want[1], want[2], 6)...)
	}

	// Low weight at birth by smoking, within race.
	const weight = "Hosmer and Lemeshow 1989, appendix 1 (low birth weight)"
	births := []Table{{19, 52, 4, 44}, {6, 10, 5, 16}, {5, 12, 20, 55}}
	out = append(out, estimate(weight, "Mantel-Haenszel odds ratio", "smoking within race", e(MantelHaenszelOdds(births)), 3.08638125, 1.49073956, 6.38994864, 8)...)
	return append(out, reference{weight, "Cochran-Mantel-Haenszel", "smoking within race", test(CochranMantelHaenszel(births, false)).Chi2, 9.413403, 6})
}

// One stratum alone gives the crude ratio, and a stratum of one group says nothing.
func TestStrataOfOneGroup(t *testing.T) {
	one := []Table{{10, 50, 5, 60}}
	risk, err := MantelHaenszelRisk(one)
	if err != nil {
		t.Fatal(err)
	}
	crude := Ratio(10, 50, 5, 60)
	near(t, "risk ratio", risk.Value, crude.Value, 12)
	near(t, "its upper limit", risk.High, crude.High, 9)
	if again, _ := MantelHaenszelRisk(append(one, Table{3, 7, 0, 0})); again != risk {
		t.Errorf("a stratum of one group changes %+v to %+v", risk, again)
	}
	for name, f := range map[string]func() error{
		"odds":  func() error { _, err := MantelHaenszelOdds([]Table{{3, 7, 0, 0}}); return err },
		"rates": func() error { _, err := MantelHaenszelRate(nil); return err },
		"test":  func() error { _, err := CochranMantelHaenszel([]Table{{0, 5, 0, 5}}, true); return err },
	} {
		if !errors.Is(f(), NotInformative) {
			t.Errorf("%s: %v", name, f())
		}
	}
}
