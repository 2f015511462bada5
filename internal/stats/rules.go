package stats

import "math"

// Signals of a point of a control chart, each by one of NHS England's rules.
type Signals struct {
	Outside bool // beyond a limit
	Trend   bool // one of 7 points that rise or fall throughout
	Zone    bool // one of 2 of 3 points beyond two thirds of the way to a limit, all three on one side
	Run     bool // one of 7 points in a row on one side of the mean
	High    bool // the side of the mean, or the direction of a trend, that the first rule met tells
}

// Any reports whether a rule is met.
func (s Signals) Any() bool { return s.Outside || s.Trend || s.Zone || s.Run }

// runLength is how many points make a trend and a run.
const runLength = 7

// SpecialCauses asks the rules in their order: outside, trend, zone, run. All seven
// points of a trend or run and those of a zone that are beyond are marked. A point on
// the mean breaks a run, and equal points break a trend. On a side without a limit
// ([ControlPoint.Open]) no point is outside or close to it. They hold for disjoint periods
// only: rolling windows move together and signal in nine of ten charts by chance.
//
// Source: NHS England. Making data count. Strengthening your decisions, 2019.
func SpecialCauses(points []ControlPoint) []Signals {
	out := make([]Signals, len(points))
	side := func(i int) int { return sign(points[i].Value - points[i].Mean) }
	for i, p := range points {
		if p.Value > p.High || p.Value < p.Low {
			out[i].Outside = true
		}
	}
	trends := Trends(points)
	for _, s := range trends {
		for i := s.From; i <= s.To; i++ {
			out[i].Trend = true
		}
	}
	beyond := func(i int) bool {
		p := points[i]
		return p.Value > p.Mean+(p.High-p.Mean)*2/3 || p.Value < p.Mean-(p.Mean-p.Low)*2/3
	}
	for i := 2; i < len(points); i++ {
		if s := side(i); s == 0 || side(i-1) != s || side(i-2) != s {
			continue
		}
		n := 0
		for j := i - 2; j <= i; j++ {
			if beyond(j) {
				n++
			}
		}
		for j := i - 2; n >= 2 && j <= i; j++ {
			out[j].Zone = out[j].Zone || beyond(j)
		}
	}
	for _, s := range stretches(len(points), runLength, side) {
		for i := s.From; i <= s.To; i++ {
			out[i].Run = true
		}
	}
	for i := range out {
		out[i].High = side(i) > 0
	}
	for _, s := range trends { // a turning point tells the newer
		for i := s.From; i <= s.To; i++ {
			if !out[i].Outside {
				out[i].High = s.High
			}
		}
	}
	return out
}

// Stretch is the points From to To, that rise or are above the mean where it is High, else fall or are below.
type Stretch struct {
	From, To int
	High     bool
}

// Trends are the stretches of 7 points or more that rise, or fall, throughout. The point at which one turns into
// the next belongs to both.
func Trends(points []ControlPoint) []Stretch {
	steps := stretches(len(points)-1, runLength-1, func(i int) int { return sign(points[i+1].Value - points[i].Value) })
	for i := range steps {
		steps[i].To++
	}
	return steps
}

// stretches are those of at least length equal signs that are not 0, among n.
func stretches(n, length int, of func(int) int) []Stretch {
	var out []Stretch
	for i := 0; i < n; {
		j := i
		for j < n && of(j) == of(i) {
			j++
		}
		if of(i) != 0 && j-i >= length {
			out = append(out, Stretch{i, j - 1, of(i) > 0})
		}
		i = j
	}
	return out
}

func sign(x float64) int {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// Assurance says whether the limits of a chart's latest point hold a target.
type Assurance string

// The three answers, as NHS England's icons have them.
const (
	Pass      Assurance = "P" // the target will be met consistently
	Fail      Assurance = "F" // it will be missed consistently
	HitOrMiss Assurance = "?"
)

// Assure compares the latest limits with a target.
//
// Source: NHS England. Making data count, icons for assurance.
func Assure(latest ControlPoint, target float64, higherIsBetter bool) Assurance {
	switch {
	case latest.Low > target, latest.High < target:
		if (latest.Low > target) == higherIsBetter {
			return Pass
		}
		return Fail
	}
	return HitOrMiss
}

// RunChart is what Anhoej's rules ask of points about their median.
type RunChart struct {
	Useful         int // points that are not on the median
	LongestRun     int
	LongestAllowed int // round(log2 n) + 3
	Crossings      int
	LeastCrossings int // 5 % quantile of a binomial of n-1 with 1/2
	Signal         bool
}

// Anhoej asks the runs rules for points about their median: a shift when the longest run
// is longer, or crossings are fewer, than chance gives.
//
// Source: Anhoej J, Olesen AV. Run charts revisited: a simulation study of run chart rules
// for detection of non-random variation in health care processes. PLoS One
// 2014;9:e113825.
func Anhoej(values []float64) (RunChart, error) {
	sorted := make([]float64, len(values))
	for i, at := range sortedBy(values) {
		sorted[i] = values[at]
	}
	median, err := Quantile(sorted, 0.5)
	if err != nil {
		return RunChart{}, err
	}
	var r RunChart
	run, before := 0, 0
	for _, v := range values {
		s := sign(v - median)
		if s == 0 {
			continue
		}
		r.Useful++
		switch {
		case s == before:
			run++
		default:
			if before != 0 {
				r.Crossings++
			}
			run = 1
		}
		before = s
		r.LongestRun = max(r.LongestRun, run)
	}
	if r.Useful < 10 {
		return r, FewPoints
	}
	r.LongestAllowed = int(math.RoundToEven(math.Log2(float64(r.Useful)))) + 3
	r.LeastCrossings = binomialHalfQuantile(r.Useful-1, 0.05)
	r.Signal = r.LongestRun > r.LongestAllowed || r.Crossings < r.LeastCrossings
	return r, nil
}

// binomialHalfQuantile is the least k of which P(X <= k) is p or more, X binomial with 1/2.
func binomialHalfQuantile(n int, p float64) int {
	logs := func(k int) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c - float64(n)*math.Ln2
	}
	total := 0.0
	for k := 0; k <= n; k++ {
		if total += math.Exp(logs(k)); total >= p {
			return k
		}
	}
	return n
}
