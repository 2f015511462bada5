package deid

import (
	"slices"

	"farr/datasets/fhir"
)

// An age over 89 may be shown by two things that show none by themselves, 164.514(b)(2)(i)(C): an age of 85 at an
// event of 2015, and any event of 2021. So whoever is over 89 at the last day that the extract knows loses every age,
// and not only those that are over 89. Whose birth date is not known is judged by the ages themselves; then an age
// whose day is not known is not shown at all.
//
// The first pass collects births and ages, because a Patient is written last. That asks for 12 bytes for each Patient.

// elders is what one extractor saw of births, ages and the last day.
type elders struct {
	heads []uint64 // of the pids of Patients with a birth date
	born  []int32  // its first day, beside heads
	said  map[ID]stated
	last  int64 // newest clinical event or death, noDate when there is none
}

// stated is what ages say of a person's birth.
type stated struct {
	latest  int64 // the last day on which it may have been, noDay when no age has a day
	undated bool  // there is an age without a day
}

const noDay = 1 << 40

// happens notes a day that may order the record, or a death.
func (x *Extractor) happens(v Value) {
	low, high := floorDiv(v.WallMs, DayMs), v.upperDay()
	if year := yearOf(v.WallMs); year < sentinelBefore || year >= sentinelFrom {
		return
	}
	x.since, x.until = min(x.since, low), max(x.until, high)
}

// states notes an age up to 89 of the record in hand, in completed years.
func (x *Extractor) states(d fhir.Decimal, unit string) {
	if years, ok := wholeYears(d, unit); ok {
		x.aged = max(x.aged, int64(years.Lo/decimalOne))
	}
}

// note takes what the record in hand says.
func (e *elders) note(x *Extractor, clinical bool) {
	patient := x.typ.owner == "id"
	if patient && x.born != noDay {
		pid := x.pid
		e.heads, e.born = append(e.heads, pid.head()), append(e.born, int32(x.born))
	}
	if clinical || patient {
		e.last = max(e.last, x.until)
	}
	if x.aged < 0 {
		return
	}
	if e.said == nil {
		e.said = map[ID]stated{}
	}
	s, known := e.said[x.pid]
	if !known {
		s.latest = noDay
	}
	if x.since == noDay {
		s.undated = true
	} else {
		s.latest = min(s.latest, yearsBefore(x.since, x.aged))
	}
	e.said[x.pid] = s
}

// yearsBefore is the same day so many years before.
func yearsBefore(day, years int64) int64 {
	y, m, d := civil(day)
	return daysFromCivil(y-years, m, d)
}

// elderly are the persons whose ages are not shown, as far as there are ages.
func elderly(extractors []*Extractor, p *persons, asOf int64, given bool) map[ID]bool {
	all, last := map[ID]stated{}, int64(noDate)
	for _, x := range extractors {
		if x.elders == nil {
			return nil
		}
		last = max(last, x.elders.last)
		for pid, s := range x.elders.said {
			pid = p.is(pid)
			if old, known := all[pid]; known {
				s.latest, s.undated = min(s.latest, old.latest), s.undated || old.undated
			}
			all[pid] = s
		}
	}
	if given {
		last = max(last, asOf)
	}
	heads := map[uint64]uint64{} // of a Patient, to that of the person
	if p != nil {
		for pid, person := range p.of {
			heads[pid.head()] = person.head()
		}
	}
	born := map[uint64]int64{}
	for pid := range all {
		born[pid.head()] = noDay
	}
	for _, x := range extractors {
		for i, head := range x.elders.heads {
			if person, linked := heads[head]; linked {
				head = person
			}
			if day, asked := born[head]; asked {
				born[head] = min(day, int64(x.elders.born[i]))
			}
		}
		x.elders.heads, x.elders.born = nil, nil
	}
	old := map[ID]bool{}
	for pid, s := range all {
		day, known := born[pid.head()], true
		if day == noDay {
			known = false
			if s.latest != noDay {
				day = yearsBefore(s.latest, 1) + 1 // who is 85 may be so since a year
			}
		}
		day = min(day, s.latest)
		if last == noDate || !known && s.undated || day != noDay && ageYears(day, last) > 89 {
			old[pid] = true
		}
	}
	return old
}

// hideAges empties the ages of a row.
func (f *Finisher) hideAges(r *Row) {
	hide := func(column int) {
		if !r.Cell(column).Null {
			r.empty(column)
			f.AgesHidden++
		}
	}
	for _, column := range r.table.ages {
		hide(column)
	}
	if code := r.table.find("code"); code >= 0 && len(r.table.measured) > 0 && !r.Cell(code).Null {
		if slices.Contains(f.ageConcepts, r.Cell(code).Number) {
			for _, column := range r.table.measured {
				hide(column)
			}
		}
	}
}

// ages are the concepts of a dictionary that say that the value beside them is an age.
func (d *Dictionary) ages(p *Policy) (concepts []int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for number, codings := range d.concepts {
		if slices.ContainsFunc(codings, func(c coding) bool { return p.subjectOf(c).age }) {
			concepts = append(concepts, number)
		}
	}
	return concepts
}

// subjectOf is what a kept code says of the value beside it.
func (p *Policy) subjectOf(c coding) (s subject) {
	if c.system == "http://loinc.org" || c.system == "http://snomed.info/sct" {
		_, s.age = p.values["age-codes"].find([]byte(c.code))
		_, s.birth = p.values["birth-codes"].find([]byte(c.code))
	}
	return s
}

// noteLater notes the last day that a person's rows show, where it is after the newest event so far: a birth date is
// judged by it, too.
func (f *Finisher) noteLater(r *Row) {
	for _, i := range r.table.dates {
		c := r.Cell(i)
		if c.Null {
			continue
		}
		day := floorDiv(c.Number, DayMs) + f.shift
		if f.newest != noDate && day <= f.newest {
			continue
		}
		if f.pad != nil {
			day = Value{WallMs: c.Number, Prec: fhir.Year}.upperDay()
		}
		if last, known := f.later[f.pid]; !known || day > last {
			f.later[f.pid] = day
		}
	}
}
