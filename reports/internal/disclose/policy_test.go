package disclose

import (
	"math"
	"math/rand/v2"
	"testing"

	"farr/internal/stats"
)

// TestPolicies holds each policy to its words, on random measures: no count that it hides is shown, and
// where it rounds, counts are multiples and rates are those of the rounded counts.
func TestPolicies(t *testing.T) {
	for _, name := range PolicyNames() {
		p, err := PolicyFor(External, name)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(7, 0))
		shown := 0
		for range 300 {
			var x ExactMeasure
			var all Exact
			for _, v := range []string{"a", "b", "c", "d"} {
				g := row("2024", "site", v, r.Int64N(60), 60+r.Int64N(90))
				x.Rows = append(x.Rows, g)
				all.Numerator, all.Denominator = all.Numerator+g.Numerator, all.Denominator+g.Denominator
			}
			x.Rows = append(x.Rows, row("2024", "all", "all", all.Numerator, all.Denominator))
			for _, g := range ReleaseMeasure(p, x).Rows {
				num, ok := g.Rate.Numerator().Value()
				den, okDen := g.Rate.Denominator().Value()
				if ok && p.small(num) || okDen && p.small(den) {
					t.Fatalf("%s shows %d of %d", name, num, den)
				}
				if !g.Rate.Shown() {
					continue
				}
				shown++
				rate, low, high := g.Rate.Plot()
				if e := stats.Wilson(num, den); p.round > 0 && (num%p.round != 0 || den%p.round != 0 || math.Abs(rate-100*e.Value) > 1e-9 || math.Abs(low-100*e.Low) > 1e-9 || math.Abs(high-100*e.High) > 1e-9) {
					t.Fatalf("%s: %d of %d has the rate %v", name, num, den, rate)
				}
			}
		}
		if shown < 500 {
			t.Errorf("%s shows only %d rates of 1,500", name, shown)
		}
	}
	if _, err := PolicyFor(External, "cms12"); err == nil {
		t.Error("an unknown policy is taken")
	}
	if _, err := PolicyFor(Internal, "cms11"); err == nil {
		t.Error("an internal audience takes a policy")
	}
}
