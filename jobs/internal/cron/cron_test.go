package cron

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// zones have what goes wrong elsewhere: half-hour shifts, gaps over midnight, a day
// that never was, shifts at odd minutes, and none at all.
var zones = []struct {
	name string
	year int
}{
	{"UTC", 2026}, {"America/New_York", 2026}, {"America/New_York", 2045}, {"Europe/Berlin", 2037}, {"Europe/Berlin", 2026}, {"Australia/Lord_Howe", 2026},
	{"America/Sao_Paulo", 2017}, {"Pacific/Apia", 2011}, {"America/St_Johns", 2010}, {"Africa/Casablanca", 2026},
	{"Asia/Kathmandu", 2026}, {"Europe/Dublin", 2026}, {"America/Havana", 2026}, {"Asia/Tehran", 2021},
}

func TestNext(t *testing.T) {
	for _, c := range []struct {
		expr, zone, after string
		want              string
	}{
		// Skipped and repeated times.
		{"30 2 * * *", "America/New_York", "2026-03-07T12:00:00-05:00", "2026-03-08T03:00:00-04:00 2026-03-09T02:30:00-04:00"},
		{"30 1 * * *", "America/New_York", "2026-10-31T12:00:00-04:00", "2026-11-01T01:30:00-04:00 2026-11-02T01:30:00-05:00"},
		{"*/30 * * * *", "America/New_York", "2026-03-08T01:15:00-05:00", "2026-03-08T01:30:00-05:00 2026-03-08T03:00:00-04:00 2026-03-08T03:30:00-04:00"},
		{"0 * * * *", "America/New_York", "2026-11-01T00:30:00-04:00", "2026-11-01T01:00:00-04:00 2026-11-01T02:00:00-05:00"},
		{"0 0 * * *", "America/Sao_Paulo", "2017-10-14T12:00:00-03:00", "2017-10-15T01:00:00-02:00 2017-10-16T00:00:00-02:00"},
		{"0 12 * * *", "Pacific/Apia", "2011-12-29T13:00:00-10:00", "2011-12-31T00:00:00+14:00 2011-12-31T12:00:00+14:00"},
		// Days: either when both are restricted, both when one begins with a star.
		{"0 0 13 * 5", "UTC", "2026-02-01T00:00:00Z", "2026-02-06T00:00:00Z 2026-02-13T00:00:00Z 2026-02-20T00:00:00Z"},
		{"0 0 */10 * 5", "UTC", "2026-01-01T00:00:00Z", "2026-05-01T00:00:00Z 2026-07-31T00:00:00Z"},
		{"0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"},
		{"5 4 * JAN-mar sun,7", "UTC", "2026-03-22T04:05:00Z", "2026-03-29T04:05:00Z 2027-01-03T04:05:00Z"},
		{"0-10/5,59 23 31 12 *", "UTC", "2026-12-31T23:05:00Z", "2026-12-31T23:10:00Z 2026-12-31T23:59:00Z 2027-12-31T23:00:00Z"},
		{"@monthly", "UTC", "2026-12-31T23:59:59.9Z", "2027-01-01T00:00:00Z"},
	} {
		s, err := Parse(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		zone := load(t, c.zone)
		var got []string
		for range strings.Fields(c.want) {
			at = s.Next(at, zone)
			got = append(got, at.Format(time.RFC3339))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s in %s: got %v, want %s", c.expr, c.zone, got, c.want)
		}
	}
}

// Next agrees with a walk over every minute that knows nothing of time.Date: it
// reads the wall clock of each moment and asks which wall times it has passed.
func TestNextIsTheMinuteWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		zone := load(t, z.name)
		s, err := Parse(expression(t))
		if err != nil {
			t.Skip(err.Error())
		}
		begin := time.Date(z.year, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(t, "begin")) * time.Minute)
		// Most draws look at a change of offset, where the mistakes are.
		if _, end := begin.In(zone).ZoneBounds(); !end.IsZero() && rapid.Bool().Draw(t, "near a change") {
			begin = end.Truncate(time.Minute).Add(-time.Duration(rapid.IntRange(0, 2000).Draw(t, "before")) * time.Minute)
		}
		finish := begin.Add(5 * 24 * time.Hour)
		next := s.Next(begin, zone)
		for _, want := range walk(s, zone, begin, finish) {
			if !next.Equal(want) {
				t.Fatalf("%s in %s after %v: got %v, want %v", s, z.name, begin.In(zone), next, want.In(zone))
			}
			next = s.Next(next, zone)
		}
		if !next.After(finish) {
			t.Fatalf("%s in %s after %v: %v should not occur", s, z.name, begin.In(zone), next)
		}
	})
}

// walk lists the occurrences in (begin, finish].
func walk(s *Schedule, zone *time.Location, begin, finish time.Time) []time.Time {
	matches := func(w time.Time) bool {
		return s.minute&(1<<w.Minute()) != 0 && s.hour&(1<<w.Hour()) != 0 && s.onDay(w)
	}
	var found []time.Time
	from := begin.Add(-48 * time.Hour)
	passed := wallOf(from.In(zone)) // every wall time up to here has had its turn
	for t := from.Add(time.Minute); !t.After(finish); t = t.Add(time.Minute) {
		occurs := false
		for wall := wallOf(t.In(zone)); passed.Before(wall); {
			passed = passed.Add(time.Minute)
			occurs = occurs || matches(passed)
		}
		if occurs && t.After(begin) {
			found = append(found, t)
		}
	}
	return found
}

func expression(t *rapid.T) string {
	part := func(label string, f field) string {
		value := rapid.IntRange(f.low, f.high)
		switch rapid.IntRange(0, 4).Draw(t, label) {
		case 0:
			return fmt.Sprint(value.Draw(t, label))
		case 1:
			a, b := value.Draw(t, label), value.Draw(t, label)
			return fmt.Sprintf("%d-%d", min(a, b), max(a, b))
		case 2:
			return fmt.Sprintf("*/%d", rapid.IntRange(1, (f.high-f.low)/2).Draw(t, label))
		case 3:
			return fmt.Sprintf("%d,%d", value.Draw(t, label), value.Draw(t, label))
		default:
			return "*"
		}
	}
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = part(f.name, f)
	}
	return strings.Join(parts, " ")
}

func TestParseRefuses(t *testing.T) {
	for expr, want := range map[string]string{
		"":                    "has 0 fields",
		"* * * *":             "has 4 fields",
		"0 5 1 * * *":         "has 6 fields",
		"60 * * * *":          `minute: "60" is not a value from 0 to 59`,
		"* 24 * * *":          `hour: "24" is not`,
		"* * 0 * *":           `day of month: "0" is not a value from 1 to 31`,
		"* * * foo *":         `month: "foo" is not`,
		"* * * * 8":           `day of week: "8" is not`,
		"5-x * * * *":         `"x" is not a value`,
		"5-1 * * * *":         `the range "5-1" goes backwards`,
		"*/0 * * * *":         `the step "0" is not a whole number from 1 to 59`,
		"*/90 * * * *":        `the step "90" is not`,
		"5/10 * * * *":        `has a step without a range; write 5-59/10`,
		"1,,2 * * * *":        `"" is not a value`,
		"+1 * * * *":          `"+1" is not a value`,
		"-1 * * * *":          `"" is not a value`,
		"0 0 30 2 *":          "never occurs",
		"0 0 31 4,6,9 *":      "never occurs",
		"0 0 31 2 */2":        "never occurs",
		"0 0 L * *":           `"L" is not a value`,
		"@every 5m":           "has 2 fields",
		"99999999999 * * * *": "is not a value",
	} {
		if _, err := Parse(expr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want %q", expr, err, want)
		}
	}
	if s, err := Parse("0 0 31 2 1"); err != nil || s.String() != "0 0 31 2 1" {
		t.Errorf("Mondays of February occur: %v, %v", s, err)
	}
}

func load(t interface{ Fatal(...any) }, name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func BenchmarkNext(b *testing.B) {
	zone := load(b, "America/New_York")
	s, err := Parse("* * * * *")
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC)
	for b.Loop() {
		at = s.Next(at, zone)
	}
}
