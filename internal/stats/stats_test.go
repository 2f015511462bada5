package stats

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// near compares to the number of decimals that the source prints.
func near(t *testing.T, name string, got, want float64, decimals int) {
	t.Helper()
	if !(math.Abs(got-want) <= 0.5000001*math.Pow(10, -float64(decimals))) {
		t.Errorf("%s = %.8f, the source has %.*f", name, got, decimals, want)
	}
}

func TestReferenceValues(t *testing.T) {
	count := func(n int64) Estimate { e, _ := Count(n); return e }
	for _, c := range []struct {
		name      string
		got, want Estimate
		decimals  int
	}{
		{"Wilson 81/263", Wilson(81, 263), Estimate{81.0 / 263, 0.25529, 0.36621}, 5},
		{"Wilson 0/20", Wilson(0, 20), Estimate{0, 0, 0.16113}, 5},
		{"Wilson 2893/4021", Wilson(2893, 4021), Estimate{2893.0 / 4021, 0.705382, 0.733144}, 6},
		{"Difference", Difference(633, 820, 498, 780), Estimate{0.133490, 0.088955, 0.177412}, 6},
		{"Ratio", Ratio(633, 820, 498, 780), Estimate{1.209080, 1.133446, 1.289761}, 6},
		{"RatioScore", RatioScore(7, 34, 1, 34), Estimate{7, 1.1537, 41.9763}, 4},
		{"Count 20", count(20), Estimate{20, 12.2114, 30.8899}, 4},
		{"Count 65", count(65), Estimate{65, 50.1632, 82.8491}, 4},
		{"Count 4", count(4), Estimate{4, 1.08987, 10.24159}, 5},
		{"Count 0", count(0), Estimate{0, 0, 3.68888}, 5}, // -ln 0.025
		{"IndirectRatio", IndirectRatio(30, 24.5), Estimate{1.22449, 0.82600, 1.74810}, 5},
	} {
		near(t, c.name, c.got.Value, c.want.Value, c.decimals)
		near(t, c.name+" low", c.got.Low, c.want.Low, c.decimals)
		near(t, c.name+" high", c.got.High, c.want.High, c.decimals)
	}
}

func TestMethodChangesAtTenEvents(t *testing.T) {
	if _, m := Count(9); m != MethodExactPoisson {
		t.Errorf("9 events: %s", m)
	}
	if _, m := Count(10); m != MethodByar {
		t.Errorf("10 events: %s", m)
	}
}

func TestUndefined(t *testing.T) {
	noTime, _ := Rate(3, 0)
	for name, e := range map[string]Estimate{
		"Wilson of nobody":      Wilson(0, 0),
		"Difference to nobody":  Difference(1, 2, 0, 0),
		"Ratio to none":         Ratio(1, 2, 0, 5),
		"RatioScore to none":    RatioScore(1, 2, 0, 5),
		"RatioScore of nobody":  RatioScore(0, 0, 2, 5),
		"Rate without time":     noTime,
		"IndirectRatio to none": IndirectRatio(2, 0),
	} {
		if e.Defined() || !math.IsNaN(e.Low) || !math.IsNaN(e.High) {
			t.Errorf("%s = %+v, want undefined", name, e)
		}
	}
}

func TestImpossibleCountsPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"more than all": func() { Wilson(3, 2) },
		"negative":      func() { Wilson(-1, 2) },
		"count":         func() { Count(-1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not panic", name)
				}
			}()
			f()
		}()
	}
}

func TestIntervalsHoldTheirEstimate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 1_000_000).Draw(t, "n")
		x := rapid.Int64Range(0, n).Draw(t, "x")
		w := Wilson(x, n)
		if !(0 <= w.Low && w.Low <= w.Value && w.Value <= w.High && w.High <= 1) {
			t.Fatalf("Wilson(%d, %d) = %+v", x, n, w)
		}
		// The interval of the complement is the mirror image.
		m := Wilson(n-x, n)
		if math.Abs(m.Low-(1-w.High)) > 1e-9 || math.Abs(m.High-(1-w.Low)) > 1e-9 {
			t.Fatalf("Wilson(%d, %d) is not the mirror of %+v: %+v", n-x, n, w, m)
		}
		c, _ := Count(x)
		if !(0 <= c.Low && c.Low <= c.Value && c.Value < c.High) {
			t.Fatalf("Count(%d) = %+v", x, c)
		}
		if next, _ := Count(x + 1); next.Low < c.Low || next.High < c.High {
			t.Fatalf("limits fall from %d to %d events: %+v, %+v", x, x+1, c, next)
		}
	})
}

// TestRatioAndDifferenceAgree: the two say alike whether two proportions differ, also where all or none are in a numerator.
func TestRatioAndDifferenceAgree(t *testing.T) {
	if r := RatioScore(4, 4, 1000, 1389); !(r.Low < 1 && r.High > 1) {
		t.Errorf("4 of 4 against 72 %% differs: %+v", r)
	}
	rapid.Check(t, func(t *rapid.T) {
		n1, n2 := rapid.Int64Range(1, 5000).Draw(t, "n1"), rapid.Int64Range(1, 5000).Draw(t, "n2")
		x1, x2 := rapid.Int64Range(0, n1).Draw(t, "x1"), rapid.Int64Range(1, n2).Draw(t, "x2")
		if rapid.Bool().Draw(t, "all") {
			x1 = n1
		}
		r, d := RatioScore(x1, n1, x2, n2), Difference(x1, n1, x2, n2)
		const e = 1e-9
		if !(0 <= r.Low && r.Low <= r.Value+e && r.Value <= r.High+e) || math.IsInf(r.High, 0) {
			t.Fatalf("%d/%d over %d/%d is %+v", x1, n1, x2, n2, r)
		}
		if d.Low > e && r.Low <= 1 || d.Low < -e && r.Low >= 1 || d.High < -e && r.High >= 1 || d.High > e && r.High <= 1 {
			t.Fatalf("%d/%d against %d/%d: ratio %+v, difference %+v", x1, n1, x2, n2, r, d)
		}
	})
}
