package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Wilson is the proportion numerator/denominator with Wilson's score interval
// without continuity correction.
//
// Source: Newcombe RG. Two-sided confidence intervals for the single
// proportion: comparison of seven methods. Stat Med 1998;17:857-872, method 3.
// Reference: 81/263 gives 0.25529 to 0.36621 (Newcombe's table I).
func Wilson(numerator, denominator int64) Estimate { return wilsonAt(numerator, denominator, z) }

func wilsonAt(numerator, denominator int64, z float64) Estimate {
	mustBePart(numerator, denominator)
	if denominator == 0 {
		return undefined()
	}
	x, n := float64(numerator), float64(denominator)
	p := x / n
	centre := 2*x + z*z
	reach := z * math.Sqrt(z*z+4*x*(1-p))
	e := Estimate{p, (centre - reach) / (2 * (n + z*z)), (centre + reach) / (2 * (n + z*z))}
	// The limits touch 0 and 1 exactly in theory; rounding must not cross them.
	if numerator == 0 {
		e.Low = 0
	}
	if numerator == denominator {
		e.High = 1
	}
	return e
}

// Difference is p1 - p2 of two independent proportions with Newcombe's hybrid
// score interval, built from the two Wilson intervals.
//
// Source: Newcombe RG. Interval estimation for the difference between
// independent proportions: comparison of eleven methods. Stat Med
// 1998;17:873-890, method 10.
// Reference: 633/820 against 498/780 gives 0.133490 (0.088955 to 0.177412).
func Difference(numerator1, denominator1, numerator2, denominator2 int64) Estimate {
	return differenceAt(numerator1, denominator1, numerator2, denominator2, z)
}

// DifferenceOfMany is [Difference] with limits for one of so many comparisons, at the 95 % level for all of them
// together (Bonferroni).
func DifferenceOfMany(comparisons int, numerator1, denominator1, numerator2, denominator2 int64) Estimate {
	return differenceAt(numerator1, denominator1, numerator2, denominator2, zOfMany(comparisons))
}

// zOfMany is the quantile of the standard normal distribution that leaves 0.05/comparisons outside.
func zOfMany(comparisons int) float64 {
	return distuv.UnitNormal.Quantile(1 - 0.025/math.Max(1, float64(comparisons)))
}

func differenceAt(numerator1, denominator1, numerator2, denominator2 int64, z float64) Estimate {
	a, b := wilsonAt(numerator1, denominator1, z), wilsonAt(numerator2, denominator2, z)
	d := a.Value - b.Value
	return Estimate{
		d,
		d - math.Hypot(a.Value-a.Low, b.High-b.Value),
		d + math.Hypot(a.High-a.Value, b.Value-b.Low),
	}
}

// Ratio is p1 / p2 of two independent proportions with the interval that is
// symmetric on the log scale. It is undefined when either numerator is zero.
//
// Source: Katz D, Baptista J, Azen SP, Pike MC. Obtaining confidence intervals
// for the risk ratio in cohort studies. Biometrics 1978;34:469-474, method C.
// Reference: 633/820 against 498/780 gives 1.209080 (1.133446 to 1.289761).
func Ratio(numerator1, denominator1, numerator2, denominator2 int64) Estimate {
	mustBePart(numerator1, denominator1)
	mustBePart(numerator2, denominator2)
	if numerator1 == 0 || numerator2 == 0 {
		return undefined()
	}
	x1, n1 := float64(numerator1), float64(denominator1)
	x2, n2 := float64(numerator2), float64(denominator2)
	r := (x1 / n1) / (x2 / n2)
	factor := math.Exp(z * math.Sqrt(1/x1-1/n1+1/x2-1/n2))
	return Estimate{r, r / factor, r * factor}
}
