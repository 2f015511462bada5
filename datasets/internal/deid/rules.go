package deid

import (
	"fmt"
	"slices"
)

// dateTypes are the FHIR types that hold a calendar date.
var dateTypes = []string{"date", "dateTime", "instant", "Period"}

// rules says why a line's action may not stand where it does: a table that is wrong here would give away what the
// profile's name promises to hold back.
func (p *Plan) rules(t *typePlan, table *Table, e element) error {
	action := e.actions[p.profile]
	isOf := func(actions ...string) bool { return slices.Contains(actions, action) }
	if slices.Contains(dateTypes, e.typ) && !isOf("drop", "hide", "newest", "over-89") {
		years := isOf("year", "measured-year", "birth-year")
		switch {
		case !t.owned():
			return fmt.Errorf("%s: the type has no single patient (owner none), so a date of it can be neither shifted nor judged: drop it", action)
		case years != (p.profile == SafeHarbor):
			return fmt.Errorf("%s: dates are %s", action, map[Profile]string{
				Shifted:    "shifted or sealed in profile shifted",
				Limited:    "kept in profile limited",
				SafeHarbor: "years in profile safe-harbor",
			}[p.profile])
		case years && table != t.tables[0]:
			return fmt.Errorf("%s: a list is mostly in order of time, so beside its rows no date stands in profile safe-harbor", action)
		case isOf("keep") && p.profile != Limited:
			return fmt.Errorf("keep: a true date is for profile limited alone")
		}
	}
	switch {
	case isOf("zip5", "city") && p.profile != Limited:
		return fmt.Errorf("%s: for profile limited alone, 164.514(e)(2)", action)
	case e.typ == "Age" && (isOf("age-years") != (p.profile == SafeHarbor) || isOf("keep") && p.profile != Limited):
		return fmt.Errorf("%s: an age is age in profile shifted, keep in limited and age-years in safe-harbor", action)
	case isOf("measured") && p.profile != Shifted || isOf("undated", "newest") && p.profile != SafeHarbor:
		return fmt.Errorf("%s is not for profile %s", action, p.profile)
	case isOf("share") && (p.profile != Shifted || t.owner != "id"):
		return fmt.Errorf("share: only patients have a shift to share, and only in profile shifted")
	case isOf("hide", "seal", "own-shift") && p.profile == SafeHarbor:
		return fmt.Errorf("%s: nothing is sealed in profile safe-harbor, since nobody has a key to it", action)
	}
	return nil
}
