package measures

import (
	"fmt"
	"strings"
)

// maxRules is what a bitmask of 63 usable bits can hold.
const maxRules = 62

// Names of a cohort's populations.
const (
	cohortEntry  = "entry"
	cohortAtRisk = "at-risk"
)

// cohortYAML is cohort.yaml as written. See the package documentation.
type cohortYAML struct {
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	Entry struct {
		Title string `yaml:"title,required"`
		File  string `yaml:"file,required"`
	} `yaml:"entry,required"`
	Rules []struct {
		ID    string `yaml:"id,required"`
		Title string `yaml:"title,required"`
		File  string `yaml:"file,required"`
	} `yaml:"rules,required"`
	AtRisk     string   `yaml:"at_risk"`
	Multiplier int      `yaml:"multiplier"`
	Lists      []string `yaml:"lists"`
	Rationale  string   `yaml:"rationale,required"`
	Source     string   `yaml:"source,required"`
}

// cohort reads cohort.yaml and all it names.
func (f *folder) cohort() Definition {
	var y cohortYAML
	if !f.decode(cohortFile, &y) {
		return Definition{}
	}
	d := Definition{
		ID: y.ID, Kind: KindCohort, Title: y.Title, Basis: BasisPatient, Multiplier: y.Multiplier,
		Rationale: strings.TrimSpace(y.Rationale), Source: strings.TrimSpace(y.Source),
	}
	f.checkID(y.ID)
	d.Populations = append(d.Populations, Population{Name: cohortEntry, File: y.Entry.File, SQL: f.sql(y.Entry.File, "entry", "file")})
	// The entry event is the first line of the attrition table and so a rule by name.
	d.Rules = append(d.Rules, Rule{ID: cohortEntry, Title: y.Entry.Title, File: y.Entry.File})
	ids := map[string]bool{cohortEntry: true}
	for i, r := range y.Rules {
		if ids[r.ID] && f.doc.Has("rules", i, "id") {
			f.doc.Report("duplicate-id", fmt.Sprintf("there is a rule %q already", r.ID), "", "rules", i, "id")
		}
		ids[r.ID] = true
		d.Rules = append(d.Rules, Rule{r.ID, r.Title, r.File, f.sql(r.File, "rules", i, "file")})
	}
	if len(y.Rules) > maxRules {
		f.doc.Report("bad-value", fmt.Sprintf("%d rules, at most %d", len(y.Rules), maxRules), "", "rules")
	}
	if y.AtRisk != "" {
		d.Populations = append(d.Populations, Population{Name: cohortAtRisk, File: y.AtRisk, SQL: f.sql(y.AtRisk, "at_risk")})
		if y.Multiplier < 1 {
			f.doc.Report("missing-key", "incidence needs a multiplier of 1 or more person-years", "multiplier: 1000", "multiplier")
		}
		d.Unit = fmt.Sprintf("cases per %s person-years", thousands(y.Multiplier))
	}
	d.Lists = f.useLists(y.Lists)
	f.loader.collect(f.doc.Err())
	return d
}

// thousands writes a positive number with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
