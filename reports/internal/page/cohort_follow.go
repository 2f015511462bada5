package page

import (
	"fmt"
	"strings"

	"farr/internal/stats"
	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

// survival calculates the curve of released steps: all that a page says of it is made of them.
func survival(c disclose.Curve) (stats.Survival, error) {
	var people []stats.Follow
	day := 0.0
	for _, s := range c.Steps {
		events, _ := s.Events.Value()
		left, _ := s.Left.Value()
		day = float64(s.Day)
		people = append(people, stats.Follow{Time: day, Event: true, People: events}, stats.Follow{Time: day, People: left})
	}
	after, _ := c.After.Value()
	return stats.KaplanMeier(append(people, stats.Follow{Time: day, People: after}))
}

// curves draw the Kaplan-Meier curve of each outcome, in the order of the outcomes.
func (a *artist) curves(v *cohortView, c Cohort) error {
	for _, o := range c.Released.Outcomes {
		for _, curve := range c.Released.Curves {
			if curve.Outcome != o.ID {
				continue
			}
			f, err := a.curve(c, o, curve)
			if err != nil {
				return err
			}
			v.Curves = append(v.Curves, f)
		}
	}
	return nil
}

func (a *artist) curve(c Cohort, o disclose.Outcome, curve disclose.Curve) (Figure, error) {
	id := c.Definition.ID + "-curve-" + o.ID
	t := Table{Caption: a.entered(c, a.Say("{title}: share without it, by days since the index date", o.Title)), Labels: []string{a.Say("Until day")}, Counts: []string{a.Say("At risk"), a.Say("Events"), a.Say("Left early")},
		Derived: []string{a.Say("Share without it"), a.Say("Interval low"), a.Say("Interval high")}}
	f := Figure{ID: id, DataPath: "../data/" + id, About: a.Say("{title}. Share of {members} at risk to whom it has not happened, by days since the index date, with a 95\u00a0% interval.", o.Title, a.members(c)), Hidden: curve.Hidden}
	km, err := survival(curve)
	if curve.Hidden || len(curve.Steps) == 0 || err != nil {
		f.Heading = a.Say("{title}: nobody had the event, so there is no curve", o.Title)
		if curve.Hidden {
			f.Heading = a.Say("{title}: the curve is hidden, since its steps would be of few {members}, or would give few away", o.Title, a.members(c))
		}
		return f, nil
	}
	steps := []chart.SurvivalStep{{S: stats.Estimate{Value: 1, Low: 1, High: 1}, Beyond: curve.Steps[0].AtRisk}}
	at := 0
	for i, s := range curve.Steps {
		next := curve.After
		if i+1 < len(curve.Steps) {
			next = curve.Steps[i+1].AtRisk
		}
		share := steps[len(steps)-1].S
		if s.Events.State() == disclose.Measured {
			share = km.Steps[at].S
			at++
		}
		steps = append(steps, chart.SurvivalStep{Day: s.Day, S: share, Beyond: next})
		t.Rows = append(t.Rows, TableRow{Labels: []string{fmt.Sprint(s.Day)}, Counts: []disclose.Count{s.AtRisk, s.Events, s.Left},
			Derived: []Derived{a.statistic(disclose.Percent, 100*share.Value), a.statistic(disclose.Percent, 100*share.Low), a.statistic(disclose.Percent, 100*share.High)}})
	}
	f.Table = t
	a.keep(id, t)
	last := steps[len(steps)-1]
	f.Heading = a.Say("{title}: {share} without it after day {day} (95\u00a0% interval {low} to {high})", o.Title, a.scaled(disclose.Percent, 100*last.S.Value), last.Day, a.bare(100*last.S.Low), a.bare(100*last.S.High))
	f.Keys = []Key{{"line", a.Say("share without it")}, {"band", a.Say("95\u00a0% interval")}}
	f.Note = a.curveNote(curve)
	f.Wide, f.Narrow, err = a.both(id, c.Definition.Title+": "+t.Caption, a.Say("{heading}. Below the curve: how many are at risk after days of it. The table below the drawing has every number.", f.Heading),
		func(l chart.Label, s chart.Size) (chart.SVG, error) { return chart.Survival(l, s, steps) })
	return f, err
}

// bare is a percentage without its sign.
func (w words) bare(v float64) string { return w.oneTenth(v) }

// curveNote says how the curve is made, and what is left out of it.
func (w words) curveNote(c disclose.Curve) string {
	notes := []string{w.Say("Kaplan-Meier; variance by Greenwood, limits on the scale of log(-log). It ends with the last event that is shown. At risk, below it: followed beyond that day, without the event.")}
	if c.Merged {
		notes = append(notes, w.Say("Days are merged to steps, so that no step is of few; events of a step count on its last day, and who left during it is at risk until then."))
	}
	if c.Stopped {
		notes = append(notes, w.Say("It stops where the rest would be few."))
	}
	return strings.Join(notes, " ")
}

// expected draws outcomes beside what a model of all members expects, group by group.
func (a *artist) expected(v *cohortView, c Cohort) error {
	for _, e := range c.Released.Expected {
		title := e.Outcome
		for _, o := range c.Released.Outcomes {
			if o.ID == e.Outcome {
				title = o.Title
			}
		}
		id := c.Definition.ID + "-expected-" + e.Outcome
		t := Table{Caption: a.entered(c, a.Say("{title}: observed and expected", title)), Labels: []string{a.Say("Group"), a.Say("Value")}, Rated: true, Scale: disclose.Percent,
			Derived: []string{a.Say("Expected"), a.Say("Observed over expected"), a.Say("Ratio low"), a.Say("Ratio high")}}
		f := Figure{ID: id, DataPath: "../data/" + id, Hidden: e.Hidden, Tall: true,
			About: a.Say("{title}, beside the number that would have it if people like these fared as all members do.", title)}
		add := func(labels []string, r disclose.ExpectedGroup) {
			row := TableRow{Labels: labels, Rate: r.Share}
			ratio, ok := ratioOf(r)
			if row.Derived = []Derived{a.figureField(r.Expected), {}, {}, {}}; ok {
				row.Derived = []Derived{a.figureField(r.Expected), a.ratioField(ratio.Value), a.ratioField(ratio.Low), a.ratioField(ratio.High)}
			}
			t.Rows = append(t.Rows, row)
			f.Hidden = f.Hidden || r.Share.State() == disclose.Suppressed
		}
		var points []chart.RatioRow
		switch {
		case e.Hidden:
			f.Heading = a.Say("{title}: observed and expected are hidden, since who was not followed to the end would be few", title)
		case e.Reason != "":
			f.Heading = a.Say("{title}: nothing is expected, since the model is {reason}", title, e.Reason)
		default:
			add([]string{a.Say("All"), a.members(c)}, e.All)
			apart, compared := 0, 0
			for i, r := range e.Rows {
				label := a.valueLabel(r.Stratum, r.Value)
				add([]string{a.stratumOf(c, r.Stratum), label}, r)
				if i == 0 || e.Rows[i-1].Stratum != r.Stratum {
					points = append(points, chart.RatioRow{Label: a.stratumOf(c, r.Stratum), Heading: true})
				}
				ratio, ok := ratioOf(r)
				points = append(points, chart.RatioRow{Label: label, Ratio: ratio, Shown: ok, Group: r})
				if ok {
					compared++
				}
				if ok && (ratio.Low > 1 || ratio.High < 1) {
					apart++
				}
			}
			f.Heading = a.expectedWords(title, apart, compared)
			f.Note = a.Say("Expected: by a logistic model of all members, with the risk factors that the cohort's file names; only those whose follow-up nothing but death ended early. Ratios with exact Poisson limits below 10 events, else Byar's. Of many groups some are apart by chance alone: 1 in 20.")
			f.Keys = []Key{{"square", a.Say("observed over expected")}, {"across", a.say(intervalWords)}, {"dashed", a.Say("as expected")}}
			if f.Hidden {
				f.Keys = append(f.Keys, Key{"hatch", a.Say("hidden")})
			}
		}
		if f.Table = t; len(t.Rows) > 0 {
			a.keep(id, t)
		}
		if len(points) > 0 {
			var err error
			f.Wide, f.Narrow, err = a.both(id, c.Definition.Title+": "+t.Caption, a.Say("{heading}. The table below the drawing has every number.", f.Heading),
				func(l chart.Label, s chart.Size) (chart.SVG, error) { return chart.Ratios(l, s, points) })
			if err != nil {
				return err
			}
		}
		v.Expected = append(v.Expected, f)
	}
	return nil
}

func (w words) expectedWords(title string, apart, groups int) string {
	switch {
	case groups == 0:
		return w.Say("{title}: no group has a ratio that can be shown", title)
	case apart == 0:
		return w.Say("{title}: no interval of a group leaves out what is expected", title)
	case apart == 1:
		return w.Say("{title}: the interval of 1 of {groups} groups leaves out what is expected", title, groups)
	}
	return w.Say("{title}: the intervals of {apart} of {groups} groups leave out what is expected", title, apart, groups)
}

// ratioOf is observed over expected, of the released numbers.
func ratioOf(r disclose.ExpectedGroup) (stats.Estimate, bool) {
	observed, ok := r.Share.Numerator().Value()
	expected, known := r.Expected.Value()
	if !ok || !known || expected <= 0 || r.Share.Lacks() != disclose.NothingLacks {
		return stats.Estimate{}, false
	}
	return stats.IndirectRatio(observed, expected), true
}

func (w words) ratioField(v float64) Derived {
	return Derived{w.twoDecimals(v), fmt.Sprintf("%.4f", v), true}
}
