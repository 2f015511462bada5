package deid

import "farr/datasets/fhir"

// Origin is a type of resource of one source, by its number.
type Origin struct {
	Source int
	Type   string
}

// noteCame notes that a resource of the type in hand is stored, and its true day where that is known. Unlike the as-of day this goes by
// all types with a date, and by records that are void as well: they came.
func (f *Finisher) noteCame(v *version, r *Row) error {
	days := f.cameOf(v)
	if days == nil {
		return nil
	}
	if v.date != noDate && f.plan.profile == Shifted { // what is open there is known to the day
		days[floorDiv(v.date, DayMs)+f.shift] = true
		return nil
	}
	for _, column := range f.typ.order {
		value, ok, err := f.value(r, v.rid, r.table.Columns[column].Name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if day := floorDiv(value.WallMs, DayMs); value.Prec >= fhir.Day && day >= firstEvent && day < endOfEvents {
			days[day] = true
		}
		break
	}
	return nil
}

// cameOf are the days of the type in hand from the source of a version; there is a set from the first version on. nil where none are noted.
func (f *Finisher) cameOf(v *version) map[int64]bool {
	if f.Came == nil {
		return nil
	}
	at := Origin{v.source(), f.typ.typ}
	days := f.Came[at]
	if days == nil {
		days = map[int64]bool{}
		f.Came[at] = days
	}
	return days
}
