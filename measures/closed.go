package measures

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"farr/datasets"
)

// ClosedDoubt says why what was said of a closed site or source (Request.Closed) is not taken so.
type ClosedDoubt struct {
	Name string `json:"name"`
	Why  string `json:"why"` // one of the Closed reasons
}

// The reasons.
const (
	// ClosedUnknown: it is the label of no site of the data, and no source's name where there are several.
	ClosedUnknown = "unknown"
	// ClosedAhead: its last day comes after the last that the data know.
	ClosedAhead = "ahead"
	// ClosedGoesOn: records of it are of later days. Its feeds are judged as those of every other.
	ClosedGoesOn = "goes-on"
)

// String says it in English.
func (d ClosedDoubt) String() string {
	switch d.Why {
	case ClosedUnknown:
		return d.Name + " is said to be closed, and is no site of the data, nor one of several sources"
	case ClosedAhead:
		return d.Name + " is said to be closed, and its last day is after the last day of the data"
	}
	return d.Name + " is said to be closed, and records of it are of later days: it is taken to be open"
}

// closedBy is the version of the rules by which what was said to be closed is taken so.
const closedBy = 2

// doubtsOf reads them from results. What cannot be read is no doubt.
func doubtsOf(m datasets.Manifest) (doubts []ClosedDoubt) {
	text, err := json.Marshal(m.Facts[factDoubts])
	if err == nil {
		_ = json.Unmarshal(text, &doubts)
	}
	return doubts
}

// close tells feeds that stopped since their site or source was closed, and what of that the data do not bear out. sites are the labels of
// all, and sources the names of several.
func (p *plan) close(feeds []feed, sites, sources []string) (doubts []ClosedDoubt) {
	// why is why a site or source is not taken to be closed; empty where it is.
	why := func(name string, last time.Time) string {
		switch {
		case !slices.Contains(sites, name) && !slices.Contains(sources, name):
			return ClosedUnknown
		case last.After(p.asOf):
			return ClosedAhead
		case slices.ContainsFunc(feeds, func(f feed) bool { return f.of(name) && f.after(last) }):
			return ClosedGoesOn
		}
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(p.Closed)) {
		last := p.Closed[name]
		if reason := why(name, last); reason != "" {
			doubts = append(doubts, ClosedDoubt{name, reason})
			continue
		}
		closed := []string{name}
		for _, site := range p.sitesOf[name] {
			if _, said := p.Closed[site]; !said && why(site, last) == "" {
				closed = append(closed, site)
			}
		}
		for i := range feeds {
			if slices.ContainsFunc(closed, feeds[i].of) {
				feeds[i].close(last, p.asOf)
			}
		}
	}
	return doubts
}

// of says whether a feed is that of a site or source.
func (f feed) of(name string) bool { return f.Site == name && f.Site != QualityAll }

// after says whether a record is of a month that began after a day, and after the longest silence that the feed is known for: a result
// that comes late is no sign of life. Of how few records it is that no month is told, nothing is said.
func (f feed) after(day time.Time) bool {
	return f.Last.After(day.AddDate(0, 0, f.Longest))
}

// close tells a feed that stopped since its site or source was closed. What ended before that, by more than the longest silence that it
// is known for, lacks records nevertheless.
func (f *feed) close(last, asOf time.Time) {
	ended := f.from.AddDate(0, 0, max(0, f.Longest-f.Usual))
	if f.from.IsZero() { // of a source, before the years of which it is told
		ended = asOf.AddDate(-datasets.FeedYears, 0, 0)
	}
	if f.State == FeedStopped && last.Before(ended) {
		f.State, f.from = FeedClosed, time.Time{}
	}
}
