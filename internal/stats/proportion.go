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

// RatioScore is p1 / p2 of two independent proportions with the interval made of the two Wilson intervals
// (MOVER-R): it leaves 1 out exactly where the interval of [Difference] leaves 0 out, and it holds also where a
// group has none or all of its members in the numerator. It is undefined where the second numerator is zero.
//
// Source: Donner A, Zou GY. Closed-form confidence intervals for functions of the normal mean and standard
// deviation. Stat Methods Med Res 2012;21:347-359, the ratio, with Wilson's limits; Fagerland MW, Lydersen S,
// Laake P. Statistical analysis of contingency tables. CRC 2017, section 4.7.
// Reference: 7/34 against 1/34 gives 7.0000 (1.1537 to 41.9763) (Fagerland's package contingencytables).
func RatioScore(numerator1, denominator1, numerator2, denominator2 int64) Estimate {
	a, b := Wilson(numerator1, denominator1), Wilson(numerator2, denominator2)
	if denominator1 == 0 || numerator2 == 0 {
		return undefined()
	}
	// The limits are the ratios r at which the interval of p1 - r p2 ends at 0: roots of
	// b2 r^2 - 2 p1 p2 r + a1, written so that nothing is taken from what is almost the same.
	product := a.Value * b.Value
	root := func(a1, b2 float64) float64 { return math.Sqrt(math.Max(0, product*product-a1*b2)) }
	e := Estimate{Value: a.Value / b.Value}
	if low := a.Low * (2*a.Value - a.Low); low > 0 {
		e.Low = low / (product + root(low, b.High*(2*b.Value-b.High)))
	}
	below := b.Low * (2*b.Value - b.Low)
	e.High = (product + root(a.High*(2*a.Value-a.High), below)) / below
	return e
}
