package control_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"farr/internal/stats"
	"farr/reports/internal/control"
	"farr/reports/internal/disclose"
)

// pair is a numerator and a denominator of a month; a denominator of 0 is a month without anybody.
type pair [2]int64

// released are the months of a proportion, or of a rate per 1,000 person-years, as an audience may see them; the last
// so many are not complete.
func released(a disclose.Audience, scale disclose.Scale, months []pair, incomplete int) []disclose.Row {
	x := disclose.ExactMeasure{Scale: scale}
	for i, m := range months {
		low := time.Date(2023, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC)
		p := float64(m[0]) / float64(m[1])
		if scale.Timed() {
			p *= float64(scale) * disclose.DaysPerYear
		}
		x.Rows = append(x.Rows, disclose.Exact{Period: disclose.Period{ID: low.Format("2006-01"), Family: "disjoint", Low: low, High: low.AddDate(0, 1, 0)},
			Stratum: "all", Value: "all", Initial: m[1], Denominator: m[1], Numerator: m[0], Rate: p, Low: p, High: p, Method: "wilson", Complete: i < len(months)-incomplete})
	}
	border, err := disclose.NewBorder(string(a), "")
	if err != nil {
		panic(err)
	}
	m, err := border.Measure(context.Background(), x)
	if err != nil {
		panic(err)
	}
	return m.Rows
}

// level are months of a hundred with so many each.
func level(numerators ...int64) []pair {
	var out []pair
	for _, n := range numerators {
		out = append(out, pair{n, 100})
	}
	return out
}

var steady = []int64{50, 53, 48, 51, 46, 52, 49, 54, 47, 50, 52, 48}

func chartOf(months []pair) control.Chart {
	return control.Of(released(disclose.Internal, disclose.Percent, months, 0), nil)
}

// TestLimitsAreLocked: what comes after the first 12 points changes no limit, and each rule is asked of it.
func TestLimitsAreLocked(t *testing.T) {
	base := chartOf(level(steady...))
	if b := base.Bases[0]; b.Trial() || b.Kind != control.P || b.Baseline != 12 || base.Variation("higher") != control.Common || len(base.Signals) != 0 {
		t.Fatalf("a steady year: %+v, %v, %v", b, base.Variation("higher"), base.Signals)
	}
	longer := chartOf(level(append(append([]int64{}, steady...), 70, 71, 69)...))
	if longer.Bases[0].Mean != base.Bases[0].Mean || longer.Points[0].Limits != base.Points[0].Limits {
		t.Errorf("the limits moved from %v to %v", base.Points[0].Limits, longer.Points[0].Limits)
	}
	want, err := stats.PChartFrom(proportions(level(steady...)), proportions(level(70)))
	if err != nil {
		t.Fatal(err)
	}
	if got := longer.Points[12].Limits; math.Abs(got.High-100*want.Points[0].High) > 1e-9 || math.Abs(got.Mean-100*want.Mean) > 1e-9 {
		t.Errorf("limits %v are not those of the statistics %v", got, want.Points[0])
	}
	if v := longer.Variation("higher"); v != control.Improving {
		t.Errorf("a rate above the limit, where higher is better, is %s", v)
	}
	if v := longer.Variation("lower"); v != control.Concerning {
		t.Errorf("a rate above the limit, where lower is better, is %s", v)
	}
	if v := longer.Variation(""); v != control.High {
		t.Errorf("a rate above the limit, where which is better is not said, is %s", v)
	}
	trial := chartOf(level(steady[:8]...))
	if b := trial.Bases[0]; !b.Trial() || b.Baseline != 8 {
		t.Errorf("eight points give %+v", b)
	}
	if few := chartOf(level(steady[:5]...)); few.Bases[0].None != stats.FewPoints || few.Variation("higher") != control.TooFew || few.Points[0].Limited {
		t.Errorf("five points give %+v", few.Bases[0])
	}
	if same := chartOf(level(0, 0, 0, 0, 0, 0, 0)); !errors.Is(same.Bases[0].None, stats.NoVariation) {
		t.Errorf("zeros give %+v", same.Bases[0])
	}
}

func proportions(months []pair) (out []stats.Proportion) {
	for _, m := range months {
		out = append(out, stats.Proportion{Numerator: m[0], Denominator: m[1]})
	}
	return out
}

// TestAHiddenPointEndsARun: seven in a row are seven neighbours.
func TestAHiddenPointEndsARun(t *testing.T) {
	after := level(append(append([]int64{}, steady...), 53, 54, 53, 54, 53, 54, 53)...)
	whole := control.Of(released(disclose.External, disclose.Percent, after, 0), nil)
	if len(whole.Signals) != 1 || whole.Signals[0].Rule != control.Run || whole.Signals[0].From != 12 || whole.Signals[0].To != 18 || !whole.Signals[0].High {
		t.Fatalf("seven months above the mean give %+v", whole.Signals)
	}
	after[15] = pair{4, 100} // hidden from outside
	holed := control.Of(released(disclose.External, disclose.Percent, after, 0), nil)
	if p := holed.Points[15]; p.Used || p.Limited {
		t.Errorf("a hidden month is used: %+v", p)
	}
	if len(holed.Signals) != 0 {
		t.Errorf("with a hidden month between them: %+v", holed.Signals)
	}
	after[15] = pair{0, 0} // nobody
	if holed := control.Of(released(disclose.External, disclose.Percent, after, 0), nil); len(holed.Signals) != 0 || holed.Points[15].Used {
		t.Errorf("with a month of nobody between them: %+v", holed.Signals)
	}
	rows := released(disclose.External, disclose.Percent, level(append(append([]int64{}, steady...), 53, 54, 53, 50, 54, 53, 54, 53)...), 0)
	missing := append(append([]disclose.Row{}, rows[:15]...), rows[16:]...)
	if c := control.Of(missing, nil); len(c.Signals) != 0 {
		t.Errorf("with a month missing: %+v", c.Signals)
	}
}

// TestIncompletePointsAreLeftOut: they have limits to be seen, and no rule.
func TestIncompletePointsAreLeftOut(t *testing.T) {
	c := control.Of(released(disclose.Internal, disclose.Percent, level(append(append([]int64{}, steady...), 95)...), 1), nil)
	if p := c.Points[12]; p.Used || !p.Limited || p.Signals.Any() || len(c.Signals) != 0 || c.Latest() != 11 {
		t.Errorf("an incomplete month: %+v, signals %v", p, c.Signals)
	}
}

// TestRebase: limits before and after, and no rule across; before the decision the same months are a signal.
func TestRebase(t *testing.T) {
	months := level(append(append([]int64{}, steady...), 70, 73, 68, 71, 66, 72, 69, 74, 67, 70, 72, 68)...)
	rows := released(disclose.Internal, disclose.Percent, months, 0)
	if c := control.Of(rows, nil); c.Variation("higher") != control.Improving {
		t.Fatal("a lasting change is no signal")
	}
	c := control.Of(rows, []control.Rebase{{Date: time.Date(2023, 12, 15, 0, 0, 0, 0, time.UTC), Reason: "new clinic"}})
	if len(c.Bases) != 2 || c.Bases[1].Reason != "new clinic" || c.Bases[1].Baseline != 12 || math.Abs(c.Bases[1].Mean-70) > 1 || math.Abs(c.Bases[0].Mean-50) > 1 {
		t.Fatalf("bases %+v", c.Bases)
	}
	if len(c.Signals) != 0 || c.Variation("higher") != control.Common || c.Points[11].Base != 0 || c.Points[12].Base != 1 {
		t.Errorf("after the decision: %+v", c.Signals)
	}
	// Too early to have limits again.
	c = control.Of(rows[:15], []control.Rebase{{Date: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}})
	if c.Bases[1].None != stats.FewPoints || c.Variation("higher") != control.TooFew {
		t.Errorf("three months after a decision: %+v", c.Bases[1])
	}
	before := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if c := control.Of(rows, []control.Rebase{{Date: before}}); len(c.Bases) != 1 {
		t.Errorf("a decision before all periods makes %d bases", len(c.Bases))
	}
}

// TestKinds: p' where periods vary more than chance or many are counted, XmR for what is no proportion.
func TestKinds(t *testing.T) {
	wide := chartOf(level(50, 70, 35, 66, 41, 72, 30, 64, 45, 70, 33, 60))
	if wide.Bases[0].Kind != control.Laney || wide.Bases[0].Sigma <= 1.2 {
		t.Errorf("overdispersed: %+v", wide.Bases[0])
	}
	var many []pair
	for _, n := range steady {
		many = append(many, pair{1000 + n, 2000})
	}
	if c := chartOf(many); c.Bases[0].Kind != control.Laney {
		t.Errorf("two thousand each: %+v", c.Bases[0])
	}
	var times []pair
	for _, n := range steady {
		times = append(times, pair{n, 100000})
	}
	c := control.Of(released(disclose.Internal, 1000, times, 0), nil)
	var values []float64
	for _, m := range times {
		values = append(values, float64(m[0])/float64(m[1])*1000*disclose.DaysPerYear)
	}
	want, err := stats.XmRChart(values, true)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Points[3].Limits; c.Bases[0].Kind != control.XmR || math.Abs(got.High-want.Points[3].High) > 1e-9 || math.Abs(got.Low-want.Points[3].Low) > 1e-9 {
		t.Errorf("rates: %s, limits %v, want %v", c.Bases[0].Kind, got, want.Points[3])
	}
}

// TestAssurance follows the improvement direction, by the limits of the newest point.
func TestAssurance(t *testing.T) {
	c := chartOf(level(steady...))
	for _, test := range []struct {
		target float64
		better string
		want   stats.Assurance
	}{{20, "higher", stats.Pass}, {20, "lower", stats.Fail}, {80, "higher", stats.Fail}, {80, "lower", stats.Pass}, {50, "higher", stats.HitOrMiss}, {50, "", ""}} {
		if got := c.Assurance(test.target, test.better); got != test.want {
			t.Errorf("target %v, %q is better: %q, want %q", test.target, test.better, got, test.want)
		}
	}
}

// TestChoose takes the shortest periods that give twelve points.
func TestChoose(t *testing.T) {
	months := released(disclose.Internal, disclose.Percent, level(steady...), 0)
	holed := released(disclose.External, disclose.Percent, level(append(append([]int64{}, steady...), 5, 5, 5, 5)...), 0)
	for _, test := range []struct {
		series [][]disclose.Row
		want   int
		why    error
	}{
		{[][]disclose.Row{months[:11], months}, 1, nil},
		{[][]disclose.Row{months[:8], months[:7]}, 0, nil},
		{[][]disclose.Row{months[:5]}, -1, stats.FewPoints},
		{nil, -1, stats.FewPoints},
		{[][]disclose.Row{holed[:15]}, 0, nil},            // 3 of 15 hidden
		{[][]disclose.Row{holed}, -1, control.ManyHidden}, // 4 of 16
		{[][]disclose.Row{holed, months[:6]}, 1, nil},
	} {
		if got, why := control.Choose(test.series); got != test.want || why != test.why {
			t.Errorf("of %d series: %d, %v; want %d, %v", len(test.series), got, why, test.want, test.why)
		}
	}
}

// reference draws charts whose level never changes and asks the four rules, written down here a second time: a
// p-chart of the first 12 of 24 months, with Laney's widening above 1.2.
func reference(charts int, p float64, n []int64, random *rand.Rand) float64 {
	signalled := 0
	for range charts {
		x := make([]float64, len(n))
		for i, d := range n {
			for range d {
				if random.Float64() < p {
					x[i]++
				}
			}
		}
		var sum, of float64
		for i := range 12 {
			sum, of = sum+x[i], of+float64(n[i])
		}
		mean := sum / of
		z := func(i int) float64 {
			return (x[i]/float64(n[i]) - mean) / math.Sqrt(mean*(1-mean)/float64(n[i]))
		}
		width, ranges := 1.0, 0.0
		for i := 1; i < 12; i++ {
			ranges += math.Abs(z(i) - z(i-1))
		}
		if s := ranges / 11 / 1.128; s > 1.2 {
			width = s
		}
		if anyRule(len(n), func(i int) float64 { return z(i) / width }, func(i int) float64 { return x[i] / float64(n[i]) }) {
			signalled++
		}
	}
	return float64(signalled) / float64(charts)
}

// anyRule asks the rules of standard scores about the mean and of the shares.
func anyRule(n int, z, share func(int) float64) bool {
	above, below, rises, falls := 0, 0, 0, 0
	for i := range n {
		if math.Abs(z(i)) > 3 {
			return true
		}
		above, below = next(above, z(i) > 0), next(below, z(i) < 0)
		if i > 0 {
			rises, falls = next(rises, share(i) > share(i-1)), next(falls, share(i) < share(i-1))
		}
		if above >= 7 || below >= 7 || rises >= 6 || falls >= 6 {
			return true
		}
		for _, side := range []float64{1, -1} {
			if i < 2 || side*z(i) <= 0 || side*z(i-1) <= 0 || side*z(i-2) <= 0 {
				continue
			}
			far := 0
			for j := i - 2; j <= i; j++ {
				if side*z(j) > 2 {
					far++
				}
			}
			if far >= 2 {
				return true
			}
		}
	}
	return false
}

func next(run int, goesOn bool) int {
	if goesOn {
		return run + 1
	}
	return 0
}

// TestFalseSignals: charts of a world without a change signal as often as the reference says, and so says what a
// page prints: each within 2 points.
func TestFalseSignals(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	n := make([]int64, 24)
	for i := range n {
		n[i] = 200 + int64(i%5)*20
	}
	want := reference(6000, 0.6, n, random)

	const worlds = 4000
	signalled, printed := 0, 0.0
	for w := range worlds {
		months := make([]pair, len(n))
		for i, d := range n {
			months[i][1] = d
			for range d {
				if random.Float64() < 0.6 {
					months[i][0]++
				}
			}
		}
		c := chartOf(months)
		if len(c.Signals) > 0 {
			signalled++
		}
		if w < 40 {
			printed += c.Null(time.Time{}, 1000, uint64(w)).Any / 40
		}
	}
	got := float64(signalled) / worlds
	t.Logf("reference %.1f %%, charts %.1f %%, printed %.1f %%", 100*want, 100*got, 100*printed)
	if math.Abs(got-want) > 0.02 {
		t.Errorf("%.1f %% of charts signal, %.1f %% in the reference", 100*got, 100*want)
	}
	if math.Abs(printed-want) > 0.02 {
		t.Errorf("the page would print %.1f %%, the reference says %.1f %%", 100*printed, 100*want)
	}
}

// stable is the share of charts of 24 months of n whose level never changes that signal by the zone rule, and by any, and
// what their pages would print of the latter.
func stable(charts int, p float64, n int64, random *rand.Rand) (zone, anyRule, printed float64) {
	for w := range charts {
		months := make([]pair, 24)
		for i := range months {
			months[i][1] = n
			for range n {
				if random.Float64() < p {
					months[i][0]++
				}
			}
		}
		c := chartOf(months)
		if slices.ContainsFunc(c.Signals, func(s control.Signal) bool { return s.Rule == control.Zone }) {
			zone++
		}
		if len(c.Signals) > 0 {
			anyRule++
		}
		if w < 40 {
			printed += c.Null(time.Time{}, 500, uint64(w)).Any / 40
		}
	}
	return zone / float64(charts), anyRule / float64(charts), printed
}

// TestFewCasesAreNoZone: where the lower limit would lie below 0, months without a case are not close to it. With the
// zone rule asked of limits cut off at 0, these charts signalled by it in 41.5 % (3 % of 60) and 73.2 % (3 % of 40), and in
// 2.6 % where no limit is cut off (50 % of 200). What the page says of false signals falls with it.
func TestFewCasesAreNoZone(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 11))
	for _, c := range []struct {
		p         float64
		n         int64
		zone, any float64 // at most
	}{{0.03, 60, 0.10, 0.45}, {0.03, 40, 0.10, 0.55}, {0.97, 60, 0.10, 0.45}, {0.5, 200, 0.05, 0.35}} {
		zone, anyRule, printed := stable(2000, c.p, c.n, random)
		t.Logf("%.0f %% of %d: zone %.1f %%, any rule %.1f %%, printed %.1f %%", 100*c.p, c.n, 100*zone, 100*anyRule, 100*printed)
		if math.Abs(printed-anyRule) > 0.05 {
			t.Errorf("%.0f %% of %d: the page would print %.1f %%, and %.1f %% signal", 100*c.p, c.n, 100*printed, 100*anyRule)
		}
		if zone > c.zone || anyRule > c.any {
			t.Errorf("%.0f %% of %d: %.1f %% of stable charts signal by zone, %.1f %% by any rule", 100*c.p, c.n, 100*zone, 100*anyRule)
		}
	}
}

// TestDrawnLimits: a limit beyond 0 or 100 is drawn there, for assurance too, and the chart says that it is none.
func TestDrawnLimits(t *testing.T) {
	c := chartOf(level(3, 4, 2, 3, 5, 3, 2, 4, 3, 3, 4, 2, 0, 0, 0))
	if low, high := c.Open(); !low || high {
		t.Errorf("3 %% has no lower limit %v, no upper one %v", low, high)
	}
	if p := c.Points[14]; p.Limits.Low != 0 || p.Marked(control.Zone) || p.Marked(control.Outside) {
		t.Errorf("months without a case: %+v", p)
	}
	if got := c.Assurance(0, "lower"); got != stats.HitOrMiss {
		t.Errorf("a target of 0 with limits from 0 on: %q", got)
	}
	if low, high := chartOf(level(steady...)).Open(); low || high {
		t.Error("50 % has no limits")
	}
	rates := make([]pair, 14)
	for i := range rates {
		rates[i] = pair{[]int64{2, 9}[i%2], 100000}
	}
	if c := control.Of(released(disclose.Internal, 1000, rates, 0), nil); c.Points[0].Limits.Low != 0 || len(c.Signals) != 0 {
		t.Errorf("rates whose lower limit would be negative: %+v, %v", c.Points[0].Limits, c.Signals)
	}
}

// TestTrendsThatAdjoin: each of two trends has its own points, the turning point both.
func TestTrendsThatAdjoin(t *testing.T) {
	c := chartOf(level(append(append([]int64{}, steady...), 44, 46, 48, 50, 52, 54, 56, 55, 53, 51, 49, 47, 45)...))
	var trends []control.Signal
	for _, s := range c.Signals {
		if s.Rule == control.Trend {
			trends = append(trends, s)
		}
	}
	want := []control.Signal{{Rule: control.Trend, High: true, From: 12, To: 18, Points: 7}, {Rule: control.Trend, From: 18, To: 24, Points: 7}}
	if !slices.Equal(trends, want) {
		t.Errorf("trends %+v, want %+v", trends, want)
	}
}

// TestFreshSignals: of what may be false, the fresh are those that end after the day, and the same seed gives the same.
func TestFreshSignals(t *testing.T) {
	c := chartOf(level(append(append([]int64{}, steady...), steady...)...))
	last := c.Points[22].Row.Period.High
	all, newest, none := c.Null(time.Time{}, 2000, 3), c.Null(last, 2000, 3), c.Null(last.AddDate(1, 0, 0), 2000, 3)
	if all.Any != all.Fresh || newest.Any != all.Any || newest.Fresh >= all.Fresh || newest.Fresh == 0 || none.Fresh != 0 {
		t.Errorf("all %+v, of the newest month %+v, of none %+v", all, newest, none)
	}
	if again := c.Null(last, 2000, 3); again != newest {
		t.Error("the same seed gives other shares")
	}
}
