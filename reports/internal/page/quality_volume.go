package page

import (
	"fmt"
	"slices"
	"strings"

	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

// volumes draws, of each table with months, what all sites have and each feed that was incomplete.
func (a *artist) volumes(v *qualityView, q *Quality) error {
	for _, t := range q.Tables {
		if !t.Sited || len(q.Months) < 2 {
			continue
		}
		if t.Released.Withheld {
			v.Withheld = append(v.Withheld, a.inWords(t.Records))
			continue
		}
		id := "quality-volume-" + strings.ReplaceAll(t.Name, "_", "-")
		table := Table{Caption: a.Say("{records} by site and month", capital(a.inWords(t.Records))), Labels: []string{a.Say("Site"), a.Say("Month"), a.Say("Feed")}, Counts: []string{a.Say("Records")}}
		var panels []chart.Months
		var labels []string
		for _, m := range q.Months {
			labels = append(labels, a.shortMonth(m))
		}
		low := map[[2]int]bool{}
		for _, g := range t.Gaps {
			low[[2]int{g.Feed, g.Month}] = true
		}
		for i, f := range t.Released.Feeds {
			site := a.valueLabel("site", f.Site)
			p := chart.Months{Label: site, Counts: f.Months, Low: make([]bool, len(q.Months))}
			for j, c := range f.Months {
				words := ""
				if p.Low[j] = low[[2]int{i, j}]; p.Low[j] {
					words = a.Say("incomplete")
				}
				table.Rows = append(table.Rows, TableRow{Labels: []string{site, labels[j], words}, Counts: []disclose.Count{c}})
			}
			panels = append(panels, p)
		}
		slices.SortStableFunc(panels, func(x, y chart.Months) int {
			if natural(x.Label, y.Label) {
				return -1
			}
			return 1
		})
		f := Figure{ID: id, Table: table, DataPath: "data/" + id, Tall: true, Heading: a.Say("{records} by month: no feed was incomplete", capital(a.inWords(t.Records))),
			About: a.Say("Number of {records} of each site by calendar month of their date, {from} to {to}. Each line has a scale of its own, from zero.", a.inWords(t.Records), labels[0], labels[len(labels)-1]),
			Note:  a.Say("The dashed lines are the mean and the lower limit of an XmR chart of the months that are shown, with great moving ranges left out once. A month below the limit and below half of the mean, or without records where a month has 7 or more on average, is told as incomplete."),
			Keys:  []Key{{"line", a.Say("records a month")}, {"dashed", a.Say("mean and lower limit")}}}
		if t.Judged == 0 {
			f.Heading = a.Say("{records} by month: no feed has enough months to be judged", capital(a.inWords(t.Records)))
		}
		if n := len(t.Gaps); n > 0 {
			f.Heading = a.Say("{records} by month: feeds were incomplete in {n, plural, one {# month} other {# months}} of a site", capital(a.inWords(t.Records)), n)
			f.Keys = append(f.Keys, Key{"concerning", a.Say("incomplete")})
		}
		a.keep(id, table)
		var err error
		f.Wide, f.Narrow, err = a.both(id, table.Caption, a.Say("{heading}. The table below the drawing has every number.", f.Heading), func(l chart.Label, s chart.Size) (chart.SVG, error) {
			return chart.Multiples(l, s, panels), nil
		})
		if err != nil {
			return err
		}
		v.Volumes = append(v.Volumes, f)
	}
	return nil
}

// newest tells by site and type in which month the newest record is, as far as months are shown.
func (a *artist) newest(v *qualityView, q *Quality) {
	t := Table{Caption: a.Say("The month of the newest record, by site and type, and how many whole months before the last"), Labels: []string{a.Say("Site"), a.Say("Records"), a.Say("Newest"), a.Say("Months behind")}}
	for _, x := range q.Tables {
		if !x.Sited || x.Released.Withheld {
			continue
		}
		for _, f := range x.Released.Feeds {
			last := -1
			for j, c := range f.Months {
				if c.State() == disclose.Measured || c.State() == disclose.Suppressed {
					last = j
				}
			}
			words, behind := a.Say("none in these months"), "–"
			if last >= 0 {
				words, behind = a.shortMonth(q.Months[last]), fmt.Sprint(len(q.Months)-1-last)
			}
			if _, closed := x.Closed[f.Site]; closed {
				behind = a.Say("closed")
			}
			t.Rows = append(t.Rows, TableRow{Labels: []string{a.valueLabel("site", f.Site), a.inWords(x.Records), words, behind}})
		}
	}
	if len(t.Rows) > 0 {
		a.keep("quality-newest", t)
		v.Newest = &t
	}
}
