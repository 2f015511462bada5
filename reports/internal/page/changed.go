package page

import (
	"encoding/json"
	"strconv"
	"time"

	"farr/reports/internal/control"
)

// StateFile is where a bundle says how far its charts knew, for the report after it.
const StateFile = "signals.json"

// State is what the next report has to know of this one: the last day of the newest complete period of each
// measure's chart, which no count decides.
type State struct {
	Format  int               `json:"format"`
	Results string            `json:"results"`
	AsOf    string            `json:"as_of"`
	Newest  map[string]string `json:"newest"` // by measure
	// Before is the state of the report that this one was compared with; nil for a first one. A report made
	// again in its own place is compared with it, too, so that it stays the same.
	Before *State `json:"before"`
}

// newestOf is the last day of the newest complete period in a chart; zero without one.
func newestOf(k *asked) time.Time {
	var newest time.Time
	for _, p := range k.Chart.Points {
		if p.Row.Complete {
			newest = p.Row.Period.High.AddDate(0, 0, -1)
		}
	}
	return newest
}

// since is the day up to which the report before knew a measure; false where it did not know it.
func (r *Report) since(id string) (time.Time, bool) {
	if r.Previous == nil {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateOnly, r.Previous.Newest[id])
	return t, err == nil
}

// state is the file for the report after this one.
func (a *artist) state(r *Report) ([]byte, error) {
	s := State{Format: 1, Results: r.Results, AsOf: r.AsOf.Format(time.DateOnly), Newest: map[string]string{}}
	for _, m := range r.Measures {
		if t := newestOf(a.askedOf(m)); !t.IsZero() {
			s.Newest[m.Definition.ID] = t.Format(time.DateOnly)
		}
	}
	if r.Previous != nil {
		before := *r.Previous
		before.Before = nil
		s.Before = &before
	}
	b, err := json.MarshalIndent(s, "", " ")
	return append(b, '\n'), err
}

// changedView is what is new since the report before.
type changedView struct {
	Lead     string
	Items    []changedItem
	Expect   string
	DataPath string
}

type changedItem struct {
	Mark            string
	ID, Title, Says string
}

// pointsNeeded is how many points make a signal by a rule.
var pointsNeeded = map[control.Rule]int{control.Outside: 1, control.Trend: 7, control.Zone: 2, control.Run: 7}

// changed lists the signals whose last point is later than what the report before knew.
func (a *artist) changed(r *Report) changedView {
	v := changedView{DataPath: "data/signals"}
	t := Table{Caption: a.Say("Signals of all charts"), Labels: []string{a.Say("Measure"), a.Say("From"), a.Say("To"), a.Say("Rule"), a.Say("Cause"), a.Say("New")}, Derived: []string{a.Say("Points marked")}}
	charts, signalling, fresh, anew := 0, 0, 0, 0
	anywhere, expected := 0.0, 0.0
	for _, m := range r.Measures {
		k := a.askedOf(m)
		if k.At < 0 || k.Null.Charts == 0 {
			continue
		}
		charts++
		since, known := r.since(m.Definition.ID)
		anywhere += k.Null.Any
		if known {
			fresh++
			expected += k.Null.Fresh
		}
		if len(k.Chart.Signals) > 0 {
			signalling++
		}
		for _, s := range k.Chart.Signals {
			cause := s.Cause(m.Definition.Direction)
			isNew := known && k.Chart.Points[s.To].Row.Period.High.AddDate(0, 0, -1).After(since)
			newWord := a.yesOrNo(isNew)
			if !known {
				newWord = a.Say("not known")
			}
			t.Rows = append(t.Rows, TableRow{Labels: []string{m.Definition.Title, k.Chart.Points[s.From].Row.Period.Low.Format(time.DateOnly),
				k.Chart.Points[s.To].Row.Period.High.AddDate(0, 0, -1).Format(time.DateOnly), a.say(ruleWords[s.Rule]), a.say(variationWords[cause]), newWord},
				Derived: []Derived{{Text: strconv.Itoa(s.Points), Field: strconv.Itoa(s.Points), IsNumber: true}}})
			if !isNew {
				continue
			}
			anew++
			says := a.Say("{when}: {signal} ({cause}){feed}.", a.stretchWords(k.Chart, s), a.signalWords(s), a.say(variationWords[cause]), a.feedWords(k.Chart, s))
			if before(k.Chart, s, since) >= pointsNeeded[s.Rule] {
				says = a.Say("{when}: {signal} ({cause}); it was there before and goes on{feed}.", a.stretchWords(k.Chart, s), a.signalWords(s), a.say(variationWords[cause]), a.feedWords(k.Chart, s))
			}
			v.Items = append(v.Items, changedItem{string(causeMarks[cause]), m.Definition.ID, m.Definition.Title, says})
		}
	}
	a.keep("signals", t)
	switch {
	case charts == 0:
		v.Lead = a.Say("No measure has a control chart, so that no change can be told from chance.")
		return v
	case r.Previous == nil:
		v.Lead = a.Say("There was no report before this one, so that no signal is new. {previousNote}", a.say(r.PreviousNote))
	case anew == 0:
		v.Lead = a.Say("No new signal since the report of data as of {asOf}.", a.dayOf(r.Previous.AsOf))
	default:
		v.Lead = a.Say("{anew, plural, one {# new signal} other {# new signals}} since the report of data as of {asOf}.", anew, a.dayOf(r.Previous.AsOf))
	}
	if fresh > 0 {
		v.Expect = a.Say("If nothing had changed at all, new signals would be expected in {expected} of {fresh, plural, one {# chart} other {# charts}} by chance alone. ", a.oneDecimalOf(expected), fresh)
	}
	v.Expect += a.Say("{signalling} of {charts, plural, one {# chart has} other {# charts have}} a signal somewhere; without any change {share} of charts like these would have one, which is {number} of them. Measured by simulation: {simulated} charts for each measure, with the same periods, denominators, limits and rules.",
		signalling, charts, a.percent(100*anywhere/float64(charts)), a.oneDecimalOf(anywhere), a.thousands(simulated))
	return v
}

// before counts the marked points of a signal up to a day.
func before(c control.Chart, s control.Signal, since time.Time) int {
	n := 0
	for _, p := range c.Points[s.From : s.To+1] {
		if p.Marked(s.Rule) && !p.Row.Period.High.AddDate(0, 0, -1).After(since) {
			n++
		}
	}
	return n
}

// oneDecimalOf has a second decimal where one would say little.
func (w words) oneDecimalOf(v float64) string {
	if v < 0.95 {
		return w.decimals(v, 2)
	}
	return w.decimals(v, 1)
}

// dayOf is "31 December 2025" of 2025-12-31.
func (w words) dayOf(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return w.Say("a day that is not known")
	}
	return w.day(t)
}
