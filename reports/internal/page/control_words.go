package page

import (
	"math"

	"farr/internal/stats"
	"farr/reports/internal/control"
	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// changeWords are the finding's sentence about change.
func (w words) changeWords(m Measure, k *asked) string {
	if k.At < 0 {
		return w.Say("Change: {k} to tell it from chance.", w.whyWords(k))
	}
	c := k.Chart
	i := c.Latest()
	p := c.Points[i]
	when := w.periodWords(p.Row.Period)
	switch v := p.Cause(m.Definition.Direction); v {
	case control.TooFew:
		return w.Say("Change: {bases}.", w.noLimitsWords(c.Bases[p.Base]))
	case control.Common:
		if n := len(c.Signals); n > 0 {
			return w.Say("Change: no signal in {when}, and {n, plural, one {# signal} other {# signals}} before it.", when, n)
		}
		return w.Say("Change: no signal in {c, plural, one {# point} other {# points}}.", usedOf(c))
	default:
		now := p.RuleOf()
		best := control.Signal{Rule: now, High: p.Signals.High, From: i, To: i, Points: 1}
		for _, s := range c.Signals { // of those that the newest point belongs to, the one with most points
			if s.To == i && s.High == best.High && s.Points >= best.Points {
				best = s
			}
		}
		return w.Say("Change: signal, {variationWords}: {signal}, {when}{feed}.", w.say(variationWords[v]), w.signalWords(best), w.stretchWords(c, best), w.feedWords(c, best))
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
func (w words) latestWords(m Measure, c control.Chart) string {
	i := c.Latest()
	p := c.Points[i]
	period, rate := w.periodWords(p.Row.Period), w.rateWords(p.Row.Rate)
	cause := p.Cause(m.Definition.Direction)
	switch {
	case cause == control.TooFew:
		return w.Say("{period}: {rate}. {why}", period, rate, capital(w.noLimitsWords(c.Bases[p.Base])))
	case cause == control.Common:
		return w.Say("{period}: {rate}. Common cause: no rule marks it", period, rate)
	}
	s := w.Say("{period}: {rate}. {cause}: {why}", period, rate, capital(w.say(variationWords[cause])), w.pointWords(p))
	if p.Row.Rate.FeedIncomplete() {
		s += w.Say("; it rests on an incomplete feed")
	}
	return s
}

// noLimitsWords say why a base has no limits.
func (w words) noLimitsWords(b control.Base) string {
	if b.None == stats.NoVariation {
		return w.Say("all points are the same, so that there are no limits")
	}
	return w.Say("too few points for limits: {used}, and limits need 6", b.Used)
}

func side(high bool, up, down string) string {
	if high {
		return up
	}
	return down
}

// pointWords say what a rule found at a point.
func (w words) pointWords(p control.Point) string {
	high := p.Signals.High
	switch p.RuleOf() {
	case control.Outside:
		return side(high, w.Say("it is above the upper limit"), w.Say("it is below the lower limit"))
	case control.Trend:
		return side(high, w.Say("it is one of 7 points or more that rise throughout"), w.Say("it is one of 7 points or more that fall throughout"))
	case control.Zone:
		return side(high, w.Say("it is one of two of three points that are close to the upper limit"), w.Say("it is one of two of three points that are close to the lower limit"))
	}
	return side(high, w.Say("it is one of 7 points in a row or more above the mean"), w.Say("it is one of 7 points in a row or more below the mean"))
}

// ruleWords name the rules, in the column that says which mark a point.
var ruleWords = map[control.Rule]text.Message{control.Outside: "outside", control.Trend: "trend", control.Zone: "zone", control.Run: "run"}

// rulesOf names the rules that mark a point, in their order.
func (w words) rulesOf(p control.Point) string {
	s := ""
	for _, r := range control.Rules {
		if p.Marked(r) {
			if s != "" {
				s += " "
			}
			s += w.say(ruleWords[r])
		}
	}
	return s
}

// signalWords say a signal in a sentence's part, after its periods.
func (w words) signalWords(s control.Signal) string {
	switch s.Rule {
	case control.Outside:
		return side(s.High, w.Say("above the upper limit"), w.Say("below the lower limit"))
	case control.Trend:
		return w.Say("{points} points that {side, select, up {rise} other {fall}} throughout", s.Points, upOrDown(s.High))
	case control.Zone:
		return w.Say("two of three points close to the {side, select, up {upper} other {lower}} limit", upOrDown(s.High))
	default:
		return w.Say("{points} points in a row {side, select, up {above} other {below}} the mean", s.Points, upOrDown(s.High))
	}
}

// feedWords say that months of a signal rest on an incomplete feed; empty where none does.
func (w words) feedWords(c control.Chart, s control.Signal) string {
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
		return w.Say("; it rests on an incomplete feed")
	}
	return w.Say("; {months} of its {of} points rest on an incomplete feed", months, of)
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
func (w words) stretchWords(c control.Chart, s control.Signal) string {
	from, to := w.periodWords(c.Points[s.From].Row.Period), w.periodWords(c.Points[s.To].Row.Period)
	if from == to {
		return from
	}
	return w.fromTo(from, to)
}

// signalItems are the signals of a chart, or that there is none.
func (w words) signalItems(c control.Chart, better string) []item {
	var items []item
	for _, s := range c.Signals {
		cause := s.Cause(better)
		items = append(items, item{Mark: string(causeMarks[cause]), Words: w.Say("{when}: {signal} ({cause}){feed}.", w.stretchWords(c, s), w.signalWords(s), w.say(variationWords[cause]), w.feedWords(c, s))})
	}
	if len(items) == 0 {
		items = []item{{Words: w.Say("No rule marks a point: the periods differ no more than chance makes them.")}}
		if b := c.Bases[len(c.Bases)-1]; b.None != nil {
			items[0].Words = capital(w.noLimitsWords(b)) + "."
		}
	}
	return items
}

// controlNote says which chart it is and why, what the other rules say, and how often chance alone signals.
func (w words) controlNote(m Measure, k *asked) string {
	c := k.Chart
	s := ""
	if n := hiddenOf(c); n > 0 {
		s += w.Say("{n, plural, one {# hidden period is} other {# hidden periods are}} left out of the limits and of every rule; numbers are hidden because they are small, so the mean may lie too high. ", n)
	}
	for i, b := range c.Bases {
		if len(c.Bases) > 1 {
			s += w.Say("From {day}: ", w.day(b.From))
		}
		s += w.baseWords(c, i) + " " + w.baseFeedWords(c, i)
	}
	s += w.Say("Rules in their order: a point beyond a limit; 7 points that rise or fall throughout; two of three points beyond two thirds of the way to a limit, all three on one side; 7 in a row on one side of the mean. ")
	s += w.openWords(c)
	switch r := c.Runs; {
	case c.NoRuns != nil:
		s += w.Say("Anhøj's runs rules need 10 points that are not on the median, and there are {useful}. ", r.Useful)
	default:
		s += w.Say("Anhøj's runs rules about the median: the longest run is {longestRun} (more than {longestAllowed} would be a signal), and the line crosses {crossings} times (fewer than {leastCrossings} would be): {side, select, up {signal} other {no signal}}. ", r.LongestRun, r.LongestAllowed, r.Crossings, r.LeastCrossings, upOrDown(r.Signal))
	}
	if k.Null.Charts > 0 && k.Null.Any > 0 {
		s += w.Say("Without any change {share} of charts like this one would have a signal somewhere ({charts} charts simulated with these periods and denominators).", w.percent(100*k.Null.Any), w.thousands(int64(k.Null.Charts)))
	}
	return s
}

// openWords say that a limit which is drawn at the end of the scale is none.
func (w words) openWords(c control.Chart) string {
	low, high := c.Open()
	switch {
	case low && high:
		return w.Say("Where a limit would lie below 0 or above {most} there is none: it is drawn at the end of the scale, and no point is outside it or close to it. ", w.scaled(c.Scale, 100))
	case low:
		return w.Say("Where the lower limit would lie below 0 there is none: it is drawn at 0, and no point is outside it or close to it. ")
	case high:
		return w.Say("Where the upper limit would lie above {most} there is none: it is drawn there, and no point is outside it or close to it. ", w.scaled(c.Scale, 100))
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
func (w words) percent(v float64) string { return w.scaled(disclose.Percent, v) }

// baseFeedWords say that limits rest on periods with an incomplete feed; empty where they do not.
func (w words) baseFeedWords(c control.Chart, at int) string {
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
	return w.Say("Of the {taken} periods that these limits are made from {feed} rest on an incomplete feed. ", taken, feed)
}

// baseWords say how a base's limits are made.
func (w words) baseWords(c control.Chart, at int) string {
	b := c.Bases[at]
	if b.None != nil {
		return capital(w.noLimitsWords(b)) + "."
	}
	mean := w.scaled(c.Scale, b.Mean)
	made := w.Say("from the first {baseline} points, and locked", b.Baseline)
	if b.Trial() {
		made = w.Say("trial limits from {baseline} points; they are locked at 12", b.Baseline)
	}
	switch b.Kind {
	case control.P:
		return w.Say("p-chart: mean {mean}, limits three standard deviations of chance from it by each period's denominator, {made}. Laney's p' is not needed: the mean denominator is {meanN}, under 2,000, and periods vary {sigma} times as much as chance, not more than 1.2 times.", mean, made, w.thousands(int64(math.Round(b.MeanN))), w.twoDecimals(b.Sigma))
	case control.Laney:
		why := w.Say("periods vary {sigma} times as much as chance, more than 1.2 times", w.twoDecimals(b.Sigma))
		if !(b.Sigma > 1.2) {
			why = w.Say("the mean denominator is {meanN}, 2,000 or more, and periods vary {sigma} times as much as chance", w.thousands(int64(math.Round(b.MeanN))), w.twoDecimals(b.Sigma))
		}
		return w.Say("Laney's p'-chart, since {why}: mean {mean}, {made}.", why, mean, made)
	default:
		return w.Say("XmR chart, since the score is no proportion: mean {mean}, limits 2.66 mean moving ranges from it, with great ranges (3.267 times their mean or more) left out once, {made}.", mean, made)
	}
}

func (w words) twoDecimals(v float64) string { return w.decimals(v, 2) }
