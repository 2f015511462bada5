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

// maxRows is how many planned times of one pause become a row each. A pause can be years, and a line can name every minute.
const maxRows = 1000

// within lists the planned times after low, up to and including high: the newest maxRows of them, and those before as one gap.
func (s *Schedule) within(low, high time.Time) (times []time.Time, before gap) {
	for t := s.Next(low); !t.After(high); t = s.Next(t) {
		if times = append(times, t); len(times) == 2*maxRows {
			before = before.with(times[:maxRows])
			times = append(times[:0], times[maxRows:]...)
		}
	}
	if over := len(times) - maxRows; over > 0 {
		before = before.with(times[:over])
		times = times[over:]
	}
	return times, before
}

// gap is planned times in a row, none of which ran.
type gap struct {
	first, last time.Time
	times       int
}

func (g gap) with(times []time.Time) gap {
	if g.times == 0 {
		g.first = times[0]
	}
	return gap{g.first, times[len(times)-1], g.times + len(times)}
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
