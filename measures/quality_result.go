package measures

import "time"

// QualityAll is the site of a table of which no record has one.
const QualityAll = "all"

// Unattributed is the site of records that name none.
const Unattributed = "unattributed"

// Quality is what was seen of the data behind results: counts by months, sites and years, and nothing of one
// person. All of it is exact.
type Quality struct {
	Checks []QualityCheck // in the order of tables
	Counts []QualityCount // ordered by table, check, site, year
	Volume []QualityVolume
	Uses   []QualityUse
}

// QualityCheck is a question that was asked of each record of a table.
type QualityCheck struct {
	Ordinal   int    // its place, from 0
	Table     string // of the extract
	Resource  string // of FHIR R4
	Records   string // what the table's rows are, in words
	Check     string // names it within the table
	Dimension string // QualityConformance, QualityCompleteness, QualityPlausibility or QualityCodes
	Column    string // that is at fault; "" for the record as a whole; "value_num/CODE" for values of a code of LOINC
	Title     string // what may be lacking, or what is wrong with a record that fails
	Source    string // of the question or its limits
	// Of names the records that are looked at, within the table: checks of the same name look at the same. "" is all,
	// QualityPassing and a check those that pass it.
	Of string
	// Most is the greatest share that may fail, 0 to 1; 1 where that is not judged.
	Most float64
}

// QualityCount is how many records of one site and year were looked at and fail.
type QualityCount struct {
	Table, Check string
	Site         string // a label, Unattributed, or QualityAll
	Year         int    // of the clinical date; 0 where that is not known, or outside the window
	Records      int64
	Failing      int64
	// Persons are those of the records, FailingPersons of the failing ones, PassingPersons of the others; one may
	// be among both, and a person is counted once in each site and year.
	Persons, FailingPersons, PassingPersons int64
}

// QualityVolume is how many records of a table a site has in a calendar month.
type QualityVolume struct {
	Table, Site string
	Month       time.Time // its first day; zero where the clinical date is not known, or outside the window
	Records     int64
	Persons     int64
}

// QualityUse says that a definition reads a column of a table.
type QualityUse struct {
	Definition, Table, Column string
	// Groups is whether only its groups (strata, Table 1) rest on it, and not its counts.
	Groups bool
}

func (c QualityCheck) row() []any {
	return []any{c.Ordinal, c.Table, c.Resource, c.Records, c.Check, c.Dimension, c.Column, c.Title, c.Source, c.Of, c.Most}
}

func (c QualityCount) row() []any {
	return []any{c.Table, c.Check, c.Site, c.Year, c.Records, c.Failing, c.Persons, c.FailingPersons, c.PassingPersons}
}

func (v QualityVolume) row() []any {
	row := []any{v.Table, v.Site, v.Month, v.Records, v.Persons}
	if v.Month.IsZero() {
		row[2] = nil
	}
	return row
}

func (u QualityUse) row() []any { return []any{u.Definition, u.Table, u.Column, u.Groups} }

func (v rowReader) qualityCheck() QualityCheck {
	return QualityCheck{v.small("ordinal"), v.text("data"), v.text("resource"), v.text("records"), v.text("question"), v.text("dimension"), v.text("element"), v.text("title"), v.text("source"), v.text("looked_at"), v.number("most")}
}

func (v rowReader) qualityCount() QualityCount {
	return QualityCount{v.text("data"), v.text("question"), v.text("site"), v.small("year"), v.count("records"), v.count("failing"),
		v.count("persons"), v.count("failing_persons"), v.count("passing_persons")}
}

func (v rowReader) qualityVolume() QualityVolume {
	q := QualityVolume{Table: v.text("data"), Site: v.text("site"), Records: v.count("records"), Persons: v.count("persons")}
	if !v.column("month").IsNull(v.row) {
		q.Month = v.day("month")
	}
	return q
}

func (v rowReader) qualityUse() QualityUse {
	return QualityUse{v.text("definition"), v.text("data"), v.text("element"), v.yes("groups")}
}
