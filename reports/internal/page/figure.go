package page

import (
	"farr/reports/internal/text"
	"html/template"
	"slices"
	"sort"
	"strings"

	"farr/measures"
	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

// Figure is a heading that says what is shown, a drawing in two widths, notes,
// and the data.
type Figure struct {
	ID       string
	Heading  string
	About    string // what, where, when, unit
	Wide     template.HTML
	Narrow   template.HTML
	One      template.HTML // a drawing for all widths, in place of the two
	Keys     []Key
	Note     string
	Table    Table
	DataPath string // without extension, from the page
	Hidden   bool
	Tall     bool // as high as it has rows
	Open     bool // the table is the figure
	Lists    []saying
}

// saying is a headed list of sentences under a drawing.
type saying struct {
	Title string
	Items []item
}

// item is one sentence; Mark is its sign in the drawing, Number that of its line.
type item struct{ Mark, Number, Words string }

const intervalWords text.Message = "95\u00a0% interval"

// Key is a line of the legend, in HTML.
type Key struct{ Kind, Words string }

// artist draws figures and remembers their tables for the data files.
type artist struct {
	words
	charts  *chart.Renderer // nil: nothing is drawn
	tables  map[string]Table
	order   []string
	asked   map[string]*asked // control charts by measure
	report  *Report
	run     Run
	privacy Privacy
	about   about            // of the figures that are kept next
	of      map[string]about // by figure
}

func (a *artist) keep(id string, t Table) {
	if _, ok := a.tables[id]; !ok {
		a.order = append(a.order, id)
	}
	a.tables[id], a.of[id] = t, a.about
}

// keepSpan keeps a figure of periods in order of time.
func (a *artist) keepSpan(id string, t Table, rows []disclose.Row) {
	a.keep(id, t)
	a.of[id] = about{a.about.definition, a.spanDays(rows[0].Period.Low, rows[len(rows)-1].Period.High)}
}

// both draws in the two widths; the names of the drawings differ, since both are
// in one page.
func (a *artist) both(id, title, description string, draw func(chart.Label, chart.Size) (chart.SVG, error)) (wide, narrow template.HTML, err error) {
	if a.charts == nil {
		return "", "", nil
	}
	for _, v := range []struct {
		suffix string
		size   chart.Size
		to     *template.HTML
	}{{"-w", chart.Wide, &wide}, {"-n", chart.Narrow, &narrow}} {
		svg, err := draw(chart.Label{ID: id + v.suffix, Title: title, Description: description, Words: a.Words}, v.size)
		if err != nil {
			return "", "", err
		}
		*v.to = svg.HTML()
	}
	return wide, narrow, nil
}

// trimmed drops ".0" where the label must be short.
func (w words) trimmed(s string) string {
	decimal, _ := w.Signs()
	i := strings.Index(s, decimal+"0")
	if i < 0 {
		return s
	}
	rest := s[i+len(decimal)+1:]
	if rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		return s
	}
	return s[:i] + rest
}

// overTime draws the rates of everyone along periods.
func (a *artist) overTime(m Measure, rows []disclose.Row, line chart.Line, id, caption string) (Figure, error) {
	var points []chart.Point
	t := Table{Caption: caption, Labels: []string{a.Say("Period"), a.Say("From"), a.Say("To")}, Rated: true, Scale: m.Released.Scale}
	hidden, incomplete, shown := false, false, 0
	for _, r := range rows {
		if r.Rate.Shown() {
			shown++
		}
		points = append(points, chart.Point{Label: a.periodTick(r.Period), Rate: r.Rate})
		t.Rows = append(t.Rows, TableRow{Labels: []string{a.periodWords(r.Period), r.Period.Low.Format("2006-01-02"),
			r.Period.High.AddDate(0, 0, -1).Format("2006-01-02")}, Rate: r.Rate})
		hidden = hidden || r.Rate.State() == disclose.Suppressed
		incomplete = incomplete || r.Rate.Hollow()
	}
	f := Figure{ID: id, Table: t, Hidden: hidden, DataPath: "../data/" + id}
	a.keepSpan(id, t, rows)
	i := newest(rows)
	switch {
	case i >= 0:
		f.Heading = capital(a.Say("{period}: {rate}", a.periodWords(rows[i].Period), a.rateWords(rows[i].Rate)))
	case hidden && !anyShown(rows):
		// An empty drawing would look like a fault: the words stand alone.
		f.Heading = a.Say("Every rate of these periods is hidden")
		return f, nil
	case lacks(rows) && !anyShown(rows):
		f.Heading = a.Say("Records lack: no number of these periods is known")
		return f, nil
	case lacks(rows):
		f.Heading = a.Say("Records lack in every complete period that is shown")
	default:
		f.Heading = a.Say("No complete period has a rate that can be shown")
	}
	if hidden && shown < 2 { // one point among gaps is no line: the words and the table say it
		return f, nil
	}
	description := a.Say("{heading}. {rows} periods from {period} to {period2}. The table below the drawing has every number.", f.Heading, len(rows), a.periodWords(rows[0].Period), a.periodWords(rows[len(rows)-1].Period))
	var err error
	f.Wide, f.Narrow, err = a.both(id, m.Definition.Title+": "+caption, description, func(l chart.Label, s chart.Size) (chart.SVG, error) {
		return a.charts.Series(l, s, line, points, a.target(m, rows))
	})
	if err != nil {
		return Figure{}, err
	}
	kind, interval := "dot", Key{"whisker", a.say(intervalWords)}
	if line == chart.Ribbon {
		kind, interval = "line", Key{"band", a.say(intervalWords)}
	}
	if f.Keys = append(f.Keys, Key{kind, a.Say("rate")}); a.intervalMethod(t) != "" {
		f.Keys = append(f.Keys, interval)
	}
	if incomplete {
		f.Keys = append(f.Keys, Key{"hollow", a.notComplete(rows)})
	}
	if hidden {
		f.Keys = append(f.Keys, Key{"hatch", a.Say("hidden")})
	}
	return f, nil
}

// lacks tells whether some rows rest on records that are not all there.
func lacks(rows []disclose.Row) bool {
	return slices.ContainsFunc(rows, func(r disclose.Row) bool { return r.Rate.Lacks() != disclose.NothingLacks })
}

func anyShown(rows []disclose.Row) bool {
	for _, r := range rows {
		if r.Rate.Shown() {
			return true
		}
	}
	return false
}

// byGroup draws rates under each other, with everyone first. The order comes
// from names alone, so that it says nothing about hidden rates. Where all are hidden it draws nothing, and its heading says so.
func (a *artist) byGroup(m Measure, overall disclose.Row, strata []string, mark chart.Mark, id, caption string) (Figure, error) {
	t := Table{Caption: caption, Labels: []string{a.Say("Group"), a.Say("Value")}, Rated: true, Scale: m.Released.Scale}
	t.Rows = append(t.Rows, TableRow{Labels: []string{a.Say("All"), a.everyone(m)}, Rate: overall.Rate})
	var groups []chart.Group
	f := Figure{ID: id, Tall: true, Hidden: overall.Rate.State() == disclose.Suppressed}
	for _, stratum := range strata {
		rows := a.rowsOf(m, stratum)
		if len(rows) == 0 {
			continue
		}
		g := chart.Group{}
		if len(strata) > 1 {
			g.Name = a.stratumName(stratum)
		}
		for _, r := range rows {
			label := a.valueLabel(stratum, r.Value)
			g.Points = append(g.Points, chart.Point{Label: label, Rate: r.Rate})
			t.Rows = append(t.Rows, TableRow{Labels: []string{a.stratumName(stratum), label}, Rate: r.Rate, Few: few(r.Rate)})
			f.Hidden = f.Hidden || r.Rate.State() == disclose.Suppressed
		}
		groups = append(groups, g)
	}
	if len(groups) == 0 {
		return Figure{}, nil
	}
	f.Table, f.DataPath = t, "../data/"+id
	a.keep(id, t)
	if f.Hidden && !slices.ContainsFunc(t.Rows, func(r TableRow) bool { return r.Rate.Shown() }) {
		f.Heading = a.Say("Every rate is hidden") // the words stand alone here, too
		return f, nil
	}
	var err error
	description := a.Say("Rates with 95 % intervals, against {rate} for {everyone}. The table below the drawing has every number.", a.rateWords(overall.Rate), a.everyone(m))
	f.Wide, f.Narrow, err = a.both(id, m.Definition.Title+": "+caption, description, func(l chart.Label, s chart.Size) (chart.SVG, error) {
		return a.charts.Forest(l, s, mark, chart.Point{Label: capital(a.everyone(m)), Rate: overall.Rate}, groups)
	})
	if err != nil {
		return Figure{}, err
	}
	f.Keys = []Key{{string(mark), side(mark == chart.Squares, a.Say("rate; the area follows the denominator"), a.Say("rate"))},
		{"dashed", a.Say("rate of {everyone}", a.everyone(m))}}
	if a.intervalMethod(t) != "" {
		f.Keys = slices.Insert(f.Keys, 1, Key{"across", a.say(intervalWords)})
	}
	if f.Hidden {
		f.Keys = append(f.Keys, Key{"hatch", a.Say("hidden")})
	}
	return f, nil
}

func (w words) stratumName(s string) string {
	if m, ok := stratumWords[s]; ok {
		return w.Say(m)
	}
	return capital(s)
}

// everyone names the whole of a measure.
func (w words) everyone(m Measure) string {
	return w.Say("all {subjects}", w.subjects(m.Definition))
}

// subjects are what a measure or a cohort counts.
func (w words) subjects(d measures.Definition) string {
	switch {
	case d.Kind == measures.KindCohort && d.Occurrence == "every":
		return w.Say("entries: a person has one for each day with the entry event, and may have several")
	case d.Kind == measures.KindCohort:
		return w.Say("persons")
	case !d.Episodic():
		return w.Say("patients")
	case d.Published == nil:
		return w.Say("stays")
	}
	return strings.ToLower(d.Basis) + "s"
}

// rowsOf are the headline period's rows of a stratum, in order of name.
func (w words) rowsOf(m Measure, stratum string) []disclose.Row {
	var rows []disclose.Row
	for _, r := range m.Released.Rows {
		if r.Stratum == stratum && r.Period.ID == m.Headline.ID {
			rows = append(rows, r)
		}
	}
	sort.SliceStable(rows, func(i, j int) bool {
		if a, b := residual(rows[i].Value), residual(rows[j].Value); a != b {
			return a < b
		}
		return natural(w.valueLabel(stratum, rows[i].Value), w.valueLabel(stratum, rows[j].Value))
	})
	return rows
}

func monthsOf(p disclose.Period) int {
	return (p.High.Year()-p.Low.Year())*12 + int(p.High.Month()) - int(p.Low.Month())
}

// series are everyone's rows of one family and length of period, in order of time.
func series(m Measure, family string, months int) []disclose.Row {
	var rows []disclose.Row
	for _, r := range m.Released.Rows {
		if r.Stratum == "all" && r.Period.Family == family && monthsOf(r.Period) == months {
			rows = append(rows, r)
		}
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].Period.Low.Before(rows[j].Period.Low) })
	return rows
}

// seriesOf are the series of a family with something to compare, the shortest
// periods first, and the rows that stand alone.
func seriesOf(m Measure, family string) (groups [][]disclose.Row, alone []disclose.Row) {
	seen := map[int]bool{}
	var lengths []int
	for _, r := range m.Released.Rows {
		if n := monthsOf(r.Period); r.Stratum == "all" && r.Period.Family == family && !seen[n] {
			seen[n] = true
			lengths = append(lengths, n)
		}
	}
	sort.Ints(lengths)
	for _, n := range lengths {
		if rows := series(m, family, n); len(rows) > 1 {
			groups = append(groups, rows)
		} else {
			alone = append(alone, rows...)
		}
	}
	return groups, alone
}

// neighbours: each period begins where the one before it ends.
func neighbours(rows []disclose.Row) bool {
	for i := 1; i < len(rows); i++ {
		if !rows[i].Period.Low.Equal(rows[i-1].Period.High) {
			return false
		}
	}
	return true
}
