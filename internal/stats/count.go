package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// exactBelow is the number of events below which Byar's approximation is not
// good enough and the exact interval is taken.
const exactBelow = 10

// Names of the methods that give a count its limits, as results carry them.
const (
	MethodWilson       = "wilson"
	MethodByar         = "byar"
	MethodExactPoisson = "exact-poisson"
)

// Count is a Poisson count of events with its limits and the name of the
// method: exact below 10 events, Byar from 10 on.
func Count(events int64) (Estimate, string) {
	if events < exactBelow {
		return ExactPoisson(events), MethodExactPoisson
	}
	return Byar(events), MethodByar
}

// Byar is a Poisson count with Byar's approximate limits, good from about 10
// events on.
//
// Source: Breslow NE, Day NE. Statistical methods in cancer research, volume
// II. IARC 1987, page 69, equation 2.13.
// Reference: 20 events give 12.2114 to 30.8899, 65 give 50.1632 to 82.8491.
func Byar(events int64) Estimate {
	mustBeCount(events)
	limit := func(o, sign float64) float64 {
		return o * math.Pow(1-1/(9*o)+sign*z/(3*math.Sqrt(o)), 3)
	}
	o := float64(events)
	e := Estimate{Value: o, High: limit(o+1, 1)}
	if events > 0 {
		e.Low = limit(o, -1)
	}
	return e
}

// ExactPoisson is a Poisson count with its exact limits, from the chi-squared
// distribution with 2*events and 2*(events+1) degrees of freedom.
//
// Source: Garwood F. Fiducial limits for the Poisson distribution. Biometrika
// 1936;28:437-442.
// Reference: 4 events give 1.08987 to 10.24159.
func ExactPoisson(events int64) Estimate {
	mustBeCount(events)
	o := float64(events)
	e := Estimate{Value: o, High: distuv.ChiSquared{K: 2 * (o + 1)}.Quantile(0.975) / 2}
	if events > 0 {
		e.Low = distuv.ChiSquared{K: 2 * o}.Quantile(0.025) / 2
	}
	return e
}

// Rate is events over an amount of time at risk, in the time's own unit, with
// the limits of [Count]. It is undefined where there was no time at risk.
//
// Source: Rothman KJ, Greenland S, Lash TL. Modern epidemiology, 3rd edition,
// chapter 14: the limits of the count over fixed person-time.
func Rate(events int64, time float64) (Estimate, string) {
	count, method := Count(events)
	if time <= 0 {
		return undefined(), method
	}
	return count.Scale(1 / time), method
}

// IndirectRatio is observed events over expected, as in a standardised
// mortality or readmission ratio, with the limits of [Count].
//
// Source: Breslow and Day 1987, section 2.3.
// Reference: 30 against 24.5 gives 1.22449 (0.82600 to 1.74810).
func IndirectRatio(observed int64, expected float64) Estimate {
	e, _ := Rate(observed, expected)
	return e
}

func mustBeCount(events int64) {
	if events < 0 {
		panic(fmt.Sprintf("stats: %d events", events))
	}
}
