package stats

import (
	"slices"
	"testing"
)

// factors makes rows of columns.
func factors(columns ...[]float64) [][]float64 {
	var rows [][]float64
	for i := range columns[0] {
		var row []float64
		for _, c := range columns {
			row = append(row, c[i])
		}
		rows = append(rows, row)
	}
	return rows
}

// is tells in a column whether another holds a value.
func is(values []float64, value float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		if v == value {
			out[i] = 1
		}
	}
	return out
}

func yes(values []float64) []bool {
	var out []bool
	for _, v := range values {
		out = append(out, v == 1)
	}
	return out
}

func referencesOfRegression(t *testing.T) (out []reference) {
	fit := func(source string, rows [][]float64, outcome []bool, coefficients, errors []float64, deviance float64) Logit {
		l := must[Logit](t)(Logistic(rows, outcome, nil))
		for i := range coefficients {
			out = append(out, reference{source, "logistic regression", "coefficient", l.Coefficients[i], coefficients[i], 6},
				reference{source, "logistic regression", "its error", l.Errors[i], errors[i], 6})
		}
		out = append(out, reference{source, "logistic regression", "deviance", l.Deviance, deviance, 5})
		return l
	}
	d := data(t, "infert")
	const infert = "Trichopoulos 1976 (infertility after abortion)"
	fit(infert, factors(d["spontaneous"], d["induced"]), yes(d["case"]),
		[]float64{-1.707860, 1.197205, 0.418129}, []float64{0.267709, 0.211643, 0.205627}, 279.61198)
	fit(infert, factors(d["age"], d["parity"], d["edu6"], d["edu12"], d["spontaneous"], d["induced"]), yes(d["case"]),
		[]float64{-1.149237, 0.039582, -0.828277, -1.044244, -1.403205, 2.045905, 1.288757}, []float64{1.412209, 0.031203, 0.196494, 0.792559, 0.834166, 0.310163, 0.301466}, 257.79769)
	d = data(t, "birthwt")
	const weight = "Hosmer and Lemeshow 1989, appendix 1 (low birth weight)"
	low := yes(d["low"])
	rows := factors(d["age"], d["lwt"], is(d["race"], 2), is(d["race"], 3), d["smoke"], d["ptl"], d["ht"], d["ui"])
	l := fit(weight, rows, low,
		[]float64{0.464403, -0.027070, -0.015183, 1.263219, 0.861635, 0.923349, 0.541755, 1.833696},
		[]float64{1.204702, 0.036453, 0.006928, 0.526468, 0.439197, 0.400858, 0.346267, 0.691770}, 201.42695)
	var p []float64
	for _, row := range rows {
		p = append(p, l.Probability(row))
	}
	c := must[Calibration](t)(Calibrate(p, low))
	return append(out,
		reference{weight, "calibration", "c", c.C, 0.746088657, 9}, reference{weight, "calibration", "Brier", c.Brier, 0.179434726, 8},
		reference{weight, "calibration", "Hosmer-Lemeshow", c.Hosmer.Chi2, 10.3983356, 5})
}

// A fit's own probabilities have slope 1 and intercept 0, and add up to what happened; rows
// with weights are as many rows.
func TestLogisticAgreesWithItself(t *testing.T) {
	d := data(t, "infert")
	rows, outcome := factors(d["spontaneous"], d["induced"]), yes(d["case"])
	l := must[Logit](t)(Logistic(rows, outcome, nil))
	var p []float64
	for _, row := range rows {
		p = append(p, l.Probability(row))
	}
	c := must[Calibration](t)(Calibrate(p, outcome))
	near(t, "slope", c.Slope, 1, 6)
	near(t, "intercept", c.Intercept, 0, 6)
	near(t, "expected", c.Expected, c.Observed, 6)

	counts := map[[3]float64]float64{}
	for i, row := range rows {
		counts[[3]float64{row[0], row[1], d["case"][i]}]++
	}
	var grouped [][]float64
	var weights []float64
	var happened []bool
	for cell, n := range counts {
		grouped, weights, happened = append(grouped, []float64{cell[0], cell[1]}), append(weights, n), append(happened, cell[2] == 1)
	}
	w := must[Logit](t)(Logistic(grouped, happened, weights))
	for i := range l.Coefficients {
		near(t, "coefficient by weights", w.Coefficients[i], l.Coefficients[i], 9)
		near(t, "error by weights", w.Errors[i], l.Errors[i], 9)
	}
}

// What cannot be fitted says why.
func TestLogisticWithoutAnswer(t *testing.T) {
	x := []float64{0, 0, 1, 1}
	for _, c := range []struct {
		rows    [][]float64
		outcome []bool
		want    error
	}{
		{nil, nil, NoPeople},
		{factors(x), []bool{false, false, false, false}, NoEvents},
		{factors(x), []bool{true, true, true, true}, NoVariation},
		{factors(x), []bool{false, false, true, true}, Separated},
		{factors(x, x), []bool{false, true, false, true}, Collinear},
		{factors([]float64{1, 1, 1, 1}), []bool{false, true, false, true}, Collinear},
	} {
		if _, err := Logistic(c.rows, c.outcome, nil); err != c.want {
			t.Errorf("%v %v: %v, want %v", c.rows, c.outcome, err, c.want)
		}
	}
	if _, err := Calibrate([]float64{0.5, 0.5}, []bool{true, false}); err != NoVariation {
		t.Errorf("one probability for all: %v", err)
	}
	if !slices.Contains(Comorbidities[0].Prefixes, "I252") {
		t.Error("old myocardial infarction is not in Charlson's index")
	}
}
