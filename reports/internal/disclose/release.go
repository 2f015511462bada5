package disclose

import (
	"farr/reports/internal/text"
	"math"

	"farr/internal/stats"
)

// This file is the only one that makes a Count or a Rate.

func (p Policy) count(n int64, hidden bool) Count {
	switch {
	case hidden:
		return Count{state: Suppressed}
	case n == 0:
		return Count{state: Zero}
	default:
		return Count{n: p.rounded(n), state: Measured}
	}
}

// hide takes a number from its place.
func (c *Count) hide() { *c = Count{state: Suppressed} }

// hideNumerator takes a rate from its place, and leaves its denominator.
func (r *Rate) hideNumerator() {
	*r = Rate{num: Count{state: Suppressed}, den: r.den, scale: r.scale, state: Suppressed}
}

// hide takes a rate from its place with its denominator.
func (r *Rate) hide() {
	r.den.hide()
	r.hideNumerator()
}

// Complement is the rate of the others of a proportion, made from what is shown of it alone. Wilson's interval of the
// others is its mirror.
func (r Rate) Complement() Rate {
	if r.num.state == Suppressed || r.den.state == Suppressed || !r.Shown() {
		return r
	}
	r.num = Count{n: r.den.n - r.num.n, state: Measured}
	if r.num.n == 0 {
		r.num.state = Zero
	}
	if r.state == Measured || r.state == Zero {
		r.state = r.num.state
	}
	r.rate, r.low, r.high = 100-r.rate, 100-r.high, 100-r.low
	return r
}

// difference is that of two counts that are shown: of the numbers as they are shown.
func (p Policy) difference(a, b int64, hidden bool) Count {
	return p.count(p.rounded(a)-p.rounded(b), hidden)
}

// rounded is what is shown of a count.
func (p Policy) rounded(n int64) int64 {
	if p.round == 0 {
		return n
	}
	return (n + p.round/2) / p.round * p.round
}

// again makes a score from the rounded counts, so that it says no more than they do. A score that is
// not made of the two counts alone stays: it has no interval and is shown to three digits.
func (p Policy) again(scale Scale, c cell, r Rate, value, low, high float64, method string) (float64, float64, float64, string) {
	if p.round == 0 || r.den.n == 0 {
		return value, low, high, method
	}
	switch {
	case scale.Timed():
		e, method := stats.Rate(r.num.n, float64(r.den.n)/DaysPerYear/float64(scale))
		return e.Value, e.Low, e.High, method
	case scale == Percent && method == "":
		share := float64(r.num.n) / float64(r.den.n)
		return share, share, share, ""
	case scale == Percent:
		e := stats.Wilson(r.num.n, r.den.n)
		return e.Value, e.Low, e.High, stats.MethodWilson
	case scale == Headcount:
		return float64(r.num.n), low, high, method
	case scale == Ratio && value == float64(c.num)/float64(c.den):
		return float64(r.num.n) / float64(r.den.n), low, high, method
	}
	return value, low, high, method
}

// standardised is a rate with the events and days of c whose value they do not give alone. Where
// counts are rounded it has no interval, which would say more of them.
func (p Policy) standardised(scale Scale, c cell, value, low, high float64, complete bool) Rate {
	r := Rate{num: p.count(c.num, c.hideN), den: p.count(c.den, c.hideDen), scale: scale}
	switch {
	case c.hideN:
		r.state = Suppressed
		return r
	case math.IsNaN(value):
		r.lacks = p.unstandardised(r)
		return r // NotApplicable
	case !complete:
		r.state = Incomplete
	default:
		r.state = Measured
	}
	r.rate, r.low, r.high, r.method = value, low, high, MethodGamma
	if p.round > 0 {
		r.low, r.high, r.method = value, value, ""
	}
	return r
}

// unstandardised says why a group has no standardised rate ([stats.Direct]), of released numbers alone: where they are
// rounded, which of the two it is may not be said. It is empty where there is nobody.
func (p Policy) unstandardised(r Rate) text.Message {
	const few, empty text.Message = "fewer than 10 cases", "an age of the standard has nobody at risk"
	n, known := r.num.Value()
	days, timed := r.den.Value()
	switch {
	case timed && days == 0:
		return ""
	case !known || p.round > 0:
		return "fewer than 10 cases, or an age of the standard has nobody at risk"
	case n < directFrom:
		return few
	}
	return empty
}

// directFrom is how many cases a standardised rate needs.
const directFrom = 10

func (p Policy) rate(scale Scale, c cell, value, low, high float64, method string, complete bool) Rate {
	r := Rate{num: p.count(c.num, c.hideN), den: p.count(c.den, c.hideDen), scale: scale}
	switch {
	case c.hideN:
		r.state = Suppressed
		return r
	case c.den == 0 || math.IsNaN(value):
		// NotApplicable, the zero value.
		return r
	case !complete:
		r.state = Incomplete
	case c.num == 0:
		r.state = Zero
	default:
		r.state = Measured
	}
	unit := 1.0
	if scale == Percent {
		unit = 100
	}
	value, low, high, method = p.again(scale, c, r, value, low, high, method)
	if method == "" {
		low, high = value, value
	}
	r.rate, r.low, r.high, r.method = value*unit, low*unit, high*unit, method
	return r
}
