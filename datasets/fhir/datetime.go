package fhir

// Precision says down to what a DateTime is given.
type Precision uint8

// The precisions of FHIR dates, dateTimes and instants. Their numbers are at rest in the stores; do not renumber.
const (
	Year        Precision = 1
	Month       Precision = 2
	Day         Precision = 3
	Minute      Precision = 4
	Second      Precision = 5
	Millisecond Precision = 6
)

// DateTime is a FHIR date, dateTime or instant as it was written: wall time, and the offset
// from UTC when one was given. Parts below the precision are those of the lower bound: January, the first, midnight.
type DateTime struct {
	Year                 int // 1 to 9999
	Month, Day           int // from 1
	Hour, Minute, Second int
	Milli                int
	Precision            Precision
	HasOffset            bool
	OffsetMinutes        int // east of UTC is positive; -839 to 840
}

// ParseDateTime reads the text of a FHIR date, dateTime or instant (R4 datatypes, 2.24.0.1). The calendar day must
// exist in the Gregorian calendar, hours end at 23 and offsets at 14:00.
//
// It is wider than the R4 grammar where exports are and nothing is lost: seconds may be
// missing (precision Minute), and so may the offset. Digits past the millisecond are cut off. The leap second 60, which R4
// allows, is read as the last of second 59, so that it stays in its day and in order.
func ParseDateTime(b []byte) (DateTime, bool) {
	t := DateTime{Month: 1, Day: 1, Precision: Year}
	var ok bool
	if t.Year, ok = fixed(b, 0, 4); !ok || t.Year == 0 {
		return DateTime{}, false
	}
	if len(b) == 4 {
		return t, true
	}
	t.Precision = Month
	if t.Month, ok = fixed(b, 5, 2); !ok || b[4] != '-' || t.Month < 1 || t.Month > 12 {
		return DateTime{}, false
	}
	if len(b) == 7 {
		return t, true
	}
	t.Precision = Day
	if t.Day, ok = fixed(b, 8, 2); !ok || b[7] != '-' || t.Day < 1 || t.Day > daysIn(t.Year, t.Month) {
		return DateTime{}, false
	}
	if len(b) == 10 {
		return t, true
	}
	rest, ok := t.clock(b[10:])
	if !ok || !t.offset(rest) {
		return DateTime{}, false
	}
	return t, true
}

// clock reads Thh:mm[:ss[.f+]] and gives what follows it.
func (t *DateTime) clock(b []byte) (rest []byte, ok bool) {
	var okHour, okMinute bool
	t.Hour, okHour = fixed(b, 1, 2)
	t.Minute, okMinute = fixed(b, 4, 2)
	if !okHour || !okMinute || b[0] != 'T' || b[3] != ':' || t.Hour > 23 || t.Minute > 59 {
		return nil, false
	}
	t.Precision = Minute
	if b = b[6:]; len(b) == 0 || b[0] != ':' {
		return b, true
	}
	t.Precision = Second
	if t.Second, ok = fixed(b, 1, 2); !ok || t.Second > 60 {
		return nil, false
	}
	if b = b[3:]; len(b) > 0 && b[0] == '.' {
		t.Precision = Millisecond
		end := digits(b, 1)
		if end < 0 {
			return nil, false
		}
		for i, unit := 1, 100; i < end && unit > 0; i, unit = i+1, unit/10 {
			t.Milli += int(b[i]-'0') * unit
		}
		b = b[end:]
	}
	if t.Second == 60 {
		t.Second = 59
		if t.Precision == Millisecond {
			t.Milli = 999
		}
	}
	return b, true
}

// offset reads Z, +hh:mm, -hh:mm or nothing, to the end of b.
func (t *DateTime) offset(b []byte) bool {
	switch {
	case len(b) == 0:
		return true
	case len(b) == 1 && b[0] == 'Z':
		t.HasOffset = true
		return true
	case len(b) != 6 || b[0] != '+' && b[0] != '-' || b[3] != ':':
		return false
	}
	hours, okHours := fixed(b, 1, 2)
	minutes, okMinutes := fixed(b, 4, 2)
	total := hours*60 + minutes
	if !okHours || !okMinutes || minutes > 59 || total > 14*60 {
		return false
	}
	if b[0] == '-' {
		total = -total
	}
	t.HasOffset, t.OffsetMinutes = true, total
	return true
}

// LocalMillis is the lower bound as wall time: milliseconds from 1970-01-01T00:00 on the same clock,
// the offset not applied.
func (t DateTime) LocalMillis() int64 {
	seconds := t.LocalDay()*86400 + int64(t.Hour*3600+t.Minute*60+t.Second)
	return seconds*1000 + int64(t.Milli)
}

// LocalDay is the day of the lower bound, in days from 1970-01-01 on the same clock.
//
// The count is that of H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil:
// years begin in March, so the leap day is the last of its year.
func (t DateTime) LocalDay() int64 {
	y, m := t.Year, t.Month-3
	if m < 0 {
		y, m = y-1, m+12
	}
	era := y / 400 // y >= 0: year 1 is the least
	yearOfEra := y - era*400
	dayOfYear := (153*m+2)/5 + t.Day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return int64(era*146097 + dayOfEra - 719468)
}

func daysIn(year, month int) int {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	default:
		return 31
	}
}

// fixed reads the number of exactly that many digits at b[i:].
func fixed(b []byte, i, size int) (n int, ok bool) {
	if len(b) < i+size {
		return 0, false
	}
	for _, c := range b[i : i+size] {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
