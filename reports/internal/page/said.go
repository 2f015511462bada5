package page

import (
	"fmt"
	"time"

	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// words say everything on the pages, in one language.
type words struct{ *text.Words }

func (w words) countText(c disclose.Count) string         { return c.Text(w.Words) }
func (w words) figureText(f disclose.Figure) string       { return f.Text(w.Words) }
func (w words) rateText(r disclose.Rate) string           { return r.Text(w.Words) }
func (w words) nOfN(r disclose.Rate) string               { return r.NOfN(w.Words) }
func (w words) denominatorText(r disclose.Rate) string    { return r.DenominatorText(w.Words) }
func (w words) intervalText(r disclose.Rate) string       { return r.Interval(w.Words) }
func (w words) noteText(r disclose.Rate) string           { return r.Note(w.Words) }
func (w words) unitText(s disclose.Scale) string          { return s.Unit(w.Words) }
func (w words) scaled(s disclose.Scale, v float64) string { return s.Format(w.Words, v) }
func (w words) thousands(n int64) string                  { return w.Number(disclose.Thousands(n)) }
func (w words) month(t time.Time) string                  { return w.Month(t) }
func (w words) shortMonth(t time.Time) string             { return w.ShortMonth(t) }
func (w words) tickMonth(t time.Time) string              { return w.TickMonth(t) }

// decimals writes v with so many decimals.
func (w words) decimals(v float64, n int) string { return w.Number(fmt.Sprintf("%.*f", n, v)) }

// say says a message of a list; empty where the list has none.
func (w words) say(m text.Message) string {
	if m == "" {
		return ""
	}
	return w.Say(m)
}

// upOrDown is the form of a text that goes up or down.
func upOrDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

func (w words) dayText(t time.Time) string     { return w.Day(t) }
func (w words) join(list []string) string      { return w.Join(list) }
func (w words) joinParts(list []string) string { return w.JoinParts(list) }
func (w words) fromTo(from, to string) string  { return w.Say("{from} to {to}", from, to) }
func quarterOf(t time.Time) int                { return (int(t.Month()) + 2) / 3 }
func yearOf(t time.Time) int                   { return t.Year() }
func yearOfCentury(t time.Time) string         { return t.Format("06") }

// oneTenth writes v with one decimal, and no unit.
func (w words) oneTenth(v float64) string { return w.Number(disclose.Tenths(v)) }

func (w words) yesOrNo(yes bool) string {
	if yes {
		return w.Say("yes")
	}
	return w.Say("no")
}

func (w words) rule(p disclose.Policy) string         { return p.Rule(w.Words) }
func (w words) caveat(p disclose.Policy) string       { return p.Caveat(w.Words) }
func (w words) policySource(p disclose.Policy) string { return p.Source(w.Words) }

func (w words) covers(c disclose.Certificate) []string     { return c.Covers(w.Words) }
func (w words) notCovered(c disclose.Certificate) []string { return c.NotCovered(w.Words) }

// audience names whom the report is for.
func (w words) audience(a disclose.Audience) string {
	if a == disclose.Internal {
		return w.Say("internal")
	}
	return w.Say("external")
}

// kind names what is defined.
func (w words) kind(kind string) string {
	if kind == "cohort" {
		return w.Say("cohort")
	}
	return w.Say("measure")
}

// improvement is what a published measure says of which score is better, by FHIR's code where it says one thing.
func (w words) improvement(code string) string {
	if code == measures.Contradictory {
		return w.Say("the opposite by its code of what it says by its text, so that neither is taken")
	}
	return code
}

// counts are several, one behind the other.
func (w words) counts(list []disclose.Count) string {
	var out []string
	for _, c := range list {
		out = append(out, w.countText(c))
	}
	return w.Join(out)
}

// codes says how many codes a value list has.
func (w words) codes(n int) string { return w.Say("{n, plural, one {# code} other {# codes}}", n) }
