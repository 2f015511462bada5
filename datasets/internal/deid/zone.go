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
	// Time.ZoneBounds would give the changes at once, but for years past a zone's table Go's answer can be an
	// end that is no change and does not move on. So: a probe a day, and a search inside a day with a change.
	offset := func(utc int64) int64 {
		_, seconds := time.Unix(utc, 0).In(location).Zone()
		return int64(seconds)
	}
	low := time.Date(zoneLowYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	high := time.Date(zoneHighYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	const day, ever = 86_400, math.MaxInt64 / 4
	z := &Zone{name: name, spans: []span{{low: -ever, high: ever, offset: offset(low)}}}
	for at := low; at < high; at += day {
		last := &z.spans[len(z.spans)-1]
		if offset(at+day) == last.offset {
			continue
		}
		last.high = at + 1 + int64(sort.Search(day-1, func(i int) bool { return offset(at+1+int64(i)) != last.offset }))
		z.spans = append(z.spans, span{low: last.high, high: ever, offset: offset(at + day)})
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

// Span is a span of time in milliseconds: from Low, and before High.
type Span struct{ Low, High int64 }

// Unclear lists the spans of wall time that name no instant, because a change of clocks leaves
// them out, or two, because it repeats them. They are in order, and no open value is in one.
func (z *Zone) Unclear() []Span {
	var all []Span
	for i := 1; i < len(z.spans); i++ {
		before, after := z.spans[i-1], z.spans[i]
		from, to := before.high+before.offset, after.low+after.offset
		all = append(all, Span{min(from, to) * 1000, max(from, to) * 1000})
	}
	return all
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
