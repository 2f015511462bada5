package control

import (
	"math"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
)

// Null is how often a chart signals although nothing changes.
type Null struct {
	Charts int     // that were simulated
	Any    float64 // share with a signal anywhere
	Fresh  float64 // share with a signal whose last point is in a period that ends after a day
}

// Null simulates charts of the same periods and denominators whose level stays at each base's mean, makes limits
// and asks the rules as [Of] does, and counts. Proportions are binomial; where periods of the chart vary
// more than that (p'), they vary as much here; values are normal with the chart's moving range. since is the last
// day that was known before: with the zero day every signal is fresh. The same seed gives the same shares.
func (c Chart) Null(since time.Time, charts int, seed uint64) Null {
	out := Null{Charts: charts}
	if charts == 0 || !c.limited() {
		return out
	}
	source := rand.NewPCG(seed, 0)
	random := rand.New(source)
	draws := make([]func() observation, len(c.observed))
	for i, o := range c.observed {
		draws[i] = c.draw(o, c.Bases[c.Points[i].Base], source, random)
	}
	made := make([]observation, len(c.observed))
	points := make([]Point, len(c.observed))
	anywhere, fresh := 0, 0
	for range charts {
		for i := range made {
			made[i] = draws[i]()
		}
		found := analyse(made, c.Scale)
		signalled := false
		for i, p := range found.points {
			points[i] = Point{Limits: p.limits, Signals: p.signals, Base: p.base}
			signalled = signalled || p.signals.Any()
		}
		if !signalled {
			continue
		}
		anywhere++
		for _, s := range signalsOf(points, found.trends) {
			if c.Points[s.To].Row.Period.High.After(since) {
				fresh++
				break
			}
		}
	}
	out.Any, out.Fresh = float64(anywhere)/float64(charts), float64(fresh)/float64(charts)
	return out
}

func (c Chart) limited() bool {
	for _, b := range c.Bases {
		if b.None == nil {
			return true
		}
	}
	return false
}

// draw makes observations of one period of a base.
func (c Chart) draw(o observation, b Base, source rand.Source, random *rand.Rand) func() observation {
	if !o.used || b.None != nil {
		return func() observation { return o }
	}
	if c.Scale != disclose.Percent {
		sd := b.Sigma / stats.D2
		least, _ := ends(c.Scale)
		return func() observation {
			o.value = math.Max(least, b.Mean+sd*random.NormFloat64())
			return o
		}
	}
	p, n := b.Mean/100, float64(o.proportion.Denominator)
	binomial := distuv.Binomial{N: n, P: p, Src: source}
	return func() observation {
		x := 0.0
		if b.Kind == Laney {
			x = math.Round(n*p + b.Sigma*math.Sqrt(n*p*(1-p))*random.NormFloat64())
		} else {
			x = binomial.Rand()
		}
		o.proportion.Numerator = int64(math.Min(math.Max(x, 0), n))
		o.value = 100 * float64(o.proportion.Numerator) / n
		return o
	}
}
