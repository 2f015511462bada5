package stats

import (
	"slices"
	"testing"
)

func referencesOfCharts(t *testing.T) (out []reference) {
	// Cans of frozen orange juice that leak, 30 samples of 50.
	const juice = "Montgomery 1991, example 6.1 (orange juice cans)"
	var samples []Proportion
	for _, d := range []int64{12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6} {
		samples = append(samples, Proportion{d, 50})
	}
	c := must[Control](t)(PChart(samples))
	out = append(out, reference{juice, "p-chart", "mean", c.Mean, 0.2313, 4},
		reference{juice, "p-chart", "low", c.Points[0].Low, 0.0524, 4}, reference{juice, "p-chart", "high", c.Points[0].High, 0.4102, 4})
	var outside []int
	for i, s := range SpecialCauses(c.Points) {
		if s.Outside {
			outside = append(outside, i+1)
		}
	}
	if !slices.Equal(outside, []int{15, 23}) {
		t.Errorf("%s: outside the limits are %v, the source has 15 and 23", juice, outside)
	}
	c = must[Control](t)(PChart(slices.Delete(slices.Delete(samples, 22, 23), 14, 15)))
	return append(out, reference{juice, "p-chart", "mean of the rest", c.Mean, 0.2150, 4},
		reference{juice, "p-chart", "low of the rest", c.Points[0].Low, 0.0407, 4}, reference{juice, "p-chart", "high of the rest", c.Points[0].High, 0.3893, 4})
}

func referencesOfSummaries(t *testing.T) (out []reference) {
	const cars = "Henderson and Velleman 1981 (miles per gallon)"
	mpg := []float64{21.0, 21.0, 22.8, 21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8, 16.4, 17.3, 15.2, 10.4,
		10.4, 14.7, 32.4, 30.4, 33.9, 21.5, 15.5, 15.2, 13.3, 19.2, 27.3, 26.0, 30.4, 15.8, 19.7, 15.0, 21.4}
	s := must[Summary](t)(Summarise(mpg))
	tenth := must[float64](t)(Quantile(slices.Sorted(slices.Values(mpg)), 0.1))
	for _, r := range []reference{
		{what: "q1", got: s.Q1, want: 15.425, decimals: 3}, {what: "median", got: s.Median, want: 19.2, decimals: 3}, {what: "q3", got: s.Q3, want: 22.8, decimals: 3},
		{what: "tenth", got: tenth, want: 14.34, decimals: 3}, {what: "mean", got: s.Mean, want: 20.090625, decimals: 6}, {what: "sd", got: s.SD, want: 6.02694805, decimals: 7},
	} {
		r.source, r.procedure = cars, "quantiles of type 7"
		out = append(out, r)
	}
	const rain = "McNeil 1977 (precipitation of US cities)"
	inches := []float64{67, 54.7, 7, 48.5, 14, 17.2, 20.7, 13, 43.4, 40.2, 38.9, 54.5, 59.8, 48.3, 22.9, 11.5, 34.4, 35.1, 38.7, 30.8, 30.6, 43.1, 56.8, 40.8, 41.8, 42.5, 31, 31.7, 30.2, 25.9, 49.2, 37, 35.9, 15, 30.2, 7.2, 36.2, 45.5, 7.8, 33.4, 36.1, 40.2, 42.7, 42.5, 16.2, 39, 35, 37, 31.4, 37.6, 39.9, 36.2, 42.8, 46.4, 24.7, 49.1, 46, 35.9, 7.8, 48.2, 15.2, 32.5, 44.7, 42.6, 38.8, 17.4, 40.8, 29.1, 14.6, 59.2}
	s = must[Summary](t)(Summarise(inches))
	for _, r := range []reference{
		{what: "least", got: s.Min, want: 7, decimals: 3}, {what: "q1", got: s.Q1, want: 29.375, decimals: 3}, {what: "median", got: s.Median, want: 36.6, decimals: 3},
		{what: "q3", got: s.Q3, want: 42.775, decimals: 3}, {what: "greatest", got: s.Max, want: 67, decimals: 3},
	} {
		r.source, r.procedure = rain, "quantiles of type 7"
		out = append(out, r)
	}
	return out
}
