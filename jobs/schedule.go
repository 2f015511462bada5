package jobs

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // a schedule means the same on a machine without zone files

	"farr/internal/source"
	"farr/jobs/internal/cron"
)

// Schedule is when a job is due: a five-field cron line in a time zone.
type Schedule struct {
	Cron string `yaml:"cron,required" json:"cron"`
	Zone string `yaml:"zone,required" json:"zone"` // IANA name
	set  *cron.Schedule
	zone *time.Location
}

// newSchedule is the schedule of a line and zone that were checked before.
func newSchedule(line, zone string) (*Schedule, error) {
	s := &Schedule{Cron: line, Zone: zone}
	var err error
	if s.set, err = cron.Parse(line); err != nil {
		return nil, err
	}
	s.zone, err = loadZone(zone)
	return s, err
}

// Next is the first planned time after t.
func (s *Schedule) Next(t time.Time) time.Time { return s.set.Next(t, s.zone) }

// within lists the planned times after low, up to and including high.
func (s *Schedule) within(low, high time.Time) []time.Time {
	var times []time.Time
	for t := s.Next(low); !t.After(high); t = s.Next(t) {
		times = append(times, t)
	}
	return times
}

// nearZones are the names suggested for a zone that does not exist.
var nearZones = []string{
	"UTC", "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
	"America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico", "America/Detroit", "America/Boise",
	"America/Indiana/Indianapolis", "America/Kentucky/Louisville", "America/Toronto", "America/Vancouver",
	"Europe/London", "Europe/Berlin", "Europe/Paris", "Australia/Sydney",
}

func loadZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err == nil && name != "" && name != "Local" {
		return zone, nil
	}
	hint := source.DidYouMean(name, nearZones)
	if hint == "" {
		hint = "an IANA name such as America/Chicago"
	}
	return nil, source.Diagnostic{Code: "unknown-zone", Message: fmt.Sprintf("no time zone %q", strings.TrimSpace(name)), Hint: hint}
}
