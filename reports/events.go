package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"farr/internal/source"
	"farr/measures"
	"farr/reports/internal/control"
	"farr/reports/internal/page"
	"farr/reports/internal/text"
)

// Annotation is something that happened on a day, to be seen on a measure's control chart.
type Annotation struct {
	Measure string
	Date    time.Time
	Text    string
	Pos     source.Pos // of the entry, for mistakes
}

// Rebase is a recorded decision to make a measure's limits again from a day on, with its reason.
type Rebase struct {
	Measure string
	Date    time.Time
	Reason  string
	Pos     source.Pos
}

// checkEvents refuses what is said of a measure that the results do not have, or of a day after its last period. What
// happened before the first period is passed over: the periods of a job move on, and its history stays.
func checkEvents(in input, req Request) error {
	last := map[string]time.Time{}
	var known []string
	for _, d := range in.definitions {
		if d.Kind == measures.KindMeasure {
			known = append(known, d.ID)
		}
	}
	for _, g := range in.aggregates {
		if g.High.After(last[g.Measure]) {
			last[g.Measure] = g.High
		}
	}
	var found source.Diagnostics
	check := func(pos source.Pos, measure string, date time.Time) {
		switch high, ok := last[measure]; {
		case !slices.Contains(known, measure):
			hint := cmp.Or(source.DidYouMean(measure, known), "the results have "+strings.Join(known, ", "))
			found = append(found, source.Diagnostic{Pos: pos, Code: "unknown-measure", Message: fmt.Sprintf("no measure %q in the results", measure), Hint: hint})
		case ok && !date.Before(high):
			found = append(found, source.Diagnostic{Pos: pos, Code: "date-outside-periods", Message: fmt.Sprintf("%s is after the last period of %s", date.Format(time.DateOnly), measure),
				Hint: "a day up to " + high.AddDate(0, 0, -1).Format(time.DateOnly)})
		}
	}
	for _, a := range req.Annotations {
		check(a.Pos, a.Measure, a.Date)
	}
	for _, r := range req.Rebases {
		check(r.Pos, r.Measure, r.Date)
	}
	return found.Err()
}

// eventsOf are those of one measure, in order of date.
func eventsOf(req Request, measure string) (annotations []page.Annotation, rebases []control.Rebase) {
	for _, a := range req.Annotations {
		if a.Measure == measure {
			annotations = append(annotations, page.Annotation{Date: a.Date, Text: a.Text})
		}
	}
	for _, r := range req.Rebases {
		if r.Measure == measure {
			rebases = append(rebases, control.Rebase{Date: r.Date, Reason: r.Reason})
		}
	}
	slices.SortStableFunc(annotations, func(a, b page.Annotation) int { return a.Date.Compare(b.Date) })
	slices.SortStableFunc(rebases, func(a, b control.Rebase) int { return a.Date.Compare(b.Date) })
	return annotations, rebases
}

// eventFacts are the lines of the run page and the store's log about them.
func eventFacts(w *text.Words, req Request) []page.Fact {
	var facts []page.Fact
	for _, r := range req.Rebases {
		facts = append(facts, page.Fact{Name: w.Say("Limits made again"), Value: w.Say("{measure} from {day}: {reason}", r.Measure, r.Date.Format(time.DateOnly), r.Reason)})
	}
	for _, a := range req.Annotations {
		facts = append(facts, page.Fact{Name: w.Say("Annotation"), Value: w.Say("{measure} on {day}: {text}", a.Measure, a.Date.Format(time.DateOnly), a.Text)})
	}
	return facts
}
