package page

import (
	"html/template"
	"strings"
	"time"

	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// Loaded is what was loaded of a type of record: of the whole extract, or of a site or one of several sources where its feed stopped, was closed, or
// never came from a source that was said to have it. It has no counts.
type Loaded struct {
	Resource string    // of FHIR R4
	Site     string    // a label or a source's name; empty: the whole extract
	State    string    // one of the Feed states of measures
	Last     time.Time // the month of the last record; zero where none is told
	Touched  []Named
}

// lacks tells whether records that figures rest on are not there.
func (l Loaded) lacks() bool { return l.State == measures.FeedNever || l.State == measures.FeedStopped }

// lacksOf are sentences on the records that a definition's figures lack.
func (w words) lacksOf(q *Quality, definition string) (out []string) {
	if q == nil {
		return nil
	}
	for _, l := range q.Loaded {
		for _, d := range l.Touched {
			if d.ID == definition && l.lacks() {
				out = append(out, w.loadedWords(l))
			}
		}
	}
	return out
}

// loadedWords are "Observation: Clinic 12 has sent none since May 2025.".
func (w words) loadedWords(l Loaded) string {
	switch {
	case l.State == measures.FeedNever && l.Site != "":
		return w.Say("{type}: {site} was said to have it and sent none.", l.Resource, l.Site)
	case l.State == measures.FeedNever:
		return w.Say("{type}: never loaded. The source has no such record.", l.Resource)
	case l.Last.IsZero() && l.Site == "":
		return w.Say("{type}: the feed stopped before the months that are looked at.", l.Resource)
	case l.Last.IsZero():
		return w.Say("{type}: the feed of {site} stopped before the months that are looked at.", l.Resource, l.Site)
	case l.Site == "":
		return w.Say("{type}: the feed stopped. The last record is of {month}.", l.Resource, w.month(l.Last))
	}
	return w.Say("{type}: the feed of {site} stopped. Its last record is of {month}.", l.Resource, l.Site, w.month(l.Last))
}

// loadedState is the state in a table.
func (w words) loadedState(l Loaded) string {
	switch l.State {
	case measures.FeedNever:
		return w.Say("never loaded")
	case measures.FeedStopped:
		return w.Say("stopped")
	case measures.FeedClosed:
		return w.Say("closed, as was said")
	case measures.FeedUnexpected:
		return w.Say("not expected of this source, and not there")
	case measures.FeedUnjudged:
		return w.Say("too few days with records to judge")
	}
	return w.Say("came until the last days of the data")
}

// loadedRow is a row of the table of what was loaded.
type loadedRow struct {
	Loaded
	Place, Words, Until string
}

// loaded makes the table of what was loaded.
func (a *artist) loaded(v *qualityView, q *Quality) {
	if len(q.Loaded) == 0 {
		return
	}
	t := Table{Caption: a.Say("What was loaded of each type of record"), Labels: []string{a.Say("Type"), a.Say("Of"), a.Say("State"), a.Say("Last record"), a.Say("Touches")}}
	for _, l := range q.Loaded {
		row := loadedRow{Loaded: l, Place: l.Site, Words: a.loadedState(l), Until: "–"}
		if row.Place == "" {
			row.Place = a.Say("the whole source")
		}
		last := ""
		if (l.State == measures.FeedStopped || l.State == measures.FeedClosed) && !l.Last.IsZero() {
			row.Until, last = a.month(l.Last), l.Last.Format("2006-01")
		}
		var touched []string
		for _, d := range l.Touched {
			touched = append(touched, d.Title)
		}
		v.Loaded = append(v.Loaded, row)
		t.Rows = append(t.Rows, TableRow{Labels: []string{l.Resource, row.Place, row.Words, last, strings.Join(touched, "; ")}})
	}
	a.keep("quality-loaded", t)
}

// loadedFinding says of how many types and feeds records lack, and how many measures and cohorts are touched.
func (w words) loadedFinding(q *Quality) string {
	never, stopped, absent, touched := 0, 0, 0, map[string]bool{}
	for _, l := range q.Loaded {
		switch {
		case l.State == measures.FeedNever && l.Site != "": // other sources have the type
			absent++
		case l.State == measures.FeedNever:
			never++
		case l.State == measures.FeedStopped:
			stopped++
		}
		for _, d := range l.Touched {
			if l.lacks() {
				touched[d.ID] = true
			}
		}
	}
	what := ""
	switch {
	case never > 0 && absent > 0:
		what = w.Say("{never, plural, one {# type of record was} other {# types of record were}} never loaded, and {stopped, plural, one {# feed} other {# feeds}} stopped or never came", never, stopped+absent)
	case absent > 0:
		what = w.Say("{stopped, plural, one {# feed} other {# feeds}} stopped or never came", stopped+absent)
	case never > 0 && stopped > 0:
		what = w.Say("{never, plural, one {# type of record was} other {# types of record were}} never loaded, and {stopped, plural, one {# feed} other {# feeds}} stopped", never, stopped)
	case never > 0:
		what = w.Say("{never, plural, one {# type of record was} other {# types of record were}} never loaded", never)
	case stopped > 0:
		what = w.Say("{stopped, plural, one {# feed} other {# feeds}} stopped", stopped)
	default:
		return ""
	}
	if len(touched) == 0 {
		return capital(w.Say("{what}: no figure rests on them.", what))
	}
	return capital(w.Say("{what}: figures of {n, plural, one {# measure or cohort} other {# measures and cohorts}} are incomplete.", what, len(touched)))
}

// serverFinding says that a server told of records that are not in its export; which figures rest on them nobody knows.
func (w words) serverFinding(q *Quality) string {
	if len(q.Server) == 0 {
		return ""
	}
	return w.Say("The server said that records are missing from its export ({issues}): any figure may rest on them.", strings.Join(q.Server, ", "))
}

// doubtFinding says of which sites and sources it is not taken that they were closed.
func (w words) doubtFinding(q *Quality) string {
	var all []string
	for _, d := range q.Doubts {
		switch d.Why {
		case measures.ClosedUnknown:
			all = append(all, w.Say("{name} is said to be closed, and is no site of the data, nor one of several sources.", d.Name))
		case measures.ClosedAhead:
			all = append(all, w.Say("{name} is said to be closed, and its last day is after the last day of the data.", d.Name))
		case measures.ClosedGoesOn:
			all = append(all, w.Say("{name} is said to be closed, and records of it are of later days: it is taken to be open.", d.Name))
		}
	}
	return strings.Join(all, " ")
}

// lackWords say what a rate lacks; empty where nothing does.
func (w words) lackWords(r disclose.Rate) string { return r.Lacks().Words(w.Words) }

// countCell is a count in a page's table or flow, with what it lacks.
func (w words) countCell(c disclose.Count) template.HTML {
	text := template.HTMLEscapeString(w.countText(c))
	if c.Lacks() != disclose.NothingLacks {
		text += ` <span class="sub">` + template.HTMLEscapeString(w.Say("incomplete")) + `</span>`
	}
	return template.HTML(text)
}

// Unjudged says in English why a measure's target cannot be judged, where that is since records lack; empty elsewhere.
func Unjudged(m Measure) string {
	r := headlineRow(m).Rate
	if !m.hasTarget() || r.Lacks() == disclose.NothingLacks {
		return ""
	}
	return words{text.English()}.incompleteWords(m, r)
}
