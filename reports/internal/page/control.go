package page

import (
	"time"

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
func (w words) whyWords(k *asked) string {
	if k.Why == control.ManyHidden {
		return w.Say("too many periods are hidden")
	}
	return w.Say("too few points")
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

// controlFigure draws the series that the rules are asked of.
func (a *artist) controlFigure(m Measure, k *asked, id, caption string) (Figure, error) {
	c, better := k.Chart, m.Definition.Direction
	rows := make([]disclose.Row, len(c.Points))
	points := make([]chart.ControlPoint, len(c.Points))
	t := Table{Caption: caption, Labels: []string{a.Say("Period"), a.Say("From"), a.Say("To")}, Rated: true, Scale: m.Released.Scale,
		Derived: []string{a.Say("Mean"), a.Say("Lower limit"), a.Say("Upper limit"), a.Say("Cause"), a.Say("Rules"), a.Say("What happened")}}
	seen := map[chart.Cause]bool{}
	f := Figure{ID: id, DataPath: "../data/" + id}
	incomplete := false
	for i, p := range c.Points {
		rows[i] = p.Row
		points[i] = chart.ControlPoint{Label: a.periodTick(p.Row.Period), Rate: p.Row.Rate, Limited: p.Limited, Meant: c.Bases[p.Base].None == nil,
			Mean: p.Limits.Mean, Low: p.Limits.Low, High: p.Limits.High, Cause: causeMarks[p.Cause(better)], Base: p.Base}
		row := TableRow{Labels: []string{a.periodWords(p.Row.Period), p.Row.Period.Low.Format(time.DateOnly), p.Row.Period.High.AddDate(0, 0, -1).Format(time.DateOnly)},
			Rate: p.Row.Rate, Derived: make([]Derived, len(t.Derived))}
		if p.Limited {
			for j, v := range []float64{p.Limits.Mean, p.Limits.Low, p.Limits.High} {
				row.Derived[j] = a.statistic(t.Scale, v)
			}
		}
		if p.Limited && p.Used {
			row.Derived[3], row.Derived[4] = word(a.say(variationWords[p.Cause(better)])), word(a.rulesOf(p))
		}
		row.Derived[5] = word(a.happenedIn(m, p.Row.Period))
		if p.Used {
			seen[points[i].Cause] = true
		}
		t.Rows = append(t.Rows, row)
		f.Hidden = f.Hidden || p.Row.Rate.State() == disclose.Suppressed
		incomplete = incomplete || p.Row.Rate.Hollow()
	}
	f.Table = t
	a.keepSpan(id, t, rows)
	f.Heading = capital(a.latestWords(m, c)) + "."
	description := a.Say("{heading} {rows} periods from {period} to {period2}, with mean and limits. The table below the drawing has every number.", f.Heading, len(rows), a.periodWords(rows[0].Period), a.periodWords(rows[len(rows)-1].Period))
	events, happened := a.eventsOf(m, rows)
	var err error
	f.Wide, f.Narrow, err = a.both(id, m.Definition.Title+": "+caption, description, func(l chart.Label, s chart.Size) (chart.SVG, error) {
		return a.charts.Control(l, s, points, events, a.references(m, rows))
	})
	if err != nil {
		return Figure{}, err
	}
	for _, key := range []struct {
		cause chart.Cause
		words string
	}{{chart.CommonCause, a.Say("common cause")}, {chart.Improving, a.Say("special cause, improving")}, {chart.Concerning, a.Say("special cause, concerning")}, {chart.Unjudged, a.Say("special cause; which is better is not said")}} {
		if seen[key.cause] {
			f.Keys = append(f.Keys, Key{string(key.cause), key.words})
		}
	}
	f.Keys = append(f.Keys, Key{"mean", a.Say("mean")}, Key{"limit", a.Say("limits")})
	if m.KPI != nil && m.KPI.Benchmark != nil && sameKind(m, rows) {
		f.Keys = append(f.Keys, Key{"benchmark", a.Say("benchmark: {source}", m.KPI.Benchmark.Source)})
	}
	if incomplete {
		f.Keys = append(f.Keys, Key{"hollow", a.Say("hollow, in whatever shape: {why}", a.hollowWords(rows))})
	}
	if f.Hidden {
		f.Keys = append(f.Keys, Key{"hatch", a.Say("hidden: left out of the limits and of every rule")})
	}
	f.Lists = []saying{{a.Say("Signals"), a.signalItems(c, better)}}
	if len(happened) > 0 {
		f.Lists = append(f.Lists, saying{a.Say("What happened"), happened})
	}
	if change := a.beforeAfter(m, rows); len(change) > 0 {
		f.Lists = append(f.Lists, saying{a.Say("Before and after"), change})
	}
	f.About = a.Say("{title}, each period counted by itself, {unit}.", m.Definition.Title, a.unitWords(m))
	f.Note = a.controlNote(m, k)
	if compares(m) && !sameKind(m, rows) {
		f.Note = a.Say("No target line: {why}. {note}", a.apartWords(m, rows), f.Note)
	}
	return f, nil
}
