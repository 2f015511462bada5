package stats

import (
	"math"
	"slices"
)

// ControlPoint is one period of a control chart. A limit that would lie beyond what a value
// can be is infinite: there is none on that side, since no value can pass it.
//
// Source: Montgomery, section 7.2: a chart with a limit below 0 has an upper limit alone.
type ControlPoint struct {
	Value, Mean, Low, High float64
}

// Open takes the limits away that lie beyond what a value can be, least to most.
func (p ControlPoint) Open(least, most float64) ControlPoint {
	if p.Low < least {
		p.Low = math.Inf(-1)
	}
	if p.High > most {
		p.High = math.Inf(1)
	}
	return p
}

// Within keeps the limits from least to most, as a drawing has them. No rule may be asked of such limits:
// a value at the end of its range would be taken for one close to a limit.
func (p ControlPoint) Within(least, most float64) ControlPoint {
	p.Low, p.High = math.Max(p.Low, least), math.Min(p.High, most)
	return p
}

// Control is a control chart, before rules are asked.
type Control struct {
	Points []ControlPoint
	Mean   float64
	Sigma  float64 // Laney's sigma_z of a p'-chart, the mean moving range of an XmR chart
}

// Proportion is one period's part of a whole.
type Proportion struct{ Numerator, Denominator int64 }

// PChart is a chart of proportions with limits by the binomial distribution: mean plus
// and minus 3 sqrt(p(1-p)/n).
//
// Source: Montgomery DC. Introduction to statistical quality control, 6th edition,
// section 7.2; Provost LP, Murray SK. The health care data guide. 2011, chapter 5.
// Reference: 62/100, 58/95, 65/102 have mean 0.622896, the first limits 0.477497, 0.768294.
func PChart(periods []Proportion) (Control, error) { return proportions(periods, periods, false) }

// LaneyChart is a p'-chart: limits widened by how much proportions vary from period
// to period beyond the binomial, which matters where denominators are large.
//
// Source: Laney DB. Improved control charts for attributes. Qual Eng 2002;14:531-537.
// Reference: the periods above with 70/98 and 55/101 have mean 0.625 and sigma_z 1.285674.
func LaneyChart(periods []Proportion) (Control, error) { return proportions(periods, periods, true) }

// PChartFrom and LaneyChartFrom are charts of periods with mean and spread of the baseline
// alone, as limits that were locked have them; each period has its own width.
//
// Source: NHS England. Making data count; Provost and Murray, chapter 4: limits are kept
// until a decision to make them again.
// Reference: the first three periods above as baseline give 70/98 the limits 0.476021, 0.769770.
func PChartFrom(baseline, periods []Proportion) (Control, error) {
	return proportions(baseline, periods, false)
}

// LaneyChartFrom is [PChartFrom] with Laney's widening, from the baseline as well.
func LaneyChartFrom(baseline, periods []Proportion) (Control, error) {
	return proportions(baseline, periods, true)
}

func proportions(baseline, periods []Proportion, laney bool) (Control, error) {
	var x, n int64
	for _, p := range slices.Concat(baseline, periods) {
		mustBePart(p.Numerator, p.Denominator)
		if p.Denominator == 0 {
			return Control{}, NoPeople
		}
	}
	for _, p := range baseline {
		mustBePart(p.Numerator, p.Denominator)
		if p.Denominator == 0 {
			return Control{}, NoPeople
		}
		x, n = x+p.Numerator, n+p.Denominator
	}
	if len(baseline) < 2 {
		return Control{}, FewPoints
	}
	c := Control{Mean: float64(x) / float64(n), Sigma: math.NaN()}
	sd := func(p Proportion) float64 { return math.Sqrt(c.Mean * (1 - c.Mean) / float64(p.Denominator)) }
	share := func(p Proportion) float64 { return float64(p.Numerator) / float64(p.Denominator) }
	factor := 1.0
	if x > 0 && x < n {
		ranges, before := 0.0, 0.0
		for i, p := range baseline {
			score := (share(p) - c.Mean) / sd(p)
			if i > 0 {
				ranges += math.Abs(score - before)
			}
			before = score
		}
		c.Sigma = ranges / float64(len(baseline)-1) / D2
	}
	if laney {
		if x == 0 || x == n {
			return Control{}, NoVariation
		}
		factor = c.Sigma
	}
	for _, p := range periods {
		reach := 3 * sd(p) * factor
		c.Points = append(c.Points, ControlPoint{share(p), c.Mean, c.Mean - reach, c.Mean + reach}.Open(0, 1))
	}
	return c, nil
}

// D2 is the mean range of two standard normal values, 2/sqrt(pi), to the digits in use.
const D2 = 1.128

// XmRChart is a chart of single values: mean plus and minus 2.66 mean moving ranges.
// With screen, moving ranges of 3.267 times their mean or more are left out once.
//
// Source: Wheeler DJ. Understanding variation. 1993; Nelson LS. J Qual Technol
// 1982;14:172-173 for leaving out.
// Reference: 1,2,1,2,10,1,2,1,2,1,2,1,2,1,2,1,2,1 has mean 1.9444, limits -0.7156 and
// 4.6044 when ranges are left out, else -3.0626 and 6.9515.
func XmRChart(values []float64, screen bool) (Control, error) {
	return XmRChartFrom(values, values, screen)
}

// XmRChartFrom is a chart of values with mean and moving ranges of the baseline alone.
//
// Source: as [PChartFrom].
func XmRChartFrom(baseline, values []float64, screen bool) (Control, error) {
	if len(baseline) < 2 {
		return Control{}, FewPoints
	}
	mean, ranges := 0.0, make([]float64, 0, len(baseline))
	for i, v := range baseline {
		mean += v / float64(len(baseline))
		if i > 0 {
			ranges = append(ranges, math.Abs(v-baseline[i-1]))
		}
	}
	average := func(below float64) float64 {
		total, n := 0.0, 0.0
		for _, r := range ranges {
			if r < below {
				total, n = total+r, n+1
			}
		}
		if n == 0 {
			return 0
		}
		return total / n
	}
	moving := average(math.Inf(1))
	if screen && moving > 0 {
		moving = average(3.267 * moving)
	}
	c := Control{Mean: mean, Sigma: moving}
	for _, v := range values {
		c.Points = append(c.Points, ControlPoint{v, mean, mean - 2.66*moving, mean + 2.66*moving})
	}
	return c, nil
}
