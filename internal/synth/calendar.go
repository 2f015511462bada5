package synth

import (
	"fmt"
	"time"
)

// day counts civil days since 1970-01-01. Dates are kept as numbers so that the
// whole simulation runs without a time.Time in sight.
type day int32

const dayMS = 24 * 60 * 60 * 1000

// civil gives the day of a proleptic Gregorian date; month may lie outside 1..12.
// Algorithm: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
func civil(year, month, dom int) day {
	month--
	year += floorDiv(month, 12)
	month = month - floorDiv(month, 12)*12 + 1
	if month <= 2 {
		year--
	}
	era := floorDiv(year, 400)
	yoe := year - era*400
	doy := (153*((month+9)%12)+2)/5 + dom - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return day(era*146097 + doe - 719468)
}

// date is the inverse of civil.
func (d day) date() (year, month, dom int) {
	z := int(d) + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	dom = doy - (153*mp+2)/5 + 1
	month = mp + 3
	year = yoe + era*400
	if month > 12 {
		month -= 12
	}
	if month <= 2 {
		year++
	}
	return year, month, dom
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func dayOf(t time.Time) day {
	y, m, d := t.Date()
	return civil(y, int(m), d)
}

func (d day) String() string {
	y, m, dom := d.date()
	return fmt.Sprintf("%04d-%02d-%02d", y, m, dom)
}

// wall is the day's midnight as local wall time.
func (d day) wall() int64 { return int64(d) * dayMS }

// addMonths moves the first of a month by k months; d must be a first of a month.
func addMonths(d day, k int) day {
	y, m, _ := d.date()
	return civil(y, m+k, 1)
}

// firstOfMonth is the first day of d's month.
func (d day) firstOfMonth() day {
	y, m, _ := d.date()
	return civil(y, m, 1)
}

// ageOn is the completed calendar years of someone born on birth; who is born on
// 29 February has the birthday on 1 March in common years.
func ageOn(birth, on day) int {
	by, bm, bd := birth.date()
	y, m, d := on.date()
	age := y - by
	if m < bm || m == bm && d < bd {
		age--
	}
	return age
}

// precision of a FHIR date, dateTime or instant. none means that the element is absent.
type precision uint8

const (
	none precision = iota
	toYear
	toMonth
	toDay
	_ // minutes: R4 always writes seconds
	toSecond
	toMilli
)

// moment is one date element as it will be written: wall is the local wall time of
// its lower bound in milliseconds, offset the zone's true offset in minutes and
// written the offset it is printed with. The same instant can so be written as
// -04:00, as Z or as +01:00.
type moment struct {
	wall            int64
	offset, written int16
	prec            precision
	zulu            bool
}

func (m moment) present() bool { return m.prec != none }

// day is the local calendar day of the lower bound.
func (m moment) day() day { return dayOfWall(m.wall) }

// lastDay is the local calendar day of the upper bound: of a month, its last.
func (m moment) lastDay() day {
	d := m.day()
	y, _, _ := d.date()
	switch m.prec {
	case toYear:
		return civil(y, 12, 31)
	case toMonth:
		return addMonths(d, 1) - 1
	}
	return d
}

func dayOfWall(wall int64) day {
	d := wall / dayMS
	if wall%dayMS < 0 {
		d--
	}
	return day(d)
}

// utc is the instant in UTC milliseconds.
func (m moment) utc() int64 { return m.wall - int64(m.offset)*60_000 }

// on is a moment that is only as precise as prec, with the lower bound as wall time.
func on(d day, prec precision) moment {
	y, m, _ := d.date()
	switch prec {
	case toYear:
		d = civil(y, 1, 1)
	case toMonth:
		d = civil(y, m, 1)
	}
	return moment{wall: d.wall(), prec: prec}
}

// append writes the moment as FHIR text without quotes.
func (m moment) append(b []byte) []byte {
	wall := m.wall
	if m.prec >= toSecond {
		wall = m.utc() + int64(m.written)*60_000
	}
	d := dayOfWall(wall)
	y, mo, dom := d.date()
	b = append(b, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10))
	if m.prec == toYear {
		return b
	}
	b = two(append(b, '-'), mo)
	if m.prec == toMonth {
		return b
	}
	b = two(append(b, '-'), dom)
	if m.prec == toDay {
		return b
	}
	ms := int(wall - d.wall())
	b = two(append(b, 'T'), ms/3_600_000)
	b = two(append(b, ':'), ms/60_000%60)
	b = two(append(b, ':'), ms/1000%60)
	if m.prec == toMilli {
		b = append(b, '.', byte('0'+ms/100%10), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	if m.zulu {
		return append(b, 'Z')
	}
	off := int(m.written)
	if off < 0 {
		b, off = append(b, '-'), -off
	} else {
		b = append(b, '+')
	}
	b = two(b, off/60)
	return two(append(b, ':'), off%60)
}

func two(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// clock turns local wall time into moments of the source's zone.
type clock struct{ loc *time.Location }

func (c clock) offsetAt(utc int64) int16 {
	_, sec := time.UnixMilli(utc).In(c.loc).Zone()
	return int16(sec / 60)
}

// at is the full moment of a wall time. A wall time that spring skips is moved one
// hour on; in the repeated hour of autumn the second pass is taken.
func (c clock) at(wall int64) moment {
	off := c.offsetAt(wall + 5*3_600_000)
	if back := c.offsetAt(wall - int64(off)*60_000); back != off {
		wall += 3_600_000
	}
	return moment{wall: wall, offset: off, written: off, prec: toSecond}
}

// repeatedHour is the day on which the zone's clocks go back in the given year
// (in America/New_York since 2007 the first Sunday of November).
func repeatedHour(year int) day {
	d := civil(year, 11, 1)
	return d + day((10-int(d))%7+7)%7 // 1970-01-04 was a Sunday
}
