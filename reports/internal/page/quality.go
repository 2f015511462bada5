package page

import (
	"html/template"
	"slices"
	"time"

	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
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
	Loaded      []Loaded         // what was loaded of each type; none in results of an older farr
	// Server is what a server said of records that lack in its export, as severity/code.
	Server []string
	Doubts []measures.ClosedDoubt // of what was said to be closed, for those inside
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
	Words   text.Message // in place of the name, where it says too little
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
	Judged, Short           int // feeds of sites that were looked at for gaps, and those of too few months for that
	Dropped                 int64
	Closed                  map[string]int // by site that was closed, the month of its last record, from which on none is missed
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

// Link is where a definition's page is, from the root.
func (d Named) Link() template.URL {
	return template.URL(map[string]string{"measure": "measures/", "cohort": "cohorts/"}[d.Kind] + d.ID + ".html")
}
