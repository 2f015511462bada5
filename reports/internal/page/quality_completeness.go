package page

import (
	"slices"
	"strings"

	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

// completeness draws, of each table, the share of records that have each element, by site.
func (a *artist) completeness(v *qualityView, q *Quality) error {
	for _, t := range q.Tables {
		if len(t.Elements) == 0 {
			continue
		}
		id := "quality-" + strings.ReplaceAll(t.Name, "_", "-")
		table := Table{Caption: a.Say("Completeness of {records}{knownTo}", a.inWords(t.Records), a.knownTo()), Labels: []string{a.Say("Site"), a.Say("Element")}, Rated: true, Scale: disclose.Percent}
		var columns []string
		for _, e := range t.Elements {
			columns = append(columns, a.elementLabel(e.Title))
		}
		var rows []chart.HeatRow
		var rates []disclose.Rate
		row := func(site string, list []disclose.Rate) {
			rows = append(rows, chart.HeatRow{Label: site, Rates: list})
			rates = append(rates, list...)
			for i, r := range list {
				table.Rows = append(table.Rows, TableRow{Labels: []string{site, a.elementWords(t.Elements[i].Title)}, Rate: r})
			}
		}
		row(a.Say("All sites"), t.Released.Elements)
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
				row(a.valueLabel("site", f.Site), f.Elements)
			}
		}
		f := Figure{ID: id, Table: table, DataPath: "data/" + id, Tall: true, Heading: a.Say("{records}: share that has each element", capital(a.inWords(t.Records))),
			About: a.Say("Percent of {records} with the element, of all sites and by the site of the encounter, all months together.", a.inWords(t.Records)),
			Note:  a.Say("A site's records are those whose encounter names it.")}
		if !t.Sited {
			f.About = a.Say("Percent of {records} with the element. They name no site.", a.inWords(t.Records))
			f.Note = ""
		}
		classes := chart.ClassesAt(disclose.Percent, 80, 90, 95, 99)
		for _, k := range classes.Legend(a.Words, rates) {
			f.Keys = append(f.Keys, Key{k.Kind, k.Words})
		}
		a.keep(id, table)
		var err error
		f.Wide, f.Narrow, err = a.both(id, table.Caption, a.Say("{heading}. The table below the drawing has every number.", f.Heading), func(l chart.Label, s chart.Size) (chart.SVG, error) {
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
func (w words) elementLabel(path string) string {
	path, _, _ = strings.Cut(path, ",")
	path = strings.TrimSuffix(strings.ReplaceAll(path, "extension(us-core-", ""), ")")
	path, _, _ = strings.Cut(path, " or ")
	parts := strings.Split(path, ".")
	last := parts[len(parts)-1]
	if last == "start" || last == "end" || last == "unit" {
		last = strings.TrimSuffix(parts[len(parts)-2], w.Say("Quantity")) + " " + last
	}
	return last
}

// knownTo says of which time the records are: of all until the last day that the data know.
func (a *artist) knownTo() string { return a.Say(", all records to {day}", a.day(a.report.AsOf)) }
