package rawwalk

import "time"

// dateTime is a FHIR date or dateTime in UTC with the precision that it was written in.
type dateTime struct {
	at    time.Time
	known int // of year, month, day and clock; 0 is null
}

const (
	year  = 1
	month = 2
	day   = 3
	clock = 4 // to the second or finer: CQL compares seconds and milliseconds as one decimal
)

// CQL's minimum and maximum DateTime.
var (
	dawn = dateTime{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), clock}
	dusk = dateTime{time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC), clock}
)

// read reads a date or dateTime. A date alone is a day in UTC; a time with an offset is
// taken to UTC.
func read(s string) dateTime {
	for layout, known := range map[string]int{time.RFC3339Nano: clock, time.DateOnly: day, "2006-01": month, "2006": year} {
		if t, err := time.Parse(layout, s); err == nil {
			return dateTime{t.UTC(), known}
		}
	}
	return dateTime{}
}

func (m dateTime) isNull() bool { return m.known == 0 }

// part is the moment's year, month, day or what of the day has passed.
func (m dateTime) part(n int) int64 {
	switch n {
	case year:
		return int64(m.at.Year())
	case month:
		return int64(m.at.Month())
	case day:
		return int64(m.at.Day())
	}
	h, min, s := m.at.Clock()
	return int64(h*3600+min*60+s)*1e9 + int64(m.at.Nanosecond())
}

// compare goes from part to part, down to the one asked for, and stops at the first that
// differs; it is not known where one of the two does not have that part (CQL 1.5, Appendix
// B, "Same Or Before": "if either input has no value for the precision, the comparison
// stops and the result is null"). So 2013-01 is not known to be within 2013.
func (m dateTime) compare(o dateTime, to int) (order int, known bool) {
	for n := year; n <= to; n++ {
		if n > m.known || n > o.known {
			return 0, false
		}
		if a, b := m.part(n), o.part(n); a != b {
			if a < b {
				return -1, true
			}
			return 1, true
		}
	}
	return 0, true
}

// bound is an end of an interval: one moment, or, where it is not known, one of a range.
type bound struct{ earliest, latest dateTime }

func exactly(m dateTime) bound { return bound{m, m} }

// value is the bound as `start of` or `end of` gives it: null where it is not known.
func (b bound) value() dateTime {
	if b.earliest != b.latest {
		return dateTime{}
	}
	return b.earliest
}

// upTo is whether b is on or before o.
func (b bound) upTo(o bound, to int) truth {
	if order, known := b.latest.compare(o.earliest, to); known && order <= 0 {
		return yes
	}
	if order, known := b.earliest.compare(o.latest, to); known && order > 0 {
		return no
	}
	return unknown
}

// interval is closed at both ends; without there it is null.
type interval struct {
	there     bool
	low, high bound
}

func point(m dateTime) interval { return between(m, m) }

// between is Interval[low, high]: an end that is null is that of time. Without both
// ends there is no interval.
func between(low, high dateTime) interval {
	if low.isNull() && high.isNull() {
		return interval{}
	}
	if low.isNull() {
		low = dawn
	}
	if high.isNull() {
		high = dusk
	}
	return interval{true, exactly(low), exactly(high)}
}

// from is Interval[low, null): where it ends is not known.
func from(low dateTime) interval {
	if low.isNull() {
		return interval{}
	}
	return interval{true, exactly(low), bound{low, dusk}}
}

// until is Interval(null, high]: where it starts is not known.
func until(high dateTime) interval {
	if high.isNull() {
		return interval{}
	}
	return interval{true, bound{dawn, high}, exactly(high)}
}

// during is whether all of i is in o.
func (i interval) during(o interval, to int) truth {
	if !i.there {
		return unknown
	}
	return o.low.upTo(i.low, to).and(i.high.upTo(o.high, to))
}

func (i interval) overlaps(o interval, to int) truth {
	if !i.there {
		return unknown
	}
	return i.low.upTo(o.high, to).and(o.low.upTo(i.high, to))
}

func (i interval) starts() interval { return pointAt(i.there, i.low) }

func (i interval) ends() interval { return pointAt(i.there, i.high) }

// pointAt is the interval of one bound; null where that is null.
func pointAt(there bool, b bound) interval {
	if m := b.value(); there && !m.isNull() {
		return point(m)
	}
	return interval{}
}

// onOrBefore is whether i, a point, is not after the moment.
func (i interval) onOrBefore(m dateTime, to int) truth {
	if !i.there {
		return unknown
	}
	return i.high.upTo(exactly(m), to)
}

// latest is QICoreCommon's latest(): the end, or the start where there is no end.
func (i interval) latest() dateTime {
	if !i.there {
		return dateTime{}
	}
	if end := i.high.value(); !end.isNull() && end != dusk {
		return end
	}
	return i.low.value()
}
