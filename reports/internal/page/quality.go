package page

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

// Quality is what is known of the data behind a report, as the audience may see it.
type Quality struct {
	Internal    bool
	Months      []time.Time // first days
	Tables      []QualityTable
	Definitions []Named
	Uses        map[string][]Use // by definition
	Rejected    []Reason         // for those inside
	Values      []Reason         // that were dropped, for those inside
}

// Named is a definition.
type Named struct{ ID, Kind, Title string }

// Use is a column of a table that a definition reads; Groups where its groups alone do.
type Use struct {
	Table, Column string
	Groups        bool
}

// Reason is why lines or values were left out. Dropped is of whole records that were read.
type Reason struct {
	Name    string
	Dropped bool
	Count   disclose.Count
}

// QualityTable is a table of the extract.
type QualityTable struct {
	Name, Resource, Records string
	Sited                   bool // its records belong to sites and months
	Elements                []QualityCheck
	Checks                  []QualityCheck
	Released                disclose.Quality
	Gaps                    []Gap
	Dropped                 int64
}

// QualityCheck is a question that was asked of each record.
type QualityCheck struct {
	ID, Dimension, Column, Title, Source string
	Most                                 float64 // the greatest share that may fail
}

// Gap is a month in which a site's feed was incomplete.
type Gap struct {
	Feed      int
	Site      string
	Month     int
	Low, High time.Time
	Count     disclose.Count
	Mean      float64 // of the site's months that are shown
}

// GapsOf are the gaps of the feeds that a definition's counts rest on.
func (q *Quality) GapsOf(definition string) []Gap {
	var gaps []Gap
	for _, t := range q.Tables {
		if slices.ContainsFunc(q.Uses[definition], func(u Use) bool { return u.Table == t.Name && !u.Groups }) {
			gaps = append(gaps, t.Gaps...)
		}
	}
	return gaps
}

// Touches are the titles of definitions that a column matters to; of the record as a whole, those that read the table.
func (q *Quality) Touches(table, column string) (counts, groups []Named) {
	for _, d := range q.Definitions {
		for _, u := range q.Uses[d.ID] {
			if u.Table != table || u.Column != column {
				continue
			}
			if u.Groups {
				groups = append(groups, d)
			} else {
				counts = append(counts, d)
			}
			break
		}
	}
	return counts, groups
}

// failed says whether more of what was looked at fails than may; a hidden share tells nothing.
func (c QualityCheck) failed(r disclose.Rate) bool {
	v, _, _ := r.Plot()
	if !r.Shown() {
		return false
	}
	if c.Dimension == "completeness" { // the rate is of those that have it
		v = 100 - v
	}
	return v > 100*c.Most
}

// fault is a check that failed, or a feed that was incomplete, with what it touches.
type fault struct {
	Table, Title string
	Rate         disclose.Rate
	Counts       []Named
	Groups       []Named
	Name         string // of the check
}

// hollowWords say why points of a chart are hollow.
func hollowWords(rows []disclose.Row) string {
	feed, ahead := false, false
	for _, r := range rows {
		feed = feed || r.Rate.FeedIncomplete()
		ahead = ahead || r.Rate.State() == disclose.Incomplete
	}
	switch {
	case feed && ahead:
		return "incomplete and will still change, or rests on a feed that was incomplete"
	case feed:
		return "rests on a feed that was incomplete"
	}
	return "incomplete: will still change, and no rule is asked of it"
}

// leastOfSite is how many records of a site are enough to judge it.
const leastOfSite = 100

// faults are the checks that failed, of all sites together or else of single sites, in the order of tables.
func (q *Quality) faults() (list []fault, asked, hidden int) {
	for _, t := range q.Tables {
		add := func(c QualityCheck, r disclose.Rate, title string) {
			if c.Most >= 1 {
				return
			}
			asked++
			if r.State() == disclose.Suppressed {
				hidden++
			}
			if c.failed(r) {
				f := fault{Table: t.Name, Title: title, Rate: r, Name: t.Name + " " + c.ID}
				f.Counts, f.Groups = q.Touches(t.Name, c.Column)
				list = append(list, f)
			}
		}
		for i, c := range t.Elements {
			add(c, t.Released.Elements[i], c.Title+" is there")
			if c.failed(t.Released.Elements[i]) {
				continue
			}
			for _, site := range t.Released.Feeds { // all sites together may hide one
				r := site.Elements[i]
				n, ok := r.Denominator().Value()
				if !t.Sited || !ok || n < leastOfSite || residual(site.Site) > 0 || !c.failed(r) {
					continue
				}
				f := fault{Table: t.Name, Title: fmt.Sprintf("%s is there, at %s", c.Title, site.Site), Rate: r, Name: t.Name + " " + c.ID}
				f.Counts, f.Groups = q.Touches(t.Name, c.Column)
				list = append(list, f)
			}
		}
		for i, c := range t.Checks {
			add(c, t.Released.Checks[i], capital(t.Records)+" "+c.Title)
		}
	}
	return list, asked, hidden
}

// faultsOf are those that touch the counts of a definition, and the incomplete months of feeds that it reads.
func (q *Quality) faultsOf(definition string) (checks, gaps int) {
	list, _, _ := q.faults()
	failed := map[string]bool{}
	for _, f := range list {
		if slices.ContainsFunc(f.Counts, func(d Named) bool { return d.ID == definition }) {
			failed[f.Name] = true
		}
	}
	return len(failed), len(q.GapsOf(definition))
}

// behindWords is the line of a measure's page about its data; empty where nothing is known.
func behindWords(q *Quality, definition string) string {
	if q == nil {
		return ""
	}
	checks, gaps := q.faultsOf(definition)
	switch {
	case checks == 0 && gaps == 0:
		return "Data behind this measure: no check failed, and no feed was incomplete."
	case gaps == 0:
		return fmt.Sprintf("Data behind this measure: %s failed.", counted(checks, "check"))
	case checks == 0:
		return fmt.Sprintf("Data behind this measure: feeds were incomplete in %s of a site; what rests on them is drawn hollow.", counted(gaps, "month"))
	}
	return fmt.Sprintf("Data behind this measure: %s failed, and feeds were incomplete in %s of a site; what rests on them is drawn hollow.", counted(checks, "check"), counted(gaps, "month"))
}

type qualityView struct {
	Quality  *Quality
	Finding  string
	Faults   []fault
	Gaps     []feedRow
	Heats    []Figure
	Volumes  []Figure
	Withheld []string // tables of which no month of a site is shown
	Newest   *Table
	Checks   *Table
	Codes    *Table
	Rejected *Table
	Values   *Table
}

type feedRow struct {
	Records, Site, Month string
	Counts               []disclose.Count // of each month
	Usual                string
	first                string
	next                 int // the month after the last
	Touched              []Named
}

func (a *artist) quality(q *Quality) (qualityView, error) {
	v := qualityView{Quality: q}
	var asked, hidden int
	v.Faults, asked, hidden = q.faults()
	touched, months := map[string]bool{}, 0
	for _, f := range v.Faults {
		for _, d := range f.Counts {
			touched[d.ID] = true
		}
	}
	for _, t := range q.Tables {
		for _, g := range t.Gaps {
			months++
			if n := len(v.Gaps); n > 0 && v.Gaps[n-1].next == g.Month && v.Gaps[n-1].Site == g.Site && v.Gaps[n-1].Records == t.Records {
				last := &v.Gaps[n-1]
				last.next, last.Month = g.Month+1, last.first+" to "+g.Low.Format("Jan 2006")
				last.Counts = append(last.Counts, g.Count)
				continue
			}
			first := g.Low.Format("Jan 2006")
			row := feedRow{Records: t.Records, Site: g.Site, Month: first, first: first, next: g.Month + 1, Counts: []disclose.Count{g.Count}, Usual: fmt.Sprintf("%.1f", g.Mean)}
			for _, d := range q.Definitions {
				if slices.ContainsFunc(q.Uses[d.ID], func(u Use) bool { return u.Table == t.Name && !u.Groups }) {
					row.Touched = append(row.Touched, d)
					touched[d.ID] = true
				}
			}
			v.Gaps = append(v.Gaps, row)
		}
	}
	failed := map[string]bool{}
	for _, f := range v.Faults {
		failed[f.Name] = true
	}
	v.Finding = qualityFinding(len(failed), asked, hidden, months, len(touched))
	if err := a.completeness(&v, q); err != nil {
		return v, err
	}
	if err := a.volumes(&v, q); err != nil {
		return v, err
	}
	a.newest(&v, q)
	a.asked1(&v, q)
	if len(q.Rejected) > 0 {
		t := Table{Caption: "Lines that were rejected, and records that were dropped, by reason", Labels: []string{"Reason", "What"}, Counts: []string{"Count"}}
		for _, r := range q.Rejected {
			what := "line rejected"
			if r.Dropped {
				what = "record dropped"
			}
			t.Rows = append(t.Rows, TableRow{Labels: []string{r.Name, what}, Counts: []disclose.Count{r.Count}})
		}
		a.keep("quality-rejected", t)
		v.Rejected = &t
	}
	if len(q.Values) > 0 {
		t := Table{Caption: "Values that were dropped: codes of no standard system, quantities that are none, and the like, by element", Labels: []string{"Element"}, Counts: []string{"Count"}}
		for _, r := range q.Values {
			t.Rows = append(t.Rows, TableRow{Labels: []string{r.Name}, Counts: []disclose.Count{r.Count}})
		}
		a.keep("quality-values", t)
		v.Values = &t
	}
	return v, nil
}

func qualityFinding(failed, asked, hidden, gaps, touched int) string {
	s := fmt.Sprintf("%d of %s failed", failed, counted(asked, "check"))
	if failed == 0 {
		s = fmt.Sprintf("None of %s failed", counted(asked, "check"))
	}
	switch gaps {
	case 0:
		s += ", and no feed was seen to be incomplete"
	default:
		s += fmt.Sprintf(", and feeds were incomplete in %s of a site", counted(gaps, "month"))
	}
	switch touched {
	case 0:
		s += "; no measure's or cohort's counts rest on what failed."
	case 1:
		s += "; the counts of 1 measure or cohort rest on what failed."
	default:
		s += fmt.Sprintf("; the counts of %d measures and cohorts rest on what failed.", touched)
	}
	if hidden > 0 {
		s += fmt.Sprintf(" Of %s the share is hidden.", counted(hidden, "check"))
	}
	return s
}

// completeness draws, of each table, the share of records that have each element, by site.
func (a *artist) completeness(v *qualityView, q *Quality) error {
	for _, t := range q.Tables {
		if len(t.Elements) == 0 {
			continue
		}
		id := "quality-" + strings.ReplaceAll(t.Name, "_", "-")
		table := Table{Caption: "Completeness of " + t.Records, Labels: []string{"Site", "Element"}, Rated: true, Scale: disclose.Percent}
		var columns []string
		for _, e := range t.Elements {
			columns = append(columns, elementLabel(e.Title))
		}
		var rows []chart.HeatRow
		var rates []disclose.Rate
		row := func(site string, list []disclose.Rate) {
			rows = append(rows, chart.HeatRow{Label: site, Rates: list})
			rates = append(rates, list...)
			for i, r := range list {
				table.Rows = append(table.Rows, TableRow{Labels: []string{site, t.Elements[i].Title}, Rate: r})
			}
		}
		row("All sites", t.Released.Elements)
		feeds := slices.Clone(t.Released.Feeds)
		slices.SortStableFunc(feeds, func(x, y disclose.Feed) int {
			switch a, b := residual(x.Site), residual(y.Site); {
			case a != b:
				return a - b
			case natural(x.Site, y.Site):
				return -1
			}
			return 1
		})
		for _, f := range feeds {
			if t.Sited {
				row(valueLabel("site", f.Site), f.Elements)
			}
		}
		f := Figure{ID: id, Table: table, DataPath: "data/" + id, Tall: true, Heading: capital(t.Records) + ": share that has each element",
			About: fmt.Sprintf("Percent of %s with the element, of all sites and by the site of the encounter, all months together.", t.Records),
			Note:  "A site's records are those whose encounter names it."}
		if !t.Sited {
			f.About = fmt.Sprintf("Percent of %s with the element. They name no site.", t.Records)
			f.Note = ""
		}
		classes := chart.ClassesAt(disclose.Percent, 80, 90, 95, 99)
		for _, k := range classes.Legend(rates) {
			f.Keys = append(f.Keys, Key{k.Kind, k.Words})
		}
		a.keep(id, table)
		var err error
		f.Wide, f.Narrow, err = both(id, table.Caption, f.Heading+". The table below the drawing has every number.", func(l chart.Label, s chart.Size) (chart.SVG, error) {
			return chart.Heat(l, s, classes, columns, rows)
		})
		if err != nil {
			return err
		}
		v.Heats = append(v.Heats, f)
	}
	return nil
}

// elementLabel is a path of FHIR for a narrow column: its last name, and that of an extension.
func elementLabel(path string) string {
	path, _, _ = strings.Cut(path, ",")
	path = strings.TrimSuffix(strings.ReplaceAll(path, "extension(us-core-", ""), ")")
	path, _, _ = strings.Cut(path, " or ")
	parts := strings.Split(path, ".")
	last := parts[len(parts)-1]
	if last == "start" || last == "end" || last == "unit" {
		last = strings.TrimSuffix(parts[len(parts)-2], "Quantity") + " " + last
	}
	return last
}

// volumes draws, of each table with months, what all sites have and each feed that was incomplete.
func (a *artist) volumes(v *qualityView, q *Quality) error {
	for _, t := range q.Tables {
		if !t.Sited || len(q.Months) < 2 {
			continue
		}
		if t.Released.Withheld {
			v.Withheld = append(v.Withheld, t.Records)
			continue
		}
		id := "quality-volume-" + strings.ReplaceAll(t.Name, "_", "-")
		table := Table{Caption: capital(t.Records) + " by site and month", Labels: []string{"Site", "Month", "Feed"}, Counts: []string{"Records"}}
		var panels []chart.Months
		var labels []string
		for _, m := range q.Months {
			labels = append(labels, m.Format("Jan 2006"))
		}
		low := map[[2]int]bool{}
		for _, g := range t.Gaps {
			low[[2]int{g.Feed, g.Month}] = true
		}
		for i, f := range t.Released.Feeds {
			site := valueLabel("site", f.Site)
			p := chart.Months{Label: site, Counts: f.Months, Low: make([]bool, len(q.Months))}
			for j, c := range f.Months {
				words := ""
				if p.Low[j] = low[[2]int{i, j}]; p.Low[j] {
					words = "incomplete"
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
		f := Figure{ID: id, Table: table, DataPath: "data/" + id, Tall: true, Heading: fmt.Sprintf("%s by month: no feed was incomplete", capital(t.Records)),
			About: fmt.Sprintf("Number of %s of each site by calendar month of their date, %s to %s. Each line has a scale of its own, from zero.", t.Records, labels[0], labels[len(labels)-1]),
			Note:  "The dashed lines are the mean and the lower limit of an XmR chart of the months that are shown, with great moving ranges left out once. A month below the limit and below half of the mean, or without records where a month has 7 or more on average, is told as incomplete.",
			Keys:  []Key{{"line", "records a month"}, {"dashed", "mean and lower limit"}}}
		if n := len(t.Gaps); n > 0 {
			f.Heading = fmt.Sprintf("%s by month: feeds were incomplete in %s of a site", capital(t.Records), counted(n, "month"))
			f.Keys = append(f.Keys, Key{"concerning", "incomplete"})
		}
		a.keep(id, table)
		var err error
		f.Wide, f.Narrow, err = both(id, table.Caption, f.Heading+". The table below the drawing has every number.", func(l chart.Label, s chart.Size) (chart.SVG, error) {
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
	t := Table{Caption: "The month of the newest record, by site and type, and how many whole months before the last", Labels: []string{"Site", "Records", "Newest", "Months behind"}}
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
			words, behind := "none in these months", "–"
			if last >= 0 {
				words, behind = q.Months[last].Format("Jan 2006"), fmt.Sprint(len(q.Months)-1-last)
			}
			t.Rows = append(t.Rows, TableRow{Labels: []string{valueLabel("site", f.Site), x.Records, words, behind}})
		}
	}
	if len(t.Rows) > 0 {
		a.keep("quality-newest", t)
		v.Newest = &t
	}
}

// asked1 lists the checks of conformance and plausibility, and how many codes are in no value list.
func (a *artist) asked1(v *qualityView, q *Quality) {
	checks := Table{Caption: "Checks of conformance and plausibility: failing, of those that were looked at", Labels: []string{"What is wrong", "Kind", "Verdict", "Touches", "By"}, Rated: true, Scale: disclose.Percent}
	codes := Table{Caption: "Records with a code that no value list of these measures and cohorts has, of those with a code", Labels: []string{"Records"}, Rated: true, Scale: disclose.Percent}
	for _, t := range q.Tables {
		for i, c := range t.Checks {
			r := t.Released.Checks[i]
			if c.Dimension == "codes" {
				codes.Rows = append(codes.Rows, TableRow{Labels: []string{capital(t.Records)}, Rate: r})
				continue
			}
			verdict := "passed"
			switch {
			case r.State() == disclose.Suppressed:
				verdict = "not told"
			case c.failed(r):
				verdict = "failed"
			}
			counts, groups := q.Touches(t.Name, c.Column)
			checks.Rows = append(checks.Rows, TableRow{Labels: []string{capital(t.Records) + " " + c.Title, c.Dimension, verdict, touchWords(counts, groups), c.Source}, Rate: r})
		}
	}
	a.keep("quality-checks", checks)
	v.Checks = &checks
	if len(codes.Rows) > 0 {
		a.keep("quality-codes", codes)
		v.Codes = &codes
	}
}

func touchWords(counts, groups []Named) string {
	var names []string
	for _, d := range counts {
		names = append(names, d.Title)
	}
	for _, d := range groups {
		names = append(names, "groups of "+d.Title)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "; ")
}

// link is where a definition's page is, from the root.
func (d Named) Link() template.URL {
	return template.URL(map[string]string{"measure": "measures/", "cohort": "cohorts/"}[d.Kind] + d.ID + ".html")
}
