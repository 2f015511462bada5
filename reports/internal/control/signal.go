package control

import (
	"farr/internal/stats"
)

// Rule is one of the four, in the order in which they are asked.
type Rule string

// The rules.
const (
	Outside Rule = "outside" // a point beyond a limit
	Trend   Rule = "trend"   // 7 points that rise or fall throughout
	Zone    Rule = "zone"    // 2 of 3 points close to a limit, all on one side of the mean
	Run     Rule = "run"     // 7 points in a row on one side of the mean
)

// Rules are all in their order.
var Rules = []Rule{Outside, Trend, Zone, Run}

// Signal is a special cause: points From to To by one rule, on one side or in one direction.
type Signal struct {
	Rule     Rule
	High     bool
	From, To int // places in Chart.Points
	Points   int // that are marked
}

// has tells whether a point is marked by a rule.
func has(s stats.Signals, r Rule) bool {
	switch r {
	case Outside:
		return s.Outside
	case Trend:
		return s.Trend
	case Zone:
		return s.Zone
	default:
		return s.Run
	}
}

// RuleOf is the first rule that marks a point; empty for common cause.
func (p Point) RuleOf() Rule {
	for _, r := range Rules {
		if has(p.Signals, r) {
			return r
		}
	}
	return ""
}

// signalsOf gathers marked points into signals, rule by rule. Points of one rule and side belong together
// while every point between them is marked, too; two of a zone may have one between them. Trends are stretches as they
// were found: the point at which one turns is in both.
func signalsOf(points []Point, trends []stats.Stretch) []Signal {
	var out []Signal
	for _, r := range Rules {
		if r == Trend {
			for _, s := range trends {
				out = append(out, Signal{Rule: Trend, High: s.High, From: s.From, To: s.To, Points: s.To - s.From + 1})
			}
			continue
		}
		gap := 1
		if r == Zone {
			gap = 2
		}
		last := -1 // signal of this rule that may go on
		for i, p := range points {
			if !has(p.Signals, r) {
				continue
			}
			high := p.Limits.Value > p.Limits.Mean
			if last >= 0 && out[last].High == high && i-out[last].To <= gap && points[out[last].To].Base == p.Base {
				out[last].To = i
				out[last].Points++
				continue
			}
			out = append(out, Signal{Rule: r, High: high, From: i, To: i, Points: 1})
			last = len(out) - 1
		}
	}
	return out
}

// Variation is what the newest point that is used says.
type Variation string

// The answers. High and Low are special causes of a measure that does not say which is better.
const (
	Improving  Variation = "improving"
	Concerning Variation = "concerning"
	High       Variation = "high"
	Low        Variation = "low"
	Common     Variation = "common"
	TooFew     Variation = "too-few" // no limits
)

// Better is which direction is better: "higher", "lower" or empty where that is not said.
func judge(high bool, better string) Variation {
	switch {
	case better == "" && high:
		return High
	case better == "":
		return Low
	case high == (better == "higher"):
		return Improving
	}
	return Concerning
}

// Cause is what the rules say of a point.
func (p Point) Cause(better string) Variation {
	switch {
	case !p.Used || !p.Limited:
		return TooFew
	case !p.Signals.Any():
		return Common
	}
	return judge(p.Signals.High, better)
}

// Cause is what a signal means.
func (s Signal) Cause(better string) Variation { return judge(s.High, better) }

// Latest is the place of the newest point that is used; -1 without.
func (c Chart) Latest() int {
	for i := len(c.Points) - 1; i >= 0; i-- {
		if c.Points[i].Used {
			return i
		}
	}
	return -1
}

// Variation is that of the newest point, as its icon has it.
func (c Chart) Variation(better string) Variation {
	i := c.Latest()
	if i < 0 {
		return TooFew
	}
	return c.Points[i].Cause(better)
}

// Assurance compares the limits of the newest point with a target; empty without limits, or where which is
// better is not said.
func (c Chart) Assurance(target float64, better string) stats.Assurance {
	i := c.Latest()
	if i < 0 || !c.Points[i].Limited || better == "" {
		return ""
	}
	return stats.Assure(c.Points[i].Limits, target, better == "higher")
}

// Marked tells whether a rule marks the point.
func (p Point) Marked(r Rule) bool { return has(p.Signals, r) }
