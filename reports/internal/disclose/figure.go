package disclose

import "math"

// Figure is a number that is no count, such as a median or an expected number of events, as it may be
// shown: rounded. Like a Count it cannot be made outside this package.
type Figure struct {
	v     float64
	text  string
	state State
}

// State of the figure: Measured, Suppressed or NotApplicable.
func (f Figure) State() State { return f.state }

// Value is the number as it is shown, and whether there is one to show.
func (f Figure) Value() (float64, bool) { return f.v, f.state == Measured }

// figure releases a number to so many decimals; a negative number of them means the three digits that
// say most.
func figure(v float64, decimals int, hidden bool) Figure {
	switch {
	case hidden:
		return Figure{state: Suppressed}
	case math.IsNaN(v) || math.IsInf(v, 0):
		return Figure{}
	case decimals < 0:
		return Figure{v: threeDigitsOf(v), text: threeDigits(v), state: Measured}
	}
	unit := math.Pow(10, float64(decimals))
	return Figure{v: math.Round(v*unit) / unit, text: fixed(v, decimals), state: Measured}
}

// hide takes a figure from its place.
func (f *Figure) hide() { *f = Figure{state: Suppressed} }
