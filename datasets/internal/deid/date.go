package deid

import (
	"fmt"

	"farr/datasets/fhir"
)

// Precision is how much of a date was given, as the columns *_prec hold it.
type Precision = fhir.Precision

// DayMs is one day in milliseconds of wall time.
const DayMs = 86_400_000

// valueOf is a date as wall time in the zone, and whether that wall time alone
// gives the instant back. Where it does not, the value carries the offset. A time
// without offset, which R4 forbids and exports have, is wall time already.
func valueOf(t fhir.DateTime, z *Zone) (v Value, clear bool) {
	v = Value{WallMs: t.LocalMillis(), Prec: t.Precision}
	if t.Precision <= fhir.Day {
		return v, true
	}
	var offset int64 // seconds
	if t.HasOffset {
		v.WallMs, offset, clear = z.Wall(v.WallMs - int64(t.OffsetMinutes)*60_000)
	} else {
		var utc int64
		utc, clear = z.resolve(v.WallMs)
		offset = (v.WallMs - utc) / 1000
	}
	if !clear {
		v.HasOffset, v.OffsetMinutes = true, int16(floorDiv(offset, 60))
	}
	return v, clear
}

// ParseDay reads a day written YYYY-MM-DD as days since 1970-01-01.
func ParseDay(text string) (int64, bool) {
	t, ok := fhir.ParseDateTime([]byte(text))
	return t.LocalDay(), ok && t.Precision == fhir.Day
}

// FormatDay writes days since 1970-01-01 as YYYY-MM-DD.
func FormatDay(day int64) string {
	y, m, d := civil(day)
	return fmt.Sprintf("%04d-%02d-%02d", y, m, d)
}

// upperDay is the last day that a value of this precision may mean.
func (v Value) upperDay() int64 {
	day := floorDiv(v.WallMs, DayMs)
	y, m, _ := civil(day)
	switch v.Prec {
	case fhir.Year:
		return daysFromCivil(y+1, 1, 1) - 1
	case fhir.Month:
		return day + daysIn(y, m) - 1
	default:
		return day
	}
}

// ageYears is the number of completed calendar years from one day to another.
// Someone born on 29 February completes a common year on 1 March.
func ageYears(born, on int64) int64 {
	y0, m0, d0 := civil(born)
	y1, m1, d1 := civil(on)
	age := y1 - y0
	if m1 < m0 || m1 == m0 && d1 < d0 {
		age--
	}
	return age
}

func daysIn(year, month int64) int64 {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysFromCivil counts days since 1970-01-01 in the proleptic Gregorian calendar
// (Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
func daysFromCivil(y, m, d int64) int64 {
	if m <= 2 {
		y--
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	doy := (153*((m+9)%12)+2)/5 + d - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

// civil is the inverse of daysFromCivil.
func civil(day int64) (y, m, d int64) {
	day += 719468
	era := floorDiv(day, 146097)
	doe := day - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m = mp + 3
	if m > 12 {
		m -= 12
	}
	y = yoe + era*400
	if m <= 2 {
		y++
	}
	return y, m, d
}
