package page

import (
	"fmt"
	"html/template"

	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

type indexView struct {
	Score    string
	Rows     []indexRow
	Cohorts  []cohortRow
	Hidden   int
	DataPath string
	Method   string         // of the intervals
	Example  *disclose.Rate // the first that is shown, for the guide
}

type indexRow struct {
	Measure   Measure
	Row       disclose.Row
	Period    string
	Target    string
	Direction string
	Verdict   Verdict
	Variation sign
	Assurance sign
	Spark     template.HTML
	Span      string
	Pending   bool // a newer period waits for follow-up
}

type cohortRow struct {
	Cohort  Cohort
	Members disclose.Count
	Counted string // persons or entries
	Year    string
	Rate    disclose.Rate
}

func (a *artist) index(r *Report) (indexView, error) {
	v := indexView{DataPath: "data/index"}
	t := Table{Caption: "Measures against their targets", Labels: []string{"Measure", "Period", "Target", "Result"}, Rated: true, Mixed: true, Derived: []string{"Variation", "Assurance"}}
	var verdicts []Verdict
	for _, m := range r.Measures {
		row := headlineRow(m)
		verdict := verdict(m, row.Rate)
		verdicts = append(verdicts, verdict)
		if v.Example == nil && row.Rate.Shown() && row.Rate.Method() != "" {
			v.Example = &row.Rate
		}
		var months []disclose.Row
		if groups, _ := seriesOf(m, "disjoint"); len(groups) > 0 {
			months = groups[0]
		}
		var rates []disclose.Rate
		span := ""
		shown, hidden := 0, false
		for _, p := range months {
			rates = append(rates, p.Rate)
			hidden = hidden || p.Rate.State() == disclose.Suppressed
			if p.Rate.Shown() {
				shown++
			}
		}
		var spark template.HTML
		switch {
		case shown < 2 && hidden: // one dot in a field of gaps says nothing
			span = "separate periods are hidden"
		case len(months) > 1:
			span = spanWords(months[0].Period, months[len(months)-1].Period)
			described := "No period can be shown"
			if i := newest(months); i >= 0 {
				described = "Newest complete: " + months[i].Rate.Text() + " in " + periodWords(months[i].Period)
			}
			spark = chart.Spark(chart.Label{ID: "spark-" + m.Definition.ID, Title: m.Definition.Title + ", " + span, Description: described}, rates).HTML()
		}
		k := a.askedOf(m)
		variation, assurance := variationSign(m, k), assuranceSign(m, k)
		v.Rows = append(v.Rows, indexRow{Measure: m, Variation: variation, Assurance: assurance, Row: row, Period: periodWords(m.Headline), Target: targetWords(m),
			Direction: directionWords(m), Verdict: verdict, Spark: spark, Span: span, Pending: m.Definition.FollowUpDays > 0 && pending(m) != ""})
		t.Rows = append(t.Rows, TableRow{Labels: []string{m.Definition.Title, periodWords(m.Headline), targetWords(m), verdict.Word}, Rate: row.Rate,
			Derived: []Derived{word(variation.Code), word(assurance.Code)}})
		v.Hidden += m.Released.Hidden
	}
	v.Method = t.IntervalMethod()
	v.Score = scoreboard(verdicts)
	for _, c := range r.Cohorts {
		row := cohortRow{Cohort: c, Counted: members(c)}
		if n := len(c.Released.Steps); n > 0 {
			row.Members = c.Released.Steps[n-1].Remaining
		}
		for _, y := range c.Released.Years {
			if y.Complete {
				row.Year, row.Rate = fmt.Sprint(y.Year), y.Rate
			}
		}
		v.Cohorts = append(v.Cohorts, row)
		v.Hidden += c.Released.Hidden
	}
	a.keep("index", t)
	return v, nil
}
