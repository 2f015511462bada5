package synth

import "fmt"

// period is half-open [low, high) in local calendar days.
type period struct {
	id        string
	low, high day
	disjoint  bool
}

// lastDay is the day on which ages are taken.
func (p period) lastDay() day { return p.high - 1 }

// periodsOf lists what truth is counted for: of the last 24 whole months of
// [start, end] each month and the twelve months that end with it, and each calendar
// year that lies wholly inside.
func periodsOf(start, end day) []period {
	first := start
	if f := start.firstOfMonth(); f != start {
		first = addMonths(f, 1)
	}
	after := (end + 1).firstOfMonth() // the first month that is not whole
	from := max(first, addMonths(after, -24))
	var months, windows, years []period
	for low := from; low < after; low = addMonths(low, 1) {
		y, m, _ := low.date()
		high := addMonths(low, 1)
		months = append(months, period{fmt.Sprintf("%04d-%02d", y, m), low, high, true})
		windows = append(windows, period{fmt.Sprintf("P12M/%04d-%02d", y, m), addMonths(high, -12), high, false})
	}
	for y, _, _ := start.date(); civil(y+1, 1, 1) <= end+1; y++ {
		if low := civil(y, 1, 1); low >= start {
			years = append(years, period{fmt.Sprintf("%04d", y), low, civil(y+1, 1, 1), true})
		}
	}
	return append(append(months, windows...), years...)
}
