package stats

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
)

// reference is one figure of a published source, to the decimals it is given with. Where
// a source is a set of data, the figure is what the reference implementation gives for it
// (R 4.2, packages stats, survival 3.5 and MASS).
type reference struct {
	source, procedure, what string
	got, want               float64
	decimals                int
}

// estimate makes references of a value and its limits.
func estimate(source, procedure, what string, got Estimate, value, low, high float64, decimals int) []reference {
	return []reference{
		{source, procedure, what, got.Value, value, decimals},
		{source, procedure, what + " low", got.Low, low, decimals},
		{source, procedure, what + " high", got.High, high, decimals},
	}
}

// TestPublishedValues compares with figures that are not of the design's own table: at
// least 150, of at least 12 sources and 8 procedures, none with more than 25.
func TestPublishedValues(t *testing.T) {
	bySource, procedures, n := map[string]int{}, map[string]int{}, 0
	for _, r := range slices.Concat(referencesOfProportions(t), referencesOfCounts(t), referencesOfStrata(t), referencesOfSurvival(t), referencesOfRegression(t), referencesOfCharts(t), referencesOfSummaries(t)) {
		near(t, r.source+": "+r.procedure+": "+r.what, r.got, r.want, r.decimals)
		bySource[r.source]++
		procedures[r.procedure]++
		n++
	}
	t.Logf("%d values, %d sources, %d procedures", n, len(bySource), len(procedures))
	if n < 150 || len(bySource) < 12 || len(procedures) < 8 {
		t.Errorf("%d values of %d sources over %d procedures: too few", n, len(bySource), len(procedures))
	}
	for source, k := range bySource {
		if k > 25 {
			t.Errorf("%s: %d values, more than 25", source, k)
		}
	}
}

// must is the result of a figure that must be calculable.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// data reads a file of testdata: its columns by name, NaN where a cell is empty.
func data(t testing.TB, name string) map[string][]float64 {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string][]float64{}
	for _, row := range rows[1:] {
		for i, cell := range row {
			v := math.NaN()
			if cell != "" {
				if v, err = strconv.ParseFloat(cell, 64); err != nil {
					t.Fatal(err)
				}
			}
			columns[rows[0][i]] = append(columns[rows[0][i]], v)
		}
	}
	return columns
}

// follows makes people of data, those whose column has the value, or all.
func follows(d map[string][]float64, column string, value float64) []Follow {
	var people []Follow
	for i := range d["time"] {
		if column == "" || d[column][i] == value {
			people = append(people, Follow{d["time"][i], d["event"][i] == 1, 1})
		}
	}
	return people
}

func ints(values []float64) []int {
	var out []int
	for _, v := range values {
		out = append(out, int(v))
	}
	return out
}

func referencesOfProportions(t *testing.T) (out []reference) {
	const single, pair = "Newcombe 1998, Stat Med 17:857", "Newcombe 1998, Stat Med 17:873"
	for _, c := range []struct {
		x, n                     int64
		low, high, exact, exactH float64
	}{
		{81, 263, 0.2553, 0.3662, 0.2527, 0.3676}, {15, 148, 0.0624, 0.1605, 0.0578, 0.1617},
		{0, 20, 0, 0.1611, 0, 0.1684}, {1, 29, 0.0061, 0.1718, 0.0009, 0.1776},
	} {
		w, e, what := Wilson(c.x, c.n), ClopperPearson(c.x, c.n), fmt.Sprintf("%d/%d", c.x, c.n)
		out = append(out,
			reference{single, "Wilson", what + " low", w.Low, c.low, 4}, reference{single, "Wilson", what + " high", w.High, c.high, 4},
			reference{single, "Clopper-Pearson", what + " low", e.Low, c.exact, 4}, reference{single, "Clopper-Pearson", what + " high", e.High, c.exactH, 4})
	}
	for _, c := range []struct {
		x1, n1, x0, n0 int64
		low, high      float64
	}{
		{56, 70, 48, 80, 0.0524, 0.3339}, {9, 10, 3, 10, 0.1705, 0.8090}, {6, 7, 2, 7, 0.0582, 0.8062}, {5, 56, 0, 29, -0.0381, 0.1926},
		{0, 10, 0, 20, -0.1611, 0.2775}, {0, 10, 0, 10, -0.2775, 0.2775}, {10, 10, 0, 20, 0.6791, 1}, {10, 10, 0, 10, 0.6075, 1},
	} {
		d, what := Difference(c.x1, c.n1, c.x0, c.n0), fmt.Sprintf("%d/%d - %d/%d", c.x1, c.n1, c.x0, c.n0)
		out = append(out, reference{pair, "difference of proportions", what + " low", d.Low, c.low, 4}, reference{pair, "difference of proportions", what + " high", d.High, c.high, 4})
	}
	return append(out, reference{"Conover 1971, page 97 (682 of 925 plants)", "Clopper-Pearson", "low", ClopperPearson(682, 925).Low, 0.7076683, 7},
		reference{"Conover 1971, page 97 (682 of 925 plants)", "Clopper-Pearson", "high", ClopperPearson(682, 925).High, 0.7654066, 7})
}

func referencesOfCounts(t *testing.T) (out []reference) {
	const garwood = "Garwood 1936; Breslow and Day 1987, table 2.10"
	for events, limits := range map[int64][2]float64{
		1: {0.0253, 5.5716}, 2: {0.2422, 7.2247}, 3: {0.6187, 8.7673}, 5: {1.6235, 11.6683}, 8: {3.4538, 15.7632},
		10: {4.7954, 18.3904}, 11: {5.4912, 19.6820}, 15: {8.3954, 24.7402},
	} {
		e := ExactPoisson(events)
		out = append(out, reference{garwood, "exact Poisson", fmt.Sprint(events, " low"), e.Low, limits[0], 4}, reference{garwood, "exact Poisson", fmt.Sprint(events, " high"), e.High, limits[1], 4})
	}
	exact := must[Estimate](t)(RateRatioExact(41, 28010, 15, 19017))
	out = append(out, estimate("Rothman and Greenland 1998, page 238 (breast cancer after fluoroscopy)", "exact rate ratio", "41 and 15", exact, 1.85575866, 1.00568406, 3.60930031, 6)...)
	wald := must[Estimate](t)(RateRatio(41, 28010, 15, 19017))
	out = append(out, estimate("Rothman and Greenland 1998, page 238 (breast cancer after fluoroscopy)", "rate ratio", "41 and 15", wald, 1.86, 1.03, 3.35, 2)...)
	const pestle = "Siegel 1956; R poisson.test (leukaemia clusters)"
	cluster := must[Estimate](t)(RateRatioExact(11, 800, 21, 3011))
	return append(out, estimate(pestle, "exact rate ratio", "11 and 21", cluster, 1.9714881, 0.8584264, 4.2772659, 7)...)
}
