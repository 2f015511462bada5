package page

import (
	"fmt"
	"math"

	"farr/internal/stats"
	"farr/reports/internal/control"
	"farr/reports/internal/disclose"
)

// changeWords are the finding's sentence about change.
func changeWords(m Measure, k *asked) string {
	if k.At < 0 {
		return "Change: " + k.whyWords() + " to tell it from chance."
	}
	c := k.Chart
	i := c.Latest()
	p := c.Points[i]
	when := periodWords(p.Row.Period)
	switch v := p.Cause(m.Definition.Direction); v {
	case control.TooFew:
		return "Change: " + noLimitsWords(c.Bases[p.Base]) + "."
	case control.Common:
		if n := len(c.Signals); n > 0 {
			return fmt.Sprintf("Change: no signal in %s, and %s before it.", when, counted(n, "signal"))
		}
		return fmt.Sprintf("Change: no signal in %s.", counted(usedOf(c), "point"))
	default:
		now := p.RuleOf()
		best := control.Signal{Rule: now, High: p.Signals.High, From: i, To: i, Points: 1}
		for _, s := range c.Signals { // of those that the newest point belongs to, the one with most points
			if s.To == i && s.High == best.High && s.Points >= best.Points {
				best = s
			}
		}
		return fmt.Sprintf("Change: signal, %s: %s, %s%s.", variationWords[v], signalWords(best), stretchWords(c, best), feedWords(c, best))
	}
}

func usedOf(c control.Chart) int {
	n := 0
	for _, b := range c.Bases {
		n += b.Used
	}
	return n
}

// latestWords say the newest point that the rules were asked of, and what they say.
func latestWords(m Measure, c control.Chart) string {
	i := c.Latest()
	p := c.Points[i]
	s := periodWords(p.Row.Period) + ": " + rateWords(p.Row.Rate) + ". "
	cause := p.Cause(m.Definition.Direction)
	switch {
	case cause == control.TooFew:
		return s + capital(noLimitsWords(c.Bases[p.Base]))
	case cause == control.Common:
		return s + "Common cause: no rule marks it"
	}
	s += capital(variationWords[cause]) + ": " + pointWords[p.RuleOf()](p.Signals.High)
	if p.Row.Rate.FeedIncomplete() {
		s += "; it rests on an incomplete feed"
	}
	return s
}

// noLimitsWords say why a base has no limits.
func noLimitsWords(b control.Base) string {
	if b.None == stats.NoVariation {
		return "all points are the same, so that there are no limits"
	}
	return fmt.Sprintf("too few points for limits: %d, and limits need 6", b.Used)
}

func side(high bool, up, down string) string {
	if high {
		return up
	}
	return down
}

// pointWords say what a rule found at a point.
var pointWords = map[control.Rule]func(high bool) string{
	control.Outside: func(high bool) string { return "it is " + side(high, "above the upper", "below the lower") + " limit" },
	control.Trend: func(high bool) string {
		return "it is one of 7 points or more that " + side(high, "rise", "fall") + " throughout"
	},
	control.Zone: func(high bool) string {
		return "it is one of two of three points that are close to the " + side(high, "upper", "lower") + " limit"
	},
	control.Run: func(high bool) string {
		return "it is one of 7 points in a row or more " + side(high, "above", "below") + " the mean"
	},
}

// rulesOf names the rules that mark a point, in their order.
func rulesOf(p control.Point) string {
	s := ""
	for _, r := range control.Rules {
		if p.Marked(r) {
			if s != "" {
				s += " "
			}
			s += string(r)
		}
	}
	return s
}

// signalWords say a signal in a sentence's part, after its periods.
func signalWords(s control.Signal) string {
	switch s.Rule {
	case control.Outside:
		return side(s.High, "above the upper limit", "below the lower limit")
	case control.Trend:
		return fmt.Sprintf("%d points that %s throughout", s.Points, side(s.High, "rise", "fall"))
	case control.Zone:
		return "two of three points close to the " + side(s.High, "upper", "lower") + " limit"
	default:
		return fmt.Sprintf("%d points in a row %s the mean", s.Points, side(s.High, "above", "below"))
	}
}

// feedWords say that months of a signal rest on an incomplete feed; empty where none does.
func feedWords(c control.Chart, s control.Signal) string {
	months, of := 0, 0
	for _, p := range c.Points[s.From : s.To+1] {
		if p.Used {
			of++
		}
		if p.Used && p.Row.Rate.FeedIncomplete() {
			months++
		}
	}
	switch {
	case months == 0:
		return ""
	case of == 1:
		return "; it rests on an incomplete feed"
	}
	return fmt.Sprintf("; %d of its %d points rest on an incomplete feed", months, of)
}

// rowsIn are the rows of a chart.
func rowsIn(c control.Chart) []disclose.Row {
	rows := make([]disclose.Row, len(c.Points))
	for i, p := range c.Points {
		rows[i] = p.Row
	}
	return rows
}

// stretchWords is "March 2025" or "March 2025 to June 2025".
func stretchWords(c control.Chart, s control.Signal) string {
	from, to := periodWords(c.Points[s.From].Row.Period), periodWords(c.Points[s.To].Row.Period)
	if from == to {
		return from
	}
	return from + " to " + to
}

// signalItems are the signals of a chart, or that there is none.
func signalItems(c control.Chart, better string) []item {
	var items []item
	for _, s := range c.Signals {
		cause := s.Cause(better)
		items = append(items, item{Mark: string(causeMarks[cause]), Words: fmt.Sprintf("%s: %s (%s)%s.", stretchWords(c, s), signalWords(s), variationWords[cause], feedWords(c, s))})
	}
	if len(items) == 0 {
		items = []item{{Words: "No rule marks a point: the periods differ no more than chance makes them."}}
		if b := c.Bases[len(c.Bases)-1]; b.None != nil {
			items[0].Words = capital(noLimitsWords(b)) + "."
		}
	}
	return items
}

// controlNote says which chart it is and why, what the other rules say, and how often chance alone signals.
func controlNote(m Measure, k *asked) string {
	c := k.Chart
	s := ""
	if n := hiddenOf(c); n > 0 {
		s += fmt.Sprintf("%s left out of the limits and of every rule; numbers are hidden because they are small, so the mean may lie too high. ", map[bool]string{true: "1 hidden period is", false: fmt.Sprint(n, " hidden periods are")}[n == 1])
	}
	for i, b := range c.Bases {
		if len(c.Bases) > 1 {
			s += "From " + day(b.From) + ": "
		}
		s += baseWords(c, i) + " " + baseFeedWords(c, i)
	}
	s += "Rules in their order: a point beyond a limit; 7 points that rise or fall throughout; two of three points beyond two thirds of the way to a limit, all three on one side; 7 in a row on one side of the mean. "
	s += openWords(c)
	switch r := c.Runs; {
	case c.NoRuns != nil:
		s += fmt.Sprintf("Anhøj's runs rules need 10 points that are not on the median, and there are %d. ", r.Useful)
	default:
		s += fmt.Sprintf("Anhøj's runs rules about the median: the longest run is %d (more than %d would be a signal), and the line crosses %d times (fewer than %d would be): %s. ",
			r.LongestRun, r.LongestAllowed, r.Crossings, r.LeastCrossings, map[bool]string{true: "signal", false: "no signal"}[r.Signal])
	}
	if k.Null.Charts > 0 && k.Null.Any > 0 {
		s += fmt.Sprintf("Without any change %s of charts like this one would have a signal somewhere (%s charts simulated with these periods and denominators).",
			percent(100*k.Null.Any), disclose.Thousands(int64(k.Null.Charts)))
	}
	return s
}

// openWords say that a limit which is drawn at the end of the scale is none.
func openWords(c control.Chart) string {
	low, high := c.Open()
	switch {
	case low && high:
		return "Where a limit would lie below 0 or above " + c.Scale.Format(100) + " there is none: it is drawn at the end of the scale, and no point is outside it or close to it. "
	case low:
		return "Where the lower limit would lie below 0 there is none: it is drawn at 0, and no point is outside it or close to it. "
	case high:
		return "Where the upper limit would lie above " + c.Scale.Format(100) + " there is none: it is drawn there, and no point is outside it or close to it. "
	}
	return ""
}

func hiddenOf(c control.Chart) int {
	n := 0
	for _, p := range c.Points {
		if p.Row.Rate.State() == disclose.Suppressed {
			n++
		}
	}
	return n
}

// percent writes a share of charts.
func percent(v float64) string { return disclose.Percent.Format(v) }

// baseFeedWords say that limits rest on periods with an incomplete feed; empty where they do not.
func baseFeedWords(c control.Chart, at int) string {
	taken, feed := 0, 0
	for _, p := range c.Points {
		if p.Base != at || !p.Used || taken == c.Bases[at].Baseline {
			continue
		}
		taken++
		if p.Row.Rate.FeedIncomplete() {
			feed++
		}
	}
	if feed == 0 || c.Bases[at].None != nil {
		return ""
	}
	return fmt.Sprintf("Of the %d periods that these limits are made from %d rest on an incomplete feed. ", taken, feed)
}

// baseWords say how a base's limits are made.
func baseWords(c control.Chart, at int) string {
	b := c.Bases[at]
	if b.None != nil {
		return capital(noLimitsWords(b)) + "."
	}
	mean := c.Scale.Format(b.Mean)
	made := fmt.Sprintf("from the first %d points, and locked", b.Baseline)
	if b.Trial() {
		made = fmt.Sprintf("trial limits from %d points; they are locked at 12", b.Baseline)
	}
	switch b.Kind {
	case control.P:
		return fmt.Sprintf("p-chart: mean %s, limits three standard deviations of chance from it by each period's denominator, %s. Laney's p' is not needed: the mean denominator is %s, under 2,000, and periods vary %s times as much as chance, not more than 1.2 times.",
			mean, made, disclose.Thousands(int64(math.Round(b.MeanN))), twoDecimals(b.Sigma))
	case control.Laney:
		why := fmt.Sprintf("periods vary %s times as much as chance, more than 1.2 times", twoDecimals(b.Sigma))
		if !(b.Sigma > 1.2) {
			why = fmt.Sprintf("the mean denominator is %s, 2,000 or more, and periods vary %s times as much as chance", disclose.Thousands(int64(math.Round(b.MeanN))), twoDecimals(b.Sigma))
		}
		return fmt.Sprintf("Laney's p'-chart, since %s: mean %s, %s.", why, mean, made)
	default:
		return fmt.Sprintf("XmR chart, since the score is no proportion: mean %s, limits 2.66 mean moving ranges from it, with great ranges (3.267 times their mean or more) left out once, %s.", mean, made)
	}
}

func twoDecimals(v float64) string { return fmt.Sprintf("%.2f", v) }
