package attack

import (
	"slices"
	"sort"
	"time"

	"farr/datasets/internal/deid"
)

// The calendar's days that attacks look for are tables by day, made once.
const firstYear, lastYear = 1850, 2150

// calendar knows what is special about true days.
type calendar struct {
	low     int32   // first day of the tables
	first   []uint8 // 1 on 1 January, 2 on another first of a month
	firsts  []int32 // days that are the first of a month, in order
	month   []uint8 // 0 January
	summer  []bool  // daylight saving, by the clock that steps
	steps   bool    // some clock steps
	inverse bool    // times are kept in UTC, so local habits step
	unclear []deid.Span
}

// newCalendar makes the tables. Where times are kept in UTC it takes the days on which clocks change in
// America/New_York, which are those of the whole United States.
func newCalendar(zone *deid.Zone) (*calendar, error) {
	c := &calendar{low: dayOf(firstYear, time.January, 1), unclear: zone.Unclear()}
	name := zone.Name()
	if len(c.unclear) == 0 {
		name, c.inverse = "America/New_York", true
	}
	clock, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
	}
	for day := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < lastYear; day = day.AddDate(0, 0, 1) {
		kind := uint8(0)
		if day.Day() == 1 {
			kind = 2
			if day.Month() == time.January {
				kind = 1
			}
		}
		n := c.low + int32(len(c.first))
		c.first = append(c.first, kind)
		c.month = append(c.month, uint8(day.Month()-1))
		if kind > 0 {
			c.firsts = append(c.firsts, n)
		}
		summer := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, clock).IsDST()
		c.summer = append(c.summer, summer)
		c.steps = c.steps || summer
	}
	return c, nil
}

func dayOf(year int, month time.Month, day int) int32 {
	return int32(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// at is a day's place in the tables; days beyond them are held to their ends.
func (c *calendar) at(day int32) int {
	return min(max(int(day-c.low), 0), len(c.first)-1)
}

// season is 1 from September to January, when doses against influenza are given.
func (c *calendar) season(day int32) int {
	if m := c.month[c.at(day)]; m >= 8 || m == 0 {
		return 1
	}
	return 0
}

// after gives those of some days, in order, that come after a day.
func after(days []int32, day int32) []int32 {
	at, _ := slices.BinarySearch(days, day+1)
	return days[at:]
}

// unclearAfter gives the spans of unclear wall time that begin from 1 to shifts days after a wall time, by
// day at most one day off.
func (c *calendar) unclearAfter(wall int64) []deid.Span {
	low := sort.Search(len(c.unclear), func(i int) bool { return c.unclear[i].High > wall+dayMs })
	high := low + sort.Search(len(c.unclear)-low, func(i int) bool { return c.unclear[low+i].Low > wall+shifts*dayMs })
	return c.unclear[low:high]
}
