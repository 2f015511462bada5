// Package cron reads five-field cron expressions and finds the next occurrence in
// a time zone.
//
// An expression names wall times, and each wall time it names occurs exactly once:
//
//   - a time that daylight saving skips occurs at the first moment after the gap
//     (02:30 on the day clocks go from 02:00 to 03:00 occurs at 03:00; several
//     skipped times are the same moment and so one occurrence);
//   - a time that is repeated occurs the first time only.
//
// So a daily job runs once on every day of the year, and an hourly one runs 23
// times on the short day and 24 on the long one, with two hours between two runs.
// Of the libraries looked at, one drops the skipped time and one runs the repeated
// time twice and gives up cron's rule for days; hence these two files.
package cron

import "time"

// Schedule is a parsed expression: a set of minutes of the day and of days.
type Schedule struct {
	minute, hour, day, month, weekday uint64 // bit i stands for the value i
	// eitherDay is cron's rule: where day of month and day of week are both
	// restricted, a day that matches one of them is enough (crontab(5)).
	eitherDay bool
	expr      string
}

// String is the expression as it was written.
func (s *Schedule) String() string { return s.expr }

// horizonDays bounds the search: 29 February on one weekday, which a step in the
// weekday field can ask for, comes again after at most 40 years.
const horizonDays = 41 * 366

// Next is the first occurrence after t, in the zone. Parse refuses expressions
// that never occur, so there always is one.
func (s *Schedule) Next(t time.Time, zone *time.Location) time.Time {
	year, month, day := t.In(zone).Date()
	// Two days back: a skipped time occurs after the gap, on a later date when the
	// gap holds midnight or, as in Samoa in 2011, a whole day.
	for d := -2; d < horizonDays; d++ {
		date := time.Date(year, month, day+d, 0, 0, 0, 0, time.UTC)
		if !s.onDay(date) || !moment(date, 23, 59, zone).After(t) {
			continue
		}
		for hour := range 24 {
			if s.hour&(1<<hour) == 0 || !moment(date, hour, 59, zone).After(t) {
				continue
			}
			for minute := range 60 {
				if s.minute&(1<<minute) == 0 {
					continue
				}
				// Wall times in order give moments in order, so the first one is next.
				if m := moment(date, hour, minute, zone); m.After(t) {
					return m
				}
			}
		}
	}
	panic("cron: no occurrence of " + s.expr)
}

func (s *Schedule) onDay(date time.Time) bool {
	inMonth := s.day&(1<<date.Day()) != 0
	inWeek := s.weekday&(1<<date.Weekday()) != 0
	if s.month&(1<<date.Month()) == 0 {
		return false
	}
	if s.eitherDay {
		return inMonth || inWeek
	}
	return inMonth && inWeek
}

// moment is when the wall clock of zone first shows date hour:minute, or, when it
// never does, the first moment after the gap. time.Date leaves both cases open.
func moment(date time.Time, hour, minute int, zone *time.Location) time.Time {
	wall := date.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	t := time.Date(date.Year(), date.Month(), date.Day(), hour, minute, 0, 0, zone)
	start, end := t.ZoneBounds()
	switch shown := wallOf(t); {
	case shown.After(wall): // in a gap, read with the offset before it
		return start
	case shown.Before(wall): // in a gap, read with the offset after it
		return end
	case start.IsZero():
		return t
	}
	_, before := start.Add(-1).Zone()
	if earlier := wall.Add(-time.Duration(before) * time.Second); earlier.Before(start) {
		return earlier.In(zone)
	}
	return t
}

// wallOf is what the wall clock shows at t, as if it were UTC.
func wallOf(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
