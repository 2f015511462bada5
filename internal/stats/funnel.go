package stats

import (
	"math"
	"slices"
)

// Funnel is a funnel plot of units' proportions about their mean, with limits that allow
// for over-dispersion.
type Funnel struct {
	P0   float64 // of all units together
	Phi  float64 // over-dispersion of winsorised z-scores; 1 is none
	Tau2 float64 // variance between units beyond chance, on the arcsine scale
	// Scores are the units' z-scores, Adjusted the same with Tau2 allowed for.
	Scores, Adjusted []float64
}

// The quantiles of a funnel's limits: 95 % and 99.8 %.
const (
	Funnel95  = 1.959964
	Funnel998 = 3.090232
)

// winsor is the share of scores at each end that are pulled in before Phi is estimated.
const winsor = 0.1

// FunnelOf makes a funnel of units, on the arcsine scale.
//
// Sources: Spiegelhalter DJ. Funnel plots for comparing institutional performance. Stat
// Med 2005;24:1185-1202. Spiegelhalter DJ, Sherlaw-Johnson C, Bardsley M, et al.
// Statistical methods for healthcare regulation. J R Stat Soc A 2012;175:1-47.
// Reference: 45/60, 80/100, 150/220, 300/390, 90/160 have p0 0.715054, phi 3.750722, tau²
// 0.00548659.
func FunnelOf(units []Proportion) (Funnel, error) {
	var x, n int64
	for _, u := range units {
		mustBePart(u.Numerator, u.Denominator)
		if u.Denominator == 0 {
			return Funnel{}, NoPeople
		}
		x, n = x+u.Numerator, n+u.Denominator
	}
	if len(units) < 2 {
		return Funnel{}, OneGroup
	}
	f := Funnel{P0: float64(x) / float64(n)}
	var errors []float64
	for _, u := range units {
		s := 1 / (2 * math.Sqrt(float64(u.Denominator)))
		errors = append(errors, s)
		f.Scores = append(f.Scores, (arcsine(u.Numerator, u.Denominator)-math.Asin(math.Sqrt(f.P0)))/s)
	}
	f.Phi, f.Tau2, f.Adjusted = overDispersion(f.Scores, errors)
	return f, nil
}

// overDispersion of z-scores with the units' standard errors: phi of the winsorised scores, the variance
// between units, and the scores with that allowed for.
func overDispersion(scores, errors []float64) (phi, tau2 float64, adjusted []float64) {
	k := float64(len(scores))
	sorted := slices.Sorted(slices.Values(scores))
	low, _ := Quantile(sorted, winsor)
	high, _ := Quantile(sorted, 1-winsor)
	for _, score := range scores {
		score = math.Min(math.Max(score, low), high)
		phi += score * score / k
	}
	if k*phi > k-1 {
		var w, w2 float64
		for _, s := range errors {
			w += 1 / (s * s)
			w2 += 1 / (s * s * s * s)
		}
		tau2 = (k*phi - (k - 1)) / (w - w2/w)
	}
	for i, s := range errors {
		adjusted = append(adjusted, scores[i]*s/math.Sqrt(s*s+tau2))
	}
	return phi, tau2, adjusted
}

// UnitEvents are one unit's events and its time at risk, in any unit of time.
type UnitEvents struct {
	Events int64
	Time   float64
}

// RateFunnel is a funnel plot of units' rates about their mean, as [Funnel] on the square root scale.
type RateFunnel struct {
	Rate0            float64 // events of all units over their time
	Phi, Tau2        float64 // Tau2 on the scale of square roots
	Scores, Adjusted []float64
}

// RateFunnelOf makes a funnel of rates: events are Poisson, so that the square root of a rate has
// the standard error 1/(2 sqrt(time)) whatever the rate.
//
// Sources: as [FunnelOf]; the square root for event rates in Spiegelhalter 2005, appendix.
// Reference: 20 in 100, 45 in 150, 30 in 120, 80 in 200 have rate0 0.307018, phi 1.780550, tau²
// 0.00246812; limits for a time of 120 at 1.959964: 0.177969, 0.471035.
func RateFunnelOf(units []UnitEvents) (RateFunnel, error) {
	var events int64
	var time float64
	for _, u := range units {
		mustBeCount(u.Events)
		if u.Time <= 0 {
			return RateFunnel{}, NoTime
		}
		events, time = events+u.Events, time+u.Time
	}
	if len(units) < 2 {
		return RateFunnel{}, OneGroup
	}
	f := RateFunnel{Rate0: float64(events) / time}
	var errors []float64
	for _, u := range units {
		s := 1 / (2 * math.Sqrt(u.Time))
		errors = append(errors, s)
		f.Scores = append(f.Scores, (math.Sqrt(float64(u.Events)/u.Time)-math.Sqrt(f.Rate0))/s)
	}
	f.Phi, f.Tau2, f.Adjusted = overDispersion(f.Scores, errors)
	return f, nil
}

// Limits are the funnel's limits for a unit of that time; q is Funnel95 or Funnel998.
func (f RateFunnel) Limits(time, q float64) (low, high float64) {
	reach, centre := q*math.Sqrt(1/(4*time)+f.Tau2), math.Sqrt(f.Rate0)
	low, high = math.Max(0, centre-reach), centre+reach
	return low * low, high * high
}

func arcsine(numerator, denominator int64) float64 {
	return math.Asin(math.Sqrt(float64(numerator) / float64(denominator)))
}

// Limits are the funnel's limits for a unit of that denominator; q is Funnel95 or
// Funnel998.
func (f Funnel) Limits(denominator int64, q float64) (low, high float64) {
	s := 1 / (2 * math.Sqrt(float64(denominator)))
	reach, centre := q*math.Sqrt(s*s+f.Tau2), math.Asin(math.Sqrt(f.P0))
	back := func(y float64) float64 {
		y = math.Min(math.Max(y, 0), math.Pi/2)
		return math.Sin(y) * math.Sin(y)
	}
	return back(centre - reach), back(centre + reach)
}
