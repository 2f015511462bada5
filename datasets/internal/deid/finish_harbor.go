package deid

import (
	"slices"

	"farr/datasets/fhir"
)

func yearOf(wallMs int64) int64 {
	year, _, _ := civil(floorDiv(wallMs, DayMs))
	return year
}

// patientInYears decides whether a birth year is shown, and writes observable time. Who is 90 by the end of the last
// year that the extract knows, or of death, counts as over 89: the years show no more. A birth year goes for them, and
// where any year that the person's rows show is 90 or more after it.
func (f *Finisher) patientInYears(v *version, r *Row) error {
	t := r.table
	birth, born, death, dead, err := f.lifetime(v, r)
	if err != nil {
		return err
	}
	if born && f.HasAsOf {
		year, last := yearOf(min(floorDiv(birth.WallMs, DayMs), f.eldest)*DayMs), yearOf(max(f.AsOf, f.newest)*DayMs)
		if dead {
			last = max(last, yearOf(death.WallMs))
		}
		n := int64(0)
		if last-year > 89 {
			n = 1
		}
		r.put(t.find("over_89"), Cell{Number: n})
		if day, known := f.later[f.pid]; known {
			last = max(last, yearOf(day*DayMs))
		}
		born = last-year <= 89
	}
	if !born || !f.HasAsOf {
		r.empty(t.find("birth_date"))
		r.empty(t.find("birth_date_prec"))
	}
	last := f.AsOf
	if dead {
		last = min(last, death.upperDay())
	}
	return f.periods(last)
}

// inYears is the union of spans as spans of whole years: what is between two spans of one year does not show, nor
// that there are two in years that follow each other.
func inYears(spans []days) []days {
	var out []days
	for _, s := range spans {
		low, high := yearOf(s.low*DayMs), yearOf(s.high*DayMs)
		s.low, s.high = daysFromCivil(low, 1, 1), daysFromCivil(high, 1, 1)
		if n := len(out); n > 0 && low <= yearOf(out[n-1].high*DayMs)+1 {
			out[n-1].high = max(out[n-1].high, s.high)
			continue
		}
		out = append(out, s)
	}
	return out
}

// periodInYears writes one span of years.
func (f *Finisher) periodInYears(ordinal int32, s days) error {
	r := newOutRow(observationYears)
	r.put(0, Cell{Bytes: slices.Clone(f.pid[:])})
	r.put(1, Cell{Number: int64(ordinal)})
	for i, day := range []int64{s.low, s.high} {
		r.put(2+2*i, Cell{Number: day * DayMs})
		r.put(3+2*i, Cell{Number: int64(fhir.Year)})
	}
	return f.sink.Row(r)
}
