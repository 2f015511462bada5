package page

import (
	"fmt"
	"strings"

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

func verdict(m Measure, r disclose.Rate) Verdict {
	if !m.hasTarget() {
		return Verdict{Word: "No target", Kind: "none"}
	}
	switch r.State() {
	case disclose.Suppressed:
		return Verdict{Word: "Not shown", More: "the rate is hidden", Kind: "none"}
	case disclose.NotApplicable:
		return Verdict{Word: "Not applicable", More: "no one to count", Kind: "none"}
	case disclose.Incomplete:
		return Verdict{Word: "Not judged", More: incompleteWords(m), Kind: "none"}
	}
	v, low, high := r.Plot()
	target := *m.KPI.Target
	met, includes := v >= target, low <= target && target <= high
	if lowerIsBetter(m) {
		met = v <= target
	}
	out := Verdict{Mark: "▲", Word: "Met", Kind: "met"}
	switch {
	case !met && includes:
		out = Verdict{Mark: "◇", Word: "Not met, could be chance", Kind: "unclear"}
	case !met:
		out = Verdict{Mark: "◆", Word: "Not met", Kind: "missed"}
	}
	out.Includes = includes
	side := "above"
	if v < target {
		side = "below"
	}
	switch {
	case r.Method() == "": // no interval is known
		out.Includes = false
		if !met {
			out = Verdict{Mark: "◆", Word: "Not met", Kind: "missed"}
		}
		out.More = "no interval is known for this score"
	case includes:
		out.More = "the interval includes the target"
	default:
		out.More = "the whole interval is " + side + " the target"
	}
	if !met && r.Text() == r.Scale().Format(target) {
		out.More += "; equal only after rounding"
	}
	return out
}

// incompleteWords say why a rate is incomplete.
func incompleteWords(m Measure) string {
	if p := m.Definition.Published; p != nil && len(p.Lacking) > 0 {
		return "value sets that the measure needs were missing"
	}
	return "the period is incomplete"
}

func lowerIsBetter(m Measure) bool { return m.Definition.Direction == "lower" }

// targetWords is "at least 70.0 %".
func targetWords(m Measure) string {
	if !m.hasTarget() {
		return ""
	}
	bound := "at least "
	if lowerIsBetter(m) {
		bound = "at most "
	}
	return bound + trimmed(m.Released.Scale.Format(*m.KPI.Target))
}

// benchmarkWords are "benchmark 68 %: state average"; empty without one.
func benchmarkWords(m Measure) string {
	if m.KPI == nil || m.KPI.Benchmark == nil {
		return ""
	}
	return "benchmark " + trimmed(m.Released.Scale.Format(m.KPI.Benchmark.Value)) + ": " + m.KPI.Benchmark.Source
}

// rateWords is "251 of 373 (67.3 %, 95 % interval 62.4 to 71.9)".
func rateWords(r disclose.Rate) string {
	switch r.State() {
	case disclose.Suppressed:
		return "the number is hidden"
	case disclose.NotApplicable:
		return "no one to count"
	}
	value := r.Text()
	if r.Scale().Timed() {
		value += " " + r.Scale().Unit()
	}
	switch {
	case r.Scale() == disclose.Headcount:
		return r.NOfN()
	case r.Method() == "":
		return fmt.Sprintf("%s (%s)", value, r.NOfN())
	}
	return fmt.Sprintf("%s (%s, 95\u00a0%% interval %s)", r.NOfN(), value, r.Interval())
}

// finding is a measure's headline, from the newest complete period, and why that
// is not the newest one.
func finding(m Measure, r disclose.Rate) string {
	s := headline(m, r)
	if why := pending(m); why != "" && r.State() != disclose.Incomplete {
		s += " Newest complete period: " + why + "."
	}
	if r.FeedIncomplete() {
		s += " It rests on an incomplete feed."
	}
	return s
}

// pending names the newest period that is not complete yet although its days are
// over, and what it waits for; empty when nothing waits.
func pending(m Measure) string {
	rows := series(m, m.Headline.Family, monthsOf(m.Headline))
	if len(rows) == 0 || m.Definition.FollowUpDays == 0 {
		return ""
	}
	p := rows[len(rows)-1]
	if p.Complete || !p.Period.High.After(m.Headline.High) {
		return ""
	}
	verb := " needs "
	if p.Period.Family != "disjoint" {
		verb = " need "
	}
	name := periodWords(p.Period)
	if p.Period.Family != "disjoint" {
		name = "the " + name
	}
	return fmt.Sprintf("%s still%s%d days of follow-up after %s", name, verb, m.Definition.FollowUpDays, day(p.Period.High.AddDate(0, 0, -1)))
}

func headline(m Measure, r disclose.Rate) string {
	s := capital(fmt.Sprintf("%s %s", rateWords(r), inPeriod(m.Headline)))
	if r.State() == disclose.Incomplete {
		return s + "; " + incompleteWords(m) + "."
	}
	if !m.hasTarget() || !r.Shown() {
		return s + "."
	}
	v := verdict(m, r)
	word := v.Word
	return fmt.Sprintf("%s; target %s %s: %s.", s, targetWords(m), strings.ToLower(word[:1])+word[1:], v.More)
}

// newest is the last complete rate that may be shown, and its place; -1 without.
func newest(rows []disclose.Row) int {
	for i := len(rows) - 1; i >= 0; i-- {
		if rows[i].Complete && rows[i].Rate.Shown() {
			return i
		}
	}
	return -1
}

// scoreboard counts the verdicts on the index.
func scoreboard(verdicts []Verdict) string {
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
		return "No measure has both a target and a rate to compare with it."
	}
	verb := "are"
	if met == 1 {
		verb = "is"
	}
	s := fmt.Sprintf("%d of %d targets %s met", met, judged, verb)
	if includes > 0 {
		s += fmt.Sprintf("; for %d of %d the interval includes the target", includes, judged)
	}
	return s + "."
}
