package datasets

import (
	"fmt"

	"farr/datasets/internal/deid"
)

// Profiles are the names of the de-identification profiles, the default first.
func Profiles() (names []string) {
	for _, p := range deid.Profiles {
		names = append(names, string(p))
	}
	return names
}

// ProfileSafeHarbor is the profile whose extracts have years in place of dates, and for which no key is needed.
const ProfileSafeHarbor = string(deid.SafeHarbor)

// factDates says in an extract's Facts how much of a date its tables hold: datesToTheDay or datesInYears. Extracts
// from before it have none and hold days.
const (
	factDates     = "dates"
	datesToTheDay = "day"
	datesInYears  = "year"
)

// DatesInYears is whether an extract knows of every date the year alone. It goes by what its tables hold, not by
// the profile's name.
func (sn *Snapshot) DatesInYears() bool { return sn.manifest.Facts[factDates] == datesInYears }

// NeedDays refuses an extract that nothing can be counted on: whether something falls into a calendar period, or
// comes before something else, cannot be told of years.
func (sn *Snapshot) NeedDays() error {
	if !sn.DatesInYears() {
		return nil
	}
	return &Error{Code: CodeDatesInYears, Subject: fmt.Sprintf("snapshot %.12s", sn.id), Detail: "it knows of every date the year alone (profile " +
		ProfileSafeHarbor + "), so what falls into a period, and what came first, cannot be told, and every measure and cohort asks for that; " +
		"its tables are there for SQL of your own, farr risk and farr export; for measures extract with profile shifted or limited"}
}
