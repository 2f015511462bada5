package stats

import (
	"math"
	"slices"
)

// Silence is what the days with events say of the time after the last of them.
type Silence struct {
	Usual    int     // days: of the gaps between days with events, 19 in 20 are no longer
	Longest  int     // days: the longest gap but one
	Expected float64 // days with events that the silence would have, if it were like the time before
	Ended    bool    // the silence is no gap like the others
}

// leastEvents is of how many days with events a habit is known.
const leastEvents = 12

// mostSilent is the Poisson mean above which no event is hardly chance: of a number with mean 10 one in 22,000
// is zero, so that of some hundred series at once less than 1 in 100 runs tells one wrongly.
const mostSilent = 10

// SilenceOf judges whether a process that left events on some days, ascending and each once, has ended before the last
// day of observation. It has where both hold:
//
//   - the silence is longer than the longest gap but one. That asks for no distribution: of n gaps that are exchangeable with the
//     next one, the next is longer than all but one with the chance 2/(n+1). One gap is left out, since it may be an outage that
//     was healed, and would hide the next one.
//   - the days with events that it would have are more than mostSilent, by the lower of the rates of all days and of the
//     newer half of them. Of a Poisson number with mean m, e^-m are zero; days, not events, are counted, since
//     events of one day come together.
//
// Source: the first is David HA, Nagaraja HN. Order statistics, 3rd edition. 2003, section 7.3 (prediction by order
// statistics); the second is the Poisson distribution. Usual is the sample quantile of type 1 of Hyndman and Fan (1996).
// Reference: an event on each of days 0 to 99 has gaps of 1; nothing on days 100 to 109 is 10 expected days and no end yet, up
// to day 110 it is 11 and an end.
func SilenceOf(days []int, last int) (Silence, error) {
	n := len(days)
	if n < leastEvents {
		return Silence{}, FewPoints
	}
	gaps := make([]int, n-1)
	for i := range gaps {
		if gaps[i] = days[i+1] - days[i]; gaps[i] <= 0 {
			panic("stats: days with events are ascending")
		}
	}
	slices.Sort(gaps)
	newest, middle := days[n-1], (n-1)/2
	rate := math.Min(float64(n-1)/float64(newest-days[0]), float64(n-1-middle)/float64(newest-days[middle]))
	s := Silence{Usual: gaps[(19*len(gaps)+19)/20-1], Longest: gaps[len(gaps)-2], Expected: rate * float64(last-newest)}
	s.Ended = last-newest > s.Longest && s.Expected > mostSilent
	return s, nil
}
