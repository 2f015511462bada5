package measures

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A source is closed with the sites that it alone has, each of which may still be said to have another last day; one that goes on is not, nor are its
// sites with it.
func TestClosedSources(t *testing.T) {
	day := func(text string) time.Time {
		d, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	stopped := func(site, newest string, source bool) feed {
		return feed{Feed: Feed{Site: site, State: FeedStopped, Usual: 3, Longest: 10, Last: day(newest[:8] + "01")}, from: day(newest).AddDate(0, 0, 4), source: source}
	}
	runs := func(site, month string, source bool) feed {
		return feed{Feed: Feed{Site: site, State: FeedRuns, Last: day(month + "-01")}, source: source}
	}
	feeds := []feed{
		stopped("north", "2025-05-30", true), stopped("N1", "2025-05-30", false), stopped("N2", "2025-02-10", false), stopped("both", "2025-05-30", false),
		stopped("south", "2025-05-30", true), runs("south", "2025-12", true), stopped("S1", "2025-05-30", false),
		{Feed: Feed{Site: "old", State: FeedStopped}, source: true}, {Feed: Feed{Site: "N1", State: FeedUnjudged}},
	}
	for name, c := range map[string]struct {
		closed map[string]string
		states string // of the feeds that stopped
		doubts []ClosedDoubt
	}{
		"a source":                     {map[string]string{"north": "2025-05-31"}, "[closed closed stopped stopped stopped stopped stopped]", nil},
		"a source, and a site before":  {map[string]string{"north": "2025-05-31", "N2": "2025-02-12"}, "[closed closed closed stopped stopped stopped stopped]", nil},
		"a source that goes on":        {map[string]string{"south": "2025-05-31"}, "[stopped stopped stopped stopped stopped stopped stopped]", []ClosedDoubt{{"south", ClosedGoesOn}}},
		"its site, which does not":     {map[string]string{"S1": "2025-05-31"}, "[stopped stopped stopped stopped stopped closed stopped]", nil},
		"a site of both":               {map[string]string{"both": "2025-05-31"}, "[stopped stopped stopped closed stopped stopped stopped]", nil},
		"nothing, and a day to come":   {map[string]string{"east": "2025-05-31", "S1": "2026-01-01"}, "[stopped stopped stopped stopped stopped stopped stopped]", []ClosedDoubt{{"S1", ClosedAhead}, {"east", ClosedUnknown}}},
		"long before its last records": {map[string]string{"N1": "2025-03-01"}, "[stopped stopped stopped stopped stopped stopped stopped]", []ClosedDoubt{{"N1", ClosedGoesOn}}},
		"a little before them":         {map[string]string{"N1": "2025-05-27"}, "[stopped closed stopped stopped stopped stopped stopped]", nil},
		"a source long gone":           {map[string]string{"old": "2019-06-30"}, "[stopped stopped stopped stopped stopped stopped closed]", nil},
		"one that was silent before":   {map[string]string{"old": "2025-05-31"}, "[stopped stopped stopped stopped stopped stopped stopped]", nil},
		"a source of nothing dated":    {map[string]string{"west": "2025-05-31"}, "[stopped stopped stopped stopped stopped stopped stopped]", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := &plan{asOf: day("2025-12-31"), sitesOf: map[string][]string{"north": {"N1", "N2"}, "south": {"S1"}}}
			p.Closed = map[string]time.Time{}
			for site, last := range c.closed {
				p.Closed[site] = day(last)
			}
			all := slices.Clone(feeds)
			doubts := p.close(all, []string{"N1", "N2", "S1", "both"}, []string{"north", "south", "old", "west"})
			var states []string
			for _, f := range all {
				if f.State != FeedRuns && f.State != FeedUnjudged {
					states = append(states, f.State)
				}
			}
			if fmt.Sprint(states) != c.states || !slices.Equal(doubts, c.doubts) {
				t.Errorf("%v, want %s; doubts %v, want %v", states, c.states, doubts, c.doubts)
			}
		})
	}
}
