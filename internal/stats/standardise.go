package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Stratum is one age group, or one cell of age by sex, of a rate to standardise.
type Stratum struct {
	Events int64
	Time   float64 // persons or person-time at risk
	Weight float64 // size of the group in the standard population, in any unit
}

// Standardised is a directly standardised rate, in events a unit of time.
type Standardised struct {
	Dobson   Estimate // the rate with Dobson's limits, made of the limits of the crude count
	Gamma    Estimate // the same rate with Fay and Feuer's gamma limits, which are conservative
	Tiwari   float64  // Tiwari's upper limit, less conservative than Gamma's
	Variance float64
	Events   int64
}

// directFrom is how many events a directly standardised rate needs.
const directFrom = 10

// Direct is the rate that the standard population would have with these strata's rates.
// It needs 10 events. A stratum without time and without weight is left out; one
// with weight and no time has no rate, and so the whole has none.
//
// Sources: Dobson AJ, Kuulasmaa K, Eberle E, Scherer J. Confidence intervals for weighted
// sums of Poisson parameters. Stat Med 1991;10:457-462. Fay MP, Feuer EJ. Confidence
// intervals for directly standardized rates. Stat Med 1997;16:791-801. Tiwari RC, Clegg
// LX, Zou Z. Efficient interval estimation for age-adjusted cancer rates. Stat Methods
// Med Res 2006;15:547-569.
// Reference: events 5, 20, 40 of 10000, 8000, 5000 with weights 50000, 30000, 20000 give
// 260.000 per 100,000 (Dobson 200.4747 to 331.6108, gamma 200.4964 to 332.8885).
func Direct(strata []Stratum) (Standardised, error) {
	var total float64
	var events int64
	for _, s := range strata {
		mustBeCount(s.Events)
		switch {
		case s.Time < 0:
			return Standardised{}, NegativeTime
		case s.Weight < 0 || s.Time == 0 && (s.Events > 0 || s.Weight > 0):
			return Standardised{}, NoTime
		}
		total += s.Weight
		events += s.Events
	}
	switch {
	case total == 0:
		return Standardised{}, NoWeight
	case events < directFrom:
		return Standardised{}, FewEvents
	}
	var rate, variance, widest, mean, square float64
	n := 0.0
	for _, s := range strata {
		if s.Time == 0 {
			continue
		}
		w := s.Weight / total / s.Time // what one event adds to the rate
		rate += w * float64(s.Events)
		variance += w * w * float64(s.Events)
		widest = math.Max(widest, w)
		mean += w
		square += w * w
		n++
	}
	if rate == 0 {
		return Standardised{}, NoEvents // all of them in strata that the standard does not have
	}
	mean, square = mean/n, square/n
	crude := Byar(events)
	per := math.Sqrt(variance / crude.Value)
	return Standardised{
		Dobson:   Estimate{rate, rate + per*(crude.Low-crude.Value), rate + per*(crude.High-crude.Value)},
		Gamma:    Estimate{rate, gamma(rate, variance, 0.025), gamma(rate+widest, variance+widest*widest, 0.975)},
		Tiwari:   gamma(rate+mean, variance+square, 0.975),
		Variance: variance,
		Events:   events,
	}, nil
}

// gamma is a quantile of the gamma distribution with that mean and variance.
func gamma(mean, variance, p float64) float64 {
	return variance / (2 * mean) * distuv.ChiSquared{K: 2 * mean * mean / variance}.Quantile(p)
}

// Expected is how many events the strata would have at the reference's rates, each
// Weight being the reference's rate a unit of time: for [IndirectRatio].
//
// Source: Breslow and Day 1987, section 2.3.
func Expected(strata []Stratum) float64 {
	var e float64
	for _, s := range strata {
		e += s.Time * s.Weight
	}
	return e
}
