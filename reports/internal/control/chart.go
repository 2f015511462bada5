package control

import (
	"math"
	"time"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
)

const (
	lockedAt     = 12   // points of a baseline
	leastPoints  = 6    // under which there are no limits
	largeN       = 2000 // mean denominator from which p' is used
	dispersedMax = 1.2  // sigma_z above which p' is used
)

// Kind of a chart.
type Kind string

// The kinds.
const (
	P     Kind = "p"
	Laney Kind = "p'"
	XmR   Kind = "XmR"
)

// Rebase is a recorded decision to make the limits again from the first period on that begins on
// Date or later.
type Rebase struct {
	Date   time.Time
	Reason string
}

// Base is a stretch of a chart with limits of its own.
type Base struct {
	Kind     Kind
	From     time.Time // first day of its first period
	Reason   string    // of the rebase; empty for the first
	Used     int       // points that the rules are asked of
	Baseline int       // points that its limits are made of
	Mean     float64   // in the scale's unit
	Sigma    float64   // sigma_z of the baseline for proportions (NaN where there is none), the mean moving range of an XmR
	MeanN    float64   // mean denominator of the baseline
	None     error     // why it has no limits
}

// Trial tells whether the limits are made of fewer points than they are locked at.
func (b Base) Trial() bool { return b.None == nil && b.Baseline < lockedAt }

// Point is a period of a chart.
type Point struct {
	Row     disclose.Row
	Used    bool               // the statistics use it
	Limited bool               // it has limits: also one that is not complete; of one that is not shown the mean alone is known
	Limits  stats.ControlPoint // in the scale's unit
	Signals stats.Signals
	Base    int
}

// Chart is a control chart of one measure. Its limits are kept within what the scale can be.
type Chart struct {
	Points  []Point
	Bases   []Base
	Signals []Signal
	Scale   disclose.Scale
	Runs    stats.RunChart // Anhoej's rules for the points of the last base
	NoRuns  error          // why they say nothing

	observed []observation
}

// Of makes the chart of rows in order of time. Rebases are in order of their dates; one before the first
// or after the last period changes nothing.
func Of(rows []disclose.Row, rebases []Rebase) Chart {
	var c Chart
	if len(rows) == 0 {
		return c
	}
	c.Scale = rows[0].Rate.Scale()
	c.observed = observe(rows, rebases)
	found := analyse(c.observed, c.Scale)
	for i, r := range rows {
		p := found.points[i]
		if p.limits.Mean = found.bases[p.base].Mean; found.bases[p.base].None != nil {
			p.limits = stats.ControlPoint{}
		}
		c.Points = append(c.Points, Point{Row: r, Used: c.observed[i].used, Limited: p.limited && r.Rate.Shown(), Limits: p.limits, Signals: p.signals, Base: p.base})
		if i == 0 || p.base != c.Points[i-1].Base {
			b := found.bases[p.base]
			b.From = r.Period.Low
			if n := c.observed[i].base; n > 0 {
				b.Reason = rebases[n-1].Reason
			}
			c.Bases = append(c.Bases, b)
		}
	}
	c.Signals = signalsOf(c.Points, found.trends)
	c.Runs, c.NoRuns = stats.Anhoej(lastBase(c.observed))
	return c
}

// analysis is what the rules say of observations; bases are numbered from 0 without holes.
type analysis struct {
	points []placed
	bases  []Base
	trends []stats.Stretch
}

type placed struct {
	base    int
	limited bool
	limits  stats.ControlPoint
	signals stats.Signals
}

// analyse makes limits and asks the rules; charts and the simulation of their false signals both
// come through here.
func analyse(all []observation, scale disclose.Scale) analysis {
	a := analysis{points: make([]placed, len(all))}
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].base == all[from].base {
			to++
		}
		b, limits := limitsOf(all[from:to], scale)
		for i := from; i < to; i++ {
			a.points[i].base = len(a.bases)
			if limits != nil {
				a.points[i].limits, a.points[i].limited = limits[i-from], !math.IsNaN(limits[i-from].Low)
			}
		}
		if limits != nil {
			for _, s := range ask(all[from:to], a.points[from:to], scale) {
				s.From, s.To = s.From+from, s.To+from
				a.trends = append(a.trends, s)
			}
		}
		a.bases = append(a.bases, b)
		from = to
	}
	return a
}

// ask asks the rules of each stretch of neighbours that are all used, and gives the trends. They are asked of the limits
// that there are; one beyond what can be is drawn at that end, and is none.
func ask(all []observation, points []placed, scale disclose.Scale) []stats.Stretch {
	var trends []stats.Stretch
	least, most := ends(scale)
	for from := 0; from < len(all); {
		to := from
		var stretch []stats.ControlPoint
		for to < len(all) && all[to].used && (to == from || !all[to].apart) {
			stretch = append(stretch, points[to].limits.Open(least, most))
			to++
		}
		for i, s := range stats.SpecialCauses(stretch) {
			points[from+i].signals = s
		}
		for _, s := range stats.Trends(stretch) {
			trends = append(trends, stats.Stretch{From: from + s.From, To: from + s.To, High: s.High})
		}
		from = max(to, from+1)
	}
	for i := range points {
		points[i].limits = points[i].limits.Within(least, most)
	}
	return trends
}

// ends are the least and the most that a score can be; only what was observed can be below zero.
func ends(scale disclose.Scale) (least, most float64) {
	switch scale {
	case disclose.Percent:
		return 0, 100
	case disclose.Observed, disclose.Ratio:
		return math.Inf(-1), math.Inf(1)
	}
	return 0, math.Inf(1)
}

// Open tells whether some point has no lower, or no upper, limit, since it would lie beyond what the score can be.
func (c Chart) Open() (low, high bool) {
	least, most := ends(c.Scale)
	for _, p := range c.Points {
		low = low || p.Limited && p.Limits.Low == least
		high = high || p.Limited && p.Limits.High == most
	}
	return low, high
}

// limitsOf is a base of its observations with the limits of each, NaN where nobody is known to be counted; nil
// where it has none.
func limitsOf(all []observation, scale disclose.Scale) (Base, []stats.ControlPoint) {
	b := Base{Kind: XmR, Sigma: math.NaN()}
	var proportions []stats.Proportion
	var values []float64
	for _, o := range all {
		if !o.used {
			continue
		}
		if b.Used++; b.Baseline < lockedAt {
			b.Baseline++
			proportions, values = append(proportions, o.proportion), append(values, o.value)
			b.MeanN += float64(o.proportion.Denominator)
		}
	}
	b.MeanN /= math.Max(1, float64(b.Baseline))
	if b.Baseline < leastPoints {
		b.None = stats.FewPoints
		return b, nil
	}
	if scale != disclose.Percent {
		return singles(b, values, all)
	}
	return shares(b, proportions, all)
}

// singles are the limits of an XmR chart.
func singles(b Base, values []float64, all []observation) (Base, []stats.ControlPoint) {
	var asked []float64
	for _, o := range all {
		asked = append(asked, o.value)
	}
	c, err := stats.XmRChartFrom(values, asked, true)
	b.Mean, b.Sigma, b.None = c.Mean, c.Sigma, err
	if err == nil && c.Sigma == 0 {
		b.None = stats.NoVariation
	}
	if b.None != nil {
		return b, nil
	}
	return b, c.Points
}

// shares are the limits of a p- or p'-chart.
func shares(b Base, proportions []stats.Proportion, all []observation) (Base, []stats.ControlPoint) {
	var asked []stats.Proportion
	var at []int
	out := make([]stats.ControlPoint, len(all))
	for i, o := range all {
		out[i] = stats.ControlPoint{Value: math.NaN(), Mean: math.NaN(), Low: math.NaN(), High: math.NaN()}
		if o.proportion.Denominator > 0 {
			asked, at = append(asked, o.proportion), append(at, i)
		}
	}
	b.Kind = P
	c, err := stats.PChartFrom(proportions, asked)
	b.Mean, b.Sigma, b.None = 100*c.Mean, c.Sigma, err
	if err == nil && (c.Mean == 0 || c.Mean == 1) {
		b.None = stats.NoVariation
	}
	if b.None != nil {
		return b, nil
	}
	if b.MeanN >= largeN || c.Sigma > dispersedMax {
		b.Kind = Laney
		if c, err = stats.LaneyChartFrom(proportions, asked); err != nil {
			b.None = err
			return b, nil
		}
	}
	for i, p := range c.Points {
		out[at[i]] = stats.ControlPoint{Value: 100 * p.Value, Mean: 100 * p.Mean, Low: 100 * p.Low, High: 100 * p.High}
	}
	return b, out
}

// lastBase are the values of the newest base that are used.
func lastBase(all []observation) []float64 {
	var values []float64
	for _, o := range all {
		if o.used && o.base == all[len(all)-1].base {
			values = append(values, o.value)
		}
	}
	return values
}
