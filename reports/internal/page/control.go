package page

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"farr/internal/stats"
	"farr/reports/internal/chart"
	"farr/reports/internal/control"
	"farr/reports/internal/disclose"
)

// simulated is how many charts without a change are made to see how often the rules signal by chance.
const simulated = 2000

// asked is a measure's control chart with what the index and the measure's page say of it.
type asked struct {
	Chart control.Chart
	At    int   // of the measure's series of separate periods; -1 where none has enough points
	Why   error // that there is none
	Null  control.Null
}

// whyWords say why a measure has no control chart.
func (k *asked) whyWords() string {
	if k.Why == control.ManyHidden {
		return "too many periods are hidden"
	}
	return "too few points"
}

// askedOf makes a measure's control chart once.
func (a *artist) askedOf(m Measure) *asked {
	if have, ok := a.asked[m.Definition.ID]; ok {
		return have
	}
	lines, _ := seriesOf(m, "disjoint")
	out := &asked{}
	out.At, out.Why = control.Choose(lines)
	if out.At >= 0 {
		out.Chart = control.Of(lines[out.At], m.Rebases)
		since, _ := a.report.since(m.Definition.ID)
		out.Null = out.Chart.Null(since.AddDate(0, 0, 1), simulated, 1)
	}
	a.asked[m.Definition.ID] = out
	return out
}

// causeMarks are the shapes of causes, in drawings and legends.
var causeMarks = map[control.Variation]chart.Cause{control.Common: chart.CommonCause, control.Improving: chart.Improving,
	control.Concerning: chart.Concerning, control.High: chart.Unjudged, control.Low: chart.Unjudged, control.TooFew: chart.CommonCause}

// variationWords say what a cause is.
var variationWords = map[control.Variation]string{control.Improving: "special cause, improving", control.Concerning: "special cause, concerning",
	control.High: "special cause, higher", control.Low: "special cause, lower", control.Common: "common cause", control.TooFew: "too few points"}

// sign is an icon with its words.
type sign struct {
	Icon       template.HTML
	Word, More string
	Code       string // in data files
}

// variationSign is the icon of the newest point of a measure.
func variationSign(m Measure, k *asked) sign {
	if k.At < 0 {
		return sign{Icon: chart.IconNone.SVG().HTML(), Word: "Not judged", More: k.whyWords(), Code: string(control.TooFew)}
	}
	c := k.Chart
	v := c.Variation(m.Definition.Direction)
	p := c.Points[c.Latest()]
	icons := map[control.Variation]chart.Icon{control.Improving: chart.IconImproving, control.Concerning: chart.IconConcerning, control.High: chart.IconUnjudged,
		control.Low: chart.IconUnjudged, control.Common: chart.IconCommon, control.TooFew: chart.IconNone}
	s := sign{Icon: icons[v].SVG().HTML(), Word: capital(variationWords[v]), More: periodWords(p.Row.Period), Code: string(v)}
	if v == control.TooFew {
		s.More = noLimitsWords(c.Bases[p.Base])
	} else if c.Bases[p.Base].Trial() {
		s.More += ", by trial limits"
	}
	return s
}

// assuranceSign is the icon of whether the limits hold the target.
func assuranceSign(m Measure, k *asked) sign {
	none := sign{Icon: chart.IconNone.SVG().HTML(), Word: "Not assessed", Code: "not-assessed"}
	switch {
	case !m.hasTarget():
		none.More = "no target"
		return none
	case m.Definition.Direction == "":
		none.More = "which is better is not said"
		return none
	case k.At < 0:
		none.More = k.whyWords()
		return none
	}
	signs := map[stats.Assurance]sign{
		stats.Pass:      {chart.IconPass.SVG().HTML(), "Will be met", "limits all better than the target", "P"},
		stats.Fail:      {chart.IconFail.SVG().HTML(), "Will be missed", "limits all worse than the target", "F"},
		stats.HitOrMiss: {chart.IconEither.SVG().HTML(), "Hit or miss", "target within the limits", "?"},
	}
	if s, ok := signs[k.Chart.Assurance(*m.KPI.Target, m.Definition.Direction)]; ok {
		if v := k.Chart.Variation(m.Definition.Direction); v != control.Common {
			s.More += ", which are from before the signal"
		}
		return s
	}
	none.More = "no limits"
	return none
}

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
		return fmt.Sprintf("Change: signal, %s: %s, %s.", variationWords[v], signalWords(best), stretchWords(c, best))
	}
}

func usedOf(c control.Chart) int {
	n := 0
	for _, b := range c.Bases {
		n += b.Used
	}
	return n
}

// controlFigure draws the series that the rules are asked of.
func (a *artist) controlFigure(m Measure, k *asked, id, caption string) (Figure, error) {
	c, better := k.Chart, m.Definition.Direction
	rows := make([]disclose.Row, len(c.Points))
	points := make([]chart.ControlPoint, len(c.Points))
	t := Table{Caption: caption, Labels: []string{"Period", "From", "To"}, Rated: true, Scale: m.Released.Scale,
		Derived: []string{"Mean", "Lower limit", "Upper limit", "Cause", "Rules", "What happened"}}
	seen := map[chart.Cause]bool{}
	f := Figure{ID: id, DataPath: "../data/" + id}
	incomplete := false
	for i, p := range c.Points {
		rows[i] = p.Row
		points[i] = chart.ControlPoint{Label: periodTick(p.Row.Period), Rate: p.Row.Rate, Limited: p.Limited, Meant: c.Bases[p.Base].None == nil,
			Mean: p.Limits.Mean, Low: p.Limits.Low, High: p.Limits.High, Cause: causeMarks[p.Cause(better)], Base: p.Base}
		row := TableRow{Labels: []string{periodWords(p.Row.Period), p.Row.Period.Low.Format(time.DateOnly), p.Row.Period.High.AddDate(0, 0, -1).Format(time.DateOnly)},
			Rate: p.Row.Rate, Derived: make([]Derived, len(t.Derived))}
		if p.Limited {
			for j, v := range []float64{p.Limits.Mean, p.Limits.Low, p.Limits.High} {
				row.Derived[j] = statistic(t.Scale, v)
			}
		}
		if p.Limited && p.Used {
			row.Derived[3], row.Derived[4] = word(variationWords[p.Cause(better)]), word(rulesOf(p))
		}
		row.Derived[5] = word(happenedIn(m, p.Row.Period))
		if p.Used {
			seen[points[i].Cause] = true
		}
		t.Rows = append(t.Rows, row)
		f.Hidden = f.Hidden || p.Row.Rate.State() == disclose.Suppressed
		incomplete = incomplete || p.Row.Rate.Hollow()
	}
	f.Table = t
	a.keepSpan(id, t, rows)
	f.Heading = capital(latestWords(m, c)) + "."
	description := fmt.Sprintf("%s %d periods from %s to %s, with mean and limits. The table below the drawing has every number.", f.Heading, len(rows),
		periodWords(rows[0].Period), periodWords(rows[len(rows)-1].Period))
	events, happened := eventsOf(m, rows)
	var err error
	f.Wide, f.Narrow, err = both(id, m.Definition.Title+": "+caption, description, func(l chart.Label, s chart.Size) (chart.SVG, error) {
		return a.charts.Control(l, s, points, events, references(m))
	})
	if err != nil {
		return Figure{}, err
	}
	for _, key := range []struct {
		cause chart.Cause
		words string
	}{{chart.CommonCause, "common cause"}, {chart.Improving, "special cause, improving"}, {chart.Concerning, "special cause, concerning"}, {chart.Unjudged, "special cause; which is better is not said"}} {
		if seen[key.cause] {
			f.Keys = append(f.Keys, Key{string(key.cause), key.words})
		}
	}
	f.Keys = append(f.Keys, Key{"mean", "mean"}, Key{"limit", "limits"})
	if m.KPI != nil && m.KPI.Benchmark != nil {
		f.Keys = append(f.Keys, Key{"benchmark", "benchmark: " + m.KPI.Benchmark.Source})
	}
	if incomplete {
		f.Keys = append(f.Keys, Key{"hollow", hollowWords(rows)})
	}
	if f.Hidden {
		f.Keys = append(f.Keys, Key{"hatch", "hidden: left out of the limits and of every rule"})
	}
	f.Lists = []saying{{"Signals", signalItems(c, better)}}
	if len(happened) > 0 {
		f.Lists = append(f.Lists, saying{"What happened", happened})
	}
	f.About = m.Definition.Title + ", each period counted by itself, " + unitWords(m) + "."
	f.Note = controlNote(m, k)
	return f, nil
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
	return s + capital(variationWords[cause]) + ": " + pointWords[p.RuleOf()](p.Signals.High)
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
		items = append(items, item{Mark: string(causeMarks[cause]), Words: fmt.Sprintf("%s: %s (%s).", stretchWords(c, s), signalWords(s), variationWords[cause])})
	}
	if len(items) == 0 {
		items = []item{{Words: "No rule marks a point: the periods differ no more than chance makes them."}}
		if b := c.Bases[len(c.Bases)-1]; b.None != nil {
			items[0].Words = capital(noLimitsWords(b)) + "."
		}
	}
	return items
}

// happening is an annotation, or a decision to make limits again.
type happening struct {
	date   time.Time
	words  string
	rebase bool
}

// happenings are those of a measure in order of time.
func happenings(m Measure) []happening {
	var all []happening
	for _, a := range m.Annotations {
		all = append(all, happening{a.Date, a.Text, false})
	}
	for _, r := range m.Rebases {
		all = append(all, happening{r.Date, "Limits are made again from here on: " + r.Reason, true})
	}
	slices.SortStableFunc(all, func(a, b happening) int { return a.date.Compare(b.date) })
	return all
}

// within tells whether a day is in a period.
func within(day time.Time, p disclose.Period) bool { return !day.Before(p.Low) && day.Before(p.High) }

// eventsOf are the numbered lines of a chart, and what each says. Number 1 is the first in time. What lies in no
// period of the chart has no line.
func eventsOf(m Measure, rows []disclose.Row) ([]chart.Event, []item) {
	var events []chart.Event
	var items []item
	numbered := 0
	for _, h := range happenings(m) {
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
		items = append(items, item{Number: number, Words: day(h.date) + ": " + h.words})
	}
	return events, items
}

// happenedIn are the words of all that happened in a period, for its row.
func happenedIn(m Measure, p disclose.Period) string {
	var words []string
	for _, h := range happenings(m) {
		if within(h.date, p) {
			words = append(words, h.date.Format(time.DateOnly)+": "+h.words)
		}
	}
	return strings.Join(words, "; ")
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
		s += baseWords(c, i) + " "
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
