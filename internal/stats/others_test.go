package stats

import (
	"math"
	"testing"
)

// TestRatioToOthers: of others alike the reference is made by hand; of rates of one stratum the ratio is that of the
// counts; one of many has wider limits; what has no limits is left out.
func TestRatioToOthers(t *testing.T) {
	even := func(v float64) Estimate { return Estimate{v, v / 1.25, v * 1.25} }
	others := []Weighted{{even(5), 3}, {even(5), 3}, {Estimate{0, 0, 2}, 9}, {even(7), 0}}
	// The error of each logarithm is 2 ln 1.25 / (2 z); of the ratio sqrt(1 + 1/2) of that, so that its limits are 2 times 1.25^(+-sqrt 1.5).
	r := must[Estimate](t)(RatioToOthers(1, even(10), others))
	near(t, "ratio", r.Value, 2, 6)
	near(t, "ratio low", r.Low, 1.521738, 6)
	near(t, "ratio high", r.High, 2.628573, 6)
	// Of ten, at z = 2.807034 in place of 1.959964.
	many := must[Estimate](t)(RatioToOthers(10, even(10), others))
	near(t, "one of ten, low", many.Low, 2*math.Pow(1.25, -math.Sqrt(1.5)*2.807034/1.959964), 5)
	// Weights: the mean of 2 and 8 with weights 3 and 1 is 3.5.
	near(t, "weighted", must[Estimate](t)(RatioToOthers(1, even(7), []Weighted{{even(2), 3}, {even(8), 1}})).Value, 2, 6)

	one, _ := Rate(400, 1000)
	a, _ := Rate(700, 3000)
	b, _ := Rate(500, 2000)
	got := must[Estimate](t)(RatioToOthers(1, one, []Weighted{{a, 3000}, {b, 2000}}))
	want := must[Estimate](t)(RateRatio(400, 1000, 1200, 5000))
	near(t, "against counts", got.Value, want.Value, 6)
	if math.Abs(got.Low-want.Low) > 0.005 || math.Abs(got.High-want.High) > 0.005 {
		t.Errorf("limits %v, of the counts %v", got, want)
	}
	if _, err := RatioToOthers(1, even(3), []Weighted{{Estimate{0, 0, 2}, 9}}); err != NoReference {
		t.Errorf("no others: %v", err)
	}
	if _, err := RatioToOthers(1, Estimate{3, 3, 3}, others); err != NoEvents {
		t.Errorf("without limits: %v", err)
	}
	wide := must[Estimate](t)(RateRatioOfMany(10, 41, 28010, 15, 19017))
	near(t, "one of ten ratios, low", wide.Low, 1.8557*math.Exp(-2.807034*math.Sqrt(1./41+1./15)), 3)
}
