package page

import (
	"farr/reports/internal/disclose"
)

// Verdict compares a rate with its target. It says nothing that the numbers
// beside it do not show.
type Verdict struct {
	Mark string // a sign for the eye; the words say the same
	Word string // Met, Not met, Not met, could be chance
	More string // what the interval adds
	Kind string // met, unclear, missed or none: the style
	// Includes: the interval includes the target.
	Includes bool
}

func (w words) verdict(m Measure, r disclose.Rate) Verdict {
	if !m.hasTarget() {
		return Verdict{Word: w.Say("No target"), Kind: "none"}
	}
	switch r.State() {
	case disclose.Suppressed:
		return Verdict{Word: w.Say("Not shown"), More: w.Say("the rate is hidden"), Kind: "none"}
	case disclose.NotApplicable:
		return Verdict{Word: w.Say("Not applicable"), More: w.Say("no one to count"), Kind: "none"}
	case disclose.Incomplete, disclose.NotKnown:
		return Verdict{Word: w.Say("Not judged"), More: w.incompleteWords(m, r), Kind: "none"}
	}
	v, low, high := r.Plot()
	target := *m.KPI.Target
	met, includes := v >= target, low <= target && target <= high
	if lowerIsBetter(m) {
		met = v <= target
	}
	out := Verdict{Mark: "▲", Word: w.Say("Met"), Kind: "met"}
	switch {
	case !met && includes:
		out = Verdict{Mark: "◇", Word: w.Say("Not met, could be chance"), Kind: "unclear"}
	case !met:
		out = Verdict{Mark: "◆", Word: w.Say("Not met"), Kind: "missed"}
	}
	out.Includes = includes
	switch {
	case r.Method() == "": // no interval is known
		out.Includes = false
		if !met {
			out = Verdict{Mark: "◆", Word: w.Say("Not met"), Kind: "missed"}
		}
		out.More = w.Say("no interval is known for this score")
	case includes:
		out.More = w.Say("the interval includes the target")
	default:
		out.More = side(v >= target, w.Say("the whole interval is above the target"), w.Say("the whole interval is below the target"))
	}
	if !met && w.rateText(r) == w.scaled(r.Scale(), target) {
		out.More += w.Say("; equal only after rounding")
	}
	return out
}

// incompleteWords say why a rate is incomplete.
func (w words) incompleteWords(m Measure, r disclose.Rate) string {
	switch r.Lacks() {
	case disclose.NeverLoaded:
		return w.Say("records of a type that it rests on were never loaded")
	case disclose.FeedStopped:
		return w.Say("a feed that it rests on had stopped")
	}
	if p := m.Definition.Published; p != nil && len(p.Lacking) > 0 {
		return w.Say("value sets that the measure needs were missing")
	}
	return w.Say("the period is incomplete")
}

func lowerIsBetter(m Measure) bool { return m.Definition.Direction == "lower" }

// targetWords is "at least 70.0 %".
func (w words) targetWords(m Measure) string {
	if !m.hasTarget() {
		return ""
	}
	value := w.trimmed(w.scaled(m.Released.Scale, *m.KPI.Target))
	if lowerIsBetter(m) {
		return w.Say("at most {value}", value)
	}
	return w.Say("at least {value}", value)
}

// benchmarkWords are "benchmark 68 %: state average"; empty without one.
func (w words) benchmarkWords(m Measure) string {
	if m.KPI == nil || m.KPI.Benchmark == nil {
		return ""
	}
	return w.Say("benchmark {value}: {source}", w.trimmed(w.scaled(m.Released.Scale, m.KPI.Benchmark.Value)), m.KPI.Benchmark.Source)
}

// rateWords is "251 of 373 (67.3 %, 95 % interval 62.4 to 71.9)", with what the rate lacks.
func (w words) rateWords(r disclose.Rate) string {
	if r.Lacks() != disclose.NothingLacks && r.State() != disclose.Suppressed {
		return w.joinParts([]string{w.wholeWords(r), w.lackWords(r)})
	}
	return w.wholeWords(r)
}

// wholeWords are those of the rate alone.
func (w words) wholeWords(r disclose.Rate) string {
	switch r.State() {
	case disclose.Suppressed:
		return w.Say("the number is hidden")
	case disclose.NotApplicable:
		return w.Say("no one to count")
	case disclose.NotKnown:
		return w.Say("the number is not known")
	}
	value := w.rateText(r)
	if r.Scale().Timed() {
		value += " " + w.unitText(r.Scale())
	}
	switch {
	case r.Scale() == disclose.Headcount:
		return w.nOfN(r)
	case r.Method() == "":
		return w.Say("{value} ({numbers})", value, w.nOfN(r))
	}
	return w.Say("{numbers} ({value}, 95\u00a0% interval {interval})", w.nOfN(r), value, w.intervalText(r))
}

// finding is a measure's headline, from the newest complete period, and why that
// is not the newest one.
func (w words) finding(m Measure, r disclose.Rate) string {
	s := w.headline(m, r)
	if why := w.pending(m); why != "" && r.State() != disclose.Incomplete {
		s += w.Say(" Newest complete period: {why}.", why)
	}
	if r.FeedIncomplete() {
		s += w.Say(" It rests on an incomplete feed.")
	}
	return s
}

// pending names the newest period that is not complete yet although its days are
// over, and what it waits for; empty when nothing waits.
func (w words) pending(m Measure) string {
	rows := series(m, m.Headline.Family, monthsOf(m.Headline))
	if len(rows) == 0 || m.Definition.FollowUpDays == 0 {
		return ""
	}
	p := rows[len(rows)-1]
	if p.Complete || !p.Period.High.After(m.Headline.High) {
		return ""
	}
	last := w.day(p.Period.High.AddDate(0, 0, -1))
	if p.Period.Family != "disjoint" {
		return w.Say("the {period} still need {followUpDays} days of follow-up after {day}", w.periodWords(p.Period), m.Definition.FollowUpDays, last)
	}
	return w.Say("{period} still needs {followUpDays} days of follow-up after {day}", w.periodWords(p.Period), m.Definition.FollowUpDays, last)
}

// verdictWithin is a verdict within a sentence.
func (w words) verdictWithin(v Verdict) string {
	switch v.Kind {
	case "met":
		return w.Say("met")
	case "unclear":
		return w.Say("not met, could be chance")
	}
	return w.Say("not met")
}

func (w words) headline(m Measure, r disclose.Rate) string {
	s := capital(w.Say("{rate} {when}", w.wholeWords(r), w.inPeriod(m.Headline)))
	if r.State() == disclose.Incomplete || r.State() == disclose.NotKnown {
		return s + "; " + w.incompleteWords(m, r) + "."
	}
	if !m.hasTarget() || !r.Shown() {
		return s + "."
	}
	v := w.verdict(m, r)
	return w.Say("{rate}; target {target} {verdict}: {more}.", s, w.targetWords(m), w.verdictWithin(v), v.More)
}

// newest is the last complete rate that may be shown, and its place; -1 without.
func newest(rows []disclose.Row) int {
	for i := len(rows) - 1; i >= 0; i-- {
		if rows[i].Complete && rows[i].Rate.Comparable() {
			return i
		}
	}
	return -1
}

// scoreboard counts the verdicts on the index.
func (w words) scoreboard(verdicts []Verdict) string {
	met, judged, includes := 0, 0, 0
	for _, v := range verdicts {
		if v.Kind == "none" {
			continue
		}
		judged++
		if v.Kind == "met" {
			met++
		}
		if v.Includes {
			includes++
		}
	}
	if judged == 0 {
		return w.Say("No measure has both a target and a rate to compare with it.")
	}
	s := w.Say("{met, plural, one {# of {judged} targets is met} other {# of {judged} targets are met}}", met, judged)
	if includes > 0 {
		s += w.Say("; for {includes} of {judged} the interval includes the target", includes, judged)
	}
	return s + "."
}
