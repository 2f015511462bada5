package page

import (
	"fmt"

	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

// over draws a cohort's rates along periods, as a ribbon where there are several.
func (a *artist) over(c Cohort, rows []disclose.Row, id, caption string) (*Figure, error) {
	line := chart.Ribbon
	if len(rows) < 4 {
		line = chart.Apart
	}
	f, err := a.overTime(Measure{Definition: c.Definition, Released: disclose.Measure{Scale: rows[0].Rate.Scale()}}, rows, line, id, caption)
	return &f, err
}

// spans draw new cases by month or quarter, where a season shows.
func (a *artist) spans(v *cohortView, c Cohort) error {
	if len(c.Released.Spans) == 0 {
		return nil
	}
	f, err := a.over(c, c.Released.Spans, c.Definition.ID+"-periods", a.Say("New cases by {periods}", a.lengthWords(c.Released.Spans[0].Period)))
	if err != nil {
		return err
	}
	f.About = a.Say("New cases {unit} at risk, by period, with 95\u00a0% intervals.", a.unitText(f.Table.Scale))
	f.Note = a.Say("Each period stands for itself. Periods may differ by chance and by season; no test for change is made here.")
	v.Spans = f
	return nil
}

// years draw new cases by calendar year.
func (a *artist) years(v *cohortView, c Cohort) error {
	if len(c.Released.Years) == 0 {
		return nil
	}
	id := c.Definition.ID + "-incidence"
	t := Table{Caption: a.Say("{title}: new cases by calendar year", c.Definition.Title), Labels: []string{a.Say("Year")}, Rated: true}
	f := Figure{ID: id, DataPath: "../data/" + id}
	var points []chart.Point
	shown := false
	for _, y := range c.Released.Years {
		t.Scale = y.Rate.Scale()
		points = append(points, chart.Point{Label: fmt.Sprint(y.Year), Rate: y.Rate})
		t.Rows = append(t.Rows, TableRow{Labels: []string{fmt.Sprint(y.Year)}, Rate: y.Rate})
		f.Hidden = f.Hidden || y.Rate.State() == disclose.Suppressed
		shown = shown || y.Rate.Shown()
		if y.Complete || f.Heading == "" {
			f.Heading = capital(a.Say("{period}: {rate}", fmt.Sprint(y.Year), a.rateWords(y.Rate)))
		}
	}
	line, keys := chart.Apart, []Key{{"dot", a.Say("rate")}, {"whisker", a.Say("95\u00a0% interval")}}
	if len(points) > 3 {
		line, keys = chart.Ribbon, []Key{{"line", a.Say("rate")}, {"band", a.Say("95\u00a0% interval")}}
	}
	if f.Keys = keys; f.Hidden {
		f.Keys = append(f.Keys, Key{"hatch", a.Say("hidden")})
	}
	if !shown {
		f.Heading = a.Say("No year has a rate that can be shown")
		if f.Hidden {
			f.Heading = a.Say("Every rate of these years is hidden: the counts are small, or would give a small one away")
		}
	}
	f.Table = t
	f.About = a.Say("New cases {unit} at risk, by calendar year, with 95\u00a0% intervals.", a.unitText(t.Scale))
	f.Note = a.Say("Person-years count only the time in which a person could have become a new case. Years may differ by chance; no test for change is made here.")
	a.keep(id, t)
	v.Years = &f
	if !shown { // an empty drawing would look like a fault
		return nil
	}
	var err error
	f.Wide, f.Narrow, err = a.both(id, t.Caption, a.Say("{heading}. The table below the drawing has every number.", f.Heading), func(l chart.Label, s chart.Size) (chart.SVG, error) {
		return a.charts.Series(l, s, line, points, nil)
	})
	return err
}

// prevalence draws how many of those observed had had the entry event by the last day of each period.
func (a *artist) prevalence(v *cohortView, c Cohort) error {
	if len(c.Released.Prevalence) == 0 {
		return nil
	}
	f, err := a.over(c, c.Released.Prevalence, c.Definition.ID+"-prevalence", a.Say("Prevalence on the last day of each period"))
	if err != nil {
		return err
	}
	f.About = a.Say("Persons with the entry event until the last day of the period, of all who are alive and under observation on it, with 95\u00a0% intervals.")
	f.Note = a.Say("Who had the event in one period is counted in all later ones. Two periods that differ by few persons are not both shown to readers outside.")
	v.Prevalence = f
	return nil
}
