package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// RateRatio is the rate of group 1 over that of group 0 with limits symmetric on the log
// scale.
//
// Source: Rothman KJ, Greenland S, Lash TL. Modern epidemiology, 3rd edition, chapter 14.
// Reference: 41 in 28010 against 15 in 19017 give 1.8557 (1.0273 to 3.3521).
func RateRatio(events1 int64, time1 float64, events0 int64, time0 float64) (Estimate, error) {
	return rateRatioAt(events1, time1, events0, time0, z)
}

// RateRatioOfMany is [RateRatio] for one of so many comparisons, as [DifferenceOfMany].
func RateRatioOfMany(comparisons int, events1 int64, time1 float64, events0 int64, time0 float64) (Estimate, error) {
	return rateRatioAt(events1, time1, events0, time0, zOfMany(comparisons))
}

func rateRatioAt(events1 int64, time1 float64, events0 int64, time0, z float64) (Estimate, error) {
	if err := comparable2(events1, time1, events0, time0); err != nil {
		return Estimate{}, err
	}
	switch {
	case events0 == 0:
		return Estimate{}, NoReference
	case events1 == 0:
		return Estimate{}, NoEvents
	}
	a, b := float64(events1), float64(events0)
	return logScaleAt(a/time1/(b/time0), math.Sqrt(1/a+1/b), z), nil
}

// RateRatioExact is the rate ratio with exact limits: given all events, those of group 1
// are binomial. Without events in group 1 the lower limit is 0.
//
// Source: Rothman, Greenland and Lash, chapter 14; Breslow and Day 1987, section 3.4.
func RateRatioExact(events1 int64, time1 float64, events0 int64, time0 float64) (Estimate, error) {
	if err := comparable2(events1, time1, events0, time0); err != nil {
		return Estimate{}, err
	}
	if events0 == 0 {
		return Estimate{}, NoReference
	}
	p := ClopperPearson(events1, events1+events0)
	ratio := func(p float64) float64 { return p / (1 - p) * time0 / time1 }
	return Estimate{ratio(p.Value), ratio(p.Low), ratio(p.High)}, nil
}

// RateDifference is the rate of group 1 minus that of group 0, in events a unit of time,
// with Wald's limits.
//
// Source: Rothman, Greenland and Lash, chapter 14.
func RateDifference(events1 int64, time1 float64, events0 int64, time0 float64) (Estimate, error) {
	return rateDifferenceAt(events1, time1, events0, time0, z)
}

// RateDifferenceOfMany is [RateDifference] for one of so many comparisons, as [DifferenceOfMany].
func RateDifferenceOfMany(comparisons int, events1 int64, time1 float64, events0 int64, time0 float64) (Estimate, error) {
	return rateDifferenceAt(events1, time1, events0, time0, zOfMany(comparisons))
}

func rateDifferenceAt(events1 int64, time1 float64, events0 int64, time0, z float64) (Estimate, error) {
	if err := comparable2(events1, time1, events0, time0); err != nil {
		return Estimate{}, err
	}
	if events1+events0 == 0 {
		return Estimate{}, NoEvents
	}
	a, b := float64(events1), float64(events0)
	d, se := a/time1-b/time0, math.Sqrt(a/(time1*time1)+b/(time0*time0))
	return Estimate{d, d - z*se, d + z*se}, nil
}

func comparable2(events1 int64, time1 float64, events0 int64, time0 float64) error {
	mustBeCount(events1)
	mustBeCount(events0)
	switch {
	case time1 < 0 || time0 < 0:
		return NegativeTime
	case time1 == 0 || time0 == 0:
		return NoTime
	}
	return nil
}

// logScale is an estimate with limits symmetric on the log scale.
func logScale(value, se float64) Estimate { return logScaleAt(value, se, z) }

func logScaleAt(value, se, z float64) Estimate {
	factor := math.Exp(z * se)
	return Estimate{value, value / factor, value * factor}
}

// ClopperPearson is a proportion with exact binomial limits.
//
// Source: Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in
// the case of the binomial. Biometrika 1934;26:404-413; Newcombe 1998, method 5.
// Reference: 81/263 gives 0.2527 to 0.3676.
func ClopperPearson(numerator, denominator int64) Estimate {
	mustBePart(numerator, denominator)
	if denominator == 0 {
		return undefined()
	}
	x, n := float64(numerator), float64(denominator)
	e := Estimate{Value: x / n, High: 1}
	if x > 0 {
		e.Low = distuv.Beta{Alpha: x, Beta: n - x + 1}.Quantile(0.025)
	}
	if x < n {
		e.High = distuv.Beta{Alpha: x + 1, Beta: n - x}.Quantile(0.975)
	}
	return e
}
