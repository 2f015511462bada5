package deid

import (
	"fmt"
	"math"
	"sort"
	"time"
	_ "time/tzdata" // a declared zone must mean the same on every host
)

// Zone converts between UTC and the local wall time of one time zone. Its table
// is made once, so that a conversion costs nanoseconds and no time.Time.
type Zone struct {
	name  string
	spans []span
}

// span is a span of time with one offset. Its bounds are UTC seconds.
type span struct {
	low, high int64
	offset    int64 // seconds east
	// In [clearLow, clearHigh) the wall time of an instant names that instant only.
	clearLow, clearHigh int64
}

// The table spans these years. Beyond them the offset of the last span is used,
// which is harmless: such dates are sealed together with their offset.
const zoneLowYear, zoneHighYear = 1800, 2110

// LoadZone makes the table of an IANA zone.
func LoadZone(name string) (*Zone, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("time zone %q: name one of the IANA database, such as America/New_York", name)
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is not in the IANA database", name)
	}
	z := &Zone{name: name}
	at := time.Date(zoneLowYear, 1, 1, 0, 0, 0, 0, time.UTC)
	for low := int64(math.MinInt64 / 4); ; {
		_, offset := at.In(location).Zone()
		_, end := at.In(location).ZoneBounds()
		last := end.IsZero() || end.Year() >= zoneHighYear
		high := int64(math.MaxInt64 / 4)
		if !last {
			high = end.Unix()
		}
		// Two spans of one offset, such as a change of name only, are one.
		if n := len(z.spans); n > 0 && z.spans[n-1].offset == int64(offset) {
			z.spans[n-1].high = high
		} else {
			z.spans = append(z.spans, span{low: low, high: high, offset: int64(offset)})
		}
		if last {
			break
		}
		low, at = high, end
	}
	for i := range z.spans {
		s := &z.spans[i]
		s.clearLow, s.clearHigh = s.low, s.high
		if i > 0 {
			s.clearLow += max(0, z.spans[i-1].offset-s.offset)
		}
		if i+1 < len(z.spans) {
			s.clearHigh -= max(0, s.offset-z.spans[i+1].offset)
		}
	}
	return z, nil
}

// Name is the zone's IANA name.
func (z *Zone) Name() string { return z.name }

// at finds the span of an instant in UTC seconds.
func (z *Zone) at(utc int64) *span {
	if len(z.spans) == 1 {
		return &z.spans[0]
	}
	return &z.spans[sort.Search(len(z.spans)-1, func(i int) bool { return utc < z.spans[i].high })]
}

// Wall is the local wall time of an instant (both in milliseconds), the offset in
// seconds, and whether the wall time names this instant only.
func (z *Zone) Wall(utcMs int64) (wallMs, offset int64, clear bool) {
	utc := floorDiv(utcMs, 1000)
	s := z.at(utc)
	return utcMs + s.offset*1000, s.offset, utc >= s.clearLow && utc < s.clearHigh
}

// UTC is the instant of a local wall time, in milliseconds. Of two it is the
// earlier; a wall time that a change of clocks leaves out is read with the offset
// before the change.
func (z *Zone) UTC(wallMs int64) int64 {
	utc, _ := z.resolve(wallMs)
	return utc
}

// resolve is UTC, and whether the wall time names exactly one instant.
func (z *Zone) resolve(wallMs int64) (utcMs int64, clear bool) {
	wall := floorDiv(wallMs, 1000)
	// The first span whose end, on its own clock, is past the wall time.
	i := sort.Search(len(z.spans)-1, func(i int) bool { return wall < z.spans[i].high+z.spans[i].offset })
	s := &z.spans[i]
	utc := wall - s.offset
	if utc < s.low && i > 0 { // in a gap
		return wallMs - z.spans[i-1].offset*1000, false
	}
	return wallMs - s.offset*1000, utc >= s.clearLow && utc < s.clearHigh
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
