package deid

import (
	"encoding/binary"
	"math"

	"farr/datasets/fhir"
)

// What profile safe-harbor does that the others do not, 45 CFR 164.514(b)(2). Of a date the year is kept, of an
// age the whole years, and of a time between two events nothing below a year. So a record in a sorted run has no
// date that a seal would be needed for, but one: lastUpdated, which decides between versions.

// yearStep keeps the year of a date, as the first of January with precision 1. A year outside of dates.txt is
// lost: it is a stand-in, or so early that it shows an age over 89.
func (p *Plan) yearStep(t *typePlan, table *Table, name, action string, loss int) step {
	ts, prec := table.column(name, Timestamp), table.column(name+"_prec", Int32)
	columns, years := []int{ts, prec}, *p.policy.years
	happens := t.happens(table, name)
	if action == "birth-year" {
		years.low = math.MinInt // who is over 89 is known when all is read
	}
	return func(x *Extractor, r *row, v fhirNode) {
		t, ok := fhir.ParseDateTime(v.Str())
		if !ok {
			x.lost[loss]++
			return
		}
		value, _ := valueOf(t, x.zone)
		year, _, _ := civil(floorDiv(value.WallMs, DayMs))
		if !years.hold(int(year)) {
			x.lost[loss]++
			return
		}
		if action == "measured-year" {
			x.late = append(x.late, late{row: r, columns: columns, loss: loss, birth: true})
		}
		value = Value{WallMs: daysFromCivil(year, 1, 1) * DayMs, Prec: fhir.Year}
		if happens {
			x.happens(value)
		}
		if action == "birth-year" {
			x.born = floorDiv(value.WallMs, DayMs)
		}
		r.setNumber(ts, value.WallMs)
		r.setNumber(prec, int64(fhir.Year))
	}
}

// newestStep reads lastUpdated, which is in no column.
func newestStep(loss int) step {
	return func(x *Extractor, _ *row, v fhirNode) {
		t, ok := fhir.ParseDateTime(v.Str())
		if !ok {
			x.lost[loss]++
			return
		}
		value, _ := valueOf(t, x.zone)
		x.updated = value.UTCMs(x.zone)
	}
}

// limitNumber bounds a number without a unit where no date may pass: a day counted from 1900 or from 1970, as
// spreadsheets and systems do, has five digits.
var limitNumber, _ = fhir.ParseDecimal8([]byte("10000"))

// limitDay is one day in each unit of time that a quantity may have. Quantities in units of weeks and more are never less.
var limitDay = func() map[string]fhir.Decimal {
	limits := map[string]fhir.Decimal{}
	for unit, n := range map[string]string{
		"d": "1", "h": "24", "min": "1440", "s": "86400", "ms": "86400000", "ks": "86.4", "Ms": "0", "Gs": "0",
		"wk": "0", "mo": "0", "mo_j": "0", "mo_s": "0", "a": "0", "a_j": "0", "a_g": "0", "a_t": "0", "{days}": "1",
	} {
		limits[unit], _ = fhir.ParseDecimal8([]byte(n))
	}
	for calendar, unit := range map[string]string{
		"year": "a", "month": "mo", "week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms",
	} {
		limits[calendar], limits[calendar+"s"] = limits[unit], limits[unit]
	}
	return limits
}()

// yearIn is one year in each unit that an age may have, as a fraction. A year has 365.25 days and 12 months.
var yearIn = func() map[string][2]int64 {
	units := map[string][2]int64{"a": {1, 1}, "mo": {12, 1}, "wk": {1461, 28}, "d": {1461, 4}, "h": {8766, 1}, "min": {525_960, 1}}
	for calendar, unit := range map[string]string{"year": "a", "month": "mo", "week": "wk", "day": "d", "hour": "h", "minute": "min"} {
		units[calendar], units[calendar+"s"] = units[unit], units[unit]
	}
	return units
}()

// decimalOne is 1 as a decimal, which has 8 digits.
const decimalOne = 100_000_000

// wholeYears is an age below 90 years in completed years, as a decimal; unit "" is years.
func wholeYears(d fhir.Decimal, unit string) (years fhir.Decimal, ok bool) {
	if unit == "" {
		unit = "a"
	}
	year, ok := yearIn[unit]
	if !ok || d.Hi != 0 || !within(d, limitAge[unit]) {
		return d, false
	}
	years.Lo = uint64(int64(d.Lo)*year[1]/(year[0]*decimalOne)) * decimalOne
	return years, true
}

// spanOf says what a quantity is as a time: whole years where it is given in years, or a time between two events,
// of a day and more, which is not kept.
func spanOf(d fhir.Decimal, unit string) (years fhir.Decimal, whole, days bool) {
	limit, isTime := limitDay[unit]
	if !isTime || within(d, limit) {
		return d, false, false
	}
	if unit == "a" || unit == "year" || unit == "years" {
		years, whole = wholeYears(d, unit)
	}
	return years, whole, !whole
}

// pad hides lastUpdated in the sorted runs: exclusive or with a MAC of what names the version, which is there once.
type pad struct {
	mac  *cmac
	text [sealTextBytes]byte
}

func newPad(k *Key) *pad { return &pad{mac: newCMAC(k.sub().sealNonce)} }

func (p *pad) of(rid *ID, sequence uint64) int64 {
	copy(p.text[:], rid[:])
	binary.BigEndian.PutUint64(p.text[len(rid):], sequence)
	return int64(binary.BigEndian.Uint64(p.mac.of(&p.text)[:]))
}
