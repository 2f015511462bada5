package stats

import (
	"fmt"
	"math"
)

// z is the 97.5 % quantile of the standard normal distribution, to the digits
// that the reference values were computed with.
const z = 1.959963985

// Estimate is a point estimate with its 95 % confidence limits, in the unit of
// the function that made it.
type Estimate struct {
	Value, Low, High float64
}

// Defined reports whether the counts gave an estimate at all.
func (e Estimate) Defined() bool { return !math.IsNaN(e.Value) }

// Scale multiplies the estimate and its limits by k > 0, as in "per 1,000".
func (e Estimate) Scale(k float64) Estimate {
	return Estimate{e.Value * k, e.Low * k, e.High * k}
}

func undefined() Estimate { return Estimate{math.NaN(), math.NaN(), math.NaN()} }

func mustBePart(numerator, denominator int64) {
	if numerator < 0 || denominator < numerator {
		panic(fmt.Sprintf("stats: %d of %d is not a proportion", numerator, denominator))
	}
}
