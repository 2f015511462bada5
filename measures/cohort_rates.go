package measures

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"

	"farr/datasets"
	"farr/internal/source"
	"farr/internal/stats"
)

// areaYAML is a stratum by where persons live.
type areaYAML struct {
	ID      string `yaml:"id,required"`
	Title   string `yaml:"title,required"`
	By      string `yaml:"by,required"`
	File    string `yaml:"file,required"`
	Ordered bool   `yaml:"ordered"`
}

// rates reads what a cohort says of its strata and rates.
func (f *folder) rates(y cohortYAML, d *Definition) {
	known := slices.Clone(CohortStrata)
	for i, a := range y.Areas {
		switch {
		case !idForm.MatchString(a.ID) && f.doc.Has("areas", i, "id"):
			f.doc.Report("bad-id", fmt.Sprintf("%q is no id", a.ID), "small letters, digits and hyphens, beginning with a letter", "areas", i, "id")
		case slices.Contains(known, a.ID) || a.ID == stratumAll:
			f.doc.Report("duplicate-id", fmt.Sprintf("there is a stratum %q already", a.ID), "give the area another id", "areas", i, "id")
		}
		known = append(known, a.ID)
		f.oneOf(a.By, []string{"zip3", byZIP5, "state"}, "areas", i, "by")
		d.Areas = append(d.Areas, Area{ID: a.ID, Title: a.Title, By: a.By, Ordered: a.Ordered, Members: f.areaMembers(a, i)})
	}
	f.strata(y.Strata, known)
	d.Strata, d.Standard, d.Prevalence = y.Strata, y.Standard, y.Prevalence
	if y.Standard != "" {
		f.oneOf(y.Standard, slices.Sorted(maps.Keys(stats.Standards)), "standard")
		if y.AtRisk == nil && !y.Prevalence {
			f.doc.Report("unused-key", "there is no rate to standardise", "write at_risk or prevalence", "standard")
		}
	}
	switch a := y.Attribution; {
	case a == nil:
		if i := slices.Index(y.Strata, "site"); i >= 0 && f.doc.Has("strata", i) {
			f.doc.Report("missing-key", "stratum site needs an attribution", "attribution: {method: plurality-of-visits, months: 24}", "strata", i)
		}
	case f.oneOf(a.Method, []string{AttributionPlurality}, "attribution", "method"):
		d.Attribution, d.AttributionMonths = a.Method, a.Months
		if a.Months < 1 || a.Months > maxMonths {
			f.doc.Report("bad-value", fmt.Sprintf("plurality-of-visits needs a window of 1 to %d months", maxMonths), "months: 24", "attribution", "months")
		}
	}
}

// byZIP5 are areas that only extracts of profile limited know, such as counties.
const byZIP5 = "zip5"

// placeForms are how places are written.
var placeForms = map[string]*regexp.Regexp{"zip3": regexp.MustCompile(`^[0-9]{3}$`), byZIP5: regexp.MustCompile(`^[0-9]{5}$`), "state": regexp.MustCompile(`^[A-Z]{2}$`)}

// areaMembers reads a CSV of place and value.
func (f *folder) areaMembers(a areaYAML, i int) []AreaMember {
	display, data, err := f.file(f.path(a.File))
	if err != nil {
		if f.doc.Has("areas", i, "file") {
			f.doc.Report("missing-file", fmt.Sprintf("there is no file %q in the folder", a.File), "", "areas", i, "file")
		}
		return nil
	}
	var members []AreaMember
	report := func(line, column int, code, message, hint string) {
		f.loader.report(source.Pos{File: display, Line: line, Column: column}, code, message, hint)
	}
	seen := map[string]int{}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	r.FieldsPerRecord = -1
	for n := 0; ; n++ {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if broken := (*csv.ParseError)(nil); errors.As(err, &broken) {
			report(broken.Line, broken.Column, "bad-csv", broken.Err.Error(), "a field with a comma or a quote goes in quotes, a quote is doubled")
			return members
		}
		line, _ := r.FieldPos(0)
		switch {
		case n == 0:
			if !slices.Equal(row, []string{a.By, "value"}) {
				report(line, 1, "bad-header", "the columns are not "+a.By+",value", "")
				return members
			}
		case len(row) != 2:
			report(line, 1, "bad-row", fmt.Sprintf("%d fields, expected 2", len(row)), "")
		case placeForms[a.By] != nil && !placeForms[a.By].MatchString(row[0]):
			report(line, 1, "bad-place", "not a "+a.By, "")
		case row[1] == "" || len(row[1]) > 60:
			report(line, 2, "bad-value", "a value has 1 to 60 characters", "")
		case seen[row[0]] > 0:
			report(line, 1, "duplicate-place", fmt.Sprintf("the place is on line %d already", seen[row[0]]), "")
		default:
			seen[row[0]] = line
			members = append(members, AreaMember{row[0], row[1]})
		}
	}
	if len(members) == 0 {
		report(1, 1, "empty-file", "there is no place in it", "")
	}
	return members
}

// checkAreas wants the extract to have the column that an area goes by.
func (p *plan) checkAreas() error {
	var errs []error
	if profile := p.Extract.Manifest().Recipe[datasets.RecipeProfile]; profile != "limited" {
		for _, d := range p.cohorts {
			for _, a := range d.Areas {
				if a.By == byZIP5 {
					errs = append(errs, fmt.Errorf("cohort %s: area %s goes by five digits of the ZIP code, which an extract of profile %v does not have: profile limited has, or go by zip3", d.ID, a.ID, profile))
				}
			}
		}
	}
	return errors.Join(errs...)
}
