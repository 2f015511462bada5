package stats

import (
	"math"
	"testing"
)

// The two arms of Freireich's trial, in weeks.
func freireich() (treated, placebo []Follow) {
	times := []float64{6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35}
	events := []bool{true, true, true, false, true, false, true, false, false, true, true, false, false, false, true, true, false, false, false, false, false}
	for i := range times {
		treated = append(treated, Follow{times[i], events[i], 1})
	}
	for _, time := range []float64{1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23} {
		placebo = append(placebo, Follow{time, true, 1})
	}
	return treated, placebo
}

func referencesOfSurvival(t *testing.T) (out []reference) {
	curve := func(people []Follow) Survival { return must[Survival](t)(KaplanMeier(people)) }
	at := func(s Survival, time float64) SurvivalStep { return must[SurvivalStep](t)(s.At(time)) }
	step := func(source string, s Survival, time float64, want [4]float64, decimals int) {
		got := at(s, time)
		out = append(out, estimate(source, "Kaplan-Meier", "S", got.S, want[0], want[2], want[3], decimals)...)
		out = append(out, reference{source, "Greenwood", "SE", got.SE, want[1], decimals})
	}
	logRank := func(source string, d map[string][]float64, column string, chi2 float64, decimals int) {
		test, _, err := LogRank(follows(d, "", 0), ints(d[column]), nil)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, reference{source, "log-rank", "chi-squared by " + column, test.Chi2, chi2, decimals})
	}
	median := func(source string, s Survival, value, low, high float64) {
		m := must[Estimate](t)(s.Median())
		out = append(out, reference{source, "median survival", "value", m.Value, value, 0}, reference{source, "median survival", "low", m.Low, low, 0})
		if !math.IsInf(high, 1) {
			out = append(out, reference{source, "median survival", "high", m.High, high, 0})
		} else if !math.IsInf(m.High, 1) {
			t.Errorf("%s: the median's upper limit is %g", source, m.High)
		}
	}
	mean := func(source string, s Survival, horizon, value, se float64, decimals int) {
		e, gotSE, err := s.RestrictedMean(horizon)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, reference{source, "restricted mean", "value", e.Value, value, decimals}, reference{source, "restricted mean", "SE", gotSE, se, decimals})
	}

	const leukaemia = "Freireich 1963; Kleinbaum and Klein 2012, chapter 2 (leukaemia)"
	treated, placebo := freireich()
	s := curve(treated)
	for time, want := range map[float64][4]float64{
		7: {0.80672, 0.086935, 0.56315, 0.92281}, 10: {0.75294, 0.096350, 0.50320, 0.88936}, 22: {0.53782, 0.128234, 0.26778, 0.74679},
	} {
		step(leukaemia, s, time, want, 5)
	}
	median(leukaemia, s, 23, 13, math.Inf(1))
	median(leukaemia, curve(placebo), 8, 4, 11)
	mean(leukaemia, s, 35, 23.287, 2.8275, 3)
	both, _, err := LogRank(append(append([]Follow{}, treated...), placebo...), append(make([]int, 21), ones(21)...), nil)
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, reference{leukaemia, "log-rank", "chi-squared", both.Chi2, 16.792941, 6})

	const ovarian = "Edmonson 1979 (ovarian cancer)"
	d := data(t, "ovarian")
	s = curve(follows(d, "rx", 1))
	step(ovarian, s, 329, [4]float64{0.6154, 0.1349, 0.3083, 0.8184}, 4)
	step(ovarian, s, 638, [4]float64{0.4308, 0.1467, 0.1557, 0.6830}, 4)
	step(ovarian, curve(follows(d, "rx", 2)), 563, [4]float64{0.5641, 0.1488, 0.2436, 0.7928}, 4)
	median(ovarian, s, 638, 156, math.Inf(1))

	const lung = "Loprinzi 1994 (lung cancer)"
	d = data(t, "lung")
	men, women := curve(follows(d, "sex", 1)), curve(follows(d, "sex", 2))
	step(lung, men, 365, [4]float64{0.3361, 0.0434, 0.2527, 0.4213}, 4)
	step(lung, women, 365, [4]float64{0.5265, 0.0597, 0.4036, 0.6353}, 4)
	median(lung, men, 270, 210, 306)
	median(lung, women, 426, 345, 524)
	mean(lung, men, 365, 241.5, 10.36, 1)
	mean(lung, women, 365, 297.5, 10.79, 1)
	logRank(lung, d, "sex", 10.33, 2)
	out = append(out, stratified(t, lung, d))

	const veteran = "Kalbfleisch and Prentice 1980 (veterans' lung cancer)"
	d = data(t, "veteran")
	s = curve(follows(d, "celltype", 1))
	step(veteran, s, 90, [4]float64{0.6222, 0.0828, 0.4394, 0.7605}, 4)
	step(veteran, curve(follows(d, "celltype", 2)), 180, [4]float64{0.0878, 0.0457, 0.0247, 0.2020}, 4)
	step(veteran, curve(follows(d, "celltype", 4)), 180, [4]float64{0.3704, 0.0929, 0.1960, 0.5459}, 4)
	median(veteran, s, 118, 44, 242)
	mean(veteran, s, 300, 154.04, 20.29, 2)
	logRank(veteran, d, "trt", 0.008227, 6)
	logRank(veteran, d, "celltype", 25.4, 1)

	const colon = "Moertel 1990 (colon cancer)"
	d = data(t, "colon")
	for rx, want := range map[float64][4]float64{1: {0.5257, 0.02818, 0.4690, 0.5792}, 2: {0.5354, 0.02833, 0.4782, 0.5891}, 3: {0.6340, 0.02767, 0.5771, 0.6854}} {
		step(colon, curve(follows(d, "rx", rx)), 1825, want, 4)
	}
	median(colon, curve(follows(d, "rx", 1)), 2083, 1548, 2552)
	logRank(colon, d, "rx", 11.7, 1)
	return out
}

// stratified is the log-rank test of sex within performance status, of those with one.
func stratified(t *testing.T, source string, d map[string][]float64) reference {
	var people []Follow
	var sex, ecog []int
	for i, v := range d["ecog"] {
		if !math.IsNaN(v) {
			people, sex, ecog = append(people, Follow{d["time"][i], d["event"][i] == 1, 1}), append(sex, int(d["sex"][i])), append(ecog, int(v))
		}
	}
	test, _, err := LogRank(people, sex, ecog)
	if err != nil {
		t.Fatal(err)
	}
	return reference{source, "log-rank", "chi-squared by sex within performance status", test.Chi2, 10.8, 1}
}

func ones(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = 1
	}
	return out
}
