package disclose

import (
	"fmt"
	"math"
	"strconv"
)

// State says what a published number is. The zero value is NotApplicable, so a
// number that nobody released prints as nothing.
type State uint8

const (
	// NotApplicable: there is nothing to count (a rate with denominator zero).
	NotApplicable State = iota
	// Measured: the number as counted.
	Measured
	// Zero: counted, and none was found.
	Zero
	// Suppressed: the number exists and may not be shown.
	Suppressed
	// Incomplete: counted, but the period is not over for this measure.
	Incomplete
)

// String is the state's word in data files.
func (s State) String() string {
	switch s {
	case Measured:
		return "measured"
	case Zero:
		return "zero"
	case Suppressed:
		return "suppressed"
	case Incomplete:
		return "incomplete"
	default:
		return "not-applicable"
	}
}

// Count is a number of persons, events or days that may be shown.
type Count struct {
	n     int64
	state State
}

// State of the count; never Incomplete, which belongs to a rate.
func (c Count) State() State { return c.state }

// Value is the number, and whether there is one to show.
func (c Count) Value() (int64, bool) { return c.n, c.state == Measured || c.state == Zero }

// String has thousands separators; a suppressed count is the word "hidden".
func (c Count) String() string {
	switch c.state {
	case Measured, Zero:
		return Thousands(c.n)
	case Suppressed:
		return "hidden"
	default:
		return "–"
	}
}

// Scale is how a rate is expressed: 0 is percent of the denominator; any other
// number is events per that many person-years, with a denominator in days.
type Scale int64

// Percent is the scale of proportions.
const Percent Scale = 0

// Unit names the scale after a number.
func (s Scale) Unit() string {
	if s != Percent {
		return "per " + Thousands(int64(s)) + " person-years"
	}
	return "%"
}

// Format writes v, which is already in the scale's unit (67.3 for 67.3 %).
func (s Scale) Format(v float64) string {
	if s != Percent {
		return oneDecimal(v)
	}
	return oneDecimal(v) + "\u00a0%" // not to be parted at a line's end
}

// Rate is numerator, denominator, value, 95 % interval and state in one: the
// only way to put a rate on a page.
type Rate struct {
	num, den        Count
	rate, low, high float64 // in the scale's unit
	method          string  // of the interval
	scale           Scale
	state           State
}

// State of the rate.
func (r Rate) State() State { return r.state }

// Scale of the rate.
func (r Rate) Scale() Scale { return r.scale }

// Numerator of the rate.
func (r Rate) Numerator() Count { return r.num }

// Denominator of the rate: persons or episodes, or person-days.
func (r Rate) Denominator() Count { return r.den }

// Shown is true when the rate has a value that may be shown.
func (r Rate) Shown() bool { return r.state != NotApplicable && r.state != Suppressed }

// Plot gives the value and the interval in the scale's unit; all zero unless
// Shown.
func (r Rate) Plot() (rate, low, high float64) { return r.rate, r.low, r.high }

// NOfN is "251 of 373", or events in person-years.
func (r Rate) NOfN() string {
	if r.scale != Percent {
		return r.num.String() + " in " + r.DenominatorText()
	}
	return r.num.String() + " of " + r.den.String()
}

// DenominatorText is the denominator with its unit where it is not a count.
func (r Rate) DenominatorText() string {
	n, ok := r.den.Value()
	if r.scale == Percent {
		return r.den.String()
	}
	if !ok {
		return r.den.String() + " person-years"
	}
	return oneDecimal(float64(n)/DaysPerYear) + " person-years"
}

// Text is the rate with its unit, "hidden", or a dash.
func (r Rate) Text() string {
	switch r.state {
	case Suppressed:
		return "hidden"
	case NotApplicable:
		return "–"
	default:
		return r.scale.Format(r.rate)
	}
}

// Interval is "62.4 to 71.9"; empty unless Shown.
func (r Rate) Interval() string {
	if !r.Shown() {
		return ""
	}
	return oneDecimal(r.low) + " to " + oneDecimal(r.high)
}

// Method is that of the interval: wilson, byar or exact-poisson; empty unless
// Shown, since it changes with the count.
func (r Rate) Method() string { return r.method }

// Note is the state in words for a reader; empty for a plain number.
func (r Rate) Note() string {
	switch r.state {
	case Suppressed:
		return "hidden"
	case NotApplicable:
		return "not applicable: no one to count"
	case Incomplete:
		return "incomplete"
	case Zero:
		return "zero"
	default:
		return ""
	}
}

// DaysPerYear turns person-days into person-years.
const DaysPerYear = 365.25

// Thousands writes n with comma separators.
func Thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// oneDecimal rounds half away from zero, as a reader with the counts would.
func oneDecimal(v float64) string {
	tenths := int64(math.Round(v * 10))
	sign := ""
	if tenths < 0 {
		sign, tenths = "-", -tenths
	}
	return fmt.Sprintf("%s%s.%d", sign, Thousands(tenths/10), tenths%10)
}
