package disclose

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"farr/reports/internal/text"
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
	// Incomplete: counted, but the period is not over for this measure, or records lack.
	Incomplete
	// NotKnown: records lack, and of those that are there nothing was found.
	NotKnown
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
	case NotKnown:
		return "not-known"
	default:
		return "not-applicable"
	}
}

// Count is a number of persons, events or days that may be shown.
type Count struct {
	n     int64
	state State
	lack  Lack
}

// State of the count; never Incomplete, which belongs to a rate.
func (c Count) State() State { return c.state }

// Value is the number, and whether there is one to show.
func (c Count) Value() (int64, bool) { return c.n, c.state == Measured || c.state == Zero }

// Scale is how a score is expressed. A positive number is events per that many
// person-years, with a denominator in days; the others count persons or episodes.
type Scale int64

const (
	// Percent of the denominator: a proportion.
	Percent Scale = 0
	// Ratio of the numerator, or of what was observed of it, to the denominator's.
	Ratio Scale = -1
	// Observed is one value, such as a median, of what was observed of the denominator;
	// the numerator are those of whom something was.
	Observed Scale = -2
	// Headcount is how many there are: numerator and denominator are the same.
	Headcount Scale = -3
)

// Timed tells whether the denominator is person-time.
func (s Scale) Timed() bool { return s > 0 }

// Rate is numerator, denominator, value, 95 % interval and state in one: the
// only way to put a rate on a page.
type Rate struct {
	num, den        Count
	rate, low, high float64 // in the scale's unit
	method          string  // of the interval
	scale           Scale
	state           State
	feed            bool // see OnIncompleteFeed
	lack            Lack
	lacks           text.Message // why there is no rate though there are people; empty where there is nobody
}

// OnIncompleteFeed is the rate where a feed that it is counted from was incomplete. That is no state of its own: the
// number is what it was, and is judged with a word of warning.
func (r Rate) OnIncompleteFeed() Rate {
	r.feed = r.Shown()
	return r
}

// FeedIncomplete tells whether the rate rests on a feed that was incomplete for a time. One that stopped says more ([Rate.Lacks]).
func (r Rate) FeedIncomplete() bool { return r.feed && r.Shown() && r.lack == NothingLacks }

// Hollow tells whether the rate is drawn hollow: it is incomplete, or rests on a feed that was.
func (r Rate) Hollow() bool { return r.state == Incomplete || r.FeedIncomplete() }

// StateText is the state in data files, with what it rests on.
func (r Rate) StateText() string {
	if r.FeedIncomplete() {
		return r.state.String() + ", on an incomplete feed"
	}
	return r.state.String() + r.lack.field()
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
func (r Rate) Shown() bool {
	return r.state != NotApplicable && r.state != Suppressed && r.state != NotKnown
}

// Comparable is true when it is shown and no records that it rests on lack: only then is it held against other rates.
func (r Rate) Comparable() bool { return r.Shown() && r.lack == NothingLacks }

// Plot gives the value and the interval in the scale's unit; all zero unless
// Shown. Without an interval its ends are the value.
func (r Rate) Plot() (rate, low, high float64) { return r.rate, r.low, r.high }

// Method is that of the interval: wilson, byar or exact-poisson; empty unless
// Shown, since it changes with the count.
func (r Rate) Method() string { return r.method }

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

// threeDigits writes the three digits that say most: 0.0347, 1.5, 12.5, 1,480.
func threeDigits(v float64) string {
	if math.Abs(v) >= 100 {
		return Thousands(int64(math.Round(v)))
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		panic(err) // it was just written
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// threeDigitsOf is the number that threeDigits writes.
func threeDigitsOf(v float64) float64 {
	n, err := strconv.ParseFloat(strings.ReplaceAll(threeDigits(v), ",", ""), 64)
	if err != nil {
		panic(err) // it was just written
	}
	return n
}

// fixed writes v with so many decimals and thousands separators.
func fixed(v float64, decimals int) string {
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(v, 'f', decimals, 64), ".")
	n, err := strconv.ParseInt(strings.TrimPrefix(whole, "-"), 10, 64)
	if err != nil {
		panic(err) // it was just written
	}
	text := Thousands(n)
	if strings.HasPrefix(whole, "-") {
		text = "-" + text
	}
	if fraction != "" {
		text += "." + fraction
	}
	return text
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

// Tenths writes v with one decimal and thousands separators, as rates are.
func Tenths(v float64) string { return oneDecimal(v) }
