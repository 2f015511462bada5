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
	t := Table{Caption: o.Title + ": share without it, by days since the index date", Labels: []string{"Until day"}, Counts: []string{"At risk", "Events", "Left early"},
		Derived: []string{"Share without it", "Interval low", "Interval high"}}
	f := Figure{ID: id, DataPath: "../data/" + id, About: o.Title + ". Share of " + members(c) + " at risk to whom it has not happened, by days since the index date, with a 95\u00a0% interval.", Hidden: curve.Hidden}
	km, err := survival(curve)
	if curve.Hidden || len(curve.Steps) == 0 || err != nil {
		f.Heading = o.Title + ": nobody had the event, so there is no curve"
		if curve.Hidden {
			f.Heading = o.Title + ": the curve is hidden, since its steps would be of few " + members(c) + ", or would give few away"
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
			Derived: []Derived{statistic(disclose.Percent, 100*share.Value), statistic(disclose.Percent, 100*share.Low), statistic(disclose.Percent, 100*share.High)}})
	}
	f.Table = t
	a.keep(id, t)
	last := steps[len(steps)-1]
	f.Heading = fmt.Sprintf("%s: %s without it after day %d (95\u00a0%% interval %s to %s)", o.Title, disclose.Percent.Format(100*last.S.Value), last.Day, bare(100*last.S.Low), bare(100*last.S.High))
	f.Keys = []Key{{"line", "share without it"}, {"band", "95\u00a0% interval"}}
	f.Note = curveNote(curve)
	f.Wide, f.Narrow, err = both(id, c.Definition.Title+": "+t.Caption, f.Heading+". Below the curve: how many are at risk after days of it. The table below the drawing has every number.",
		func(l chart.Label, s chart.Size) (chart.SVG, error) { return chart.Survival(l, s, steps) })
	return f, err
}

// bare is a percentage without its sign.
func bare(v float64) string { return strings.TrimSuffix(disclose.Percent.Format(v), "\u00a0%") }

// curveNote says how the curve is made, and what is left out of it.
func curveNote(c disclose.Curve) string {
	notes := []string{"Kaplan-Meier; variance by Greenwood, limits on the scale of log(-log). It ends with the last event that is shown. At risk, below it: followed beyond that day, without the event."}
	if c.Merged {
		notes = append(notes, "Days are merged to steps, so that no step is of few; events of a step count on its last day, and who left during it is at risk until then.")
	}
	if c.Stopped {
		notes = append(notes, "It stops where the rest would be few.")
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
		t := Table{Caption: title + ": observed and expected", Labels: []string{"Group", "Value"}, Rated: true, Scale: disclose.Percent,
			Derived: []string{"Expected", "Observed over expected", "Ratio low", "Ratio high"}}
		f := Figure{ID: id, DataPath: "../data/" + id, Hidden: e.Hidden, Tall: true,
			About: title + ", beside the number that would have it if people like these fared as all members do."}
		add := func(labels []string, r disclose.ExpectedGroup) {
			row := TableRow{Labels: labels, Rate: r.Share}
			ratio, ok := ratioOf(r)
			if row.Derived = []Derived{figureField(r.Expected), {}, {}, {}}; ok {
				row.Derived = []Derived{figureField(r.Expected), ratioField(ratio.Value), ratioField(ratio.Low), ratioField(ratio.High)}
			}
			t.Rows = append(t.Rows, row)
			f.Hidden = f.Hidden || r.Share.State() == disclose.Suppressed
		}
		var points []chart.RatioRow
		switch {
		case e.Hidden:
			f.Heading = title + ": observed and expected are hidden, since who was not followed to the end would be few"
		case e.Reason != "":
			f.Heading = title + ": nothing is expected, since the model is " + e.Reason
		default:
			add([]string{"All", members(c)}, e.All)
			apart, compared := 0, 0
			for i, r := range e.Rows {
				label := valueLabel(r.Stratum, r.Value)
				add([]string{c.stratum(r.Stratum), label}, r)
				if i == 0 || e.Rows[i-1].Stratum != r.Stratum {
					points = append(points, chart.RatioRow{Label: c.stratum(r.Stratum), Heading: true})
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
			f.Heading = expectedWords(title, apart, compared)
			f.Note = "Expected: by a logistic model of all members, with the risk factors that the cohort's file names; only those whose follow-up nothing but death ended early. " +
				"Ratios with exact Poisson limits below 10 events, else Byar's. Of many groups some are apart by chance alone: 1 in 20."
			f.Keys = []Key{{"square", "observed over expected"}, {"across", intervalWords}, {"dashed", "as expected"}}
			if f.Hidden {
				f.Keys = append(f.Keys, Key{"hatch", "hidden"})
			}
		}
		if f.Table = t; len(t.Rows) > 0 {
			a.keep(id, t)
		}
		if len(points) > 0 {
			var err error
			f.Wide, f.Narrow, err = both(id, c.Definition.Title+": "+t.Caption, f.Heading+". The table below the drawing has every number.",
				func(l chart.Label, s chart.Size) (chart.SVG, error) { return chart.Ratios(l, s, points) })
			if err != nil {
				return err
			}
		}
		v.Expected = append(v.Expected, f)
	}
	return nil
}

func expectedWords(title string, apart, groups int) string {
	switch {
	case groups == 0:
		return title + ": no group has a ratio that can be shown"
	case apart == 0:
		return fmt.Sprintf("%s: no interval of a group leaves out what is expected", title)
	case apart == 1:
		return fmt.Sprintf("%s: the interval of 1 of %d groups leaves out what is expected", title, groups)
	}
	return fmt.Sprintf("%s: the intervals of %d of %d groups leave out what is expected", title, apart, groups)
}

// ratioOf is observed over expected, of the released numbers.
func ratioOf(r disclose.ExpectedGroup) (stats.Estimate, bool) {
	observed, ok := r.Share.Numerator().Value()
	expected, known := r.Expected.Value()
	if !ok || !known || expected <= 0 {
		return stats.Estimate{}, false
	}
	return stats.IndirectRatio(observed, expected), true
}

func ratioField(v float64) Derived {
	return Derived{fmt.Sprintf("%.2f", v), fmt.Sprintf("%.4f", v), true}
}
