package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

// happening is an annotation, or a decision to make limits again.
type happening struct {
	date   time.Time
	words  string
	rebase bool
}

// happenings are those of a measure in order of time.
func (w words) happenings(m Measure) []happening {
	var all []happening
	for _, a := range m.Annotations {
		all = append(all, happening{a.Date, a.Text, false})
	}
	for _, r := range m.Rebases {
		all = append(all, happening{r.Date, w.Say("Limits are made again from here on: {reason}", r.Reason), true})
	}
	slices.SortStableFunc(all, func(a, b happening) int { return a.date.Compare(b.date) })
	return all
}

// within tells whether a day is in a period.
func within(day time.Time, p disclose.Period) bool { return !day.Before(p.Low) && day.Before(p.High) }

// eventsOf are the numbered lines of a chart, and what each says. Number 1 is the first in time. What lies in no
// period of the chart has no line.
func (w words) eventsOf(m Measure, rows []disclose.Row) ([]chart.Event, []item) {
	var events []chart.Event
	var items []item
	numbered := 0
	for _, h := range w.happenings(m) {
		number := ""
		for i, r := range rows {
			if !within(h.date, r.Period) {
				continue
			}
			numbered++
			number = fmt.Sprint(numbered)
			share := h.date.Sub(r.Period.Low).Hours() / r.Period.High.Sub(r.Period.Low).Hours()
			if n := len(events) - 1; n >= 0 && events[n].At == i && events[n].Share == share { // of one day: one line
				events[n].Number, events[n].Rebase = events[n].Number+", "+number, events[n].Rebase || h.rebase
				continue
			}
			events = append(events, chart.Event{At: i, Share: share, Number: number, Rebase: h.rebase})
		}
		words := w.day(h.date) + ": " + h.words
		if h.rebase {
			if from := w.countFrom(h.date, rows); from != "" {
				words = strings.TrimSuffix(words, ".") + "." + from
			}
		}
		items = append(items, item{Number: number, Words: words})
	}
	return events, items
}

// happenedIn are the words of all that happened in a period, for its row.
func (w words) happenedIn(m Measure, p disclose.Period) string {
	var words []string
	for _, h := range w.happenings(m) {
		if within(h.date, p) {
			words = append(words, h.date.Format(time.DateOnly)+": "+h.words)
		}
	}
	return w.joinParts(words)
}
